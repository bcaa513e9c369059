"""Weights: what rules, caps, boosts and tiers come to as whole numbers, whatever the rows."""

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
    from custseg.loyalty.cap import Cap
    from custseg.loyalty.earning import Side
    from custseg.loyalty.ladder import Ladder
    from custseg.loyalty.terms import Terms

    Ints = NDArray[np.int64]

__all__ = ["SAFE", "Limited", "Weights", "factors_of"]

SAFE = 2**62
"""What one product of weight and amount may be: sums of a few stay within int64."""

_PERS = {"order": 0, "day": 1, "month": 2, "year": 3, "lifetime": 4}


def _denominator(sides: tuple[Side, Side]) -> int:
    """Of all rates at once."""
    found = lcm(*(offer.given.rate.denominator for side in sides for offer in side.offers))
    if found > SAFE:
        raise LedgerError(
            f"the rates of the rules have no common denominator below 2^62: {found}",
            where="earning",
            fix="write rates with fewer digits",
        )
    return found


@frozen(eq=False)
class Limited:
    """The rules that need the order of things, and the program's caps.

    Attributes:
        places: The rules, by their places among all.
        table: int64[(s + v) x 5], as the kernel reads them.
        slots: How many there are that share nothing of what is used.
        allowed: int64[levels], which of them each tier allows, as bits.
        varied: Of those whose points are not the same for all, the column.
    """

    places: tuple[int, ...]
    table: Ints
    slots: int
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
        ladder, denominator = terms[-1].program.tiers, _denominator(sides)
        first, second = (
            tuple(int(offer.given.rate * denominator) for offer in side.offers) for side in sides
        )
        limited = _limited(terms, sides, denominator, ladder)
        factors = _factors([0], [], denominator, ladder)
        return cls(denominator, (first, second), limited, ladder, factors)


def _limited(
    terms: Listed[Terms], sides: tuple[Side, Side], denominator: int, ladder: Ladder | None
) -> Limited:
    """The rules that need the order of things, and the program's caps, as numbers."""
    # A rule that gives to another member too is never limited, so that there is one offer of each.
    offers = {offer.place: offer for side in sides for offer in side.offers if offer.is_limited}
    if len(offers) > kernel.MOST_RULES:
        raise LedgerError(
            f"a program can have {kernel.MOST_RULES} rules with caps or tiers, not {len(offers)}",
            where="earning",
            fix="join rules whose caps never bind together",
        )
    places, varied = sorted(offers), dict[int, int]()
    names = ladder.names if ladder is not None else ("",)
    allowed = np.zeros(len(names), np.int64)
    table: list[tuple[int, int, int, int, int]] = []
    # A version of a program does not forget what was used under the one before.
    slots: dict[tuple[str | None, str], int] = {}

    def slot(name: str | None, cap: Cap | None) -> int:
        return 0 if cap is None else slots.setdefault((name, cap.per), len(slots))

    for bit, place in enumerate(places):
        given, rule = offers[place].given, offers[place].rule
        gives = int(given.rate * denominator)
        if given.amounts is not None or gives > SAFE:
            gives = -1 - varied.setdefault(place, len(varied))
        limit = -1 if rule.cap is None else min(rule.cap.points * denominator, LARGEST)
        per = 0 if rule.cap is None else _PERS[rule.cap.per]
        table.append((limit, per, gives, place, slot(rule.name, rule.cap)))
        allowed |= np.array([not rule.tiers or name in rule.tiers for name in names]) << bit
    caps = [each.program.cap for each in terms]
    table += [
        (-1, 0, 0, -1, 0) if cap is None else (cap.points, _PERS[cap.per], 0, -1, slot(None, cap))
        for cap in caps
    ]
    flat = read_only(np.array(table, np.int64).reshape(-1))
    return Limited(tuple(places), flat, max(len(slots), 1), read_only(allowed), varied)


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
            if max(whole.numerator, whole.denominator) > SAFE:
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
