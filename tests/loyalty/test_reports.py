"""What a ledger tells its readers: statements, explanations, what expires soon."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from custseg.loyalty.expiring import expiring
from custseg.loyalty.explanation import explain
from loyalty.books_of import books
from loyalty.worlds import AS_OFS, logs, programs

INSTANT = pl.Datetime("us", "UTC")


def shop(orders, events=(), customers=None, *, as_of=None, tz="UTC"):
    """A base of rows: (id, customer, at, total), and those of events as named below."""
    frames = {
        "orders": cu.table(cu.Order, tz=tz).require(
            pl.DataFrame(
                orders, schema=["order_id", "customer_id", "ordered_at", "total"], orient="row"
            )
        )
    }
    if events:
        names = ["event_id", "customer_id", "at", "kind", "points", "refers_to", "amount"]
        frames["events"] = cu.table(cu.Event, tz=tz).require(
            pl.DataFrame(events, schema=names, orient="row")
        )
    if customers is not None:
        frames["customers"] = cu.table(cu.Customer, tz=tz).require(pl.DataFrame(customers))
    base = cu.CustomerBase(**frames, tz=tz)
    return base if as_of is None else base.as_of(as_of)


BLUE = cu.Program(
    "Blue <&>",
    earning=(
        cu.Earn.per("base", 1, per="1.00"),
        cu.Earn.flat("extra", 100, when="total > 50", cap=cu.Cap(60, per="month")),
        cu.Boost("twice", 2, when="total > 90"),
    ),
    cap=cu.Cap(300, per="day"),
    expiry=cu.Expiry.after(days=30),
)
ORDERS = [
    ("o1", "anna", "2026-05-01T10:00", "40.00"),
    ("o2", "anna", "2026-05-02T10:00", "100.00"),
    ("o3", "<b>", "2026-05-03T10:00", "10.00"),
]
EVENTS = [
    ("e1", "anna", "2026-05-04T10:00", "redeem", 50, None, None),
    ("e2", "anna", "2026-05-05T10:00", "refund", None, "o2", "50.00"),
    ("e3", "anna", "2026-05-06T10:00", "cancel", None, "e1", None),
]


@pytest.fixture(scope="module")
def ledger():
    return BLUE.run(shop(ORDERS, EVENTS, as_of="2026-05-20"))


def test_a_statement_is_a_members_entries_with_a_running_balance(ledger):
    statement = ledger.statement("anna")
    own = ledger.entries.filter(pl.col("customer_id") == "anna")
    assert statement.frame["points"].to_list() == own["points"].to_list()
    assert statement.frame["balance"].to_list() == own["points"].cum_sum().to_list()
    assert statement.frame["balance"][-1] == statement.available == 190
    assert (statement.pending, statement.debt) == (0, 0)
    assert statement == ledger.statement("anna")
    assert statement != ledger.statement("<b>")
    assert (statement == 12) is False


def test_a_statement_is_printed_with_local_times_and_last_usable_days():
    base = shop(ORDERS[:1], as_of="2026-05-20", tz="America/New_York")
    lines = repr(BLUE.run(base).statement("anna")).splitlines()
    assert lines == [
        "Blue <&>: customer anna as of 2026-05-20 23:59: 40 available",
        "at                kind  about           usable until  points  balance",
        "2026-05-01 10:00  earn  order o1: base  2026-05-31       +40       40",
    ]


def test_a_statement_for_a_notebook_escapes_what_users_wrote(ledger):
    page = ledger.statement("<b>")._repr_html_()
    assert "Blue &lt;&amp;&gt;: customer &lt;b&gt;" in page
    assert "<b>" not in page
    assert "color:inherit" in page
    assert "#" not in page.replace("&#x27;", "")  # no colours of its own: light and dark both work


def test_nobody_has_a_statement_of_a_stranger(ledger):
    with pytest.raises(cu.LedgerError, match="nobody has the id 'bob'"):
        ledger.statement("bob")


def entry(ledger, kind, source):
    found = ledger.entries.filter((pl.col("kind") == kind) & (pl.col("source") == source))
    return ledger.explain(found["entry_id"].item())


def test_an_entry_that_earned_says_its_rules_its_cap_and_who_took_from_it(ledger):
    why = entry(ledger, "earn", "o2")
    assert [rule.name for rule in why.rules] == ["base", "extra", "twice"]
    text = repr(why)
    assert "300 points earned at 2026-05-02 10:00 for order o2 (version 1)" in text
    assert "the rules gave 320 points" in text
    assert "cap that bound: extra+program" in text
    assert "usable from 2026-05-02 10:00 until before 2026-06-02 00:00" in text
    assert "given to clawback of event e2: 150 at 2026-05-05 10:00" in text


def test_an_entry_that_took_points_says_which_lots_gave_them_and_got_them_back(ledger):
    why = entry(ledger, "redeem", "e1")
    assert why.rules == ()
    assert why.lots.select("how", "name", "points").rows() == [
        ("from lot", "order:o1", 40),
        ("from lot", "order:o2", 10),
        ("back to lot", "order:o1", 40),
        ("back to lot", "order:o2", 10),
    ]
    assert why == entry(ledger, "redeem", "e1")
    assert why != entry(ledger, "restore", "e3")
    assert (why == 12) is False


def test_an_entry_that_is_not_there_is_not_explained(ledger):
    with pytest.raises(cu.LedgerError, match="there is no entry 'x'"):
        ledger.explain("x")


@given(programs(), logs(), AS_OFS)
def test_every_entry_can_be_explained(program, log, as_of):
    ledger, _ = books(program, log, as_of)
    for row in ledger.entries.rows(named=True):
        why = explain(ledger, row["entry_id"])
        assert why.lines[0].startswith(f"{abs(row['points']):,} points ")
        names = [] if row["rule"] is None else row["rule"].split("+")
        if row["kind"] == "earn":
            assert [rule.name for rule in why.rules] == names


@given(programs(), logs(), AS_OFS, st.integers(1, 500))
def test_what_expires_soon_are_live_lots_whose_last_day_is_near(program, log, as_of, days):
    ledger, outcome = books(program, log, as_of)
    zone = ZoneInfo(program["tz"])
    today = ledger.when.day
    near = []
    for lot in outcome.lots:
        if lot["left"] and lot["expires_at"] is not None:
            last = (lot["expires_at"] - dt.timedelta(microseconds=1)).astimezone(zone).date()
            if (last - today).days <= days:
                near.append((lot["customer"], lot["lot"], lot["left"], last, (last - today).days))
    found = expiring(ledger, days).select("customer_id", "lot_id", "points", "usable_until", "days")
    assert sorted(found.rows()) == sorted(near)
    assert expiring(ledger, days).equals(expiring(ledger, cu.Window(days=days)))


def test_a_month_is_a_calendar_month_when_points_expire():
    program = cu.Program("x", earning=cu.Earn.flat("a", 1), expiry=cu.Expiry.after(days=28))
    orders = [(1, 7, "2026-01-31", "1.00"), (2, 7, "2026-02-01", "1.00")]
    ledger = program.run(shop(orders, as_of="2026-01-31"))
    soon = ledger.expiring(cu.Window(months=1))
    assert soon["usable_until"].to_list() == [dt.date(2026, 2, 28)]
    assert soon["days"].to_list() == [28]
    assert ledger.expiring(27).is_empty()


@pytest.mark.parametrize("within", [0, -1, 1.5, True, "month"])
def test_what_is_no_window_is_refused(ledger, within):
    with pytest.raises(cu.LedgerError, match="within is"):
        ledger.expiring(within)
