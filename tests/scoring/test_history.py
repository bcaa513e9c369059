from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from base.logs_of import ZONES, base_of, instants, keyed, rows
from custseg._kernels import history as kernels
from custseg.base import coding
from custseg.schema.bridge import read_only
from custseg.schema.clock import day_number, epoch_us
from custseg.scoring import history_fold
from naive import history as naive
from scoring.kernel_forms import forms

orders = rows(customer_id=st.integers(1, 4), ordered_at=instants, total=st.integers(-300, 900))
NO_WORDS, NO_RANKS = read_only(np.zeros(0, np.uint64)), read_only(np.zeros(0, np.int64))
DAY = naive.DAY
# A zone that is two hours ahead from its third day on.
SINCE = read_only(np.array([-(2**62), 2 * DAY + 5], np.int64))
OFFSETS = read_only(np.array([3_600_000_000, 7_200_000_000], np.int64))
listed = st.lists(
    st.tuples(st.integers(0, 3), st.integers(-2 * DAY, 6 * DAY), st.integers(-5, 40)), max_size=12
)


def expected(made, base, unit_days):
    zone = ZoneInfo(base.tz)
    told = [(row["customer_id"], row["ordered_at"], row["total"]) for row in made]
    kept = [row for row in told if row[1] <= base.instant]
    found = naive.histories(
        kept, day_number(base.day), lambda at: day_number(at.astimezone(zone).date())
    )
    return [
        (who, x, last / unit_days, until / unit_days, None if mean is None else mean / 100)
        for who, (x, last, until, mean) in sorted(found.items())
    ]


@given(orders, st.sampled_from(ZONES), st.none() | instants, st.sampled_from(["day", "week"]))
def test_a_history_is_days_with_an_order(made, tz, until, unit):
    made = keyed("orders", made)
    base = base_of({"orders": made}, tz=tz)
    base = base if until is None else base.as_of(until)
    found = cu.history(base, unit=unit).rows()
    for row, other in zip(found, expected(made, base, {"day": 1, "week": 7}[unit]), strict=True):
        assert row[:4] == other[:4]
        assert row[4] == (None if other[4] is None else pytest.approx(other[4], rel=1e-15))


@given(orders, st.sampled_from(ZONES))
def test_every_way_of_folding_gives_the_same_history(made, tz):
    made = keyed("orders", made)
    base = base_of({"orders": made}, tz=tz)
    found = cu.history(base)
    in_time = sorted(made, key=lambda row: row["ordered_at"])
    assert cu.history(base_of({"orders": in_time}, tz=tz)).equals(found)
    with pytest.MonkeyPatch.context() as patched:
        # Three threads, however few the orders are.
        patched.setattr(history_fold, "_SMALL", 1)
        patched.setenv("CUSTSEG_THREADS", "3")
        assert cu.history(base).equals(found)
        assert cu.history(base_of({"orders": in_time}, tz=tz)).equals(found)
        # Too many days and customers for bitmaps.
        patched.setattr(history_fold, "_MOST_WORDS", 0)
        assert cu.history(base).equals(found)
        # Every id a hash alike: told apart by polars.
        patched.setattr(coding, "_hashes", lambda ids: pl.zeros(ids.len(), pl.UInt64, eager=True))
        named = cu.history(base_of({"orders": made}, tz=tz, named=str))
    assert named.drop("customer_id").equals(found.drop("customer_id"))


def test_totals_beyond_64_bits_are_exact():
    most = 10**18 - 1
    day = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    made = [
        {
            "order_id": each,
            "customer_id": 1,
            "ordered_at": day + dt.timedelta(each // 20),
            "total": most,
        }
        for each in range(40)
    ]
    assert cu.history(base_of({"orders": made})).row(0) == (1, 1, 1 / 7, 1 / 7, 20 * most / 100)


def test_nobody_has_no_history():
    empty = cu.history(base_of({"orders": []}))
    assert empty.height == 0
    assert empty.schema == {
        "customer_id": pl.Int64,
        "x": pl.Int64,
        "t_x": pl.Float64,
        "T": pl.Float64,
        "spend_mean": pl.Float64,
    }


def test_a_month_is_no_unit():
    with pytest.raises(cu.SchemaError, match="'month' is no unit of time"):
        cu.history(base_of({"orders": []}), unit="month")


def arrays(made):
    ids = np.array([who for who, _, _ in made], np.int64)
    at = np.array([when for _, when, _ in made], np.int64)
    totals = np.array([[total, -int(total < 0)] for _, _, total in made], np.int64).reshape(-1, 2)
    return tuple(read_only(each) for each in (ids, at, totals))


START, BITS = -3, 5


def table(columns, customers=4):
    return np.zeros((customers, columns), np.int64)


def zoned(made, seen, *rest):
    return (*arrays(made), seen, 0, NO_WORDS, NO_RANKS, SINCE, OFFSETS, START, BITS, *rest)


def told(out):
    """First day, last day, days, spend of repeat days of customers who ordered."""
    kept = read_only(np.flatnonzero(out[:, 0]))
    (known,) = (
        columns(read_only(out), kept, BITS, np.empty((4, kept.size), np.int64)).T.tolist()
        for columns in forms(kernels.columns)[-1:]
    )
    return {
        who: [first + START, last + START, days, repeat]
        for who, (first, last, days, repeat) in zip(kept.tolist(), known, strict=True)
    }


def twin_of(made, seen):
    twin = naive.fold(made, seen, SINCE.tolist(), OFFSETS.tolist(), range(4))
    return {
        who: [first, last, days, repeat]
        for who, (first, last, days, _, repeat) in enumerate(twin)
        if days
    }


def begun(made, seen):
    """Spend of the first day of each customer."""
    twin = naive.fold(made, seen, SINCE.tolist(), OFFSETS.tolist(), range(4))
    return [first for _, _, _, first, _ in twin]


@given(listed, st.integers(-DAY, 6 * DAY), st.sampled_from([2, 3]))
def test_the_fold_is_its_python_and_its_twin(made, seen, wide):
    for some in (made, sorted(made, key=lambda row: row[1])):
        ascends = naive.ascends(some, seen, SINCE.tolist(), OFFSETS.tolist())
        for fold in forms(kernels.fold):
            out = table(wide)
            assert fold(*zoned(some, seen, out)) == ascends
            if ascends:
                assert told(out) == twin_of(some, seen)
                assert wide == 2 or out[:, 2].tolist() == begun(some, seen)


@given(listed, listed, listed)
def test_folds_that_follow_each_other_are_one(before, after, last):
    seen = 6 * DAY
    parts = [sorted(each, key=lambda row: row[1]) for each in (before, after, last)]
    whole = [row for part in parts for row in part]
    ascends = naive.ascends(whole, seen, SINCE.tolist(), OFFSETS.tolist())
    for follow in forms(kernels.follow):
        tables = [table(2), table(3), table(3)]
        for part, out in zip(parts, tables, strict=True):
            kernels.fold(*zoned(part, seen, out))
        left, *others = tables
        assert all(follow(left, each, BITS) for each in others) == ascends
        if ascends:
            assert told(left) == twin_of(whole, seen)


@given(listed, st.integers(-DAY, 6 * DAY), st.integers(0, 4))
def test_marks_are_their_python_and_their_twin(made, seen, cut):
    for mark in forms(kernels.mark):
        out = table(3)
        for low, high in ((0, cut), (cut, 4)):
            days = np.zeros((high - low, 1), np.uint64)
            mark(*zoned(made, seen, low, out[low:high], days))
        assert told(out) == twin_of(made, seen)
        assert out[:, 2].tolist() == begun(made, seen)


def test_more_orders_than_are_looked_ahead_for():
    made = [(each % 4, (each * 37) % 6 * DAY, each) for each in range(150)]
    for mark in forms(kernels.mark):
        out = table(3)
        mark(*zoned(made, 9 * DAY, 0, out, np.zeros((4, 1), np.uint64)))
        assert told(out) == twin_of(made, 9 * DAY)
    in_time = sorted(made, key=lambda row: row[1])
    for fold in forms(kernels.fold):
        out = table(2)
        assert fold(*zoned(in_time, 9 * DAY, out))
        assert told(out) == twin_of(made, 9 * DAY)


def test_a_bitmap_of_ids_gives_the_same_rows():
    made = [(70, 0, 5), (3, DAY, 7), (70, 2 * DAY, 9)]
    words = read_only(np.array([1, 8], np.uint64))  # ids 3 and 70, from 3 on
    ranks = read_only(np.array([0, 1], np.int64))
    for fold in forms(kernels.fold):
        out = table(3, 2)
        zone = SINCE[:1], OFFSETS[:1], START, BITS
        assert fold(*arrays(made), 9 * DAY, 3, words, ranks, *zone, out)
        assert told(out) == {0: [1, 1, 1, 0], 1: [0, 2, 2, 9]}
        assert out[:, 2].tolist() == [7, 5]


def test_an_as_of_within_a_day_hides_what_came_later_that_day():
    noon = dt.datetime(2025, 5, 5, 12, tzinfo=dt.UTC)
    made = [
        {"order_id": 1, "customer_id": 1, "ordered_at": noon - dt.timedelta(3), "total": 100},
        {"order_id": 2, "customer_id": 1, "ordered_at": noon + dt.timedelta(hours=1), "total": 100},
        {"order_id": 3, "customer_id": 1, "ordered_at": noon - dt.timedelta(1), "total": 300},
    ]
    base = base_of({"orders": made}).as_of(noon)
    assert cu.history(base, unit="day").rows() == [(1, 1, 2.0, 3.0, 3.0)]
    assert epoch_us(noon) == base.when.instant
