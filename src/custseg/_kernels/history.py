"""Orders folded to a history for each customer, in one pass and without a sort by customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from custseg._kernels._jit import kernel, prefetch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Words = NDArray[np.uint64]

__all__ = ["blend", "fold", "follow", "mark"]

_DAY = 86_400_000_000
# Later than any day, and as much earlier.
_LATEST = 2**62
# Rows asked for ahead: enough to outlast a wait for memory. The ring holds more, a power of two.
_AHEAD = 32
_RING = 64


@kernel
def _row(identity: int, lowest: int, words: Words, ranks: Ints) -> np.uint64:
    """The row of an id: its distance from the lowest, or its rank in a bitmap."""
    place = np.uint64(identity - lowest)
    if words.size == 0:
        return place
    one = np.uint64(1)
    word = place >> np.uint64(6)
    below = words[word] & ((one << (place & np.uint64(63))) - one)
    # Bits set below this one, in parallel (Warren, Hacker's Delight, fig. 5-2).
    below -= (below >> one) & np.uint64(0x5555555555555555)
    below = (below & np.uint64(0x3333333333333333)) + (
        (below >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    below = (below + (below >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    below += below >> np.uint64(8)
    below += below >> np.uint64(16)
    below += below >> np.uint64(32)
    return np.uint64(ranks[word]) + (below & np.uint64(0x7F))


@kernel
def _offset(at: int, since: Ints, guess: int) -> int:
    """Which offset of a zone holds at an instant, looked for from a guess on."""
    last = since.size - 1
    if (guess == 0 or since[guess] <= at) and (guess == last or at < since[guess + 1]):
        return guess
    low, high = 0, last
    while low < high:
        middle = (low + high + 1) >> 1
        if since[middle] <= at:
            low = middle
        else:
            high = middle - 1
    return low


@kernel
def fold(
    ids: Ints,
    instants: Ints,
    totals: Ints,
    seen: int,
    lowest: int,
    words: Words,
    ranks: Ints,
    since: Ints,
    offsets: Ints,
    out: Ints,
) -> bool:
    """Per customer: first and last order day, order days, spend of the first and of the others.

    Args:
        ids: int64[n], each from `lowest` on.
        instants: int64[n]; of each customer the days do not descend.
        totals: int64[n, 2], smallest units in 128 bits, the low word first;
            below zero is a return, which is left out. Sums fit the low word:
            the caller has made sure.
        seen: int64, the last instant that is seen.
        lowest: int64, the smallest id.
        words: uint64[w] bitmap of the ids that occur, or empty: then a
            customer's row is its distance from `lowest`.
        ranks: int64[w], ids that occur before each word.
        since: int64[k], the instants from which offsets of the zone hold.
        offsets: int64[k], microseconds to add for local time.
        out: int64[m, 5], room for the result, numpy's own (huge pages).

    Returns:
        Whether the days of every customer ascend; else `out` is of no use.
        `out`: first day, last day, order days (0 without an order), total of
        the first day, total of all later ones. Cost: one random access a row.
        Twin: naive.history.fold.
    """
    out[:] = 0
    ring = np.empty(_RING, np.uint64)
    for i in range(min(_AHEAD, ids.size)):
        ring[i] = _row(ids[i], lowest, words, ranks)
    held = 0
    for i in range(ids.size):
        row = ring[i & (_RING - 1)]
        if i + _AHEAD < ids.size:
            later = _row(ids[i + _AHEAD], lowest, words, ranks)
            ring[(i + _AHEAD) & (_RING - 1)] = later
            prefetch(out, later)
        at, total = instants[i], totals[i, 0]
        if at > seen or total < 0:
            continue
        held = _offset(at, since, held)
        day = (at + offsets[held]) // _DAY
        if out[row, 2] == 0:
            out[row, 0] = day
            out[row, 1] = day
            out[row, 2] = 1
            out[row, 3] = total
            continue
        last = out[row, 1]
        if day < last:
            return False
        # Selected, not branched: whether it is another day cannot be guessed.
        out[row, 1] = day
        out[row, 2] += np.int64(day > last)
        first = day == out[row, 0]
        out[row, 3] += total if first else 0
        out[row, 4] += 0 if first else total
    return True


@kernel
def follow(left: Ints, right: Ints) -> bool:
    """Two folds of orders, the second of rows that follow the first, as one.

    Args:
        left: int64[m, 5] as `fold` gives it; it is changed to the result.
        right: int64[m, 5].

    Returns:
        Whether the days of every customer ascend. Twin: naive.history.follow.
    """
    for row in range(left.shape[0]):
        if right[row, 2] == 0:
            continue
        if left[row, 2] == 0:
            left[row] = right[row]
            continue
        last, first = left[row, 1], right[row, 0]
        if first < last:
            return False
        # The first day of the right may be the only day of the left.
        joins = left[row, 0] == first
        left[row, 3] += right[row, 3] if joins else 0
        left[row, 4] += right[row, 4] + (0 if joins else right[row, 3])
        left[row, 2] += right[row, 2] - np.int64(first == last)
        left[row, 1] = right[row, 1]
    return True


@kernel
def mark(
    ids: Ints,
    instants: Ints,
    totals: Ints,
    seen: int,
    lowest: int,
    words: Words,
    ranks: Ints,
    since: Ints,
    offsets: Ints,
    day: int,
    out: Ints,
    days: Words,
) -> Ints:
    """As `fold`, of orders in any order: each day is marked in a bitmap of the customer's.

    Args:
        ids: int64[n], as `fold` takes them.
        instants: int64[n], any order.
        totals: int64[n, 2], as `fold` takes them.
        seen: As well.
        lowest: As well.
        words: As well.
        ranks: As well.
        since: As well.
        offsets: As well.
        day: int64, the first day that occurs.
        out: int64[m, 4], room for the result.
        days: uint64[m * w, 1], room for w words of days for each row.

    Returns:
        `out`: first day, last day, total of the first day, total of all days;
        first above last without an order. Bit k of a row's days is day
        `day` + k. Cost: two random accesses a row. Twin: naive.history.mark.
    """
    wide = days.shape[0] // max(out.shape[0], 1)
    days[:] = 0
    for row in range(out.shape[0]):
        out[row, 0] = _LATEST
        out[row, 1] = -_LATEST
        out[row, 2] = 0
        out[row, 3] = 0
    one = np.uint64(1)
    rows = np.empty(_RING, np.uint64)
    on = np.empty(_RING, np.int64)
    held = 0
    for i in range(ids.size + _AHEAD):
        # The row and the day are known some orders ahead, to be in cache when they are changed.
        if i < ids.size:
            row = _row(ids[i], lowest, words, ranks)
            held = _offset(instants[i], since, held)
            counts = (instants[i] <= seen) & (totals[i, 0] >= 0)
            number = (instants[i] + offsets[held]) // _DAY if counts else _LATEST
            rows[i & (_RING - 1)] = row
            on[i & (_RING - 1)] = number
            prefetch(out, row)
            if counts:
                prefetch(days, row * np.uint64(wide) + np.uint64((number - day) >> 6))
        now = i - _AHEAD
        if now < 0 or on[now & (_RING - 1)] == _LATEST:
            continue
        row, number, total = rows[now & (_RING - 1)], on[now & (_RING - 1)], totals[now, 0]
        place = row * np.uint64(wide) + np.uint64((number - day) >> 6)
        days[place, 0] |= one << np.uint64((number - day) & 63)
        first = out[row, 0]
        # An earlier day than the first so far begins its total anew.
        out[row, 2] = (
            total + (out[row, 2] if number == first else 0) if number <= first else out[row, 2]
        )
        out[row, 0] = min(first, number)
        out[row, 1] = max(out[row, 1], number)
        out[row, 3] += total
    return out


@kernel
def blend(left: Ints, right: Ints) -> Ints:
    """Two results of `mark`, of parts of the same orders, as one; bitmaps are or-ed elsewhere.

    Args:
        left: int64[m, 4] as `mark` gives it; it is changed.
        right: int64[m, 4].

    Returns:
        `left`. Twin: naive.history.blend.
    """
    for row in range(left.shape[0]):
        if right[row, 0] < left[row, 0]:
            left[row, 0] = right[row, 0]
            left[row, 2] = right[row, 2]
        elif right[row, 0] == left[row, 0]:
            left[row, 2] += right[row, 2]
        left[row, 1] = max(left[row, 1], right[row, 1])
        left[row, 3] += right[row, 3]
    return left
