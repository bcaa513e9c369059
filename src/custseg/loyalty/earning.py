"""What each rule makes of each order and event, before any order of things."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import evolve, frozen

from custseg.errors import LedgerError
from custseg.loyalty.boost import Boost
from custseg.loyalty.conditions import seen_by
from custseg.loyalty.contributions import LARGEST, Contribution
from custseg.loyalty.earn import Earn
from custseg.loyalty.kinds import ORDER_KIND
from custseg.loyalty.logs import ALSO
from custseg.schema.arrow import true
from custseg.schema.bridge import array, minor, read_only, units
from custseg.schema.clock import DAY, clock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase
    from custseg.loyalty.logs import Logs
    from custseg.loyalty.plan import Asked, Placed, Plan

    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]

__all__ = ["Offer", "Side", "event_side", "hits_of", "order_side", "with_lines"]


@frozen(eq=False)
class Offer:
    """What a rule gives the rows of one log.

    Attributes:
        rule: The rule.
        place: Its place among the rules and boosts of all versions.
        given: What it gives, row by row.
        best: Whether only the best of all rules counts.
    """

    rule: Earn
    place: int
    given: Contribution
    best: bool

    @property
    def is_limited(self) -> bool:
        """Whether what it gives depends on the order of things."""
        return self.rule.cap is not None or bool(self.rule.tiers)


@frozen(eq=False)
class Side:
    """One log as the rules see it.

    Attributes:
        units: int64[n], what rows come to in smallest units of money.
        offers: What each rule gives, in the order of rules.
        boosts: (place, boost, bool[n]): which rows each boost multiplies.
    """

    units: Ints
    offers: tuple[Offer, ...]
    boosts: tuple[tuple[int, Boost, Flags], ...]

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return self.units.size

    def matched(self) -> Flags:
        """Whether any rule matches, its tiers aside."""
        found = np.zeros(self.rows, np.bool_)
        for offer in self.offers:
            found |= offer.given.hits
        return found


def order_side(plan: Plan, logs: Logs, tz: str) -> Side:
    """Orders, as the rules on orders see them."""
    orders = logs.orders
    seen = seen_by(plan.on_orders.conditions.reads, orders, logs.customers, tz)
    held = plan.on_orders.conditions.hits(seen)
    amounts = totals = units(orders["total"])
    told = orders["paid_with_points"] if "paid_with_points" in orders.columns else None
    if told is not None and told.null_count() < orders.height:
        amounts = read_only(np.maximum(totals - units(told), 0))

    def amount(place: int) -> tuple[Ints, Flags | None]:
        if place not in logs.lines:
            return amounts, None
        own, matched = logs.lines[place]
        return read_only(np.minimum(own, amounts)), matched

    days = _days(orders["ordered_at"], tz) if plan.on_orders.is_dated else None
    hits = _hits(plan.on_orders, held, days, {ORDER_KIND: None}, orders.height)
    return _side(plan.on_orders.placed, hits, totals, amount)


def event_side(plan: Plan, logs: Logs, tz: str) -> Side:
    """Events, as the rules on their kinds see them."""
    events, asked = logs.events, plan.on_events
    amounts = read_only(np.zeros(events.height, np.int64))
    if events.height == 0 or not (asked.placed or plan.for_others):
        return Side(amounts, (), ())
    kinds: dict[str, Flags | None] = {}
    own = ~events[ALSO].to_numpy() if ALSO in events.columns else None
    for on in asked.kinds:
        of = true(events["kind"] == on)
        kinds[on] = read_only(of if own is None else of & own)
    told = events["amount"] if "amount" in events.columns else None
    if asked.counts_money and told is not None and told.null_count() < events.height:
        amounts = read_only(np.maximum(units(told), 0))
    hits = hits_of(asked, events, "at", (logs.customers, tz), kinds)
    made = _side(asked.placed, hits, amounts, lambda _: (amounts, None))
    if own is None:
        return made
    more = [_for_other(each, events) for each in plan.for_others]
    return Side(amounts, (*made.offers, *more), made.boosts)


def _for_other(each: Placed, events: pl.DataFrame) -> Offer:
    """What a rule gives the other member: actions made for it are marked."""
    rule, mark = each.rule, f"{ALSO}{each.place}"
    assert isinstance(rule, Earn)  # noqa: S101 - only they have others
    assert rule.also is not None  # noqa: S101
    hits = true(events[mark]) if mark in events.columns else np.zeros(events.height, np.bool_)
    given = Contribution(rule.name, rule.also.points, read_only(hits), None)
    return Offer(rule, each.place, given, best=each.best)


def _side(
    asked: Sequence[Placed],
    hits: dict[int, Flags],
    worth: Ints,
    amount: Callable[[int], tuple[Ints, Flags | None]],
) -> Side:
    """The rules and boosts on some kinds, over rows."""
    offers: list[Offer] = []
    boosts: list[tuple[int, Boost, Flags]] = []
    for each in asked:
        rule, hit, amounts = each.rule, hits[each.place], None
        if isinstance(rule, Boost):
            boosts.append((each.place, rule, hit))
            continue
        if rule.unit is not None:
            amounts, of = amount(each.place)
            hit = hit if of is None else read_only(hit & of)
        given = Contribution(rule.name, each.rate, hit, amounts)
        offers.append(Offer(rule, each.place, given, best=each.best))
    return Side(worth, tuple(offers), tuple(boosts))


def hits_of(
    asked: Asked,
    rows: pl.DataFrame,
    at: str,
    about: tuple[pl.DataFrame | None, str],
    kinds: dict[str, Flags | None],
) -> dict[int, Flags]:
    """Whether each rule's kind, condition and period hold, by its place, row by row.

    Args:
        asked: The rules and boosts.
        rows: Orders or events.
        at: The column of their instants.
        about: What is told of customers, and the zone of local days.
        kinds: Which rows each kind is; None for all.
    """
    held = asked.conditions.hits(seen_by(asked.conditions.reads, rows, *about))
    days = _days(rows[at], about[1]) if asked.is_dated else None
    return _hits(asked, held, days, kinds, rows.height)


def _hits(
    asked: Asked,
    held: list[Flags],
    days: Ints | None,
    kinds: dict[str, Flags | None],
    rows: int,
) -> dict[int, Flags]:
    """The same, from the conditions that hold and the rows' days."""
    every, left = read_only(np.ones(rows, np.bool_)), iter(held)
    found: dict[int, Flags] = {}
    for each in asked.placed:
        hit = kinds[each.rule.on]
        if each.rule.rule is not None:
            of = next(left)
            hit = of if hit is None else hit & of
        if each.is_dated and days is not None:
            within = (days >= each.first) & (days <= each.last)
            hit = within if hit is None else hit & within
        found[each.place] = every if hit is None else read_only(hit)
    return found


def _flags(column: pl.Series) -> Flags:
    return read_only(column.to_numpy())


def _days(at: pl.Series, tz: str) -> Ints:
    values = array(at)
    if values.size == 0:
        return values
    return clock(tz, int(values.min()) - DAY, int(values.max()) + DAY).days(values)


def with_lines(plan: Plan, logs: Logs, base: CustomerBase) -> Logs:
    """Logs with what the lines of each order come to, for the rules that count lines."""
    asked = [
        (each.place, each.rule)
        for each in plan.on_orders.placed
        if isinstance(each.rule, Earn) and each.rule.line_rule is not None
    ]
    if not asked:
        return logs
    return evolve(logs, lines={place: _on_lines(rule, logs.orders, base) for place, rule in asked})


def _on_lines(rule: Earn, orders: pl.DataFrame, base: CustomerBase) -> tuple[Ints, Flags]:
    """Smallest units of each order's matching lines; where any matches."""
    lines = base.log("lines") if base.lines is None else base.lines
    assert rule.line_rule is not None  # noqa: S101 - the caller asked
    hits = rule.line_rule.hits(seen_by(rule.line_rule.reads, lines, base.customers, base.tz))
    matching = lines.select("order_id", units=minor(lines["total"])).filter(hits)
    sums = matching.group_by("order_id").agg(pl.col("units").cast(pl.Int128).sum())
    if sums.height and int(sums["units"].max()) > LARGEST:  # type: ignore[arg-type]
        worst = sums.sort("units").tail(1)["order_id"].item()
        raise LedgerError(
            f"the lines of order {worst!r} add up to more than int64 holds",
            where=f"Earn({rule.name!r}).lines",
            fix="look for totals that are too large",
        )
    if orders.is_empty() or sums.is_empty():
        # Nobody knows of what type the ids of no rows are.
        none = np.zeros(orders.height, np.int64)
        return read_only(none), read_only(none.astype(np.bool_))
    beside = orders.select("order_id").join(sums, on="order_id", how="left", maintain_order="left")[
        "units"
    ]
    own = array(beside.fill_null(0).clip(lower_bound=0).cast(pl.Int64))
    return own, _flags(beside.is_not_null())
