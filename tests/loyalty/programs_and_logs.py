"""Programs and logs as hypothesis draws them, for the engine and, as plain rows, for its twin."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
from hypothesis import strategies as st

from custseg.base.customer_base import CustomerBase
from custseg.loyalty.earn import Earn
from custseg.loyalty.expiry import Expiry
from custseg.loyalty.program import Program
from custseg.loyalty.redemption import Redemption
from custseg.model.nouns import Customer, Event, Order
from custseg.model.window import During
from custseg.schema.table import table
from naive import lots as naive

UTC = dt.UTC
# Nights on which clocks change, month ends, a leap day: the dates on which systems break.
DAYS = [
    dt.datetime(2024, 1, 31, tzinfo=UTC),
    dt.datetime(2024, 2, 28, tzinfo=UTC),
    dt.datetime(2024, 3, 9, tzinfo=UTC),
    dt.datetime(2024, 3, 30, tzinfo=UTC),
    dt.datetime(2024, 4, 1, tzinfo=UTC),
]
INSTANTS = st.builds(
    lambda day, hours: day + dt.timedelta(hours=hours),
    st.sampled_from(DAYS),
    st.integers(0, 47),
)
# Conditions as the rule language and as Python have them.
CONDITIONS = {
    None: lambda _: True,
    "channel = 'app'": lambda row: row["channel"] == "app",
    "customer.region = 'n'": lambda row: row["customer"] % 2 == 0,
    "channel IS NULL OR customer.region = 'n'": (
        lambda row: row["channel"] is None or row["customer"] % 2 == 0
    ),
}
PERIOD = During("2024-02-29", "2024-03-30")


@st.composite
def programs(draw):
    """A program, and the same as plain values for the twin."""
    tz = draw(st.sampled_from(["UTC", "Europe/Paris", "America/New_York"]))
    rules, plain = [], []
    for number in range(draw(st.integers(1, 3))):
        name, on = f"r{number}", draw(st.sampled_from(["order", "review"]))
        points = draw(st.sampled_from(["1", "1.15", "1/3", "7", "0.5"]))
        per = draw(st.sampled_from([None, "1.00", "0.07"]))
        when = draw(st.sampled_from(list(CONDITIONS)))
        during = draw(st.none() | st.just(PERIOD))
        options = {"on": on, "when": when, "during": during}
        rules.append(
            Earn.flat(name, points, **options)
            if per is None
            else Earn.per(name, points, per=per, **options)
        )
        plain.append({"name": name, "on": on, "points": points, "per": per})
        plain[-1]["hits"] = hits(CONDITIONS[when], during, tz)
    expiry = draw(
        st.sampled_from(
            [
                None,
                ("months", 1, None),
                ("months", 1, "month"),
                ("days", 3, None),
                ("days", 3, "quarter"),
            ]
        )
    )
    settings_ = {
        "combine": draw(st.sampled_from(["sum", "best"])),
        "rounding": draw(st.sampled_from(["floor", "half_up", "half_even", "ceil"])),
        "pending_days": draw(st.integers(0, 3)),
    }
    order, minimum = (
        draw(st.sampled_from(["expiring_first", "oldest_first"])),
        draw(st.integers(0, 9)),
    )
    program = Program(
        "Blue",
        earning=rules,
        expiry=Expiry.never()
        if expiry is None
        else Expiry.after(**{expiry[0]: expiry[1]}, end_of=expiry[2]),
        redemption=Redemption(order=order, minimum=minimum),
        **settings_,
    )
    return program, {
        "earning": plain,
        "expiry": expiry,
        "order": order,
        "minimum": minimum,
        "tz": tz,
        **settings_,
    }


def hits(condition, during, tz):
    def hit(row):
        day = row["at"].astimezone(naive.ZoneInfo(tz)).date()
        return condition(row) and (during is None or during.first <= day <= during.last)

    return hit


@st.composite
def logs(draw):
    """Orders and events as plain rows; ids are whole numbers or texts."""
    text = draw(st.booleans())
    rows = []
    for number in range(draw(st.integers(0, 14))):
        on = draw(st.sampled_from(["order", "order", "review", "redeem", "redeem", "browse"]))
        total = Decimal(draw(st.integers(-3, 40))) / 4
        paid = draw(st.none() | st.integers(0, 9).map(Decimal)) if on == "order" else None
        rows.append(
            {
                "id": str(number) if text else number,
                "customer": draw(st.integers(1, 3)),
                "at": draw(INSTANTS),
                "on": on,
                "total": total,
                "paid": paid,
                "amount": total - (paid or 0),
                "points": draw(st.none() | st.integers(-1, 20)) if on == "redeem" else None,
                "channel": draw(st.sampled_from([None, "app", "web"])),
            }
        )
    return rows


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
