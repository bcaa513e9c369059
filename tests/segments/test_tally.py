"""Tallies: what adds up."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custseg.segments.tally import Tally
from segments.shelf import measured, populations

kinds = st.sampled_from([Tally.of_each, Tally.of_rows])
NAMES = ("recency_days", "orders", "spend")


def bought(customers):
    return measured([each for each in customers if each[1]]).select(NAMES)


@given(populations, populations, kinds)
def test_a_tally_of_both_is_the_sum_of_the_tallies(some, others, kind):
    assert kind(bought(some)) + kind(bought(others)) == kind(bought(some + others))


@given(populations, populations, populations, kinds)
def test_the_order_of_summing_makes_no_difference(a, b, c, kind):
    a, b, c = (kind(bought(part)) for part in (a, b, c))
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a


@given(populations)
def test_every_customer_is_counted_once_in_each_table(customers):
    rows = bought(customers)
    for tally in (Tally.of_each(rows), Tally.of_rows(rows)):
        assert [table["customers"].sum() for table in tally.tables] == [rows.height] * len(
            tally.tables
        )


def test_tallies_that_differ_are_not_equal():
    one, two = (Tally.of_each(pl.DataFrame({"orders": [n]})) for n in (1, 2))
    assert one != two
    assert one != Tally((*one.tables, *two.tables))
    assert one != "a tally"
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)
