"""What earning rules see: rows with local times and the customer's columns."""

from __future__ import annotations

import polars as pl

from custseg.schema.clock import local_times

__all__ = ["seen_by"]

_CUSTOMER = "customer"


def seen_by(
    reads: frozenset[str], rows: pl.DataFrame, customers: pl.DataFrame | None, tz: str
) -> pl.DataFrame:
    """Rows with all that rules read, as they see it, in the rows' order.

    Instants are local naive times; a customer's columns stand in a struct
    column `customer`. Names that nothing provides are left out: the rules say
    so themselves.

    Args:
        reads: What they read.
        rows: Orders, lines or events.
        customers: What is told of customers, or None.
        tz: The zone of local times.
    """
    if not reads:
        return rows
    own = {name.split(".")[0] for name in reads}
    shown = local_times(rows, tz, [name for name in rows.columns if name in own])
    if customers is None:
        return shown
    fields = {name.split(".")[1] for name in reads if name.startswith(f"{_CUSTOMER}.")}
    told = sorted(fields & set(customers.columns))
    if not told:
        return shown
    named = {"customer_id", *told}
    people = local_times(customers.select(sorted(named)), tz)
    people = people.select("customer_id", pl.struct(told).alias(_CUSTOMER))
    beside = rows.select("customer_id").join(
        people, on="customer_id", how="left", maintain_order="left"
    )
    return shown.with_columns(beside[_CUSTOMER])
