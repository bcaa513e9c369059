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

# Columns of a lot in scratch. A member's open lots come first, by (end, row), then those
# that wait, by (opening, row). _UPTO counts a lot's points and those of all lots before it:
# points go from the front on, so one number, `gone`, says what is left of each lot.
_UPTO, _ENDS, _OPENS, _MADE = range(4)


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
def _sink(held: Ints, first: int, place: int, gone: int, column: int) -> None:
    """Move the lot at `place` forward in held[first:place], sorted by (column, row)."""
    while place > first:
        early, late = held[place - 1, column], held[place, column]
        if early < late or (early == late and held[place - 1, _MADE] < held[place, _MADE]):
            break
        points = held[place, _UPTO] - max(gone, held[place - 1, _UPTO])
        before = max(gone, held[place - 2, _UPTO]) if place > 1 else gone
        held[place - 1, _UPTO] = before + points
        for each in range(_ENDS, _MADE + 1):
            kept = held[place, each]
            held[place, each] = held[place - 1, each]
            held[place - 1, each] = kept
        place -= 1


@kernel
def _note(takings: Ints, taken: int, taker: int, made: int, points: int) -> int:
    """Write one taking down; how many there are now."""
    takings[taken, 0] = taker
    takings[taken, 1] = made
    takings[taken, 2] = points
    return taken + 1


@kernel
def _spend(
    held: Ints, head: int, gone: int, asked: int, row: int, takings: Ints, taken: int
) -> tuple[int, int]:
    """Write down which lots a request takes from; the new head, how many takings there are."""
    while asked > 0:
        part = min(asked, held[head, _UPTO] - gone)
        if part > 0:
            taken = _note(takings, taken, row, held[head, _MADE], part)
            gone += part
            asked -= part
        if held[head, _UPTO] <= gone:
            head += 1
    return head, taken


@kernel
def _spend_oldest(
    held: Ints,
    span: tuple[int, int, int],
    gone: int,
    asked: int,
    row: int,
    takings: Ints,
    taken: int,
) -> int:
    """Take from open lots as they were made, not as they stand; how many takings there are."""
    head, opened, last = span
    while asked > 0:
        best, part, before = head, 0, gone
        for place in range(head, opened):
            left = held[place, _UPTO] - before
            if left > 0:
                before += left
                if part == 0 or held[place, _MADE] < held[best, _MADE]:
                    best, part = place, left
        part = min(part, asked)
        asked -= part
        for place in range(best, last):
            held[place, _UPTO] -= part
        if takings.shape[0] > 0:
            taken = _note(takings, taken, row, held[best, _MADE], part)
    return taken


@kernel
def _close(
    totals: Ints,
    member: int,
    held: Ints,
    span: tuple[int, int, int],
    gone: int,
    earned: int,
    redeemed: int,
    tangled: bool,  # noqa: FBT001 - numba knows positions only
) -> None:
    """Write down what a member has at the end."""
    head, opened, last = span
    available = held[opened - 1, _UPTO] - gone if opened > 0 else 0
    outstanding = held[last - 1, _UPTO] - gone if last > 0 else 0
    ends, points, before = NEVER, 0, gone
    for place in range(head, last):
        left, end = held[place, _UPTO] - before, held[place, _ENDS]
        if left <= 0:
            continue
        before += left
        if end < ends:
            ends, points = end, left
        elif end == ends < NEVER:
            points += left
        elif not tangled:
            break
    totals[member, AVAILABLE], totals[member, PENDING] = available, outstanding - available
    totals[member, EARNED], totals[member, REDEEMED] = earned, redeemed
    totals[member, EXPIRED] = earned - redeemed - outstanding
    totals[member, NEXT_AT], totals[member, NEXT_POINTS] = ends, points


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
    room: tuple[Ints, NDArray[np.bool_], Ints],
) -> tuple[int, int]:
    """Fold each member's grants and requests into lots.

    Args:
        offsets: int64[m + 1]; member k owns rows offsets[k]:offsets[k + 1].
        at: int64[n], instants, ascending within a member. Trusted.
        rank: int64[n], what a row is: ORDER and ACTION grant, REDEEM asks,
            anything else does nothing.
        points: int64[n], granted or asked for, not negative; 0 does nothing.
        day: int64[n], the row's local day as an index of the two tables; it
            may go back where clocks do.
        opens: int64[d], first instant at which points of a day can be spent;
            one that is past counts as at once.
        ends: int64[d], first instant at which they no longer can, after
            `opens` and all instants of the day, or NEVER.
        until: The last instant that counts; no row lies after it.
        oldest_first: Spend lots as they were made, not as they end.
        room: What is written. numpy allocates it, since numpy asks for huge
            pages and numba does not, and page faults were half the time.
            totals: int64[m, TOTALS]; NEXT_AT becomes NEVER where nothing ends.
            refused: bool[n], all False; True becomes each request that the
            available points do not cover.
            takings: int64[n, 3], or int64[0, 3] to do without: who takes (the
            row of a request, or -1 - i for a lot that lapses before row i),
            the row that made the lot, how many points.

    Returns:
        How many takings there are, and the first row whose grant takes the
        member's sum past int64 (then all else is void), or -1.
        Cost: a few ns a row; with takings twice that. A lot is made and
        emptied once, so there are at most n takings. Lots that end in another
        order than they were made cost a move each. Twin: naive.lots.fold_lots.
    """
    totals, refused, takings = room
    widest = 0
    for member in range(offsets.size - 1):
        widest = max(widest, offsets[member + 1] - offsets[member])
    held = np.empty((widest, 4), np.int64)
    record = takings.shape[0] > 0
    taken = 0
    for member in range(offsets.size - 1):
        head = opened = last = gone = upto = earned = redeemed = 0
        tangled = False  # whether lots end or open in another order than they were made
        walk = offsets[member]
        # One round more than there are rows: it goes on to `until`.
        for i in range(offsets[member], offsets[member + 1] + 1):
            now, act = until, NOTHING
            if i < offsets[member + 1]:
                now, act = at[i], rank[i]
            if ORDER <= act <= ACTION:
                granted = points[i]
                if granted > NEVER - earned:
                    return taken, i
                if granted > 0:
                    earned += granted
                    upto += granted
                    end, opening = ends[day[i]], opens[day[i]]
                    held[last, _UPTO], held[last, _ENDS] = upto, end
                    held[last, _OPENS], held[last, _MADE] = opening, i
                    before = last - 1
                    if last > 0 and (held[before, _ENDS] > end or held[before, _OPENS] > opening):
                        tangled = True
                        _sink(held, opened, last, gone, _OPENS)
                    elif opening <= now and opened == last:
                        opened += 1
                    last += 1
                continue
            # Grants change nothing that opens or ends before them: time moves on here.
            while opened < last and held[opened, _OPENS] <= now:
                if tangled:
                    _sink(held, head, opened, gone, _ENDS)
                opened += 1
            while head < opened and held[head, _ENDS] <= now:
                left = held[head, _UPTO] - gone
                if left > 0:
                    gone += left
                    if record:
                        # It lapsed before the first row at or after its end.
                        while walk < i and at[walk] < held[head, _ENDS]:
                            walk += 1
                        taken = _note(takings, taken, -1 - walk, held[head, _MADE], left)
                head += 1
            if act == REDEEM:
                asked = points[i]
                if opened == 0 or asked > held[opened - 1, _UPTO] - gone:
                    refused[i - offsets[0]] = asked > 0
                    continue
                redeemed += asked
                if oldest_first and tangled:
                    span = (head, opened, last)
                    taken = _spend_oldest(held, span, gone, asked, i, takings, taken)
                    upto -= asked
                    continue
                if record:
                    head, taken = _spend(held, head, gone, asked, i, takings, taken)
                gone += asked
        _close(totals, member, held, (head, opened, last), gone, earned, redeemed, tangled)
    return taken, -1
