"""Rows that no log has: actions made for other members, and care."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from custseg._kernels import books
from custseg.errors import LedgerError
from custseg.loyalty.earn import Earn
from custseg.loyalty.earning import hits_of, placed
from custseg.loyalty.kinds import ORDER_KIND
from custseg.loyalty.logs import ACT, ALSO, NAME, RANK, Logs, arranged
from custseg.schema.bridge import array, instants
from custseg.schema.clock import DAY, clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase
    from custseg.loyalty.also import Also
    from custseg.loyalty.earning import Terms

__all__ = ["with_also", "with_care"]


def with_also(terms: Sequence[Terms], logs: Logs, base: CustomerBase) -> Logs:
    """Logs with an action of the other member for each event that gives one points.

    Its row says which rules made it, in columns named for their places.
    """
    rules = [
        (place, rule, rule.also)
        for place, rule in placed(terms)
        if isinstance(rule, Earn) and rule.also is not None
    ]
    if not rules:
        return logs
    made = [
        _targets(terms, rows, at, key, rules, base)
        for rows, at, key in (
            (logs.orders, "ordered_at", "order_id"),
            (logs.events, "at", "event_id"),
        )
    ]
    marks = [f"{ALSO}{place}" for place, _, _ in rules]
    more = pl.concat([each for each in made if each is not None] or [_none(logs, marks)])
    is_text = logs.events.schema["event_id"] == pl.String
    if is_text:
        more = more.with_columns(event_id=pl.col("event_id") + "|also")
    same = [name for name in more.columns if name not in marks]
    more = more.group_by(same, maintain_order=True).agg(pl.col(marks).any())
    events = pl.concat(
        [logs.events.with_columns(pl.lit(value=False).alias(ALSO)), more], how="diagonal_relaxed"
    )
    key = ("customer_id", "at", RANK, "event_id", ALSO)
    return Logs(logs.orders, arranged(events, key))


def _none(logs: Logs, marks: list[str]) -> pl.DataFrame:
    empty = logs.events.head(0).with_columns(pl.lit(value=True).alias(ALSO))
    return empty.with_columns(pl.lit(value=False).alias(mark) for mark in marks)


def _targets(
    terms: Sequence[Terms],
    rows: pl.DataFrame,
    at: str,
    key: str,
    rules: list[tuple[int, Earn, Also]],
    base: CustomerBase,
) -> pl.DataFrame | None:
    """The actions that rows of one log make for others."""
    is_order = key == "order_id"
    kinds: dict[str, NDArray[np.bool_] | None] = {}
    for _, rule, _ in rules:
        on = rule.on
        if (on == ORDER_KIND) != is_order:
            continue
        own = None if is_order else pl.Series(rows["kind"] == on).fill_null(value=False)
        kinds[on] = None if own is None else own.to_numpy()
    if not kinds:
        return None
    hits = hits_of(terms, rows, at, base, kinds)
    found: list[pl.DataFrame] = []
    for place, _, also in rules:
        if place not in hits:
            continue
        other = _other(rows, also.member, base)
        told = rows.select(at=at, event_id=key).with_columns(
            other.alias("customer_id"),
            pl.lit(books.ACTION, pl.Int64).alias(ACT),
            pl.lit(books.ACTION, pl.Int64).alias(RANK),
            pl.lit(value=True).alias(ALSO),
            kind=pl.lit(None, pl.String),
        )
        told = told.filter(pl.Series(hits[place]) & other.is_not_null())
        found.append(
            told.with_columns(pl.lit(each == place).alias(f"{ALSO}{each}") for each, _, _ in rules)
        )
    return pl.concat(found)


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


def with_care(terms: Sequence[Terms], logs: Logs, base: CustomerBase) -> Logs:
    """Logs with the birthdays, anniversaries and holidays of members up to the as_of."""
    if not any(each.program.care for each in terms):
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
    for each in terms:
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
    events = logs.events
    if ALSO not in events.columns:
        events = events.with_columns(pl.lit(value=False).alias(ALSO))
    events = pl.concat([events, rows.drop("enrolled")], how="diagonal_relaxed")
    key = ("customer_id", "at", RANK, "event_id", ALSO, NAME)
    return Logs(logs.orders, events.sort(key))


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
