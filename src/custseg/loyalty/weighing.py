"""Weighing: what rules give, in whole units of one denominator."""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from custseg._kernels import grants as kernel
from custseg.errors import LedgerError
from custseg.loyalty.contributions import LARGEST
from custseg.schema.bridge import read_only

if TYPE_CHECKING:
    from collections.abc import Sequence as Listed

    from numpy.typing import NDArray

    from custseg.loyalty.boost import Boost
    from custseg.loyalty.earning import Offer, Side
    from custseg.loyalty.ladder import Ladder
    from custseg.loyalty.sequence import Sequence
    from custseg.loyalty.terms import Terms

    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]

__all__ = [
    "Limited",
    "Weighed",
    "Weights",
    "beyond_at",
    "beyond_int64",
    "beyond_place",
    "denominator_of",
    "factors_of",
    "limited_of",
    "weighed",
]

# What one product of weight and amount may be: sums of a few stay within int64.
_SAFE = 2**62
_PERS = {"order": 0, "day": 1, "month": 2, "year": 3, "lifetime": 4}


@frozen(eq=False)
class Weighed:
    """Offers in whole units of one denominator, over orders, then events.

    Attributes:
        plain: int64[n], what rules give that nothing limits; -1 where none holds.
        limited: int64[n], which of the others hold, as bits.
        bests: int64[n], which of the plain ones is best; or no rows.
        boosts: int64[n], the row of the factors; or no rows.
        amounts: int64[n, a], what limited rules give that is not the same for all.
    """

    plain: Ints
    limited: Ints
    bests: Ints
    boosts: Ints
    amounts: Ints

    def part(self, start: int, stop: int) -> Weighed:
        """Some rows of it."""
        own = slice(start, stop)
        return Weighed(*(column[own] for column in self.columns))

    @property
    def columns(self) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """The columns, as the kernel reads them."""
        return self.plain, self.limited, self.bests, self.boosts, self.amounts


def denominator_of(sides: tuple[Side, Side]) -> int:
    """Of all rates at once."""
    found = lcm(*(offer.given.rate.denominator for side in sides for offer in side.offers))
    if found > _SAFE:
        raise LedgerError(
            f"the rates of the rules have no common denominator below 2^62: {found}",
            where="earning",
            fix="write rates with fewer digits",
        )
    return found


def _is_limited(offer: Offer) -> bool:
    """Whether what it gives depends on the order of things."""
    return offer.capped or bool(offer.rule.tiers)


@frozen(eq=False)
class Limited:
    """The rules that need the order of things, and the program's caps.

    Attributes:
        places: The rules, by their places among all.
        table: int64[(s + v) x 4], as the kernel reads them.
        allowed: int64[levels], which of them each tier allows, as bits.
        varied: Of those whose points are not the same for all, the column.
    """

    places: tuple[int, ...]
    table: Ints
    allowed: Ints
    varied: dict[int, int]


@frozen(eq=False)
class Weights:
    """What rules come to in whole units, whatever the rows.

    Attributes:
        denominator: Units of one point.
        each: What each offer of orders, and of events, gives: at once, or for a
            smallest unit of money.
        limited: The rules that need the order of things.
        ladder: The tiers.
        factors: int64[levels x 2], what tiers alone make of units, as fractions.
    """

    denominator: int
    each: tuple[tuple[int, ...], tuple[int, ...]]
    limited: Limited
    ladder: Ladder | None
    factors: Ints

    @classmethod
    def of(cls, terms: Listed[Terms], sides: tuple[Side, Side]) -> Weights:
        """The weights of what rules offer.

        Raises:
            LedgerError: when numbers leave int64, or there are too many rules.
        """
        ladder, denominator = terms[-1].program.tiers, denominator_of(sides)
        first, second = (
            tuple(int(offer.given.rate * denominator) for offer in side.offers) for side in sides
        )
        limited = limited_of(terms, sides, denominator, ladder)
        factors = _factors([0], [], denominator, ladder)
        return cls(denominator, (first, second), limited, ladder, factors)


def limited_of(
    terms: Listed[Terms], sides: tuple[Side, Side], denominator: int, ladder: Ladder | None
) -> Limited:
    """The rules that need the order of things, and the program's caps, as numbers."""
    offers: dict[int, list[Offer]] = {}
    for side in sides:
        for offer in side.offers:
            if _is_limited(offer):
                offers.setdefault(offer.place, []).append(offer)
    if len(offers) > kernel.MOST_RULES:
        raise LedgerError(
            f"a program can have {kernel.MOST_RULES} rules with caps or tiers, not {len(offers)}",
            where="earning",
            fix="join rules whose caps never bind together",
        )
    places, varied = sorted(offers), dict[int, int]()
    names = ladder.names if ladder is not None else ("",)
    allowed = np.zeros(len(names), np.int64)
    table: list[tuple[int, int, int, int]] = []
    for bit, place in enumerate(places):
        rule = offers[place][0].rule
        rates = {each.given.rate for each in offers[place]}
        gives = int(next(iter(rates)) * denominator)
        same = len(rates) == 1 and all(each.given.amounts is None for each in offers[place])
        if not same or gives > _SAFE:
            gives = -1 - varied.setdefault(place, len(varied))
        limit = -1 if rule.cap is None else min(rule.cap.points * denominator, LARGEST)
        table.append((limit, 0 if rule.cap is None else _PERS[rule.cap.per], gives, place))
        allowed |= np.array([not rule.tiers or name in rule.tiers for name in names]) << bit
    caps = [each.program.cap for each in terms]
    table += [
        (-1, 0, 0, -1) if cap is None else (cap.points, _PERS[cap.per], 0, -1) for cap in caps
    ]
    flat = read_only(np.array(table, np.int64).reshape(-1))
    return Limited(tuple(places), flat, read_only(allowed), varied)


def factors_of(sides: tuple[Side, Side], weights: Weights) -> tuple[Ints, Ints]:
    """What boosts and tiers make of units, and where each row's part of it begins.

    Returns:
        int64[b x levels x 2], factors as fractions, by tier; int64[n], which is
        the first tier's, or no rows where there are no boosts.
    """
    places = sorted({place: boost for side in sides for place, boost, _ in side.boosts}.items())
    if not places:
        return weights.factors, np.zeros(0, np.int64)
    if len(places) > _MOST_BOOSTS:
        raise LedgerError(
            f"a program can have {_MOST_BOOSTS} boosts, not {len(places)}",
            where="earning",
            fix="join boosts that never hold together",
        )
    found, rows = _combinations(sides, {place: bit for bit, (place, _) in enumerate(places)})
    boosts = [boost for _, boost in places]
    table = _factors(found, boosts, weights.denominator, weights.ladder)
    levels = 1 if weights.ladder is None else len(weights.ladder.names)
    return table, read_only(rows * levels)


def _factors(
    codes: list[int], boosts: list[Boost], denominator: int, ladder: Ladder | None
) -> Ints:
    """What boosts, as bits of codes, and tiers make of units, as fractions, by tier."""
    names = ladder.names if ladder is not None else ("",)
    by_tier = ladder.boosts if ladder is not None else (Fraction(1),)
    table = np.empty((len(codes), len(names), 2), np.int64)
    for row, code in enumerate(codes):
        for tier, (name, factor) in enumerate(zip(names, by_tier, strict=True)):
            whole = factor / denominator
            for bit, boost in enumerate(boosts):
                if code >> bit & 1 and (not boost.tiers or name in boost.tiers):
                    whole *= boost.factor
            if max(whole.numerator, whole.denominator) > _SAFE:
                raise LedgerError(
                    "the boosts and rates together have numbers beyond int64",
                    where="earning",
                    fix="write factors and rates with fewer digits",
                )
            table[row, tier] = whole.numerator, whole.denominator
    return read_only(table.reshape(-1))


_MOST_BOOSTS = 62


def _combinations(sides: tuple[Side, Side], bits: dict[int, int]) -> tuple[list[int], Ints]:
    """Which boosts multiply rows together, as bits, and which of these each row has."""
    rows = np.zeros(sum(side.rows for side in sides), np.int64)
    first = 0
    for side in sides:
        for place, _, hits in side.boosts:
            rows[first : first + side.rows] |= hits.astype(np.int64) << bits[place]
        first += side.rows
    most = int(rows.max(initial=0))
    if most < _DENSE:
        return list(range(most + 1)), rows
    found, back = np.unique(rows, return_inverse=True)
    return found.tolist(), back


_DENSE = 1024


def weighed(sides: tuple[Side, Side], weights: Weights, boosts: Ints, made: Sequence) -> Weighed:
    """What rules give in units: those that nothing limits together, others each alone."""
    rows = sum(side.rows for side in sides)
    best = any(offer.best for side in sides for offer in side.offers)
    found = Weighed(
        np.full(rows, -1),
        np.zeros(rows, np.int64),
        np.full(rows if best else 0, -1),
        boosts,
        np.zeros((rows, len(weights.limited.varied)), np.int64),
    )
    first = 0
    for at, side in enumerate(sides):
        _weigh(side, at, weights, made, found.part(first, first + side.rows))
        first += side.rows
    for column in found.columns:
        column.setflags(write=False)
    return found


def _weigh(side: Side, at: int, weights: Weights, made: Sequence, into: Weighed) -> None:
    """Put in what the rules give the rows of one log."""
    if side.rows == 0:
        return
    limited, each = weights.limited, weights.each[at]
    is_large = _may_overflow(side, each)
    total, matched = np.zeros(side.rows, np.int64), np.zeros(side.rows, np.bool_)
    for offer, weight in zip(side.offers, each, strict=True):
        given, hits = offer.given, offer.given.hits
        if is_large:
            _check_size(given.amounts, weight, hits, made, at)
        value = np.int64(min(weight, LARGEST)) if given.amounts is None else given.amounts
        if given.amounts is not None and weight != 1:
            value = value * np.int64(weight)
        if _is_limited(offer):
            bits = into.limited
            bits |= hits.astype(np.int64) << limited.places.index(offer.place)
            if offer.place in limited.varied:
                np.copyto(into.amounts[:, limited.varied[offer.place]], value, where=hits)
        elif offer.best:
            # Only more is better: the rule declared first keeps a tie.
            units = np.where(hits, value, -1)
            better = units > into.plain
            into.plain[better], into.bests[better] = units[better], offer.place
        else:
            total += hits * value
            matched |= hits
            if is_large and int(total.max()) > _SAFE:
                raise beyond_place(made, at, int(total.argmax()))
    np.copyto(into.plain, total, where=matched)


def _may_overflow(side: Side, weights: tuple[int, ...]) -> bool:
    """Whether sums may leave what int64 safely holds: rows must be looked at one by one."""
    largest: dict[int, int] = {}
    most = 0
    for offer, weight in zip(side.offers, weights, strict=True):
        amounts = offer.given.amounts
        if amounts is not None and id(amounts) not in largest:
            largest[id(amounts)] = int(amounts.max())
        most += weight * (1 if amounts is None else largest[id(amounts)])
    return most > _SAFE


def _check_size(amounts: Ints | None, weight: int, hits: Flags, made: Sequence, at: int) -> None:
    """Refuse what leaves int64 before it is multiplied."""
    if amounts is None:
        if weight > _SAFE and hits.any():
            raise beyond_place(made, at, int(hits.argmax()))
    elif amounts.size and int(amounts.max()) * weight > _SAFE:
        large = hits & (amounts > _SAFE // weight)
        if large.any():
            raise beyond_place(made, at, int(large.argmax()))


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
    return beyond_place(made, int(place >= orders), place - orders * (place >= orders))


def beyond_place(made: Sequence, at: int, place: int) -> LedgerError:
    """The same, by its place among orders (0) or events (1)."""
    rows, key = ((made.logs.orders, "order_id"), (made.logs.events, "event_id"))[at]
    customer, source = rows.select("customer_id", key).row(place)
    return beyond_int64(customer, source, is_order=at == 0)
