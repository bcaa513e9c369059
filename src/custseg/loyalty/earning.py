"""What each rule makes of each order and event, before any order of things."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg.errors import LedgerError
from custseg.loyalty.boost import Boost
from custseg.loyalty.conditions import seen_by
from custseg.loyalty.contributions import LARGEST, Contribution
from custseg.loyalty.earn import Earn
from custseg.loyalty.kinds import ORDER_KIND
from custseg.loyalty.logs import ALSO
from custseg.schema.bridge import array, minor, read_only
from custseg.schema.clock import DAY, clock, day_number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase
    from custseg.loyalty.program import Program
    from custseg.loyalty.programs import Programs

    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]

__all__ = ["Offer", "Side", "Terms", "event_side", "order_side", "terms_of"]


@frozen(eq=False)
class Terms:
    """A program in one of its versions, and the local days on which it is in force.

    Attributes:
        program: The version.
        first: Its first local day, numbered from 1970-01-01.
        last: Its last.
        unit: Smallest units of one of money.
    """

    program: Program
    first: int
    last: int
    unit: int


def terms_of(program: Program | Programs, scale: int) -> tuple[Terms, ...]:
    """The versions of a program in their order; a program alone is always in force."""
    versions = getattr(program, "versions", None)
    if versions is None:
        return (Terms(program, -(2**62), 2**62, 10**scale),)  # type: ignore[arg-type]
    firsts = [-(2**62), *(day_number(day) for day, _ in versions[1:]), 2**62]
    return tuple(
        Terms(each, first, after - 1, 10**scale)
        for (_, each), first, after in zip(versions, firsts[:-1], firsts[1:], strict=True)
    )


@frozen(eq=False)
class Offer:
    """What a rule gives the rows of one log.

    Attributes:
        rule: The rule.
        place: Its place among the rules and boosts of all versions.
        given: What it gives, row by row.
        capped: Whether its cap holds here: points for another member know none.
        best: Whether only the best of all rules counts.
    """

    rule: Earn
    place: int
    given: Contribution
    capped: bool
    best: bool


@frozen(eq=False)
class Side:
    """One log as the rules see it.

    Attributes:
        rows: How many rows it has.
        offers: What each rule gives, in the order of rules.
        boosts: (place, boost, bool[n]): which rows each boost multiplies.
    """

    rows: int
    offers: tuple[Offer, ...]
    boosts: tuple[tuple[int, Boost, Flags], ...]

    def matched(self) -> Flags:
        """Whether any rule matches, its tiers aside."""
        found = np.zeros(self.rows, np.bool_)
        for offer in self.offers:
            found |= offer.given.hits
        return found


def order_side(terms: Sequence[Terms], orders: pl.DataFrame, base: CustomerBase) -> Side:
    """Orders, as the rules on orders see them."""
    units = minor(orders["total"])
    paid = None
    if (
        "paid_with_points" in orders.columns
        and orders["paid_with_points"].null_count() < orders.height
    ):
        paid = minor(orders["paid_with_points"]).fill_null(0)
    amounts = array((units if paid is None else units - paid).clip(lower_bound=0))

    def amount(rule: Earn) -> tuple[Ints, Flags | None]:
        return (amounts, None) if rule.lines is None else _on_lines(rule, base, orders, amounts)

    kinds: dict[str, Flags | None] = {ORDER_KIND: None}
    return _side(terms, orders, "ordered_at", base, kinds, amount)


def event_side(terms: Sequence[Terms], events: pl.DataFrame, base: CustomerBase) -> Side:
    """Events, as the rules on their kinds see them."""
    kinds: dict[str, Flags | None] = {}
    own = ~events[ALSO].to_numpy() if ALSO in events.columns else None
    for each in terms:
        for rule in each.program.earning:
            if rule.on != ORDER_KIND and rule.on not in kinds:
                of = _flags((events["kind"] == rule.on).fill_null(value=False))
                kinds[rule.on] = of if own is None else of & own
    amounts = np.zeros(events.height, np.int64)
    if kinds and "amount" in events.columns:
        amounts = array(minor(events["amount"]).fill_null(0).clip(lower_bound=0))
    made = _side(terms, events, "at", base, kinds, lambda _: (amounts, None))
    if own is None:
        return made
    bests = bests_of(terms)
    more = [
        Offer(
            rule,
            place,
            Contribution(rule.name, rule.also.points, hits, None),
            capped=False,
            best=bests[place],
        )
        for place, rule in placed(terms)
        if isinstance(rule, Earn) and rule.also is not None
        for hits in (_flags(events[f"{ALSO}{place}"].fill_null(value=False)),)
    ]
    return Side(made.rows, (*made.offers, *more), made.boosts)


def placed(terms: Sequence[Terms]) -> list[tuple[int, Earn | Boost]]:
    """The rules and boosts of all versions, numbered."""
    return list(enumerate(rule for each in terms for rule in each.program.earning))


def bests_of(terms: Sequence[Terms]) -> list[bool]:
    """Whether only the best counts, by the place of each rule."""
    return [each.program.combine == "best" for each in terms for _ in each.program.earning]


def _side(
    terms: Sequence[Terms],
    rows: pl.DataFrame,
    at: str,
    base: CustomerBase,
    kinds: dict[str, Flags | None],
    amount: Callable[[Earn], tuple[Ints, Flags | None]],
) -> Side:
    """The rules and boosts on some kinds, over rows."""
    offers: list[Offer] = []
    boosts: list[tuple[int, Boost, Flags]] = []
    hits, bests = hits_of(terms, rows, at, base, kinds), bests_of(terms)
    for place, rule in placed(terms):
        if place not in hits:
            continue
        hit = hits[place]
        if isinstance(rule, Boost):
            boosts.append((place, rule, hit))
            continue
        if rule.unit is None:
            given = Contribution(rule.name, rule.points, read_only(hit), None)
        else:
            amounts, of = amount(rule)
            hit = hit if of is None else hit & of
            rate = rule.points / rule.unit / 10**base.scale
            given = Contribution(rule.name, rate, read_only(hit), amounts)
        offers.append(Offer(rule, place, given, capped=rule.cap is not None, best=bests[place]))
    return Side(rows.height, tuple(offers), tuple(boosts))


def hits_of(
    terms: Sequence[Terms],
    rows: pl.DataFrame,
    at: str,
    base: CustomerBase,
    kinds: dict[str, Flags | None],
) -> dict[int, Flags]:
    """Whether each rule's kind, condition and period hold, by its place, row by row."""
    asked = [
        (place, rule, each)
        for each, (place, rule) in zip(
            (each for each in terms for _ in each.program.earning), placed(terms), strict=True
        )
        if rule.on in kinds
    ]
    conditions = [rule.rule for _, rule, _ in asked if rule.rule is not None]
    seen = seen_by(conditions, rows, base) if conditions else rows
    dated = len(terms) > 1 or any(rule.during is not None for _, rule, _ in asked)
    days = _days(rows[at], base.tz) if dated else None
    found: dict[int, Flags] = {}
    for place, rule, each in asked:
        of = kinds[rule.on]
        hit = np.ones(rows.height, np.bool_) if of is None else of
        if rule.rule is not None:
            hit = hit & _flags(rule.rule.hits(seen))
        if days is not None:
            first, last = each.first, each.last
            if rule.during is not None:
                first = max(first, day_number(rule.during.first))
                last = min(last, day_number(rule.during.last))
            hit = hit & (days >= first) & (days <= last)
        found[place] = read_only(hit)
    return found


def _flags(column: pl.Series) -> Flags:
    return read_only(column.to_numpy())


def _days(at: pl.Series, tz: str) -> Ints:
    values = array(at)
    if values.size == 0:
        return values
    return clock(tz, int(values.min()) - DAY, int(values.max()) + DAY).days(values)


def _on_lines(
    rule: Earn, base: CustomerBase, orders: pl.DataFrame, amounts: Ints
) -> tuple[Ints, Flags]:
    """Smallest units of matching lines, no more than an order earns on; where any matches."""
    lines = base.log("lines") if base.lines is None else base.lines
    assert rule.line_rule is not None  # noqa: S101 - the caller asked
    hits = rule.line_rule.hits(seen_by([rule.line_rule], lines, base))
    matching = lines.select("order_id", units=minor(lines["total"])).filter(hits)
    sums = matching.group_by("order_id").agg(pl.col("units").cast(pl.Int128).sum())
    if sums.height and int(sums["units"].max()) > LARGEST:  # type: ignore[arg-type]
        worst = sums.sort("units").tail(1)["order_id"].item()
        raise LedgerError(
            f"the lines of order {worst!r} add up to more than int64 holds",
            where=f"Earn({rule.name!r}).lines",
            fix="look for totals that are too large",
        )
    beside = orders.select("order_id").join(sums, on="order_id", how="left", maintain_order="left")[
        "units"
    ]
    matched = _flags(beside.is_not_null())
    own = array(beside.fill_null(0).clip(lower_bound=0).cast(pl.Int64))
    return read_only(np.minimum(own, amounts)), matched
