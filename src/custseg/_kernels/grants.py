"""Grants: one pass over each member's orders and actions: caps, boosts, tiers, refunds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from custseg._kernels._jit import kernel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    # An array of int64 too; its items are told as what they are.
    Desk = Any

__all__ = ["fold_grants", "size_of"]

_NEVER = 2**63 - 1
_LONG_AGO = -(2**63)
_ORDER, _ACTION, _REFUND = 5, 6, 8
_EXCEEDS = 9
_BEYOND = -2

# Instead of a row: there was no room to write, so try again with more.
FULL = -2

# Columns of a rule that needs the order of things; the last rows are the program's caps. In the
# desk, what was used of its cap follows, and in which period.
LIMIT, PER, TIERS, PLACE = range(4)
_KEY, _USE = 4, 5
_RULE = 6

# Columns of what is told of a grant.
DESIRED, BOUND, WINNER, HELD_BEFORE = range(4)

# What a tier change is of: the path as it stands, what was held at the time, or both.
PATH, FELT, BOTH = range(3)
MOVE = 4

# Options of the ladder, which come first in the desk.
BY, KEEP, DOWNGRADE, AT_REVIEW, PERIOD, REFOLDS, GRACE = range(7)
POINTS, SPEND, ORDERS, NO_LADDER = range(4)

# All else that is known of a member lies there too, so that functions take one array: a call
# with ten of them costs more than what it does.
_HELD, _SUM, _NEXT, _STOP, _LOW, _FALLS, _MEMBER, _KIND, _FILLED = range(7, 16)
_FIRST, _HERE, _ROWS, _WIDTH, _RULES, _SPECIALS, _CAPS = range(16, 23)
_LEVELS, _THRESHOLDS, _SURE, _BOOKED, _MOVES, _OWN_MOVES, _MOVES_TO, _BOUND, _WINNER = range(23, 32)
STATE = 32

# Columns of a row, then what it used of each cap.
_AT, _DAY, _FROM, _VALUE, _COUNTS, _REFUNDED, _TOTAL, _GRANTED, _KEYS = range(9)
ROW = 13


def size_of(caps: int, levels: int, falls: int, widest: int) -> int:
    """The numbers that the desk holds before its moves."""
    return STATE + _RULE * caps + 2 * levels + 2 * falls + (ROW + caps) * widest


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
def _hold(desk: Desk, level: int, at: int) -> None:
    """Be at a level from an instant on."""
    if level == desk[_HELD]:
        return
    desk[_HELD] = level
    place = desk[_MOVES]
    if place + MOVE > desk[_MOVES_TO]:
        desk[_FILLED] = 1
        return
    desk[place], desk[place + 1] = desk[_MEMBER], at
    desk[place + 2], desk[place + 3] = level, desk[_KIND]
    desk[_MOVES] = place + MOVE


@kernel
def _level(desk: Desk, low: int) -> int:
    """The highest level that the activity since a day supports."""
    width, first = desk[_WIDTH], desk[_FIRST]
    while first < desk[_HERE] and desk[first + _DAY] < low:
        desk[_SUM] -= desk[first + _VALUE]
        first += width
    while first > desk[_ROWS] and desk[first - width + _DAY] >= low:
        first -= width
        desk[_SUM] += desk[first + _VALUE]
    desk[_FIRST] = first
    level = desk[_LEVELS] - 1
    while desk[desk[_THRESHOLDS] + level] > desk[_SUM]:
        level -= 1
    return level


@kernel
def _fall(desk: Desk) -> None:
    """The fall that was booked first comes due."""
    first = desk[_BOOKED]
    at, level = desk[first], desk[first + 1]
    desk[_FALLS] -= 1
    for place in range(first, first + 2 * desk[_FALLS]):
        desk[place] = desk[place + 2]
    for sure in range(level + 1, desk[_LEVELS]):
        if desk[desk[_SURE] + sure] >= desk[_NEXT]:
            level = sure
    if desk[DOWNGRADE] == 1:
        level = max(level, desk[_HELD] - 1)
    if desk[DOWNGRADE] < 2:  # noqa: PLR2004 - never
        _hold(desk, min(level, desk[_HELD]), at)


@kernel
def _advance(desk: Desk, reviews: Ints, until: int) -> None:
    """Reviews and falls by an instant, in their order."""
    while True:
        falling = desk[desk[_BOOKED]] if desk[_FALLS] > 0 else _NEVER
        turning = reviews[desk[_NEXT], 0] if desk[_NEXT] < desk[_STOP] else _NEVER
        if min(falling, turning) > until or min(falling, turning) == _NEVER:
            return
        if falling <= turning:
            _fall(desk)
            continue
        review = desk[_NEXT]
        level = _level(desk, desk[_LOW] if desk[PERIOD] == 1 else reviews[review, 1])
        desk[_NEXT] += 1
        desk[_LOW] = reviews[review, 3]
        if level >= desk[_HELD]:
            desk[_FALLS] = 0
            _hold(desk, level, turning)
        else:
            place = desk[_BOOKED] + 2 * desk[_FALLS]
            desk[place], desk[place + 1] = reviews[review, 2], level
            desk[_FALLS] += 1


@kernel
def _qualify(desk: Desk, row: int) -> None:
    """Count a row, and see what level it supports."""
    desk[_HERE] = row + desk[_WIDTH]
    desk[_SUM] += desk[row + _VALUE]
    if desk[row + _COUNTS] != 1:
        return
    level = _level(desk, desk[_LOW] if desk[PERIOD] == 1 else desk[row + _FROM])
    for sure in range(desk[_SURE], desk[_SURE] + level + 1):
        desk[sure] = desk[_NEXT] + desk[KEEP]
    if level >= desk[_HELD]:
        desk[_FALLS] = 0
        if desk[AT_REVIEW] == 0:
            _hold(desk, level, desk[row + _AT])


@kernel
def _begin(desk: Desk, start: int) -> None:
    """A member at the first level, before anything."""
    desk[_HELD] = desk[_SUM] = desk[_FALLS] = 0
    desk[_FIRST] = desk[_HERE] = desk[_ROWS]
    for sure in range(desk[_SURE], desk[_SURE] + desk[_LEVELS]):
        desk[sure] = -1
    desk[_NEXT], desk[_LOW] = start, _LONG_AGO


@kernel
def _refold(desk: Desk, reviews: Ints, start: int, until: int) -> None:
    """Fold the tier path again over what still stands."""
    held, stop = desk[_HELD], desk[_HERE]
    for place in range(desk[_OWN_MOVES], desk[_MOVES], MOVE):
        # What was held at the time stays told; the path is told anew.
        desk[place + 3] = FELT if desk[place + 3] != PATH else -1
    _begin(desk, start)
    desk[_KIND] = PATH
    for row in range(desk[_ROWS], stop, desk[_WIDTH]):
        if desk[row + _COUNTS] > 0:
            _advance(desk, reviews, desk[row + _AT])
            _qualify(desk, row)
    desk[_HERE] = stop
    _advance(desk, reviews, until)
    level = desk[_HELD]
    if level != held:
        desk[_KIND], desk[_HELD] = FELT, held
        _hold(desk, level, until)
    desk[_KIND] = BOTH


@kernel
def _limited(desk: Desk, row: int, cap: int, units: int, use: int) -> int:
    """What a cap leaves of units, and note their use."""
    rule = desk[_RULES] + _RULE * cap
    if desk[rule + LIMIT] < 0:
        return units
    if desk[rule + PER] == 0:
        return min(units, desk[rule + LIMIT])
    key = desk[row + _KEYS + desk[rule + PER]]
    if desk[rule + _KEY] != key:
        desk[rule + _KEY], desk[rule + _USE] = key, 0
    units = min(units, max(desk[rule + LIMIT] - desk[rule + _USE], 0))
    if use == 1:
        desk[rule + _USE] += units
        desk[row + ROW + cap] = units
    return units


@kernel
def _contributed(
    desk: Desk, row: int, here: int, best: int, plain: Ints, special: Ints, parts: Ints
) -> int:
    """What matching rules give together, in units; -1 where none matches, -2 beyond int64."""
    total, winner, chosen = plain[here, 0], plain[here, 1], -1
    bound, held = 0, desk[_HELD]
    for place in range(special.shape[1]):
        units, rule = special[here, place], desk[_RULES] + _RULE * place
        if units < 0 or (desk[rule + TIERS] >> held) & 1 == 0:
            continue
        part = _limited(desk, row, place, units, 1 - best)
        if best == 1:
            if part > total or (part == total and desk[rule + PLACE] < winner):
                total, winner, chosen = part, desk[rule + PLACE], place
            continue
        if part > _NEVER - max(total, 0):
            return _BEYOND
        total = max(total, 0) + part
        bound |= (part < units) << place
        if parts.shape[0] > 0:
            parts[here, place] = part
    if chosen >= 0:
        _limited(desk, row, chosen, total, best)
        bound = (total < special[here, chosen]) << chosen
        if parts.shape[0] > 0:
            parts[here, chosen] = total
    desk[_BOUND], desk[_WINNER] = bound, winner
    return total


@kernel
def _rounded(units: int, top: int, bottom: int, how: int) -> int:
    """Units x top / bottom, rounded once; -1 beyond int64."""
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
def _refund(desk: Desk, reviews: Ints, order: int, amount: int, start: int, until: int) -> int:
    """Take money of an order back; what it takes of its points so far, or -1 beyond its total."""
    left = desk[order + _TOTAL] - desk[order + _REFUNDED] - amount
    if left < 0:
        return -1
    desk[order + _REFUNDED] += amount
    granted = max(desk[order + _GRANTED], 0)
    kept = _share(granted, left, desk[order + _TOTAL])
    for cap in range(desk[_CAPS] if left == 0 else 0):
        # What an order used of a cap comes back while the period runs.
        rule = desk[_RULES] + _RULE * cap
        runs = desk[rule + _KEY] == desk[order + _KEYS + desk[rule + PER]]
        if desk[rule + LIMIT] >= 0 and desk[rule + PER] > 0 and runs:
            desk[rule + _USE] -= desk[order + ROW + cap]
    if desk[order + _COUNTS] > 0:
        _advance(desk, reviews, until)
        stands = kept if desk[BY] == POINTS else left if desk[BY] == SPEND else min(left, 1)
        if order >= desk[_FIRST]:
            desk[_SUM] -= desk[order + _VALUE] - stands
        desk[order + _VALUE] = stands
        if desk[REFOLDS] == 1:
            desk[order + _COUNTS] = 1 if left > 0 else 2
            _refold(desk, reviews, start, until)
    return granted - kept


@kernel
def _count(desk: Desk, row: int, what: int, units: int) -> bool:
    """Count a row for a tier, and whether the sum stays within int64."""
    desk[row + _COUNTS] = 1
    if desk[BY] == POINTS:
        desk[row + _VALUE] = max(units, 0)
    elif what == _ORDER:
        desk[row + _VALUE] = desk[row + _TOTAL] if desk[BY] == SPEND else 1
    if desk[row + _VALUE] > _NEVER - desk[_SUM]:
        return False
    _qualify(desk, row)
    return True


@kernel
def _set_up(desk: Desk, rules: Ints, thresholds: Ints, options: Ints, specials: int) -> None:
    """Lay out the desk; moves are written behind all else."""
    for option in range(options.size):
        desk[option] = options[option]
    caps = rules.shape[0]
    desk[_SPECIALS], desk[_CAPS], desk[_LEVELS] = specials, caps, thresholds.size
    desk[_RULES], desk[_WIDTH] = STATE, ROW + caps
    desk[_THRESHOLDS] = STATE + _RULE * caps
    desk[_SURE] = desk[_THRESHOLDS] + thresholds.size
    desk[_BOOKED] = desk[_SURE] + thresholds.size
    desk[_ROWS] = desk[_BOOKED] + 2 * options[GRACE]
    for level in range(thresholds.size):
        desk[desk[_THRESHOLDS] + level] = thresholds[level]
    for cap in range(caps):
        for column in range(4):
            desk[STATE + _RULE * cap + column] = rules[cap, column]


@kernel
def fold_grants(
    offsets: Ints,
    log: tuple[Ints, Ints, Ints, Ints, Ints],
    given: tuple[Ints, Ints, Ints, Ints, Desk, Desk],
    calendar: tuple[Ints, Desk, Ints],
    ladder: tuple[Ints, Ints, Ints, Ints, Ints],
    until: Ints,
    sizes: tuple[int, int],
    room: tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints],
) -> tuple[int, int, int]:
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
        sizes: The rows of the member that has most, and the moves there is room for.
        room: What is written. points: int64[n], granted; -1 where no rule
            matched. owed: int64[n], what refunds take of the grant so far.
            refused: int64[n]. held: int64[m]. desk: int64, STATE and some
            more numbers, ROW and caps for each row of the widest member, then the
            moves: member, instant, level and what each is of. told: int64[n, 4] and parts:
            int64[n, s], or no rows.

    Returns:
        Where moves begin and end, and n; or the row where a number leaves
        int64; or FULL. Cost: some 10 ns a row. Twin: naive.points.replay.
    """
    at, act, value, refers, day = log
    plain, special, rules, boosts, tops, bottoms = given
    keys, terms, lows = calendar
    options, thresholds, reviews, starts, stops = ladder
    points, owed, refused, standing, desk, told, parts = room
    _set_up(desk, rules, thresholds, options, special.shape[1])
    width, first = desk[_WIDTH], desk[_ROWS]
    moves = first + width * sizes[0]
    desk[_MOVES], desk[_MOVES_TO], desk[_FILLED] = moves, moves + MOVE * sizes[1], 0
    tiered = options[BY] != NO_LADDER
    for member in range(offsets.size - 1):
        _begin(desk, starts[member])
        desk[_STOP], desk[_MEMBER], desk[_KIND] = stops[member], member, BOTH
        desk[_OWN_MOVES] = desk[_MOVES]
        for cap in range(desk[_CAPS]):
            desk[STATE + _RULE * cap + _KEY] = _LONG_AGO
        row, base = first - width, offsets[member]
        for here in range(base, offsets[member + 1]):
            row += width
            now, what, today = at[here], act[here], day[here]
            desk[row + _AT], desk[row + _DAY], desk[row + _FROM] = now, today, lows[today]
            desk[row + _VALUE] = desk[row + _COUNTS] = desk[row + _REFUNDED] = 0
            desk[row + _TOTAL], desk[row + _GRANTED] = value[here], -1
            if what in (_ORDER, _ACTION):
                for key in range(5):
                    desk[row + _KEYS + key] = keys[key, today]
                for cap in range(row + ROW, row + width):
                    desk[cap] = 0
                if tiered:
                    _advance(desk, reviews, now)
                held, code = desk[_HELD], boosts[here]
                units = _contributed(desk, row, here, terms[today] & 1, plain, special, parts)
                if units >= 0:
                    how = terms[today] >> 1 & 3
                    desired = _rounded(units, tops[code, held], bottoms[code, held], how)
                    cap = special.shape[1] + (terms[today] >> 3)
                    units = _limited(desk, row, cap, desired, 1) if desired >= 0 else _BEYOND
                    if told.shape[0] > 0:
                        told[here, DESIRED], told[here, BOUND] = desired, desk[_BOUND]
                        told[here, WINNER], told[here, HELD_BEFORE] = desk[_WINNER], held
                if units == _BEYOND:
                    return 0, 0, here
                points[here] = desk[row + _GRANTED] = units
                if tiered and not _count(desk, row, what, units):
                    return 0, 0, here
            elif what == _REFUND:
                own, then = first + width * (refers[here] - base), min(now, until[member])
                due = _refund(desk, reviews, own, value[here], starts[member], then)
                if due >= 0:
                    owed[here] = due
                else:
                    refused[here] = _EXCEEDS
        if tiered:
            _advance(desk, reviews, until[member])
            standing[member] = desk[_HELD]
        if desk[_FILLED] > 0:
            return 0, 0, FULL
    return moves, desk[_MOVES], at.size
