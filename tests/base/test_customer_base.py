from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from base.logs_of import at, base_of, everything, frame, instants, keyed
from naive import measures as naive

ASKED = ("orders", "spend", "recency_days", "events_browse_30d", "open_tickets", "top_category")
DAY = dt.date(2024, 5, 1)


def order(number, who, total=100, when=None):
    return {
        "order_id": number,
        "customer_id": who,
        "ordered_at": when or at(DAY, 12),
        "total": total,
    }


@given(everything, st.data())
def test_appending_is_loading_all(logs, draw):
    held, more = {}, {}
    for log, rows in logs.items():
        cut = draw.draw(st.integers(0, len(rows)))
        held[log] = rows[:cut]
        # Some known rows come again: exact copies count once.
        more[log] = rows[max(0, cut - 2) :]
    frames = {log: frame(log, rows) for log, rows in more.items() if rows}
    whole, grown = base_of(logs), base_of(held).append(**frames)
    assert grown.instant == whole.instant
    assert grown.measures(*ASKED).equals(whole.measures(*ASKED))
    for log in naive.INSTANTS:
        assert grown.log(log).equals(whole.log(log))


@given(everything, instants)
def test_where_is_filtering_the_logs_by_hand(logs, moment):
    base = base_of(logs).as_of(moment)
    kept = {who for who, orders in base.measures("orders").iter_rows() if orders >= 1}
    by_hand = {
        log: [row for row in rows if row["customer_id"] in kept] for log, rows in logs.items()
    }
    expected = base_of(by_hand).as_of(moment).measures(*ASKED)
    assert base.where("orders >= 1").measures(*ASKED).equals(expected)


@given(everything, st.floats(0, 1), st.integers(0, 9), st.randoms(use_true_random=False))
def test_a_sample_is_a_share_whatever_the_row_order(logs, share, seed, chance):
    base = base_of(logs)
    shuffled = base_of({log: chance.sample(rows, len(rows)) for log, rows in logs.items()})
    drawn = base.sample(share, seed=seed)
    assert drawn.customer_ids.len() == round(share * base.customer_ids.len())
    assert drawn.customer_ids.equals(shuffled.sample(share, seed=seed).customer_ids)
    everyone = base.measures(*ASKED)
    assert drawn.measures(*ASKED).equals(
        everyone.filter(pl.col("customer_id").is_in(drawn.customer_ids.implode()))
    )


@given(everything, st.dictionaries(st.integers(1, 3), st.integers(3, 9), max_size=3))
def test_merging_is_renaming_by_hand(logs, ids):
    ids = {old: new for old, new in ids.items() if new not in ids}
    renamed = {
        log: [
            {**row, "customer_id": ids.get(row["customer_id"], row["customer_id"])} for row in rows
        ]
        for log, rows in logs.items()
        if log != "customers"
    }
    merged = base_of({log: rows for log, rows in logs.items() if log != "customers"}).merged(ids)
    assert merged.measures(*ASKED).equals(base_of(renamed).measures(*ASKED))


def test_of_merged_customers_the_one_that_stays_keeps_its_row():
    known = pl.DataFrame(
        {"customer_id": [5, 2, 9, 1], "region": list("edac"), "referred_by": [2, 9, 5, None]}
    )
    base = base_of({"orders": []}).append(customers=known)
    found = base.merged({1: 9, 5: 8, 2: 8, 8: 8}).customers
    assert found["customer_id"].to_list() == [8, 9]
    assert found["region"].to_list() == ["d", "a"]
    assert found["referred_by"].to_list() == [9, 8]
    assert base.merged({}).customers.equals(base.customers)


def test_merges_follow_each_other():
    base = base_of({"orders": [order(1, 1), order(2, 2)]})
    assert base.merged({1: 2, 2: 3}).measures("orders").rows() == [(3, 2)]


def test_the_as_of_moves_both_ways():
    base = base_of({"orders": [order(1, 1), order(2, 2, when=at(DAY, 13))]})
    early = base.as_of(at(DAY, 12))
    assert (base.orders.height, early.orders.height) == (2, 1)
    assert early.as_of("2024-05-01").measures("orders").rows() == base.measures("orders").rows()
    assert base.as_of("2024-04-30").measures("orders").is_empty()
    assert base.as_of("2030-01-01").measures("recency_days")["recency_days"].to_list() == [
        2071,
        2071,
    ]


def test_the_default_as_of_is_the_latest_instant_that_any_row_tells():
    ticket = {
        "ticket_id": 1,
        "customer_id": 1,
        "opened_at": at(DAY, 1),
        "first_response_at": None,
        "resolved_at": at(DAY, 20),
    }
    base = base_of({"orders": [order(1, 1)], "tickets": [ticket]})
    assert base.instant == at(DAY, 20)
    assert base.measures("open_tickets")["open_tickets"].item() == 0
    assert base.as_of(at(DAY, 19)).tickets["resolved_at"].item() is None


def test_without_rows_the_latest_joining_is_the_as_of_and_without_any_it_is_1970():
    joined = [{"customer_id": 1, "joined_at": at(DAY, 1)}, {"customer_id": 2, "joined_at": None}]
    assert base_of({"orders": [], "customers": joined}).instant == at(DAY, 1)
    assert base_of({"orders": []}).instant == at(dt.date(1970, 1, 1), 0)


def test_whether_a_deal_was_won_is_hidden_until_it_closed():
    deal = {
        "opportunity_id": 1,
        "customer_id": 1,
        "opened_at": at(DAY, 1),
        "stage": "offer",
        "closed_at": at(DAY, 9),
        "won": True,
    }
    base = base_of({"opportunities": [deal]})
    assert base.opportunities["won"].item() is True
    assert base.as_of(at(DAY, 8)).opportunities.select("closed_at", "won").row(0) == (None, None)


def test_a_log_that_was_not_given_is_none():
    base = base_of({"orders": []})
    assert base.orders.is_empty()
    given_none = (base.lines, base.events, base.feedback, base.tickets, base.opportunities)
    assert given_none == (None,) * 5
    assert base_of({"events": []}).orders is None
    assert base.view("events").is_empty()
    logs = {log: [] for log in naive.INSTANTS}
    base = base_of(logs)
    for log in logs:
        assert getattr(base, log).is_empty()


def test_lazy_frames_are_collected():
    orders = frame("orders", [order(1, 1)])
    assert cu.CustomerBase(orders=orders.lazy()).orders.select(orders.columns).equals(orders)


def test_scores_are_measures_until_the_as_of_moves():
    base = base_of({"orders": [order(1, 1), order(2, 2)]})
    scored = base.with_measures(pl.DataFrame({"risk": [0.5], "customer_id": [2]}))
    assert scored.measures("risk", "orders").rows() == [(1, None, 1), (2, 0.5, 1)]
    again = scored.with_measures(pl.DataFrame({"customer_id": [1], "risk": [0.1], "band": ["a"]}))
    assert again.measures("band", "risk").rows() == [(1, "a", 0.1), (2, None, None)]
    assert scored.where("risk > 0.1").measures("risk").rows() == [(2, 0.5)]
    assert scored.as_of(scored.instant).score_names == ("risk",)
    with pytest.raises(cu.SchemaError, match="'risk' is no measure"):
        scored.as_of("2024-06-01").measures("risk")


def test_the_as_of_of_a_grown_base_stays_where_it_was_put():
    base = base_of({"orders": [order(1, 1)]})
    more = frame("orders", [order(2, 1, when=at(DAY, 15))])
    assert base.append(orders=more).instant == at(DAY, 15)
    assert base.as_of("2024-05-03").append(orders=more).day == dt.date(2024, 5, 3)
    assert base.append().instant == base.instant


def test_rules_see_customers_by_both_names_and_local_times():
    joined = [{"customer_id": 1, "joined_at": at(DAY, 23)}, {"customer_id": 2, "joined_at": None}]
    base = base_of({"orders": [], "customers": joined}, tz="Asia/Kolkata")
    assert base.where("joined_at >= DATE '2024-05-02'").customer_ids.to_list() == [1]
    assert base.where("customer.joined_at IS NULL AND orders = 0").customer_ids.to_list() == [2]
    assert base.where(cu.Rule("one", pl.col("customer_id") == 1)).customer_ids.to_list() == [1]


def test_describe_counts_hidden_rows_and_lines_of_unknown_orders():
    line = {**order(7, 1), "category": None, "line": 1}
    base = base_of({"orders": [order(1, 1, 0), order(2, 1, -5)], "lines": [line]})
    told = base.as_of("2024-04-01").describe()
    assert told["log"].to_list() == ["orders", "lines"]
    assert told["later"].to_list() == [2, 1]
    assert told.select("zero_totals", "returns", "unknown_orders").rows() == [
        (1, 1, None),
        (0, 0, 1),
    ]
    texts = base.log("lines").with_columns(pl.col("order_id").cast(pl.String))
    mixed = cu.CustomerBase(orders=base.log("orders"), lines=texts)
    assert mixed.describe()["unknown_orders"].to_list() == [None, 1]


def test_a_log_without_rows_has_no_say_in_the_type_of_ids():
    events = keyed("events", [{"customer_id": 1, "at": at(DAY, 1), "kind": "browse"}])
    base = cu.CustomerBase(orders=frame("orders", []), events=frame("events", events, named=str))
    assert base.measures("orders", "events_browse").rows() == [("1", 0, 1)]


def test_a_base_tells_what_is_in_it():
    base = base_of({"orders": [order(1, 1)], "customers": []})
    assert repr(base) == "CustomerBase(0 customers, 1 orders; as of 2024-05-01, EUR, UTC)"
    assert repr(base_of({"events": []})).startswith("CustomerBase(0 events; as of 1970-01-01")
