"""Grants: one pass over each member's orders and actions: caps, boosts, tiers, refunds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from custseg._kernels._jit import bare, inlined, lowest, part

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    # An array of int64 too; its items are told as what they are.
    Slate = Any
    Given = tuple[Ints, Slate, Slate, Slate, Slate, Slate, Slate, Slate]
    # Rules; what was used, by slot; what each row used of each rule's cap; days.
    Caps = tuple[Slate, Slate, Slate, Slate]
    Use = tuple[int, int, int]

__all__ = ["fold_grants", "path_size"]

# An index that cannot be below 0 needs no look at the length of what it is of.
_unsigned: Any = np.uint64
_signed: Any = np.int64

_NEVER = 2**63 - 1
_LONG_AGO = -(2**63)
_ORDER, _ACTION, _REFUND = 5, 6, 8
_EXCEEDS = 9
_BEYOND = -2

# Instead of a row: there was no room to write, so try again with more.
FULL = -2

# Columns of a rule that is limited; the last rows are the program's caps, by version. GIVES is
# what it gives at once, in units, or -1 - the column of what it gives row by row; SLOT which
# caps it shares what is used with: those of the same name and period.
LIMIT, PER, GIVES, PLACE, SLOT = range(5)
RULE = 5

MOST_RULES = 62
"""A bit for each, one for the program's cap, and one for the sign."""

# A factor is a fraction.
FACTOR = 2

# Columns of a day: the keys of its periods first, by PER. ADDING is 1 for best plus 2 for each
# step of the rounding plus 8 for each version before; LOW the first day that counts for a tier.
ADDING, LOW = 5, 6
DAY = 7

# What a member used of a slot's caps, and in which period. There is one for even and one for odd
# periods: where clocks go back over midnight, the day before comes again, and then its next.
_KEY, _USED = 0, 1
_EACH = 2
USE = 2 * _EACH

# Columns of what is told of a grant.
DESIRED, BOUND, WINNER, HELD_BEFORE = range(4)

# What a tier change is of: the path as it stands, what was held at the time, or both.
PATH, FELT, BOTH = range(3)
MOVE = 4

# Options of the ladder, which come first in the path.
BY, KEEP, DOWNGRADE, AT_REVIEW, PERIOD, REFOLDS, GRACE = range(7)
POINTS, SPEND, ORDERS, NO_LADDER = range(4)
_NEVER_DOWN = 2

# Then where a member's path stands when it is put down: from _FIRST to before _HERE lie the rows
# whose sum counts, and nothing happens of itself before _DUE. Then the thresholds, until which
# review each level is sure, and the falls that are booked: instant and level.
_HELD, _SUM, _FIRST, _HERE, _NEXT, _STOP, _LOW, _FALLS, _DUE = range(7, 16)
_MEMBER, _KIND, _MOVES, _FILLED, _BASE, LEVELS, THRESHOLDS = range(16, 23)

# Columns of a row that was folded, then what it used of each cap. _COUNTS is 2 for an order that
# was refunded in full: it qualifies for nothing. When it was folded, the sum was _THEN (or more),
# the level that this supports _REACHED, and the next review _BEFORE (-1: a fall was booked). _CAPS
# tells as bits which rules may have used their caps.
_WORTH, _COUNTS, _REFUNDED, _THEN, _REACHED, _BEFORE, _CAPS = range(7)
ROW = 7


def path_size(levels: int, falls: int) -> int:
    """The numbers that the path holds."""
    return THRESHOLDS + 2 * levels + 2 * falls


# Where a number stands in tables that are flat: their width is known when the code is made.
@inlined
def _in_row(row: int, column: int) -> int:
    return _unsigned(row * ROW + column)


@inlined
def _in_rule(rule: int, column: int) -> int:
    return _unsigned(rule * RULE + column)


@inlined
def _in_day(day: int, column: int) -> int:
    return _unsigned(day * DAY + column)


@inlined
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


@inlined
def _hold(path: Slate, moves: Ints, level: int, at: int) -> None:
    """Be at a level from an instant on."""
    if level == path[_HELD]:
        return
    path[_HELD] = level
    place = path[_MOVES]
    if place == moves.shape[0]:
        path[_FILLED] = 1
        return
    moves[place, 0], moves[place, 1] = path[_MEMBER], at
    moves[place, 2], moves[place, 3] = level, path[_KIND]
    path[_MOVES] = place + 1


@inlined
def _slid(
    day: Ints, rows: Ints, base: int, span: tuple[int, int], total: int, low: int
) -> tuple[int, int]:
    """Of rows before `here` the first that counts since a day, and the sum from there."""
    first, here = span
    while first < here and day[_unsigned(base + first)] < low:
        total -= rows[_in_row(first, _WORTH)]
        first += 1
    while first > 0 and day[_unsigned(base + first - 1)] >= low:
        first -= 1
        total += rows[_in_row(first, _WORTH)]
    return first, total


@inlined
def _level(path: Slate, total: int, level: int) -> int:
    """The highest level that a sum supports, looked for from one on."""
    while level + 1 < path[LEVELS] and path[_unsigned(THRESHOLDS + level + 1)] <= total:
        level += 1
    while path[_unsigned(THRESHOLDS + level)] > total:
        level -= 1
    return level


@inlined
def _wait(path: Slate, reviews: Ints) -> None:
    """Note when the path turns next of itself."""
    due = reviews[path[_NEXT], 0] if path[_NEXT] < path[_STOP] else _NEVER
    if path[_FALLS] > 0:
        due = min(due, path[THRESHOLDS + 2 * path[LEVELS]])
    path[_DUE] = due


@inlined
def _reach(path: Slate, reviews: Ints, level: int) -> None:
    """A level was reached: falls that wait lead no lower, and not down if it is what is held."""
    booked = THRESHOLDS + 2 * path[LEVELS]
    if level >= path[_HELD]:
        path[_FALLS] = 0
        _wait(path, reviews)
    for fall in range(path[_FALLS]):
        place = booked + 2 * fall + 1
        path[place] = max(path[place], level)


@inlined
def _worth(by: int, what: int, points: int, value: Slate, row: int) -> int:
    """What an order or action adds to what its member's tier is by."""
    if by == POINTS:
        return max(points, 0)
    if what == _ACTION:
        return 0
    return value[row] if by == SPEND else 1


@inlined
def _put_down(path: Slate, held: int, total: int, first: int, here: int) -> None:
    """Where a path stands, for what is seldom done."""
    path[_HELD], path[_SUM], path[_FIRST], path[_HERE] = held, total, first, here


@inlined
def _fall(path: Slate, moves: Ints) -> None:
    """The fall that was booked first comes due."""
    sure = THRESHOLDS + path[LEVELS]
    first = sure + path[LEVELS]
    at, level = path[first], path[first + 1]
    path[_FALLS] -= 1
    for place in range(first, first + 2 * path[_FALLS]):
        path[place] = path[place + 2]
    for higher in range(level + 1, path[LEVELS]):
        if path[sure + higher] >= path[_NEXT]:
            level = higher
    if path[DOWNGRADE] == 1:
        level = max(level, path[_HELD] - 1)
    if path[DOWNGRADE] < _NEVER_DOWN:
        _hold(path, moves, min(level, path[_HELD]), at)


@inlined
def _advance(path: Slate, day: Ints, rows: Ints, reviews: Ints, moves: Ints, until: int) -> None:
    """Reviews and falls by an instant, in their order."""
    booked = THRESHOLDS + 2 * path[LEVELS]
    while path[_DUE] <= until and path[_DUE] != _NEVER:
        now, review = path[_DUE], path[_NEXT]
        if path[_FALLS] > 0 and path[booked] == now:
            _fall(path, moves)
        else:
            low = path[_LOW] if path[PERIOD] == 1 else reviews[review, 1]
            span = path[_FIRST], path[_HERE]
            path[_FIRST], path[_SUM] = _slid(day, rows, path[_BASE], span, path[_SUM], low)
            level = _level(path, path[_SUM], path[_HELD])
            path[_NEXT] += 1
            path[_LOW] = reviews[review, 3]
            _reach(path, reviews, level)
            if level > path[_HELD]:
                _hold(path, moves, level, now)
            elif level < path[_HELD]:
                place = booked + 2 * path[_FALLS]
                path[place], path[place + 1] = reviews[review, 2], level
                path[_FALLS] += 1
        _wait(path, reviews)


@part
def _catch_up(path: Slate, day: Ints, rows: Ints, reviews: Ints, moves: Ints, until: int) -> None:
    """The same for what few rows need: the code stands once."""
    _advance(path, day, rows, reviews, moves, until)


@inlined
def _begin(path: Slate, reviews: Slate, start: int) -> None:
    """A member at the first level, before anything."""
    path[_HELD] = path[_SUM] = path[_FALLS] = path[_FIRST] = path[_HERE] = 0
    sure = THRESHOLDS + path[LEVELS]
    for level in range(sure, sure + path[LEVELS]):
        path[level] = -1
    path[_NEXT], path[_LOW] = start, _LONG_AGO
    _wait(path, reviews)


@inlined
def _qualify(path: Slate, reviews: Ints, moves: Ints, level: int, held: int, at: int) -> int:
    """A level is supported at an instant; the one held then."""
    # It is as sure as any above it.
    path[_unsigned(THRESHOLDS + path[LEVELS] + level)] = path[_NEXT] + path[KEEP]
    if path[_FALLS] > 0 or (level > held and path[AT_REVIEW] == 0):
        path[_HELD] = held
        _reach(path, reviews, level)
        if level > held and path[AT_REVIEW] == 0:
            _hold(path, moves, level, at)
            held = level
    return held


@inlined
def _remember(path: Slate, rows: Ints, row: int, total: int, level: int) -> None:
    """Note how things stood after a row."""
    rows[_in_row(row, _THEN)], rows[_in_row(row, _REACHED)] = total, level
    rows[_in_row(row, _BEFORE)] = path[_NEXT] if path[_FALLS] == 0 else -1


@inlined
def _stays(path: Slate, rows: Ints, row: int, less: int, left: int) -> bool:
    """Whether the path is the same though a row counts for less.

    It is when all rows since reach the same level, without review or fall between.
    """
    before = row - 1
    while before >= 0 and rows[_in_row(before, _COUNTS)] != 1:
        before -= 1
    if before < 0 or path[_FALLS] > 0 or rows[_in_row(before, _BEFORE)] != path[_NEXT]:
        return False
    if left == 0 and rows[_in_row(before, _REACHED)] < rows[_in_row(row, _REACHED)]:
        return False
    for later in range(row + int(left == 0), path[_HERE]):
        level = rows[_in_row(later, _REACHED)]
        if (
            rows[_in_row(later, _COUNTS)] == 1
            and path[THRESHOLDS + level] > rows[_in_row(later, _THEN)] - less
        ):
            return False
    for later in range(row, path[_HERE]):
        rows[_in_row(later, _THEN)] -= less
    return True


@part
def _refold(
    path: Slate,
    log: tuple[Slate, Slate, Slate],
    rows: Ints,
    reviews: Ints,
    moves: Ints,
    span: tuple[int, int, int],
) -> None:
    """Fold the tier path again over what still stands."""
    start, own_moves, until = span
    at, day, days = log
    held, stop, base = path[_HELD], path[_HERE], path[_BASE]
    for move in range(own_moves, path[_MOVES]):
        # What was held at the time stays told; the path is told anew.
        moves[move, 3] = FELT if moves[move, 3] > PATH else -1
    _begin(path, reviews, start)
    path[_KIND] = PATH
    for row in range(stop):
        if rows[_in_row(row, _COUNTS)] > 0:
            now, today = at[base + row], day[base + row]
            if path[_DUE] <= now:
                _catch_up(path, day, rows, reviews, moves, now)
            path[_HERE] = row + 1
            path[_SUM] += rows[_in_row(row, _WORTH)]
            if rows[_in_row(row, _COUNTS)] == 1:
                low = path[_LOW] if path[PERIOD] == 1 else days[_in_day(today, LOW)]
                own = path[_FIRST], row + 1
                path[_FIRST], path[_SUM] = _slid(day, rows, base, own, path[_SUM], low)
                level = _level(path, path[_SUM], path[_HELD])
                path[_HELD] = _qualify(path, reviews, moves, level, path[_HELD], now)
                _remember(path, rows, row, path[_SUM], level)
    path[_HERE] = stop
    if path[_DUE] <= until:
        _catch_up(path, day, rows, reviews, moves, until)
    level = path[_HELD]
    if level != held:
        path[_KIND], path[_HELD] = FELT, held
        _hold(path, moves, level, until)
    path[_KIND] = BOTH


@inlined
def _slot(caps: Caps, cap: int, today: int) -> tuple[int, int]:
    """The key of a cap's period on a day, and where stands what was used in it."""
    rules, _, _, days = caps
    key = days[_in_day(today, rules[_in_rule(cap, PER)])]
    return key, rules[_in_rule(cap, SLOT)] * USE + (key & 1) * _EACH


@inlined
def _programs(caps: Caps, today: int) -> int:
    """The program's cap of a day, which stands behind those of rules."""
    return caps[2].shape[1] + (caps[3][_in_day(today, ADDING)] >> 3)


@part
def _give_back(caps: Caps, cap: int, today: int, units: int) -> None:
    """What was used of a cap on a day comes back while the period runs."""
    used, (key, slot) = caps[1], _slot(caps, cap, today)
    # What has no cap, or one of no period, used nothing of a slot.
    if caps[0][_in_rule(cap, PER)] > 0 and used[_unsigned(slot + _KEY)] == key:
        used[_unsigned(slot + _USED)] -= units


@part
def _release(caps: Caps, asked: int, row: int, today: int, points: int) -> None:
    """What an order used of caps comes back."""
    uses = caps[2]
    for cap in range(uses.shape[1]):
        if (asked >> cap) & 1 > 0:
            _give_back(caps, cap, today, uses[row, cap])
    _give_back(caps, _programs(caps, today), today, points)


@inlined
def _stand(
    path: Slate,
    log: tuple[Slate, Slate, Slate],
    rows: Ints,
    reviews: Ints,
    moves: Ints,
    span: tuple[int, int, int],
    order: tuple[int, int, int],
) -> None:
    """An order stands for less in its tier from now on: row, points kept, money left."""
    row, kept, left = order
    if path[_DUE] <= span[2]:
        _advance(path, log[1], rows, reviews, moves, span[2])
    worth = kept if path[BY] == POINTS else left if path[BY] == SPEND else min(left, 1)
    less = rows[_in_row(row, _WORTH)] - worth
    if row >= path[_FIRST]:
        path[_SUM] -= less
    rows[_in_row(row, _WORTH)] = worth
    if path[REFOLDS] == 1:
        rows[_in_row(row, _COUNTS)] = 1 if left > 0 else 2
        if _stays(path, rows, row, less, left):
            return
        _refold(path, log, rows, reviews, moves, span)


@inlined
def _left(caps: Caps, cap: int, today: int, units: int) -> tuple[int, Use]:
    """What a cap leaves of units on a day; and its period, what was used in it, where that stands.

    Nothing is noted, and so stands nowhere (-1), of what has no cap, or one of no period.
    """
    rules, used, _, _ = caps
    limit = rules[_in_rule(cap, LIMIT)]
    if limit < 0:
        return units, (0, 0, -1)
    if rules[_in_rule(cap, PER)] == 0:
        return min(units, limit), (0, 0, -1)
    key, slot = _slot(caps, cap, today)
    spent = used[_unsigned(slot + _USED)] if used[_unsigned(slot + _KEY)] == key else 0
    return min(units, max(limit - spent, 0)), (key, spent, slot)


@inlined
def _use(used: Slate, use: Use, units: int) -> None:
    """Note what is used of a cap, beside what was."""
    key, spent, slot = use
    if slot >= 0:
        used[_unsigned(slot + _USED)], used[_unsigned(slot + _KEY)] = spent + units, key


@inlined
def _contributed(
    given: Given, caps: Caps, parts: Slate, about: tuple[int, int, int, int, int, int]
) -> tuple[int, int, int, int]:
    """What matching rules give together, in units (-1: none matches, -2: beyond int64).

    Beside it the caps that bound, as bits, which rule is best, and the rules that
    may have used their caps, as bits.
    """
    _, plain, limited, bests, _, amounts, allowed, _ = given
    here, source, row, today, held, best = about
    rules, uses, total, winner, bound = caps[0], caps[2], plain[source], -1, 0
    if bests.shape[0] > 0:
        winner = bests[source]
    noted = asked = limited[source] & allowed[_unsigned(held)]
    chosen, most, use = -1, 0, (0, 0, -1)
    while asked > 0:
        cap = lowest(asked)
        asked &= asked - 1
        units = rules[_in_rule(cap, GIVES)]
        if units < 0:
            units = amounts[source, -1 - units]
        came, own = _left(caps, cap, today, units)
        if best == 1:
            place = rules[_in_rule(cap, PLACE)]
            if came > total or (came == total and place < winner):
                total, winner, chosen, most, use = came, place, cap, units, own
            continue
        if came > _NEVER - max(total, 0):
            return _BEYOND, 0, 0, 0
        total = max(total, 0) + came
        bound |= int(came < units) << cap
        _use(caps[1], own, came)
        uses[_unsigned(row), _unsigned(cap)] = came
        if parts.shape[0] > 0:
            parts[here, _unsigned(cap)] = came
    if best == 1:
        noted = 0
    if chosen >= 0:
        bound, noted = int(total < most) << chosen, 1 << chosen
        _use(caps[1], use, total)
        uses[_unsigned(row), _unsigned(chosen)] = total
        if parts.shape[0] > 0:
            parts[here, _unsigned(chosen)] = total
    return total, bound, winner, noted


@inlined
def _rounded(units: int, top: int, bottom: int, how: int) -> int:
    """Units x top / bottom, rounded once; -2 beyond int64."""
    if (units | top) >> 31 > 0 and units > _NEVER // top:
        return _BEYOND
    # Neither is negative, and so their division needs no thought about signs.
    points = _signed(_unsigned(units * top) // _unsigned(bottom))
    if how == 0:
        return points
    rest = units * top - points * bottom
    lacking = bottom - rest
    if how == 1:
        return points + int(rest >= lacking)
    if how == 2:  # noqa: PLR2004 - half to even
        return points + int(rest > lacking or (rest == lacking and points % 2 == 1))
    return points + int(rest > 0)


@inlined
def _tell(told: Ints, row: int, of: tuple[int, int, int, int]) -> None:
    """Write down how a grant came about, where that is asked for."""
    if told.shape[0] > 0:
        told[row, DESIRED], told[row, BOUND], told[row, WINNER], told[row, HELD_BEFORE] = of


@inlined
def _granted(
    given: Given,
    caps: Caps,
    rows: Ints,
    told: tuple[Slate, Slate],
    about: tuple[int, int, int, int],
) -> int:
    """The points of a row; -1 where no rule matches, -2 beyond int64."""
    source, _, _, _, boosts, _, _, factors = given
    here, row, today, held = about
    origin = _unsigned(source[here])
    adding = caps[3][_in_day(today, ADDING)]
    units, bound, best, noted = _contributed(
        given, caps, told[1], (here, origin, row, today, held, adding & 1)
    )
    rows[_in_row(row, _CAPS)] = noted
    if units < 0:
        return units
    factor = held if boosts.shape[0] == 0 else held + boosts[origin]
    top = factors[_unsigned(factor * FACTOR)]
    bottom = factors[_unsigned(factor * FACTOR + 1)]
    desired = _rounded(units, top, bottom, adding >> 1 & 3)
    cap = _programs(caps, today)
    points, use = _left(caps, cap, today, desired)
    if points > 0:
        _use(caps[1], use, points)
    _tell(told[0], here, (desired, bound, best, held))
    return points


@bare
def fold_grants(
    offsets: Ints,
    log: tuple[Slate, Slate, Slate, Slate, Slate],
    given: Given,
    rules: Slate,
    days: Slate,
    ladder: tuple[Ints, Ints, Ints],
    until: Ints,
    scratch: tuple[Ints, Ints, Slate, Ints],
    room: tuple[Slate, Ints, Ints, Ints, Ints, Ints, Ints],
) -> tuple[int, int]:
    """Grant points to each member's orders and actions, in the order of things.

    Args:
        offsets: int64[m + 1]; member k owns rows offsets[k]:offsets[k + 1].
        log: at, act, value (an order's total, a refund's amount; in smallest
            units), refers (the row of a refund's order), day: int64[n] each.
        given: source: int64[n], where each row stands among orders, then events, as
            all else here does. plain: int64[n], what rules give that nothing
            limits, in units (-1: none); limited: int64[n], which other rules match,
            as bits; bests: int64[n], which of the plain ones is best, or no
            rows; boosts: int64[n], the first row of the factors, or no rows; amounts:
            int64[n, a], what limited rules give that is not the same for all.
            allowed: int64[levels], which limited rules each tier allows, as bits.
            factors: int64[b x levels x FACTOR], by tier.
        rules: int64[(s + v) x RULE], LIMIT in units (-1: none), PER (0 order, then the
            key of a day), GIVES, PLACE, SLOT; the last are the program's caps, by version.
        days: int64[d x DAY], what each day is.
        ladder: reviews: int64[r, 4] (instant, first day that counts, instant of
            the fall, day), and int64[m] where each member's reviews start and stop.
        until: int64[m], to when each member's path goes.
        scratch: path: int64[path_size], the options of the ladder first, then
            the thresholds from THRESHOLDS on, their number in LEVELS. used:
            int64[slots x USE]. uses: int64[w, s] and rows: int64[w x ROW], for
            the w rows of the member that has most.
        room: What is written. points: int64[n], granted; -1 where no rule
            matched. owed: int64[n], what refunds take of the grant so far.
            refused: int64[n]. held: int64[m]. moves: int64[p, MOVE], member,
            instant, level and what each is of. told: int64[n, 4] and parts:
            int64[n, s], or no rows.

    Returns:
        How many moves there are, and n; or the row where a number leaves
        int64; or FULL. Cost: some 32 ns a row. Twin: naive.points.replay.
    """
    at, act, value, refers, day = log
    reviews, starts, stops = ladder
    path, used, uses, rows = scratch
    points, owed, refused, standing, moves, told, parts = room
    by, tiered, period = path[BY], path[BY] != NO_LADDER, path[PERIOD] == 1
    times, caps = (at, day, days), (rules, used, uses, days)
    for member in range(offsets.size - 1):
        base, own_moves = offsets[member], path[_MOVES]
        path[_STOP], path[_MEMBER], path[_KIND], path[_BASE] = stops[member], member, BOTH, base
        _begin(path, reviews, starts[member])
        for each in range(_KEY, used.size, _EACH):
            used[_unsigned(each)] = _LONG_AGO
        held = total = first = level = 0
        for row in range(offsets[member + 1] - base):
            here = _unsigned(base + row)
            now, what, today = at[here], act[here], _unsigned(day[here])
            for column in (_WORTH, _COUNTS, _REFUNDED):
                rows[_in_row(row, column)] = 0
            if _ORDER <= what <= _ACTION:
                if path[_DUE] <= now:
                    _put_down(path, held, total, first, row)
                    _advance(path, day, rows, reviews, moves, now)
                    held, total, first = path[_HELD], path[_SUM], path[_FIRST]
                units = _granted(given, caps, rows, (told, parts), (here, row, today, held))
                if units == _BEYOND:
                    return 0, _signed(here)
                points[here] = units
                rows[_in_row(row, _COUNTS)] = 1
                if tiered:
                    worth = _worth(by, what, units, value, here)
                    if worth > _NEVER - total:
                        return 0, _signed(here)
                    rows[_in_row(row, _WORTH)] = worth
                    low = path[_LOW] if period else days[_in_day(today, LOW)]
                    first, total = _slid(day, rows, base, (first, row + 1), total + worth, low)
                    level = _level(path, total, level)
                    held = _qualify(path, reviews, moves, level, held, now)
                    _remember(path, rows, row, total, level)
            elif what == _REFUND:
                order = refers[here]
                left = value[order] - rows[_in_row(order - base, _REFUNDED)] - value[here]
                if left < 0:
                    refused[here] = _EXCEEDS
                    continue
                rows[_in_row(order - base, _REFUNDED)] += value[here]
                granted = max(points[order], 0)
                kept = _share(granted, left, value[order])
                owed[here] = granted - kept
                # What is outside of a membership used nothing and counts for nothing.
                counts = rows[_in_row(order - base, _COUNTS)] > 0
                if counts and left == 0:
                    asked = rows[_in_row(order - base, _CAPS)]
                    _release(caps, asked, order - base, day[order], granted)
                if counts and tiered:
                    _put_down(path, held, total, first, row)
                    span = starts[member], own_moves, min(now, until[member])
                    _stand(path, times, rows, reviews, moves, span, (order - base, kept, left))
                    held, total, first = path[_HELD], path[_SUM], path[_FIRST]
        if tiered:
            _put_down(path, held, total, first, offsets[member + 1] - base)
            if path[_DUE] <= until[member]:
                _advance(path, day, rows, reviews, moves, until[member])
            standing[member] = path[_HELD]
        if path[_FILLED] > 0:
            return 0, FULL
    return path[_MOVES], at.size
