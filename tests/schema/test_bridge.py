"""The bridge between frames and arrays."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from itertools import groupby

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custseg.schema import bridge


def test_arrays_cannot_be_written_to_and_the_callers_own_still_can():
    own = np.arange(6)[::2]
    given_away = bridge.read_only(own)
    assert not given_away.flags.writeable
    assert given_away.flags.c_contiguous
    whole = np.arange(3)
    bridge.read_only(whole)[:]
    whole[0] = 5
    assert whole.flags.writeable


@pytest.mark.parametrize(
    ("column", "dtype", "values"),
    [
        (pl.Series([1, 2], dtype=pl.UInt8), np.int64, [1, 2]),
        (pl.Series([1.5]), np.float64, [1.5]),
        (pl.Series([True, False]), np.bool_, [True, False]),
        (pl.Series([dt.date(1970, 1, 2)]), np.int64, [1]),
        (pl.Series([dt.datetime(1970, 1, 1, 0, 0, 1)], dtype=pl.Datetime("us")), np.int64, [10**6]),
        (pl.concat([pl.Series([1]), pl.Series([2])]), np.int64, [1, 2]),
    ],
)
def test_columns_are_arrays_of_their_physical_values(column, dtype, values):
    array = bridge.array(column)
    assert (array.dtype, array.tolist()) == (dtype, values)
    assert not array.flags.writeable


@given(st.lists(st.integers(1 - 10**18, 10**18 - 1)), st.sampled_from([0, 2, 3, 4]))
def test_money_is_smallest_units_and_back(units, scale):
    made = bridge.money(pl.Series("total", units, dtype=pl.Int64), scale)
    assert made.dtype == pl.Decimal(18, scale)
    assert made.to_list() == [Decimal(unit).scaleb(-scale) for unit in units]
    assert bridge.minor(made).to_list() == units


def test_microseconds_are_instants():
    made = bridge.instants(np.array([0, 10**6]), "at")
    assert made.name == "at"
    assert made.dtype == pl.Datetime("us", "UTC")
    assert bridge.array(made).tolist() == [0, 10**6]


@given(st.lists(st.integers(0, 4)).map(sorted), st.booleans())
def test_ragged_rows_are_runs_of_equal_ids(ids, text):
    column = pl.Series(ids, dtype=pl.Int64).cast(pl.String if text else pl.Int64)
    found, offsets = bridge.ragged(column)
    runs = [(key, len(list(run))) for key, run in groupby(column.to_list())]
    assert found.to_list() == [key for key, _ in runs]
    assert offsets.tolist() == [0, *np.cumsum([length for _, length in runs]).tolist()]


@pytest.mark.parametrize("name", ["^a$", "*", "", "a"])
def test_a_name_that_looks_like_a_pattern_is_no_matter(name):
    days = pl.Series(name, [1, 2]).cast(pl.Date)
    assert bridge.array(days).tolist() == [1, 2]
    money = pl.Series(name, ["1.25"]).cast(pl.Decimal(18, 2))
    assert bridge.minor(money).to_list() == [125]
    assert bridge.minor(money).name == name


@given(st.lists(st.none() | st.integers(-(10**18) + 1, 10**18 - 1)), st.sampled_from([0, 2, 3, 4]))
def test_units_are_smallest_units_or_none_at_all(units, scale):
    made = bridge.money(pl.Series("total", units, dtype=pl.Int64), scale)
    found = bridge.units(made)
    assert found.tolist() == [0 if unit is None else unit for unit in units]
    assert found.flags.c_contiguous
    assert not found.flags.writeable


def test_money_that_nobody_told_is_of_no_type():
    assert bridge.units(pl.Series([None, None])).tolist() == [0, 0]


@pytest.mark.parametrize("dtype", [pl.Int64, pl.Int32, pl.Datetime("us", "UTC"), pl.Date])
@pytest.mark.parametrize("values", [[], [7, 8], [7, None, 9], [None, None]])
def test_a_value_stands_where_a_column_has_none(values, dtype):
    column = pl.Series("^a$", values, dtype=pl.Int64).cast(dtype)
    found = bridge.array_or(column, -1)
    assert (found.dtype, found.tolist()) == (np.int64, [-1 if v is None else v for v in values])
    assert not found.flags.writeable


@given(
    st.lists(st.sampled_from(["a", "b", None]), min_size=1),
    st.lists(st.tuples(st.integers(0, 9), st.booleans())),
)
def test_taken_are_the_values_at_places_or_null(values, asked):
    places = np.array([place % len(values) for place, _ in asked], np.int64)
    some = np.array([has for _, has in asked], np.bool_)
    column = pl.Series("it", values, dtype=pl.String)
    assert bridge.taken(column, places).to_list() == [values[place] for place in places]
    # Where none is taken, the place may be any.
    found = bridge.taken(column, np.where(some, places, -1), some)
    assert found.to_list() == [
        values[place] if has else None for place, has in zip(places, some, strict=True)
    ]
    assert (found.name, found.dtype) == ("it", pl.String)


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_columns_without_a_value_stand_beside_others(rows):
    none = bridge.nulls("tier", pl.Datetime("us", "UTC"), rows)
    frame = bridge.framed([pl.Series("a", np.arange(rows)), none])
    assert frame.schema == {"a": pl.Int64, "tier": pl.Datetime("us", "UTC")}
    assert frame.height == none.null_count() == rows
