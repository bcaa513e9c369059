"""Laws that every simulated shop keeps, however small, wherever it is."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import custseg as cu
from custseg import datasets

UTC = pl.Datetime("us", "UTC")
TEXT, WHOLE = pl.String(), pl.Int64()
LOGS = ("customers", "orders", "lines", "events", "feedback", "tickets", "opportunities")
KEYS = {
    "customers": ["customer_id"],
    "orders": ["order_id"],
    "lines": ["order_id", "line"],
    "events": ["event_id"],
    "feedback": ["feedback_id"],
    "tickets": ["ticket_id"],
    "opportunities": ["opportunity_id"],
}
INSTANTS = {
    "customers": ["joined_at"],
    "orders": ["ordered_at"],
    "lines": ["ordered_at"],
    "events": ["at"],
    "feedback": ["at"],
    "tickets": ["opened_at", "first_response_at", "resolved_at"],
    "opportunities": ["opened_at", "closed_at"],
}
DIGITS = {"EUR": 2, "JPY": 0, "KWD": 3, "CLF": 4}
# Half-hour summer time, three quarters of an hour off, a day that never was, clocks set
# forward at midnight and summer time in the other half of the year.
ZONES = (
    "Europe/Paris",
    "UTC",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "America/New_York",
)


def tables(digits):
    money = pl.Decimal(18, digits)
    return {
        "customers": {
            "customer_id": WHOLE,
            "joined_at": UTC,
            "birth_date": pl.Date(),
            "name": TEXT,
            "email": TEXT,
            "phone": TEXT,
            "region": TEXT,
            "gender": TEXT,
            "acquired_via": TEXT,
            "consent": pl.List(pl.String),
            "referred_by": WHOLE,
        },
        "orders": {
            "order_id": WHOLE,
            "customer_id": WHOLE,
            "ordered_at": UTC,
            "total": money,
            "channel": TEXT,
            "store": TEXT,
            "status": TEXT,
            "paid_with_points": money,
        },
        "lines": {
            "order_id": WHOLE,
            "line": WHOLE,
            "customer_id": WHOLE,
            "ordered_at": UTC,
            "product_id": TEXT,
            "category": TEXT,
            "quantity": pl.Float64(),
            "total": money,
        },
        "events": {
            "event_id": WHOLE,
            "customer_id": WHOLE,
            "at": UTC,
            "kind": TEXT,
            "amount": money,
            "points": WHOLE,
            "refers_to": WHOLE,
            "channel": TEXT,
            "reward": TEXT,
            "session": TEXT,
        },
        "feedback": {
            "feedback_id": WHOLE,
            "customer_id": WHOLE,
            "at": UTC,
            "kind": TEXT,
            "score": WHOLE,
            "touchpoint": TEXT,
            "comment": TEXT,
        },
        "tickets": {
            "ticket_id": WHOLE,
            "customer_id": WHOLE,
            "opened_at": UTC,
            "first_response_at": UTC,
            "resolved_at": UTC,
            "category": TEXT,
            "priority": TEXT,
            "channel": TEXT,
            "reopened": pl.Boolean(),
            "compensation": money,
        },
        "opportunities": {
            "opportunity_id": WHOLE,
            "customer_id": WHOLE,
            "opened_at": UTC,
            "stage": TEXT,
            "amount": money,
            "closed_at": UTC,
            "won": pl.Boolean(),
            "owner": TEXT,
        },
    }


@st.composite
def arguments(draw):
    """How to simulate a small shop."""
    return {
        "customers": draw(st.integers(1, 50)),
        "days": draw(st.integers(1, 400)),
        "seed": draw(st.integers(0, 2**64 - 1)),
        "currency": draw(st.sampled_from(sorted(DIGITS))),
        "tz": draw(st.sampled_from(ZONES)),
        "starts": draw(
            st.dates(dt.date(2009, 6, 1), dt.date(2026, 1, 1))
            | st.sampled_from([dt.date(2011, 12, 30), dt.date(2024, 2, 29), dt.date(2024, 3, 31)])
        ),
    }


def shops():
    return arguments().map(lambda chosen: datasets.simulate(**chosen))


@pytest.fixture(scope="module")
def shop():
    return datasets.simulate(3_000, 500, seed=3)


@given(arguments())
def test_the_same_arguments_give_the_same_shop(chosen):
    assert datasets.simulate(**chosen) == datasets.simulate(**chosen)


def test_another_seed_gives_another_shop():
    one, other = datasets.simulate(50, 50, seed=1), datasets.simulate(50, 50, seed=2)
    assert one != other
    for log in ("customers", "orders", "lines"):
        assert not getattr(one, log).equals(getattr(other, log))


def test_one_thread_gives_the_same_shop_as_many():
    code = (
        "from custseg import datasets; shop = datasets.simulate(2_000, 100, seed=5);"
        f"print([getattr(shop, log).hash_rows().sum() for log in {LOGS}])"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "POLARS_MAX_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "3")
    }
    assert len(printed) == 1


@given(arguments())
def test_the_frames_have_the_columns_and_types_of_their_tables(chosen):
    shop = datasets.simulate(**chosen)
    for log, columns in tables(DIGITS[chosen["currency"]]).items():
        assert getattr(shop, log).schema == pl.Schema(columns)


@given(arguments())
def test_every_customer_is_there_with_ids_from_1(chosen):
    shop = datasets.simulate(**chosen)
    assert shop.customers["customer_id"].to_list() == list(range(1, chosen["customers"] + 1))
    for log in LOGS:
        assert (
            getattr(shop, log)["customer_id"].is_in(shop.customers["customer_id"].implode()).all()
        )


@given(shops())
def test_keys_are_whole_and_grow_with_time(shop):
    for log, key in KEYS.items():
        rows = getattr(shop, log).select(*key, INSTANTS[log][0])
        assert rows.null_count().sum_horizontal().item() == 0
        assert rows.select(key).is_unique().all()
        assert rows.sort(key).equals(rows)
        assert rows[INSTANTS[log][0]].is_sorted()


@given(arguments())
@example({"customers": 1, "days": 1, "tz": "Pacific/Apia", "starts": dt.date(2011, 12, 30)})
def test_nothing_happens_before_the_first_day_or_after_the_last(chosen):
    shop = datasets.simulate(**chosen)
    first, zone = chosen["starts"], ZoneInfo(chosen["tz"])
    # Where a day was left out of the calendar, the next one stands for it.
    last = first + dt.timedelta(days=chosen["days"] - 1 + (first == dt.date(2011, 12, 30)))
    for log, instants in INSTANTS.items():
        for instant in getattr(shop, log).select(instants).unpivot()["value"].drop_nulls():
            assert first <= instant.astimezone(zone).date() <= last


@given(shops())
def test_nothing_happens_before_its_customer_joined(shop):
    joined = shop.customers.select("customer_id", "joined_at")
    for log, instants in INSTANTS.items():
        if log != "customers":
            rows = getattr(shop, log).join(joined, on="customer_id")
            assert (rows[instants[0]] >= rows["joined_at"]).all()


@given(shops())
def test_the_lines_of_an_order_add_up_to_its_total(shop):
    lines = shop.lines.group_by("order_id", maintain_order=True).agg(
        pl.col("total").sum().alias("sum"),
        pl.col("line"),
        pl.col("customer_id", "ordered_at").unique(),
    )
    assert lines["order_id"].to_list() == shop.orders["order_id"].to_list()
    assert lines["sum"].to_list() == shop.orders["total"].to_list()
    assert lines["line"].to_list() == [list(range(1, n + 1)) for n in lines["line"].list.len()]
    for column in ("customer_id", "ordered_at"):
        assert lines[column].to_list() == [[value] for value in shop.orders[column]]


@given(shops())
def test_what_comes_back_was_bought_before(shop):
    had = {}
    returned = set()
    sign = shop.lines.select(s=pl.col("quantity").sign() * pl.col("total").cast(pl.Float64).sign())
    assert (sign["s"] >= 0).all()
    for line in shop.lines.iter_rows(named=True):
        piece = (line["customer_id"], line["product_id"])
        had[piece] = had.get(piece, 0) + line["quantity"]
        assert had[piece] >= 0
        if line["quantity"] < 0:
            returned.add(line["order_id"])
    by_status = shop.orders.filter(pl.col("status") == "returned")
    assert set(by_status["order_id"]) == returned
    assert (by_status["total"] < 0).all()
    assert set(shop.orders.filter(pl.col("total") < 0)["order_id"]) == returned


@given(shops())
def test_a_referred_customer_has_an_earlier_one_and_an_event(shop):
    referred = shop.customers.filter(pl.col("referred_by").is_not_null())
    pairs = referred.join(
        shop.customers.select(pl.col("customer_id").alias("referred_by"), earlier="joined_at"),
        on="referred_by",
        how="left",
    )
    assert (pairs["referred_by"] < pairs["customer_id"]).all()
    assert (pairs["earlier"] < pairs["joined_at"]).all()
    assert (referred["acquired_via"] == "referral").all()
    events = shop.events.filter(pl.col("kind") == "referral").sort("customer_id")
    assert events.select("customer_id", joined_at="at").equals(
        referred.select("customer_id", "joined_at")
    )


def test_points_are_asked_for_in_hundreds_and_never_more_than_money_was_spent(shop):
    spent, asked = {}, {}
    touches = [
        *shop.orders.select("ordered_at", "customer_id", "total", points=None).rows(),
        *shop.events.filter(kind="redeem").select("at", "customer_id", None, "points").rows(),
    ]
    for _, customer, total, points in sorted(touches, key=lambda touch: touch[0]):
        if points is None:
            spent[customer] = spent.get(customer, 0) + max(total, 0)
        else:
            assert points % 100 == 0
            asked[customer] = asked.get(customer, 0) + points
            assert 0 < asked[customer] <= spent[customer]
    assert len(asked) > 50


@given(shops())
def test_only_redeeming_carries_points_and_only_reviews_name_an_order(shop):
    is_redeem = shop.events["kind"] == "redeem"
    assert (shop.events["points"].is_not_null() == is_redeem).all()
    reviews = shop.events.filter(pl.col("refers_to").is_not_null())
    assert (reviews["kind"] == "review").all()
    reviewed = reviews.join(shop.orders, left_on="refers_to", right_on="order_id", how="left")
    assert (reviewed["customer_id"] == reviewed["customer_id_right"]).all()
    assert (reviewed["at"] > reviewed["ordered_at"]).all()
    assert (reviewed["total"] >= 0).all()
    assert set(shop.events["kind"]) <= {"browse", "cart", "visit", "review", "referral", "redeem"}


@given(shops())
def test_tickets_are_answered_before_they_are_resolved(shop):
    tickets = shop.tickets
    assert (tickets["first_response_at"] > tickets["opened_at"]).all()
    assert (tickets["resolved_at"] > tickets["first_response_at"]).all()
    unresolved = tickets.filter(pl.col("resolved_at").is_null())
    assert not unresolved["reopened"].any()
    assert unresolved["compensation"].null_count() == unresolved.height


@given(shops())
def test_an_opportunity_is_won_or_lost_when_it_is_closed(shop):
    deals = shop.opportunities
    is_closed = deals["stage"].is_in(["won", "lost"])
    assert (deals["closed_at"].is_not_null() == is_closed).all()
    assert deals["won"].to_list() == [
        {"won": True, "lost": False}.get(stage) for stage in deals["stage"]
    ]
    assert (deals["closed_at"] > deals["opened_at"]).all()


@pytest.mark.parametrize("currency", sorted(DIGITS))
def test_prices_suit_the_currency(currency):
    shop = datasets.simulate(500, 200, currency=currency)
    single = shop.lines.filter(pl.col("quantity") == 1, pl.col("total") > 0)["total"]
    texts = single.cast(pl.String)
    endings = {
        "EUR": r"\.9[59]$",
        "JPY": "[0-9]*80$",
        "KWD": r"\.\d9[59]$",
        "CLF": r"\.\d[59][59]0$",
    }
    assert texts.str.contains(endings[currency]).mean() > 0.8
    assert single.min() > 0


@given(shops())
def test_the_door_lets_every_row_through(shop):
    nouns = {
        "customers": cu.Customer,
        "orders": cu.Order,
        "lines": cu.OrderLine,
        "events": cu.Event,
        "feedback": cu.Feedback,
        "tickets": cu.Ticket,
        "opportunities": cu.Opportunity,
    }
    for log, noun in nouns.items():
        table = cu.table(noun, currency=shop.currency, tz=shop.tz)
        assert table.require(getattr(shop, log)).equals(getattr(shop, log))


def test_all_wrong_arguments_are_named_at_once():
    with pytest.raises(cu.SchemaError) as caught:
        datasets.simulate(0, -3, seed=-1, currency="EURO", tz="Europe/Pairs", starts="yesterday")
    assert len(caught.value.problems) == 6
    for problem in caught.value.problems:
        assert problem.what
        assert problem.where
        assert problem.fix
    text = str(caught.value)
    for wrong in ("got 0", "got -3", "got -1", "'EURO'", "'Europe/Pairs'", "'yesterday'"):
        assert wrong in text


@pytest.mark.parametrize(
    "wrong",
    [
        {"customers": 2.5},
        {"customers": True},
        {"days": "730"},
        {"days": 36_526},
        {"customers": 10**8},
        {"seed": None},
        {"tz": ""},
        {"tz": None},
        {"starts": dt.datetime(2024, 1, 1)},
        {"starts": "2024-02-30"},
        {"starts": "1899-12-31"},
        {"starts": None},
        {"currency": "XXX"},
    ],
)
def test_a_wrong_argument_is_refused_by_name(wrong):
    with pytest.raises(cu.SchemaError) as caught:
        datasets.simulate(**wrong)
    [problem] = caught.value.problems
    assert next(iter(wrong)) in problem.where
    assert problem.fix


def test_a_day_may_be_given_as_a_date():
    assert datasets.simulate(20, 20, starts=dt.date(2024, 5, 1)) == datasets.simulate(
        20, 20, starts="2024-05-01"
    )
