"""What earning rules see: rows with local times and the customer's columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from custseg.schema.clock import local_times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from custseg.base.customer_base import CustomerBase
    from custseg.rules.rule import Rule

__all__ = ["seen_by"]

_CUSTOMER = "customer"


def seen_by(rules: Sequence[Rule], rows: pl.DataFrame, base: CustomerBase) -> pl.DataFrame:
    """The columns of rows that rules read, as they see them, in the rows' order.

    Instants are local naive times; a customer's columns stand in a struct
    column `customer`. Names that nothing provides are left out: the rules say
    so themselves.
    """
    reads = {name for rule in rules for name in rule.reads}
    # With the id there are always as many rows, also for rules that read none of them.
    own = {"customer_id", *(name.split(".")[0] for name in reads)}
    shown = local_times(rows.select(name for name in rows.columns if name in own), base.tz)
    if base.customers is None:
        return shown
    fields = {name.split(".")[1] for name in reads if name.startswith(f"{_CUSTOMER}.")}
    told = sorted(fields & set(base.customers.columns))
    if not told:
        return shown
    named = {"customer_id", *told}
    people = local_times(base.customers.select(sorted(named)), base.tz)
    people = people.select("customer_id", pl.struct(told).alias(_CUSTOMER))
    beside = rows.select("customer_id").join(
        people, on="customer_id", how="left", maintain_order="left"
    )
    return shown.with_columns(beside[_CUSTOMER])
