"""What a program makes of each order and event, before any order of things."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from custseg._kernels.lots import ACTION, ORDER, REDEEM
from custseg.errors import LedgerError, Problem
from custseg.loyalty.conditions import seen_by
from custseg.loyalty.contributions import LARGEST, Contribution, granted
from custseg.loyalty.kinds import ORDER_KIND, REDEEM_KIND, UNSETTLED_KINDS
from custseg.schema.bridge import array, minor, read_only
from custseg.schema.clock import DAY, clock, day_number
from custseg.schema.keys import key_faults

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase
    from custseg.loyalty.earn import Earn
    from custseg.loyalty.program import Program

__all__ = ["REASONS", "event_activity", "order_activity"]

# Why a request is refused; 0 is not at all. What holds first comes first.
REASONS = ("", "unknown customer", "not positive", "below minimum", "insufficient")
_NOT_POSITIVE = REASONS.index("not positive")
_BELOW = REASONS.index("below minimum")


def order_activity(program: Program, base: CustomerBase) -> pl.DataFrame:
    """A row for each order: its points, whether a rule matched, which took part.

    Orders of nothing or less count nowhere and are left out.

    Returns:
        customer_id, at, id, rank, points, matched, reason and a boolean
        column for each rule on orders.
    """
    rules = [rule for rule in program.earning if rule.on == ORDER_KIND]
    orders = _distinct(
        base.log("orders").head(0) if base.orders is None else base.orders, "order_id"
    )
    units = minor(orders["total"])
    if orders.height and int(units.min()) <= 0:  # type: ignore[arg-type]
        orders = orders.filter(units > 0)
        units = minor(orders["total"])
    if (
        "paid_with_points" in orders.columns
        and orders["paid_with_points"].null_count() < orders.height
    ):
        paid = minor(orders["paid_with_points"]).fill_null(0)
    else:
        paid = None
    spans = (orders["order_id"], units, paid)
    amounts = array(units if paid is None else _net(units, paid))
    hits = _hits(rules, orders, orders["ordered_at"], base)
    contributions = [
        _contribution(rule, hit, base, amounts if rule.lines is None else None, spans)
        for rule, hit in zip(rules, hits, strict=True)
    ]
    held = orders.select("customer_id", at="ordered_at", id="order_id").with_columns(
        rank=pl.lit(ORDER, pl.Int64)
    )
    return _with_points(program, held, contributions)


def event_activity(program: Program, base: CustomerBase) -> pl.DataFrame:
    """A row for each event that may earn or asks for points, as of orders.

    Raises:
        LedgerError: for events that this program cannot settle.
    """
    events = base.log("events").head(0) if base.events is None else base.events
    LedgerError.check(_unsettled(program, events))
    rules = [rule for rule in program.earning if rule.on != ORDER_KIND]
    kinds = [*dict.fromkeys(rule.on for rule in rules), REDEEM_KIND]
    events = _distinct(events, "event_id")
    events = events.filter(pl.col("kind").is_in(kinds))
    amount = minor(events["amount"]).fill_null(0) if "amount" in events.columns else None
    amounts = array(_net(amount, None)) if amount is not None else np.zeros(events.height, np.int64)
    own = [_flags(events["kind"] == rule.on) for rule in rules]
    hits = _hits(rules, events, events["at"], base)
    contributions = [
        Contribution(
            rule.name, _rate(rule, base.scale), read_only(hit & of), amounts if rule.unit else None
        )
        for rule, hit, of in zip(rules, hits, own, strict=True)
    ]
    asks = events["kind"] == REDEEM_KIND
    held = events.select("customer_id", "at", id="event_id").with_columns(
        rank=pl.select(pl.when(asks).then(REDEEM).otherwise(ACTION).cast(pl.Int64)).to_series()
    )
    requested = events["points"] if "points" in events.columns else pl.lit(None, pl.Int64)
    return _with_requests(program, _with_points(program, held, contributions), requested)


def _with_requests(
    program: Program, held: pl.DataFrame, requested: pl.Series | pl.Expr
) -> pl.DataFrame:
    """What requests ask for, and the reasons that need no lots to be known."""
    asked = held.with_columns(asked=requested).with_columns(pl.col("asked").fill_null(0))
    reason = (
        pl.when(pl.col("asked") <= 0)
        .then(_NOT_POSITIVE)
        .when(pl.col("asked") < program.redemption.minimum)
        .then(_BELOW)
        .otherwise(0)
    )
    is_request = pl.col("rank") == REDEEM
    marked = asked.with_columns(reason=pl.when(is_request).then(reason).otherwise(0).cast(pl.Int8))
    standing = pl.when(pl.col("reason") == 0).then(pl.col("asked")).otherwise(0)
    return marked.with_columns(
        points=pl.when(is_request).then(standing).otherwise(pl.col("points"))
    ).drop("asked")


def _unsettled(program: Program, events: pl.DataFrame) -> list[Problem]:
    kinds = events.filter(pl.col("kind").is_in(UNSETTLED_KINDS))["kind"].value_counts(sort=True)
    counts = sorted(kinds.rows())
    if "reward" in events.columns:
        asked = (pl.col("kind") == REDEEM_KIND) & pl.col("reward").is_not_null()
        rewards = events.select(asked.sum()).item() or 0
        counts += [("redeem with a reward", rewards)] if rewards else []
    if not counts:
        return []
    told = ", ".join(f"{kind} ({count:,})" for kind, count in counts)
    what = f"this program cannot settle events of these kinds: {told}"
    fix = "leave them out of the base's events, knowing that the ledger is without them"
    return [Problem(what, f"Program({program.name!r}).run", fix)]


def _distinct(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """Rows without exact copies.

    Raises:
        LedgerError: when an id stands for rows that differ.
    """
    ids = rows[key]
    if ids.dtype == pl.Int64:
        # Ascending ids, as logs mostly have them, are distinct at a glance.
        values = array(ids)
        if bool((values[1:] > values[:-1]).all()):
            return rows
    faults = key_faults(rows, (key,))
    if faults is None:
        return rows
    clashing = faults.filter(pl.col("reason") == "conflict")["place"]
    if clashing.len():
        named = ids.gather(clashing).unique(maintain_order=True)
        shown = ", ".join(repr(one) for one in named.head(3).to_list())
        more = "" if named.len() <= 3 else f" and {named.len() - 3:,} more"  # noqa: PLR2004
        raise LedgerError(
            f"{key} {shown}{more} stands for rows that differ",
            where=key,
            fix="admit the rows through the door, which rejects them as conflict",
        )
    copies = pl.int_range(rows.height, eager=True).is_in(faults["place"].cast(pl.Int64).implode())
    return rows.filter(~copies)


def _net(units: pl.Series, paid: pl.Series | None) -> pl.Series:
    """What money earns on: less what was paid with points, not below nothing."""
    return (units if paid is None else units - paid).clip(lower_bound=0)


def _rate(rule: Earn, scale: int) -> Fraction:
    return rule.points if rule.unit is None else rule.points / rule.unit / 10**scale


def _contribution(
    rule: Earn,
    hits: NDArray[np.bool_],
    base: CustomerBase,
    amounts: NDArray[np.int64] | None,
    spans: tuple[pl.Series, pl.Series, pl.Series | None],
) -> Contribution:
    rate = _rate(rule, base.scale)
    if rule.unit is None:
        return Contribution(rule.name, rate, hits, None)
    if amounts is not None:
        return Contribution(rule.name, rate, hits, amounts)
    on_lines = _line_units(rule, base, *spans)
    held = _flags(on_lines.is_not_null())
    return Contribution(rule.name, rate, read_only(hits & held), array(on_lines.fill_null(0)))


def _line_units(
    rule: Earn, base: CustomerBase, ids: pl.Series, units: pl.Series, paid: pl.Series | None
) -> pl.Series:
    """Smallest units of each order's matching lines; null where none matches.

    Points that paid for a part of an order pay for its other lines first.
    """
    lines = base.log("lines") if base.lines is None else base.lines
    assert rule.line_rule is not None  # noqa: S101 - the caller asked
    hits = rule.line_rule.hits(seen_by([rule.line_rule], lines, base))
    matching = lines.select("order_id", units=minor(lines["total"])).filter(hits)
    sums = matching.group_by("order_id").agg(pl.col("units").cast(pl.Int128).sum())
    beside = pl.DataFrame({"order_id": ids, "total": units}).join(
        sums, on="order_id", how="left", maintain_order="left"
    )
    if sums.height and int(sums["units"].max()) > LARGEST:  # type: ignore[arg-type]
        worst = sums.sort("units").tail(1)["order_id"].item()
        raise LedgerError(
            f"the lines of order {worst!r} add up to more than int64 holds",
            where=f"Earn({rule.name!r}).lines",
            fix="look for totals that are too large",
        )
    own = pl.col("units").cast(pl.Int64)
    if paid is not None:
        beside = beside.with_columns(paid=paid)
        others = (pl.col("total") - own).clip(lower_bound=0)
        own = own - (pl.col("paid") - others).clip(lower_bound=0)
    return beside.select(own.clip(lower_bound=0)).to_series()


def _hits(
    rules: Sequence[Earn], rows: pl.DataFrame, at: pl.Series, base: CustomerBase
) -> list[NDArray[np.bool_]]:
    """Whether each rule's condition and period hold, row by row."""
    conditions = [rule.rule for rule in rules if rule.rule is not None]
    seen = seen_by(conditions, rows, base)
    found: list[NDArray[np.bool_]] = []
    days = _days(at, base.tz) if any(rule.during for rule in rules) else None
    for rule in rules:
        hit = np.ones(rows.height, np.bool_)
        if rule.rule is not None:
            hit = _flags(rule.rule.hits(seen))
        if rule.during is not None and days is not None:
            first, last = day_number(rule.during.first), day_number(rule.during.last)
            hit = hit & (days >= first) & (days <= last)
        found.append(read_only(hit))
    return found


def _flags(column: pl.Series) -> NDArray[np.bool_]:
    return read_only(column.to_numpy())


def _days(at: pl.Series, tz: str) -> NDArray[np.int64]:
    values = array(at)
    if values.size == 0:
        return values
    return clock(tz, int(values.min()) - DAY, int(values.max()) + DAY).days(values)


def _with_points(
    program: Program, held: pl.DataFrame, contributions: Sequence[Contribution]
) -> pl.DataFrame:
    """The points of each row, and which rules took part.

    Raises:
        LedgerError: when points leave int64.
    """
    result = granted(program, contributions, held.height)
    if result.beyond is not None:
        raise beyond_int64(*held.select("customer_id", "id", "rank").row(result.beyond))
    return held.with_columns(
        pl.Series("points", result.points),
        pl.Series("matched", result.matched),
        pl.lit(0, pl.Int8).alias("reason"),
        *(pl.Series(f"rule:{name}", taken) for name, taken in result.parts),
    )


def beyond_int64(customer: object, source: object, rank: int) -> LedgerError:
    """The error of points that no int64 holds."""
    noun = "order" if rank == ORDER else "event"
    return LedgerError(
        f"the points of customer {customer!r} leave int64 at {noun} {source!r}",
        where=f"{noun}_id {source!r}",
        fix="look for an amount that is too large, or give fewer points for it",
    )
