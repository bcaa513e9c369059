"""What a rule over customers sees: a row for each, times local."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from custseg.base.measures import lacking, type_of
from custseg.errors import Problem, RuleError
from custseg.model.measure_name import MeasureName
from custseg.model.nouns import Customer
from custseg.schema.clock import local_times
from custseg.schema.record import columns_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from custseg.base.customer_base import CustomerBase
    from custseg.rules.rule import Rule

__all__ = ["absent_customers", "customer_rows"]

_NESTED = "customer."


def customer_rows(base: CustomerBase, rule: Rule) -> pl.DataFrame:
    """The columns that a rule reads, the customer's own also under `customer`.

    Raises:
        RuleError: when the rule reads what nothing provides, or of the wrong
            type; all reasons at once, before anything is measured.
    """
    names = sorted({path.removeprefix(_NESTED) for path in rule.reads} - {"customer_id"})
    RuleError.check(_problems(base, rule, names))
    rows = local_times(base.measures(*names), base.tz)
    nested = sorted(path.removeprefix(_NESTED) for path in rule.reads if path.startswith(_NESTED))
    return rows.with_columns(customer=pl.struct(nested)) if nested else rows


def _problems(base: CustomerBase, rule: Rule, names: list[str]) -> list[Problem]:
    where = f"Rule({rule.name!r}).when"
    measured = {name: MeasureName.parse(name) for name in names}
    measures = {name: parsed for name, parsed in measured.items() if parsed is not None}
    problems: list[Problem] = []
    for name, parsed in measures.items():
        problems += lacking(base, parsed, name, where)
    own = {"customer_id": base.id_type}
    for frame in (base.customers, base.scores):
        if frame is not None:
            own.update(local_times(frame.head(0), base.tz).schema)
    own.update({name: type_of(parsed) for name, parsed in measures.items()})
    absent = absent_customers(base, rule, own, where)
    problems += absent.values()
    own.update(dict.fromkeys(absent, pl.Null()))
    schema = pl.Schema({**own, "customer": pl.Struct(own)})
    return [*problems, *rule.problems(schema)]


def absent_customers(
    base: CustomerBase, rule: Rule, own: Mapping[str, pl.DataType], where: str
) -> dict[str, Problem]:
    """What a rule reads of `customers` that the base was not given: a problem for each name."""
    if base.customers is not None:
        return {}
    columns = {column.name for column in columns_of(Customer)}
    found: dict[str, Problem] = {}
    for path in rule.reads_in_order:
        name = path.removeprefix(_NESTED)
        if name not in own and (path != name or name in columns):
            what = f"rule {rule.name!r} reads {path!r}, and the base has no customers"
            fix = "build the base with customers=, or read a measure such as spend_365d"
            found[name] = Problem(what, where, fix)
    return found
