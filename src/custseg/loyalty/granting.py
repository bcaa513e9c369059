"""Granting: what each order and action earns, alone or in the order of things."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, lcm
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from custseg._kernels import books
from custseg.errors import LedgerError
from custseg.loyalty.calendar import no_reviews, reviews_of
from custseg.loyalty.contributions import LARGEST, granted
from custseg.schema.bridge import read_only

if TYPE_CHECKING:
    from collections.abc import Sequence as Listed

    from numpy.typing import NDArray

    from custseg.loyalty.calendar import Calendar, Reviews
    from custseg.loyalty.earning import Side, Terms
    from custseg.loyalty.ladder import Ladder
    from custseg.loyalty.sequence import Sequence

    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]

__all__ = ["Demand", "Grants", "beyond_at", "effective", "folded", "needs_order", "unfolded"]

# What one product of weight and amount may be: sums of a few stay within int64.
_SAFE = 2**62
_PERS = {"order": 0, "day": 1, "month": 2, "year": 3, "lifetime": 4}
_BYS = {"points": 0, "spend": 1, "orders": 2}
_NO_LADDER = 3
_DOWNGRADES = {"qualified": 0, "one_level": 1, "never": 2}


@frozen(eq=False)
class Demand:
    """What rows ask for, beside what rules give.

    Attributes:
        value: int64[n], an order's total, a refund's amount.
        refers: int64[n], the row of a refund's order or a cancel's redemption,
            a redemption's reward; -1 for none.
        points: int64[n], what requests and facts name; 0 elsewhere.
        extra: int64[n], what a refund takes, an opening's end.
        reason: int64[n], why a row is refused before anything is folded.
    """

    value: Ints
    refers: Ints
    points: Ints
    extra: Ints
    reason: Ints


@frozen(eq=False)
class Grants:
    """What rows were granted, by row of the sequence.

    Attributes:
        points: int64[n], granted; -1 where no rule matched. Other rows have
            what they name.
        denominator: Units of one point.
        told: int64[n, 4]: desired, caps that bound as bits, the rule that is
            best, the tier held before; None when nothing was folded.
        parts: int64[n, s], what each limited rule gave, in units; or None.
        specials: (place, tiers as bits) of each such rule.
        held: int64[m], the tier at the end, or None.
        moves: int64[p, 4], tier changes: member, instant, level, what it is of.
        winner: int64[n], the place of the rule that is best; None where all count.
    """

    points: Ints
    denominator: int
    told: Ints | None
    parts: Ints | None
    specials: tuple[tuple[int, int], ...]
    held: Ints | None
    moves: Ints | None
    winner: Ints | None


def needs_order(terms: Listed[Terms], demand: Demand, act: Ints) -> bool:
    """Whether what is earned depends on what came before, or is more than a plain sum."""
    for each in terms:
        program = each.program
        rules = program.earning
        if program.cap or program.tiers or program.boosts or len(terms) > 1:
            return True
        if any(rule.cap is not None for rule in program.rules) or any(rule.tiers for rule in rules):
            return True
    return bool(((act == books.REFUND) & (demand.reason == 0)).any())


def unfolded(
    terms: Listed[Terms], sides: tuple[Side, Side], made: Sequence, demand: Demand
) -> Grants:
    """What a plain program grants: row by row, in whole columns."""
    found: list[Ints] = []
    winners: list[Ints] = []
    for side, rows in zip(sides, (made.logs.orders, made.logs.events), strict=True):
        result = granted(terms[0].program, [offer.given for offer in side.offers], side.rows)
        if result.beyond is not None:
            raise _beyond_place(made, int(rows is made.logs.events), result.beyond)
        found.append(np.where(result.matched, result.points, -1))
        winners.append(np.full(side.rows, -1))
        for offer, (_, took) in zip(side.offers, result.parts, strict=True):
            winners[-1][took] = offer.place
    points = _placed(made, made.ordered(*found), demand)
    best = made.ordered(*winners) if terms[0].program.combine == "best" else None
    return Grants(points, 1, None, None, (), None, None, best)


def _placed(made: Sequence, earned: Ints, demand: Demand) -> Ints:
    """Points of rows that earn, and of those that ask."""
    if bool((made.act <= books.ACTION).all()) and made.outside is None and made.strange is None:
        return read_only(earned)
    earns = (made.act == books.ORDER) | (made.act == books.ACTION)
    points = np.where(earns, earned, demand.points)
    return read_only(points)


@frozen(eq=False)
class _Weighed:
    """Offers in whole units of one denominator, over the rows of one log."""

    plain: Ints
    special: Ints
    boosts: Ints


def folded(
    terms: Listed[Terms],
    sides: tuple[Side, Side],
    made: Sequence,
    demand: Demand,
    days: Calendar,
    day: Ints,
    *,
    until: int,
    entries: bool,
) -> Grants:
    """What a program grants in the order of things: caps, tiers, boosts and refunds.

    Raises:
        LedgerError: when points, or what they are made of, leave int64.
    """
    from custseg._kernels import grants as kernel

    ladder = terms[-1].program.tiers
    denominator = _denominator(sides)
    rules, specials = _rules(terms, sides, denominator, ladder)
    codes, tops, bottoms = _factors(sides, denominator, ladder)
    weighed = [
        _weighed(side, denominator, [place for place, _ in specials], code, made, at)
        for at, (side, code) in enumerate(zip(sides, codes, strict=True))
    ]
    plain, special, boosts = (
        read_only(made.ordered(*(getattr(each, name) for each in weighed)))
        for name in ("plain", "special", "boosts")
    )
    members, rows = made.offsets.size - 1, made.at.size
    reviews = no_reviews(members)
    if ladder is not None:
        since = np.minimum(made.members.since, until)
        reviews = reviews_of(ladder, days, since, made.members.joined, until)
    act = effective(made, demand)
    points = np.array(demand.points)
    owed, refused = np.array(demand.extra), np.array(demand.reason)
    held = np.zeros(members, np.int64)
    told = np.zeros((rows if entries else 0, 4), np.int64)
    parts = np.zeros((rows if entries else 0, special.shape[1]), np.int64)
    widest = int(np.diff(made.offsets).max(initial=1))
    options, thresholds = _options(ladder), _thresholds(ladder, terms)
    fixed = kernel.STATE + 6 * len(rules) + 2 * thresholds.size + 2 * int(options[kernel.GRACE])
    fixed += (kernel.ROW + len(rules)) * widest
    room = rows // 4 + 64 if ladder is not None else 1
    while True:
        desk = np.empty(fixed + kernel.MOVE * room, np.int64)
        first, last, state = kernel.fold_grants(
            made.offsets,
            (made.at, act, demand.value, demand.refers, day),
            (plain, special, rules, boosts, tops, bottoms),
            (days.keys, days.adding, days.lows),
            (options, thresholds, *_of(reviews)),
            read_only(np.minimum(made.members.left, until)),
            (widest, room),
            (points, owed, refused, held, desk, told, parts),
        )
        if state != kernel.FULL:
            break
        room *= 4
    if state < rows:
        raise beyond_at(made, state)
    demand.extra[:], demand.reason[:] = owed, refused
    return Grants(
        read_only(points),
        denominator,
        told if entries else None,
        parts if entries else None,
        specials,
        held if ladder is not None else None,
        desk[first:last].reshape(-1, kernel.MOVE) if ladder is not None else None,
        told[:, kernel.WINNER] if entries else None,
    )


def _of(reviews: Reviews) -> tuple[Ints, Ints, Ints]:
    return reviews.table, reviews.starts, reviews.stops


def effective(made: Sequence, demand: Demand) -> Ints:
    """What rows are, those that count for nothing left out."""
    nothing = demand.reason != 0
    if made.outside is not None:
        nothing |= made.outside
    if made.strange is not None:
        nothing |= made.strange
    return read_only(np.where(nothing, books.NOTHING, made.act)) if nothing.any() else made.act


def _denominator(sides: tuple[Side, Side]) -> int:
    """Of all rates at once."""
    found = lcm(*(offer.given.rate.denominator for side in sides for offer in side.offers))
    if found > _SAFE:
        raise LedgerError(
            f"the rates of the rules have no common denominator below 2^62: {found}",
            where="earning",
            fix="write rates with fewer digits",
        )
    return found


def _is_special(offer: object) -> bool:
    rule = offer.rule  # type: ignore[attr-defined]
    return rule.cap is not None or bool(rule.tiers)


def _rules(
    terms: Listed[Terms], sides: tuple[Side, Side], denominator: int, ladder: Ladder | None
) -> tuple[Ints, tuple[tuple[int, int], ...]]:
    """The rules that need the order of things, and the program's cap, as rows of numbers."""
    rows: dict[int, tuple[int, int, int, int]] = {}
    for side in sides:
        for offer in side.offers:
            if not _is_special(offer):
                continue
            rule = offer.rule
            limit = -1 if rule.cap is None else min(rule.cap.points * denominator, LARGEST)
            per = 0 if rule.cap is None else _PERS[rule.cap.per]
            rows[offer.place] = (limit, per, _tier_bits(rule.tiers, ladder), offer.place)
    caps = [each.program.cap for each in terms]
    last = [
        (-1, 0, -1, -1) if cap is None else (cap.points, _PERS[cap.per], -1, -1) for cap in caps
    ]
    kept = [rows[place] for place in sorted(rows)]
    table = np.array([*kept, *last], np.int64)
    return read_only(table), tuple((row[3], row[2]) for row in kept)


def _tier_bits(names: tuple[str, ...], ladder: Ladder | None) -> int:
    if not names or ladder is None:
        return -1 if not names else 0
    return sum(1 << place for place, name in enumerate(ladder.names) if name in names)


def _factors(
    sides: tuple[Side, Side], denominator: int, ladder: Ladder | None
) -> tuple[list[Ints], Ints, Ints]:
    """Which boosts multiply each row, as a code, and what each code comes to by tier."""
    places = sorted({place: boost for side in sides for place, boost, _ in side.boosts}.items())
    order = {place: bit for bit, (place, _) in enumerate(places)}
    if len(order) > _MOST_BOOSTS:
        raise LedgerError(
            f"a program can have {_MOST_BOOSTS} boosts, not {len(order)}",
            where="earning",
            fix="join boosts that never hold together",
        )
    codes: list[Ints] = []
    for side in sides:
        code = np.zeros(side.rows, np.int64)
        for place, _, hits in side.boosts:
            code |= hits.astype(np.int64) << order[place]
        codes.append(code)
    found, back = _distinct(codes)
    names = ladder.names if ladder is not None else ("",)
    by_tier = ladder.boosts if ladder is not None else (Fraction(1),)
    tops = np.empty((len(found), len(names)), np.int64)
    bottoms = np.empty_like(tops)
    for row, code in enumerate(found):
        for tier, (name, factor) in enumerate(zip(names, by_tier, strict=True)):
            whole = factor / denominator
            for bit, (_, boost) in enumerate(places):
                if code >> bit & 1 and (not boost.tiers or name in boost.tiers):
                    whole *= boost.factor
            if max(whole.numerator, whole.denominator) > _SAFE:
                raise LedgerError(
                    "the boosts and rates together have numbers beyond int64",
                    where="earning",
                    fix="write factors and rates with fewer digits",
                )
            tops[row, tier], bottoms[row, tier] = whole.numerator, whole.denominator
    return back, read_only(tops), read_only(bottoms)


_MOST_BOOSTS = 62


def _distinct(codes: list[Ints]) -> tuple[list[int], list[Ints]]:
    """The codes there are, and where each row's stands among them."""
    most = max((int(code.max(initial=0)) for code in codes), default=0)
    if most < _DENSE:
        return list(range(most + 1)), codes
    found = np.unique(np.concatenate(codes))
    return found.tolist(), [np.searchsorted(found, code) for code in codes]


_DENSE = 1024


def _weighed(
    side: Side,
    denominator: int,
    specials: list[int],
    code: Ints,
    made: Sequence,
    at: int,
) -> _Weighed:
    """What rules give in units: those that nothing limits together, others each alone."""
    plain = np.full((side.rows, 2), -1, np.int64)
    special = np.full((side.rows, len(specials)), -1, np.int64)
    total, winner = plain[:, 0], plain[:, 1]
    for offer in side.offers:
        given = offer.given
        weight = int(given.rate * denominator)
        _check_size(given.amounts, weight, given.hits, made, at)
        if given.amounts is None:
            units = np.where(given.hits, np.int64(min(weight, LARGEST)), -1)
        else:
            units = np.where(given.hits, given.amounts * weight, -1)
        if offer.place in specials and (offer.capped or offer.rule.tiers):
            column = special[:, specials.index(offer.place)]
            np.maximum(column, units, out=column)
        elif offer.best:
            # Only more is better: the rule declared first keeps a tie.
            better = units > total
            total[better], winner[better] = units[better], offer.place
        else:
            np.add(total, units, out=total, where=(total >= 0) & (units >= 0))
            np.copyto(total, units, where=(total < 0))
            if total.size and int(total.max()) > _SAFE:
                raise _beyond_place(made, at, int(total.argmax()))
    return _Weighed(plain, special, code)


def _check_size(amounts: Ints | None, weight: int, hits: Flags, made: Sequence, at: int) -> None:
    """Refuse what leaves int64 before it is multiplied."""
    if amounts is None:
        if weight > _SAFE and hits.any():
            raise _beyond_place(made, at, int(hits.argmax()))
    elif amounts.size and int(amounts.max()) * weight > _SAFE:
        large = hits & (amounts > _SAFE // weight)
        if large.any():
            raise _beyond_place(made, at, int(large.argmax()))


def _options(ladder: Ladder | None) -> Ints:
    """The options of the ladder as numbers."""
    if ladder is None:
        return read_only(np.array([_NO_LADDER, 0, 0, 0, 0, 0, 0], np.int64))
    return read_only(
        np.array(
            [
                _BYS[ladder.by],
                ladder.keep,
                _DOWNGRADES[ladder.downgrade],
                ladder.upgrade == "at_review",
                ladder.window == "period",
                ladder.on_refund == "refold",
                # As many falls may be booked as reviews lie within the days of grace.
                ladder.grace_days // 28 + 3,
            ],
            np.int64,
        )
    )


def _thresholds(ladder: Ladder | None, terms: Listed[Terms]) -> Ints:
    """What each level takes: points, orders, or smallest units of money."""
    if ladder is None:
        return read_only(np.zeros(1, np.int64))
    unit = terms[0].unit if ladder.by == "spend" else 1
    return read_only(
        np.array([min(ceil(each * unit), LARGEST) for each in ladder.thresholds], np.int64)
    )


def beyond_int64(customer: object, source: object, *, is_order: bool) -> LedgerError:
    """The error of points that no int64 holds."""
    noun = "order" if is_order else "event"
    return LedgerError(
        f"the points of customer {customer!r} leave int64 at {noun} {source!r}",
        where=f"{noun}_id {source!r}",
        fix="look for an amount that is too large, or give fewer points for it",
    )


def beyond_at(made: Sequence, row: int) -> LedgerError:
    """The error of a row of the sequence whose points no int64 holds."""
    place = int(made.places(np.array([row]))[0])
    orders = made.logs.orders.height
    return _beyond_place(made, int(place >= orders), place - orders * (place >= orders))


def _beyond_place(made: Sequence, at: int, place: int) -> LedgerError:
    rows, key = ((made.logs.orders, "order_id"), (made.logs.events, "event_id"))[at]
    customer, source = rows.select("customer_id", key).row(place)
    return beyond_int64(customer, source, is_order=at == 0)
