"""Stays: how long each customer was in a segment before it was in another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from custseg.schema.bridge import read_only
from custseg.segments.labels import labelled
from custseg.threads import in_threads, slices

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

__all__ = ["stays_of"]

# Labels that are worth a thread.
_SMALL = 500_000


def stays_of(
    ids: pl.Series,
    days: tuple[dt.date, ...],
    segments: tuple[str, ...],
    codes: NDArray[np.uint8 | np.uint16],
    /,
) -> pl.DataFrame:
    """A row a stay, as `Track.intervals` has it.

    Args:
        ids: Customers.
        days: The tracked days.
        segments: The labels in order.
        codes: [days, customers] places of labels, the largest number of the
            type where somebody is not a customer yet.
    """
    from custseg._kernels.track import STILL, stays  # numba is loaded when it is needed

    absent = int(np.iinfo(codes.dtype).max)
    parts = slices(ids.len(), max(_SMALL // len(days), 1))
    counts = in_threads(lambda part: _count(codes[:, part], absent), parts)
    places = np.cumsum([0, *counts]).tolist()
    numbers = read_only(pl.Series(days, dtype=pl.Date).cast(pl.Int64).to_numpy())
    known = read_only(codes.astype(np.uint16, copy=False))
    many = places[-1]
    whose, spans = np.empty((2, many), np.uint32), np.empty((2, many), np.int32)
    dwells = np.empty(many, np.int64)

    def told(share: tuple[slice, int]) -> None:
        part, place = share
        stays(known, absent, numbers, part.start, part.stop, place, whose, spans, dwells)

    # Threads write to places of their own.
    in_threads(told, list(zip(parts, places[:-1], strict=True)))
    enter, leave = (pl.Series(each).cast(pl.Date) for each in spans)
    return pl.DataFrame(
        [
            ids[pl.Series(whose[0])].alias("customer_id"),
            labelled("segment", segments)[pl.Series(whose[1])],
            enter.alias("enter"),
            leave.set(pl.Series(spans[1] == STILL), None).alias("leave"),
            pl.Series("dwell_days", dwells),
        ]
    )


def _count(codes: NDArray[Any], absent: int) -> int:
    """How many labels are others than before, and there is one."""
    begins = codes != absent
    begins[1:] &= codes[1:] != codes[:-1]
    return int(np.count_nonzero(begins))
