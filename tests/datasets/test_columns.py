"""Columns made from arrays."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custseg.datasets.columns import by_time, instants, money, some, words
from custseg.datasets.urn import Urn


@given(st.lists(st.integers(-(2**33), 2**33)))
def test_rows_by_time_are_a_stable_sort(seconds):
    order = by_time(np.array(seconds, np.int64))
    assert order.tolist() == sorted(range(len(seconds)), key=seconds.__getitem__)


@given(st.lists(st.integers(-(10**17), 10**17)), st.sampled_from([0, 2, 3, 4]))
def test_money_is_minor_units_shifted_by_its_digits(minor, digits):
    column = money(np.array(minor, np.int64), digits)
    assert column.dtype == pl.Decimal(18, digits)
    assert column.to_list() == [Decimal(units).scaleb(-digits) for units in minor]


def test_instants_are_utc():
    [instant] = instants(np.array([86_400]))
    assert instant == dt.datetime(1970, 1, 2, tzinfo=dt.UTC)


def test_words_and_nulls():
    column = words(("a", "b", None), np.array([1, 2, 0], np.uint8))
    assert column.to_list() == ["b", None, "a"]
    assert some(column, np.array([False, True, True])).to_list() == [None, None, "a"]


@pytest.mark.parametrize("bits", [10, 16])
def test_an_urn_gives_each_choice_its_share(bits):
    weights = np.array([[5.0, 3.0, 0.0, 2.0], [0.0, 0.0, 1.0, 0.0]])
    rng = np.random.Generator(np.random.PCG64(0))
    drawn = Urn.of(weights, bits=bits).draw(rng, 40_000, row=np.repeat([0, 1], 20_000))
    shares = np.bincount(drawn[:20_000], minlength=4) / 20_000
    assert np.abs(shares - weights[0] / 10).max() < 0.015
    assert set(drawn[20_000:]) == {2}


def test_an_urn_of_many_choices_holds_them_all():
    rng = np.random.Generator(np.random.PCG64(0))
    assert len(np.unique(Urn.of(np.ones(300)).draw(rng, 20_000))) == 300
