"""Churn labels: known from what came after a day, censored where that is not known yet."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from custseg.scoring.churn_labels import churn_labels

START = dt.date(2026, 1, 1)

orders = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 120), st.sampled_from([-5, 0, 20])),
    min_size=1,
    max_size=20,
)


def day(number):
    return START + dt.timedelta(days=number)


def base_of(rows, tz="UTC", hours=12):
    """A base of (customer, day, total)."""
    frame = pl.DataFrame(
        {
            "order_id": range(len(rows)),
            "customer_id": [row[0] for row in rows],
            "ordered_at": [dt.datetime.combine(day(row[1]), dt.time(hours)) for row in rows],
            "total": [row[2] for row in rows],
        }
    )
    return cu.CustomerBase(orders=cu.table(cu.Order, tz=tz).require(frame), tz=tz)


def twin(rows, at, days, known):
    """Label by label, from days alone."""
    found = []
    for customer in sorted({row[0] for row in rows}):
        bought = sorted(when for who, when, total in rows if who == customer and total >= 0)
        if not any(when <= at for when in bought):
            continue
        end = min(at + days, known)
        later = [when for when in bought if at < when <= end]
        censored = not later and known < at + days
        churned = None if censored else not later
        found.append((customer, churned, censored, (later[0] if later else end) - at))
    return found


@given(rows=orders, at=st.integers(0, 120), days=st.integers(1, 90), more=st.integers(0, 90))
def test_labels_are_what_the_days_say(rows, at, days, more):
    base = base_of(rows).as_of(day(at + more))
    found = churn_labels(base, day(at), cu.Window(days=days))
    assert found.rows() == twin(rows, at, days, at + more)


@given(rows=orders, at=st.integers(0, 120), days=st.integers(1, 60))
def test_what_comes_after_the_horizon_changes_nothing(rows, at, days):
    ends = at + days
    known = [row for row in rows if row[1] <= ends]
    later = [(who, when + ends + 1, total) for who, when, total in rows]
    labels = [
        churn_labels(base_of(each).as_of(day(400)), day(at), cu.Window(days=days))
        for each in ([*known, (9, 0, 1)], [*known, (9, 0, 1), *later])
    ]
    assert labels[0].equals(labels[1])


def test_an_order_at_the_instant_itself_is_known_and_one_at_the_end_of_what_is_known_counts():
    noon = dt.datetime.combine(START, dt.time(12), dt.UTC)
    at, seen = noon + dt.timedelta(days=10), noon + dt.timedelta(days=20)
    for later, days in (([20], 10), ([15, 20], 5)):
        base = base_of([(1, each, 20) for each in (0, 10, *later)]).as_of(seen)
        found = churn_labels(base, at, cu.Window(days=30))
        assert found.rows() == [(1, False, False, days)]


def test_censored_customers_are_marked_and_not_counted():
    base = base_of([(1, 0, 5), (2, 0, 5), (2, 20, 5)]).as_of(day(30))
    labels = churn_labels(base, day(10), cu.Window(days=60))
    assert labels.rows() == [(1, None, True, 20), (2, False, False, 10)]
    assert labels["churned"].mean() == 0
    over = churn_labels(base.as_of(day(70)), day(10), cu.Window(days=60))
    assert over.rows() == [(1, True, False, 60), (2, False, False, 10)]
    assert over["churned"].mean() == 0.5


def test_months_are_calendar_months():
    # 31 January + 1 month ends with 28 February.
    last = [(1, 0, 5), (1, 58, 5), (2, 0, 5), (2, 59, 5)]
    base = base_of(last).as_of(day(90))
    labels = churn_labels(base, "2026-01-31", cu.Window(months=1))
    assert labels["churned"].to_list() == [False, True]


def test_days_are_local_days():
    # Noon of 2 January in Auckland is still the first in UTC.
    base = base_of([(1, 0, 5), (1, 1, 5)], tz="Pacific/Auckland").as_of(day(5))
    labels = churn_labels(base, day(0), cu.Window(days=1))
    assert labels.rows() == [(1, False, False, 1)]


def test_an_instant_splits_its_day():
    base = base_of([(1, 0, 5), (1, 3, 5)]).as_of(day(9))
    morning = dt.datetime(2026, 1, 4, 9, tzinfo=dt.UTC)
    assert churn_labels(base, morning, cu.Window(days=3)).rows() == [(1, False, False, 0)]


def test_returns_are_no_purchases_and_who_never_bought_has_no_label():
    base = base_of([(1, 0, 5), (1, 3, -5), (2, 0, -5), (3, 4, 5)]).as_of(day(30))
    labels = churn_labels(base, day(1), cu.Window(days=10))
    assert labels.rows() == [(1, True, False, 10)]


def test_a_horizon_beyond_the_calendar_is_never_over():
    base = base_of([(1, 0, 5)])
    labels = churn_labels(base, day(0), cu.Window(days=9_999_999))
    assert labels.rows() == [(1, None, True, 0)]


def test_everything_that_is_wrong_is_said_at_once():
    with pytest.raises(cu.SchemaError) as told:
        churn_labels(base_of([(1, 0, 5)]), "2027-01-01", 90)
    assert [problem.where for problem in told.value.problems] == [
        "churn_labels.at",
        "churn_labels.horizon",
    ]
