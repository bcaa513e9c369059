"""Churn labels: who bought again after a day, who did not, and of whom that is not known yet."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from custseg.base.instant import as_of_of
from custseg.errors import Problem, SchemaError
from custseg.model.window import Window, months_later
from custseg.schema.bridge import array
from custseg.schema.clock import clock

if TYPE_CHECKING:
    from custseg.base.customer_base import CustomerBase
    from custseg.base.span import AsOf

__all__ = ["churn_labels", "last_day"]

_WHERE = "churn_labels"


def churn_labels(
    base: CustomerBase, at: dt.date | dt.datetime | str, horizon: Window
) -> pl.DataFrame:
    """Whether each buyer of a day had stopped buying by the end of a horizon.

    Who had an order by `at` is labelled, by nothing but the orders after `at`
    through the horizon's last local day. The base's own as_of is the end of
    what is known: when it lies within the horizon, who has not bought yet is
    censored and has no label, so that `labels["churned"].mean()` counts only
    what is known. Such a share is still too low, for who bought is never
    censored: take an `at` whose horizon is over, or `cu.survival`.

    Args:
        base: A base seen as of the end of what is known.
        at: The day (through its end) or instant from which it is asked.
        horizon: How long without an order is churn.

    Returns:
        customer_id, sorted · churned, null when censored · censored · days
        from `at` to the next order, else to the end of what is known of the
        horizon.

    Raises:
        SchemaError: when `at` lies after the base's as_of, or the horizon is
            no Window.

    >>> import custseg as cu
    >>> bought = {1: "2026-01-10", 2: "2026-01-20", 3: "2026-03-15"}
    >>> orders = [
    ...     cu.Order(order_id=n, customer_id=1 + n % 2, ordered_at=day, total=9)
    ...     for n, day in bought.items()
    ... ]
    >>> base = cu.CustomerBase(orders=cu.table(cu.Order).frame(orders)).as_of("2026-06-30")
    >>> cu.churn_labels(base, "2026-01-31", cu.Window(days=90)).rows()
    [(1, True, False, 90), (2, False, False, 43)]
    """
    begins = as_of_of(at, base.tz)
    SchemaError.check(_problems(base, begins, horizon))
    last = last_day(begins, horizon)
    asked = base.as_of(last)
    ends = min(asked.when, base.when, key=_instant)
    buyers = base.as_of(at).measures("orders").filter(pl.col("orders") > 0)
    found = (
        buyers.select("customer_id")
        .join(_next_orders(base, begins, ends), on="customer_id", how="left", maintain_order="left")
        .with_columns(again=pl.col("day").is_not_null())
    )
    is_over = asked.when.instant <= base.when.instant
    return found.select(
        "customer_id",
        churned=pl.when(pl.col("again") | is_over).then(~pl.col("again")),
        censored=~pl.col("again") & (not is_over),
        days=pl.col("day").fill_null(ends.today) - begins.today,
    )


def last_day(begins: AsOf, horizon: Window) -> dt.date:
    """The last local day of a horizon that follows an as_of."""
    if horizon.months is not None:
        return months_later(begins.day, horizon.months)
    most = dt.date.max.toordinal()
    return dt.date.fromordinal(min(begins.day.toordinal() + (horizon.days or 0), most))


def _next_orders(base: CustomerBase, begins: AsOf, ends: AsOf) -> pl.DataFrame:
    """The local day of each customer's first order after an instant, through another."""
    at = pl.col("ordered_at").to_physical()
    later = base.log("orders").filter(pl.col("total") >= 0, at > begins.instant, at <= ends.instant)
    first = later.group_by("customer_id").agg(at.min().alias("first"))
    instants = array(first["first"])
    days = np.zeros(0, np.int64)
    if instants.size:
        days = clock(base.tz, begins.instant, ends.instant).days(instants)
    return first.select("customer_id", pl.Series("day", days))


def _instant(when: AsOf) -> int:
    return when.instant


def _problems(base: CustomerBase, begins: AsOf, horizon: object) -> list[Problem]:
    problems: list[Problem] = []
    if begins.today > base.when.today:
        what = f"{begins.day} lies after {base.day}, the end of what is known"
        problems.append(Problem(what, f"{_WHERE}.at", "take a day before the base's as_of"))
    if not isinstance(horizon, Window):
        problems.append(
            Problem(f"{horizon!r} is no horizon", f"{_WHERE}.horizon", "write cu.Window(days=90)")
        )
    return problems
