"""A RuleBook: rules under one hit policy, so that every row is labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

import polars as pl
from attrs import frozen

from custseg.errors import Problem, RuleError
from custseg.rules import text as texts
from custseg.rules.rule import Rule
from custseg.rules.sight import Sight
from custseg.rules.tree import FAILURES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["RuleBook"]


@frozen(repr=False)
class RuleBook:
    """Rules and how their hits become labels; made by `first`, `every` or `best`.

    Attributes:
        policy: `first`: the first rule that hits; `every`: all that hit;
            `best`: the one with the largest worth, the first declared on a tie.
        rules: The rules, in order.
        otherwise: The label of rows that no rule hits; None with `every`.

    Raises:
        RuleError: with everything that is wrong: no rules, a name twice, a
            rule named like `otherwise`, a rule without worth under `best`.

    >>> import custseg as cu
    >>> import polars as pl
    >>> book = cu.RuleBook.first(
    ...     cu.Rule("vip", "spend > 1000"), cu.Rule("active", "orders > 0"), otherwise="prospect"
    ... )
    >>> book.label(pl.DataFrame({"spend": [2000.0, 5.0, 0.0], "orders": [3, 1, 0]})).to_list()
    ['vip', 'active', 'prospect']
    """

    policy: Literal["first", "every", "best"]
    rules: tuple[Rule, ...]
    otherwise: str | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse the book with everything that is wrong."""
        RuleError.check(_book_problems(self))

    @classmethod
    def first(cls, *rules: Rule, otherwise: str) -> RuleBook:
        """A book where the first rule that hits gives the label.

        >>> import custseg as cu
        >>> cu.RuleBook.first(cu.Rule("vip", "spend > 1000"), otherwise="rest").labels
        ('vip', 'rest')
        """
        return cls("first", rules, otherwise)

    @classmethod
    def every(cls, *rules: Rule) -> RuleBook:
        """A book where each rule that hits adds a label.

        >>> import custseg as cu
        >>> import polars as pl
        >>> tags = cu.RuleBook.every(cu.Rule("big", "spend > 9"), cu.Rule("often", "orders > 2"))
        >>> tags.label(pl.DataFrame({"spend": [10, 1], "orders": [3, 0]})).to_list()
        [['big', 'often'], []]
        """
        return cls("every", rules)

    @classmethod
    def best(cls, *rules: Rule, otherwise: str) -> RuleBook:
        """A book where the hit with the largest worth gives the label.

        >>> import custseg as cu
        >>> import polars as pl
        >>> offers = cu.RuleBook.best(
        ...     cu.Rule("coupon", "orders > 0", worth=2),
        ...     cu.Rule("gift", "orders > 9", worth=5),
        ...     otherwise="nothing",
        ... )
        >>> offers.label(pl.DataFrame({"orders": [12, 3, 0]})).to_list()
        ['gift', 'coupon', 'nothing']
        """
        return cls("best", rules, otherwise)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels a row may get, in order; `otherwise` is last."""
        names = tuple(rule.name for rule in self.rules)
        return names if self.otherwise is None else (*names, self.otherwise)

    @property
    def reads(self) -> frozenset[str]:
        """The columns that any rule reads: the row's own by name, its customer's as `customer.x`.

        >>> import custseg as cu
        >>> sorted(cu.RuleBook.every(cu.Rule("a", "x > 1"), cu.Rule("b", "y > x")).reads)
        ['x', 'y']
        """
        return frozenset[str]().union(*(rule.reads for rule in self.rules))

    def problems(self, schema: pl.Schema, /, *, where: str = "") -> tuple[Problem, ...]:
        """What is wrong when the rules meet rows of this schema; empty when nothing is.

        >>> import custseg as cu
        >>> import polars as pl
        >>> book = cu.RuleBook.every(cu.Rule("vip", "orders > 1"))
        >>> book.problems(pl.Schema({"order": pl.Int64()}))[0].where
        'RuleBook.every[0].when'
        """
        place = where or f"RuleBook.{self.policy}"
        return tuple(
            problem
            for index, rule in enumerate(self.rules)
            for problem in rule.problems(schema, where=f"{place}[{index}].when")
        )

    def hits(self, frame: pl.DataFrame, /) -> pl.DataFrame:
        """Which rules each row hits: one boolean column a rule, all in one pass.

        Raises:
            RuleError: when the rows lack a column, or have it in another type.

        >>> import custseg as cu
        >>> import polars as pl
        >>> tags = cu.RuleBook.every(cu.Rule("big", "spend > 9"), cu.Rule("often", "orders > 2"))
        >>> tags.hits(pl.DataFrame({"spend": [10, 1], "orders": [3, 0]})).rows()
        [(True, True), (False, False)]
        """
        try:
            return frame.select([rule.expression for rule in self.rules])
        except FAILURES:
            RuleError.check(self.problems(frame.schema))
            # What only values show is found rule by rule, so that the error names the rule.
            return pl.DataFrame([rule.hits(frame) for rule in self.rules])

    def label(self, frame: pl.DataFrame, /) -> pl.Series:
        """The label of each row: an Enum in the order of the rules, or a list of them.

        Args:
            frame: Rows with the columns the rules read; the customer's columns
                in a struct column `customer`.

        Raises:
            RuleError: when the rows lack a column, or have it in another type.
        """
        hits = self.hits(frame)
        kinds = pl.Enum(self.labels)
        if self.policy == "every":
            return _all_labels(hits, kinds)
        label = pl.repeat(len(self.rules), frame.height, dtype=pl.UInt32, eager=True)
        # From the last to win to the first: one write a rule, no chain of conditions.
        for index in reversed(self._precedence()):
            label = label.set(hits.to_series(index), index)
        names = pl.Series("label", self.labels, dtype=kinds)
        return names.gather(label)

    def _precedence(self) -> list[int]:
        """The rules' places, winners first."""
        places = range(len(self.rules))
        if self.policy != "best":
            return list(places)
        return sorted(places, key=lambda index: -cast("float", self.rules[index].worth))

    def why(self, row: pl.DataFrame | Mapping[str, Any], /) -> str:
        """Which rule labelled a row, with the numbers it read; a line a rule under `every`.

        Args:
            row: A frame of one row, or a mapping of its columns; the customer's
                columns under `customer`.

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
        sight = Sight.of(row, self._names(), where=f"RuleBook.{self.policy}")
        hit = self.hits(sight.row).row(0)
        won = [self.rules[index] for index in self._precedence() if hit[index]]
        if not won:
            label = "" if self.otherwise is None else f"{self.otherwise}: "
            return f"{label}no rule hits; {sight.told(self._names())}"
        if self.policy != "every":
            won = won[:1]
        return "\n".join(
            f"{rule.name}: {sight.told(rule.reads_in_order)} ({_condition(rule)})" for rule in won
        )

    def _names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for rule in self.rules for name in rule.reads_in_order))

    def to_json(self) -> str:
        """The book as JSON text: equal books give equal texts.

        Raises:
            RuleError: naming each rule that was given as a polars expression.

        >>> import custseg as cu
        >>> book = cu.RuleBook.every(cu.Rule("big", "spend > 9"))
        >>> cu.RuleBook.from_json(book.to_json()) == book
        True
        """
        RuleError.check(
            problem
            for index, rule in enumerate(self.rules)
            for problem in rule.unwritable(where=f"RuleBook.{self.policy}[{index}].when")
        )
        rules = tuple(texts.RuleText(rule.name, rule.text, rule.worth) for rule in self.rules)
        return texts.written(texts.BookText(self.policy, rules, self.otherwise))

    @classmethod
    def from_json(cls, text: str, /) -> RuleBook:
        """The book that `to_json` wrote, or that was written by hand.

        Raises:
            RuleError: with everything that is wrong with the text or the rules.
        """
        return _built(texts.read_json(text), where="RuleBook.from_json")

    @classmethod
    def from_toml(cls, text: str, /) -> RuleBook:
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
        return "\n".join([f"RuleBook.{self.policy}(", *lines, ")"])


def _condition(rule: Rule) -> str:
    condition = str(rule.when)
    return condition if rule.worth is None else f"{condition}; worth {rule.worth}"


def _all_labels(hits: pl.DataFrame, kinds: pl.Enum) -> pl.Series:
    """The names that each row hits, in order; an empty list where none does.

    Long form, since a list of all rules for each row would be as wide as the
    book: 100 rules over 1M rows take 1.5 s this way and 9 s that way.
    """
    found = [
        pl.DataFrame({"row": hit.arg_true()}).with_columns(label=pl.lit(hit.name, dtype=kinds))
        for hit in hits.iter_columns()
    ]
    listed = (
        pl.concat(found)
        .sort("row", maintain_order=True)
        .group_by("row", maintain_order=True)
        .agg("label")
    )
    rows = pl.DataFrame({"row": pl.int_range(hits.height, dtype=pl.UInt32, eager=True)})
    joined = rows.join(listed, on="row", how="left", maintain_order="left")
    return joined.select(pl.col("label").fill_null([])).to_series()


def _book_problems(book: RuleBook) -> list[Problem]:
    where = f"RuleBook.{book.policy}"
    if book.policy not in texts.POLICIES:
        what = f"policy {book.policy!r} is not known"
        return [Problem(what, "RuleBook", f"write one of {', '.join(texts.POLICIES)}")]
    if not book.rules:
        return [Problem("a rule book needs rules", where, 'write Rule("vip", "orders >= 5")')]
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for index, rule in enumerate(cast("Sequence[object]", book.rules)):
        place = f"{where}[{index}]"
        if not isinstance(rule, Rule):
            what = f"a rule book holds rules, got {rule!r:.60}"
            problems.append(Problem(what, place, 'write Rule("vip", "orders >= 5")'))
            continue
        if rule.name in seen:
            what = f"two rules are named {rule.name!r}"
            fix = f"rename it, or join it to {where}[{seen[rule.name]}] with OR"
            problems.append(Problem(what, place, fix))
        seen.setdefault(rule.name, index)
        if book.policy == "best" and rule.worth is None:
            what = f"rule {rule.name!r} has no worth, so best cannot compare it"
            problems.append(Problem(what, place, f"write Rule({rule.name!r}, ..., worth=3)"))
    return [*problems, *_otherwise_problems(book, seen, where)]


def _otherwise_problems(book: RuleBook, names: dict[str, int], where: str) -> list[Problem]:
    otherwise = cast("object", book.otherwise)
    if book.policy == "every":
        if otherwise is None:
            return []
        what = f"every gives no label to rows that no rule hits, got otherwise={otherwise!r}"
        return [Problem(what, f"{where}.otherwise", "leave it out, or use RuleBook.first")]
    if not isinstance(otherwise, str) or not otherwise.strip():
        what = f"rows that no rule hits need a label, got otherwise={otherwise!r}"
        return [Problem(what, f"{where}.otherwise", 'write otherwise="rest"')]
    if otherwise in names:
        what = f"otherwise is {otherwise!r}, which is also the name of a rule"
        return [Problem(what, f"{where}.otherwise", f"rename it or {where}[{names[otherwise]}]")]
    return []


def _built(book: texts.BookText, *, where: str) -> RuleBook:
    """The book of a text; rules that cannot be read are reported together."""
    problems: list[Problem] = []
    rules: list[Rule] = []
    for index, rule in enumerate(book.rules):
        try:
            rules.append(Rule(rule.name, rule.when, worth=rule.worth))
        except RuleError as error:
            place = f"{where}: rules[{index}]"
            problems += [
                Problem(problem.what, f"{place}.{problem.where.rpartition('.')[2]}", problem.fix)
                for problem in error.problems
            ]
    RuleError.check(problems)
    return RuleBook(cast("Any", book.policy), tuple(rules), book.otherwise)
