"""Which rules of a book each row hits, and what a book sees of the customers of a base."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import polars as pl
from attrs import frozen

from custseg.base.logs import LOGS
from custseg.base.measures import lacking, log_of, type_of
from custseg.base.sight import absent_customers
from custseg.errors import Problem, RuleError
from custseg.model.measure_name import MeasureName
from custseg.rules.tree import FAILURES
from custseg.schema.bridge import filled
from custseg.schema.clock import local_times
from custseg.segments.segmentation import a_base

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from custseg.base.customer_base import CustomerBase
    from custseg.base.measure import Measure
    from custseg.rules.rule import Rule
    from custseg.segments.rule_book import RuleBook

__all__ = ["RuleSight", "seen"]

_NESTED = "customer."
_FEW = 50_000


@frozen(eq=False)
class RuleSight:
    """The rules of a book, and what follows from them alone: found once, asked of every row.

    Attributes:
        rules: The rules; their names differ.
        where: The book, as errors name it.
    """

    rules: tuple[Rule, ...]
    where: str

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """What they read of a customer, each name once: `customer.region` is `region`."""
        return _columns_read(self.rules)

    @cached_property
    def own(self) -> tuple[str, ...]:
        """What they read as the customer's own: the `region` of `customer.region`."""
        paths = (path for rule in self.rules for path in rule.reads_in_order)
        own = (path.removeprefix(_NESTED) for path in paths if path.startswith(_NESTED))
        return tuple(dict.fromkeys(own))

    @cached_property
    def measures(self) -> dict[str, MeasureName]:
        """What of it is the name of a measure."""
        parsed = ((name, MeasureName.parse(name)) for name in self.reads)
        return {name: each for name, each in parsed if each is not None}

    @cached_property
    def beyond_orders(self) -> dict[str, MeasureName]:
        """Those that a base may lack: it needs another log than orders."""
        return {name: each for name, each in self.measures.items() if log_of(each) != "orders"}

    @cached_property
    def types(self) -> dict[str, pl.DataType]:
        """The types of these measures."""
        return {name: type_of(each) for name, each in self.measures.items()}

    @cached_property
    def _answers(self) -> list[pl.Expr]:
        return [rule.answer for rule in self.rules]

    def with_customer(self, rows: pl.DataFrame, /) -> pl.DataFrame:
        """Rows of customers with their columns also under `customer`, where rules look there."""
        own = self.own
        if not own or "customer" in rows.columns or not set(own) <= set(rows.columns):
            return rows
        return rows.with_columns(customer=pl.struct(own))

    def hits(self, rows: pl.DataFrame, /) -> pl.DataFrame:
        """Which rules each row hits: one boolean column a rule, all in one pass.

        Args:
            rows: Rows with the columns they read.

        Raises:
            RuleError: when the rows lack a column, or have it in another type.
        """
        shown = self.with_customer(rows)
        try:
            # Few rows are not worth other threads.
            select = shown.select_seq if rows.height < _FEW else shown.select
            found = select(self._answers)
        except FAILURES:
            RuleError.check(self.problems(shown.schema))
            found = None
        if found is None or found.height != shown.height:
            # What only values show is found rule by rule, so that the error names the rule; so is
            # what is the same of all rows, which polars says once.
            return pl.DataFrame([rule.hits(shown) for rule in self.rules])
        columns = found.get_columns()
        if not all(isinstance(column.dtype, pl.Boolean | pl.Null) for column in columns):
            RuleError.check(self.problems(shown.schema))
        if all(column.dtype == pl.Boolean and not column.null_count() for column in columns):
            return found
        return pl.DataFrame([_answered(column) for column in columns])

    def problems(self, schema: pl.Schema, /) -> tuple[Problem, ...]:
        """What is wrong when they meet rows of this schema."""
        return tuple(
            problem
            for index, rule in enumerate(self.rules)
            for problem in rule.problems(schema, where=f"{self.where}[{index}].when")
        )

    @cached_property
    def met(self) -> Callable[[tuple[tuple[str, pl.DataType], ...]], tuple[Problem, ...]]:
        """What is wrong when they meet customers; kept, since one customer at a time is asked too.

        It takes names and types of what a base provides.
        """

        def problems(types: tuple[tuple[str, pl.DataType], ...]) -> tuple[Problem, ...]:
            own = dict(types)
            return self.problems(pl.Schema({**own, "customer": pl.Struct(own)}))

        return lru_cache(maxsize=64)(problems)


def _columns_read(rules: Sequence[Rule], /) -> tuple[str, ...]:
    """What rules read of a customer, each name once: `customer.region` is `region`."""
    paths = (path for rule in rules for path in rule.reads_in_order)
    return tuple(dict.fromkeys(path.removeprefix(_NESTED) for path in paths))


def _answered(column: pl.Series) -> pl.Series:
    """Null is no."""
    if column.dtype != pl.Boolean:
        # A column that is null throughout may have no type.
        return column.cast(pl.Boolean).fill_null(value=False)
    return filled(column, False)


def seen(book: RuleBook[Any], base: CustomerBase, /) -> pl.DataFrame:
    """A row a customer with what the book reads, orders and spend; instants are local times.

    Raises:
        RuleError: when a rule or measure reads what nothing provides, or of
            the wrong type; all reasons at once, before anything is measured.
    """
    a_base(base, "RuleBook.assign")
    RuleError.check(_meeting(book, base))
    own = {measure.name for measure in book.measures}
    names = (name for name in book.reads if name not in own)
    rows = base.measures(*dict.fromkeys((*book.measures, *names, "orders", "spend")))
    return local_times(rows, base.tz)


def _meeting(book: RuleBook[Any], base: CustomerBase) -> Iterator[Problem]:
    """Everything that is wrong when a book meets a base."""
    where = f"RuleBook.{book.policy}"
    told: dict[str, pl.DataType] = {"customer_id": base.id_type}
    for frame in (base.customers, base.scores):
        if frame is not None:
            told.update(local_times(frame.head(0), base.tz).schema)
    types = dict(told)
    for index, measure in enumerate(book.measures):
        place = f"{where}.measures[{index}]"
        found = _measure_problems(measure, base, told, place)
        yield from found
        # A measure that is wrong has no type; rules that read it are not blamed.
        types[measure.name] = pl.Null() if found else _type(measure, base)
    sight = book.sight
    measured = {name: each for name, each in sight.measures.items() if name not in types}
    lacked = {
        name
        for name, each in sight.beyond_orders.items()
        if name in measured and lacking(base, each, name, where)
    }
    for index, rule in enumerate(book.rules if lacked else ()):
        for name in _columns_read((rule,)):
            if name in lacked:
                yield from lacking(base, measured[name], name, f"{where}[{index}].when")
    types.update({name: sight.types[name] for name in measured})
    met = base.customers is not None or all(name in types for name in book.reads)
    for index, rule in enumerate(() if met else book.rules):
        absent = absent_customers(base, rule, types, f"{where}[{index}].when")
        yield from absent.values()
        types.update(dict.fromkeys(absent, pl.Null()))
    yield from sight.met(tuple(types.items()))


def _measure_problems(
    measure: Measure, base: CustomerBase, told: Mapping[str, pl.DataType], where: str
) -> list[Problem]:
    if measure.name in told:
        what = f"measure {measure.name!r} is also a column of customers or a score"
        return [Problem(what, where, "give it another name")]
    return [
        *lacking(base, measure.over, measure.name, where),
        *measure.problems(base.log(measure.over), base.tz),
    ]


def _type(measure: Measure, base: CustomerBase) -> pl.DataType:
    """The type that a measure gives, found by measuring nothing."""
    nobody = base.log(measure.over).head(0)
    return measure.of(LOGS[measure.over], nobody, base.tz).schema[measure.name]
