"""Books: one pass over each member's events of every kind: lots, debts, refunds, cancels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from custseg._kernels._jit import bare, part

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    # An array of int64 too; its items are told as what they are.
    Desk = Any
    Log = tuple[Ints, Ints, Ints, Ints, Ints, Ints]
    Calendar = tuple[Ints, Ints, Ints, Ints, Ints]

__all__ = ["fold_books"]

_NEVER = 2**63 - 1
_LONG_AGO = -(2**63)

# What an event is, by its rank among the events of one instant; a redemption
# told from elsewhere ranks with those asked for here.
NOTHING = -1
OPENING, CARE, ORDER, ACTION, ADJUST, REFUND, REDEEM, CANCEL, CLOSE, REDEEMED = range(3, 13)

# What an entry is; after these, what is posted besides, its points an instant: a lot ends
# there now, all lapse there now. They are numpy's: numba compiles a function anew for each of
# Python's numbers that it is called with.
EARN, SPEND, EXPIRE, CLAWBACK, RESTORE, ADJUSTMENT, FORGIVE, CARED, OPENED = cast(
    "list[int]", np.arange(9)
)
MOVED, CLOCK = cast("list[int]", np.arange(9, 11))
_NONE, _NO, _YES = cast("list[int]", np.arange(-1, 2))

# Why a request is refused; the reasons that need no lots are known before.
LIMIT, INSUFFICIENT, UNKNOWN, ALREADY = 5, 6, 10, 11

# Instead of a row: a number that no int64 holds; no room to write, so try again with more.
BEYOND, FULL = -1, -2

# All that is known of a member lies in one array, the desk, so that every function of this file
# takes one: numba compiles them in a fifth of the time. First the totals; the first seven are
# those of lots.
_AVAILABLE, _PENDING, _EARNED, _SPENT, _EXPIRED, _NEXT_AT, _NEXT_POINTS = range(7)
DEBT, CLAWED, ADJUSTED, FORGIVEN = range(7, 11)
TOTALS = 11

# Then where things stand: places in the desk, from here on. The line holds lots: open ones from
# _HEAD by (end, row), from _OPEN those that wait by (opening, row); _BACK ends those that a
# cancel gave units back to.
_HEAD, _OPEN, _LAST, _BACK_FROM, _BACK, _ROWS_FROM, _HERE, _LOWEST, _CLOSED = range(11, 20)
_TAKINGS_FROM, _TAKINGS, _TAKINGS_TO, _POSTS_FROM, _POSTS, _POSTS_TO = range(20, 26)
_IDLE, _OLDEST_FIRST, _TANGLED, _CAME, _WENT, _FILLED, _REWARDS, _NOW = range(26, 34)
_DAYS = 34
STATE = 35

# Columns of a row: what the log and the calendar say of it, of the lot it made, and of what it
# took, its claws, or what it gave back.
_SELF, _ACT, _POINTS, _EXTRA, _REFERS, _DAY, _LEFT, _OPENS, _LAPSED, _PAID = range(10)
_IN_LINE, _RETURNED, _OWES, _CLAWED_SO_FAR, _FORGAVE, _STANDS = range(10, 16)
_ENDS, _TAKES_FROM, _REVIVED, _HAD, _CLAW = range(16, 21)
ROW = 21

# Columns of the calendar, which the desk holds by day.
_STARTS, _STOPS, _IDLES, _TERMS, _REVIVAL = range(5)
DAY = 5

# Columns of a taking, its rows by number; _REST is what of it has not been undone.
_TAKER, _LOT, _UNITS, _WHEN, _REST, _PAYS = range(6)
TAKING, POST = 6, 5


@part
def _record(desk: Desk, taker: int, lot: int, units: int, pays: int) -> None:
    """Write down that an entry took units of a lot, or, below 0, that it no longer has them."""
    place = desk[_TAKINGS]
    if place + TAKING > desk[_TAKINGS_TO]:
        desk[_FILLED] = 1
        return
    desk[place + _TAKER], desk[place + _LOT] = desk[taker + _SELF], desk[lot + _SELF]
    desk[place + _UNITS], desk[place + _WHEN] = units, desk[_NOW]
    desk[place + _REST], desk[place + _PAYS] = max(units, 0), pays
    desk[_TAKINGS] = place + TAKING


@part
def _post(desk: Desk, row: int, kind: int, points: int, lot: int) -> None:
    """Write an entry down: its row, kind, points, lot (or -1) and instant."""
    place = desk[_POSTS]
    if place + POST > desk[_POSTS_TO]:
        desk[_FILLED] = int(desk[_POSTS_TO] > desk[_POSTS_FROM] or desk[_FILLED] > 0)
        return
    desk[place], desk[place + 1], desk[place + 2] = desk[row + _SELF], kind, points
    desk[place + 3] = desk[lot + _SELF] if lot >= 0 else -1
    desk[place + 4] = desk[_NOW]
    desk[_POSTS] = place + POST


@part
def _place_of(desk: Desk, number: int) -> int:
    """Where the row of a number stands."""
    first = desk[_ROWS_FROM]
    return first + ROW * (number - desk[first + _SELF])


@part
def _sink(desk: Desk, first: int, place: int, column: int) -> None:
    """Move the lot at `place` forward in desk[first:place], sorted by (column, row)."""
    lot = desk[place]
    key = desk[lot + column]
    while place > first:
        before = desk[place - 1]
        early = desk[before + column]
        if early < key or (early == key and before < lot):
            break
        desk[place] = before
        place -= 1
        desk[_TANGLED] = 1
    desk[place] = lot


@part
def _return_to_line(desk: Desk, lot: int) -> None:
    """Put a lot that had left the line among the open ones; one had left, so there is room."""
    desk[_HEAD] -= 1
    desk[_TANGLED] = 1
    place = desk[_HEAD]
    while place + 1 < desk[_OPEN]:
        after = desk[place + 1]
        late = desk[after + _ENDS]
        if late > desk[lot + _ENDS] or (late == desk[lot + _ENDS] and after > lot):
            break
        desk[place] = after
        place += 1
    desk[place] = lot
    desk[lot + _IN_LINE] = 1


@part
def _open(desk: Desk, until: int) -> None:
    """Open the lots whose opening has come."""
    while desk[_OPEN] < desk[_LAST]:
        lot = desk[desk[_OPEN]]
        if desk[lot + _OPENS] > until:
            return
        _sink(desk, desk[_HEAD], desk[_OPEN], _ENDS)
        desk[_OPEN] += 1
        desk[_AVAILABLE] += desk[lot + _LEFT]
        desk[_PENDING] -= desk[lot + _LEFT]


@part
def _take(desk: Desk, asked: int, taker: int, pays: int) -> None:
    """Take units, as many as there are at least, from open lots in spending order."""
    desk[_AVAILABLE] -= asked
    while asked > 0:
        place = desk[_HEAD]
        if desk[_OLDEST_FIRST] == 1 and desk[_TANGLED] == 1:
            best = -1
            for each in range(desk[_HEAD], desk[_OPEN]):
                if desk[desk[each] + _LEFT] > 0 and (best < 0 or desk[each] < desk[best]):
                    best = each
            place = best
        lot = desk[place]
        left = desk[lot + _LEFT]
        if left == 0:
            desk[lot + _IN_LINE] = 0
            desk[_HEAD] += 1
            continue
        part = min(left, asked)
        desk[lot + _LEFT] = left - part
        desk[lot + _PAID] += part * pays
        asked -= part
        _record(desk, taker, lot, part, pays)


@part
def _owe(desk: Desk, row: int, units: int) -> None:
    """Note what no lot gave yet."""
    if units > 0:
        desk[row + _OWES] += units
        desk[DEBT] += units
        desk[_LOWEST] = min(desk[_LOWEST], row)


@part
def _pay(desk: Desk) -> None:
    """Let available points pay debts, the oldest entry's first."""
    while desk[DEBT] > 0 and desk[_AVAILABLE] > 0:
        debtor = desk[_LOWEST]
        part = min(desk[debtor + _OWES], desk[_AVAILABLE])
        if part == 0:
            desk[_LOWEST] += ROW
            continue
        desk[debtor + _OWES] -= part
        desk[DEBT] -= part
        _take(desk, part, debtor, _YES)


@part
def _lapse(desk: Desk, lot: int, row: int) -> None:
    """End what is left of a lot, because of a row."""
    left = desk[lot + _LEFT]
    if left > 0:
        desk[lot + _LEFT] = 0
        desk[lot + _LAPSED] += left
        desk[_EXPIRED] += left
        _post(desk, row, EXPIRE, -left, lot)


@part
def _lapse_all(desk: Desk, row: int) -> None:
    """End all lots there are, spent ones too, because of a row or, below 0, of themselves."""
    now = desk[_NOW]
    for place in range(desk[_HEAD], desk[_LAST]):
        lot = desk[place]
        _lapse(desk, lot, lot if row < 0 else row)
        desk[lot + _IN_LINE] = 0
    desk[_HEAD] = desk[_OPEN] = desk[_LAST]
    desk[_AVAILABLE] = desk[_PENDING] = 0
    for lot in range(desk[_ROWS_FROM], desk[_HERE], ROW):
        if desk[lot + _ENDS] > now:
            desk[lot + _ENDS] = now
            _post(desk, lot if row < 0 else row, MOVED, now, lot)


@part
def _touch(desk: Desk, row: int) -> None:
    """Start the clock anew at whose end all lapses."""
    desk[_IDLE] = desk[desk[row + _DAY] + _IDLES]
    if desk[_IDLE] < _NEVER:
        _post(desk, row, CLOCK, desk[_IDLE], _NONE)


@part
def _pass(desk: Desk, until: int) -> None:
    """Let time go by: lots open, debts are paid, lots end, each at its instant."""
    while True:
        opening, ending, idle = _NEVER, _NEVER, desk[_IDLE]
        if desk[_OPEN] < desk[_LAST]:
            opening = desk[desk[desk[_OPEN]] + _OPENS]
        if desk[_HEAD] < desk[_OPEN]:
            lot = desk[desk[_HEAD]]
            if desk[lot + _LEFT] == 0:
                desk[lot + _IN_LINE] = 0
                desk[_HEAD] += 1
                continue
            ending = desk[lot + _ENDS]
        now = min(opening, ending, idle)
        if now > until or now == _NEVER:
            break
        desk[_NOW] = now
        if opening == now:
            _open(desk, now)
            _pay(desk)
        elif ending <= idle:
            lot = desk[desk[_HEAD]]
            desk[_AVAILABLE] -= desk[lot + _LEFT]
            _lapse(desk, lot, desk[lot + _REVIVED] if desk[lot + _REVIVED] >= 0 else lot)
        else:
            _lapse_all(desk, _NONE)
            desk[_IDLE] = _NEVER
    desk[_NOW] = until


@part
def _make(desk: Desk, row: int, opening: int, end: int) -> None:
    """Make a lot; it is open when its opening has come."""
    now, points = desk[_NOW], desk[row + _POINTS]
    desk[row + _LEFT], desk[row + _ENDS], desk[row + _OPENS] = points, end, max(opening, now)
    desk[row + _IN_LINE] = 1
    desk[desk[_LAST]] = row
    desk[_CAME] += points
    desk[_PENDING] += points
    desk[_LAST] += 1
    if desk[_OPEN] + 1 < desk[_LAST]:
        _sink(desk, desk[_OPEN], desk[_LAST] - 1, _OPENS)
    if opening <= now:
        _open(desk, now)


@part
def _fall_short(desk: Desk, row: int, short: int, terms: int) -> None:
    """What no lot gives is owed, or forgiven with a trace."""
    if terms >> 1 == 0:
        _owe(desk, row, short)
    elif short > 0:
        desk[row + _FORGAVE] = short
        desk[FORGIVEN] += short
        _post(desk, row, FORGIVE, short, _NONE)


@part
def _undo_payments(desk: Desk, row: int, order: int, due: int) -> int:
    """Take back what an order's lot paid for others, which is owed again; what is still due."""
    place = desk[_TAKINGS] - TAKING
    while due > 0 and desk[order + _PAID] > 0 and place >= desk[_TAKINGS_FROM]:
        if desk[place + _LOT] == desk[order + _SELF] and desk[place + _PAYS] == 1:
            part = min(desk[place + _REST], due)
            if part > 0:
                debtor = _place_of(desk, desk[place + _TAKER])
                desk[place + _REST] -= part
                desk[order + _PAID] -= part
                _record(desk, debtor, order, -part, _NO)
                _owe(desk, debtor, part)
                _record(desk, row, order, part, _NO)
                due -= part
        place -= TAKING
    return due


@part
def _refund(desk: Desk, row: int) -> None:
    """Take points of an order back: its lot, what that lot paid for others, other lots."""
    order = _place_of(desk, desk[row + _REFERS])
    terms, granted = desk[desk[order + _DAY] + _TERMS], max(desk[order + _POINTS], 0)
    due = min(desk[row + _EXTRA], granted - desk[order + _LAPSED]) - desk[order + _CLAWED_SO_FAR]
    if due <= 0:
        return
    desk[CLAWED] += due
    desk[_WENT] += due
    desk[order + _CLAWED_SO_FAR] += due
    desk[row + _CLAW], desk[order + _CLAW] = desk[order + _CLAW], row
    _post(desk, row, CLAWBACK, -due, order)
    own = min(desk[order + _LEFT], due)
    if own > 0:
        desk[order + _LEFT] -= own
        desk[_AVAILABLE if desk[order + _OPENS] <= desk[_NOW] else _PENDING] -= own
        _record(desk, row, order, own, _NO)
    due = _undo_payments(desk, row, order, due - own)
    if terms >> 1 != 2:  # noqa: PLR2004 - lot_only
        other = min(desk[_AVAILABLE], due)
        oldest_first, desk[_OLDEST_FIRST] = desk[_OLDEST_FIRST], terms & 1
        _take(desk, other, row, _NO)
        desk[_OLDEST_FIRST] = oldest_first
        due -= other
    _fall_short(desk, row, due, terms)


@part
def _give_back(desk: Desk, lot: int, units: int) -> None:
    """Give a lot units back, and note it among those that got some."""
    if desk[lot + _HAD] < 0:
        desk[lot + _HAD] = desk[lot + _LEFT]
        desk[desk[_BACK]] = lot
        desk[_BACK] += 1
    desk[lot + _LEFT] += units


@part
def _replace(desk: Desk, row: int, lot: int) -> None:
    """Let units of an order's lot stand in its clawbacks, from the latest, where they belong."""
    claw, units = desk[lot + _CLAW], desk[lot + _RETURNED]
    while claw >= 0 and units > 0:
        forgiven = min(units, desk[claw + _FORGAVE])
        if forgiven > 0:
            desk[claw + _FORGAVE] -= forgiven
            desk[FORGIVEN] -= forgiven
            # The clawback stands in for the lot, so that the posting says what it is about.
            _post(desk, row, FORGIVE, -forgiven, claw)
        owed = min(units - forgiven, desk[claw + _OWES])
        desk[claw + _OWES] -= owed
        desk[DEBT] -= owed
        if forgiven + owed > 0:
            _record(desk, claw, lot, forgiven + owed, _NO)
        units -= forgiven + owed
        desk[lot + _LEFT] -= forgiven + owed
        place = desk[_TAKINGS] - TAKING
        while units > 0 and place >= desk[claw + _TAKES_FROM]:
            other = _place_of(desk, desk[place + _LOT])
            part = min(desk[place + _REST], units)
            if desk[place + _TAKER] == desk[claw + _SELF] and other != lot and part > 0:
                desk[place + _REST] -= part
                desk[other + _PAID] -= part * desk[place + _PAYS]
                _record(desk, claw, other, -part, _NO)
                _give_back(desk, other, part)
                _record(desk, claw, lot, part, _NO)
                desk[lot + _LEFT] -= part
                units -= part
            place -= TAKING
        claw = desk[claw + _CLAW]


@part
def _pay_from(desk: Desk) -> None:
    """Let lots that got units back pay what is owed, past their end or not."""
    while desk[DEBT] > 0:
        best = -1
        for place in range(desk[_BACK_FROM], desk[_BACK]):
            lot = desk[place]
            if desk[lot + _LEFT] == 0:
                continue
            late, later = desk[lot + _ENDS], desk[best + _ENDS] if best >= 0 else _NEVER
            by_end = desk[_OLDEST_FIRST] == 0 and late != later
            if best < 0 or (late < later if by_end else lot < best):
                best = lot
        if best < 0:
            return
        debtor = desk[_LOWEST]
        part = min(desk[debtor + _OWES], desk[best + _LEFT])
        if part == 0:
            desk[_LOWEST] += ROW
            continue
        desk[debtor + _OWES] -= part
        desk[DEBT] -= part
        desk[best + _LEFT] -= part
        desk[best + _PAID] += part
        _record(desk, debtor, best, part, _YES)


@part
def _restore(desk: Desk, row: int, spent: int) -> None:
    """Undo a redemption: its lots get their units back, and what follows from that."""
    desk[_BACK] = desk[_BACK_FROM]
    for place in range(desk[spent + _TAKES_FROM], desk[_TAKINGS], TAKING):
        rest = desk[place + _REST]
        if desk[place + _TAKER] == desk[spent + _SELF] and rest > 0:
            lot = _place_of(desk, desk[place + _LOT])
            desk[place + _REST] = 0
            desk[lot + _PAID] -= rest * desk[place + _PAYS]
            desk[lot + _RETURNED] += rest
            _give_back(desk, lot, rest)
            _record(desk, spent, lot, -rest, _NO)
    desk[DEBT] -= desk[spent + _OWES]
    desk[spent + _OWES] = 0
    for place in range(desk[_BACK_FROM], desk[_BACK]):
        _replace(desk, row, desk[place])
    _pay_from(desk)
    for place in range(desk[_BACK_FROM], desk[_BACK]):
        lot = desk[place]
        ended = desk[lot + _ENDS] <= desk[_NOW]
        revival = desk[desk[row + _DAY] + _REVIVAL]
        if ended and revival >= 0 and desk[lot + _LEFT] > 0 and lot >= desk[_CLOSED]:
            desk[lot + _ENDS], desk[lot + _REVIVED] = revival, row
            _post(desk, row, MOVED, desk[lot + _ENDS], lot)
            ended = False
        if ended:
            _lapse(desk, lot, row)
        else:
            desk[_AVAILABLE] += desk[lot + _LEFT] - desk[lot + _HAD]
            if desk[lot + _IN_LINE] == 0 and desk[lot + _LEFT] > 0:
                _return_to_line(desk, lot)
        desk[lot + _RETURNED], desk[lot + _HAD] = 0, -1


@part
def _spend(desk: Desk, row: int, kind: int, units: int) -> int:
    """Take units for a redemption or adjustment; what no lot gives."""
    desk[_WENT] += units
    _post(desk, row, kind, -units, _NONE)
    covered = min(units, desk[_AVAILABLE])
    _take(desk, covered, row, _NO)
    return units - covered


@part
def _redeem(desk: Desk, row: int) -> int:
    """Post a redemption, or say why not."""
    units, reward = desk[row + _POINTS], desk[_REWARDS] + 2 * desk[row + _REFERS]
    if desk[row + _ACT] == REDEEM:
        if desk[row + _REFERS] >= 0 and 0 <= desk[reward] <= desk[reward + 1]:
            return LIMIT
        if units > desk[_AVAILABLE]:
            return INSUFFICIENT
    if units > _NEVER - desk[_WENT]:
        return BEYOND
    if desk[row + _ACT] == REDEEM and desk[row + _REFERS] >= 0:
        desk[reward + 1] += 1
    desk[_SPENT] += units
    desk[row + _STANDS] = 1
    _owe(desk, row, _spend(desk, row, SPEND, units))
    _touch(desk, row)
    return 0


@part
def _cancel(desk: Desk, row: int) -> int:
    """Cancel a redemption, or say why not."""
    if desk[row + _REFERS] < 0:
        return UNKNOWN
    spent = _place_of(desk, desk[row + _REFERS])
    if desk[spent + _STANDS] == 0:
        return UNKNOWN
    if desk[spent + _STANDS] > 1:
        return ALREADY
    desk[spent + _STANDS] = 2
    if desk[spent + _ACT] == REDEEM and desk[spent + _REFERS] >= 0:
        desk[desk[_REWARDS] + 2 * desk[spent + _REFERS] + 1] -= 1
    desk[_SPENT] -= desk[spent + _POINTS]
    _post(desk, row, RESTORE, desk[spent + _POINTS], _NONE)
    _restore(desk, row, spent)
    return 0


@part
def _bring(desk: Desk, row: int) -> None:
    """Post points that come, and make their lot."""
    what, units, now = desk[row + _ACT], desk[row + _POINTS], desk[_NOW]
    end, opening = desk[desk[row + _DAY] + _STOPS], now
    kind = OPENED if what == OPENING else CARED if what == CARE else ADJUSTMENT
    if what in (ORDER, ACTION):
        kind, opening = EARN, desk[desk[row + _DAY] + _STARTS]
        desk[_EARNED] += units
    else:
        desk[ADJUSTED] += units
    if what == OPENING and desk[row + _EXTRA] != _LONG_AGO:
        end = max(desk[row + _EXTRA], now)
    _post(desk, row, kind, units, row)
    if desk[_IDLE] == _NEVER:
        _touch(desk, row)
    _make(desk, row, opening, end)
    if end <= now:
        _pass(desk, now)


@part
def _arrive(desk: Desk, row: int) -> int:
    """What one event does; why it is refused, 0, or that a number is beyond int64."""
    what, units = desk[row + _ACT], desk[row + _POINTS]
    comes = (OPENING <= what <= ACTION or what == ADJUST) and units > 0
    goes = abs(units) if what == ADJUST else 0
    if units < -_NEVER or (comes and units > _NEVER - desk[_CAME]):
        return BEYOND
    if not comes and goes > _NEVER - desk[_WENT]:
        return BEYOND
    reason = 0
    if what == ORDER:
        _touch(desk, row)
    if comes:
        _bring(desk, row)
    elif what in (ORDER, ACTION) and units == 0:
        _post(desk, row, EARN, _NO, _NONE)
    elif what == ADJUST:
        desk[ADJUSTED] += units
        _fall_short(
            desk, row, _spend(desk, row, ADJUSTMENT, -units), desk[desk[row + _DAY] + _TERMS]
        )
    elif what == REFUND:
        _refund(desk, row)
    elif what in (REDEEM, REDEEMED):
        reason = _redeem(desk, row)
    elif what == CANCEL:
        reason = _cancel(desk, row)
    elif what == CLOSE:
        _lapse_all(desk, row)
        desk[_CLOSED] = row
    _pay(desk)
    return reason


@part
def _total(desk: Desk, totals: Ints, member: int) -> None:
    """Write down what a member has at the end."""
    end, units = _NEVER, 0
    for place in range(desk[_HEAD], desk[_LAST]):
        left, own = desk[desk[place] + _LEFT], min(desk[desk[place] + _ENDS], desk[_IDLE])
        if left > 0 and own < end:
            end, units = own, left
        elif left > 0 and own == end < _NEVER:
            units += left
    desk[_NEXT_AT], desk[_NEXT_POINTS] = end, units
    for column in range(TOTALS):
        totals[member, column] = desk[column]


@part
def _begin(desk: Desk, widest: int, line: int, takings: int) -> None:
    """Clear the desk for a member; what was written stays when entries are wanted."""
    written = desk[_POSTS_TO] > desk[_POSTS_FROM]
    taken, posted, days = desk[_TAKINGS], desk[_POSTS], desk[_DAYS]
    posts_from, posts_to = desk[_POSTS_FROM], desk[_POSTS_TO]
    for place in range(STATE):
        desk[place] = 0
    desk[_REWARDS], desk[_DAYS], desk[_IDLE] = STATE, days, _NEVER
    for reward in range(STATE, days, 2):
        desk[reward + 1] = 0
    desk[_HEAD] = desk[_OPEN] = desk[_LAST] = line
    desk[_BACK_FROM] = line + widest
    desk[_ROWS_FROM] = desk[_HERE] = desk[_LOWEST] = line + 2 * widest
    first = line + (2 + ROW) * widest
    desk[_TAKINGS_FROM] = desk[_TAKINGS] = taken if written else first
    desk[_TAKINGS_TO] = first + TAKING * takings
    desk[_POSTS_FROM], desk[_POSTS], desk[_POSTS_TO] = posts_from, posted, posts_to


@part
def _set_up(
    desk: Desk, limits: Ints, calendar: Calendar, first: int, sizes: tuple[int, int]
) -> None:
    """Lay out the desk: limits and calendar stay, takings and posts are written behind all."""
    takings, posts = sizes
    opens, ends, idles, terms, revivals = calendar
    desk[_TAKINGS] = first
    desk[_POSTS_FROM] = desk[_POSTS] = first + TAKING * takings
    desk[_POSTS_TO] = desk[_POSTS] + POST * posts
    # An array put into another would compile the words of an error for seven seconds.
    for reward in range(limits.size):
        desk[STATE + 2 * reward] = limits[reward]
    desk[_DAYS] = STATE + 2 * limits.size
    for day in range(opens.size):
        place = desk[_DAYS] + DAY * day
        desk[place + _STARTS], desk[place + _STOPS] = opens[day], ends[day]
        desk[place + _IDLES], desk[place + _TERMS] = idles[day], terms[day]
        desk[place + _REVIVAL] = revivals[day]


@bare
def fold_books(
    offsets: Ints,
    members: Ints,
    log: Log,
    calendar: Calendar,
    limits: Ints,
    until: int,
    sizes: tuple[int, int, int],
    room: tuple[Ints, Ints, Ints],
) -> tuple[int, int, int]:
    """Fold each member's events into lots, debts and entries.

    Args:
        offsets: int64[m + 1]; member k owns rows offsets[k]:offsets[k + 1].
        members: int64[k], whom to fold.
        log: at: int64[n], instants, ascending within a member, none after
            `until`. act: int64[n], what a row is; NOTHING does nothing.
            points: granted (-1 where no rule matched), asked for, or adjusted
            by. extra: of a refund what it takes of the grant so far, of an
            opening its end (-2**63: the program's). refers: the row of a
            refund's order or of a cancel's redemption (-1: none), the reward
            asked for (-1: none). day: the local day, an index of the calendar.
        calendar: int64[d] each. opens: first instant at which points of a day
            can be spent; ends: at which they no longer can; idles: at which all
            lapse when nothing happens after that day; terms: 1 for oldest first
            plus 2 for forgiving plus 4 for own lot only; revivals: the end of
            what a cancel of that day brings back, or -1. NEVER where it is so.
        limits: int64[rewards], how many a member may have; -1 for any number.
        until: The last instant that counts.
        sizes: The rows of the member that has most, and the takings and posts
            there is room for; without posts nothing is posted, and takings are
            those of the last member.
        room: What is written. totals: int64[m, TOTALS]. refused: int64[n], all
            0; a reason for what is refused. desk: int64: STATE numbers, two for
            each reward, DAY for each day, 2 + ROW for each row of the widest
            member, then takings
            (taker's row, lot's row, units, below 0: undone, instant, two more)
            and posts (row, kind, points, lot's row or -1, instant).

    Returns:
        How many takings and posts there are, and n; or the row where a number
        leaves int64; or FULL when room was lacking (then all else is void).
        Cost: some 145 ns a row. Twin: naive.points.replay.
    """
    totals, refused, desk = room
    at, act, points, extra, refers, day = log
    opens = calendar[0]
    widest, takings, posts = sizes
    line = STATE + 2 * limits.size + DAY * opens.size
    first = line + (2 + ROW) * widest
    _set_up(desk, limits, calendar, first, (takings, posts))
    days = desk[_DAYS]
    for member in members:
        _begin(desk, widest, line, takings)
        row = desk[_ROWS_FROM]
        for here in range(offsets[member], offsets[member + 1]):
            today = days + DAY * day[here]
            for column in range(_ENDS):
                desk[row + column] = 0
            desk[row + _SELF], desk[row + _ACT], desk[row + _POINTS] = here, act[here], points[here]
            desk[row + _EXTRA], desk[row + _REFERS] = extra[here], refers[here]
            desk[row + _DAY], desk[row + _ENDS] = today, _LONG_AGO
            desk[row + _TAKES_FROM] = desk[_TAKINGS]
            desk[row + _REVIVED] = desk[row + _HAD] = desk[row + _CLAW] = -1
            desk[_HERE] = row
            if act[here] != NOTHING:
                desk[_OLDEST_FIRST] = desk[today + _TERMS] & 1
                _pass(desk, at[here])
                desk[row + _TAKES_FROM] = desk[_TAKINGS]
                reason = _arrive(desk, row)
                if reason == BEYOND:
                    return 0, 0, here
                refused[here] = reason
            row += ROW
        desk[_HERE] = row
        _pass(desk, until)
        _total(desk, totals, member)
        if desk[_FILLED] > 0:
            return 0, 0, FULL
    taken = (desk[_TAKINGS] - first) // TAKING
    return taken, (desk[_POSTS] - first - TAKING * takings) // POST, at.size
