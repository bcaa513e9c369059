from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

import custseg as cu
from custseg.base.customer_base import CustomerBase
from custseg.errors import LedgerError
from custseg.loyalty.earn import Earn
from custseg.loyalty.expiry import Expiry
from custseg.loyalty.program import Program
from custseg.loyalty.redemption import Redemption
from loyalty.programs_and_logs import JOINED, UTC, base_of


def order(number, at, total=10, customer=1, **more):
    held = {
        "id": number,
        "customer": customer,
        "at": at,
        "on": "order",
        "total": Decimal(str(total)),
    }
    return held | {"paid": None, "points": None, "channel": None} | more


def event(number, at, kind, points=None, customer=1, **more):
    held = {"id": number, "customer": customer, "at": at, "on": kind, "total": None}
    return held | {"points": points, "channel": None} | more


NOON = dt.datetime(2024, 5, 1, 12, tzinfo=UTC)
HOUR = dt.timedelta(hours=1)
PER_EURO = Earn.per("base", 1, per="1.00")


def test_the_same_id_with_other_content_is_an_error():
    base = base_of([order(1, NOON), order(2, NOON)])
    clashing = base.orders.with_columns(order_id=pl.lit(1, pl.Int64))
    clashing = clashing.with_columns(total=pl.Series([1, 2]).cast(pl.Decimal(18, 2)))
    with pytest.raises(LedgerError, match="order_id 1 stands for rows that differ"):
        Program("Blue", earning=PER_EURO).run(CustomerBase(orders=clashing))


def test_a_hundred_at_1_15_gives_115():
    program = Program("Blue", earning=Earn.per("base", "1.15", per="1.00"))
    assert program.run(base_of([order(1, NOON, 100)])).entries["points"].to_list() == [115]


def test_nine_of_ten_lots_of_one_are_nine():
    rows = [order(number, NOON, 1) for number in range(10)] + [event(1, NOON + HOUR, "redeem", 9)]
    ledger = Program("Blue", earning=PER_EURO).run(base_of(rows))
    assert ledger.balances().select("available", "redeemed").row(0) == (1, 9)
    assert ledger.allocations["points"].to_list() == [1] * 9


def test_what_was_paid_with_points_earns_nothing():
    rows = [order(1, NOON, 10, paid=Decimal(4)), order(2, NOON, 10, paid=Decimal(12))]
    ledger = Program("Blue", earning=PER_EURO).run(base_of(rows))
    assert ledger.entries["points"].to_list() == [6, 0]
    assert ledger.entries["lot_id"].to_list() == ["order:1", None]


def test_orders_of_nothing_and_returns_count_nowhere():
    rows = [order(1, NOON, 0), order(2, NOON, -5)]
    ledger = Program("Blue", earning=Earn.flat("visit", 5)).run(base_of(rows))
    assert ledger.entries.is_empty()
    assert ledger.balances().is_empty()


def test_points_can_be_spent_from_their_first_instant_to_just_before_their_end():
    program = Program("Blue", earning=PER_EURO, pending_days=1, expiry=Expiry.after(days=1))
    opens, ends = dt.datetime(2024, 5, 2, tzinfo=UTC), dt.datetime(2024, 5, 3, tzinfo=UTC)
    tick = dt.timedelta(microseconds=1)
    asked = [opens - tick, opens, ends - tick, ends]
    rows = [order(1, NOON)] + [event(n, at, "redeem", 1) for n, at in enumerate(asked)]
    ledger = program.run(base_of(rows))
    assert ledger.refusals.select("event_id", "reason").rows() == [
        (0, "insufficient"),
        (3, "insufficient"),
    ]
    assert ledger.entries.filter(kind="expire").select("at", "points").rows() == [(ends, -8)]


@pytest.mark.parametrize(
    ("tz", "earned", "ends"),
    [
        # 31 January + 1 month: usable through 29 February, whatever the zone.
        ("Europe/Paris", "2024-01-31T09:00Z", "2024-02-29T23:00Z"),
        ("America/New_York", "2024-01-31T23:30Z", "2024-03-01T05:00Z"),
        # Still 31 January in New York, already 1 February in Paris.
        ("America/New_York", "2024-02-01T04:59Z", "2024-03-01T05:00Z"),
        ("Europe/Paris", "2024-01-31T23:00Z", "2024-03-01T23:00Z"),
        # Around the nights on which Paris moves its clocks.
        ("Europe/Paris", "2024-02-29T12:00Z", "2024-03-29T23:00Z"),
        ("Europe/Paris", "2024-02-28T12:00Z", "2024-03-28T23:00Z"),
        ("Europe/Paris", "2024-09-27T12:00Z", "2024-10-27T23:00Z"),
        # New York: 10 March and 3 November 2024.
        ("America/New_York", "2024-02-10T12:00Z", "2024-03-11T04:00Z"),
        ("America/New_York", "2024-10-03T12:00Z", "2024-11-04T05:00Z"),
    ],
    ids=str,
)
def test_points_of_a_month_end_with_a_local_day(tz, earned, ends):
    program = Program("Blue", earning=PER_EURO, expiry=Expiry.after(months=1))
    at = dt.datetime.fromisoformat(earned)
    base = base_of([order(1, at)], tz).as_of(dt.datetime(2025, 1, 1, tzinfo=UTC))
    assert program.run(base).lots()["expires_at"].item() == dt.datetime.fromisoformat(ends)


@pytest.mark.parametrize(
    ("tz", "earned", "opens"),
    [
        ("Europe/Paris", "2024-03-30T23:30Z", "2024-03-31T22:00Z"),  # a day of 23 hours
        ("Europe/Paris", "2024-10-26T22:30Z", "2024-10-27T23:00Z"),  # a day of 25 hours
        ("America/New_York", "2024-03-10T05:30Z", "2024-03-11T04:00Z"),
        ("America/New_York", "2024-11-03T04:30Z", "2024-11-04T05:00Z"),
    ],
    ids=str,
)
def test_pending_days_are_local_days(tz, earned, opens):
    program = Program("Blue", earning=PER_EURO, pending_days=1)
    base = base_of([order(1, dt.datetime.fromisoformat(earned))], tz)
    lots = program.run(base.as_of(dt.datetime(2025, 1, 1, tzinfo=UTC))).lots()
    assert lots["available_at"].item() == dt.datetime.fromisoformat(opens)


def test_lots_that_end_together_lapse_in_the_order_of_their_ids():
    rows = [order(10, NOON), order(9, NOON + HOUR), event(1, NOON, "review")]
    program = Program(
        "Blue", earning=(PER_EURO, Earn.flat("review", 5, on="review")), expiry=Expiry.after(days=1)
    )
    lapsed = program.run(base_of(rows)).entries.filter(kind="expire")
    assert lapsed["lot_id"].to_list() == ["order:9", "order:10", "event:1"]


def test_a_stranger_is_refused_when_it_is_known_who_there_is():
    rows = [
        order(1, NOON, customer=9),
        event(1, NOON, "redeem", 5, customer=9),
        event(2, NOON, "browse", customer=9),
    ]
    program = Program("Blue", earning=PER_EURO)
    ledger = program.run(base_of(rows))
    assert ledger.refusals.select("event_id", "reason").rows() == [(1, "unknown customer")] * 2
    assert ledger.entries.is_empty()
    assert ledger.balances().is_empty()
    base = base_of(rows)
    unlisted = CustomerBase(orders=base.orders, events=base.events)
    assert program.run(unlisted).balances()["available"].to_list() == [5]


def test_a_member_earns_from_the_very_instant_of_joining():
    joined = JOINED[2]
    before = order(1, joined - dt.timedelta(microseconds=1), customer=2)
    program = Program("Blue", earning=PER_EURO)
    ledger = program.run(base_of([before, order(2, joined, customer=2)]))
    assert ledger.entries["source"].to_list() == ["2"]
    assert ledger.balances(before["at"]).is_empty()
    assert ledger.balances(joined)["customer_id"].to_list() == [2]


def test_refusals_give_the_first_reason_that_holds():
    rows = [order(1, NOON, 50)]
    rows += [
        event(n, NOON + HOUR, "redeem", points) for n, points in enumerate([None, 0, 9, 60, 20])
    ]
    program = Program("Blue", earning=PER_EURO, redemption=Redemption(minimum=10))
    ledger = program.run(base_of(rows))
    assert ledger.refusals["reason"].to_list() == [
        "not positive",
        "not positive",
        "below minimum",
        "insufficient",
    ]
    assert ledger.balances()["redeemed"].to_list() == [20]


def test_events_that_mean_nothing_are_refused_with_a_reason_and_nothing_else_is_lost():
    rows = [event(1, NOON, "refund"), event(2, NOON, "cancel"), event(3, NOON, "close")]
    ledger = Program("Blue").run(base_of(rows))
    assert ledger.refusals["reason"].to_list() == ["amount not positive", "unknown redemption"]
    base = base_of([event(1, NOON, "redeem", 5)])
    asked = CustomerBase(events=base.events.with_columns(reward=pl.lit("mug")))
    assert Program("Blue").run(asked).refusals["reason"].to_list() == ["unknown reward"]


def test_a_program_for_another_currency_zone_or_shop_says_so_all_at_once():
    program = Program(
        "Blue",
        currency="USD",
        tz="Asia/Tokyo",
        earning=(
            Earn.flat("a", 1, when="chanel = 'app'"),
            Earn.per("b", 1, per=1, lines="category = 'coffee'"),
        ),
    )
    with pytest.raises(LedgerError) as raised:
        program.run(base_of([order(1, NOON)]))
    told = str(raised.value)
    assert "4 things are wrong" in told
    for part in ("'USD'", "'Asia/Tokyo'", "did you mean 'channel'?", "counts order lines"):
        assert part in told


def test_points_beyond_int64_name_the_customer_and_the_order():
    most = 10**15
    program = Program("Blue", earning=Earn.per("base", 9000, per="1.00"))
    ledger = program.run(base_of([order(1, NOON, most)]))
    assert ledger.entries["points"].to_list() == [9000 * most]
    with pytest.raises(LedgerError, match="customer 1 leave int64 at order 2"):
        program.run(base_of([order(1, NOON, most), order(2, NOON, most)]))
    with pytest.raises(LedgerError, match="customer 1 leave int64 at order 1"):
        Program("Blue", earning=Earn.per("base", 9300, per="1.00")).run(
            base_of([order(1, NOON, most)])
        )


def test_a_program_without_rules_only_refuses():
    ledger = Program("Blue").run(base_of([order(1, NOON), event(1, NOON, "redeem", 5)]))
    assert ledger.entries.is_empty()
    assert ledger.refusals["reason"].to_list() == ["insufficient"]
    assert ledger.balances()["earned"].to_list() == [0]


def test_an_empty_base_has_an_empty_ledger():
    ledger = Program("Blue", earning=PER_EURO, expiry=Expiry.after(months=1)).run(base_of([]))
    assert ledger.entries.is_empty()
    assert ledger.totals.members == 0
    assert ledger.check().is_empty()


def test_an_order_that_pays_another_hides_no_redemption_of_its_number():
    at = [dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in range(1, 6)]
    orders = pl.DataFrame(
        {"order_id": [1, 5], "customer_id": [7, 8], "ordered_at": [at[0], at[1]], "total": [50, 9]}
    )
    events = pl.DataFrame(
        {
            "event_id": [5, 6],
            "customer_id": [7, 7],
            "at": [at[2], at[3]],
            "kind": ["redeem", "cancel"],
            "points": [10, None],
            "refers_to": [None, 5],
        }
    )
    people = pl.DataFrame({"customer_id": [7, 8], "referred_by": [None, 7]})
    base = cu.CustomerBase(
        orders=cu.table(cu.Order).cast(orders),
        events=cu.table(cu.Event).cast(events),
        customers=cu.table(cu.Customer).cast(people),
    ).as_of("2026-01-31")
    program = cu.Program(
        "Blue",
        earning=(
            cu.Earn.per("base", 1, per="1.00"),
            cu.Earn.flat("friend", 1, also=cu.Also("referred_by", 25)),
        ),
    )
    ledger = program.run(base)
    assert ledger.refusals.is_empty()
    assert ledger.balances()["redeemed"].to_list() == [0, 0]


def test_no_lines_are_beside_orders_of_any_ids():
    rows = {"order_id": ["a"], "customer_id": [7], "ordered_at": ["2026-01-01"], "total": [10]}
    line = pl.DataFrame({"order_id": [1], "customer_id": [7], "ordered_at": ["2026-01-01"]})
    line = line.with_columns(line=1, total=10, category=pl.lit("tea"))
    base = cu.CustomerBase(
        orders=cu.table(cu.Order).cast(pl.DataFrame(rows)),
        lines=cu.table(cu.OrderLine).cast(line).clear(),
    ).as_of("2026-01-31")
    earning = cu.Earn.per("tea", 1, per="1.00", lines="category = 'tea'")
    assert cu.Program("Blue", earning=earning).run(base).entries.is_empty()


def test_a_condition_that_says_the_same_of_all_orders_says_it_of_each():
    settled = "CASE WHEN 0 = 0 THEN 0 IS NOT NULL ELSE 0 BETWEEN total AND 0 END"
    shop = cu.datasets.simulate(20, 60, seed=1).base()
    always, never = (
        cu.Program("x", earning=cu.Earn.flat("each", 5, when=when)).run(shop).totals.issued
        for when in (settled, settled.replace("NOT ", ""))
    )
    assert always == cu.Program("x", earning=cu.Earn.flat("each", 5)).run(shop).totals.issued > 0
    assert never == 0
