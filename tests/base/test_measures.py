from __future__ import annotations

import datetime as dt
import math
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from base.logs_of import ZONES, base_of, days, end_of, everything, instants
from custseg.model.measure_name import WHOLE, WINDOWED
from naive import measures as naive

BASES = (*(name for name in WINDOWED), "events_browse", "events_review")
WINDOWS = ("", "_1d", "_30d", "_365d", "_1m", "_12m", "_2024", "_2023", "_99999m", "_99999d")
NAMES = (*WHOLE, *(base + window for base in BASES for window in WINDOWS))
names = st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique=True)
moments = instants | days


def agree(found, expected):
    if isinstance(expected, float):
        return found is not None and math.isclose(found, expected, rel_tol=1e-12, abs_tol=1e-12)
    # The nearest double of the exact value: float(Fraction) rounds once.
    return found == (float(expected) if isinstance(expected, Fraction) else expected)


def seen_at(moment, tz):
    """The instant that an as_of means; dates end with their local day."""
    return moment if hasattr(moment, "hour") else end_of(moment, tz)


@given(everything, names, moments, st.sampled_from(ZONES), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_every_measure_is_that_of_the_slow_twin(logs, asked, moment, tz, currency):
    base = base_of(logs, tz=tz, currency=currency).as_of(moment)
    frame = base.measures(*asked)
    instant = seen_at(moment, tz)
    assert frame["customer_id"].to_list() == naive.population(logs, instant)
    for name in asked:
        for customer, found in frame.select("customer_id", name).iter_rows():
            expected = naive.measure(name, logs, customer, instant, tz, base.scale)
            assert agree(found, expected), (name, customer, found, expected)


@given(everything, names, moments, st.sampled_from(ZONES))
def test_measures_asked_together_are_those_asked_one_by_one(logs, asked, moment, tz):
    base = base_of(logs, tz=tz)
    together = base.as_of(moment).measures(*asked)
    for name in asked:
        # What a base has measured it keeps: each name is asked of one that has none.
        assert base.as_of(moment).measures(name).equals(together.select("customer_id", name))


@given(
    everything,
    st.sampled_from(["days_active", "last_gap_days", "overdue", "gap_days_30d"]),
    moments,
    st.sampled_from(ZONES),
)
def test_tenure_is_the_same_whatever_else_is_asked(logs, other, moment, tz):
    base = base_of(logs, tz=tz)
    alone, beside = (
        base.as_of(moment).measures("tenure_days", *others).select("customer_id", "tenure_days")
        for others in ((), (other,))
    )
    assert beside.equals(alone)
    instant = seen_at(moment, tz)
    for customer, found in alone.iter_rows():
        assert found == naive.measure("tenure_days", logs, customer, instant, tz, base.scale)


@given(everything, moments, st.sampled_from(ZONES))
def test_rows_after_the_as_of_never_leak_into_a_measure(logs, moment, tz):
    instant = seen_at(moment, tz)
    cut = {
        log: [row for row in rows if log == "customers" or row[naive.INSTANTS[log]] <= instant]
        for log, rows in logs.items()
    }
    for rows in (cut["tickets"], cut["opportunities"]):
        for row in rows:
            for later in ("first_response_at", "resolved_at", "closed_at"):
                if row.get(later) is not None and row[later] > instant:
                    row.update({later: None} | ({"won": None} if later == "closed_at" else {}))
    now, then = (base_of(each, tz=tz).as_of(moment) for each in (logs, cut))
    assert now.measures(*NAMES).equals(then.measures(*NAMES))
    for log in naive.INSTANTS:
        assert now.view(log).equals(then.view(log))


@given(everything, st.randoms(use_true_random=False), st.sampled_from(ZONES))
def test_the_order_of_rows_does_not_matter(logs, chance, tz):
    shuffled = {log: chance.sample(rows, len(rows)) for log, rows in logs.items()}
    before, after = (base_of(each, tz=tz).measures(*NAMES) for each in (logs, shuffled))
    assert before.equals(after)


IDS = {
    "sparse": lambda each: each * 7_919,
    "very sparse": lambda each: each * 10**15 - 2 * 10**15,
    "negative": lambda each: -each,
    "text": lambda each: f"{each:03}",
}


@pytest.mark.parametrize("named", IDS.values(), ids=IDS.keys())
@given(everything)
def test_ids_of_any_kind_give_the_same_measures(named, logs):
    plain, other = base_of(logs), base_of(logs, named=named)
    expected = plain.measures(*NAMES)
    by_name = pl.Series([named(each) for each in expected["customer_id"]], dtype=other.id_type)
    assert other.measures(*NAMES).equals(
        expected.with_columns(customer_id=by_name).sort("customer_id")
    )


def test_no_measures_are_the_customers():
    base = base_of({"orders": [], "customers": [{"customer_id": 3, "joined_at": None}]})
    assert base.measures().rows() == [(3,)]


def test_customers_without_orders_are_present_with_zero_orders_and_null_recency():
    base = base_of({"orders": [], "customers": [{"customer_id": 3, "joined_at": None}]})
    asked = ("orders", "spend", "days_active", "recency_days", "average_order", "overdue")
    assert base.measures(*asked).row(0) == (3, 0, 0.0, 0, None, None, None)


def test_columns_of_customers_are_measures_by_their_own_names():
    table = pl.DataFrame({"customer_id": [2, 1], "region": ["north", None]})
    base = base_of({"events": []})
    known = base_of({"orders": []}).append(customers=table)
    assert known.measures("region", "orders").rows() == [(1, None, 0), (2, "north", 0)]
    assert base.measures().rows() == []


def test_columns_come_in_the_order_asked_and_once():
    base = base_of({"orders": []})
    assert base.measures("spend", "orders", "spend").columns == ["customer_id", "spend", "orders"]


def test_dtypes_are_known_before_anything_is_measured():
    from custseg.base.measures import type_of
    from custseg.model.measure_name import MeasureName

    logs = {log: [] for log in naive.INSTANTS}
    schema = base_of(logs).measures(*NAMES).schema
    assert {name: type_of(MeasureName.parse(name)) for name in NAMES} == dict(
        list(schema.items())[1:]
    )


def test_the_id_is_no_measure_whatever_was_asked_before():
    base = cu.datasets.simulate(5, 60, seed=1).base()
    for _ in range(2):
        with pytest.raises(cu.SchemaError):
            base.measures("customer_id")
        base.measures("orders")


@pytest.mark.parametrize("other", ["last_gap_days", "days_active", "overdue"])
def test_tenure_is_the_same_beside_others_where_a_day_comes_again(other):
    rows = {
        "order_id": [1, 2],
        "customer_id": [7, 7],
        "ordered_at": ["2009-11-01T12:00Z", "2010-11-07T02:30:30Z"],
        "total": [10, 10],
    }
    orders = cu.table(cu.Order).require(pl.DataFrame(rows))
    base = cu.CustomerBase(orders=orders, tz="America/St_Johns")
    seen = dt.datetime(2010, 11, 7, 3, tzinfo=dt.UTC)
    for asked in (("tenure_days",), ("tenure_days", other), (other, "tenure_days")):
        assert base.as_of(seen).measures(*asked)["tenure_days"].to_list() == [370]
