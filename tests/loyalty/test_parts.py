"""A ledger made in parts, some members each, is the ledger made at once."""

from __future__ import annotations

import polars as pl
import pytest

import custseg as cu
from custseg.loyalty import settlement

SHOP = cu.datasets.simulate(80, 200, seed=3).base()
STARS = cu.Program(
    "Stars",
    earning=(
        cu.Earn.per("base", 2, per="1.00"),
        cu.Earn.flat("app", 10, when="channel = 'app'", cap=cu.Cap(25, per="month")),
        cu.Earn.flat("referral", 150, on="referral", also=cu.Also("referred_by", 150)),
    ),
    tiers=cu.Ladder({"green": 0, "gold": 200}, review="month", window=cu.Window(months=2)),
    care=cu.Holiday("may", month=5, day=1, points=9),
    pending_days=1,
    expiry=cu.Expiry.after(months=2),
)


@pytest.fixture(scope="module")
def whole():
    return STARS.run(SHOP)


@pytest.fixture
def parted(monkeypatch):
    monkeypatch.setattr(settlement, "_WORTH_A_PART", 60)
    made = STARS.run(SHOP)
    assert len(made._runs) > 3
    return made


def test_parts_come_to_the_whole(whole, parted):
    assert parted == whole
    assert parted.tier_history().equals(whole.tier_history())
    assert parted.balances("2024-03-31").equals(whole.balances("2024-03-31"))
    assert parted.progress().equals(whole.progress())


def test_entries_of_all_parts_are_explained_and_orders_quoted(whole, parted):
    for entry in whole.entries["entry_id"].gather_every(97):
        assert parted.explain(entry) == whole.explain(entry)
    for customer in whole.balances()["customer_id"].gather_every(29):
        order = cu.Order(
            order_id=10**9, customer_id=customer, ordered_at=SHOP.instant, total=12, channel="app"
        )
        assert STARS.quote(order, parted) == STARS.quote(order, whole)


def test_who_is_in_which_tier_is_a_segmentation_that_says_why(whole):
    tiers = whole.tiers("2024-03-31")
    frame = tiers.frame.with_columns(pl.col("segment").cast(pl.String))
    held = dict(frame.select("segment", "customer_id").rows())
    assert "held the tier 'gold'" in tiers.why(held["gold"])
    assert "no order or event yet" in tiers.why(held["none"])
    assert tiers.reasons.reads == ("orders", "spend")
    assert tiers.reasons.label(frame) is frame


def test_points_for_others_have_ids_of_text_where_events_have(whole):
    text = SHOP.events.with_columns(pl.col("event_id").cast(pl.String))
    base = cu.CustomerBase(orders=SHOP.orders, events=text, customers=SHOP.customers, tz=SHOP.tz)
    ledger = STARS.run(base.as_of(SHOP.instant))
    # Only the places of ids differ, and thereby the order of what happens at one instant.
    assert ledger.balances().equals(whole.balances())
    others = ledger.entries.filter(pl.col("source").str.ends_with("|also"))
    assert others.height > 0
    assert sum(step.points for step in ledger.explain(others["entry_id"][0]).steps) == 150


def test_care_of_nobody_is_none():
    early = STARS.run(SHOP.as_of("2020-01-01"))
    assert early.entries.height == 0
    assert early.balances().height == 0
    assert early.progress().height == 0
