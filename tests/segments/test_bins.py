"""Bins against the definition, spelled out in fractions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custseg.segments.bins import (
    between,
    distinct,
    grouped_reached,
    grouped_starts,
    reached,
    starts,
)
from naive import segments as naive

whole = st.integers(-3, 9) | st.integers(-(10**12), 10**12)
money = st.floats(-1e9, 1e9) | st.sampled_from([0.0, -0.0, 0.1, 19.99])
lists = st.lists(whole, max_size=40) | st.lists(money, max_size=40)


def column(values):
    return np.array(values, np.float64 if any(isinstance(v, float) for v in values) else np.int64)


@given(lists)
def test_distinct_counts_every_value_once(values):
    found, counts = distinct(column(values))
    assert found.tolist() == sorted(set(values))
    assert counts.tolist() == [values.count(value) for value in found.tolist()]
    assert counts.dtype == np.int64


@given(lists, st.integers(2, 12))
def test_starts_are_those_of_the_definition(values, bins):
    assert list(starts(*distinct(column(values)), bins=bins)) == naive.starts(values, bins)


def test_nobody_leaves_every_start_open():
    assert starts(*distinct(column([])), bins=5) == (math.inf,) * 4


def test_a_heavy_tie_leaves_bins_unused():
    # 6 of 10 at 1, so the first three cut points are 1 and bins 2 and 3 stay empty.
    assert starts(np.array([1, 2, 5, 9]), np.array([6, 2, 1, 1]), bins=5) == (2, 2, 2, 5)


def test_a_start_is_never_minus_zero():
    assert [math.copysign(1, s) for s in starts(*distinct(column([-0.0, -1.0])), bins=2)] == [1]


@given(lists, st.lists(money, min_size=1, max_size=6).map(sorted), st.booleans())
def test_reached_counts_the_starts_at_or_below(values, cuts, capped):
    cuts = (*cuts, math.inf) if capped else tuple(cuts)
    expected = [sum(cut <= value for cut in cuts) for value in values]
    assert reached(column(values), cuts).tolist() == expected


@given(st.lists(whole, max_size=20), st.lists(whole, min_size=17, max_size=40).map(sorted))
def test_many_starts_are_reached_as_few_are(values, cuts):
    expected = [sum(cut <= value for cut in cuts) for value in values]
    assert reached(column(values), tuple(float(cut) for cut in cuts)).tolist() == expected


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), max_size=30), st.integers(2, 5))
def test_groups_are_cut_and_scored_by_themselves(rows, bins):
    member = np.array([group for group, _ in rows], np.int64)
    values = np.array([value for _, value in rows], np.int64)
    found = grouped_starts(values, np.ones(len(rows), np.int64), member, groups=3, bins=bins)
    for group in range(3):
        inside = [value for where, value in rows if where == group]
        assert list(found[group]) == (
            naive.starts(inside, bins) if inside else [math.inf] * (bins - 1)
        )
    scores = 1 + grouped_reached(values, member, found)
    assert scores.tolist() == naive.within(member.tolist(), values.tolist(), bins)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20), st.integers(2, 5))
def test_counts_stand_for_repeated_rows(values, bins):
    kept, counts = distinct(np.array(values))
    here = np.zeros(kept.size, np.int64)
    assert grouped_starts(kept, counts, here, groups=1, bins=bins) == (
        starts(kept, counts, bins=bins),
    )


@pytest.mark.parametrize(
    ("value", "cuts", "days", "text"),
    [
        (3, (4.0, 8.0), False, "< 4"),
        (4, (4.0, 8.0), False, "≥ 4, < 8"),
        (9, (4.0, 8.0), False, "≥ 8"),
        (9, (4.0, math.inf), False, "≥ 4"),
        (2, (2.0, 2.0, 5.5), False, "≥ 2, < 5.5"),
        (2, (18.0, 40.0), True, "≤ 17"),
        (18, (18.0, 40.5), True, "≥ 18, ≤ 40"),
        (1, (math.inf,), False, "in the only bin"),
    ],
)
def test_bounds_are_those_of_the_bin_a_value_is_in(value, cuts, days, text):
    assert between(value, cuts, whole_days=days) == text
