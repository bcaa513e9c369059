"""The public Starbucks simulation: a month of 17,000 members, with its exact copies."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

import custseg as cu

# 306,534 events: hopeless in plain Python, and no branch that others do not take.
pytestmark = pytest.mark.compiled

SPENT = Decimal("1775451.97")
START = dt.datetime(2018, 7, 1, tzinfo=dt.UTC)
STARS = cu.Program(
    "Stars",
    earning=(
        cu.Earn.per("base", 2, per="1.00"),
        cu.Earn.per("offer", 10, per="1.00", on="offer completed"),
    ),
    expiry=cu.Expiry.after(months=6, end_of="month"),
    redemption=cu.Redemption(point_value="0.01"),
)


@pytest.fixture(scope="module")
def transcript(shared):
    rows = pl.read_parquet(shared / "starbucks" / "transcript.parquet")
    # The simulation counts hours from its start.
    return rows.with_columns(at=pl.lit(START) + pl.duration(hours="time"))


@pytest.fixture(scope="module")
def admitted(transcript):
    """Transactions as orders, completed offers as actions; exact copies share an id."""
    bought = transcript.filter(pl.col("event") == "transaction")
    done = transcript.filter(pl.col("event") == "offer completed")
    orders = cu.table(cu.Order, currency="USD").admit(
        bought.select("person", "at", "amount"),
        columns={"customer_id": "person", "ordered_at": "at", "total": "amount"},
        ids="content",
    )
    events = cu.table(cu.Event, currency="USD").admit(
        done.select("person", "at", "event", "reward", "offer_id"),
        columns={"customer_id": "person", "kind": "event", "amount": "reward"},
        ids="content",
    )
    return orders, events


@pytest.fixture(scope="module")
def ledger(admitted):
    orders, events = admitted
    return STARS.run(cu.CustomerBase(orders=orders.rows, events=events.rows, currency="USD"))


def test_the_published_counts_come_out(transcript):
    counts = dict(transcript["event"].value_counts().rows())
    assert counts == {
        "transaction": 138_953,
        "offer received": 76_277,
        "offer viewed": 57_725,
        "offer completed": 33_579,
    }
    assert transcript["reward"].sum() == 164_676
    assert transcript.height - transcript.unique().height == 397


def test_exact_copies_pay_once_and_the_spend_seen_is_all_of_it(admitted, ledger):
    orders, events = admitted
    assert orders.rejected.counts() == {}
    assert events.rejected.counts() == {"duplicate": 397}
    # No transaction is a copy: the spend seen is all that was spent, less 0.00 of copies.
    assert orders.rows["total"].sum() == SPENT
    earned = ledger.entries.filter(pl.col("kind") == "earn")
    counts = dict(earned["source_kind"].value_counts().rows())
    assert counts == {"order": 138_953, "event": 33_579 - 397}


def test_points_are_those_that_adding_up_gives(admitted, ledger):
    orders, events = admitted
    stars = sum(int(2 * total) for total in orders.rows["total"])
    offers = sum(int(10 * reward) for reward in events.rows["amount"])
    assert ledger.totals.issued == stars + offers
    assert ledger.totals.available == stars + offers


def test_the_books_of_a_month_are_in_order(ledger):
    journal = ledger.journal()
    assert journal["points"].sum() == 0
    assert ledger.check().is_empty()
    book = ledger.liability(redemption_rate=1)
    assert book.closing == ledger.totals.outstanding * Decimal("0.01")
