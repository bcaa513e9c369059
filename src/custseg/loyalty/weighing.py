"""Weighing: what rules give, in whole units of one denominator."""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from custseg.errors import LedgerError
from custseg.loyalty.contributions import LARGEST
from custseg.schema.bridge import read_only

if TYPE_CHECKING:
    from collections.abc import Sequence as Listed

    from numpy.typing import NDArray

    from custseg.loyalty.earning import Offer, Side
    from custseg.loyalty.ladder import Ladder
    from custseg.loyalty.sequence import Sequence
    from custseg.loyalty.terms import Terms

    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]

__all__ = [
    "Weighed",
    "beyond_at",
    "beyond_int64",
    "beyond_place",
    "denominator_of",
    "factors_of",
    "rule_table",
    "weighed",
]

# What one product of weight and amount may be: sums of a few stay within int64.
_SAFE = 2**62
_PERS = {"order": 0, "day": 1, "month": 2, "year": 3, "lifetime": 4}


@frozen(eq=False)
class Weighed:
    """Offers in whole units of one denominator, over the rows of one log."""

    plain: Ints
    special: Ints
    boosts: Ints


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


def _is_special(offer: Offer) -> bool:
    rule = offer.rule
    return rule.cap is not None or bool(rule.tiers)


def rule_table(
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


def factors_of(
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


def weighed(
    side: Side,
    denominator: int,
    specials: list[int],
    code: Ints,
    made: Sequence,
    at: int,
) -> Weighed:
    """What rules give in units: those that nothing limits together, others each alone."""
    plain = np.full((side.rows, 2), -1, np.int64)
    special = np.full((side.rows, len(specials)), -1, np.int64)
    if side.rows == 0:
        return Weighed(plain, special, code)
    weights = [int(offer.given.rate * denominator) for offer in side.offers]
    is_large = _may_overflow(side, weights)
    total, matched = np.zeros(side.rows, np.int64), np.zeros(side.rows, np.bool_)
    for offer, weight in zip(side.offers, weights, strict=True):
        given, hits = offer.given, offer.given.hits
        if is_large:
            _check_size(given.amounts, weight, hits, made, at)
        value = np.int64(min(weight, LARGEST)) if given.amounts is None else given.amounts
        if given.amounts is not None and weight != 1:
            value = value * np.int64(weight)
        if offer.place in specials and (offer.capped or offer.rule.tiers):
            column = special[:, specials.index(offer.place)]
            np.maximum(column, np.where(hits, value, -1), out=column)
        elif offer.best:
            # Only more is better: the rule declared first keeps a tie.
            units = np.where(hits, value, -1)
            better = units > plain[:, 0]
            plain[better, 0], plain[better, 1] = units[better], offer.place
        else:
            total += hits * value
            matched |= hits
            if is_large and int(total.max()) > _SAFE:
                raise beyond_place(made, at, int(total.argmax()))
    np.copyto(plain[:, 0], total, where=matched)
    return Weighed(plain, special, code)


def _may_overflow(side: Side, weights: list[int]) -> bool:
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
