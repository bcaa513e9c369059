"""A quote is what the order would earn if it came: the same logs with it say so."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from loyalty import worlds
from loyalty.bridge import base_of, program_of

LAST = 10**6


def order_of(customer, at, total, channel, *, text):
    return {
        "id": str(LAST) if text else LAST,
        "customer": customer,
        "at": at,
        "total": total,
        "channel": channel,
    }


@given(
    worlds.worlds() | worlds.versions(),
    st.sampled_from(worlds.CUSTOMERS),
    st.sampled_from(["10.00", "0.50", "3.00"]),
    st.sampled_from([None, "app"]),
    st.integers(0, 40),
)
def test_a_quote_is_what_the_order_then_earns(world, customer, total, channel, days):
    program, logs = world
    at = worlds.GRID[-1] + dt.timedelta(days=days)
    text = any(isinstance(order["id"], str) for order in logs["orders"])
    plain = order_of(customer, at, total, channel, text=text)
    base = base_of(logs, program["tz"], worlds.GRID[-1])
    # A rule on lines sees those of the logs, and the order has none there.
    order = cu.Order(
        order_id=plain["id"],
        customer_id=customer,
        ordered_at=at,
        total=Decimal(total),
        channel=channel,
    )
    quote = program_of(program).quote(order, program_of(program).run(base))
    more = {**logs, "orders": [*logs["orders"], plain]}
    ledger = program_of(program).run(base_of(more, program["tz"], at))
    entry = ledger.entries.filter(source=str(plain["id"]), kind="earn").rows(named=True)
    if not entry:
        assert (quote.points, quote.desired, quote.rule, quote.cap) == (0, 0, None, None)
    else:
        found = {name: entry[0][name] for name in ("points", "desired", "rule", "cap")}
        assert found == {name: getattr(quote, name) for name in found}
    if program["tiers"]:
        held = ledger.balances().filter(customer_id=customer)["tier"].to_list()
        assert (held or [None]) == [quote.tier_after]


def test_an_order_of_the_past_is_not_quoted_nor_one_without_entries():
    shop = cu.datasets.simulate(20, 60, seed=1).base()
    blue = cu.Program("Blue", earning=cu.Earn.flat("a", 1))
    late = cu.Order(order_id=LAST, customer_id=1, ordered_at=shop.instant, total=5)
    early = cu.Order(order_id=LAST, customer_id=1, ordered_at="2020-01-01", total=5)
    with pytest.raises(cu.LedgerError, match="lies before the ledger's as_of"):
        blue.quote(early, blue.run(shop))
    with pytest.raises(cu.LedgerError, match="made without entries"):
        blue.quote(late, blue.run(shop, entries=False))


def test_lines_count_in_a_quote_as_in_the_run():
    orders = [{"order_id": 1, "customer_id": 7, "ordered_at": "2026-01-01", "total": 100}]
    lines = [{**orders[0], "line": 1, "total": 10, "category": "coffee"}]
    base = cu.CustomerBase(
        orders=cu.table(cu.Order).cast(pl.DataFrame(orders)),
        lines=cu.table(cu.OrderLine).cast(pl.DataFrame(lines)),
    ).as_of("2026-01-31")
    coffee = cu.Earn.per("coffee", 1, per="1.00", lines="category = 'coffee'")
    ladder = cu.Ladder({"member": 0, "gold": 50})
    program = cu.Program("Blue", earning=coffee, tiers=ladder)
    order = cu.Order(order_id=2, customer_id=7, ordered_at="2026-02-02", total=60)
    told = program.quote(order, program.run(base))
    # Of the first order 10 were coffee; of the second nothing is known to be.
    assert (told.points, told.tier_before, told.tier_after) == (0, "member", "member")


def test_the_version_in_force_at_the_orders_instant_quotes_it():
    shop = cu.datasets.simulate(20, 60, seed=1).base()
    old, new = (
        cu.Program("Blue", version=rate, earning=cu.Earn.per(f"times_{rate}", rate, per="1.00"))
        for rate in (1, 2)
    )
    blue = cu.Programs([("2020-01-01", old), ("2030-03-31", new)])
    ledger = blue.run(shop)
    told = {}
    for day in ("2030-03-30", "2030-03-31"):
        order = cu.Order(order_id=LAST, customer_id=1, ordered_at=day, total=12)
        quote = blue.quote(order, ledger)
        told[day] = quote.points, quote.rule
    assert told == {"2030-03-30": (12, "times_1"), "2030-03-31": (24, "times_2")}
    early = cu.Order(order_id=LAST, customer_id=1, ordered_at="2020-01-01", total=5)
    with pytest.raises(cu.LedgerError, match="lies before the ledger's as_of"):
        blue.quote(early, ledger)


def test_an_order_of_nothing_changes_nothing_and_one_that_came_is_refused():
    shop = cu.datasets.simulate(20, 60, seed=1).base()
    often = cu.Program(
        "Blue", earning=cu.Earn.flat("a", 5), tiers=cu.Ladder({"one": 0, "two": 2}, by="orders")
    )
    ledger, member = often.run(shop), shop.orders["customer_id"][0]
    free = cu.Order(order_id=LAST, customer_id=member, ordered_at=shop.instant, total=0)
    held = ledger.balances().filter(customer_id=member)["tier"].item()
    assert often.quote(free, ledger) == cu.Quote(0, 0, None, None, held, held)
    came = cu.Order(
        order_id=shop.orders["order_id"][0], customer_id=member, ordered_at=shop.instant, total=9
    )
    with pytest.raises(cu.LedgerError, match="is in the ledger already"):
        often.quote(came, ledger)
    text = cu.Order(order_id=LAST, customer_id="ann", ordered_at=shop.instant, total=9)
    with pytest.raises(cu.LedgerError, match="'ann' is of another type than the ids"):
        often.quote(text, ledger)
