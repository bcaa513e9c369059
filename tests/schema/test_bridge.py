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
