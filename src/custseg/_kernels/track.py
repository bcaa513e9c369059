"""Orders folded period after period, and the label of each customer at each end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from custseg._kernels._jit import inlined, kernel, prefetch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Words = NDArray[np.uint64]

__all__ = ["ABSENT", "LATEST", "NEVER", "STILL", "advance", "count", "label", "part", "stays"]

NEVER = -(2**63)
"""The last instant of a customer without orders."""

LATEST = 2**63 - 1
"""The first instant of a customer without orders."""

ABSENT = 255
"""The code of who is not a customer yet."""

STILL = -(2**31)
"""The day on which a stay ends that has not ended."""

# An index that cannot be below 0 needs no look at the length of what it is of.
_unsigned: Any = np.uint64

# Columns of a window without those of spend without returns.
_NET = 2
# Rows of one batch, asked for ahead: enough to outlast a wait for memory.
_AHEAD = 256
_BLOCK = 256


@kernel
def _bucket(at: int, cuts: Ints, guesses: Ints, shift: int) -> int:
    """How many cuts lie at or before an instant."""
    if at < cuts[0]:
        return 0
    place = min((at - cuts[0]) >> shift, guesses.size - 1)
    found = int(guesses[place])
    while found < cuts.size and cuts[found] <= at:
        found += 1
    return found


@kernel
def count(instants: Ints, cuts: Ints, guesses: Ints, shift: int) -> Ints:
    """How many rows lie before the first cut, between cuts, after the last.

    Args:
        instants: int64[n], any order.
        cuts: int64[c], ascending, one at least: instants at which buckets begin.
        guesses: int64[g], a lower bound of the bucket of the instants that
            are (i << shift) and more after the first cut; the last holds on.
        shift: Microseconds of a guess, as a power of two.

    Returns:
        int64[c + 1]. Cost: one pass, a look at one guess a row.
        Twin: naive.track.count.
    """
    counts = np.zeros(cuts.size + 1, np.int64)
    for i in range(instants.size):
        counts[_bucket(instants[i], cuts, guesses, shift)] += 1
    return counts


@kernel
def part(
    ids: Ints,
    instants: Ints,
    totals: Ints,
    cuts: Ints,
    guesses: Ints,
    shift: int,
    places: Ints,
    parted: Ints,
    amounts: Ints,
) -> tuple[Ints, Ints]:
    """Rows put into the bucket they belong to, in the order they have.

    Args:
        ids: int64[n].
        instants: int64[n], any order.
        totals: int64[n, 2], the low word first; they fit it.
        cuts: int64[c], as `count` takes them.
        guesses: int64[g], as well.
        shift: As well.
        places: int64[c + 1], where each bucket's next row goes.
            Rows from the last cut on go nowhere.
        parted: int64[2, m], ids and instants; it is changed.
        amounts: int64[m, 1], the low words of totals; it is changed.

    Returns:
        `parted` and `amounts`. Cost: one pass, a stream to write for each bucket.
        Twin: naive.track.part.
    """
    free = places.copy()
    for i in range(ids.size):
        bucket = _bucket(instants[i], cuts, guesses, shift)
        if bucket < cuts.size:
            place = free[bucket]
            parted[0, place] = ids[i]
            parted[1, place] = instants[i]
            amounts[place, 0] = totals[i, 0]
            free[bucket] = place + 1
    return parted, amounts


@inlined
def _row(identity: int, lowest: int, words: Words, ranks: Ints) -> np.uint64:
    """The row of an id; a number beyond all rows for one that is not among them."""
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
    return np.uint64(ranks[word] + np.int64(below & np.uint64(0x7F)))


@kernel
def advance(
    state: Ints,
    ids: Ints,
    instants: Ints,
    totals: Ints,
    lowest: int,
    words: Words,
    ranks: Ints,
    moves: Ints,
) -> Ints:
    """Fold the rows that come into windows, and take out those that leave them.

    Args:
        state: int64[rows, 2 + k * 2 or 3]: last order, first order, then for
            each window orders, spend and, if there is room for it, spend
            without returns; it is changed.
        ids: int64[n].
        instants: int64[n].
        totals: int64[n, 1 or 2], smallest units, the low word first; below
            zero is a return. Sums of them fit that word: the caller has made
            sure.
        lowest: The smallest id of the bitmap; without one, the id of row 0.
        words: uint64[w] bitmap of the ids that occur, or empty: then a
            customer's row is its distance from `lowest`.
        ranks: int64[w], ids that occur before each word, less the rows before
            row 0 when only some of the customers are here.
        moves: int64[k, 4]: rows [0, 1) of each window come, rows [2, 3) leave.
            What leaves came before, and what comes came into the first one.
            Rows of customers who have none in `state` do neither.

    Returns:
        `state`. Cost: one random access for each row that moves.
        Twin: naive.track.advance.
    """
    step = (state.shape[1] - 2) // moves.shape[0]
    beyond = np.uint64(state.shape[0])
    # Rows of a few orders are known, and those of others left out, before the first of them is
    # changed: by then they are in cache, and nothing is guessed.
    ours = np.empty(_AHEAD, np.int64)
    rows = np.empty(_AHEAD, np.uint64)
    for side in range(2 * moves.shape[0]):
        slot = 2 + (side >> 1) * step
        leaves = side & 1
        sign = 1 - 2 * leaves
        start, stop = moves[side >> 1, 2 * leaves], moves[side >> 1, 2 * leaves + 1]
        for low in range(start, stop, _AHEAD):
            known = 0
            for i in range(low, min(low + _AHEAD, stop)):
                identity: Any = ids[_unsigned(i)]
                row = _row(identity, lowest, words, ranks)
                ours[_unsigned(known)], rows[_unsigned(known)] = i, row
                prefetch(state, min(row, beyond))
                known += np.int64(row < beyond)
            for k in range(known):
                i, row = _unsigned(ours[k]), rows[k]
                at, total = instants[i], totals[i, 0]
                bought = total >= 0
                # What leaves, or comes into a second window, has been here: it changes neither.
                state[row, 0] = max(state[row, 0], at if bought else NEVER)
                state[row, 1] = min(state[row, 1], at if bought else LATEST)
                state[row, slot] += sign * np.int64(bought)
                state[row, slot + 1] += sign * total
                if step > _NET:
                    state[row, slot + 2] += sign * max(total, 0)
    return state


@kernel
def label(
    state: Ints,
    period: int,
    entered: Ints,
    slots: Ints,
    sides: Ints,
    starts: Ints,
    names: NDArray[np.uint8],
    out: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """The label of each customer at the end of a period.

    Args:
        state: int64[rows, 2 + k * 2], as `advance` leaves it.
        period: Which one it is.
        entered: int64[rows], the first period at whose end each is a customer
            whatever it ordered; or empty, when nobody is.
        slots: int64[a], the column of `state` that each axis reads: one that
            is LATEST for nobody, so not the first order.
        sides: int64[a, 3], for each axis: how many starts cut it, where in
            `starts` they begin, and how much further those of the next cell
            (of the axes before) begin: 0 when all share them.
        starts: int64[s], ascending within a cell.
        names: uint8[cells], the label of each cell, the last axis fastest.
        out: uint8[rows]; it is changed.

    Returns:
        `out`, ABSENT before a customer enters. Cost: some 40 instructions a
        customer for three axes of four starts.
        Twin: naive.track.label.
    """
    rows = state.shape[0]
    # As many customers as stay in the first cache, so that four starts at a time meet all of
    # them in one vectorised loop.
    values = np.empty(_BLOCK, np.int64)
    reached = np.empty(_BLOCK, np.int64)
    cell = np.empty(_BLOCK, np.int64)
    for low in range(0, rows, _BLOCK):
        size = min(rows - low, _BLOCK)
        cell[:] = 0
        for axis in range(slots.size):
            slot, many = slots[axis], sides[axis, 0]
            first, further = sides[axis, 1], sides[axis, 2]
            for i in range(size):
                values[i] = state[_unsigned(low + i), slot]
            if further == 0:
                stop = first + many
                for k in range(first, stop, 4):
                    a = starts[k] if k < stop else LATEST
                    b = starts[k + 1] if k + 1 < stop else LATEST
                    c = starts[k + 2] if k + 2 < stop else LATEST
                    d = starts[k + 3] if k + 3 < stop else LATEST
                    before = many + 1 if k == first else 1
                    for i in range(size):
                        value = values[i]
                        cell[i] = (
                            cell[i] * before
                            + np.int64(value >= a)
                            + np.int64(value >= b)
                            + np.int64(value >= c)
                            + np.int64(value >= d)
                        )
                continue
            for i in range(size):
                reached[i] = 0
            for k in range(first, first + many):
                for i in range(size):
                    start = starts[k + cell[i] * further]
                    reached[i] += np.int64(values[i] >= start)
            for i in range(size):
                cell[i] = cell[i] * (many + 1) + reached[i]
        for i in range(size):
            row = _unsigned(low + i)
            gone = (state[row, 2] | state[row, 3]) == 0
            if entered.size > 0:
                gone &= entered[row] > period
            # Whoever is gone is ABSENT: all bits are set.
            out[row] = np.uint8(names[_unsigned(cell[i])] | -np.int64(gone))
    return out


@kernel
def stays(
    codes: NDArray[np.uint16],
    absent: int,
    days: Ints,
    low: int,
    high: int,
    place: int,
    whose: NDArray[np.uint32],
    spans: NDArray[np.int32],
    dwells: Ints,
) -> int:
    """How long some customers stayed where: a row whenever a label is another than before.

    Args:
        codes: uint16[p, rows], labels of each period.
        absent: The code of who is not a customer yet.
        days: int64[p], the day at the end of each period.
        low: The first customer that is asked for.
        high: The one after the last.
        place: Where their rows begin.
        whose: uint32[2, m], customers and labels; it is changed.
        spans: int32[2, m], the day of the first period and that of the first
            one of the next stay, or STILL; it is changed.
        dwells: int64[m], days from one to the other, or to the last one; it is
            changed.

    Returns:
        The row after their last one. Cost: a few instructions a label, and a
        row written for each stay; nothing is guessed.
        Twin: naive.track.stays.
    """
    periods = codes.shape[0]
    last = days[periods - 1]
    begins = np.empty(periods + 1, np.int64)
    for customer in range(low, high):
        known, before = 0, absent
        for p in range(periods):
            code = np.int64(codes[p, _unsigned(customer)])
            begins[_unsigned(known)] = p
            known += np.int64((code != before) & (code != absent))
            before = code
        begins[known] = periods
        for k in range(known):
            p, until = begins[k], begins[k + 1]
            row = _unsigned(place + k)
            ends = until == periods
            left = last if ends else days[until]
            whose[0, row], whose[1, row] = customer, codes[p, _unsigned(customer)]
            spans[0, row], spans[1, row] = days[p], STILL if ends else left
            dwells[row] = left - days[p]
        place += int(known)
    return place
