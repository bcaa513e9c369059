"""Histories: what a lifetime model reads of each customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from custseg.base.exact import quotient
from custseg.errors import SchemaError
from custseg.scoring.history_fold import folded_history

if TYPE_CHECKING:
    from custseg.base.customer_base import CustomerBase

__all__ = ["UNITS", "history", "unit_days"]

UNITS = {"day": 1, "week": 7}
"""Days of each unit of time; months are no unit, since they differ."""


def unit_days(unit: str, *, where: str) -> int:
    """How many days a unit has.

    Raises:
        SchemaError: when it is none.
    """
    if unit in UNITS:
        return UNITS[unit]
    raise SchemaError(f"{unit!r} is no unit of time", where=where, fix='write "week" or "day"')


def history(base: CustomerBase, /, *, unit: str = "week") -> pl.DataFrame:
    """What lifetime models read of each buyer, a row each, sorted by customer_id.

    A customer buys at most once a day: what counts are local days with an
    order. Returns are left out; who never ordered is not in it.

    Args:
        base: Orders, seen as of its instant.
        unit: What times are measured in: `week` (days / 7) or `day`.

    Returns:
        `customer_id`; `x` how many days with an order after the first; `t_x`
        the time from the first to the last of them; `T` the time from the
        first to the as_of; `spend_mean` the mean of the totals of those `x`
        days, null when there are none.

    Raises:
        SchemaError: when the unit is unknown.

    >>> import custseg as cu, polars as pl
    >>> days = ["2026-01-05", "2026-01-12", "2026-01-12", "2026-02-02"]
    >>> orders = pl.DataFrame(
    ...     {
    ...         "order_id": range(4),
    ...         "customer_id": [7] * 4,
    ...         "ordered_at": days,
    ...         "total": [10, 20, 5, 9],
    ...     }
    ... )
    >>> base = cu.CustomerBase(orders=cu.table(cu.Order).require(orders)).as_of("2026-03-02")
    >>> cu.history(base).rows()
    [(7, 2, 4.0, 8.0, 17.0)]
    """
    days = unit_days(unit, where="history")
    orders = base.log("orders")
    folded = folded_history(orders, base.when)
    x = folded.days - 1
    return pl.DataFrame(
        [
            folded.ids.alias("customer_id"),
            pl.Series("x", x),
            quotient(folded.last - folded.first, days).alias("t_x"),
            quotient(base.when.today - folded.first, days).alias("T"),
            quotient(folded.repeat, x * 10**base.scale).alias("spend_mean"),
        ]
    )
