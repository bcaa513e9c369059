"""Lots and balances as of an instant, folded from entries and allocations."""

from __future__ import annotations

import polars as pl

__all__ = ["BALANCES", "balance_columns", "balances_at", "lots_at"]

BALANCES = (
    "customer_id",
    "available",
    "pending",
    "debt",
    "earned",
    "redeemed",
    "expired",
    "clawed_back",
    "adjusted",
    "forgiven",
    "tier",
    "next_expiry_at",
    "next_expiry_points",
)
"""The columns of balances."""


def balance_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """All columns of balances; what a program does not have is 0, a tier is null."""
    nothing = [
        pl.lit(0, pl.Int64).alias(name)
        for name in ("debt", "clawed_back", "adjusted", "forgiven")
        if name not in frame.columns
    ]
    return frame.with_columns(*nothing, tier=pl.lit(None, pl.String)).select(BALANCES)


def lots_at(entries: pl.DataFrame, allocations: pl.DataFrame, instant: int) -> pl.DataFrame:
    """Every lot that was made by an instant, and what became of it by then."""
    by_then = pl.col("at").to_physical() <= instant
    seen = entries.filter(by_then)
    made = seen.filter((pl.col("kind") == "earn") & pl.col("lot_id").is_not_null())
    spent = allocations.filter(by_then).group_by("lot_id").agg(redeemed=pl.col("points").sum())
    lapsed = (
        seen.filter(pl.col("kind") == "expire")
        .group_by("lot_id")
        .agg(expired=-pl.col("points").sum())
    )
    lots = made.select(
        "customer_id", "lot_id", "points", "available_at", "expires_at", earned_at="at"
    )
    lots = lots.join(spent, on="lot_id", how="left", maintain_order="left")
    lots = lots.join(lapsed, on="lot_id", how="left", maintain_order="left")
    lots = lots.with_columns(pl.col("redeemed", "expired").fill_null(0))
    return lots.select(
        "customer_id",
        "lot_id",
        "points",
        "earned_at",
        "available_at",
        "expires_at",
        "redeemed",
        "expired",
        remaining=pl.col("points") - pl.col("redeemed") - pl.col("expired"),
    )


def balances_at(
    entries: pl.DataFrame, allocations: pl.DataFrame, members: pl.DataFrame, instant: int
) -> pl.DataFrame:
    """Balances of everyone who was a member by an instant, as it stood then."""
    seen = entries.filter(pl.col("at").to_physical() <= instant)

    def total(kind: str) -> pl.Expr:
        return pl.col("points").filter(pl.col("kind") == kind).sum()

    sums = seen.group_by("customer_id").agg(
        earned=total("earn"), redeemed=-total("redeem"), expired=-total("expire")
    )
    lots = lots_at(entries, allocations, instant).filter(pl.col("remaining") > 0)
    open_ = pl.col("available_at").to_physical() <= instant
    left = pl.col("remaining")
    held = lots.group_by("customer_id").agg(
        available=left.filter(open_).sum(),
        pending=left.filter(~open_).sum(),
        next_expiry_at=pl.col("expires_at").min(),
        next_expiry_points=left.filter(pl.col("expires_at") == pl.col("expires_at").min()).sum(),
    )
    rows = members.filter(pl.col("since") <= instant).select("customer_id")
    rows = rows.join(sums, on="customer_id", how="left", maintain_order="left")
    rows = rows.join(held, on="customer_id", how="left", maintain_order="left")
    counts = ("earned", "redeemed", "expired", "available", "pending", "next_expiry_points")
    return balance_columns(rows.with_columns(pl.col(counts).fill_null(0)))
