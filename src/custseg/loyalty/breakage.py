"""Breakage: what became of points by the month they were earned in, and what is expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from custseg.loyalty.journal import lots_made
from custseg.schema.clock import local_times

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.loyalty.ledger import Ledger

__all__ = ["chain_ladder", "cohorts_of", "earned_lots"]

_LOT = ["customer_id", "lot_id"]
_OLDEST = 1_200


def earned_lots(ledger: Ledger) -> pl.DataFrame:
    """Each lot that was earned, and what became of it by the as_of.

    Returns:
        customer_id, lot_id, at, month (number of its local month), issued,
        redeemed (less what was cancelled), expired and remaining.
    """
    made = lots_made(ledger.entries).filter(pl.col("kind") == "earn")
    takers = ledger.entries.select("entry_id", "customer_id", "kind")
    taken = (
        ledger.allocations.join(takers, on="entry_id")
        .group_by(_LOT)
        .agg(
            taken=pl.col("points").sum(),
            redeemed=pl.col("points").filter(pl.col("kind") == "redeem").sum(),
        )
    )
    lapses = ledger.entries.filter(pl.col("kind") == "expire")
    lapsed = lapses.group_by(_LOT).agg(expired=-pl.col("points").sum())
    lots = made.select(*_LOT, "at", issued="points")
    for became in (taken, lapsed):
        lots = lots.join(became, on=_LOT, how="left", maintain_order="left")
    lots = lots.with_columns(pl.col("taken", "redeemed", "expired").fill_null(0))
    return lots.select(
        *_LOT,
        "at",
        "issued",
        "redeemed",
        "expired",
        month=_months(lots["at"], ledger.when.tz),
        remaining=pl.col("issued") - pl.col("taken") - pl.col("expired"),
    )


def cohorts_of(ledger: Ledger, lots: pl.DataFrame) -> pl.DataFrame:
    """Lots by the local month they were earned in, and what is expected of each.

    Returns:
        month (its number), issued, redeemed, expired, remaining, ultimate and
        expected_breakage, by month.
    """
    sums = lots.group_by("month").agg(pl.col("issued", "redeemed", "expired", "remaining").sum())
    cohorts = sums.sort("month")
    if cohorts.is_empty():
        nothing = pl.lit(None, pl.Float64)
        return cohorts.with_columns(ultimate=nothing, expected_breakage=nothing)
    spent, last = _triangle(ledger, lots, cohorts)
    months, issued = cohorts["month"].to_numpy(), cohorts["issued"].to_numpy()
    found = chain_ladder(months, issued, spent, last)
    redeemed, left = pl.col("redeemed"), pl.col("remaining")
    # What lapsed cannot be spent any more, and what was spent stays so.
    bounded = pl.lit(pl.Series(found)).clip(redeemed, redeemed + left)
    return cohorts.with_columns(ultimate=bounded).with_columns(
        expected_breakage=1 - pl.col("ultimate") / pl.col("issued")
    )


def chain_ladder(
    months: NDArray[np.int64], issued: NDArray[np.int64], spent: NDArray[np.int64], last: int
) -> NDArray[np.float64]:
    """The points of each cohort that are expected to be spent at all.

    By age, the share that was spent grows by the ratio of sums over the
    cohorts that are old enough (Mack 1993, volume-weighted). A cohort that
    has spent nothing yet has no sum to grow from: it is expected to spend
    what others spend from its age on (Bornhuetter and Ferguson 1972).

    Args:
        months: int64[n], the month of each cohort, ascending.
        issued: int64[n], its points, above 0.
        spent: int64[n, ages], of these spent in that month and so many later.
        last: The last month that is over.

    Returns:
        float64[n].
    """
    by_age = np.cumsum(spent, axis=1)
    rates: list[float] = _rates(months, issued, by_age, last)
    final = rates[-1] if rates else 0.0
    ultimate = np.zeros(issued.size)
    for place in range(issued.size):
        age = min(last - int(months[place]), len(rates) - 1)
        so_far = int(by_age[place, age]) if age >= 0 else 0
        rate = rates[age] if age >= 0 else 0.0
        if so_far > 0 and rate > 0:
            ultimate[place] = so_far * final / rate
        else:
            ultimate[place] = so_far + int(issued[place]) * max(final - rate, 0.0)
    return ultimate


def _rates(
    months: NDArray[np.int64], issued: NDArray[np.int64], by_age: NDArray[np.int64], last: int
) -> list[float]:
    """The share that is spent by each age, as far as some cohort is that old."""
    rates: list[float] = []
    for age in range(by_age.shape[1]):
        old = months + age <= last
        if not old.any():
            break
        now, points = int(by_age[old, age].sum()), int(issued[old].sum())
        before = int(by_age[old, age - 1].sum()) if age else 0
        rates.append(rates[-1] * now / before if before > 0 else now / points)
    return rates


def _triangle(
    ledger: Ledger, lots: pl.DataFrame, cohorts: pl.DataFrame
) -> tuple[NDArray[np.int64], int]:
    """Points spent by cohort and age in months, and the last month that is over."""
    ends = pl.Series([ledger.when.instant, ledger.when.instant + 1]).cast(pl.Datetime("us", "UTC"))
    today, next_ = _months(ends, ledger.when.tz).to_list()
    months = cohorts["month"]
    ages = min(today - months[0] + 1, _OLDEST)
    spent = np.zeros((months.len(), ages), np.int64)
    moves = _spending(ledger, lots).filter(pl.col("age") < ages)
    places = (months.search_sorted(moves["month"]).to_numpy(), moves["age"].to_numpy())
    np.add.at(spent, places, moves["points"].to_numpy())
    return spent, today - (next_ == today)


def _spending(ledger: Ledger, lots: pl.DataFrame) -> pl.DataFrame:
    """Points of lots that redemptions took, by the lots' month and their age in months."""
    takers = ledger.entries.filter(pl.col("kind") == "redeem").select("entry_id", "customer_id")
    taken = ledger.allocations.join(takers, on="entry_id")
    taken = taken.with_columns(spent=_months(taken["at"], ledger.when.tz))
    own = taken.join(lots.select(*_LOT, "month"), on=_LOT)
    return own.select("month", "points", age=pl.col("spent") - pl.col("month"))


def _months(at: pl.Series, tz: str) -> pl.Series:
    """The number of each instant's local month, from year 0 on."""
    local = local_times(pl.DataFrame({"at": at}), tz)["at"].dt
    return local.year().cast(pl.Int64) * 12 + local.month() - 1
