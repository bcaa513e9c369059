"""Lots and balances as of an instant, folded from entries and allocations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from custseg.loyalty.tiering import held_at

if TYPE_CHECKING:
    from custseg.loyalty.posting import Posted
    from custseg.loyalty.tiering import TierMoves

__all__ = ["BALANCES", "BRINGS", "COUNTS", "balance_columns", "balances_at", "lots_at"]

COUNTS = (
    "available",
    "pending",
    "debt",
    "earned",
    "redeemed",
    "expired",
    "clawed_back",
    "adjusted",
    "forgiven",
)
"""What balances count that can be summed over members."""

BALANCES = ("customer_id", *COUNTS, "tier", "next_expiry_at", "next_expiry_points")
"""The columns of balances."""

BRINGS = ("earn", "adjust", "care", "opening")
"""Kinds of entries that make lots."""

_KEY = ["customer_id", "lot_id"]


def balance_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """All columns of balances, in their order."""
    return frame.select(BALANCES)


def lots_at(posted: Posted, instant: int) -> pl.DataFrame:
    """Every lot that was made by an instant, and what became of it by then."""
    by_then = pl.col("at").to_physical() <= instant
    seen = posted.entries.filter(by_then)
    made = seen.filter(pl.col("kind").is_in(BRINGS) & pl.col("lot_id").is_not_null())
    takers = seen.select("entry_id", "customer_id", "kind")
    given = posted.allocations.filter(by_then).join(takers, on="entry_id", how="left")
    points = pl.col("points")
    taken = given.group_by(_KEY).agg(
        redeemed=points.filter(pl.col("kind") == "redeem").sum(),
        clawed_back=points.filter(pl.col("kind") == "clawback").sum(),
        adjusted=points.filter(pl.col("kind") == "adjust").sum(),
    )
    lapsed = seen.filter(pl.col("kind") == "expire").group_by(_KEY).agg(expired=-points.sum())
    lots = made.select(*_KEY, "points", "available_at", "expires_at", earned_at="at")
    for more in (taken, lapsed):
        lots = lots.join(more, on=_KEY, how="left", maintain_order="left")
    gone = ("redeemed", "expired", "clawed_back", "adjusted")
    lots = lots.with_columns(pl.col(gone).fill_null(0))
    lots = _with_current_ends(lots, posted.turns.filter(by_then))
    return lots.select(
        "customer_id",
        "lot_id",
        "points",
        "earned_at",
        "available_at",
        "expires_at",
        *gone,
        remaining=points - pl.sum_horizontal(gone),
    )


def _with_current_ends(lots: pl.DataFrame, turns: pl.DataFrame) -> pl.DataFrame:
    """Lots with their ends as they stand: brought back, closed, or put off by activity."""
    if turns.height == 0:
        return lots
    own = turns.filter(pl.col("lot_id").is_not_null())
    last = own.unique(_KEY, keep="last", maintain_order=True)
    lots = lots.join(
        last.select(*_KEY, ended="expires_at", turned="at"),
        on=_KEY,
        how="left",
        maintain_order="left",
    )
    clocks = turns.filter(pl.col("lot_id").is_null())
    clock = clocks.unique("customer_id", keep="last", maintain_order=True)
    lots = lots.join(
        clock.select("customer_id", idle="expires_at"),
        on="customer_id",
        how="left",
        maintain_order="left",
    )
    # What has ended stays so; what lives ends with idleness at the latest. A clock that had run
    # out when a lot was brought back ends it no more.
    over = (pl.col("ended") <= pl.col("turned")) | (pl.col("idle") <= pl.col("turned"))
    current = pl.coalesce("ended", "expires_at")
    ended = over.fill_null(value=False) | (current < pl.col("idle")).fill_null(value=False)
    return lots.with_columns(
        expires_at=pl.when(ended).then(current).otherwise(pl.coalesce("idle", current))
    )


def balances_at(
    posted: Posted, members: pl.DataFrame, moves: TierMoves | None, instant: int
) -> pl.DataFrame:
    """Balances of everyone who was a member by an instant, as it stood then."""
    seen = posted.entries.filter(pl.col("at").to_physical() <= instant)

    def total(*kinds: str) -> pl.Expr:
        return pl.col("points").filter(pl.col("kind").is_in(kinds)).sum()

    sums = seen.group_by("customer_id").agg(
        pl.col("points").sum().alias("net"),
        earned=total("earn"),
        redeemed=-total("redeem", "restore"),
        expired=-total("expire"),
        clawed_back=-total("clawback"),
        adjusted=total("adjust", "care", "opening"),
        forgiven=total("forgive"),
    )
    lots = lots_at(posted, instant).filter(pl.col("remaining") > 0)
    open_ = pl.col("available_at").to_physical() <= instant
    left = pl.col("remaining")
    held = lots.group_by("customer_id").agg(
        available=left.filter(open_).sum(),
        pending=left.filter(~open_).sum(),
        next_expiry_at=pl.col("expires_at").min(),
        next_expiry_points=left.filter(pl.col("expires_at") == pl.col("expires_at").min()).sum(),
    )
    rows = members.filter(pl.col("since") <= instant).select("customer_id")
    for more in (sums, held):
        rows = rows.join(more, on="customer_id", how="left", maintain_order="left")
    counts = [name for name in rows.columns if name not in ("customer_id", "next_expiry_at")]
    rows = rows.with_columns(pl.col(counts).fill_null(0))
    rows = rows.with_columns(debt=pl.col("available") + pl.col("pending") - pl.col("net"))
    if moves is None:
        return balance_columns(rows.with_columns(tier=pl.lit(None, pl.String)))
    tiers = held_at(moves, instant)
    return balance_columns(rows.join(tiers, on="customer_id", how="left", maintain_order="left"))
