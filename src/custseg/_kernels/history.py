"""Orders folded to a history for each customer, in one pass and without a sort by customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from custseg._kernels._jit import kernel, prefetch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Words = NDArray[np.uint64]

__all__ = ["columns", "fold", "follow", "mark"]

_DAY = 86_400_000_000
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
    start: int,
    bits: int,
    out: Ints,
) -> bool:
    """Per customer: order days, the last and the first of them, and spend of all but the first.

    The table is what does not fit the cache, so the three numbers of days
    share a word: rows of 16 bytes.

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
        start: int64, the first day; days are counted from it.
        bits: int64, what the last day, so counted, and the number of days need.
        out: int64[m, 2 or 3] of zeros, numpy's own (huge pages).

    Returns:
        Whether the days of every customer ascend; else `out` is of no use.
        `out`: number of days, last and first day in a word, `bits` each from
        the highest to the lowest, 0 without an order; the total of all days
        but the first; and, where there is a third column, that of the first.
        Cost: one random access a row. Twin: naive.history.fold.
    """
    low = (np.int64(1) << bits) - 1
    wide = out.shape[1] > 2  # noqa: PLR2004 - the third column
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
        day = (at + offsets[held]) // _DAY - start
        known = out[row, 0]
        first, last = known & low, (known >> bits) & low
        if known == 0:
            first = day
            last = -1
        elif day < last:
            return False
        # Selected, not branched: whether it is another day cannot be guessed.
        days = (known >> (2 * bits)) + np.int64(day > last)
        out[row, 0] = (((days << bits) | day) << bits) | first
        out[row, 1] += 0 if day == first else total
        if wide:
            out[row, 2] += total if day == first else 0
    return True


@kernel
def follow(left: Ints, right: Ints, bits: int) -> bool:
    """Two folds of orders, the second of rows that follow the first, as one.

    Args:
        left: int64[m, 2 or more] as `fold` gives it; it is changed to the result.
        right: int64[m, 3].
        bits: As `fold` took it.

    Returns:
        Whether the days of every customer ascend. Twin: naive.history.fold.
    """
    low = (np.int64(1) << bits) - 1
    for row in range(left.shape[0]):
        other = right[row, 0]
        if other == 0:
            continue
        known = left[row, 0]
        if known == 0:
            left[row, 0] = other
            left[row, 1] = right[row, 1]
            continue
        last, first = (known >> bits) & low, other & low
        if first < last:
            return False
        # The first day of the right may be the only day of the left.
        joins = (known & low) == first
        left[row, 1] += right[row, 1] + (0 if joins else right[row, 2])
        days = (known >> (2 * bits)) + (other >> (2 * bits)) - np.int64(first == last)
        left[row, 0] = (((days << bits) | ((other >> bits) & low)) << bits) | (known & low)
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
    start: int,
    bits: int,
    begin: int,
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
        start: As well.
        bits: As well.
        begin: int64, the first of the rows that are looked after here; orders
            of others are passed over.
        out: int64[m, 3] of zeros, room for rows from `begin` on.
        days: uint64[m * w, 1] of zeros, w words of days for each row.

    Returns:
        `out`, as `fold` gives it with three columns. Cost: two random accesses
        an order that is looked after. Twin: naive.history.fold.
    """
    many = out.shape[0]
    wide = np.uint64(days.shape[0] // max(many, 1))
    low = (np.int64(1) << bits) - 1
    one = np.uint64(1)
    rows, on = np.empty(_RING, np.uint64), np.empty(_RING, np.int64)
    amounts = np.empty(_RING, np.int64)
    held, pushed, done = 0, 0, 0
    # The row and the day are known some orders ahead, to be in cache when they are changed.
    for i in range(ids.size + _AHEAD):
        if i < ids.size:
            own = np.int64(_row(ids[i], lowest, words, ranks)) - begin
            if own < 0 or own >= many or instants[i] > seen or totals[i, 0] < 0:
                continue
            row = np.uint64(own)
            held = _offset(instants[i], since, held)
            day = (instants[i] + offsets[held]) // _DAY - start
            rows[pushed & (_RING - 1)] = row
            on[pushed & (_RING - 1)] = day
            amounts[pushed & (_RING - 1)] = totals[i, 0]
            prefetch(out, row)
            prefetch(days, row * wide + np.uint64(day >> 6))
            pushed += 1
            if pushed - done <= _AHEAD:
                continue
        elif done == pushed:
            break
        row, day = rows[done & (_RING - 1)], on[done & (_RING - 1)]
        total = amounts[done & (_RING - 1)]
        done += 1
        place = row * wide + np.uint64(day >> 6)
        bit = one << np.uint64(day & 63)
        new = np.int64((days[place, 0] & bit) == 0)
        days[place, 0] |= bit
        known = out[row, 0]
        first = known & low if known != 0 else day + 1
        # An earlier day than the first so far makes that one a repeat day.
        moved = out[row, 2] if day < first else (0 if day == first else total)
        out[row, 1] += moved
        begun = total + (out[row, 2] if day == first else 0)
        out[row, 2] = begun if day <= first else out[row, 2]
        last = max((known >> bits) & low, day)
        count = (known >> (2 * bits)) + new
        out[row, 0] = (((count << bits) | last) << bits) | min(first, day)
    return out


@kernel
def columns(table: Ints, rows: Ints, bits: int, turned: Ints) -> Ints:
    """Some rows of a fold, each number in a column of its own.

    Args:
        table: int64[n, 2 or 3] as `fold` gives it.
        rows: int64[m], each from 0 to n - 1.
        bits: As `fold` took it.
        turned: int64[4, m], room for the result.

    Returns:
        `turned`: first and last day, counted from the start, number of days,
        and the total of all but the first. Twin: naive.history.fold.
    """
    low = (np.int64(1) << bits) - 1
    for i in range(rows.size):
        known = table[rows[i], 0]
        turned[0, i] = known & low
        turned[1, i] = (known >> bits) & low
        turned[2, i] = known >> (2 * bits)
        turned[3, i] = table[rows[i], 1]
    return turned
