"""Journal: a ledger as double entry, where every posting comes from somewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from custseg.loyalty.ledger import Ledger

__all__ = ["ACCOUNTS", "MEMBER_ACCOUNTS", "journal", "lots_made", "movements"]

MEMBER_ACCOUNTS = ("pending", "available", "debt")
"""What a member has and owes; the others are the program's."""

ACCOUNTS = (
    *MEMBER_ACCOUNTS,
    "issued",
    "redeemed",
    "breakage",
    "clawback",
    "forgiven",
    "adjustment",
)
"""All accounts, in the order of their lines."""

_ACCOUNT_OF = {
    "earn": "issued",
    "redeem": "redeemed",
    "restore": "redeemed",
    "expire": "breakage",
    "clawback": "clawback",
    "forgive": "forgiven",
    "adjust": "adjustment",
    "care": "adjustment",
    "opening": "adjustment",
}
_LINE = ("place", "customer_id", "at", "entry_id")


def journal(ledger: Ledger) -> pl.DataFrame:
    """The double entry view of a ledger, up to its as_of.

    Points that a member gets come from a system account, and points that
    leave go to one. `pending` becomes `available` when the lot opens;
    `debt` is what entries took and no lot has given, below zero.

    Returns:
        customer_id, at, entry_id, account and points; the lines of an entry
        at an instant add up to 0.
    """
    return movements(ledger.entries, ledger.allocations, ledger.when.instant)


def movements(entries: pl.DataFrame, allocations: pl.DataFrame, instant: int) -> pl.DataFrame:
    """The lines of a journal up to an instant, from the frames of a ledger."""
    by_then = pl.col("at").to_physical() <= instant
    rows = entries.with_row_index("place").filter(by_then)
    lots = lots_made(rows)
    moved = _lot_moves(rows, allocations.filter(by_then), lots)
    lines = pl.concat(
        [
            _system_lines(rows),
            _debt_lines(rows, moved, lots),
            moved.select(*_LINE, account=_account_of_lot(), points="units"),
            _openings(moved, instant),
        ]
    )
    summed = lines.group_by(*_LINE, "account").agg(pl.col("points").sum())
    kept = summed.filter(pl.col("points") != 0).with_columns(
        pl.col("account").cast(pl.Enum(ACCOUNTS))
    )
    return kept.sort("customer_id", "at", "place", "account").drop("place")


def lots_made(entries: pl.DataFrame) -> pl.DataFrame:
    """The entries that made a lot: they name one and brought points."""
    return entries.filter(
        pl.col("lot_id").is_not_null() & (pl.col("points") > 0) & (pl.col("kind") != "expire")
    ).with_columns(opens=pl.coalesce("available_at", "at"))


def _account_of_lot() -> pl.Expr:
    """A lot is pending until it opens."""
    return (
        pl.when(pl.col("at") < pl.col("opens"))
        .then(pl.lit("pending"))
        .otherwise(pl.lit("available"))
    )


def _lot_moves(rows: pl.DataFrame, allocations: pl.DataFrame, lots: pl.DataFrame) -> pl.DataFrame:
    """Units that come into each lot, above 0, or leave it, and whether they pay an entry."""
    made = lots.select(*_LINE, "lot_id", "opens", units="points", pays=pl.lit(0, pl.Int64))
    opens = lots.select("customer_id", "lot_id", "opens")
    gone = rows.filter(pl.col("kind") == "expire").select(
        *_LINE, "lot_id", units="points", pays=pl.lit(0, pl.Int64)
    )
    takers = rows.select("place", "customer_id", "entry_id")
    paid = allocations.join(takers, on="entry_id").select(
        *_LINE, "lot_id", units=-pl.col("points"), pays="points"
    )
    left = pl.concat([gone, paid]).join(opens, on=["customer_id", "lot_id"], how="left")
    return pl.concat([made, left.select(made.columns)])


def _system_lines(rows: pl.DataFrame) -> pl.DataFrame:
    """Where the points of each entry come from."""
    account = pl.col("kind").replace_strict(_ACCOUNT_OF, return_dtype=pl.String)
    return rows.select(*_LINE, account=account, points=-pl.col("points"))


def _debt_lines(rows: pl.DataFrame, moved: pl.DataFrame, lots: pl.DataFrame) -> pl.DataFrame:
    """What entries owe once they are posted, less what lots pay them."""
    taken = rows.join(lots.select("place"), on="place", how="anti").filter(
        pl.col("kind") != "expire"
    )
    held = pl.lit("debt").alias("account")
    return pl.concat(
        [
            taken.select(*_LINE, held, "points"),
            moved.filter(pl.col("pays") != 0).select(*_LINE, held, points="pays"),
        ]
    )


def _openings(moved: pl.DataFrame, instant: int) -> pl.DataFrame:
    """What of each lot was left when it opened: no longer pending, but available."""
    before = moved.filter(
        (pl.col("opens").to_physical() <= instant) & (pl.col("at") < pl.col("opens"))
    )
    # The entry that made the lot comes first among its movements.
    left = before.group_by("customer_id", "lot_id", "opens", maintain_order=True).agg(
        pl.col("place", "entry_id").first(), points=pl.col("units").sum()
    )
    lines = left.select("place", "customer_id", pl.col("opens").alias("at"), "entry_id", "points")
    return pl.concat(
        lines.select(*_LINE, account=pl.lit(account), points=sign * pl.col("points"))
        for account, sign in (("pending", -1), ("available", 1))
    )
