from __future__ import annotations

import datetime as dt
from decimal import Decimal

import attrs
import polars as pl
import pytest

from custseg.base.customer_base import CustomerBase
from custseg.errors import LedgerError
from custseg.loyalty.earn import Earn
from custseg.loyalty.expiry import Expiry
from custseg.loyalty.program import Program
from custseg.loyalty.redemption import Redemption
from custseg.loyalty.refunds import Refunds
from custseg.model.nouns import Event, Order, OrderLine
from custseg.schema.table import table

TZ = "Europe/Paris"


def base_of(orders, events=None, **more):
    """A base from columns; times are local."""
    made = {"orders": table(Order, tz=TZ).require(pl.DataFrame(orders))}
    if events is not None:
        made["events"] = table(Event, tz=TZ).require(pl.DataFrame(events))
    return CustomerBase(**made, **more, tz=TZ)


BASE = base_of(
    {
        "order_id": [1, 2, 3],
        "customer_id": [7, 7, 8],
        "ordered_at": ["2026-01-10T10:00", "2026-01-20T10:00", "2026-01-20T11:00"],
        "total": [100, 50, 30],
    },
    {
        "event_id": [1, 2, 3],
        "customer_id": [7, 7, 8],
        "at": ["2026-01-21T09:00", "2026-01-25T09:00", "2026-01-22T09:00"],
        "kind": ["redeem"] * 3,
        "points": [120, 900, 10],
    },
).as_of("2026-02-12")
PROGRAM = Program("Blue", earning=Earn.per("base", 1, per="1.00"), expiry=Expiry.after(months=1))
LEDGER = PROGRAM.run(BASE)


def test_a_ledger_shows_what_it_sums_up_to():
    assert repr(LEDGER) == (
        "Ledger of Blue, version 1, as of 2026-02-12 23:59:59 (Europe/Paris)\n"
        "  members                 2\n"
        "  issued                180\n"
        "  redeemed              130\n"
        "  expired                 0\n"
        "  pending                 0\n"
        "  available              50\n"
        "  refused: insufficient   1"
    )
    assert LEDGER.totals.outstanding == 50


def test_a_ledger_in_a_notebook_escapes_names():
    shown = attrs.evolve(PROGRAM, name="<b>Blue</b>").run(BASE)._repr_html_()
    assert "&lt;b&gt;Blue&lt;/b&gt;" in shown
    assert "<b>" not in shown


def test_a_statement_reads_like_one():
    late = PROGRAM.run(BASE.as_of("2026-03-01"))
    statement = late.statement("7").frame
    assert statement.equals(late.statement(7).frame)
    day = dt.date(2026, 2, 20)
    assert statement.rows() == [
        (dt.datetime(2026, 1, 10, 10), "earn", 100, 100, "order 1: base", dt.date(2026, 2, 10)),
        (dt.datetime(2026, 1, 20, 10), "earn", 50, 150, "order 2: base", day),
        (dt.datetime(2026, 1, 21, 9), "redeem", -120, 30, "event 1", None),
        (dt.datetime(2026, 2, 21), "expire", -30, 0, "order 2", None),
    ]


@pytest.mark.parametrize("customer_id", [9, "nobody", 7.0, True], ids=repr)
def test_a_statement_of_nobody_is_an_error(customer_id):
    with pytest.raises(LedgerError, match="nobody has the id"):
        LEDGER.statement(customer_id)


def test_a_statement_of_a_text_id_is_asked_by_that_text():
    base = base_of(
        {"order_id": [1], "customer_id": ["007"], "ordered_at": ["2026-01-10"], "total": [5]}
    )
    ledger = PROGRAM.run(base)
    assert ledger.statement("007").frame.height == 1
    with pytest.raises(LedgerError, match="nobody has the id"):
        ledger.statement(7)


def test_lots_say_what_became_of_their_points():
    assert LEDGER.lots().select("lot_id", "points", "redeemed", "expired", "remaining").rows() == [
        ("order:1", 100, 100, 0, 0),
        ("order:2", 50, 20, 0, 30),
        ("order:3", 30, 10, 0, 20),
    ]


def test_balances_say_what_expires_next():
    seen = LEDGER.balances("2026-01-20")
    ends = dt.datetime(2026, 2, 10, 23, tzinfo=dt.UTC)
    assert seen.filter(customer_id=7).select(
        "available", "next_expiry_at", "next_expiry_points"
    ).row(0) == (150, ends, 100)


def test_a_ledger_knows_nothing_after_its_as_of():
    with pytest.raises(LedgerError, match="lies after"):
        LEDGER.balances("2026-02-13")
    with pytest.raises(LedgerError, match="lies after"):
        LEDGER.lots(dt.datetime(2027, 1, 1, tzinfo=dt.UTC))


def test_a_ledger_without_entries_has_balances_and_refusals():
    slim = PROGRAM.run(BASE, entries=False)
    assert slim.balances().equals(LEDGER.balances())
    assert slim.refusals.equals(LEDGER.refusals)
    assert slim.totals == LEDGER.totals
    for look in ("entries", "allocations", "frame"):
        with pytest.raises(LedgerError, match="made without"):
            getattr(slim, look)
    for ask in (
        slim.lots,
        slim.check,
        lambda: slim.balances("2026-01-20"),
        lambda: slim.statement(7),
    ):
        with pytest.raises(LedgerError, match="made without"):
            ask()


def test_equal_runs_give_equal_ledgers():
    assert PROGRAM.run(BASE) == LEDGER
    assert PROGRAM.run(BASE, entries=False) != LEDGER
    assert attrs.evolve(PROGRAM, version=2).run(BASE) != LEDGER
    assert LEDGER != "a ledger"
    with pytest.raises(TypeError, match="unhashable"):
        hash(LEDGER)


def test_entry_ids_tell_apart_what_is_different():
    base = base_of(
        {
            "order_id": ["a|b", "a"],
            "customer_id": [1, 1],
            "ordered_at": ["2026-01-10"] * 2,
            "total": [5, 5],
        }
    )
    ids = attrs.evolve(PROGRAM, name="100%|").run(base).entries["entry_id"].to_list()
    assert ids == ["100%25%7C|earn|order:a", "100%25%7C|earn|order:a%7Cb"]


def test_orders_and_events_may_have_ids_of_different_kinds():
    base = base_of(
        {
            "order_id": [2, 10],
            "customer_id": [1, 1],
            "ordered_at": ["2026-01-10"] * 2,
            "total": [5, 5],
        },
        {
            "event_id": ["b"],
            "customer_id": [1],
            "at": ["2026-01-11"],
            "kind": ["redeem"],
            "points": [50],
        },
    )
    ledger = PROGRAM.run(base)
    assert ledger.entries["source"].to_list() == ["2", "10"]
    assert ledger.refusals["event_id"].to_list() == ["b"]


LINES = table(OrderLine, tz=TZ).require(
    pl.DataFrame(
        {
            "order_id": [1, 1, 2, 3],
            "line": [1, 2, 1, 1],
            "customer_id": [7, 7, 7, 8],
            "ordered_at": ["2026-01-10", "2026-01-10", "2026-01-20", "2026-01-20"],
            "category": ["coffee", "cake", "coffee", "cake"],
            "total": [60, 40, 50, 30],
        }
    )
)
COFFEE = Program("Blue", earning=Earn.per("coffee", 2, per="1.00", lines="category = 'coffee'"))


def test_a_rule_on_lines_counts_the_lines_that_match():
    base = CustomerBase(orders=BASE.orders, lines=LINES, tz=TZ)
    entries = COFFEE.run(base).entries
    assert entries.select("source", "points").rows() == [("1", 120), ("2", 100)]


@pytest.mark.parametrize(("paid", "points"), [(0, 120), (30, 120), (40, 120), (50, 100), (100, 0)])
def test_points_pay_for_other_lines_first(paid, points):
    orders = BASE.orders.filter(order_id=1).with_columns(
        paid_with_points=pl.Series([paid]).cast(pl.Decimal(18, 2))
    )
    entries = COFFEE.run(CustomerBase(orders=orders, lines=LINES, tz=TZ)).entries
    assert entries["points"].to_list() == [points]


def test_lines_that_add_up_beyond_int64_name_their_order():
    lines = table(OrderLine, tz=TZ).require(
        pl.DataFrame(
            {
                "order_id": [1] * 10,
                "line": range(10),
                "customer_id": [7] * 10,
                "ordered_at": ["2026-01-10"] * 10,
                "category": ["coffee"] * 10,
                "total": [Decimal("9999999999999999.99")] * 10,
            }
        )
    )
    with pytest.raises(LedgerError, match="lines of order 1 add up"):
        COFFEE.run(CustomerBase(orders=BASE.orders, lines=lines, tz=TZ))


def test_many_rules_are_named_as_they_took_part():
    names = [f"r{number}" for number in range(20)]
    rules = [Earn.flat(name, 1, when=f"order_id <> {number}") for number, name in enumerate(names)]
    entries = Program("Blue", earning=rules).run(BASE).entries.filter(kind="earn")
    for source, rule in entries.select("source", "rule").rows():
        assert rule == "+".join(name for name in names if name != f"r{source}")


def corrupted(ledger, *, closing=None, refusals=None, **posted):
    """The ledger with other frames than came of its run."""
    frames = attrs.evolve(ledger._frames)
    changed = {
        "posted": attrs.evolve(ledger._frames.posted, **posted),
        "closing": ledger.balances() if closing is None else closing,
        "refusals": ledger.refusals if refusals is None else refusals,
    }
    for name, frame in changed.items():
        object.__setattr__(frames, name, frame)
    return attrs.evolve(ledger, frames=frames)


# Each corrupts a ledger in one way; the auditor must find it under that law.
def entries(change):
    return lambda: corrupted(LEDGER, entries=change(LEDGER.entries))


def allocations(change):
    return lambda: corrupted(LEDGER, allocations=change(LEDGER.allocations))


def closing(change):
    return lambda: corrupted(LEDGER, closing=change(LEDGER.balances()))


def bumped(column, where, by=1):
    return lambda frame: frame.with_columns(
        pl.when(where).then(pl.col(column) + by).otherwise(pl.col(column)).alias(column)
    )


FIRST = pl.int_range(pl.len()) == 0
HOUR = dt.timedelta(hours=1)
EARN, REDEEM = pl.col("kind") == "earn", pl.col("kind") == "redeem"
LATE = PROGRAM.run(BASE.as_of("2026-03-01"))
CORRUPTIONS = {
    "the entry id stands twice": entries(lambda frame: pl.concat([frame, frame.head(1)])),
    "the lot is made twice": entries(
        lambda frame: pl.concat([frame, frame.head(1).with_columns(entry_id=pl.lit("new"))])
    ),
    "the entry stands after a later one": entries(lambda frame: frame.reverse()),
    "balance_after is not the running sum": entries(bumped("balance_after", FIRST)),
    "earn has the wrong sign": entries(bumped("points", FIRST, -1000)),
    "redeem has the wrong sign": entries(bumped("points", REDEEM, 1000)),
    "the kind is unknown": entries(
        lambda frame: frame.with_columns(kind=pl.when(FIRST).then(pl.lit("gift")).otherwise("kind"))
    ),
    "the entry lies after the as_of": entries(bumped("at", FIRST, dt.timedelta(days=900))),
    "what its lots did not give is not its debt": allocations(bumped("points", FIRST, -1)),
    "it is allocated points and does not spend": allocations(
        lambda frame: frame.with_columns(entry_id=pl.lit("nobody"))
    ),
    "it is paid by a lot that the member has not": allocations(
        lambda frame: frame.with_columns(lot_id=pl.lit("order:99"))
    ),
    "it is allocated no points": allocations(
        lambda frame: frame.with_columns(points=pl.lit(0, pl.Int64))
    ),
    "its lots gave more than it took, or less than nothing": allocations(
        bumped("points", FIRST, -1000)
    ),
    "the allocation precedes its entry": allocations(bumped("at", FIRST, -HOUR)),
    "it is paid by a lot that is not available yet": allocations(bumped("at", FIRST, -2000 * HOUR)),
    "it is paid by a lot that has expired": lambda: corrupted(
        LEDGER,
        entries=bumped("at", REDEEM, 2000 * HOUR)(LEDGER.entries),
        allocations=LEDGER.allocations.with_columns(pl.col("at") + 2000 * HOUR),
    ),
    "the lot gave more than it had": allocations(bumped("points", FIRST, 1000)),
    "the lot is past its end and has points left": lambda: corrupted(
        LATE, entries=LATE.entries.filter(pl.col("kind") != "expire")
    ),
    "the lot is available before it is earned": entries(bumped("available_at", FIRST, -HOUR)),
    "it ends a lot that the member does not have": lambda: corrupted(
        LATE,
        entries=LATE.entries.with_columns(
            lot_id=pl.when(kind="expire").then(pl.lit("order:99")).otherwise("lot_id")
        ),
    ),
    "it is not dated at the end of its lot": lambda: corrupted(
        LATE, entries=bumped("at", pl.col("kind") == "expire", -HOUR)(LATE.entries)
    ),
    "what came is not what is held and what went": closing(bumped("earned", FIRST)),
    "there is debt beside available points": closing(bumped("debt", FIRST)),
    "a balance is below zero": closing(bumped("available", FIRST, -1000)),
    "there are entries and no balance": closing(lambda frame: frame.head(1)),
    "the entries do not add up to what is held": closing(bumped("available", FIRST)),
    "a total is not what the entries say": closing(bumped("redeemed", FIRST)),
    "the lots that can be spent are not what is available": closing(bumped("available", FIRST)),
    "the next expiry is not that of the lots": closing(bumped("next_expiry_points", FIRST)),
    "it is refused and posted": lambda: corrupted(
        LEDGER, refusals=LEDGER.refusals.with_columns(event_id=pl.lit(1, pl.Int64))
    ),
}


@pytest.mark.parametrize("finding", CORRUPTIONS)
def test_the_auditor_finds(finding):
    assert LEDGER.check().is_empty()
    assert LATE.check().is_empty()
    found = CORRUPTIONS[finding]().check()
    assert finding in found["finding"].to_list()


def test_the_minimum_and_the_spending_order_are_the_programs():
    rows = {"order_id": [1, 2], "customer_id": [7, 7], "ordered_at": ["2026-01-10", "2026-01-11"]}
    asks = {
        "event_id": [1],
        "customer_id": [7],
        "at": ["2026-01-12"],
        "kind": ["redeem"],
        "points": [5],
    }
    base = base_of({**rows, "total": [10, 10]}, asks)
    strict = Program("Blue", earning=PROGRAM.earning, redemption=Redemption(minimum=6))
    assert strict.run(base).refusals["reason"].to_list() == ["below minimum"]
    oldest = Program("Blue", earning=PROGRAM.earning, redemption=Redemption(order="oldest_first"))
    assert oldest.run(base).allocations["lot_id"].to_list() == ["order:1"]


def test_a_lot_brought_back_after_its_members_clock_ran_out_lives_as_long_as_it_is_given():
    orders = {
        "order_id": [1, 2],
        "customer_id": [7, 8],
        "ordered_at": ["2024-01-01T10:00", "2024-01-30T10:00"],
        "total": [10, 10],
    }
    events = {
        "event_id": [1, 2],
        "customer_id": [7, 7],
        "at": ["2024-01-02T10:00", "2024-01-30T10:00"],
        "kind": ["redeem", "cancel"],
        "points": [5, None],
        "refers_to": [None, 1],
    }
    ledger = Program(
        "Blue",
        earning=Earn.per("base", 1, per="1.00"),
        expiry=Expiry.idle(days=3),
        refunds=Refunds(restored=2),
    ).run(base_of(orders, events))
    assert ledger.check().is_empty()
    lot = ledger.lots().row(0, named=True)
    assert (lot["remaining"], lot["expired"]) == (5, 5)
    assert lot["expires_at"] == dt.datetime(2024, 2, 1, 23, tzinfo=dt.UTC)
    assert ledger.balances()["next_expiry_at"][0] == lot["expires_at"]
