"""Which rules of a book each row hits, and what a book sees of the customers of a base."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import polars as pl

from custseg.base.logs import LOGS
from custseg.base.measures import lacking, type_of
from custseg.base.sight import absent_customers
from custseg.errors import Problem, RuleError
from custseg.model.measure_name import MeasureName
from custseg.rules.tree import FAILURES
from custseg.schema.clock import local_times
from custseg.segments.segmentation import a_base

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from custseg.base.customer_base import CustomerBase
    from custseg.base.measure import Measure
    from custseg.rules.rule import Rule
    from custseg.segments.rule_book import RuleBook

__all__ = ["columns_read", "customers_own", "hits", "seen", "with_customer"]

_NESTED = "customer."


def columns_read(rules: Sequence[Rule], /) -> tuple[str, ...]:
    """What rules read of a customer, each name once: `customer.region` is `region`."""
    paths = (path for rule in rules for path in rule.reads_in_order)
    return tuple(dict.fromkeys(path.removeprefix(_NESTED) for path in paths))


def customers_own(rules: Sequence[Rule], /) -> tuple[str, ...]:
    """What rules read as the customer's own: the `region` of `customer.region`."""
    paths = (path for rule in rules for path in rule.reads_in_order)
    own = (path.removeprefix(_NESTED) for path in paths if path.startswith(_NESTED))
    return tuple(dict.fromkeys(own))


def with_customer(rows: pl.DataFrame, rules: Sequence[Rule], /) -> pl.DataFrame:
    """Rows of customers with their columns also under `customer`, where rules look there."""
    own = customers_own(rules)
    if not own or "customer" in rows.columns or not set(own) <= set(rows.columns):
        return rows
    return rows.with_columns(customer=pl.struct(own))


def hits(rules: Sequence[Rule], rows: pl.DataFrame, /, *, where: str) -> pl.DataFrame:
    """Which rules each row hits: one boolean column a rule, all in one pass.

    Args:
        rules: The rules; their names differ.
        rows: Rows with the columns they read.
        where: The place to name in errors.

    Raises:
        RuleError: when the rows lack a column, or have it in another type.
    """
    shown = with_customer(rows, rules)
    try:
        return shown.select([rule.expression for rule in rules])
    except FAILURES:
        RuleError.check(_problems(tuple(rules), shown.schema, where))
        # What only values show is found rule by rule, so that the error names the rule.
        return pl.DataFrame([rule.hits(shown) for rule in rules])


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
    parsed = {name: MeasureName.parse(name) for name in book.reads if name not in types}
    measured = {name: each for name, each in parsed.items() if each is not None}
    lacked = {name for name, each in measured.items() if lacking(base, each, name, where)}
    for index, rule in enumerate(book.rules if lacked else ()):
        for name in columns_read((rule,)):
            if name in lacked:
                yield from lacking(base, measured[name], name, f"{where}[{index}].when")
    types.update({name: type_of(each) for name, each in measured.items()})
    met = base.customers is not None or all(name in types for name in book.reads)
    for index, rule in enumerate(() if met else book.rules):
        absent = absent_customers(base, rule, types, f"{where}[{index}].when")
        yield from absent.values()
        types.update(dict.fromkeys(absent, pl.Null()))
    yield from _met(book.rules, tuple(types.items()), where)


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


@lru_cache(maxsize=64)
def _met(
    rules: tuple[Rule, ...], types: tuple[tuple[str, pl.DataType], ...], where: str
) -> tuple[Problem, ...]:
    """What is wrong when rules meet customers; kept, since one customer at a time is asked too."""
    own = dict(types)
    return _problems(rules, pl.Schema({**own, "customer": pl.Struct(own)}), where)


def _problems(rules: Sequence[Rule], schema: pl.Schema, where: str) -> tuple[Problem, ...]:
    return tuple(
        problem
        for index, rule in enumerate(rules)
        for problem in rule.problems(schema, where=f"{where}[{index}].when")
    )
