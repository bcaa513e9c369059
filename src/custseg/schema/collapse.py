"""Order lines to orders."""

from __future__ import annotations

import polars as pl

from custseg.errors import Problem, SchemaError
from custseg.schema.bridge import minor, money
from custseg.schema.rejected import Rejected, Sorted
from custseg.schema.table import Admitted

__all__ = ["collapse"]

_NEEDED = ("order_id", "customer_id", "ordered_at", "total")


def collapse(lines: pl.DataFrame | pl.LazyFrame, /) -> Admitted:
    """Orders of order lines: one for each order_id.

    `ordered_at` is the earliest line's, `total` the sum. An order whose lines
    name two customers is rejected whole, as `conflict`.

    Args:
        lines: Lines as their table has them (what the door returns).

    Returns:
        Orders sorted by order_id, and the rejected lines.

    Raises:
        SchemaError: when `lines` are not order lines.

    >>> import custseg as cu, polars as pl
    >>> lines = cu.table(cu.OrderLine).require(pl.DataFrame({"order_id": [1, 1], "customer_id": [7, 7],
    ...     "line": [1, 2], "ordered_at": ["2026-05-01T10:00", "2026-05-01T09:00"], "total": [5, 4]}))
    >>> orders, rejected = cu.collapse(lines)
    >>> orders["total"].to_list(), len(rejected)
    ([Decimal('9.00')], 0)
    """
    rows = lines.collect() if isinstance(lines, pl.LazyFrame) else lines
    absent = [name for name in _NEEDED if name not in rows.columns]
    if absent or not rows["total"].dtype.is_decimal():
        named = ", ".join(absent) or "a total that is money"
        raise SchemaError.of(
            [
                Problem(
                    f"the frame has no {named}",
                    where="collapse",
                    fix="admit the lines first: cu.table(cu.OrderLine).admit(frame)",
                )
            ]
        )
    scale: int = rows["total"].dtype.scale  # type: ignore[attr-defined]
    orders = (
        rows.lazy()
        .select("order_id", "customer_id", "ordered_at", units=minor(rows["total"]).alias("units"))
        .group_by("order_id")
        .agg(
            pl.col("customer_id").min(),
            pl.col("ordered_at").min(),
            pl.col("units").cast(pl.Int128).sum(),
            other=pl.col("customer_id").max(),
        )
        .sort("order_id")
        .collect()
    )
    limit = 10**18
    mixed = orders.filter(pl.col("customer_id") != pl.col("other")).select("order_id", reason=pl.lit("conflict"), column=pl.lit("customer_id"))
    huge = orders.filter(
        (pl.col("customer_id") == pl.col("other")) & ((pl.col("units") >= limit) | (pl.col("units") <= -limit))
    ).select("order_id", reason=pl.lit("range"), column=pl.lit("total"))
    bad = pl.concat([mixed, huge])
    if bad.height:
        orders = orders.join(bad, on="order_id", how="anti", maintain_order="left")
        refused = rows.join(bad, on="order_id", how="inner", maintain_order="left")
    else:
        refused = rows.clear().with_columns(reason=pl.lit(""), column=pl.lit(""))
    good = orders.select(
        "order_id", "customer_id", "ordered_at", total=money(orders["units"], scale)
    )
    done = Sorted(good, refused, rows.height)
    return Admitted(good, Rejected(lambda: done))
