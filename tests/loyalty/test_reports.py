"""What a ledger tells its readers: statements, explanations, what expires soon."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from custseg.loyalty.expiring import expiring
from loyalty.books_of import books
from loyalty.bridge import base_of, program_of
from loyalty.worlds import AS_OFS, LATEST, logs, programs, share, versions, worlds
from naive.points import replay

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
        "Blue <&>: customer anna as of 2026-05-20 23:59",
        "40 earned, 40 available",
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


def test_an_entry_that_earned_says_how_its_points_came_about(ledger):
    why = entry(ledger, "earn", "o2")
    assert [rule.name for rule in why.rules] == ["base", "extra", "twice"]
    assert repr(why).splitlines() == [
        "300 points earned at 2026-05-02 10:00 for order o2 (version 1)",
        "  base     1 for each 1 of 100.00                +100",
        "  extra    100 at once, 60 left of 60 per month   +60",
        "  twice    × 2                                   +160",
        "  program  300 left of 300 per day                -20",
        "usable from 2026-05-02 10:00 until before 2026-06-02 00:00",
        "given to redeem of event e1: 10 at 2026-05-04 10:00",
        "given to clawback of event e2: 150 at 2026-05-05 10:00",
        "back from redeem of event e1: 10 at 2026-05-06 10:00",
    ]
    assert (why.steps[1].given, why.steps[1].points) == (100, 60)
    assert (why.steps[0].amount, why.steps[1].amount) == (Decimal("100.00"), None)


def test_tiers_and_rounding_are_steps_too():
    ladder = cu.Ladder({"member": 0, "gold": 10}, boost={"gold": "1.15"})
    base = cu.Earn.per("base", 1, per="1.00")
    blue = cu.Program("Blue", earning=base, tiers=ladder, rounding="ceil")
    orders = [(1, 7, "2026-01-01", "10.00"), (2, 7, "2026-01-02", "5.50")]
    ledger = blue.run(shop(orders))
    steps = ledger.explain(ledger.entries["entry_id"][1]).steps
    assert [(step.name, step.said, step.text) for step in steps] == [
        ("base", "1 for each 1 of 5.50", "+5.5"),
        ("tier gold", "× 1.15", "+0.825"),
        ("rounding", "ceil", "+0.675"),
    ]


def test_an_explanation_for_a_notebook_escapes_what_users_wrote():
    blue = cu.Program("Blue", earning=cu.Earn.flat("<b>&", 1, cap=cu.Cap(1, per="lifetime")))
    orders = [("<i>", 7, "2026-01-01", "10.00"), ("<u>", 7, "2026-01-02", "5.50")]
    ledger = blue.run(shop(orders))
    page = ledger.explain(ledger.entries["entry_id"][1])._repr_html_()
    assert "&lt;b&gt;&amp;" in page
    assert "1 at once, 0 left of 1 of all time" in page
    assert "for order &lt;u&gt;" in page
    assert not re.search("<[biu]>", page)


def test_an_entry_that_took_points_says_which_lots_gave_them_and_got_them_back(ledger):
    why = entry(ledger, "redeem", "e1")
    assert (why.rules, why.steps) == ((), ())
    assert why.lots.select("how", "name", "points").rows() == [
        ("from lot", "order:o1", 40),
        ("from lot", "order:o2", 10),
        ("back to lot", "order:o1", 40),
        ("back to lot", "order:o2", 10),
    ]
    head, first, *_ = repr(why).splitlines()
    assert head == "50 points spent at 2026-05-04 10:00 for event e1 (version 1)"
    dates = "usable from 2026-05-01 10:00 until before 2026-06-01 00:00"
    assert first == f"from lot order:o1: 40 at 2026-05-04 10:00, {dates}"
    assert why == entry(ledger, "redeem", "e1")
    assert why != entry(ledger, "restore", "e3")
    assert (why == 12) is False


def test_an_entry_that_is_not_there_is_not_explained(ledger):
    with pytest.raises(cu.LedgerError, match="there is no entry 'x'"):
        ledger.explain("x")


def test_what_lapsed_says_of_which_lot_and_care_by_which_name():
    blue = cu.Program(
        "Blue",
        care=cu.Holiday("may", month=5, day=1, points=9),
        expiry=cu.Expiry.after(days=1),
    )
    ledger = blue.run(shop([(1, 7, "2026-04-01", "10.00")], as_of="2026-05-20"))
    care, lapse = (repr(ledger.explain(each)) for each in ledger.entries["entry_id"])
    assert "named: may" in care
    assert "from lot care:may|2026-05-01: 9 at 2026-05-03 00:00" in lapse


@given(worlds(), AS_OFS)
def test_every_entry_is_explained_by_steps_that_add_up_to_it(world, as_of):
    program, log = world
    ledger = program_of(program).run(base_of(log, program["tz"], as_of))
    parts = {
        (row["customer"], row["source_kind"], str(row["source"])): row["parts"]
        for row in replay(program, log, as_of).entries
        if row["kind"] == "earn"
    }
    for row in ledger.entries.rows(named=True):
        why = ledger.explain(row["entry_id"])
        assert why.lines[0].startswith(f"{abs(row['points']):,} points ")
        if row["kind"] != "earn":
            assert (why.rules, why.steps) == ((), ())
            continue
        assert [rule.name for rule in why.rules] == row["rule"].split("+")
        assert sum(step.points for step in why.steps) == row["points"]
        given = parts[row["customer_id"], row["source_kind"], row["source"]]
        assert [(step.name, step.points) for step in why.steps[: len(given)]] == given


@share(2)
@given(versions())
def test_entries_of_every_version_are_explained(world):
    program, log = world
    ledger = program_of(program).run(base_of(log, program["tz"], LATEST))
    for row in ledger.entries.filter(kind="earn").rows(named=True):
        why = ledger.explain(row["entry_id"])
        assert sum(step.points for step in why.steps) == row["points"]


@pytest.mark.parametrize(
    ("shortfall", "told"),
    [
        ("forgive", ["forgiven    10", "pending      0", "available    0"]),
        ("debt", ["debt        10"]),
    ],
)
def test_what_was_forgiven_or_is_owed_has_a_line_of_its_own(shortfall, told):
    base = cu.Earn.per("base", 1, per="1.00")
    blue = cu.Program("Blue", earning=base, refunds=cu.Refunds(shortfall=shortfall))
    events = [
        (1, 7, "2026-01-02", "redeem", 10, None, None),
        (2, 7, "2026-01-03", "refund", None, 1, "10.00"),
    ]
    ledger = blue.run(shop([(1, 7, "2026-01-01", "10.00")], events))
    lines = [line.strip() for line in repr(ledger).splitlines()]
    assert lines[2:6] == ["issued      10", "redeemed    10", "expired      0", "clawed back 10"]
    assert lines[-len(told) :] == told
    word = {"forgive": "10 forgiven, 0 available", "debt": "0 available, 10 owed"}[shortfall]
    assert word in repr(ledger.statement(7))


@given(worlds(), AS_OFS)
def test_the_sums_that_are_shown_add_up(world, as_of):
    program, log = world
    ledger = program_of(program).run(base_of(log, program["tz"], as_of))
    totals = ledger.totals
    came = totals.issued + totals.adjusted + totals.forgiven
    went = totals.redeemed + totals.expired + totals.clawed_back
    assert came - went == totals.pending + totals.available - totals.debt
    shown = dict(line.rsplit(maxsplit=1) for line in repr(ledger).splitlines()[1:])
    for name in ("adjusted", "clawed_back", "forgiven", "debt"):
        told = shown.get("  " + name.replace("_", " "), "0").replace(",", "")
        assert int(told) == getattr(totals, name)


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
