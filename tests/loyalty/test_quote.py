"""A quote is what a run with the order would post: no second reading of the program."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

import custseg as cu
from custseg.errors import LedgerError

SHOP = cu.datasets.simulate(60, 400, seed=4).base()
ORDERS = cu.table(cu.Order, currency=SHOP.currency, tz=SHOP.tz)
MEMBERS = SHOP.orders["customer_id"].unique().sort().to_list()
LADDER = cu.Ladder(
    {"member": 0, "silver": 100, "gold": 300},
    by="points",
    window=cu.Window(months=6),
    review="month",
    boost={"gold": "1.5"},
)
PROGRAM = cu.Program(
    "Blue",
    earning=(
        cu.Earn.per("base", 1, per="1.00"),
        cu.Earn.flat("big", 25, when="total >= 50", cap=cu.Cap(40, per="month")),
        cu.Earn.flat("golden", 5, tiers=("gold",)),
        cu.Boost("late", 2, when="total < 20"),
    ),
    cap=cu.Cap(120, per="month"),
    tiers=LADDER,
    pending_days=3,
    expiry=cu.Expiry.after(months=6),
)
LEDGER = PROGRAM.run(SHOP)


def order(customer, *, later=dt.timedelta(0), total="33.30", order_id=10**12):
    return cu.Order(
        order_id=order_id, customer_id=customer, ordered_at=SHOP.instant + later, total=total
    )


@pytest.mark.parametrize("later", [dt.timedelta(0), dt.timedelta(hours=5), dt.timedelta(days=70)])
@pytest.mark.parametrize("total", ["12.00", "33.30", "90.00", "400.00"])
def test_a_quote_is_what_the_run_then_posts(later, total):
    for customer in MEMBERS[::7]:
        asked = order(customer, later=later, total=total)
        told = PROGRAM.quote(asked, LEDGER)
        grown = SHOP.append(orders=ORDERS.frame([asked])).as_of(asked.ordered_at)
        ledger = PROGRAM.run(grown)
        entry = ledger.entries.filter(pl.col("source") == str(asked.order_id)).row(0, named=True)
        for name in ("points", "desired", "rule", "cap"):
            assert getattr(told, name) == entry[name], name
        tiers = ledger.tiers(asked.ordered_at).frame
        assert told.tier_after == tiers.filter(customer_id=customer)["segment"].item()


def test_an_order_of_nobody_known_is_quoted_from_the_first_tier():
    strangers = cu.CustomerBase(orders=SHOP.orders, currency=SHOP.currency, tz=SHOP.tz)
    told = PROGRAM.quote(order(-5), PROGRAM.run(strangers))
    assert (told.points, told.tier_before) == (33, "member")
    # Where it is told who there is, nobody else earns.
    assert PROGRAM.quote(order(-5), LEDGER).points == 0


def test_values_that_have_to_be_read_are_quoted_alike():
    plain = order(MEMBERS[0], later=dt.timedelta(days=1))
    text = cu.Order(
        order_id=str(plain.order_id),
        customer_id=str(MEMBERS[0]),
        ordered_at=plain.ordered_at.isoformat(),
        total=33.3,
    )
    read = ORDERS.frame([text])
    assert (
        ORDERS.frame([plain])
        .drop("order_id", "customer_id")
        .equals(read.drop("order_id", "customer_id"))
    )


def test_a_quote_wants_entries_and_no_past():
    with pytest.raises(LedgerError, match="made without entries"):
        PROGRAM.quote(order(1), PROGRAM.run(SHOP, entries=False))
    with pytest.raises(LedgerError, match="lies before"):
        PROGRAM.quote(order(1, later=-dt.timedelta(days=1)), LEDGER)


def test_a_program_is_planned_once_and_again_where_it_must_be():
    first = PROGRAM.run(SHOP)
    assert list(PROGRAM.plans) == [SHOP.scale]
    plan = PROGRAM.plans[SHOP.scale]
    kept = plan.calendar(SHOP.when.instant, SHOP.when.instant, SHOP.tz)
    assert plan.calendar(kept.low, kept.high, SHOP.tz) is kept
    wider = plan.calendar(kept.low - 10**15, kept.high, SHOP.tz)
    assert wider.low < kept.low
    assert PROGRAM.run(SHOP) == first
