"""Order lines to orders."""

from __future__ import annotations

import polars as pl

from custseg.errors import Problem, SchemaError
from custseg.schema.bridge import money
from custseg.schema.reads import MONEY_DIGITS
from custseg.schema.rejected import Rejected, Sorted, refused_rows
from custseg.schema.table import Admitted

__all__ = ["collapse"]

_LIMIT = 10**MONEY_DIGITS
_ADMIT = "admit the lines first: cu.table(cu.OrderLine).admit(frame)"


def collapse(lines: pl.DataFrame | pl.LazyFrame, /) -> Admitted:
    """Orders of order lines: one for each order_id.

    `ordered_at` is the earliest line's, `total` the sum. An order whose lines
    name two customers is rejected whole, as `conflict`; one whose total has
    more digits than money has, as `range`.

    Args:
        lines: Lines as their table has them (what the door returns).

    Returns:
        Orders sorted by order_id, and the rejected lines.

    Raises:
        SchemaError: when `lines` are not order lines.

    >>> import custseg as cu, polars as pl
    >>> lines = pl.DataFrame({"order_id": [1, 1], "line": [1, 2], "total": [5, 4]})
    >>> lines = lines.with_columns(customer_id=7, ordered_at=pl.lit("2026-05-01"))
    >>> orders, rejected = cu.collapse(cu.table(cu.OrderLine).require(lines))
    >>> orders["total"].to_list(), len(rejected)
    ([Decimal('9.00')], 0)
    """
    if not isinstance(lines, pl.DataFrame | pl.LazyFrame):  # pyright: ignore[reportUnnecessaryIsInstance] # not all callers are typed
        what = f"lines are a {type(lines).__name__}, not a polars frame"
        raise SchemaError(what, where="collapse", fix=_ADMIT)
    SchemaError.check(_problems(lines.collect_schema()))
    rows = lines.collect() if isinstance(lines, pl.LazyFrame) else lines
    total = rows["total"]
    scale = total.dtype.scale if isinstance(total.dtype, pl.Decimal) else 0
    summed = _summed(rows.with_columns(total.to_physical().alias("total")))
    units = pl.col("total")
    reason = (
        pl.when(pl.col("customer_id") != pl.col("other"))
        .then(pl.lit("conflict"))
        .when((units >= _LIMIT) | (units <= -_LIMIT))
        .then(pl.lit("range"))
    )
    told = summed.with_columns(
        reason=reason,
        column=pl.when(reason == "conflict").then(pl.lit("customer_id")).otherwise(pl.lit("total")),
    )
    good = told.filter(pl.col("reason").is_null())
    orders = good.select("order_id", "customer_id", "ordered_at", money(good["total"], scale))
    done = Sorted(orders, _refused(rows, told.filter(pl.col("reason").is_not_null())), rows.height)
    return Admitted(orders, Rejected(lambda: done))


def _problems(have: pl.Schema) -> list[Problem]:
    fit = {
        "order_id": (pl.Int64, pl.String),
        "customer_id": (pl.Int64, pl.String),
        "ordered_at": (pl.Datetime("us", "UTC"),),
        "total": (pl.Decimal,),
    }
    found: list[Problem] = []
    for name, dtypes in fit.items():
        if name not in have:
            found.append(Problem(f"column {name!r} is missing", "collapse", _ADMIT))
        elif not any(have[name] == dtype for dtype in dtypes):
            what = f"column {name!r} is {have[name]}, as no order line has it"
            found.append(Problem(what, "collapse", _ADMIT))
    return found


def _summed(rows: pl.DataFrame) -> pl.DataFrame:
    """One row an order: its first customer, another one if there is, and smallest units."""
    return (
        rows.lazy()
        .group_by("order_id")
        .agg(
            pl.col("customer_id").min(),
            pl.col("ordered_at").min(),
            # 128 bits: a sum of 64 would wrap without a word.
            pl.col("total").cast(pl.Int128).sum(),
            other=pl.col("customer_id").max(),
        )
        .sort("order_id")
        .collect()
    )


def _refused(rows: pl.DataFrame, bad: pl.DataFrame) -> pl.DataFrame:
    if not bad.height:
        return refused_rows(rows.clear(), bad.select("reason", "column"))
    place = pl.Series("place", range(bad.height), dtype=pl.Int64)
    of = rows["order_id"].replace_strict(bad["order_id"], place, default=None)
    marked = of.is_not_null()
    return refused_rows(rows.filter(marked), bad.select("reason", "column")[of.filter(marked)])
