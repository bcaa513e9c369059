"""Orders parted by time, in two passes and without a sort."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from custseg.schema.bridge import read_only
from custseg.threads import threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

__all__ = ["parted_by"]

# Orders that are worth a thread.
_SMALL = 500_000
# Guesses at the bucket of an instant: as many as stay in the first cache.
_GUESSES = 1 << 12


def parted_by(cuts: Ints, ids: Ints, instants: Ints, totals: Ints) -> tuple[Ints, Ints, Ints]:
    """Orders moved to where they lie between cuts; in each part they keep their order.

    Args:
        cuts: Ascending instants, one at least; what lies at or after the last is left out.
        ids: The number of each order's customer.
        instants: When each was.
        totals: int64[n, 2], smallest units in 128 bits.

    Returns:
        How many orders lie before each cut, int64[2, m] with their ids and
        instants, and int64[m, 2] with their totals.
    """
    from custseg._kernels.track import count, part  # numba is loaded when it is needed

    shift = max(int(cuts[-1] - cuts[0]).bit_length() - _GUESSES.bit_length() + 1, 0)
    slots = int(cuts[-1] - cuts[0] >> shift) + 1
    begins = cuts[0] + (np.arange(slots, dtype=np.int64) << shift)
    reached: Ints = np.asarray(cuts.searchsorted(begins, side="right"), np.int64)
    guesses = read_only(reached)
    many = min(threads(), max(ids.size // _SMALL, 1))
    edges = [ids.size * each // many for each in range(many + 1)]
    slices = [slice(low, high) for low, high in pairwise(edges)]

    def counted(some: slice) -> Ints:
        return count(instants[some], cuts, guesses, shift)

    with ThreadPoolExecutor(many) as pool:
        counts = np.array(list(pool.map(counted, slices)))
        # Buckets one after the other, in each the rows of the first thread first.
        ends = np.cumsum(counts.T).reshape(counts.T.shape).T
        offsets = ends[-1, :-1].copy()
        rows = int(offsets[-1])
        parted, amounts = np.empty((2, rows), np.int64), np.empty((rows, 2), np.int64)

        def put(some: slice, places: Ints) -> None:
            orders = ids[some], instants[some], totals[some]
            part(*orders, cuts, guesses, shift, places, parted, amounts)

        # Threads write to places of their own.
        list(pool.map(put, slices, [read_only(each) for each in ends - counts]))
    return offsets, parted, amounts
