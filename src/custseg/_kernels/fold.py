"""Orders folded to a row for each customer, in one pass and without a sort."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from custseg._kernels._jit import kernel, prefetch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Words = NDArray[np.uint64]

__all__ = [
    "LATEST",
    "NEVER",
    "by_day",
    "columns",
    "fold",
    "largest",
    "mark",
    "merge",
    "number",
    "places",
    "rhythm",
]

NEVER = -(2**63)
"""The last instant of a customer without orders."""

LATEST = 2**63 - 1
"""The first instant of a customer without orders."""

# Rows asked for ahead: enough to outlast a wait for memory. The ring holds more, a power of two.
_AHEAD = 32
_RING = 64
# Numbers of a cache line.
_LINE = 8

_SECOND = 1_000_000


@kernel
def mark(ids: Ints, lowest: int, size: int) -> Words:
    """A bitmap of the ids that occur.

    Args:
        ids: int64[n], each from `lowest` to `lowest + size - 1`.
        lowest: int64, the smallest id.
        size: int64, how many ids the range has.

    Returns:
        uint64[ceil(size / 64)]: bit k of word w stands for `lowest + 64 w + k`.
        Cost: one pass; the bitmap of a range of 7 million stays in cache.
        Twin: naive.fold.mark.
    """
    words = np.zeros((size + 63) >> 6, np.uint64)
    one = np.uint64(1)
    for i in range(ids.size):
        place = ids[i] - lowest
        words[place >> 6] |= one << np.uint64(place & 63)
    return words


@kernel
def places(words: Words, count: int) -> Ints:
    """Which bits of a bitmap are set.

    Args:
        words: uint64[w], as `mark` gives it.
        count: int64, how many bits are set.

    Returns:
        int64[count], ascending. Cost: a step a word and a set bit.
        Twin: naive.fold.places.
    """
    found = np.empty(count, np.int64)
    one = np.uint64(1)
    at = 0
    for word in range(words.size):
        left = words[word]
        while left > 0:
            rest = left & (left - one)
            # Bits below the lowest that is set: its place in the word.
            below = (left ^ rest) - one
            below -= (below >> one) & np.uint64(0x5555555555555555)
            below = (below & np.uint64(0x3333333333333333)) + (
                (below >> np.uint64(2)) & np.uint64(0x3333333333333333)
            )
            below = (below + (below >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
            below += below >> np.uint64(8)
            below += below >> np.uint64(16)
            below += below >> np.uint64(32)
            found[at] = word * 64 + np.int64(below & np.uint64(0x7F))
            at += 1
            left = rest
    return found


@kernel
def number(keys: Words) -> tuple[Ints, Ints]:
    """Equal keys numbered from 0 on, in order of first appearance.

    Args:
        keys: uint64[n], hashes: their low bits are as good as random.

    Returns:
        int64[n], the number of each key, and int64[k], the first row of each
        number. Cost: one random access a row (open addressing, a third to two
        thirds full). Twin: naive.fold.number.
    """
    numbers = np.empty(keys.size, np.int64)
    firsts = np.empty(1024, np.int64)
    count = 0
    slots = 2048
    # A slot: a number + 1, 0 where there is none; the keys beside it, in one cache line.
    table = np.zeros((slots, 2), np.uint64)
    for i in range(keys.size):
        if i + _AHEAD < keys.size:
            prefetch(table, keys[i + _AHEAD] & np.uint64(slots - 1))
        key = keys[i]
        slot = np.int64(key & np.uint64(slots - 1))
        while table[slot, 1] != 0 and table[slot, 0] != key:
            slot = (slot + 1) & (slots - 1)
        if table[slot, 1] != 0:
            numbers[i] = np.int64(table[slot, 1]) - 1
            continue
        if count == firsts.size:
            more = np.empty(2 * count, np.int64)
            more[:count] = firsts
            firsts = more
            slots *= 2
            table = np.zeros((slots, 2), np.uint64)
            for known in range(count):
                old = keys[firsts[known]]
                slot = np.int64(old & np.uint64(slots - 1))
                while table[slot, 1] != 0:
                    slot = (slot + 1) & (slots - 1)
                table[slot, 0] = old
                table[slot, 1] = known + 1
            slot = np.int64(key & np.uint64(slots - 1))
            while table[slot, 1] != 0:
                slot = (slot + 1) & (slots - 1)
        table[slot, 0] = key
        table[slot, 1] = count + 1
        firsts[count] = i
        numbers[i] = count
        count += 1
    return numbers, firsts[:count].copy()


@kernel
def largest(totals: Ints) -> int:
    """How far from zero the totals reach.

    Args:
        totals: int64[n, 2], 128 bits each, the low word first; they fit it.

    Returns:
        int64, 0 for none. Cost: one pass. Twin: naive.fold.largest.
    """
    low, high = 0, 0
    for i in range(totals.shape[0]):
        low = min(low, totals[i, 0])
        high = max(high, totals[i, 0])
    return max(-low, high)


@kernel
def _row(identity: int, lowest: int, words: Words, ranks: Ints) -> np.uint64:
    """The row of an id: its distance from the lowest, or its rank in a bitmap.

    Args:
        identity: int64, at least `lowest`.
        lowest: int64, the smallest id.
        words: uint64[w] bitmap of the ids that occur, or empty.
        ranks: int64[w], ids that occur before each word.

    Returns:
        uint64, so that no row counts from the end. Twin: naive.fold.fold.
    """
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
def fold(
    ids: Ints,
    instants: Ints,
    totals: Ints,
    lowest: int,
    words: Words,
    ranks: Ints,
    start: int,
    bits: int,
    lows: Ints,
    highs: Ints,
    gross: bool,  # noqa: FBT001 - kernels take their arguments by place
    out: Ints,
) -> Ints:
    """Per customer: last order, and orders and spend of each window, added to what is there.

    The table is what does not fit the cache, so its rows are as narrow as they
    can be: 16 bytes without further windows. 10M orders of 1M customers took a
    third of the time of rows of 32.

    Args:
        ids: int64[n], each from `lowest` on.
        instants: int64[n], any order, none before `start`.
        totals: int64[n, 2], smallest units in 128 bits, the low word first;
            below zero is a return. Sums of them fit the low word: the caller
            has made sure (`largest`).
        lowest: int64, the smallest id.
        words: uint64[w] bitmap of the ids that occur (`mark`), or empty: then
            a customer's row is its distance from `lowest`.
        ranks: int64[w], ids that occur before each word.
        start: int64, a whole second in microseconds.
        bits: int64, what the number of orders needs; the seconds from `start`
            on fit into the rest.
        lows: int64[k], first instant of each window; the first window has
            none and holds all that is seen.
        highs: int64[k], last instant of each window; rows later than the
            first one's are not seen at all.
        gross: bool, whether to add up the totals of orders without returns.
        out: int64[c, k * (2 + gross)], or one column more: then that is the
            first order, LATEST before any. All else is 0 before any order.

    Returns:
        `out`: for each window orders, spend and, if asked for, gross. Above the
        `bits` of the first window's orders stands the second of the last one,
        counted from `start`. Cost: one random access a row.
        Twin: naive.fold.fold.
    """
    step = 3 if gross else 2
    since = lows.size * step
    seen, counted = highs[0], (np.int64(1) << bits) - 1
    # Rows are known some orders ahead, so that they are in cache when they are changed: where
    # they are wider than a line of it, their ends as well.
    ends, wide = out[:, out.shape[1] - 1 :], out.shape[1] > _LINE
    ring = np.empty(_RING, np.uint64)
    for i in range(min(_AHEAD, ids.size)):
        ring[i] = _row(ids[i], lowest, words, ranks)
    for i in range(ids.size):
        row = ring[i & (_RING - 1)]
        if i + _AHEAD < ids.size:
            later = _row(ids[i + _AHEAD], lowest, words, ranks)
            ring[(i + _AHEAD) & (_RING - 1)] = later
            prefetch(out, later)
            if wide:
                prefetch(ends, later)
        at = instants[i]
        if at > seen:
            continue
        total = totals[i, 0]
        bought = total >= 0
        # Selected, not branched: the processor cannot guess whether an order is the latest.
        second = np.int64(np.uint64(at - start) // np.uint64(_SECOND)) if bought else np.int64(0)
        known = out[row, 0]
        out[row, 0] = (max(known >> bits, second) << bits) | ((known & counted) + np.int64(bought))
        out[row, 1] += total
        if gross:
            out[row, 2] += max(total, 0)
        for k in range(1, lows.size):
            # Branched: most orders lie before a window, and leave the rest of a wide row alone.
            if lows[k] <= at <= highs[k]:
                slot = k * step
                out[row, slot] += np.int64(bought)
                out[row, slot + 1] += total
                if gross:
                    out[row, slot + 2] += max(total, 0)
        if since < out.shape[1]:
            out[row, since] = min(out[row, since], at if bought else LATEST)
    return out


@kernel
def merge(left: Ints, right: Ints, bits: int, sums: int) -> Ints:
    """Two folds of parts of the same orders as one.

    Args:
        left: int64[c, w] as `fold` gives it; it is changed.
        right: int64[c, w].
        bits: As `fold` took it.
        sums: int64, how many columns are sums; a further one is the first order.

    Returns:
        `left`: latest, sums, and earliest. Twin: naive.fold.merge.
    """
    counted = (np.int64(1) << bits) - 1
    for row in range(left.shape[0]):
        one, other = left[row, 0], right[row, 0]
        last = max(one >> bits, other >> bits)
        left[row, 0] = (last << bits) | ((one & counted) + (other & counted))
        for slot in range(1, sums):
            left[row, slot] += right[row, slot]
        for slot in range(sums, left.shape[1]):
            left[row, slot] = min(left[row, slot], right[row, slot])
    return left


@kernel
def columns(table: Ints, rows: Ints, turned: Ints) -> Ints:
    """Some rows of a fold, turned so that each column is in one piece.

    Args:
        table: int64[n, w] as `fold` gives it.
        rows: int64[m], each from 0 to n - 1.
        turned: int64[w, m], room for the result.

    Returns:
        `turned`. Cost: the table is read once, a strided copy would read it
        for each column. Twin: naive.fold.columns.
    """
    for i in range(rows.size):
        row = rows[i]
        for slot in range(table.shape[1]):
            turned[slot, i] = table[row, slot]
    return turned


@kernel
def by_day(
    ids: Ints, days: Ints, totals: Ints, first: int, many: int, put: Ints, amounts: Ints
) -> tuple[Ints, Ints]:
    """Rows put in order of their days, those of a day in the order they have.

    Args:
        ids: int64[n].
        days: int64[n], from `first` to `first + many - 1`.
        totals: int64[n, 2].
        first: The first day.
        many: How many days there are.
        put: int64[2, n], room for ids and days.
        amounts: int64[n, 2], room for totals.

    Returns:
        `put` and `amounts`. Cost: two passes, a stream to write for each day.
        Twin: naive.fold.by_day.
    """
    free = np.zeros(many + 1, np.int64)
    for i in range(days.size):
        free[days[i] - first + 1] += 1
    for day in range(many):
        free[day + 1] += free[day]
    for i in range(days.size):
        place = free[days[i] - first]
        free[days[i] - first] = place + 1
        put[0, place] = ids[i]
        put[1, place] = days[i]
        amounts[place, 0] = totals[i, 0]
        amounts[place, 1] = totals[i, 1]
    return put, amounts


@kernel
def rhythm(
    ids: Ints,
    days: Ints,
    totals: Ints,
    lowest: int,
    words: Words,
    ranks: Ints,
    firsts: Ints,
    lasts: Ints,
    out: Ints,
) -> Ints:
    """Days with an order, and the gaps between them, of each customer.

    Args:
        ids: int64[n], as `fold` takes them.
        days: int64[n], local days, ascending.
        totals: int64[n, 2], smallest units in 128 bits, the low word first;
            below zero is a return, which makes no day.
        lowest: As `fold` takes it.
        words: As well.
        ranks: As well.
        firsts: int64[k], first day of each window.
        lasts: int64[k], last day of each window.
        out: int64[n, 2 + 3 * k], room for the result.

    Returns:
        `out`: last day with an order (NEVER without one), days since the one
        before (0 without one), then for each window days with an order, the
        sum of the gaps between them, and of the gaps squared. Cost: one random
        access a row. Twin: naive.fold.rhythm.
    """
    out[:, 0] = NEVER
    out[:, 1:] = 0
    # Rows are known some orders ahead, so that they are in cache when they are changed.
    ring = np.empty(_RING, np.uint64)
    for i in range(min(_AHEAD, ids.size)):
        ring[i] = _row(ids[i], lowest, words, ranks)
    for i in range(ids.size):
        row = ring[i & (_RING - 1)]
        if i + _AHEAD < ids.size:
            later = _row(ids[i + _AHEAD], lowest, words, ranks)
            ring[(i + _AHEAD) & (_RING - 1)] = later
            prefetch(out, later)
        day, before = days[i], out[row, 0]
        if totals[i, 0] < 0 or day == before:
            continue
        gap = day - before if before != NEVER else 0
        out[row, 0] = day
        out[row, 1] = gap
        for k in range(firsts.size):
            if firsts[k] <= day <= lasts[k]:
                slot = 2 + 3 * k
                out[row, slot] += 1
                if before >= firsts[k]:
                    out[row, slot + 1] += gap
                    out[row, slot + 2] += gap * gap
    return out
