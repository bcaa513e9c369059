"""A RuleBook: rules under one hit policy, so that every customer is labelled."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast

import numpy as np
import polars as pl
from attrs import field, frozen

from custseg.base.measure import Measure
from custseg.errors import Problem, RuleError
from custseg.rules.outright import FEW
from custseg.rules.rule import Rule
from custseg.rules.sight import Sight
from custseg.schema.documents import made
from custseg.segments import rule_book_text as texts
from custseg.segments.given import as_row
from custseg.segments.labels import with_labels
from custseg.segments.rule_analysis import RuleAnalysis
from custseg.segments.rule_book_faults import book_problems
from custseg.segments.rule_hits import RuleSight, seen
from custseg.segments.segmentation import Segmentation, a_base
from custseg.segments.shown import a_frame
from custseg.segments.tag_lists import tag_lists
from custseg.segments.tags import Tags
from custseg.segments.track import track

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase
    from custseg.segments.periods import Every
    from custseg.segments.track import Track

__all__ = ["RuleBook"]

Result_co = TypeVar("Result_co", bound=Segmentation | Tags, covariant=True)


@frozen(repr=False)
class RuleBook(Generic[Result_co]):
    """Rules and how their hits become labels; made by `first`, `best` or `every`.

    A book is a scheme: `assign` labels the customers of a base. `first` and
    `best` give a Segmentation, one label each; `every` gives Tags, any number
    of them. Rules read measures (`orders_30d >= 3`), columns of customers
    (`region`, or `customer.region`), scores and the book's own measures;
    instants are local times.

    Attributes:
        policy: `first`: the first rule that hits; `every`: all that hit;
            `best`: the one with the largest worth, the first declared on a tie.
        rules: The rules, in order.
        otherwise: The label of customers that no rule hits; None with `every`.
        measures: Measures of the book's own, by whose names rules may call them.

    Raises:
        RuleError: with everything that is wrong: no rules, a name twice, a
            rule named like `otherwise`, a rule without worth under `best`.

    >>> import custseg as cu
    >>> book = cu.RuleBook.first(
    ...     cu.Rule("vip", "spend > 250"), cu.Rule("active", "orders > 0"), otherwise="prospect"
    ... )
    >>> book.segment(cu.datasets.simulate(500, 365, seed=1).base())
    500 customers as of 2024-12-30, spend in EUR
    segment   customers   share      spend  spend share
    vip              66  13.2 %  39,552.25       58.3 %
    active          376  75.2 %  28,286.58       41.7 %
    prospect         58  11.6 %       0.00        0.0 %
    """

    policy: Literal["first", "every", "best"]
    rules: tuple[Rule, ...]
    otherwise: str | None = None
    measures: tuple[Measure, ...] = field(default=(), converter=as_row, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Refuse the book with everything that is wrong."""
        RuleError.check(book_problems(self))

    @classmethod
    def first(
        cls, *rules: Rule, otherwise: str, measures: Iterable[Measure] = ()
    ) -> RuleBook[Segmentation]:
        """A book where the first rule that hits gives the label.

        >>> import custseg as cu
        >>> cu.RuleBook.first(cu.Rule("vip", "spend > 1000"), otherwise="rest").labels
        ('vip', 'rest')
        """
        return RuleBook[Segmentation]("first", rules, otherwise, measures=measures)

    @classmethod
    def every(cls, *rules: Rule, measures: Iterable[Measure] = ()) -> RuleBook[Tags]:
        """A book where each rule that hits adds a label.

        >>> import custseg as cu
        >>> import polars as pl
        >>> tags = cu.RuleBook.every(cu.Rule("big", "spend > 9"), cu.Rule("often", "orders > 2"))
        >>> tags.label(pl.DataFrame({"spend": [10, 1], "orders": [3, 0]}))["tags"].to_list()
        [['big', 'often'], []]
        """
        return RuleBook[Tags]("every", rules, measures=measures)

    @classmethod
    def best(
        cls, *rules: Rule, otherwise: str, measures: Iterable[Measure] = ()
    ) -> RuleBook[Segmentation]:
        """A book where the hit with the largest worth gives the label.

        >>> import custseg as cu
        >>> import polars as pl
        >>> offers = cu.RuleBook.best(
        ...     cu.Rule("coupon", "orders > 0", worth=2),
        ...     cu.Rule("gift", "orders > 9", worth=5),
        ...     otherwise="nothing",
        ... )
        >>> offers.label(pl.DataFrame({"orders": [12, 3, 0]}))["segment"].to_list()
        ['gift', 'coupon', 'nothing']
        """
        return RuleBook[Segmentation]("best", rules, otherwise, measures=measures)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels a row may get, in order; `otherwise` is last."""
        names = tuple(rule.name for rule in self.rules)
        return names if self.otherwise is None else (*names, self.otherwise)

    @property
    def reads(self) -> tuple[str, ...]:
        """What `label` needs of a customer: measures, columns of customers, scores.

        >>> import custseg as cu
        >>> cu.RuleBook.every(cu.Rule("a", "orders > 1 AND customer.region = 'north'")).reads
        ('orders', 'region')
        """
        return self._reads

    @cached_property
    def _reads(self) -> tuple[str, ...]:
        own = (measure.name for measure in self.measures)
        names = dict.fromkeys((*own, *self.sight.reads))
        return tuple(name for name in names if name != "customer_id")

    @cached_property
    def sight(self) -> RuleSight:
        """The rules as they look at rows."""
        return RuleSight(self.rules, f"RuleBook.{self.policy}")

    def label(self, rows: pl.DataFrame, /) -> pl.DataFrame:
        """The rows with `segment` after the id; under `every` the id, `tags` and a flag a tag.

        Each row is looked at by itself, all rules in one pass. Rows need not be
        customers: a book labels whatever has the columns it reads.

        Args:
            rows: An id, and the columns that rules read; the customer's own
                under their names, or in a struct column `customer`.

        Raises:
            RuleError: when the rows are no frame, lack a column, or have it in
                another type.

        >>> import custseg as cu
        >>> import polars as pl
        >>> size = cu.RuleBook.first(cu.Rule("big", "total >= 100"), otherwise="small")
        >>> size.label(pl.DataFrame({"order_id": [1, 2], "total": [120, 30]})).rows()
        [(1, 'big', 120), (2, 'small', 30)]
        """
        a_frame(rows, (), where=f"RuleBook.{self.policy}", error=RuleError)
        if self.policy == "every":
            hit = self.sight.hits(rows)
            tags = tag_lists(hit, pl.Enum(self.labels))
            return pl.DataFrame([rows.to_series(), tags, *hit.get_columns()])
        if "segment" in rows.columns[1:]:
            # Labels that stood there before are replaced.
            rows = rows.drop("segment")
        won = self._first(rows) if rows.height < FEW else self._winners(self.sight.hits(rows))
        return with_labels(rows, self._labels, won)

    @cached_property
    def _labels(self) -> tuple[str, ...]:
        return self.labels

    def _first(self, rows: pl.DataFrame) -> NDArray[np.uint32]:
        """The place of each row's label in `labels`, of few rows."""
        flags = self.sight.flags(rows)
        place = np.full(rows.height, len(flags), np.uint32)
        for index in self._losers_first:
            place[flags[index]] = index
        return place

    def _winners(self, hit: pl.DataFrame) -> pl.Series:
        """The place of each row's label in `labels`."""
        place = pl.Series(np.full(hit.height, len(self.rules), np.uint32))
        columns = hit.get_columns()
        # From the last to win to the first: one choice a rule, no chain of conditions.
        for index in self._losers_first:
            place = self._places[index].zip_with(columns[index], place)
        return place

    @cached_property
    def _losers_first(self) -> list[int]:
        return self._precedence()[::-1]

    @cached_property
    def _places(self) -> list[pl.Series]:
        """The place of each rule, as a column of one row."""
        return [pl.Series([index], dtype=pl.UInt32) for index in range(len(self.rules))]

    def _precedence(self) -> list[int]:
        """The rules' places, winners first."""
        places = range(len(self.rules))
        if self.policy != "best":
            return list(places)
        return sorted(places, key=lambda index: -cast("float", self.rules[index].worth))

    def fit(self, base: CustomerBase, /) -> RuleBook[Result_co]:
        """The book itself: its numbers are in its rules, whatever the base."""
        a_base(base, f"RuleBook.{self.policy}.fit")
        return self

    def assign(self, base: CustomerBase, /) -> Result_co:
        """The label, or the tags, of each customer as of the base's instant.

        Raises:
            RuleError: when a rule reads what nothing provides, or of the wrong
                type; all reasons at once, before anything is measured.

        >>> import custseg as cu
        >>> shop = cu.datasets.simulate(500, 365, seed=1).base()
        >>> app = cu.Measure("app_share", "channel = 'app'", over="orders", how="mean")
        >>> tags = cu.RuleBook.every(cu.Rule("app_fan", "app_share > 0.9"), measures=(app,))
        >>> tags.assign(shop).sizes()["customers"].to_list()
        [77]
        """
        measures = seen(self, base)
        if self.policy == "every":
            return cast("Result_co", Tags.of(self, base, measures=measures))
        one_each = cast("RuleBook[Segmentation]", self)
        return cast("Result_co", Segmentation.of(one_each, base, measures=measures))

    def segment(self, base: CustomerBase, /) -> Result_co:
        """The same as `assign`: there is nothing to fit first."""
        return self.assign(base)

    def track(self, base: CustomerBase, /, *, every: Every = "month") -> Track:
        """The label of each customer at the end of each period: see `Track`.

        Args:
            base: Whose logs are read, up to its as_of.
            every: `week`, `month`, `quarter`, `year`, or a list of days.

        Raises:
            SchemaError: when `every` is no period, a day lies after the as_of,
                there is no row to begin with, or the book gives tags.
        """
        return track(cast("RuleBook[Segmentation]", self), base, every=every)

    def analyse(self, base: CustomerBase, /) -> RuleAnalysis:
        """How the rules fare: which never fire, are always shadowed, or overlap.

        Raises:
            RuleError: as for `assign`.

        >>> import custseg as cu
        >>> book = cu.RuleBook.first(
        ...     cu.Rule("buyer", "orders > 0"), cu.Rule("vip", "spend > 250"), otherwise="rest"
        ... )
        >>> book.analyse(cu.datasets.simulate(500, 365, seed=1).base())
        500 customers as of 2024-12-30, 58 hit by no rule
        rule   finding                   hits  wins  shadowed  overlaps
        buyer                             442   442         0         1
        vip    always shadowed by buyer    66     0        66         1
        """
        a_base(base, "RuleBook.analyse")
        hit = self.sight.hits(seen(self, base))
        won = None if self.policy == "every" else self._winners(hit)
        return RuleAnalysis.of(hit, won, day=base.day)

    def why(self, row: pl.DataFrame | Mapping[str, Any], /) -> str:
        """Which rule labelled a row, with the numbers it read; a line a rule under `every`.

        Args:
            row: A frame of one row, or a mapping of its columns, such as a row
                of `Segmentation.frame`.

        Raises:
            RuleError: when it is not one row, or lacks a column.

        >>> import custseg as cu
        >>> book = cu.RuleBook.first(
        ...     cu.Rule("vip", "spend_365d > 1000 AND orders >= 5"), otherwise="ordinary"
        ... )
        >>> book.why({"spend_365d": 1200.0, "orders": 7})
        'vip: spend_365d = 1200.0, orders = 7 (spend_365d > 1000 AND orders >= 5)'
        >>> book.why({"spend_365d": None, "orders": 7})
        'ordinary: no rule hits; spend_365d = null, orders = 7'
        """
        where = f"RuleBook.{self.policy}"
        sight = Sight.of(self._shown(row), self._names(), where=where)
        hit = self.sight.hits(sight.row).row(0)
        won = [self.rules[index] for index in self._precedence() if hit[index]]
        if not won:
            label = "" if self.otherwise is None else f"{self.otherwise}: "
            return f"{label}no rule hits; {sight.told(self._names())}"
        if self.policy != "every":
            won = won[:1]
        return "\n".join(
            f"{rule.name}: {sight.told(rule.reads_in_order)} ({_condition(rule)})" for rule in won
        )

    def _shown(self, row: object) -> object:
        """The row with the customer's own columns also under `customer`."""
        if isinstance(row, pl.DataFrame):
            return self.sight.with_customer(row)
        own = self.sight.own
        if not isinstance(row, Mapping):
            return row
        flat = cast("Mapping[str, object]", row)
        if not own or "customer" in flat or not set(own) <= set(flat):
            return flat
        return {**flat, "customer": flat}

    def _names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for rule in self.rules for name in rule.reads_in_order))

    def to_json(self) -> str:
        """The book as JSON text: equal books give equal texts.

        Raises:
            RuleError: naming each rule and measure that was given as a polars expression.

        >>> import custseg as cu
        >>> book = cu.RuleBook.every(cu.Rule("big", "spend > 9"))
        >>> cu.RuleBook.from_json(book.to_json()) == book
        True
        """
        where = f"RuleBook.{self.policy}"
        RuleError.check(
            (
                *(
                    problem
                    for index, rule in enumerate(self.rules)
                    for problem in rule.unwritable(where=f"{where}[{index}].when")
                ),
                *(
                    problem
                    for index, measure in enumerate(self.measures)
                    for problem in measure.unwritable(where=f"{where}.measures[{index}].value")
                ),
            )
        )
        rules = tuple(texts.RuleText(rule.name, rule.text, rule.worth) for rule in self.rules)
        measures = tuple(
            texts.MeasureText(own.name, str(own.value), own.over, own.how) for own in self.measures
        )
        return texts.written(texts.BookText(self.policy, rules, self.otherwise, measures))

    @classmethod
    def from_json(cls, text: str, /) -> RuleBook[Any]:
        """The book that `to_json` wrote, or that was written by hand.

        Raises:
            RuleError: with everything that is wrong with the text or the rules.
        """
        return _built(texts.read_json(text), where="RuleBook.from_json")

    @classmethod
    def from_toml(cls, text: str, /) -> RuleBook[Any]:
        '''The book in a TOML text: `policy`, `otherwise`, a `[[rules]]` table for each rule.

        Raises:
            RuleError: with everything that is wrong with the text or the rules.

        >>> import custseg as cu
        >>> cu.RuleBook.from_toml("""
        ... policy = "first"
        ... otherwise = "rest"
        ... [[rules]]
        ... name = "vip"
        ... when = "spend_365d > 1000"
        ... """)
        RuleBook.first(
            Rule('vip', 'spend_365d > 1000'),
            otherwise='rest',
        )
        '''
        return _built(texts.read_toml(text), where="RuleBook.from_toml")

    def __repr__(self) -> str:
        """The book as it is declared."""
        lines = [f"    {rule!r}," for rule in self.rules]
        if self.otherwise is not None:
            lines.append(f"    otherwise={self.otherwise!r},")
        if self.measures:
            lines.append(f"    measures={self.measures!r},")
        return "\n".join([f"RuleBook.{self.policy}(", *lines, ")"])


def _condition(rule: Rule) -> str:
    condition = str(rule.when)
    return condition if rule.worth is None else f"{condition}; worth {rule.worth}"


def _built(book: texts.BookText, *, where: str) -> RuleBook[Any]:
    """The book of a text; rules and measures that cannot be read are reported together."""
    problems: list[Problem] = []
    measures = [
        made(
            partial(
                Measure, own.name, own.value, over=cast("Any", own.over), how=cast("Any", own.how)
            ),
            f"{where}: measures[{index}]",
            problems,
        )
        for index, own in enumerate(book.measures)
    ]
    rules = [
        made(
            partial(Rule, rule.name, rule.when, worth=rule.worth),
            f"{where}: rules[{index}]",
            problems,
        )
        for index, rule in enumerate(book.rules)
    ]
    RuleError.check(problems)
    # All are made: none had a problem.
    return RuleBook(
        cast("Any", book.policy),
        cast("Any", tuple(rules)),
        book.otherwise,
        measures=cast("Any", measures),
    )
