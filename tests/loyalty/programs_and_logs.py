"""A base of plain rows, for tests of runs with a few orders and events."""

from __future__ import annotations

import datetime as dt

import polars as pl

from custseg.base.customer_base import CustomerBase
from custseg.model.nouns import Customer, Event, Order
from custseg.schema.table import table

UTC = dt.UTC
JOINED = {2: dt.datetime(2024, 2, 28, 12, tzinfo=UTC)}


def admitted(noun, rows, columns, tz):
    """Rows of a table from plain rows, by (column, key) pairs."""
    schema = table(noun, tz=tz).schema
    made = {
        column: pl.Series(
            [row[key] for row in rows],
            dtype=None if column.endswith("_id") and rows else schema[column],
        )
        for column, key in columns
    }
    return table(noun, tz=tz).require(pl.DataFrame(made))


def base_of(rows, tz="UTC", *, known=(1, 2, 3)):
    orders = [row for row in rows if row["on"] == "order"]
    events = [row for row in rows if row["on"] != "order"]
    shared = [("customer_id", "customer"), ("channel", "channel")]
    return CustomerBase(
        orders=admitted(
            Order,
            orders,
            [
                ("order_id", "id"),
                ("ordered_at", "at"),
                ("total", "total"),
                ("paid_with_points", "paid"),
                *shared,
            ],
            tz,
        ),
        events=admitted(
            Event,
            events,
            [
                ("event_id", "id"),
                ("at", "at"),
                ("kind", "on"),
                ("amount", "total"),
                ("points", "points"),
                *shared,
            ],
            tz,
        ),
        customers=table(Customer, tz=tz).require(
            pl.DataFrame(
                {
                    "customer_id": list(known),
                    "region": ["n" if one % 2 == 0 else "s" for one in known],
                    "joined_at": [JOINED.get(one) for one in known],
                }
            )
        ),
        tz=tz,
    ).as_of(dt.datetime(2024, 7, 1, tzinfo=UTC))
