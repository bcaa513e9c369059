"""Posting: from the kernel's takings to entries and allocations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from custseg._kernels.lots import NEVER, ORDER, REDEEM
from custseg.schema.bridge import instants

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.loyalty.program import Program
    from custseg.loyalty.sequence import Sequence

__all__ = ["ENTRIES", "entry_ids", "posted"]

ENTRIES = (
    "entry_id",
    "customer_id",
    "at",
    "kind",
    "points",
    "balance_after",
    "lot_id",
    "source",
    "source_kind",
    "rule",
    "version",
    "desired",
    "cap",
    "available_at",
    "expires_at",
)
"""The columns of entries."""

_EARN, _REDEEM, _EXPIRE = range(3)
_KINDS = ("earn", "redeem", "expire")

Calendar = tuple["NDArray[np.int64]", "NDArray[np.int64]", "NDArray[np.int64]"]


def posted(
    program: Program,
    made: Sequence,
    refused: NDArray[np.bool_],
    takings: NDArray[np.int64],
    calendar: Calendar,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Entries and allocations, by customer and order of things."""
    lapses = _lapses(made, takings[takings[:, 0] < 0], calendar)
    own = np.flatnonzero(made.matched | ((made.rank == REDEEM) & (made.reason == 0) & ~refused))
    # A lapse before row i stands before the entry of row i.
    places = np.searchsorted(own, -1 - lapses[:, 0]) + np.arange(len(lapses))
    rows = np.empty(own.size + len(lapses), np.int64)
    kind = np.full(rows.size, _EXPIRE)
    is_own = np.ones(rows.size, np.bool_)
    is_own[places] = False
    rows[places], rows[is_own] = lapses[:, 1], own
    kind[is_own] = np.where(made.rank[own] == REDEEM, _REDEEM, _EARN)
    points = np.empty(rows.size, np.int64)
    points[places] = -lapses[:, 2]
    points[is_own] = np.where(made.rank[own] == REDEEM, -made.points[own], made.points[own])
    entries = _entries(program, made, rows, kind, points, calendar)
    spent = takings[takings[:, 0] >= 0]
    payer = np.flatnonzero(is_own)[np.searchsorted(own, spent[:, 0])]
    allocations = pl.DataFrame(
        {
            "entry_id": entries["entry_id"].gather(payer),
            "lot_id": _lot_ids(*_sources(made, spent[:, 1])),
            "at": instants(made.at[spent[:, 0]]),
            "points": spent[:, 2],
        }
    )
    return entries, allocations


def _lapses(made: Sequence, lapses: NDArray[np.int64], calendar: Calendar) -> NDArray[np.int64]:
    """Lapses in their order; those of one instant by the id of their lot.

    The kernel has them by lot as they were made.
    """
    lot = lapses[:, 1]
    day, _, ends = calendar
    order = pl.DataFrame(
        {
            "before": -1 - lapses[:, 0],
            "at": ends[day[lot]],
            "rank": made.rank[lot] != ORDER,
            "order_id": made.column("order_id", lot),
            "event_id": made.column("event_id", lot),
        }
    )
    return lapses[order.select(pl.arg_sort_by(order.columns)).to_series().to_numpy()]


def _entries(
    program: Program,
    made: Sequence,
    rows: NDArray[np.int64],
    kind: NDArray[np.int64],
    points: NDArray[np.int64],
    calendar: Calendar,
) -> pl.DataFrame:
    """The frame of entries, of the rows that made them (a lapse: that made its lot)."""
    day, opens, ends = calendar
    at = np.where(kind == _EXPIRE, ends[day[rows]], made.at[rows])
    earns = kind == _EARN
    lot = earns & (points > 0)
    source_kind, source = _sources(made, rows)
    lot_id = _lot_ids(source_kind, source)
    available = instants(np.maximum(opens[day[rows]], made.at[rows]))
    over = ends[day[rows]]
    expires = instants(np.where(over == NEVER, 0, over))
    kinds = pl.Series(_KINDS).gather(kind)
    frame = pl.DataFrame(
        {
            "entry_id": entry_ids(program.name, kinds, source_kind, source),
            "customer_id": made.column("customer_id", rows),
            "at": instants(at),
            "kind": kinds,
            "points": points,
            "balance_after": _running(made.member_of()[rows], points),
            "source": source,
            "source_kind": source_kind,
            "rule": _rule_names(program, made, rows),
            "version": pl.repeat(program.version, rows.size, dtype=pl.Int64, eager=True),
            "desired": points,
            "cap": pl.repeat(None, rows.size, dtype=pl.String, eager=True),
        }
    )
    earned, has_lot = pl.Series(earns), pl.Series(lot | (kind == _EXPIRE))
    return frame.with_columns(
        lot_id=pl.when(has_lot).then(lot_id),
        rule=pl.when(earned).then("rule"),
        desired=pl.when(earned).then("desired"),
        available_at=pl.when(pl.Series(lot)).then(available),
        expires_at=pl.when(pl.Series(lot & (over != NEVER))).then(expires),
    ).select(ENTRIES)


def _running(member: NDArray[np.int64], points: NDArray[np.int64]) -> NDArray[np.int64]:
    """The running sum of each member's points.

    The sum over all members may wrap; the difference of two of them is exact
    nevertheless, since each member's own sum is within int64.
    """
    if points.size == 0:
        return points
    sums = np.cumsum(points)
    starts = np.flatnonzero(np.diff(member, prepend=-1))
    before = sums[starts] - points[starts]
    return sums - np.repeat(before, np.diff(starts, append=points.size))


def _sources(made: Sequence, rows: NDArray[np.int64]) -> tuple[pl.Series, pl.Series]:
    """Kind and id, as text, of the order or event behind each row."""
    is_order = pl.Series(made.rank[rows] == ORDER)
    orders = made.column("order_id", rows).cast(pl.String)
    events = made.column("event_id", rows).cast(pl.String)
    both = pl.select(
        kind=pl.when(is_order).then(pl.lit("order")).otherwise(pl.lit("event")),
        id=pl.when(is_order).then(orders).otherwise(events),
    )
    return both["kind"], both["id"]


def _lot_ids(source_kind: pl.Series, source: pl.Series) -> pl.Series:
    return pl.select(pl.concat_str([source_kind, source], separator=":")).to_series()


def entry_ids(
    program: str, kind: pl.Series, source_kind: pl.Series, source: pl.Series
) -> pl.Series:
    """Ids made from program, kind, source and lot: the same log gives the same.

    A lot that is its source's own is not said twice. The separator is escaped
    inside names, so that different parts never give one id.
    """
    head = _escaped(pl.lit(program))
    tail = _escaped(pl.lit(source))
    parts = pl.concat_str(
        [head, pl.lit("|"), pl.lit(kind), pl.lit("|"), pl.lit(source_kind), pl.lit(":"), tail]
    )
    return pl.select(entry_id=parts).to_series()


def _escaped(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all("%", "%25", literal=True).str.replace_all("|", "%7C", literal=True)


def _rule_names(program: Program, made: Sequence, rows: NDArray[np.int64]) -> pl.Series:
    """The names of the rules that took part in each row, joined by +."""
    names = [rule.name for rule in program.earning if f"rule:{rule.name}" in made.log.columns]
    if not names:
        return pl.repeat(None, rows.size, dtype=pl.String, eager=True)
    codes = np.zeros(rows.size, np.int64)
    spelled: list[str | None] = [None]
    for name in names:
        took = made.column(f"rule:{name}", rows).fill_null(value=False).to_numpy()
        codes = codes * 2 + took
        spelled = [
            told
            for before in spelled
            for told in (before, name if before is None else f"{before}+{name}")
        ]
        if len(spelled) > _COMBINATIONS:
            # As many combinations as there are, not as there could be.
            found = np.flatnonzero(np.bincount(codes))
            codes = np.searchsorted(found, codes)
            spelled = [spelled[code] for code in found]
    return pl.Series(spelled, dtype=pl.String).gather(codes)


_COMBINATIONS = 4096
