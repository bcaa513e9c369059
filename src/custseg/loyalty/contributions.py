"""From rules that hit to points: exact whole-number arithmetic over columns."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor, lcm
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from custseg.loyalty.program import Program, Rounding

__all__ = ["LARGEST", "Contribution", "Granted", "granted"]

LARGEST = 2**63 - 1
"""The most points a member may have, and the largest number int64 holds."""

# Half of int64's range: room for the error of the float that estimates a sum.
_SAFE = 2**62


@frozen(eq=False)
class Contribution:
    """What one rule gives, row by row.

    Attributes:
        name: The rule.
        rate: Points for each smallest unit of money, or at once.
        hits: bool[n], whether it takes part.
        amounts: int64[n] in smallest units, not negative; None for a flat rule.
    """

    name: str
    rate: Fraction
    hits: NDArray[np.bool_]
    amounts: NDArray[np.int64] | None

    def exact(self, row: int) -> Fraction:
        """What it gives one row."""
        return self.rate * (1 if self.amounts is None else int(self.amounts[row]))


@frozen(eq=False)
class Granted:
    """Points by row.

    Attributes:
        points: int64[n], 0 where no rule matched.
        matched: bool[n], whether any rule did.
        parts: Which rules took part: (name, bool[n]) in the program's order.
        beyond: The first row whose points leave int64, or None.
    """

    points: NDArray[np.int64]
    matched: NDArray[np.bool_]
    parts: tuple[tuple[str, NDArray[np.bool_]], ...]
    beyond: int | None


def granted(program: Program, rules: Sequence[Contribution], rows: int) -> Granted:
    """Points = round(sum or best of the contributions), row by row.

    All rates are brought to one denominator, so that a contribution is a whole
    number. Rows whose numbers might leave int64 are found before anything is
    multiplied, and computed one by one.
    """
    denominator = lcm(*(rule.rate.denominator for rule in rules))
    weights = [int(rule.rate * denominator) for rule in rules]
    matched = np.zeros(rows, np.bool_)
    for rule in rules:
        matched |= rule.hits
    large = _large(rules, weights, denominator, matched)
    wide = bool(large.any())
    if program.combine == "best":
        sums, hits = _best(rules, weights, large if wide else None, rows)
    else:
        sums, hits = _sum(rules, weights, large if wide else None, rows)
    points = _rounded(sums, denominator, program.rounding) if denominator <= _SAFE else sums
    beyond = _one_by_one(program, rules, np.flatnonzero(large), points, hits) if wide else None
    parts = tuple((rule.name, hit) for rule, hit in zip(rules, hits, strict=True))
    return Granted(points, matched, parts, beyond)


def _large(
    rules: Sequence[Contribution],
    weights: Sequence[int],
    denominator: int,
    matched: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Rows whose sum might leave int64; those that fit are far from it."""
    if denominator > _SAFE or max(weights, default=0) > _SAFE:
        return matched
    most = sum(
        weight * (1 if rule.amounts is None else int(rule.amounts.max(initial=0)))
        for rule, weight in zip(rules, weights, strict=True)
    )
    if most <= _SAFE:
        return np.zeros(matched.size, np.bool_)
    estimate = np.zeros(matched.size)
    for rule, weight in zip(rules, weights, strict=True):
        estimate += rule.hits * (float(weight) * (1 if rule.amounts is None else rule.amounts))
    return estimate > _SAFE


def _value(
    rule: Contribution, weight: int, taken: NDArray[np.bool_], missing: int
) -> NDArray[np.int64]:
    if rule.amounts is None:
        return np.where(taken, np.int64(weight), np.int64(missing))
    return np.where(taken, rule.amounts * np.where(taken, weight, 0), missing)


def _sum(
    rules: Sequence[Contribution],
    weights: Sequence[int],
    large: NDArray[np.bool_] | None,
    rows: int,
) -> tuple[NDArray[np.int64], list[NDArray[np.bool_]]]:
    sums = np.zeros(rows, np.int64)
    for rule, weight in zip(rules, weights, strict=True):
        if weight <= _SAFE:
            sums += _value(rule, weight, rule.hits if large is None else rule.hits & ~large, 0)
    return sums, [rule.hits for rule in rules]


def _best(
    rules: Sequence[Contribution],
    weights: Sequence[int],
    large: NDArray[np.bool_] | None,
    rows: int,
) -> tuple[NDArray[np.int64], list[NDArray[np.bool_]]]:
    best = np.full(rows, -1, np.int64)
    winner = np.full(rows, -1, np.int64)
    for place, (rule, weight) in enumerate(zip(rules, weights, strict=True)):
        if weight <= _SAFE:
            value = _value(rule, weight, rule.hits if large is None else rule.hits & ~large, -1)
            # Only more is better: the rule declared first keeps a tie.
            better = value > best
            best[better] = value[better]
            winner[better] = place
    return np.maximum(best, 0), [winner == place for place in range(len(rules))]


def _rounded(sums: NDArray[np.int64], denominator: int, rounding: Rounding) -> NDArray[np.int64]:
    if denominator == 1:
        return sums
    points, rest = np.divmod(sums, np.int64(denominator))
    # The rest is compared with what lacks to the next point, so nothing is doubled.
    lacking = denominator - rest
    if rounding == "ceil":
        points += rest > 0
    elif rounding == "half_up":
        points += rest >= lacking
    elif rounding == "half_even":
        points += (rest > lacking) | ((rest == lacking) & (points % 2 == 1))
    return points


_ROUND: dict[Rounding, Callable[[Fraction], int]] = {
    "floor": floor,
    "ceil": ceil,
    "half_up": lambda exact: floor(exact + Fraction(1, 2)),
    "half_even": round,
}


def _one_by_one(
    program: Program,
    rules: Sequence[Contribution],
    rows: NDArray[np.intp],
    points: NDArray[np.int64],
    hits: list[NDArray[np.bool_]],
) -> int | None:
    """Points of large rows in unbounded numbers; the first row that leaves int64."""
    for row in rows.tolist():
        given = [(place, rule.exact(row)) for place, rule in enumerate(rules) if rule.hits[row]]
        if program.combine == "best":
            winner, exact = max(given, key=lambda one: (one[1], -one[0]))
            for place, hit in enumerate(hits):
                hit[row] = place == winner
        else:
            exact = sum((value for _, value in given), Fraction(0))
        whole = _ROUND[program.rounding](exact)
        if whole > LARGEST:
            return row
        points[row] = whole
    return None
