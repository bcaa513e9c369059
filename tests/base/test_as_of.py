from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from base.logs_of import ZONES, base_of, days, end_of


@given(days, st.sampled_from(ZONES))
def test_a_day_counts_through_its_local_end(day, tz):
    base = base_of({"orders": []}, tz=tz)
    for given_as in (day, day.isoformat()):
        found = base.as_of(given_as)
        assert (found.instant, found.day) == (end_of(day, tz), day)


@given(st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2030, 1, 1)), st.sampled_from(ZONES))
def test_an_aware_datetime_is_that_instant_and_a_naive_one_is_local(moment, tz):
    base = base_of({"orders": []}, tz=tz)
    aware = moment.replace(tzinfo=dt.UTC)
    assert base.as_of(aware).instant == aware
    assert base.as_of(aware.isoformat()).instant == aware
    assert base.as_of(aware).day == aware.astimezone(ZoneInfo(tz)).date()
    local = moment.replace(tzinfo=ZoneInfo(tz))
    exists = local.astimezone(dt.UTC).astimezone(ZoneInfo(tz)).replace(tzinfo=None) == moment
    if exists:
        assert base.as_of(moment).instant == local.astimezone(dt.UTC)


def test_a_local_time_that_the_clock_repeats_is_the_first_of_the_two():
    base = base_of({"orders": []}, tz="Europe/Berlin")
    found = base.as_of("2024-10-27T02:30").instant
    assert found == dt.datetime(2024, 10, 27, 0, 30, tzinfo=dt.UTC)


def test_a_local_time_that_the_clock_skips_is_refused():
    base = base_of({"orders": []}, tz="Europe/Berlin")
    with pytest.raises(cu.SchemaError) as caught:
        base.as_of(dt.datetime(2024, 3, 31, 2, 30))
    assert str(caught.value) == (
        "2024-03-31 02:30:00 does not exist in Europe/Berlin: the clock skips it\n"
        "  where: as_of\n"
        "  fix:   give a time that the clock shows, or one with its zone"
    )


@pytest.mark.parametrize("wrong", ["31.05.2026", 20260531, None, pd.NaT, "2026-02-30"])
def test_what_is_neither_a_day_nor_an_instant_is_refused(wrong):
    with pytest.raises(cu.SchemaError) as caught:
        base_of({"orders": []}).as_of(wrong)
    assert str(caught.value) == (
        f"{wrong!r} is neither a day nor an instant\n  where: as_of\n"
        '  fix:   write a date, a datetime or ISO text like "2026-05-31"'
    )


@pytest.mark.parametrize("tz", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_the_years_1_and_9999_are_years_like_any_other(tz):
    ends = [dt.datetime(1, 1, 1, 2, tzinfo=dt.UTC), dt.datetime(9999, 12, 31, 22, tzinfo=dt.UTC)]
    orders = [
        {"order_id": at, "customer_id": at, "ordered_at": when, "total": 100}
        for at, when in enumerate(ends)
    ]
    base = base_of({"orders": orders}, tz=tz)
    found = base.measures("recency_days", "orders", "orders_99999m", "orders_9999", "overdue")
    span = 3_652_058 + {"UTC": 0, "America/New_York": 1, "Asia/Tokyo": 1}[tz]
    in_9999 = 0 if tz == "Asia/Tokyo" else 1
    # 99,999 months before 9999 is the year 1666.
    assert found.rows() == [(0, span, 1, 0, 0, None), (1, 0, 1, 1, in_9999, None)]
    assert base.instant == ends[1]
    assert base.as_of(dt.date.max).day == dt.date.max
    assert base.as_of(ends[0]).measures("recency_days").rows() == [(0, 0)]
    assert base.as_of(dt.date.min).instant.year == 1
    assert base.as_of(ends[0]).day == dt.date.min


def test_an_instant_that_no_datetime_reaches_is_shown_as_the_nearest():
    orders = base_of({"orders": []}).log("orders")
    row = pl.DataFrame(
        {"order_id": [1], "customer_id": [1], "ordered_at": [10**18], "total": [1]}
    ).cast(dict(list(orders.schema.items())[:4]))
    assert cu.CustomerBase(orders=row).instant == dt.datetime.max.replace(tzinfo=dt.UTC)
