"""Books: one pass over each member's events of every kind: lots, debts, refunds, cancels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from custseg._kernels._jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Desk = tuple[Ints, Ints, Ints, Ints, Ints]
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
EARN, SPEND, EXPIRE, CLAWBACK, RESTORE, ADJUSTMENT, FORGIVE, CARED, OPENED = np.arange(9)
MOVED, CLOCK = np.arange(9, 11)
_NONE, _NO, _YES = np.arange(-1, 2)

# Why a request is refused; the reasons that need no lots are known before.
LIMIT, INSUFFICIENT, UNKNOWN, ALREADY = 5, 6, 10, 11

# Instead of a row: a number that no int64 holds; no room to write, so try again with more.
BEYOND, FULL = -1, -2

# Columns of the totals; the first seven are those of lots.
_AVAILABLE, _PENDING, _EARNED, _SPENT, _EXPIRED, _NEXT_AT, _NEXT_POINTS = range(7)
DEBT, CLAWED, ADJUSTED, FORGIVEN = range(7, 11)
TOTALS = 11

# What is known of a member: the totals above, then where things stand. The line holds
# lots: open ones from _HEAD by (end, row), from _OPEN those that wait by (opening, row).
_HEAD, _OPEN, _LAST, _LOWEST, _BASE, _FIRST_TAKING, _TAKINGS, _POSTS, _FILLED = range(11, 20)
_IDLE, _ROWS, _TANGLED, _CAME, _WENT, _BACK, _CLOSED = range(20, 27)
_STATE = 27

# Columns of a row: of the lot it made, then of what it took or of its claws.
_LEFT, _ENDS, _OPENS, _LAPSED, _REVIVED, _PAID, _IN_LINE, _RETURNED, _HAD = range(9)
_OWES, _TAKES_FROM, _CLAWED_SO_FAR, _FORGAVE, _STANDS, _CLAW = range(9, 15)
_ROW = 15

# Columns of a taking: _REST is what of it has not been undone.
_TAKER, _LOT, _UNITS, _AT, _REST, _PAYS = range(6)


@kernel
def _record(desk: Desk, taker: int, lot: int, units: int, at: int, pays: int) -> None:
    """Write down that an entry took units of a lot, or, below 0, that it no longer has them."""
    state, _, _, takings, _ = desk
    place = state[_TAKINGS]
    if place >= takings.shape[0]:
        state[_FILLED] = 1
        return
    base = state[_BASE]
    takings[place, _TAKER], takings[place, _LOT] = base + taker, base + lot
    takings[place, _UNITS], takings[place, _AT] = units, at
    takings[place, _REST], takings[place, _PAYS] = max(units, 0), pays
    state[_TAKINGS] = place + 1


@kernel
def _post(desk: Desk, row: int, kind: int, points: int, lot: int, at: int) -> None:
    """Write an entry down: its row, kind, points, lot (or -1) and instant."""
    state, _, _, _, posts = desk
    if posts.shape[0] == 0:
        return
    place = state[_POSTS]
    if place >= posts.shape[0]:
        state[_FILLED] = 1
        return
    base = state[_BASE]
    posts[place, 0], posts[place, 1], posts[place, 2] = base + row, kind, points
    posts[place, 3], posts[place, 4] = base + lot if lot >= 0 else -1, at
    state[_POSTS] = place + 1


@kernel
def _sink(desk: Desk, first: int, place: int, column: int) -> None:
    """Move the lot at `place` forward in line[first:place], sorted by (column, row)."""
    state, rows, line, _, _ = desk
    lot = line[place]
    key = rows[lot, column]
    while place > first:
        before = line[place - 1]
        early = rows[before, column]
        if early < key or (early == key and before < lot):
            break
        line[place] = before
        place -= 1
        state[_TANGLED] = 1
    line[place] = lot


@kernel
def _return_to_line(desk: Desk, lot: int) -> None:
    """Put a lot that had left the line among the open ones; one had left, so there is room."""
    state, rows, line, _, _ = desk
    state[_HEAD] -= 1
    state[_TANGLED] = 1
    place = state[_HEAD]
    while place + 1 < state[_OPEN]:
        after = line[place + 1]
        late = rows[after, _ENDS]
        if late > rows[lot, _ENDS] or (late == rows[lot, _ENDS] and after > lot):
            break
        line[place] = after
        place += 1
    line[place] = lot
    rows[lot, _IN_LINE] = 1


@kernel
def _open(desk: Desk, until: int) -> None:
    """Open the lots whose opening has come."""
    state, rows, line, _, _ = desk
    while state[_OPEN] < state[_LAST]:
        lot = line[state[_OPEN]]
        if rows[lot, _OPENS] > until:
            return
        _sink(desk, state[_HEAD], state[_OPEN], _ENDS)
        state[_OPEN] += 1
        state[_AVAILABLE] += rows[lot, _LEFT]
        state[_PENDING] -= rows[lot, _LEFT]


@kernel
def _take(desk: Desk, asked: int, taker: int, at: int, pays: int, oldest_first: int) -> None:
    """Take units, as many as there are at least, from open lots in spending order."""
    state, rows, line, _, _ = desk
    state[_AVAILABLE] -= asked
    while asked > 0:
        place = state[_HEAD]
        if oldest_first == 1 and state[_TANGLED] == 1:
            best = -1
            for each in range(state[_HEAD], state[_OPEN]):
                if rows[line[each], _LEFT] > 0 and (best < 0 or line[each] < line[best]):
                    best = each
            place = best
        lot = line[place]
        left = rows[lot, _LEFT]
        if left == 0:
            rows[lot, _IN_LINE] = 0
            state[_HEAD] += 1
            continue
        part = min(left, asked)
        rows[lot, _LEFT] = left - part
        rows[lot, _PAID] += part * pays
        asked -= part
        _record(desk, taker, lot, part, at, pays)


@kernel
def _owe(desk: Desk, row: int, units: int) -> None:
    """Note what no lot gave yet."""
    state, rows, _, _, _ = desk
    if units > 0:
        rows[row, _OWES] += units
        state[DEBT] += units
        state[_LOWEST] = min(state[_LOWEST], row)


@kernel
def _pay(desk: Desk, at: int, oldest_first: int) -> None:
    """Let available points pay debts, the oldest entry's first."""
    state, rows, _, _, _ = desk
    while state[DEBT] > 0 and state[_AVAILABLE] > 0:
        debtor = state[_LOWEST]
        part = min(rows[debtor, _OWES], state[_AVAILABLE])
        if part == 0:
            state[_LOWEST] += 1
            continue
        rows[debtor, _OWES] -= part
        state[DEBT] -= part
        _take(desk, part, debtor, at, _YES, oldest_first)


@kernel
def _lapse(desk: Desk, lot: int, row: int, at: int) -> None:
    """End what is left of a lot, because of a row."""
    state, rows, _, _, _ = desk
    left = rows[lot, _LEFT]
    if left > 0:
        rows[lot, _LEFT] = 0
        rows[lot, _LAPSED] += left
        state[_EXPIRED] += left
        _post(desk, row, EXPIRE, -left, lot, at)


@kernel
def _lapse_all(desk: Desk, row: int, at: int) -> None:
    """End all lots there are, spent ones too, because of a row or, below 0, of themselves."""
    state, rows, line, _, _ = desk
    for place in range(state[_HEAD], state[_LAST]):
        lot = line[place]
        _lapse(desk, lot, lot if row < 0 else row, at)
        rows[lot, _IN_LINE] = 0
    state[_HEAD] = state[_OPEN] = state[_LAST]
    state[_AVAILABLE] = state[_PENDING] = 0
    for lot in range(state[_ROWS]):
        if rows[lot, _ENDS] > at:
            rows[lot, _ENDS] = at
            _post(desk, lot if row < 0 else row, MOVED, at, lot, at)


@kernel
def _touch(desk: Desk, row: int, idle: int, now: int) -> None:
    """Start the clock anew at whose end all lapses."""
    desk[0][_IDLE] = idle
    if idle < _NEVER:
        _post(desk, row, CLOCK, idle, _NONE, now)


@kernel
def _pass(desk: Desk, until: int, oldest_first: int) -> None:
    """Let time go by: lots open, debts are paid, lots end, each at its instant."""
    state, rows, line, _, _ = desk
    while True:
        opening, ending = _NEVER, _NEVER
        if state[_OPEN] < state[_LAST]:
            opening = rows[line[state[_OPEN]], _OPENS]
        if state[_HEAD] < state[_OPEN]:
            lot = line[state[_HEAD]]
            if rows[lot, _LEFT] == 0:
                rows[lot, _IN_LINE] = 0
                state[_HEAD] += 1
                continue
            ending = rows[lot, _ENDS]
        idle = state[_IDLE]
        if min(opening, ending, idle) > until:
            return
        if opening <= ending and opening <= idle:
            if opening == _NEVER:
                return
            _open(desk, opening)
            _pay(desk, opening, oldest_first)
        elif ending <= idle:
            lot = line[state[_HEAD]]
            state[_AVAILABLE] -= rows[lot, _LEFT]
            _lapse(desk, lot, rows[lot, _REVIVED] if rows[lot, _REVIVED] >= 0 else lot, ending)
        else:
            _lapse_all(desk, _NONE, idle)
            state[_IDLE] = _NEVER


@kernel
def _make(desk: Desk, row: int, points: int, opening: int, end: int, now: int) -> None:
    """Make a lot; it is open when its opening has come."""
    state, rows, line, _, _ = desk
    rows[row, _LEFT], rows[row, _ENDS], rows[row, _OPENS] = points, end, max(opening, now)
    rows[row, _IN_LINE] = 1
    line[state[_LAST]] = row
    state[_CAME] += points
    state[_PENDING] += points
    state[_LAST] += 1
    if state[_OPEN] + 1 < state[_LAST]:
        _sink(desk, state[_OPEN], state[_LAST] - 1, _OPENS)
    if opening <= now:
        _open(desk, now)


@kernel
def _refund(desk: Desk, row: int, order: int, due: int, now: int, terms: int) -> None:
    """Take points of an order back: its lot, what that lot paid for others, other lots."""
    state, rows, _, takings, _ = desk
    state[CLAWED] += due
    state[_WENT] += due
    rows[order, _CLAWED_SO_FAR] += due
    rows[row, _CLAW], rows[order, _CLAW] = rows[order, _CLAW], row
    _post(desk, row, CLAWBACK, -due, order, now)
    own = min(rows[order, _LEFT], due)
    if own > 0:
        rows[order, _LEFT] -= own
        state[_AVAILABLE if rows[order, _OPENS] <= now else _PENDING] -= own
        _record(desk, row, order, own, now, _NO)
        due -= own
    place = state[_TAKINGS] - 1
    while due > 0 and rows[order, _PAID] > 0 and place >= state[_FIRST_TAKING]:
        if takings[place, _LOT] == state[_BASE] + order and takings[place, _PAYS] == 1:
            part = min(takings[place, _REST], due)
            if part > 0:
                debtor = takings[place, _TAKER] - state[_BASE]
                takings[place, _REST] -= part
                rows[order, _PAID] -= part
                _record(desk, debtor, order, -part, now, _NO)
                _owe(desk, debtor, part)
                _record(desk, row, order, part, now, _NO)
                due -= part
        place -= 1
    if terms >> 1 != 2:  # noqa: PLR2004 - lot_only
        other = min(state[_AVAILABLE], due)
        _take(desk, other, row, now, 0, terms & 1)
        due -= other
    _fall_short(desk, row, due, now, terms)


@kernel
def _fall_short(desk: Desk, row: int, short: int, now: int, terms: int) -> None:
    """What no lot gives is owed, or forgiven with a trace."""
    state, rows, _, _, _ = desk
    if terms >> 1 == 0:
        _owe(desk, row, short)
    elif short > 0:
        rows[row, _FORGAVE] = short
        state[FORGIVEN] += short
        _post(desk, row, FORGIVE, short, _NONE, now)


@kernel
def _give_back(desk: Desk, back: Ints, lot: int, units: int) -> None:
    """Give a lot units back, and note it among those that got some."""
    state, rows, _, _, _ = desk
    if rows[lot, _HAD] < 0:
        rows[lot, _HAD] = rows[lot, _LEFT]
        back[state[_BACK]] = lot
        state[_BACK] += 1
    rows[lot, _LEFT] += units


@kernel
def _replace(desk: Desk, back: Ints, row: int, lot: int, units: int, now: int) -> None:
    """Let units of an order's lot stand in its clawbacks, from the latest, where they belong."""
    state, rows, _, takings, _ = desk
    claw = rows[lot, _CLAW]
    while claw >= 0 and units > 0:
        forgiven = min(units, rows[claw, _FORGAVE])
        if forgiven > 0:
            rows[claw, _FORGAVE] -= forgiven
            state[FORGIVEN] -= forgiven
            # The clawback stands in for the lot, so that the posting says what it is about.
            _post(desk, row, FORGIVE, -forgiven, claw, now)
        owed = min(units - forgiven, rows[claw, _OWES])
        rows[claw, _OWES] -= owed
        state[DEBT] -= owed
        if forgiven + owed > 0:
            _record(desk, claw, lot, forgiven + owed, now, _NO)
        units -= forgiven + owed
        rows[lot, _LEFT] -= forgiven + owed
        place = state[_TAKINGS] - 1
        while units > 0 and place >= rows[claw, _TAKES_FROM]:
            other = takings[place, _LOT] - state[_BASE]
            if takings[place, _TAKER] == state[_BASE] + claw and other != lot:
                part = min(takings[place, _REST], units)
                if part > 0:
                    takings[place, _REST] -= part
                    rows[other, _PAID] -= part * takings[place, _PAYS]
                    _record(desk, claw, other, -part, now, _NO)
                    _give_back(desk, back, other, part)
                    _record(desk, claw, lot, part, now, _NO)
                    rows[lot, _LEFT] -= part
                    units -= part
            place -= 1
        claw = rows[claw, _CLAW]


@kernel
def _pay_from(desk: Desk, back: Ints, now: int, oldest_first: int) -> None:
    """Let lots that got units back pay what is owed, past their end or not."""
    state, rows, _, _, _ = desk
    while state[DEBT] > 0:
        best = -1
        for place in range(state[_BACK]):
            lot = back[place]
            if rows[lot, _LEFT] == 0:
                continue
            sooner = best >= 0 and oldest_first == 0 and rows[lot, _ENDS] != rows[best, _ENDS]
            if best < 0 or (rows[lot, _ENDS] < rows[best, _ENDS] if sooner else lot < best):
                best = lot
        if best < 0:
            return
        debtor = state[_LOWEST]
        part = min(rows[debtor, _OWES], rows[best, _LEFT])
        if part == 0:
            state[_LOWEST] += 1
            continue
        rows[debtor, _OWES] -= part
        state[DEBT] -= part
        rows[best, _LEFT] -= part
        rows[best, _PAID] += part
        _record(desk, debtor, best, part, now, _YES)


@kernel
def _cancel(
    desk: Desk, back: Ints, row: int, spent: int, now: int, revival: int, terms: int
) -> None:
    """Undo a redemption: its lots get their units back, and what follows from that."""
    state, rows, _, takings, _ = desk
    state[_BACK] = 0
    for place in range(rows[spent, _TAKES_FROM], state[_TAKINGS]):
        rest = takings[place, _REST]
        if takings[place, _TAKER] == state[_BASE] + spent and rest > 0:
            lot = takings[place, _LOT] - state[_BASE]
            takings[place, _REST] = 0
            rows[lot, _PAID] -= rest * takings[place, _PAYS]
            rows[lot, _RETURNED] += rest
            _give_back(desk, back, lot, rest)
            _record(desk, spent, lot, -rest, now, _NO)
    state[DEBT] -= rows[spent, _OWES]
    rows[spent, _OWES] = 0
    for place in range(state[_BACK]):
        lot = back[place]
        _replace(desk, back, row, lot, rows[lot, _RETURNED], now)
    _pay_from(desk, back, now, terms & 1)
    for place in range(state[_BACK]):
        lot = back[place]
        ended = rows[lot, _ENDS] <= now
        if ended and revival >= 0 and rows[lot, _LEFT] > 0 and lot >= state[_CLOSED]:
            rows[lot, _ENDS], rows[lot, _REVIVED] = revival, row
            _post(desk, row, MOVED, revival, lot, now)
            ended = False
        if ended:
            _lapse(desk, lot, row, now)
        else:
            state[_AVAILABLE] += rows[lot, _LEFT] - rows[lot, _HAD]
            if rows[lot, _IN_LINE] == 0 and rows[lot, _LEFT] > 0:
                _return_to_line(desk, lot)
        rows[lot, _RETURNED], rows[lot, _HAD] = 0, -1


@kernel
def _spend(desk: Desk, row: int, kind: int, units: int, now: int, oldest_first: int) -> int:
    """Take units for a redemption or adjustment; what no lot gives."""
    state, rows, _, _, _ = desk
    state[_WENT] += units
    _post(desk, row, kind, -units, _NONE, now)
    covered = min(units, state[_AVAILABLE])
    _take(desk, covered, row, now, 0, oldest_first)
    return units - covered


@kernel
def _redeem(desk: Desk, row: int, bought: Ints, log: Log, limits: Ints, oldest_first: int) -> int:
    """Post a redemption, or say why not."""
    state, rows, _, _, _ = desk
    at, act, points, _, refers, _ = log
    here = state[_BASE] + row
    reward = refers[here]
    if act[here] == REDEEM:
        if reward >= 0 and 0 <= limits[reward] <= bought[reward]:
            return LIMIT
        if points[here] > state[_AVAILABLE]:
            return INSUFFICIENT
        if reward >= 0:
            bought[reward] += 1
    state[_SPENT] += points[here]
    rows[row, _STANDS] = 1
    _owe(desk, row, _spend(desk, row, SPEND, points[here], at[here], oldest_first))
    return 0


@kernel
def _undo(desk: Desk, row: int, bought: Ints, back: Ints, log: Log, terms: tuple[int, int]) -> int:
    """Cancel a redemption, or say why not."""
    state, rows, _, _, _ = desk
    at, act, points, _, refers, _ = log
    here = state[_BASE] + row
    there = refers[here]
    spent = there - state[_BASE]
    if there < 0 or rows[spent, _STANDS] == 0:
        return UNKNOWN
    if rows[spent, _STANDS] > 1:
        return ALREADY
    rows[spent, _STANDS] = 2
    if act[there] == REDEEM and refers[there] >= 0:
        bought[refers[there]] -= 1
    state[_SPENT] -= points[there]
    _post(desk, row, RESTORE, points[there], _NONE, at[here])
    _cancel(desk, back, row, spent, at[here], terms[1], terms[0])
    return 0


@kernel
def _arrive(
    desk: Desk, row: int, scratch: tuple[Ints, Ints], log: Log, calendar: Calendar, limits: Ints
) -> int:
    """What one event does; why it is refused, 0, or that a number is beyond int64."""
    state, rows, _, _, _ = desk
    at, act, points, extra, refers, day = log
    opens, ends, idles, terms, revivals = calendar
    here = state[_BASE] + row
    now, today, what, units = at[here], day[here], act[here], points[here]
    comes = (OPENING <= what <= ACTION or what == ADJUST) and units > 0
    goes = abs(units) if what == ADJUST or what == REDEEM or what == REDEEMED else 0
    if units < -_NEVER or (comes and units > _NEVER - state[_CAME]):
        return BEYOND
    if not comes and goes > _NEVER - state[_WENT]:
        return BEYOND
    if what == ORDER:
        _touch(desk, row, idles[today], now)
    if comes:
        end = ends[today]
        if what == ORDER or what == ACTION:
            _post(desk, row, EARN, units, row, now)
            state[_EARNED] += units
        else:
            kind = OPENED if what == OPENING else CARED if what == CARE else ADJUSTMENT
            _post(desk, row, kind, units, row, now)
            state[ADJUSTED] += units
            end = extra[here] if what == OPENING and extra[here] != _LONG_AGO else end
        if state[_IDLE] == _NEVER:
            _touch(desk, row, idles[today], now)
        earned = what == ORDER or what == ACTION
        _make(desk, row, units, opens[today] if earned else now, max(end, now), now)
        if end <= now:
            _pass(desk, now, terms[today] & 1)
    elif what == ORDER or what == ACTION:
        if units == 0:
            _post(desk, row, EARN, _NO, _NONE, now)
    elif what == ADJUST:
        state[ADJUSTED] += units
        short = _spend(desk, row, ADJUSTMENT, -units, now, terms[today] & 1)
        _fall_short(desk, row, short, now, terms[today])
    elif what == REFUND:
        order = refers[here]
        gone = rows[order - state[_BASE], _LAPSED]
        due = min(extra[here], max(points[order], 0) - gone)
        due -= rows[order - state[_BASE], _CLAWED_SO_FAR]
        if due > 0:
            _refund(desk, row, order - state[_BASE], due, now, terms[day[order]])
    elif what == REDEEM or what == REDEEMED:
        reason = _redeem(desk, row, scratch[0], log, limits, terms[today] & 1)
        if reason == 0:
            _touch(desk, row, idles[today], now)
        return reason
    elif what == CANCEL:
        return _undo(desk, row, scratch[0], scratch[1], log, (terms[today], revivals[today]))
    elif what == CLOSE:
        _lapse_all(desk, row, now)
        state[_CLOSED] = row
    return 0


@kernel
def _total(desk: Desk, totals: Ints, member: int) -> None:
    """Write down what a member has at the end."""
    state, rows, line, _, _ = desk
    end, units = _NEVER, 0
    for place in range(state[_HEAD], state[_LAST]):
        left, own = rows[line[place], _LEFT], min(rows[line[place], _ENDS], state[_IDLE])
        if left > 0 and own < end:
            end, units = own, left
        elif left > 0 and own == end < _NEVER:
            units += left
    state[_NEXT_AT], state[_NEXT_POINTS] = end, units
    for column in range(TOTALS):
        totals[member, column] = state[column]


@kernel
def fold_books(
    offsets: Ints,
    log: Log,
    calendar: Calendar,
    limits: Ints,
    until: int,
    room: tuple[Ints, Ints, Ints, Ints],
) -> tuple[int, int, int]:
    """Fold each member's events into lots, debts and entries.

    Args:
        offsets: int64[m + 1]; member k owns rows offsets[k]:offsets[k + 1].
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
        room: What is written. totals: int64[m, TOTALS]. refused: int64[n], all
            0; a reason for what is refused. takings: int64[p, 6]: taker's row,
            lot's row, units (below 0: undone), instant. posts: int64[q, 5]: row,
            kind, points, lot's row or -1, instant; without rows nothing is
            posted, and takings are those of the last member.

    Returns:
        How many takings and posts there are, and n; or the row where a number
        leaves int64; or FULL when room was lacking (then all else is void).
        Cost: some 20 ns a row. Twin: naive.points.replay.
    """
    totals, refused, takings, posts = room
    widest = 1
    for member in range(offsets.size - 1):
        widest = max(widest, offsets[member + 1] - offsets[member])
    state, rows = np.zeros(_STATE, np.int64), np.empty((widest, _ROW), np.int64)
    desk = (state, rows, np.empty(widest, np.int64), takings, posts)
    scratch = (np.zeros(limits.size, np.int64), np.empty(widest, np.int64))
    at, act, day, terms = log[0], log[1], log[5], calendar[3]
    for member in range(offsets.size - 1):
        taken = state[_TAKINGS] if posts.shape[0] > 0 else 0
        posted = state[_POSTS]
        state[:] = 0
        scratch[0][:] = 0
        state[_TAKINGS] = state[_FIRST_TAKING] = taken
        state[_POSTS], state[_BASE] = posted, offsets[member]
        state[_IDLE], oldest_first = _NEVER, _NO
        for here in range(offsets[member], offsets[member + 1]):
            row = here - offsets[member]
            state[_ROWS] = row
            rows[row], rows[row, _ENDS] = 0, _LONG_AGO
            rows[row, _REVIVED] = rows[row, _HAD] = rows[row, _CLAW] = -1
            rows[row, _TAKES_FROM] = state[_TAKINGS]
            if act[here] == NOTHING:
                continue
            oldest_first = terms[day[here]] & 1
            _pass(desk, at[here], oldest_first)
            reason = _arrive(desk, row, scratch, log, calendar, limits)
            if reason == BEYOND:
                return 0, 0, here
            refused[here - offsets[0]] = reason
            _pay(desk, at[here], oldest_first)
        _pass(desk, until, oldest_first)
        _total(desk, totals, member)
        if state[_FILLED] > 0:
            return 0, 0, FULL
    return state[_TAKINGS], state[_POSTS], at.size
