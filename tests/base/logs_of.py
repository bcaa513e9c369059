"""Small random logs as lists of mappings, and the base they make."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import strategies as st

import custseg as cu

NOUNS = {
    "orders": cu.Order,
    "lines": cu.OrderLine,
    "events": cu.Event,
    "feedback": cu.Feedback,
    "tickets": cu.Ticket,
    "opportunities": cu.Opportunity,
    "customers": cu.Customer,
}
MONEY = ("total", "amount", "compensation")
# Both hemispheres, half hours, and a zone whose clock skips and repeats midnights.
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "America/Sao_Paulo")

# Days about clock changes, month ends and the leap day; hours about midnight and 2 a.m.
days = st.sampled_from(
    [
        dt.date(2018, 11, 3),
        dt.date(2018, 11, 4),
        dt.date(2019, 2, 16),
        dt.date(2024, 1, 31),
        dt.date(2024, 2, 28),
        dt.date(2024, 2, 29),
        dt.date(2024, 3, 31),
        dt.date(2024, 10, 27),
        dt.date(2024, 12, 31),
        dt.date(2025, 1, 1),
    ]
) | st.dates(dt.date(2023, 1, 1), dt.date(2025, 3, 1))
hours = st.sampled_from([0, 1, 2, 3, 12, 22, 23])
minutes = st.sampled_from([0, 30, 59])


def at(day, hour, minute=0, second=0):
    return dt.datetime.combine(day, dt.time(hour, minute, second), dt.UTC)


instants = st.builds(at, days, hours, minutes)
cents = st.integers(-5_000, 20_000) | st.sampled_from([0, 0, 1, 1999, -1999])
customers = st.integers(1, 5)
later = st.none() | instants


def rows(**columns):
    return st.lists(st.fixed_dictionaries(columns), max_size=12)


LOGS = {
    "orders": rows(customer_id=customers, ordered_at=instants, total=cents),
    "lines": rows(
        customer_id=customers,
        ordered_at=instants,
        total=cents,
        category=st.sampled_from(["tea", "mug", "Tee", None]),
        line=st.integers(1, 9),
    ),
    "events": rows(customer_id=customers, at=instants, kind=st.sampled_from(["browse", "review"])),
    "feedback": rows(
        customer_id=st.none() | customers,
        at=instants,
        kind=st.sampled_from(["nps", "csat"]),
        score=st.integers(1, 5),
    ),
    "tickets": rows(
        customer_id=customers, opened_at=instants, first_response_at=later, resolved_at=later
    ),
    "opportunities": rows(
        customer_id=customers,
        opened_at=instants,
        stage=st.just("offer"),
        closed_at=later,
        won=st.booleans(),
    ),
}
KEYS = {
    "orders": "order_id",
    "lines": "order_id",
    "events": "event_id",
    "feedback": "feedback_id",
    "tickets": "ticket_id",
    "opportunities": "opportunity_id",
}
members = st.dictionaries(st.integers(1, 7), later, max_size=7).map(
    lambda joined: [{"customer_id": who, "joined_at": when} for who, when in joined.items()]
)


def keyed(log, listed):
    """Rows with ids of their own; ids do not follow time."""
    key = KEYS[log]
    return [{key: (7 * place) % 1009 + 1, **row} for place, row in enumerate(listed)]


everything = st.fixed_dictionaries(
    {
        **{log: made.map(lambda listed, log=log: keyed(log, listed)) for log, made in LOGS.items()},
        "customers": members,
    }
)


def frame(log, listed, *, named=lambda each: each, currency="EUR"):
    """Rows of a log as a frame of its table; `named` makes other ids of the numbers."""
    table = cu.table(NOUNS[log], currency=currency)
    scale = table.scale
    columns = [name for name in table.schema if not listed or name in listed[0]]
    made = {name: [row.get(name) for row in listed] for name in columns}
    made["customer_id"] = [None if each is None else named(each) for each in made["customer_id"]]
    for name in MONEY:
        if name in made:
            made[name] = [Decimal(each).scaleb(-scale) for each in made[name]]
    text = listed and isinstance(named(1), str)
    schema = {
        name: pl.String if text and name == "customer_id" else dtype
        for name, dtype in table.schema.items()
        if name in made
    }
    return pl.DataFrame(made, schema=schema)


def base_of(logs, *, tz="UTC", named=lambda each: each, currency="EUR"):
    frames = {log: frame(log, rows, named=named, currency=currency) for log, rows in logs.items()}
    return cu.CustomerBase(**frames, tz=tz, currency=currency)


def end_of(day, tz):
    """The last microsecond of a local day."""
    midnight = dt.datetime.combine(day + dt.timedelta(1), dt.time(), ZoneInfo(tz))
    # A skipped midnight reads as the instant that skips it, once it is back from UTC.
    first = midnight.astimezone(dt.UTC)
    while first.astimezone(ZoneInfo(tz)).date() > day:
        last = first
        first -= dt.timedelta(minutes=30)
    return last - dt.timedelta(microseconds=1)
