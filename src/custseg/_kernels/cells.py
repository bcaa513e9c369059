"""Equal rows of a history counted as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from custseg._kernels._jit import kernel, prefetch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

__all__ = ["cells"]

# Rows asked for ahead: enough to outlast a wait for memory. The ring holds more, a power of two.
_AHEAD = 16
_RING = 32


@kernel
def _hash(x: int, t_x: int, observed: int) -> np.uint64:
    """A number whose low bits are as good as random; no product leaves 64 bits."""
    half, low = np.uint64(32), np.uint64(0xFFFFFFFF)
    mixed = (np.uint64(x) & low) * np.uint64(0x9E3779B1)
    mixed ^= (np.uint64(x) >> half) * np.uint64(0xCC9E2D51)
    mixed ^= (np.uint64(t_x) >> half) * np.uint64(0x85EBCA6B)
    mixed ^= (np.uint64(t_x) & low) * np.uint64(0xC2B2AE35)
    mixed ^= (np.uint64(observed) >> half) * np.uint64(0x27D4EB2F)
    mixed ^= (np.uint64(observed) & low) * np.uint64(0x165667B1)
    mixed = ((mixed ^ (mixed >> half)) & low) * np.uint64(0xD3A2646D) ^ (mixed >> np.uint64(17))
    mixed = ((mixed ^ (mixed >> half)) & low) * np.uint64(0xFD7046C5) ^ (mixed >> np.uint64(17))
    return mixed ^ (mixed >> np.uint64(29))


@kernel
def cells(
    x: Ints, t_x: Ints, observed: Ints, places: NDArray[np.int32]
) -> tuple[NDArray[np.int32], Ints]:
    """Equal rows numbered from 0 on, in order of first appearance.

    Args:
        x: int64[n], from 0 on.
        t_x: int64[n], the bits of floats from 0 on (and not −0).
        observed: int64[n], the same.
        places: int32[n], room for the number of each row; n is below 2**31.

    Returns:
        `places`, and int64[k], the first row of each number. Cost: one random
        access a row (open addressing, a third to two thirds full).
        Twin: naive.lifetime.cells.
    """
    firsts = np.empty(1024, np.int64)
    count = 0
    slots = 2048
    # A slot: the three values, and a number + 1, 0 where there is none.
    table = np.zeros((slots, 4), np.int64)
    ring = np.empty(_RING, np.uint64)
    for i in range(min(_AHEAD, x.size)):
        ring[i] = _hash(x[i], t_x[i], observed[i])
    for i in range(x.size):
        key = ring[i & (_RING - 1)]
        if i + _AHEAD < x.size:
            later = _hash(x[i + _AHEAD], t_x[i + _AHEAD], observed[i + _AHEAD])
            ring[(i + _AHEAD) & (_RING - 1)] = later
            prefetch(table, later & np.uint64(slots - 1))
        slot = np.int64(key & np.uint64(slots - 1))
        while table[slot, 3] != 0 and not (
            table[slot, 0] == x[i] and table[slot, 1] == t_x[i] and table[slot, 2] == observed[i]
        ):
            slot = (slot + 1) & (slots - 1)
        if table[slot, 3] == 0:
            if count == firsts.size:
                more = np.empty(2 * count, np.int64)
                more[:count] = firsts
                firsts = more
                slots *= 2
                wider = np.zeros((slots, 4), np.int64)
                for old in range(slots // 2):
                    if table[old, 3] != 0:
                        known = _hash(table[old, 0], table[old, 1], table[old, 2])
                        at = np.int64(known & np.uint64(slots - 1))
                        while wider[at, 3] != 0:
                            at = (at + 1) & (slots - 1)
                        wider[at] = table[old]
                table = wider
                slot = np.int64(key & np.uint64(slots - 1))
                while table[slot, 3] != 0:
                    slot = (slot + 1) & (slots - 1)
            table[slot, 0] = x[i]
            table[slot, 1] = t_x[i]
            table[slot, 2] = observed[i]
            table[slot, 3] = count + 1
            firsts[count] = i
            count += 1
        places[i] = table[slot, 3] - 1
    return places, firsts[:count].copy()
