"""Grants: one pass over each member's orders and actions: caps, boosts, tiers, refunds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from custseg._kernels._jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

__all__ = ["fold_grants"]

_NEVER = 2**63 - 1
_LONG_AGO = -(2**63)
_ORDER, _ACTION, _REFUND = 5, 6, 8
_EXCEEDS = 9
_BEYOND = -2
# numpy's, since numba compiles a function anew for each of Python's numbers.
_YES = np.int64(1)

# Instead of a row: there was no room to write, so try again with more.
FULL = -2

# Columns of a rule that needs the order of things; the last rows are the program's caps.
LIMIT, PER, TIERS, PLACE = range(4)

# Columns of what is told of a grant.
DESIRED, BOUND, WINNER, HELD_BEFORE = range(4)

# What a tier change is of: the path as it stands, what was held at the time, or both.
PATH, FELT, BOTH = range(3)

# Options of the ladder.
BY, KEEP, DOWNGRADE, AT_REVIEW, PERIOD, REFOLDS, GRACE = range(7)
POINTS, SPEND, ORDERS, NO_LADDER = range(4)

# State of a member, then its guarantees by level and its booked falls (instant, level).
_HELD, _FIRST, _SUM, _NEXT, _STOP, _LOW, _FALLS, _MOVES, _OWN_MOVES = range(9)
_BASE, _ROWS, _MEMBER, _KIND, _FILLED, _SURE = range(9, 15)

# Columns of a row: what it counts, whether it qualifies (1), counts only (2) or neither,
# what was refunded of it, then what it used of each cap.
_VALUE, _COUNTS, _REFUNDED, _USED = range(4)


@kernel
def _share(points: int, left: int, whole: int) -> int:
    """floor(points x left / whole), 0 <= left <= whole, whatever the product."""
    if left == 0 or points <= _NEVER // left:
        return points * left // whole
    share, rest = 0, 0
    for bit in range(62, -1, -1):
        share, rest = share * 2, rest * 2
        if (points >> bit) & 1:
            rest += left
        # rest < 3 x whole, and money has at most 18 digits: nothing overflows.
        share += rest // whole
        rest %= whole
    return share


@kernel
def _hold(state: Ints, moves: Ints, level: int, at: int) -> None:
    """Be at a level from an instant on."""
    if level == state[_HELD]:
        return
    state[_HELD] = level
    place = state[_MOVES]
    if place >= moves.shape[0]:
        state[_FILLED] = 1
        return
    moves[place, 0], moves[place, 1] = state[_MEMBER], at
    moves[place, 2], moves[place, 3] = level, state[_KIND]
    state[_MOVES] = place + 1


@kernel
def _level(state: Ints, rows: Ints, day: Ints, thresholds: Ints, low: int) -> int:
    """The highest level that the activity since a day supports."""
    base = state[_BASE]
    while state[_FIRST] < state[_ROWS] and day[base + state[_FIRST]] < low:
        state[_SUM] -= rows[state[_FIRST], _VALUE]
        state[_FIRST] += 1
    while state[_FIRST] > 0 and day[base + state[_FIRST] - 1] >= low:
        state[_FIRST] -= 1
        state[_SUM] += rows[state[_FIRST], _VALUE]
    level = thresholds.size - 1
    while thresholds[level] > state[_SUM]:
        level -= 1
    return level


@kernel
def _fall(state: Ints, moves: Ints, ladder: Ints, levels: int) -> None:
    """The fall that was booked first comes due."""
    first = _SURE + levels
    at, level = state[first], state[first + 1]
    state[_FALLS] -= 1
    for place in range(2 * state[_FALLS]):
        state[first + place] = state[first + 2 + place]
    for sure in range(level + 1, levels):
        if state[_SURE + sure] >= state[_NEXT]:
            level = sure
    if ladder[DOWNGRADE] == 1:
        level = max(level, state[_HELD] - 1)
    if ladder[DOWNGRADE] < 2:  # noqa: PLR2004 - never
        _hold(state, moves, min(level, state[_HELD]), at)


@kernel
def _advance(
    state: Ints,
    rows: Ints,
    moves: Ints,
    day: Ints,
    ladder: Ints,
    thresholds: Ints,
    reviews: Ints,
    until: int,
) -> None:
    """Reviews and falls by an instant, in their order."""
    first = _SURE + thresholds.size
    while True:
        falling = state[first] if state[_FALLS] > 0 else _NEVER
        turning = reviews[state[_NEXT], 0] if state[_NEXT] < state[_STOP] else _NEVER
        if min(falling, turning) > until or min(falling, turning) == _NEVER:
            return
        if falling <= turning:
            _fall(state, moves, ladder, thresholds.size)
            continue
        review = state[_NEXT]
        low = state[_LOW] if ladder[PERIOD] == 1 else reviews[review, 1]
        level = _level(state, rows, day, thresholds, low)
        state[_NEXT] += 1
        state[_LOW] = reviews[review, 3]
        if level >= state[_HELD]:
            state[_FALLS] = 0
            _hold(state, moves, level, turning)
        else:
            place = first + 2 * state[_FALLS]
            state[place], state[place + 1] = reviews[review, 2], level
            state[_FALLS] += 1


@kernel
def _qualify(
    state: Ints,
    rows: Ints,
    moves: Ints,
    day: Ints,
    ladder: Ints,
    thresholds: Ints,
    lows: Ints,
    row: int,
    at: int,
) -> None:
    """Count a row, and see what level it supports."""
    state[_ROWS] = row + 1
    state[_SUM] += rows[row, _VALUE]
    if rows[row, _COUNTS] != 1:
        return
    low = state[_LOW] if ladder[PERIOD] == 1 else lows[day[state[_BASE] + row]]
    level = _level(state, rows, day, thresholds, low)
    for sure in range(level + 1):
        state[_SURE + sure] = state[_NEXT] + ladder[KEEP]
    if level >= state[_HELD]:
        state[_FALLS] = 0
        if ladder[AT_REVIEW] == 0:
            _hold(state, moves, level, at)


@kernel
def _begin(state: Ints, start: int) -> None:
    """A member at the first level, before anything."""
    state[_HELD] = state[_FIRST] = state[_SUM] = state[_FALLS] = state[_ROWS] = 0
    state[_SURE:] = -1
    state[_NEXT], state[_LOW] = start, _LONG_AGO


@kernel
def _refold(
    state: Ints,
    rows: Ints,
    moves: Ints,
    day: Ints,
    ladder: Ints,
    thresholds: Ints,
    reviews: Ints,
    lows: Ints,
    at: Ints,
    start: int,
    until: int,
) -> None:
    """Fold the tier path again over what still stands."""
    held, count = state[_HELD], state[_ROWS]
    for place in range(state[_OWN_MOVES], state[_MOVES]):
        # What was held at the time stays told; the path is told anew.
        moves[place, 3] = FELT if moves[place, 3] != PATH else -1
    _begin(state, start)
    state[_KIND] = PATH
    for row in range(count):
        if rows[row, _COUNTS] > 0:
            now = at[state[_BASE] + row]
            _advance(state, rows, moves, day, ladder, thresholds, reviews, now)
            _qualify(state, rows, moves, day, ladder, thresholds, lows, row, now)
    _advance(state, rows, moves, day, ladder, thresholds, reviews, until)
    level = state[_HELD]
    if level != held:
        state[_KIND], state[_HELD] = FELT, held
        _hold(state, moves, level, until)
    state[_KIND] = BOTH


@kernel
def _limited(
    rows: Ints,
    row: int,
    cap: int,
    units: int,
    caps: Ints,
    rules: Ints,
    keys: Ints,
    today: int,
    use: int,
) -> int:
    """What a cap leaves of units, and note their use."""
    if rules[cap, LIMIT] < 0:
        return units
    if rules[cap, PER] == 0:
        return min(units, rules[cap, LIMIT])
    key = keys[rules[cap, PER], today]
    if caps[cap, 0] != key:
        caps[cap, 0], caps[cap, 1] = key, 0
    units = min(units, max(rules[cap, LIMIT] - caps[cap, 1], 0))
    caps[cap, 1] += units * use
    rows[row, _USED + cap] = units * use
    return units


@kernel
def _contributed(
    rows: Ints,
    row: int,
    here: int,
    held: int,
    best: int,
    caps: Ints,
    rules: Ints,
    keys: Ints,
    today: int,
    plain: Ints,
    special: Ints,
    told: Ints,
    parts: Ints,
) -> int:
    """What matching rules give together, in units; -1 where none matches, -2 beyond int64."""
    total, winner, chosen = plain[here, 0], plain[here, 1], -1
    bound = 0
    for rule in range(special.shape[1]):
        units = special[here, rule]
        if units < 0 or (rules[rule, TIERS] >> held) & 1 == 0:
            continue
        part = _limited(rows, row, rule, units, caps, rules, keys, today, 1 - best)
        if best == 1:
            if part > total or (part == total and rules[rule, PLACE] < winner):
                total, winner, chosen = part, rules[rule, PLACE], rule
            continue
        if part > _NEVER - max(total, 0):
            return _BEYOND
        total = max(total, 0) + part
        bound |= (part < units) << rule
        if parts.shape[0] > 0:
            parts[here, rule] = part
    if chosen >= 0:
        _limited(rows, row, chosen, total, caps, rules, keys, today, _YES)
        bound = (total < special[here, chosen]) << chosen
        if parts.shape[0] > 0:
            parts[here, chosen] = total
    if told.shape[0] > 0:
        told[here, BOUND], told[here, WINNER], told[here, HELD_BEFORE] = bound, winner, held
    return total


@kernel
def _rounded(units: int, top: int, bottom: int, how: int) -> int:
    """units x top / bottom, rounded once; -1 beyond int64."""
    if units > _NEVER // top:
        return -1
    points = units * top // bottom
    rest = units * top - points * bottom
    lacking = bottom - rest
    if how == 1 and rest >= lacking:
        return points + 1
    if how == 2 and (rest > lacking or (rest == lacking and points % 2 == 1)):  # noqa: PLR2004
        return points + 1
    if how == 3 and rest > 0:  # noqa: PLR2004
        return points + 1
    return points


@kernel
def _release(rows: Ints, own: int, caps: Ints, rules: Ints, keys: Ints, day: int) -> None:
    """Give back what an order used of caps whose period still runs."""
    for cap in range(caps.shape[0]):
        if rules[cap, PER] > 0 and rules[cap, LIMIT] >= 0:
            if caps[cap, 0] == keys[rules[cap, PER], day]:
                caps[cap, 1] -= rows[own, _USED + cap]


@kernel
def _stand(state: Ints, rows: Ints, own: int, by: int, kept: int, left: int) -> None:
    """Count an order for what still stands of it."""
    stands = kept if by == POINTS else left if by == SPEND else min(left, 1)
    if own >= state[_FIRST]:
        state[_SUM] -= rows[own, _VALUE] - stands
    rows[own, _VALUE] = stands


@kernel
def _count(rows: Ints, row: int, by: int, is_order: bool, value: int, units: int) -> int:  # noqa: FBT001
    """What a row counts for a tier."""
    rows[row, _COUNTS] = 1
    if by == POINTS:
        rows[row, _VALUE] = max(units, 0)
    elif is_order:
        rows[row, _VALUE] = value if by == SPEND else 1
    return rows[row, _VALUE]


@kernel
def fold_grants(
    offsets: Ints,
    log: tuple[Ints, Ints, Ints, Ints, Ints],
    given: tuple[Ints, Ints, Ints, Ints, Ints, Ints],
    calendar: tuple[Ints, Ints, Ints],
    ladder: tuple[Ints, Ints, Ints, Ints, Ints],
    until: Ints,
    room: tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints],
) -> tuple[int, int]:
    """Grant points to each member's orders and actions, in the order of things.

    Args:
        offsets: int64[m + 1]; member k owns rows offsets[k]:offsets[k + 1].
        log: at, act, value (an order's total, a refund's amount; in smallest
            units), refers (the row of a refund's order), day: int64[n] each.
        given: plain: int64[n, 2], what rules give that nothing limits, in units
            (-1: none), and which of them is best. special: int64[n, s], what
            each other rule gives. rules: int64[s + v, 4], LIMIT in units (-1:
            none), PER (0 order, then rows of keys), TIERS as bits, PLACE; the
            last are the program's caps, by version. boosts: int64[n], row of the factors.
            tops, bottoms: int64[b, levels], the factors, by tier.
        calendar: keys: int64[5, d], the period of each day. terms: int64[d], 1
            for best plus 2 for each step of the rounding plus 8 for each version
            before. lows: int64[d], first
            day that counts for a tier.
        ladder: options, thresholds: int64[levels], reviews: int64[r, 4] (instant,
            first day that counts, instant of the fall, day), and int64[m] where
            each member's reviews start and stop.
        until: int64[m], to when each member's path goes.
        room: What is written. points: int64[n], granted; -1 where no rule
            matched. owed: int64[n], what refunds take of the grant so far.
            refused: int64[n]. held: int64[m]. moves: int64[p, 4], member,
            instant, level and what it is of. told: int64[n, 4] and parts:
            int64[n, s], or no rows.

    Returns:
        How many moves there are, and n; or the row where a number leaves
        int64; or FULL. Cost: some 10 ns a row. Twin: naive.points.replay.
    """
    at, act, value, refers, day = log
    plain, special, rules, boosts, tops, bottoms = given
    keys, terms, lows = calendar
    options, thresholds, reviews, starts, stops = ladder
    points, owed, refused, standing, moves, told, parts = room
    widest = 1
    for member in range(offsets.size - 1):
        widest = max(widest, offsets[member + 1] - offsets[member])
    last = rules.shape[0] - 1
    rows = np.empty((widest, _USED + last + 1), np.int64)
    state = np.zeros(_SURE + thresholds.size + 2 * options[GRACE], np.int64)
    caps = np.zeros((last + 1, 2), np.int64)
    by = options[BY]
    for member in range(offsets.size - 1):
        _begin(state, starts[member])
        base = offsets[member]
        state[_BASE], state[_STOP], state[_MEMBER] = base, stops[member], member
        state[_OWN_MOVES], state[_KIND] = state[_MOVES], BOTH
        caps[:, 0] = _LONG_AGO
        for here in range(base, offsets[member + 1]):
            row, now, what = here - base, at[here], act[here]
            rows[row] = 0
            if what == _ORDER or what == _ACTION:
                if by != NO_LADDER:
                    _advance(state, rows, moves, day, options, thresholds, reviews, now)
                today, held, code = day[here], state[_HELD], boosts[here]
                units = _contributed(
                    rows, row, here, held, terms[today] & 1, caps, rules, keys, today,
                    plain, special, told, parts,
                )  # fmt: skip
                if units >= 0:
                    units = _rounded(
                        units, tops[code, held], bottoms[code, held], terms[today] >> 1 & 3
                    )
                    if told.shape[0] > 0:
                        told[here, DESIRED] = units
                    units = units if units >= 0 else _BEYOND
                if units == _BEYOND:
                    return 0, here
                if units >= 0:
                    cap = special.shape[1] + (terms[today] >> 3)
                    units = _limited(rows, row, cap, units, caps, rules, keys, today, _YES)
                points[here] = units
                if by != NO_LADDER:
                    counted = _count(rows, row, by, what == _ORDER, value[here], units)
                    if counted > _NEVER - state[_SUM]:
                        return 0, here
                    _qualify(state, rows, moves, day, options, thresholds, lows, row, now)
            elif what == _REFUND:
                order = refers[here]
                own = order - base
                left = value[order] - rows[own, _REFUNDED] - value[here]
                if left < 0:
                    refused[here] = _EXCEEDS
                    continue
                rows[own, _REFUNDED] += value[here]
                granted = max(points[order], 0)
                kept = _share(granted, left, value[order])
                owed[here] = granted - kept
                if left == 0:
                    _release(rows, own, caps, rules, keys, day[order])
                if rows[own, _COUNTS] > 0:
                    now = min(now, until[member])
                    _advance(state, rows, moves, day, options, thresholds, reviews, now)
                    _stand(state, rows, own, by, kept, left)
                    if options[REFOLDS] == 1:
                        rows[own, _COUNTS] = 1 if left > 0 else 2
                        _refold(
                            state, rows, moves, day, options, thresholds, reviews, lows, at,
                            starts[member], now,
                        )  # fmt: skip
        if by != NO_LADDER:
            _advance(state, rows, moves, day, options, thresholds, reviews, until[member])
            standing[member] = state[_HELD]
        if state[_FILLED] > 0:
            return 0, FULL
    return state[_MOVES], at.size
