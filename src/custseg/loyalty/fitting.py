"""Where a program and a base do not fit together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from custseg.errors import Problem
from custseg.loyalty.boost import Boost
from custseg.loyalty.kinds import ORDER_KIND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from custseg.base.customer_base import CustomerBase
    from custseg.loyalty.program import Program
    from custseg.loyalty.terms import Terms

__all__ = ["columns_of", "misfits"]


def columns_of(base: CustomerBase) -> object:
    """All of a base that `misfits` looks at: bases for which this is equal fit alike."""
    logs = [
        _columns(base.log(name)) if base.has(name) else None
        for name in ("orders", "events", "lines")
    ]
    told = None if base.customers is None else _columns(base.customers)
    return (base.currency, base.tz, *logs, told)


def _columns(rows: pl.DataFrame) -> object:
    return tuple(rows.columns), tuple(rows.dtypes)


def misfits(terms: Sequence[Terms], base: CustomerBase) -> list[Problem]:
    """Money, zone, conditions and columns that a base has not."""
    return [problem for each in terms for problem in _misfits(each.program, base)]


def _misfits(program: Program, base: CustomerBase) -> list[Problem]:
    where = f"Program({program.name!r})"
    found = [
        Problem(
            f"the program's {name} is {meant!r}, the base's is {have!r}",
            f"{where}.{name}",
            f"run it on a base with {name}={meant!r}, or leave it out of the program",
        )
        for name, meant, have in (
            ("currency", program.currency, base.currency),
            ("tz", program.tz, base.tz),
        )
        if meant is not None and meant != have
    ]
    for place, rule in enumerate(program.earning):
        at = f"{where}.earning[{place}]"
        log = "orders" if rule.on == ORDER_KIND else "events"
        if rule.rule is not None and base.has(log):
            found += rule.rule.problems(_schema(base, log), where=f"{at}.when")
        if isinstance(rule, Boost) or rule.line_rule is None:
            continue
        if not base.has("lines"):
            what = f"rule {rule.name!r} counts order lines, and the base has none"
            found.append(
                Problem(what, f"{at}.lines", "give the base lines=, or leave out the rule")
            )
        else:
            found += rule.line_rule.problems(_schema(base, "lines"), where=f"{at}.lines")
    return found


def _schema(base: CustomerBase, log: str) -> pl.Schema:
    """Names and types of a log's rows as rules see them."""

    def local(schema: pl.Schema) -> dict[str, pl.DataType]:
        return {
            name: pl.Datetime("us") if isinstance(dtype, pl.Datetime) else dtype
            for name, dtype in schema.items()
        }

    seen = local(base.log(log).schema)
    if base.customers is not None:
        seen["customer"] = pl.Struct(local(base.customers.schema))
    return pl.Schema(seen)
