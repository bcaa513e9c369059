"""Each log reduced once to the measures asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from custseg.base.folded import fold_orders
from custseg.model.measure_name import MeasureName
from custseg.schema.bridge import array, minor
from custseg.schema.clock import clock, day_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from custseg.base.folded import FoldedOrders
    from custseg.base.span import AsOf, Span

__all__ = [
    "FOLDED",
    "RHYTHM",
    "from_events",
    "from_feedback",
    "from_fold",
    "from_lines",
    "from_rhythm",
    "from_tickets",
    "local_days",
    "major",
]

FOLDED = ("orders", "spend", "average_order", "recency_days", "tenure_days")
RHYTHM = ("days_active", "gap_days", "gap_days_cv")
_FLOAT_WHOLE = 2**53


def major(units: pl.Series, scale: int) -> pl.Series:
    """Smallest units as the nearest Float64 of major ones."""
    unit = 10**scale
    largest = 0 if units.len() == 0 else max(abs(units.min()), abs(units.max()))  # type: ignore[arg-type,operator]
    if largest <= _FLOAT_WHOLE:
        return units.cast(pl.Float64) / unit
    # Above 2**53 a cast would round before the division does: Python divides whole numbers exactly.
    return pl.Series(units.name, [value / unit for value in units.to_list()], dtype=pl.Float64)


def local_days(instants: pl.Series, tz: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Local days of instants without nulls, numbered from 1970-01-01."""
    values = array(instants)
    if values.size == 0:
        return values
    return clock(tz, int(values.min()), int(values.max())).days(values)


def from_fold(
    orders: pl.DataFrame, names: Sequence[MeasureName], as_of: AsOf, scale: int
) -> pl.DataFrame:
    """Orders, spend, average order, recency and tenure.

    Returns:
        customer_id, sorted, of everyone with a row in `orders`, and a column
        for each name.
    """
    spans = [as_of.span()]
    for name in names:
        if name.window and as_of.span(name) not in spans:
            spans.append(as_of.span(name))
    gross = any(name.base == "average_order" for name in names)
    folded = fold_orders(orders, tuple(spans), gross=gross)
    columns = [folded.ids.alias("customer_id")]
    columns.extend(_folded_measure(folded, name, spans, as_of, scale) for name in names)
    return pl.DataFrame(columns)


def _folded_measure(
    folded: FoldedOrders, name: MeasureName, spans: list[Span], as_of: AsOf, scale: int
) -> pl.Series:
    at = spans.index(as_of.span(name))
    orders = folded.orders[at]
    if name.base == "orders":
        return orders.alias(str(name))
    if name.base == "spend":
        return major(folded.spend[at], scale).alias(str(name))
    if name.base == "average_order":
        return (major(folded.gross[at], scale) / pl.select(pl.when(orders > 0).then(orders)).to_series()).alias(str(name))
    instants = folded.last if name.base == "recency_days" else folded.first
    return _age(instants, orders, as_of).alias(str(name))


def _age(instants: np.ndarray[tuple[int], np.dtype[np.int64]], orders: pl.Series, as_of: AsOf) -> pl.Series:
    """Local days from an instant to the as_of; null for who has no order."""
    some = orders.to_numpy() > 0
    every = bool(some.all())
    known = instants if every else np.where(some, instants, as_of.instant)
    known = np.ascontiguousarray(known)
    known.flags.writeable = False
    if known.size == 0:
        return pl.Series([], dtype=pl.Int64)
    zone = clock(as_of.tz, int(known.min()), as_of.instant)
    days = pl.Series(day_number(as_of.day) - zone.days(known))
    return days if every else pl.select(pl.when(pl.Series(some)).then(days)).to_series()


def from_rhythm(orders: pl.DataFrame, names: Sequence[MeasureName], as_of: AsOf) -> pl.DataFrame:
    """Days with an order, and the gaps between them, within each window."""
    bought = orders.filter(pl.col("total") >= 0).select("customer_id", "ordered_at")
    days = (
        pl.DataFrame(
            [bought["customer_id"], pl.Series("day", local_days(bought["ordered_at"], as_of.tz))]
        )
        .lazy()
        .unique()
        .sort("customer_id", "day")
        .with_columns(before=pl.col("day").shift(1).over("customer_id"))
    )
    day, gap = pl.col("day"), pl.col("day") - pl.col("before")
    aggregates: list[pl.Expr] = []
    derived: list[pl.Expr] = []
    for name in names:
        span = as_of.span(name)
        key = str(name)
        inside = day.is_between(span.first_day, span.last_day)
        gaps = gap.filter(inside & (pl.col("before") >= span.first_day))
        aggregates.extend(
            [
                inside.sum().cast(pl.Int64).alias(f"{key}|n"),
                gaps.sum().alias(f"{key}|sum"),
                (gaps * gaps).sum().alias(f"{key}|squares"),
            ]
        )
        derived.append(_rhythm(name.base, key).alias(key))
    return days.group_by("customer_id").agg(aggregates).select("customer_id", *derived).collect()


def _rhythm(base: str, key: str) -> pl.Expr:
    active, total, squares = (pl.col(f"{key}|{part}") for part in ("n", "sum", "squares"))
    if base == "days_active":
        return active
    gaps = active - 1
    mean = total / gaps
    if base == "gap_days":
        return pl.when(active > 1).then(mean)
    # Whole numbers up to the root: sd / mean = sqrt(n Σg² − (Σg)²) / Σg.
    return pl.when(active > 1).then((gaps * squares - total * total).sqrt() / total)


def from_events(events: pl.DataFrame, names: Sequence[MeasureName], as_of: AsOf) -> pl.DataFrame:
    """How many events of a kind."""
    counted = [
        (
            (pl.col("kind") == name.base.removeprefix("events_"))
            & _inside(pl.col("at"), as_of.span(name))
        )
        .sum()
        .cast(pl.Int64)
        .alias(str(name))
        for name in names
    ]
    return events.lazy().group_by("customer_id").agg(counted).collect()


def _inside(at: pl.Expr, span: Span) -> pl.Expr:
    return at.to_physical().is_between(span.low, span.high)


def from_lines(lines: pl.DataFrame, names: Sequence[MeasureName], as_of: AsOf) -> pl.DataFrame:
    """How many categories were bought, and the one most was spent on."""
    windows = {as_of.span(name): f"{k}" for k, name in enumerate(names)}
    known = lines.select(
        "customer_id", "category", "ordered_at", minor(lines["total"]).alias("units")
    ).filter(pl.col("category").is_not_null())
    sums: list[pl.Expr] = []
    for span, key in windows.items():
        inside = _inside(pl.col("ordered_at"), span)
        sums.append((inside & (pl.col("units") >= 0)).any().alias(f"{key}|bought"))
        sums.append(pl.col("units").filter(inside).cast(pl.Int128).sum().alias(f"{key}|units"))
    by_category = known.lazy().group_by("customer_id", "category").agg(sums)
    found: list[pl.Expr] = []
    for name in names:
        key = windows[as_of.span(name)]
        bought = pl.col(f"{key}|bought")
        if name.base == "category_count":
            found.append(bought.sum().cast(pl.Int64).alias(str(name)))
        else:
            kept = pl.col("category").filter(bought)
            best = kept.sort_by(
                pl.col(f"{key}|units").filter(bought), kept, descending=[True, False]
            ).first()
            found.append(best.alias(str(name)))
    return by_category.group_by("customer_id").agg(found).collect()


def from_feedback(feedback: pl.DataFrame, names: Sequence[MeasureName], as_of: AsOf) -> pl.DataFrame:
    """The last answer to the recommendation question, the mean satisfaction."""
    found: list[pl.Expr] = []
    for name in names:
        inside = _inside(pl.col("at"), as_of.span(name))
        if name.base == "nps_last":
            kept = inside & (pl.col("kind") == "nps")
            last = pl.col("score").filter(kept).sort_by(
                pl.col("at").filter(kept), pl.col("feedback_id").filter(kept)
            )
            found.append(last.last().alias(str(name)))
        else:
            scores = pl.col("score").filter(inside & (pl.col("kind") == "csat"))
            found.append(scores.mean().alias(str(name)))
    known = feedback.lazy().filter(pl.col("customer_id").is_not_null())
    return known.group_by("customer_id").agg(found).collect()


def from_tickets(tickets: pl.DataFrame, names: Iterable[MeasureName], _: AsOf) -> pl.DataFrame:
    """Tickets that are open: the view hides what is resolved later."""
    opened = pl.col("resolved_at").is_null().sum().cast(pl.Int64)
    return tickets.lazy().group_by("customer_id").agg(opened.alias(str(n)) for n in names).collect()
