"""Requests and facts: what events ask for, and why some are refused before anything is folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from custseg._kernels import books
from custseg.loyalty.granting import Demand
from custseg.loyalty.logs import ACT
from custseg.schema.bridge import array, minor

if TYPE_CHECKING:
    from collections.abc import Sequence as Listed

    from numpy.typing import NDArray

    from custseg.loyalty.earning import Side, Terms
    from custseg.loyalty.sequence import Sequence

    Ints = NDArray[np.int64]

__all__ = ["REASONS", "demanded", "limits_of", "reward_names"]

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
_PROGRAMS_OWN = -(2**63)


def reward_names(terms: Listed[Terms]) -> list[str]:
    """The rewards of all versions, each once."""
    return list(dict.fromkeys(one.name for each in terms for one in each.program.rewards))


def limits_of(terms: Listed[Terms]) -> Ints:
    """How many of each reward a member may have, as the latest version says; -1 for any."""
    limits: dict[str, int] = {}
    for each in terms:
        for reward in each.program.rewards:
            limits[reward.name] = -1 if reward.per_member is None else reward.per_member
    return np.array([limits[name] for name in reward_names(terms)], np.int64)


def demanded(terms: Listed[Terms], sides: tuple[Side, Side], made: Sequence, day: Ints) -> Demand:
    """What each row of the sequence asks for.

    Args:
        terms: The versions of the program.
        sides: Orders and events as rules see them.
        made: The sequence.
        day: Local days of its rows, numbered from 1970-01-01.
    """
    orders, events = made.logs.orders, made.logs.events
    nothing = np.zeros(orders.height, np.int64)
    amounts = np.zeros(events.height, np.int64)
    if "amount" in events.columns and events.height:
        amounts = array(minor(events["amount"]).fill_null(0))
    value = made.ordered(array(minor(orders["total"])), amounts)
    points, rewards = _asked(terms, made, day)
    asked = made.ordered(nothing, points)
    extra = made.ordered(nothing, _ends(events))
    refers = made.ordered(nothing - 1, rewards)
    _refer(made, refers)
    reason = _reasons(terms, made, asked, refers, value, day)
    if made.strange is not None:
        matters = made.ordered(*(side.matched().astype(np.int64) for side in sides)) > 0
        matters = matters | ((made.act != books.ORDER) & (made.act != books.ACTION))
        reason = np.where(made.strange, np.where(matters, _STRANGE, 0), reason)
    return Demand(value, refers, asked, extra, reason)


def _asked(terms: Listed[Terms], made: Sequence, day: Ints) -> tuple[Ints, Ints]:
    """The points that events name or that their rewards cost, and the rewards; -2: unknown."""
    events = made.logs.events
    points = np.zeros(events.height, np.int64)
    rewards = np.full(events.height, -1, np.int64)
    if "points" in events.columns:
        points = array(events["points"].fill_null(0)).copy()
    act = array(events[ACT])
    points[(act == books.ORDER) | (act == books.ACTION)] = 0
    if "reward" not in events.columns or events["reward"].null_count() == events.height:
        return points, rewards
    asks = np.flatnonzero((act == books.REDEEM) & events["reward"].is_not_null().to_numpy())
    if asks.size == 0:
        return points, rewards
    names = reward_names(terms)
    numbers = {name: place for place, name in enumerate(names)}
    told = events["reward"].gather(asks)
    rewards[asks] = told.replace_strict(numbers, default=-2, return_dtype=pl.Int64).to_numpy()
    prices = np.full((len(terms), len(names) + 2), -1, np.int64)
    for version, each in enumerate(terms):
        for reward in each.program.rewards:
            prices[version, numbers[reward.name]] = reward.points
    version = np.zeros(asks.size, np.int64)
    if len(terms) > 1:
        rows = made.rows_at(made.logs.orders.height + asks)
        version = np.searchsorted([each.first for each in terms], day[rows], side="right") - 1
    points[asks] = prices[version, rewards[asks]]
    rewards[asks] = np.where(points[asks] < 0, -2, rewards[asks])
    return points, rewards


def _ends(events: pl.DataFrame) -> Ints:
    """When openings say they end; the program's own end where they do not."""
    ends = np.full(events.height, _PROGRAMS_OWN)
    if "expires_at" in events.columns and isinstance(events.schema["expires_at"], pl.Datetime):
        told = events["expires_at"].dt.cast_time_unit("us").to_physical()
        ends = array(told.fill_null(_PROGRAMS_OWN)).copy()
    return ends


def _refer(made: Sequence, refers: Ints) -> None:
    """Put in which row of the same member, before it, a refund or cancel is about."""
    orders, events = made.logs.orders, made.logs.events
    if events.height == 0 or "refers_to" not in events.columns:
        return
    act = array(events[ACT])
    redemptions = (act == books.REDEEM) | (act == books.REDEEMED)
    for kind, rows, key, places in (
        (books.REFUND, orders, "order_id", np.arange(orders.height)),
        (books.CANCEL, events, "event_id", orders.height + np.flatnonzero(redemptions)),
    ):
        asks = np.flatnonzero(act == kind)
        if asks.size == 0 or places.size == 0:
            continue
        if rows is events:
            rows = events.filter(pl.Series(redemptions))  # noqa: PLW2901
        found = _found(events[["customer_id", "refers_to"]][asks], rows, key)
        about = found.to_numpy()
        known = about >= 0
        own = made.rows_at(orders.height + asks[known])
        there = made.rows_at(places[about[known]])
        refers[own] = np.where(there < own, there, -1)


def _found(asked: pl.DataFrame, rows: pl.DataFrame, key: str) -> pl.Series:
    """Where in rows each id of the same customer stands; -1 where nowhere."""
    ids, wanted = rows[key], asked["refers_to"]
    if ids.dtype != wanted.dtype:
        ids, wanted = ids.cast(pl.String), wanted.cast(pl.String)
    among = ids.is_in(wanted.drop_nulls().unique().implode())
    known = pl.DataFrame(
        {
            "customer_id": rows["customer_id"],
            "id": ids,
            "place": pl.int_range(rows.height, eager=True),
        }
    ).filter(among)
    beside = pl.DataFrame({"customer_id": asked["customer_id"], "id": wanted}).join(
        known, on=["customer_id", "id"], how="left", maintain_order="left"
    )
    return beside["place"].fill_null(-1)


def _reasons(
    terms: Listed[Terms], made: Sequence, asked: Ints, refers: Ints, value: Ints, day: Ints
) -> Ints:
    """Why a row is refused before anything is folded."""
    act = made.act
    reason = np.zeros(act.size, np.int64)
    if made.logs.events.height == 0:
        return reason
    redeems = act == books.REDEEM
    minimum = np.full(act.size, terms[0].program.redemption.minimum)
    for each in terms[1:]:
        minimum[day >= each.first] = each.program.redemption.minimum
    reason[redeems & (asked < minimum)] = _BELOW
    named = redeems | (act == books.REDEEMED) | (act == books.OPENING)
    reason[named & (asked <= 0) | ((act == books.ADJUST) & (asked == 0))] = _NOT_POSITIVE
    reason[redeems & (refers == -2)] = _NO_REWARD  # noqa: PLR2004
    refunds = act == books.REFUND
    if refunds.any():
        reason[refunds & (refers < 0)] = _NO_ORDER
        reason[refunds & (value <= 0)] = _NO_AMOUNT
    reason[(act == books.CANCEL) & (refers < 0)] = _NO_REDEMPTION
    return reason
