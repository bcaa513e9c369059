"""Money seen as two words an amount, without a copy."""

from __future__ import annotations

import gc
from decimal import Decimal

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from custseg.schema.arrow import bits, known, longs, true, words

amounts = st.integers(-(10**18) + 1, 10**18 - 1)


def money(units):
    return pl.Series(units, dtype=pl.Int128).reinterpret(dtype=pl.Decimal(18, 2))


@given(chunks=st.lists(st.lists(amounts, min_size=1), min_size=1, max_size=3), drawn=st.data())
def test_the_low_word_is_the_amount_and_the_high_word_its_sign(chunks, drawn):
    column = pl.concat([money(chunk) for chunk in chunks], rechunk=False)
    units = [unit for chunk in chunks for unit in chunk]
    low = drawn.draw(st.integers(0, len(units)))
    seen = words(column.slice(low))
    assert seen[:, 0].tolist() == units[low:]
    assert seen[:, 1].tolist() == [-(unit < 0) for unit in units[low:]]


def test_an_empty_column_has_no_words():
    assert words(money([])).shape == (0, 2)


def test_words_are_a_view_that_cannot_be_written_to():
    column = money([150])
    assert not words(column).flags.writeable
    assert words(column).__array_interface__["data"] == words(column).__array_interface__["data"]


def test_words_outlive_the_column_they_were_seen_in():
    column = money(np.arange(100_000))
    seen = words(column)[:, 0]
    del column
    gc.collect()
    for _ in range(20):
        assert money(np.full(100_000, 7)).sum() == Decimal(7_000)
    assert seen.tolist() == list(range(100_000))


flags = st.lists(st.none() | st.booleans(), max_size=40)


@given(values=flags, drawn=st.data())
def test_known_says_which_rows_have_a_value(values, drawn):
    low = drawn.draw(st.integers(0, len(values)))
    for dtype in (pl.Boolean, pl.Int64, pl.String):
        column = pl.Series(values, dtype=pl.Boolean).cast(dtype).slice(low)
        assert known(column).tolist() == [value is not None for value in values[low:]]


@given(values=st.lists(st.booleans(), min_size=1, max_size=40), drawn=st.data())
def test_a_slice_of_flags_has_as_many_bytes_as_its_rows_need(values, drawn):
    low = drawn.draw(st.integers(0, len(values) - 1))
    seen = bits(pl.Series(values).slice(low))
    assert seen.size == (len(values) - low + 7) // 8
    assert np.unpackbits(seen, bitorder="little")[: len(values) - low].tolist() == values[low:]


@given(values=flags, drawn=st.data())
def test_true_are_the_rows_that_are_neither_false_nor_null(values, drawn):
    low, cut = (drawn.draw(st.integers(0, len(values))) for _ in range(2))
    column = pl.Series(values, dtype=pl.Boolean)
    chunks = pl.concat([column.slice(0, cut), column.slice(cut)], rechunk=False)
    assert true(chunks.slice(low)).tolist() == [value is True for value in values[low:]]


@given(
    values=st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), max_size=40),
    drawn=st.data(),
)
def test_longs_are_the_values_where_there_are_some(values, drawn):
    low, cut = (drawn.draw(st.integers(0, len(values))) for _ in range(2))
    column = pl.Series(values, dtype=pl.Int64)
    chunks = pl.concat([column.slice(0, cut), column.slice(cut)], rechunk=False).slice(low)
    seen = longs(chunks)
    assert not (seen.size and seen.flags.writeable)
    assert seen[known(chunks)].tolist() == [value for value in values[low:] if value is not None]


def test_two_looks_at_one_memory_release_it_once():
    column = pl.Series([True, None, False] * 50_000)
    for _ in range(50):
        assert true(column).sum() == 50_000
    gc.collect()
    assert true(column).tolist() == [True, False, False] * 50_000
