"""Referring: which row of the same customer an id names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from custseg.schema.arrow import known
from custseg.schema.bridge import array_or, taken

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

__all__ = ["found"]

_FEW = 16
# Stands for no id: what has none is nothing that an event refers to.
_NOBODYS = -(2**63)


def found(ids: pl.Series, firsts: Ints, named: pl.Series, asks: Ints, members: Ints) -> Ints:
    """Where each asked id stands among the rows of its member; -1 where it does not.

    Args:
        ids: The ids of rows by member.
        firsts: Where each member's rows begin, m + 1 of them.
        named: A column that names ids.
        asks: The rows of it that count.
        members: Who asks, by number.
    """
    if ids.dtype == pl.Int64 and named.dtype == pl.Int64:
        wanted = array_or(named, _NOBODYS)[asks]
        about = _bisected(array_or(ids, _NOBODYS), firsts, wanted, members)
        if bool((wanted == _NOBODYS).any()):
            about[~known(named)[asks]] = -1
        return about
    wanted = taken(named, asks)
    if ids.dtype != wanted.dtype:
        ids, wanted = ids.cast(pl.String), wanted.cast(pl.String)
    among = np.flatnonzero(ids.is_in(wanted.drop_nulls().unique().implode()).to_numpy())
    rows = pl.DataFrame(
        {
            "member": np.searchsorted(firsts, among, side="right") - 1,
            "id": taken(ids, among),
            "place": among,
        }
    ).unique(["member", "id"], keep="first", maintain_order=True)
    beside = pl.DataFrame({"member": members, "id": wanted}).join(
        rows, on=["member", "id"], how="left", maintain_order="left"
    )
    return beside["place"].fill_null(-1).to_numpy()


def _bisected(ids: Ints, firsts: Ints, wanted: Ints, members: Ints) -> Ints:
    """The same for numbers: all are searched for at once, each among its member's rows."""
    order = None
    descends = ids[1:] < ids[:-1]
    starts = firsts[1:-1]
    descends[starts[(starts > 0) & (starts < ids.size)] - 1] = False
    if descends.any():
        whose = np.repeat(np.arange(firsts.size - 1), np.diff(firsts))
        order = np.lexsort((ids, whose))
        ids = ids[order]
    low, high = firsts[members], firsts[members + 1]
    at = _places(ids, low, high, wanted)
    fits = at < high
    fits[fits] = ids[at[fits]] == wanted[fits]
    if order is not None:
        at[fits] = order[at[fits]]
    return np.where(fits, at, -1)


def _places(ids: Ints, low: Ints, high: Ints, wanted: Ints) -> Ints:
    """The first place from `low` on, below `high`, with an id not less than wanted; else `high`."""
    if wanted.size < _FEW:
        places = np.empty(wanted.size, np.int64)
        for here in range(wanted.size):
            first = int(low[here])
            own = ids[first : int(high[here])]
            places[here] = first + int(own.searchsorted(int(wanted[here])))
        return places
    at, stop = low.copy(), high.copy()
    while bool((going := at < stop).any()):
        half = (at + stop) >> 1
        less = ids[np.minimum(half, ids.size - 1)] < wanted
        at = np.where(going & less, half + 1, at)
        stop = np.where(going & ~less, half, stop)
    return at
