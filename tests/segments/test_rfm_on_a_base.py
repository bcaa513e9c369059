"""RFM from logs: what a base measures, whatever order its rows are in."""

from __future__ import annotations

import datetime as dt

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from naive import segments as naive

DAY = dt.date(2026, 6, 30)
orders = st.lists(
    st.tuples(
        st.integers(1, 6),
        st.integers(0, 400),
        st.integers(-2_000, 5_000) | st.sampled_from([0, 1_999]),
    ),
    min_size=1,
    max_size=25,
)
strangers = st.sets(st.integers(1, 9), max_size=4)


def base_of(rows, joined=(), *, text=False, places=None):
    """A base of (customer, days ago, cents), its rows in any order."""
    noon = dt.datetime(2026, 6, 30, 12, tzinfo=dt.UTC)
    frame = cu.table(cu.Order).cast(
        pl.DataFrame(
            {
                "order_id": range(len(rows)),
                "customer_id": [f"{who:03}" if text else who for who, _, _ in rows],
                "ordered_at": [noon - dt.timedelta(days=ago) for _, ago, _ in rows],
                "total": [cents / 100 for _, _, cents in rows],
            }
        )
    )
    frame = frame if places is None else frame[places]
    known = [f"{who:03}" if text else who for who in joined]
    dtype = frame.schema["customer_id"]
    customers = cu.table(cu.Customer).cast(
        pl.DataFrame({"customer_id": pl.Series(known, dtype=dtype)})
    )
    return cu.CustomerBase(orders=frame, customers=customers).as_of(DAY)


def folded(rows, joined):
    """Days since the last order, orders and cents of each customer, in order of id."""
    found = []
    for who in sorted({each for each, _, _ in rows} | set(joined)):
        mine = [(ago, cents) for each, ago, cents in rows if each == who]
        days = [ago for ago, cents in mine if cents >= 0]
        cents = sum(cents for _, cents in mine)
        found.append((min(days) if days else None, len(days), cents))
    return found


@given(orders, strangers)
def test_scores_follow_from_the_logs(rows, joined):
    expected = naive.rfm(folded(rows, joined), 5)
    found = cu.RFM().segment(base_of(rows, joined)).frame
    assert found.select("r", "f", "m").rows() == [scores or (None,) * 3 for scores in expected]


@given(orders, strangers, st.booleans(), st.randoms(use_true_random=False))
def test_shuffled_orders_give_an_identical_frame(rows, joined, text, chance):
    places = list(range(len(rows)))
    chance.shuffle(places)
    straight = base_of(rows, joined, text=text)
    shuffled = base_of(rows, joined, text=text, places=places)
    assert cu.RFM().fit(straight) == cu.RFM().fit(shuffled)
    assert cu.RFM().segment(straight).frame.equals(cu.RFM().segment(shuffled).frame)
    assert cu.RFM().segment(straight).sizes().equals(cu.RFM().segment(shuffled).sizes())


@given(orders, strangers, st.integers(0, 400))
def test_customers_flow_and_nobody_is_lost(rows, joined, ago):
    base = base_of(rows, joined)
    scheme = cu.RFM().fit(base)
    now, before = scheme.assign(base), scheme.assign(base.as_of(DAY - dt.timedelta(days=ago)))
    flow = before.flow_to(now)
    assert flow.frame["customers"].sum() == base.customer_ids.len()
    assert now.flow_to(now).entered == dict.fromkeys(now.segments, 0)
    assert flow.stability_index is None or flow.stability_index >= 0


@given(orders)
def test_who_did_not_buy_in_the_window_is_inactive_and_has_all_their_spend(rows):
    found = cu.RFM(window=cu.Window(days=90)).segment(base_of(rows))
    asleep = {who for who, _, cents in rows if cents >= 0} - {
        who for who, ago, cents in rows if ago < 90 and cents >= 0
    }
    assert set(found.members("inactive")["customer_id"]) == asleep
    assert round(found.sizes()["spend"].sum() * 100) == sum(cents for _, _, cents in rows)


def test_before_the_first_order_everyone_is_a_prospect():
    base = base_of([(1, 3, 500)], joined=[1, 2]).as_of(DAY - dt.timedelta(days=9))
    found = cu.RFM().segment(base)
    assert found.members("prospect").height == found.frame.height == 2
    windowed = cu.RFM(window="90d", nested=True).segment(base)
    assert windowed.frame["segment"].to_list() == ["prospect"] * 2
    assert windowed.segments[-2:] == ("inactive", "prospect")


def test_a_customer_with_returns_only_is_a_prospect():
    found = cu.RFM().segment(base_of([(1, 3, 500), (2, 2, -500)]))
    assert found.frame["segment"].to_list()[1] == "prospect"
    assert found.sizes().row(-1)[3] == -5.0
