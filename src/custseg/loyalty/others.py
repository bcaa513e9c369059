"""Rows that no log has: actions made for other members, and care."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from custseg._kernels import books
from custseg.errors import LedgerError
from custseg.loyalty.earning import hits_of
from custseg.loyalty.kinds import ORDER_KIND
from custseg.loyalty.logs import ACT, ALSO, NAME, RANK
from custseg.loyalty.plan import Asked
from custseg.schema.arrow import true
from custseg.schema.bridge import array, instants
from custseg.schema.clock import DAY, clock

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase
    from custseg.loyalty.logs import Logs
    from custseg.loyalty.plan import Placed, Plan

__all__ = ["with_also", "with_care"]


def with_also(plan: Plan, logs: Logs, base: CustomerBase) -> Logs:
    """Logs with an action of the other member for each event that gives one points.

    Its row says which rules made it, in columns named for their places.
    """
    if not plan.for_others:
        return logs
    events = logs.marked()
    made = [
        _targets(plan, rows, at, key, base)
        for rows, at, key in (
            (logs.orders, "ordered_at", "order_id"),
            (events, "at", "event_id"),
        )
    ]
    marks = [f"{ALSO}{each.place}" for each in plan.for_others]
    none = events.head(0).with_columns(pl.lit(value=False).alias(mark) for mark in marks)
    more = pl.concat([each for each in made if each is not None] or [none])
    if events.schema["event_id"] == pl.String:
        more = more.with_columns(event_id=pl.col("event_id") + "|also")
    same = [name for name in more.columns if name not in marks]
    more = more.group_by(same, maintain_order=True).agg(pl.col(marks).any())
    return logs.with_events(pl.concat([events, more], how="diagonal_relaxed"))


def _targets(
    plan: Plan, rows: pl.DataFrame, at: str, key: str, base: CustomerBase
) -> pl.DataFrame | None:
    """The actions that rows of one log make for others."""
    is_order = key == "order_id"
    asked = [each for each in plan.for_others if (each.rule.on == ORDER_KIND) == is_order]
    if not asked:
        return None
    kinds: dict[str, NDArray[np.bool_] | None] = {ORDER_KIND: None}
    if not is_order:
        kinds = {on: true(rows["kind"] == on) for on in {each.rule.on for each in asked}}
    hits = hits_of(Asked(tuple(asked)), rows, at, (base.customers, base.tz), kinds)
    return pl.concat([_made(plan, each, rows, at, key, hits[each.place], base) for each in asked])


def _made(
    plan: Plan,
    of: Placed,
    rows: pl.DataFrame,
    at: str,
    key: str,
    hits: NDArray[np.bool_],
    base: CustomerBase,
) -> pl.DataFrame:
    """The actions that rows make for others by one rule."""
    other = _other(rows, of.rule.also.member, base)  # type: ignore[union-attr]
    told = rows.select(at=at, event_id=key).with_columns(
        other.alias("customer_id"),
        pl.lit(books.ACTION, pl.Int64).alias(ACT),
        pl.lit(books.ACTION, pl.Int64).alias(RANK),
        pl.lit(value=True).alias(ALSO),
        kind=pl.lit(None, pl.String),
    )
    told = told.filter(pl.Series(hits) & other.is_not_null())
    return told.with_columns(
        pl.lit(each.place == of.place).alias(f"{ALSO}{each.place}") for each in plan.for_others
    )


def _other(rows: pl.DataFrame, member: str, base: CustomerBase) -> pl.Series:
    """The other member that a column names: of the rows themselves, else of their customers."""
    if member in rows.columns:
        return rows[member].cast(base.id_type, strict=False)
    if base.customers is None or member not in base.customers.columns:
        raise LedgerError(
            f"no column {member!r} names the other member",
            where="Also.member",
            fix="give the base's events or customers a column of this name",
        )
    people = base.customers.select(
        "customer_id", other=pl.col(member).cast(base.id_type, strict=False)
    )
    beside = rows.select("customer_id").join(
        people, on="customer_id", how="left", maintain_order="left"
    )
    return beside["other"]


def with_care(plan: Plan, logs: Logs, base: CustomerBase) -> Logs:
    """Logs with the birthdays, anniversaries and holidays of members up to the as_of."""
    if not plan.cares:
        return logs
    from custseg.loyalty.occasions import occasions

    people = _enrolled(logs, base)
    if people.height == 0:
        return logs
    until = base.when.instant
    first = int(people["enrolled"].to_physical().min())  # type: ignore[arg-type]
    zone = clock(base.tz, min(first, until) - DAY, max(first, until) + DAY)
    span = pl.Series([zone.day(min(first, until)), base.when.today]).cast(pl.Int32).cast(pl.Date)
    more: list[pl.DataFrame] = []
    for each in plan:
        due = occasions(each.program.care, people, base.tz, span[0], span[1])
        number = pl.col("on").to_physical().cast(pl.Int64)
        more.append(due.filter(number.is_between(each.first, each.last)))
    due = pl.concat(more)
    numbers = array(due["on"])
    if numbers.size == 0:
        return logs
    low, high = int(numbers.min()), int(numbers.max())
    at = clock(base.tz, (low - 2) * DAY, (high + 2) * DAY).day_starts(numbers)
    rows = due.select(
        "customer_id",
        at=instants(at),
        points="points",
        kind=pl.lit("care"),
    ).with_columns(
        (due["care"] + "|" + due["on"].cast(pl.String)).alias(NAME),
        pl.lit(books.CARE, pl.Int64).alias(ACT),
        pl.lit(books.CARE, pl.Int64).alias(RANK),
        pl.lit(value=False).alias(ALSO),
    )
    rows = rows.join(people.select("customer_id", "enrolled"), on="customer_id", how="left")
    rows = rows.filter((pl.col("at") >= pl.col("enrolled")) & (pl.col("at").to_physical() <= until))
    events = pl.concat([logs.marked(), rows.drop("enrolled")], how="diagonal_relaxed")
    return logs.with_events(events, NAME)


def _enrolled(logs: Logs, base: CustomerBase) -> pl.DataFrame:
    """Customers with what is told of them, and when each enrolled: joined, else seen first."""
    firsts = pl.concat(
        [
            logs.orders.select("customer_id", seen="ordered_at"),
            logs.events.select("customer_id", seen="at"),
        ]
    )
    firsts = firsts.group_by("customer_id").agg(pl.col("seen").min())
    if base.customers is None:
        return firsts.rename({"seen": "enrolled"})
    people = base.customers.join(firsts, on="customer_id", how="left")
    people = people.with_columns(enrolled=pl.coalesce("joined_at", "seen")).drop("seen")
    return people.filter(pl.col("enrolled").is_not_null()).filter(
        pl.col("enrolled").to_physical() <= base.when.instant
    )
