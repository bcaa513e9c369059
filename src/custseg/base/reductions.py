"""Each log reduced once to the measures asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from custseg.base.exact import major, quotient
from custseg.base.folded import fold_orders
from custseg.schema.bridge import masked, minor, read_only
from custseg.schema.clock import clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from custseg.base.folded import FoldedOrders, OrderLog
    from custseg.base.span import AsOf, Span
    from custseg.model.measure_name import MeasureName

    Ints = NDArray[np.int64]

__all__ = [
    "FOLDED",
    "from_events",
    "from_feedback",
    "from_fold",
    "from_lines",
    "from_tickets",
]

FOLDED = ("orders", "spend", "average_order", "recency_days", "tenure_days")


def from_fold(
    log: OrderLog, names: Sequence[MeasureName], as_of: AsOf, scale: int
) -> list[pl.Series]:
    """Orders, spend, average order, recency and tenure.

    Returns:
        customer_id, sorted, of everyone with a row in the log by the as_of,
        and a column for each name.
    """
    own = [as_of.span(name) for name in names]
    places = {span: place for place, span in enumerate(dict.fromkeys((as_of.span(), *own)))}
    gross = any(name.base == "average_order" for name in names)
    since = any(name.base == "tenure_days" for name in names)
    folded = fold_orders(log, tuple(places), gross=gross, since=since)
    columns = [folded.ids.alias("customer_id")]
    for name, span in zip(names, own, strict=True):
        columns.append(_folded_measure(folded, name, places[span], as_of, scale))
    return columns


def _folded_measure(
    folded: FoldedOrders, measure: MeasureName, at: int, as_of: AsOf, scale: int
) -> pl.Series:
    orders, base, name = folded.orders[at], measure.base, str(measure)
    if base == "orders":
        return pl.Series(name, orders)
    if base == "spend":
        return major(folded.spend[at], scale, most=folded.most, name=name)
    if base == "average_order":
        return quotient(folded.gross[at], orders * 10**scale, most=folded.most, name=name)
    instants = folded.last if base == "recency_days" else folded.first
    return _age(instants, orders > 0, as_of, name)


def _age(instants: Ints, some: NDArray[np.bool_], as_of: AsOf, name: str) -> pl.Series:
    """Local days from an instant to the as_of; null for who has no order."""
    if instants.size == 0:
        return pl.Series(name, [], dtype=pl.Int64)
    every = bool(some.all())
    known = read_only(instants if every else np.where(some, instants, as_of.instant))
    zone = clock(as_of.tz, int(known.min()), as_of.instant)
    days = pl.Series(name, as_of.today - zone.days(known))
    return days if every else masked(days, some)


def from_events(events: pl.DataFrame, names: Sequence[MeasureName], as_of: AsOf) -> pl.DataFrame:
    """How many events of a kind."""
    counted: list[pl.Expr] = []
    for name in names:
        kind = pl.col("kind") == name.base.removeprefix("events_")
        inside = _inside(pl.col("at"), as_of.span(name))
        counted.append((kind & inside).sum().cast(pl.Int64).alias(str(name)))
    return events.lazy().group_by("customer_id").agg(counted).collect()


def _inside(at: pl.Expr, span: Span) -> pl.Expr:
    return at.to_physical().is_between(span.low, span.high)


def from_lines(lines: pl.DataFrame, names: Sequence[MeasureName], as_of: AsOf) -> pl.DataFrame:
    """How many categories were bought, and the one most was spent on.

    A category that was only ever returned was not bought: it is not counted
    and is nobody's top one. Lines without a category have no say.
    """
    spans = tuple(dict.fromkeys(as_of.span(name) for name in names))
    known = lines.select(
        "customer_id", "category", "ordered_at", minor(lines["total"]).alias("units")
    ).filter(pl.col("category").is_not_null())
    sums: list[pl.Expr] = []
    for k, span in enumerate(spans):
        inside = _inside(pl.col("ordered_at"), span)
        sums.append((inside & (pl.col("units") >= 0)).any().alias(f"{k}|bought"))
        sums.append(pl.col("units").filter(inside).cast(pl.Int128).sum().alias(f"{k}|units"))
    by_category = known.lazy().group_by("customer_id", "category").agg(sums)
    found: list[pl.Expr] = []
    for name in names:
        k = spans.index(as_of.span(name))
        bought = pl.col(f"{k}|bought")
        if name.base == "category_count":
            found.append(bought.sum().cast(pl.Int64).alias(str(name)))
        else:
            kept, units = pl.col("category").filter(bought), pl.col(f"{k}|units").filter(bought)
            ranked = kept.sort_by(units, kept, descending=[True, False])
            found.append(ranked.first().alias(str(name)))
    return by_category.group_by("customer_id").agg(found).collect()


def from_feedback(
    feedback: pl.DataFrame, names: Sequence[MeasureName], as_of: AsOf
) -> pl.DataFrame:
    """The last answer to the recommendation question, the mean satisfaction.

    Of answers at one instant the last is the one with the larger id.
    """
    found: list[pl.Expr] = []
    for name in names:
        kind = "nps" if name.base == "nps_last" else "csat"
        kept = _inside(pl.col("at"), as_of.span(name)) & (pl.col("kind") == kind)
        score, at, key = (pl.col(each).filter(kept) for each in ("score", "at", "feedback_id"))
        if kind == "nps":
            found.append(score.sort_by(at, key).last().alias(str(name)))
        else:
            found.append(score.sum().alias(f"{name}|sum"))
            found.append(score.len().cast(pl.Int64).alias(f"{name}|answers"))
    known = feedback.lazy().filter(pl.col("customer_id").is_not_null())
    rows = known.group_by("customer_id").agg(found).collect()
    means = [
        quotient(rows[f"{name}|sum"], rows[f"{name}|answers"]).alias(str(name))
        for name in names
        if name.base == "csat_mean"
    ]
    return rows.with_columns(means).select("customer_id", *map(str, names))


def from_tickets(tickets: pl.DataFrame, names: Iterable[MeasureName], _: AsOf) -> pl.DataFrame:
    """Tickets that are open: the view hides what is resolved later."""
    opened = pl.col("resolved_at").is_null().sum().cast(pl.Int64)
    return tickets.lazy().group_by("customer_id").agg(opened.alias(str(n)) for n in names).collect()
