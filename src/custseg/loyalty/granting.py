"""Granting: what each order and action earns, alone or in the order of things."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from custseg._kernels import books
from custseg._kernels import grants as kernel
from custseg.loyalty.calendar import no_reviews, reviews_of
from custseg.loyalty.contributions import LARGEST, granted
from custseg.loyalty.weighing import (
    Weights,
    beyond_at,
    beyond_place,
    factors_of,
    weighed,
)
from custseg.schema.bridge import read_only

if TYPE_CHECKING:
    from collections.abc import Sequence as Listed

    from numpy.typing import NDArray

    from custseg.loyalty.calendar import Calendar
    from custseg.loyalty.earning import Side
    from custseg.loyalty.ladder import Ladder
    from custseg.loyalty.plan import Plan
    from custseg.loyalty.sequence import Sequence
    from custseg.loyalty.terms import Terms

    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]

__all__ = ["Demand", "Grants", "effective", "folded", "needs_order", "unfolded"]

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
        limited: The place of each such rule.
        held: int64[m], the tier at the end, or None.
        moves: int64[p, 4], tier changes: member, instant, level, what it is of.
        winner: int64[n], the place of the rule that is best; None where all count.
    """

    points: Ints
    denominator: int
    told: Ints | None
    parts: Ints | None
    limited: tuple[int, ...]
    held: Ints | None
    moves: Ints | None
    winner: Ints | None


def needs_order(plan: Plan, demand: Demand, act: Ints) -> bool:
    """Whether what is earned depends on what came before, or is more than a plain sum."""
    return plan.needs_order or bool(((act == books.REFUND) & (demand.reason == 0)).any())


def unfolded(
    terms: Listed[Terms], sides: tuple[Side, Side], made: Sequence, demand: Demand
) -> Grants:
    """What a plain program grants: row by row, in whole columns."""
    found: list[Ints] = []
    winners: list[Ints] = []
    for side, rows in zip(sides, (made.logs.orders, made.logs.events), strict=True):
        result = granted(terms[0].program, [offer.given for offer in side.offers], side.rows)
        if result.beyond is not None:
            raise beyond_place(made, int(rows is made.logs.events), result.beyond)
        found.append(np.where(result.matched, result.points, -1))
        winners.append(np.full(side.rows, -1))
        for offer, (_, took) in zip(side.offers, result.parts, strict=True):
            winners[-1][took] = offer.place
    points = _placed(made, made.ordered(*found), demand)
    best = made.ordered(*winners) if terms[0].program.combine == "best" else None
    return Grants(points, 1, None, None, (), None, None, best)


def _placed(made: Sequence, earned: Ints, demand: Demand) -> Ints:
    """Points of rows that earn, and of those that ask."""
    earns = (made.act == books.ORDER) | (made.act == books.ACTION)
    if bool(earns.all()):
        return read_only(earned)
    points = np.where(earns, earned, demand.points)
    return read_only(points)


@frozen(eq=False)
class Reckoning:
    """What follows from a program and from which of its rules there are, whatever the rows.

    Attributes:
        weights: What its rules come to.
        options: The ladder's options as numbers.
        thresholds: What each of its levels takes.
    """

    weights: Weights
    options: Ints
    thresholds: Ints

    @classmethod
    def of(cls, plan: Plan, sides: tuple[Side, Side]) -> Reckoning:
        """What a plan remembers: a log has all rules on it or, without rows, none."""
        offered = len(sides[0].offers), len(sides[1].offers)
        if offered not in plan.reckonings:
            ladder, weights = plan[-1].program.tiers, Weights.of(plan.versions, sides)
            numbers = _options(ladder), _thresholds(ladder, plan.versions)
            plan.reckonings[offered] = cls(weights, *numbers)
        return plan.reckonings[offered]


def folded(
    plan: Plan,
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
    ladder, reckoned = plan[-1].program.tiers, Reckoning.of(plan, sides)
    weights = reckoned.weights
    factors, boosts = factors_of(sides, weights)
    units = weighed(sides, weights, boosts, made)
    given = (made.origin, *units.columns, weights.limited.allowed, factors)
    rows, limited = made.at.size if entries else 0, weights.limited.places
    told, parts = np.zeros((rows, 4), np.int64), np.zeros((rows, len(limited)), np.int64)
    reviews = _reviews(ladder, made, days, until)
    points, held, moves = _through(
        made, demand, given, reckoned, (days.table, day), reviews, until, (told, parts)
    )
    tiers = (None, None) if ladder is None else (held, moves)
    if not entries:
        return Grants(points, weights.denominator, None, None, limited, *tiers, None)
    best = told[:, kernel.WINNER]
    return Grants(points, weights.denominator, told, parts, limited, *tiers, best)


def _through(
    made: Sequence,
    demand: Demand,
    given: tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints, Ints],
    reckoned: Reckoning,
    days: tuple[Ints, Ints],
    reviews: tuple[Ints, Ints, Ints],
    until: int,
    tell: tuple[Ints, Ints],
) -> tuple[Ints, Ints, Ints]:
    """One pass of the kernel, in as much room as it takes: points, tiers held, their changes."""
    table, day = days
    held = np.zeros(made.offsets.size - 1, np.int64)
    act = effective(made, demand)
    at, value, refers = (read_only(each) for each in (made.at, demand.value, demand.refers))
    room = 1 if reckoned.options[kernel.BY] == kernel.NO_LADDER else made.at.size // 4 + 64
    # Where there was no room, the next pass writes what this one did, and more.
    points = demand.points.copy()
    while True:
        moves = np.empty((room, kernel.MOVE), np.int64)
        count, state = kernel.fold_grants(
            made.offsets,
            (at, act, value, refers, day),
            given,
            reckoned.weights.limited.table,
            table,
            reviews,
            read_only(np.minimum(made.members.left, until)),
            _scratch(made, reckoned),
            (points, demand.extra, demand.reason, held, moves, *tell),
        )
        if state != kernel.FULL:
            break
        room *= 4
    if state < made.at.size:
        raise beyond_at(made, state)
    return read_only(points), held, moves[:count]


def _scratch(made: Sequence, reckoned: Reckoning) -> tuple[Ints, Ints, Ints, Ints]:
    """The path of a member's tiers, what it used of caps, and its rows."""
    options, thresholds, limited = reckoned.options, reckoned.thresholds, reckoned.weights.limited
    path = np.zeros(kernel.path_size(thresholds.size, int(options[kernel.GRACE])), np.int64)
    path[: options.size], path[kernel.LEVELS] = options, thresholds.size
    path[kernel.THRESHOLDS : kernel.THRESHOLDS + thresholds.size] = thresholds
    used = np.zeros(limited.table.size // kernel.RULE * kernel.USE, np.int64)
    widest = int(np.diff(made.offsets).max(initial=1))
    uses = np.zeros((widest, len(limited.places)), np.int64)
    return path, used, uses, np.zeros(widest * kernel.ROW, np.int64)


def _reviews(
    ladder: Ladder | None, made: Sequence, days: Calendar, until: int
) -> tuple[Ints, Ints, Ints]:
    """When each member's tier is reviewed: the table, and where each one's part begins and ends."""
    found = no_reviews(made.offsets.size - 1)
    if ladder is not None:
        since = np.minimum(made.members.since, until)
        found = reviews_of(ladder, days, since, made.members.joined, until)
    return found.table, found.starts, found.stops


def effective(made: Sequence, demand: Demand) -> Ints:
    """What rows are, those that count for nothing left out."""
    nothing = demand.reason != 0
    if made.outside is not None:
        nothing |= made.outside
    if made.strange is not None:
        nothing |= made.strange
    return read_only(np.where(nothing, books.NOTHING, made.act) if nothing.any() else made.act)


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
