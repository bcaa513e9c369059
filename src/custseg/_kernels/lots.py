"""Points as lots: one pass over each member's events, in the order of things."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from custseg._kernels._jit import bare, inlined, part

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    # An array of int64 too; its items are told as what they are.
    Slate = Any

__all__ = [
    "ACTION",
    "ADJUSTED",
    "AVAILABLE",
    "CARE",
    "CLAWED",
    "DEBT",
    "EARNED",
    "EXPIRED",
    "FORGIVEN",
    "LOT",
    "NEVER",
    "NEXT_AT",
    "NEXT_POINTS",
    "NOTHING",
    "ORDER",
    "PENDING",
    "REDEEM",
    "REDEEMED",
    "REFUND",
    "TOTALS",
    "fold_lots",
]

# An index that cannot be below 0 needs no look at the length of what it is of.
_unsigned: Any = np.uint64

NEVER = 2**63 - 1
"""The end of a lot that does not expire; also the largest sum there may be."""

# What an event is, by its rank among the events of one instant (0 tier review,
# 1 activation, 2 expiry, 3 opening, 7 adjust, 10 cancel, 11 close).
NOTHING = -1
CARE = 4
ORDER = 5
ACTION = 6
REFUND = 8
REDEEM = 9

# Why a request is refused, by its number among the reasons of a ledger.
_INSUFFICIENT = 6

# Columns of the totals; those of debts and of what was forgiven stay 0 here.
AVAILABLE, PENDING, EARNED, REDEEMED, EXPIRED, NEXT_AT, NEXT_POINTS = range(7)
DEBT, CLAWED, ADJUSTED, FORGIVEN = range(7, 11)
TOTALS = 11

# Columns of a lot in scratch. A member's open lots come first, by (end, row), then those
# that wait, by (opening, row). _UPTO counts a lot's points and those of all lots before it:
# points go from the front on, so one number, `gone`, says what is left of each lot. What a
# refund took from the middle is no longer counted.
_UPTO, _ENDS, _OPENS, _MADE, _CLAWED = range(5)
LOT = 5


@inlined
def _of(lot: int, column: int) -> int:
    """Where a number of a lot stands: the table is flat, its width known when code is made."""
    return _unsigned(lot * LOT + column)


@part
def _sink(held: Ints, first: int, place: int, gone: int, column: int) -> None:
    """Move the lot at `place` forward in held[first:place], sorted by (column, row)."""
    while place > first:
        early, late = held[_of(place - 1, column)], held[_of(place, column)]
        sooner = held[_of(place - 1, _MADE)] < held[_of(place, _MADE)]
        if early < late or (early == late and sooner):
            break
        points = held[_of(place, _UPTO)] - max(gone, held[_of(place - 1, _UPTO)])
        before = max(gone, held[_of(place - 2, _UPTO)]) if place > 1 else gone
        held[_of(place - 1, _UPTO)] = before + points
        for each in range(_ENDS, LOT):
            kept = held[_of(place, each)]
            held[_of(place, each)] = held[_of(place - 1, each)]
            held[_of(place - 1, each)] = kept
        place -= 1


@part
def _note(takings: Ints, taken: int, taker: int, made: int, points: int) -> int:
    """Write one taking down; how many there are now."""
    takings[taken, 0] = taker
    takings[taken, 1] = made
    takings[taken, 2] = points
    return taken + 1


@part
def _spend(
    held: Ints, head: int, gone: int, asked: int, row: int, takings: Ints, taken: int
) -> tuple[int, int]:
    """Write down which lots a request takes from; the new head, how many takings there are."""
    while asked > 0:
        part = min(asked, held[_of(head, _UPTO)] - gone)
        if part > 0:
            taken = _note(takings, taken, row, held[_of(head, _MADE)], part)
            gone += part
            asked -= part
        if held[_of(head, _UPTO)] <= gone:
            head += 1
    return head, taken


@part
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
            left = held[_of(place, _UPTO)] - before
            if left > 0:
                before += left
                if part == 0 or held[_of(place, _MADE)] < held[_of(best, _MADE)]:
                    best, part = place, left
        part = min(part, asked)
        asked -= part
        for place in range(best, last):
            held[_of(place, _UPTO)] -= part
        if takings.shape[0] > 0:
            taken = _note(takings, taken, row, held[_of(best, _MADE)], part)
    return taken


@inlined
def _make(
    held: Ints, span: tuple[int, int, int, int, int], end: int, opening: int, row: int
) -> tuple[int, bool]:
    """Put a lot last, and in order; how many are open, whether it is out of order."""
    opened, last, gone, upto, now = span
    held[_of(last, _UPTO)], held[_of(last, _ENDS)], held[_of(last, _CLAWED)] = upto, end, 0
    held[_of(last, _OPENS)], held[_of(last, _MADE)] = opening, row
    before = last - 1
    if last > 0 and (held[_of(before, _ENDS)] > end or held[_of(before, _OPENS)] > opening):
        _sink(held, opened, last, gone, _OPENS)
        return opened, True
    return opened + int(opening <= now and opened == last), False


@inlined
def _pass(
    held: Ints,
    at: Ints,
    takings: Ints,
    span: tuple[int, int, int, int],
    about: tuple[int, int, int, int],
    tangled: bool,  # noqa: FBT001 - as below
) -> tuple[int, int, int, int, int]:
    """Let time go by to a row: lots open, and those that end lapse."""
    head, opened, last, gone = span
    now, row, walk, taken = about
    while opened < last and held[_of(opened, _OPENS)] <= now:
        if tangled:
            _sink(held, head, opened, gone, _ENDS)
        opened += 1
    while head < opened and held[_of(head, _ENDS)] <= now:
        left = held[_of(head, _UPTO)] - gone
        if left > 0:
            gone += left
            if takings.shape[0] > 0:
                # It lapsed before the first row at or after its end.
                while walk < row and at[walk] < held[_of(head, _ENDS)]:
                    walk += 1
                taken = _note(takings, taken, -1 - walk, held[_of(head, _MADE)], left)
        head += 1
    return head, opened, gone, taken, walk


@part
def _unsay(refused: Ints, rank: Ints, start: int, stop: int) -> None:
    """What was refused of a member that another kernel folds."""
    for row in range(start, stop):
        if rank[row] == REDEEM:
            refused[row] = 0


@part
def _claim(held: Ints, span: tuple[int, int], gone: int, order: int, owed: int) -> int:
    """What a refund takes from its order's own lot; -1 where that lot has not enough."""
    head, last = span
    for place in range(last - 1, head - 1, -1):
        if held[_of(place, _MADE)] == order:
            due = owed - held[_of(place, _CLAWED)]
            before = max(gone, held[_of(place - 1, _UPTO)]) if place > 0 else gone
            left = held[_of(place, _UPTO)] - before
            if due > left or left == 0:
                return -1
            due = max(due, 0)
            held[_of(place, _CLAWED)] += due
            for later in range(place, last):
                held[_of(later, _UPTO)] -= due
            return due
    return -1


@inlined
def _close(
    totals: Ints, member: int, held: Ints, span: tuple[int, int, int, bool], sums: tuple[int, ...]
) -> None:
    """Write down what a member has at the end."""
    head, opened, last, tangled = span
    gone, came, adjusted, redeemed, clawed = sums
    available = held[_of(opened - 1, _UPTO)] - gone if opened > 0 else 0
    outstanding = held[_of(last - 1, _UPTO)] - gone if last > 0 else 0
    ends, points, before = NEVER, 0, gone
    for place in range(head, last):
        left, end = held[_of(place, _UPTO)] - before, held[_of(place, _ENDS)]
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
    totals[member, EARNED], totals[member, REDEEMED] = came - adjusted, redeemed
    totals[member, EXPIRED] = came - redeemed - clawed - outstanding
    totals[member, NEXT_AT], totals[member, NEXT_POINTS] = ends, points
    totals[member, DEBT], totals[member, CLAWED] = 0, clawed
    totals[member, ADJUSTED], totals[member, FORGIVEN] = adjusted, 0


@bare
def fold_lots(
    offsets: Ints,
    log: tuple[Slate, Slate, Slate, Slate, Slate, Slate],
    calendar: tuple[Slate, Slate],
    limits: Ints,
    until: int,
    oldest_first: bool,  # noqa: FBT001 - numba knows positions only
    room: tuple[Ints, Ints, Ints, Ints, Ints],
) -> tuple[int, int, int]:
    """Fold each member's grants and requests into lots.

    It folds whom lots are enough for: members with grants, care, requests, and
    refunds that their orders' own lots cover. The others are named, for a
    kernel that knows debts.

    Args:
        offsets: int64[m + 1]; member k owns rows offsets[k]:offsets[k + 1].
        log: int64[n] each. at: instants, ascending within a member, none after
            `until`; trusted. rank: what a row is; NOTHING does nothing. points:
            granted or asked for; 0 or less does nothing. extra: of a refund
            what it takes of the grant so far. refers: of a refund the row of
            its order, of a request the reward (-1: none). day: the row's local
            day as an index of the calendar; it may go back where clocks do.
        calendar: int64[d] each. opens: first instant at which points of a day
            can be spent; one that is past counts as at once. ends: first
            instant at which they no longer can, after `opens` and all instants
            of the day, or NEVER.
        limits: int64[rewards], how many a member may have; -1 for any number.
        until: The last instant that counts.
        oldest_first: Spend lots as they were made, not as they end.
        room: What is written. numpy allocates it, since numpy asks for huge
            pages and numba does not, and page faults were half the time.
            totals: int64[m, TOTALS]; NEXT_AT becomes NEVER where nothing ends.
            refused: int64[n]; a request's becomes the reason where the
            available points do not cover it; those of requests are 0.
            takings: int64[n, 3], or int64[0, 3] to do without: who takes (the
            row of a request or refund, or -1 - i for a lot that lapses before
            row i), the row that made the lot, how many points.
            others: int64[m], the members that were not folded.
            held: int64[w x LOT], for the w rows of the member that has most.

    Returns:
        How many takings there are, how many members were not folded, and the
        first row whose grant takes the member's sum past int64 (then all else
        is void), or -1.
        Cost: up to some 40 ns a row; more with takings. A lot is made and
        emptied once, so there are at most n takings. Lots that end in another
        order than they were made cost a move each. Twin: naive.lots.fold_lots.
    """
    at, rank, points, extra, refers, day = log
    opens, ends = calendar
    totals, refused, takings, others, held = room
    record = takings.shape[0] > 0
    taken = left_over = 0
    for member in range(offsets.size - 1):
        head = opened = last = gone = upto = came = adjusted = redeemed = clawed = 0
        tangled = False  # whether lots end or open in another order than they were made
        walk, stop, taken_before, enough = offsets[member], offsets[member + 1], taken, True
        # One round more than there are rows: it goes on to `until`.
        for i in range(offsets[member], stop + 1):
            here = _unsigned(i)
            now, act = (at[here], rank[here]) if i < stop else (until, NOTHING)
            if CARE <= act <= ACTION:
                granted = points[here]
                if granted > NEVER - came:
                    return taken, left_over, i
                if granted > 0:
                    came += granted
                    upto += granted
                    adjusted += granted if act == CARE else 0
                    today = _unsigned(day[here])
                    opening = now if act == CARE else opens[today]
                    place = (opened, last, gone, upto, now)
                    opened, more = _make(held, place, ends[today], opening, i)
                    tangled = tangled or more
                    last += 1
                continue
            # Grants change nothing that opens or ends before them: time moves on here.
            head, opened, gone, taken, walk = _pass(
                held, at, takings, (head, opened, last, gone), (now, i, walk, taken), tangled
            )
            if act == REDEEM:
                asked = points[here]
                enough = refers[here] < 0 or limits[refers[here]] < 0
                if not enough:
                    break
                if asked > 0 and (opened == 0 or asked > held[_of(opened - 1, _UPTO)] - gone):
                    refused[here] = _INSUFFICIENT
                    continue
                redeemed += asked
                if oldest_first and tangled:
                    span = head, opened, last
                    taken = _spend_oldest(held, span, gone, asked, i, takings, taken)
                    upto -= asked
                    continue
                if record:
                    head, taken = _spend(held, head, gone, asked, i, takings, taken)
                gone += asked
            elif act == REFUND and extra[here] > 0:
                due = _claim(held, (head, last), gone, refers[i], extra[i])
                enough = due >= 0
                if not enough:
                    break
                if due > 0 and record:
                    taken = _note(takings, taken, i, refers[i], due)
                upto, clawed = upto - due, clawed + due
            elif act not in (NOTHING, REFUND):
                enough = False
                break
        if enough:
            ends_as = (head, opened, last, tangled)
            _close(totals, member, held, ends_as, (gone, came, adjusted, redeemed, clawed))
            continue
        _unsay(refused, rank, offsets[member], stop)
        others[left_over] = member
        taken, left_over = taken_before, left_over + 1
    return taken, left_over, -1
