"""Points as lots: one pass over each member's events, in the order of things."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from custseg._kernels._jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

__all__ = [
    "ACTION",
    "AVAILABLE",
    "EARNED",
    "EXPIRED",
    "NEVER",
    "NEXT_AT",
    "NEXT_POINTS",
    "NOTHING",
    "ORDER",
    "PENDING",
    "REDEEM",
    "REDEEMED",
    "TOTALS",
    "fold_lots",
    "interleave",
]

NEVER = 2**63 - 1
"""The end of a lot that does not expire; also the largest sum there may be."""

# What an event is, by its rank among the events of one instant (0 tier review,
# 1 activation, 2 expiry, 3 opening, 4 care, 7 adjust, 8 refund, 10 cancel, 11 close).
NOTHING = -1
ORDER = 5
ACTION = 6
REDEEM = 9

# Columns of the totals.
AVAILABLE, PENDING, EARNED, REDEEMED, EXPIRED, NEXT_AT, NEXT_POINTS = range(7)
TOTALS = 7

# Columns of a lot in scratch.
_LEFT, _ENDS, _MADE, _OPENS = range(4)


@kernel
def interleave(
    left_offsets: Ints,
    left_at: Ints,
    left_rank: Ints,
    right_offsets: Ints,
    right_at: Ints,
    right_rank: Ints,
) -> tuple[Ints, Ints]:
    """The order of two logs folded as one, by (member, instant, rank).

    Args:
        left_offsets: int64[m + 1]; member k owns left rows
            left_offsets[k]:left_offsets[k + 1].
        left_at: int64[n], ascending within a member, as is its rank at one
            instant. Trusted.
        left_rank: int64[n].
        right_offsets: int64[m + 1], of the same members.
        right_at: int64[p].
        right_rank: int64[p].

    Returns:
        int64[m + 1] offsets and int64[n + p] rows in their new order; rows of
        the right log count from n on. Equal keys: left first.
        Cost: one comparison a row. Twin: naive.lots.interleave.
    """
    members = left_offsets.size - 1
    offsets = np.empty(members + 1, np.int64)
    rows = np.empty(left_at.size + right_at.size, np.int64)
    place = 0
    for member in range(members):
        offsets[member] = place
        i, left_stop = left_offsets[member], left_offsets[member + 1]
        j, right_stop = right_offsets[member], right_offsets[member + 1]
        while i < left_stop or j < right_stop:
            right = i == left_stop
            if i < left_stop and j < right_stop:
                right = right_at[j] < left_at[i] or (
                    right_at[j] == left_at[i] and right_rank[j] < left_rank[i]
                )
            if right:
                rows[place] = left_at.size + j
                j += 1
            else:
                rows[place] = i
                i += 1
            place += 1
    offsets[members] = place
    return offsets, rows


@kernel
def _enter(queue: Ints, head: int, tail: int, left: int, ends: int, made: int) -> int:
    """Put a lot into queue[head:tail], sorted by (ends, made); its place.

    The queue grows by one at its tail.
    """
    place = tail
    while place > head and (
        queue[place - 1, _ENDS] > ends
        or (queue[place - 1, _ENDS] == ends and queue[place - 1, _MADE] > made)
    ):
        queue[place, _LEFT] = queue[place - 1, _LEFT]
        queue[place, _ENDS] = queue[place - 1, _ENDS]
        queue[place, _MADE] = queue[place - 1, _MADE]
        place -= 1
    queue[place, _LEFT] = left
    queue[place, _ENDS] = ends
    queue[place, _MADE] = made
    return place


@kernel
def _note(takings: Ints, taken: int, taker: int, made: int, points: int) -> int:
    """Write one taking down; how many there are now."""
    takings[taken, 0] = taker
    takings[taken, 1] = made
    takings[taken, 2] = points
    return taken + 1


@kernel
def _oldest(queue: Ints, head: int, tail: int) -> int:
    """Place of the lot with units left that was made first."""
    best = head
    for place in range(head + 1, tail):
        if queue[place, _LEFT] > 0 and (
            queue[best, _LEFT] == 0 or queue[place, _MADE] < queue[best, _MADE]
        ):
            best = place
    return best


@kernel
def _next_end(
    queue: Ints, head: int, tail: int, waiting: Ints, first: int, last: int
) -> tuple[int, int]:
    """When the next points end (NEVER if none do), and how many."""
    ends, points = NEVER, 0
    for place in range(head, tail):
        if queue[place, _LEFT] > 0:
            ends = queue[place, _ENDS]
            break
    for place in range(first, last):
        ends = min(ends, waiting[place, _ENDS])
    if ends == NEVER:
        return ends, points
    for place in range(head, tail):
        if queue[place, _ENDS] > ends:
            break
        points += queue[place, _LEFT]
    for place in range(first, last):
        if waiting[place, _ENDS] == ends:
            points += waiting[place, _LEFT]
    return ends, points


@kernel
def fold_lots(
    offsets: Ints,
    at: Ints,
    rank: Ints,
    points: Ints,
    day: Ints,
    opens: Ints,
    ends: Ints,
    until: int,
    oldest_first: bool,  # noqa: FBT001 - numba knows positions only
    record: bool,  # noqa: FBT001
) -> tuple[Ints, NDArray[np.bool_], Ints, int]:
    """Fold each member's grants and requests into lots.

    Args:
        offsets: int64[m + 1]; member k owns rows offsets[k]:offsets[k + 1].
        at: int64[n], instants, ascending within a member. Trusted.
        rank: int64[n], what a row is: ORDER and ACTION grant, REDEEM asks,
            anything else does nothing.
        points: int64[n], granted or asked for, not negative; 0 does nothing.
        day: int64[n], the row's local day as an index of the two tables.
        opens: int64[d], first instant at which points of a day can be spent,
            ascending; one that is past counts as at once.
        ends: int64[d], first instant at which they no longer can, after
            `opens`, or NEVER.
        until: The last instant that counts; no row lies after it.
        oldest_first: Spend lots as they were made, not as they end.
        record: Whether to write down the takings.

    Returns:
        totals: int64[m, TOTALS], NEXT_AT is NEVER where nothing ends.
        refused: bool[n], requests that the available points do not cover.
        takings: int64[t, 3], in order: who takes (the row of a request, or
            -1 - i for a lot that lapses before row i), the row that made
            the lot, how many points.
        broken: The first row whose grant takes the member's sum past int64
            (then all else is void), or -1.
        Cost: a few ns a row without takings. A lot is made and emptied once,
        so there are at most n takings. Twin: naive.lots.fold_lots.
    """
    members = offsets.size - 1
    base = offsets[0]
    widest = 0
    for member in range(members):
        widest = max(widest, offsets[member + 1] - offsets[member])
    queue = np.empty((widest, 3), np.int64)
    waiting = np.empty((widest, 4), np.int64)
    totals = np.empty((members, TOTALS), np.int64)
    refused = np.zeros(offsets[members] - base, np.bool_)
    takings = np.empty((offsets[members] - base if record else 0, 3), np.int64)
    taken = 0
    for member in range(members):
        head = tail = first = last = 0
        available = pending = earned = redeemed = expired = 0
        tangled = False  # whether the queue is in another order than the lots were made
        # One round more than there are rows: it goes on to `until`.
        for i in range(offsets[member], offsets[member + 1] + 1):
            now, act = until, NOTHING
            if i < offsets[member + 1]:
                now, act = at[i], rank[i]
            # Grants change nothing that ends or opens before them, so unless each
            # lapse has to be written in its place, time moves on when it matters.
            grants = ORDER <= act <= ACTION
            due = record or not grants
            while due and first < last and waiting[first, _OPENS] <= now:
                left, made = waiting[first, _LEFT], waiting[first, _MADE]
                place = _enter(queue, head, tail, left, waiting[first, _ENDS], made)
                tangled = tangled or place < tail
                tail += 1
                first += 1
                pending -= left
                available += left
            while due and head < tail and (queue[head, _ENDS] <= now or queue[head, _LEFT] == 0):
                left = queue[head, _LEFT]
                if left > 0:
                    expired += left
                    available -= left
                    if record:
                        taken = _note(takings, taken, -1 - i, queue[head, _MADE], left)
                head += 1
            if act == REDEEM:
                asked = points[i]
                if asked > available:
                    refused[i - base] = True
                    continue
                redeemed += asked
                available -= asked
                while asked > 0:
                    place = head
                    if oldest_first and tangled:
                        place = _oldest(queue, head, tail)
                    part = min(asked, queue[place, _LEFT])
                    asked -= part
                    queue[place, _LEFT] -= part
                    if record and part > 0:
                        taken = _note(takings, taken, i, queue[place, _MADE], part)
                    if queue[head, _LEFT] == 0:
                        head += 1
            elif grants and points[i] > 0:
                granted = points[i]
                if granted > NEVER - earned:
                    return totals, refused, takings[:taken], i
                earned += granted
                if opens[day[i]] <= now:
                    end = int(ends[day[i]])
                    if tail == head or queue[tail - 1, _ENDS] <= end:
                        # Written out: nearly every lot comes this way.
                        queue[tail, _LEFT], queue[tail, _ENDS] = granted, end
                        queue[tail, _MADE] = i
                    else:
                        _enter(queue, head, tail, granted, end, i)
                        tangled = True
                    tail += 1
                    available += granted
                else:
                    waiting[last, _LEFT] = granted
                    waiting[last, _ENDS] = ends[day[i]]
                    waiting[last, _MADE] = i
                    waiting[last, _OPENS] = opens[day[i]]
                    last += 1
                    pending += granted
        totals[member, AVAILABLE], totals[member, PENDING] = available, pending
        totals[member, EARNED], totals[member, REDEEMED] = earned, redeemed
        totals[member, EXPIRED] = expired
        next_at, next_points = _next_end(queue, head, tail, waiting, first, last)
        totals[member, NEXT_AT], totals[member, NEXT_POINTS] = next_at, next_points
    return totals, refused, takings[:taken], -1
