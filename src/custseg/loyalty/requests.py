"""Requests and facts: what events ask for, and why some are refused before anything is folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import evolve

from custseg._kernels import books
from custseg.loyalty.granting import Demand
from custseg.loyalty.logs import ALSO
from custseg.loyalty.referring import found
from custseg.schema.arrow import known
from custseg.schema.bridge import array_or, masked, read_only, taken, units

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from custseg.loyalty.earning import Side
    from custseg.loyalty.plan import Plan
    from custseg.loyalty.sequence import Sequence
    from custseg.loyalty.terms import Terms

    Ints = NDArray[np.int64]

__all__ = ["PROGRAMS_OWN", "REASONS", "demanded", "limits_of"]

# Why an event is refused; 0 is not at all. What holds first comes first.
REASONS = (
    "",
    "unknown customer",
    "not positive",
    "unknown reward",
    "below minimum",
    "per-member limit",
    "insufficient",
    "amount not positive",
    "unknown order",
    "exceeds what is left of the order",
    "unknown redemption",
    "already cancelled",
)
_STRANGE, _NOT_POSITIVE, _NO_REWARD, _BELOW = range(1, 5)
_NO_AMOUNT, _NO_ORDER, _NO_REDEMPTION = 7, 8, 10
PROGRAMS_OWN = -(2**63)
"""Of an opening that names no end: the end that the program gives."""


def limits_of(terms: Iterable[Terms]) -> Ints:
    """How many of each reward a member may have, as the latest version says; -1 for any."""
    limits: dict[str, int] = {}
    for each in terms:
        for reward in each.program.rewards:
            limits[reward.name] = -1 if reward.per_member is None else reward.per_member
    return np.array(list(limits.values()), np.int64)


def demanded(plan: Plan, sides: tuple[Side, Side], made: Sequence, day: Ints) -> Demand:
    """What each row of the sequence asks for.

    Few rows ask for anything: all else is left as it was made.

    Args:
        plan: The program.
        sides: Orders and events as rules see them.
        made: The sequence.
        day: Local days of its rows, numbered from 1970-01-01.
    """
    rows, act = made.at.size, made.logs.act
    value, points = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    extra, reason = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    refers = np.full(rows, -1)
    value[made.of_orders] = sides[0].units
    demand = Demand(value, refers, points, extra, reason)
    asks = np.flatnonzero(act != books.ACTION)
    if asks.size:
        of = act[asks]
        _name_points(plan, demand, made, day, (asks, of))
        _name_ends(demand, made, asks[of == books.OPENING])
        _name_amounts(demand, made, asks[of == books.REFUND])
        _refer(demand, made, asks, of)
        _refuse(plan, demand, day, (made.of_events[asks], of))
    if made.strange is not None:
        matters = made.ordered(*(side.matched().astype(np.int64) for side in sides)) > 0
        matters |= (made.act != books.ORDER) & (made.act != books.ACTION)
        reason[made.strange] = np.where(matters[made.strange], _STRANGE, 0)
    return evolve(demand, value=read_only(value), refers=read_only(refers))


def _name_points(
    plan: Plan, demand: Demand, made: Sequence, day: Ints, asking: tuple[Ints, Ints]
) -> None:
    """The points that events name or that their rewards cost, and the rewards; -2: unknown."""
    events, (asks, of) = made.logs.events, asking
    rows = made.of_events[asks]
    if "points" in events.columns and events["points"].null_count() < events.height:
        demand.points[rows] = array_or(events["points"], 0)[asks]
    if "reward" not in events.columns or events["reward"].null_count() == events.height:
        return
    redeems = of == books.REDEEM
    asks, rows = asks[redeems], rows[redeems]
    has = known(events["reward"])[asks]
    rows, told = rows[has], taken(events["reward"], asks[has])
    if rows.size == 0:
        return
    names = plan.reward_names
    numbers = {name: place for place, name in enumerate(names)}
    rewards = told.replace_strict(numbers, default=-2, return_dtype=pl.Int64).to_numpy()
    prices = np.full((len(plan), len(names) + 2), -1, np.int64)
    for version, each in enumerate(plan):
        for reward in each.program.rewards:
            prices[version, numbers[reward.name]] = reward.points
    version = np.searchsorted([each.first for each in plan], day[rows], side="right") - 1
    demand.points[rows] = prices[version, rewards]
    demand.refers[rows] = np.where(demand.points[rows] < 0, -2, rewards)


def _name_ends(demand: Demand, made: Sequence, openings: Ints) -> None:
    """When openings say they end; the program's own end where they do not."""
    if openings.size == 0:
        return
    events, ends = made.logs.events, np.full(openings.size, PROGRAMS_OWN)
    if "expires_at" in events.columns and isinstance(events.schema["expires_at"], pl.Datetime):
        told = taken(events["expires_at"], openings).dt.cast_time_unit("us")
        ends = array_or(told, PROGRAMS_OWN)
    demand.extra[made.of_events[openings]] = ends


def _name_amounts(demand: Demand, made: Sequence, refunds: Ints) -> None:
    """The money that refunds give back."""
    events = made.logs.events
    if refunds.size and "amount" in events.columns:
        demand.value[made.of_events[refunds]] = units(events["amount"])[refunds]


def _refer(demand: Demand, made: Sequence, asks: Ints, of: Ints) -> None:
    """Put in which row of the same member, before it, a refund or cancel is about."""
    logs = made.logs
    if "refers_to" not in logs.events.columns:
        return
    known_by = logs.events["event_id"]
    if ALSO in logs.events.columns:
        # An action for another bears the number of its source, which may be an order's.
        known_by = masked(known_by, ~logs.events[ALSO].to_numpy())
    for kind, ids, places, firsts in (
        (books.REFUND, logs.orders["order_id"], made.of_orders, made.firsts[0]),
        (books.CANCEL, known_by, made.of_events, made.firsts[1]),
    ):
        own = asks[of == kind]
        if own.size == 0 or ids.len() == 0:
            continue
        members = np.searchsorted(made.firsts[1], own, side="right") - 1
        about = found(ids, firsts, logs.events["refers_to"], own, members)
        some = np.flatnonzero(about >= 0)
        if kind == books.CANCEL:
            what = logs.act[about[some]]
            some = some[(what == books.REDEEM) | (what == books.REDEEMED)]
        here, there = made.of_events[own[some]], places[about[some]]
        demand.refers[here] = np.where(there < here, there, -1)


def _refuse(plan: Plan, demand: Demand, day: Ints, asking: tuple[Ints, Ints]) -> None:
    """Why a row is refused before anything is folded."""
    rows, of = asking
    points, refers, reason = demand.points[rows], demand.refers[rows], np.zeros(of.size, np.int64)
    redeems = of == books.REDEEM
    minimum: int | Ints = plan[0].program.redemption.minimum
    if len(plan) > 1:
        each = np.array([terms.program.redemption.minimum for terms in plan])
        firsts = [terms.first for terms in plan]
        minimum = each[np.searchsorted(firsts, day[rows], side="right") - 1]
    reason[redeems & (points < minimum)] = _BELOW
    named = redeems | (of == books.REDEEMED) | (of == books.OPENING)
    reason[(named & (points <= 0)) | ((of == books.ADJUST) & (points == 0))] = _NOT_POSITIVE
    reason[redeems & (refers == -2)] = _NO_REWARD  # noqa: PLR2004
    refunds = of == books.REFUND
    if refunds.any():
        reason[refunds & (refers < 0)] = _NO_ORDER
        reason[refunds & (demand.value[rows] <= 0)] = _NO_AMOUNT
    reason[(of == books.CANCEL) & (refers < 0)] = _NO_REDEMPTION
    demand.reason[rows] = reason
