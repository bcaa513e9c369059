"""Posting: from the kernel's takings to entries and allocations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg._kernels.lots import NEVER, ORDER, REDEEM
from custseg.schema.bridge import instants

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.loyalty.program import Program
    from custseg.loyalty.sequence import Sequence

__all__ = ["ENTRIES", "posted"]

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
_SOURCES = ("order", "event")

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
    names = _Names(made)
    entries = _entries(program, made, names, (rows, kind, points), calendar)
    spent = takings[takings[:, 0] >= 0]
    payer = np.flatnonzero(is_own)[np.searchsorted(own, spent[:, 0])]
    allocations = pl.DataFrame(
        {
            "entry_id": entries["entry_id"].gather(payer),
            "lot_id": names.lots(spent[:, 1]),
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
    names: _Names,
    postings: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    calendar: Calendar,
) -> pl.DataFrame:
    """The frame of entries: of the row that made each (a lapse: its lot), kind and points."""
    rows, kind, points = postings
    day, opens, ends = calendar
    over = ends[day[rows]]
    member = made.member_of()[rows]
    earned, lapsed = kind == _EARN, kind == _EXPIRE
    lot = earned & (points > 0)
    frame = pl.DataFrame(
        {
            "entry_id": names.entries(program.name, kind, rows),
            "customer_id": made.members["customer_id"].gather(member),
            "at": instants(np.where(lapsed, over, made.at[rows])),
            "kind": pl.Series(_KINDS).gather(kind),
            "points": points,
            "balance_after": _running(member, points),
            "lot_id": names.lots(rows, lot | lapsed),
            "source": names.sources(rows),
            "source_kind": pl.Series(_SOURCES).gather((made.rank[rows] != ORDER).astype(np.int64)),
            "rule": _rule_names(program, made, rows, earned),
            "version": pl.repeat(program.version, rows.size, dtype=pl.Int64, eager=True),
            "desired": points,
            "cap": pl.repeat(None, rows.size, dtype=pl.String, eager=True),
            "available_at": instants(np.maximum(opens[day[rows]], made.at[rows])),
            "expires_at": instants(np.where(over == NEVER, 0, over)),
        }
    )
    held = {
        "desired": earned,
        "available_at": lot,
        "expires_at": lot & (over != NEVER),
    }
    return frame.with_columns(
        pl.when(pl.Series(has)).then(name).alias(name) for name, has in held.items()
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


@frozen(eq=False, init=False)
class _Names:
    """Ids of what is posted, made once for each row of the log and gathered from there."""

    made: Sequence
    text: pl.Series
    lot: pl.Series
    escaped: pl.Series

    def __init__(self, made: Sequence) -> None:
        """Each id of the log as text, alone and after its kind; orders come first in it."""
        ids = [made.log[name].drop_nulls() for name in ("order_id", "event_id")]
        texts = [one.cast(pl.String) for one in ids]
        lot = pl.concat([f"{kind}:" + one for kind, one in zip(_SOURCES, texts, strict=True)])
        written = any(one.dtype == pl.String for one in ids)
        escaped = pl.select(_escaped(pl.lit(lot))).to_series() if written else lot
        self.__attrs_init__(made, pl.concat(texts), lot, escaped)  # type: ignore[attr-defined]

    def sources(self, rows: NDArray[np.int64]) -> pl.Series:
        """The id of the order or event behind each row."""
        return self.text.gather(self._places(rows))

    def lots(self, rows: NDArray[np.int64], has: NDArray[np.bool_] | None = None) -> pl.Series:
        """The id of the lot that each row makes: its kind and id; null where it has none."""
        places = self._places(rows)
        return self.lot.gather(places if has is None else _where(has, places))

    def entries(self, program: str, kind: NDArray[np.int64], rows: NDArray[np.int64]) -> pl.Series:
        """Ids made from program, kind, source and lot: the same log gives the same.

        A lot that is its source's own is not said twice. The separator is
        escaped inside names, so that different parts never give one id.
        """
        name = pl.select(_escaped(pl.lit(program))).item()
        heads = pl.Series([f"{name}|{kind}|" for kind in _KINDS])
        parts = [heads.gather(kind), self.escaped.gather(self._places(rows))]
        return pl.select(pl.concat_str(parts)).to_series()

    def _places(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        return rows if self.made.rows is None else self.made.rows[rows]


def _where(has: NDArray[np.bool_], places: NDArray[np.int64]) -> pl.Series:
    """Places to gather from; null, which gathers null, where there is none."""
    return pl.select(pl.when(pl.Series(has)).then(pl.Series(places))).to_series()


def _escaped(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all("%", "%25", literal=True).str.replace_all("|", "%7C", literal=True)


def _rule_names(
    program: Program, made: Sequence, rows: NDArray[np.int64], earned: NDArray[np.bool_]
) -> pl.Series:
    """The names of the rules that took part in each row that earned, joined by +."""
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
    return pl.Series(spelled, dtype=pl.String).gather(_where(earned, codes))


_COMBINATIONS = 4096
