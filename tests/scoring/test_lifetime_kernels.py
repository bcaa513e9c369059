"""Compiled = plain Python = the printed formula in 50 digits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custseg._kernels import (
    cells,
    lifetime_bgbb,
    lifetime_bgnbd,
    lifetime_nbd,
    lifetime_paretonbd,
    lifetime_spend,
)
from custseg.schema.bridge import read_only
from naive import lifetime as naive
from scoring.kernel_forms import forms

RULE = read_only(np.array(np.polynomial.legendre.leggauss(10)))
positive = st.floats(0.3, 20).map(lambda value: round(value, 3))
four = st.tuples(positive, positive, positive, positive)
weeks = st.floats(0.01, 120).map(lambda value: round(value, 2))
weights = st.sampled_from([1.0, 3.0, 0.5])
horizons = st.lists(st.sampled_from([0.01, 1.0, 52.0, 1000.0]), min_size=1, max_size=2)


@st.composite
def lives(draw):
    """(x, t_x, T, weight): none, some, many; the last purchase at the end, the start, between."""
    until = draw(weeks)
    x = draw(st.sampled_from([0, 0, 1, 2, 5, 30, 300]))
    if x == 0:
        return 0, 0.0, draw(st.sampled_from([0.0, until])), draw(weights)
    return x, until * draw(st.sampled_from([0.01, 0.4, 0.9, 1.0])), until, draw(weights)


@st.composite
def periods(draw):
    n = draw(st.integers(0, 9))
    x = draw(st.integers(0, n))
    return x, draw(st.integers(x, n)) if x else 0, n, draw(weights)


few = st.lists(lives(), min_size=1, max_size=3)


def arrays(rows, kinds="ifff"):
    types = {"i": np.int64, "f": np.float64}
    turned = zip(*rows, strict=True)
    return [
        read_only(np.array(each, types[kind])) for each, kind in zip(turned, kinds, strict=True)
    ]


def floats(values):
    return read_only(np.array(values, np.float64))


def agree(found, twin, *, rel=1e-9):
    """Equal relative to the largest: a gradient near 0 is a difference of large numbers."""
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, twin, rtol=rel, atol=rel * max(1.0, *map(abs, twin)))


@given(few, four, st.sampled_from([0, 1]))
def test_the_likelihoods_of_bgnbd_and_mbgnbd(rows, params, late):
    twin = naive.bgnbd_log_likelihood(rows, params, late)
    for function in forms(lifetime_bgnbd.log_likelihood):
        agree(function(*arrays(rows), floats(params), late), twin)


@given(few, four, st.sampled_from([0, 1]), horizons)
def test_the_scores_of_bgnbd_and_mbgnbd(rows, params, late, times):
    x, t_x, until, _ = arrays(rows)
    given_ = [row[:3] for row in rows]
    alive = naive.bgnbd_alive(given_, params, late)
    bought = naive.bgnbd_purchases(given_, params, late, times)
    for look, buy in forms(lifetime_bgnbd.alive, lifetime_bgnbd.purchases):
        agree(look(x, t_x, until, floats(params), late, np.empty(x.size)), alive)
        room = np.empty((x.size, len(times)))
        found = buy(x, t_x, until, floats(params), late, floats(times), room)
        np.testing.assert_allclose(found.ravel(), bought, rtol=1e-8, atol=1e-290)


@given(few, four, st.booleans())
def test_the_likelihood_of_paretonbd(rows, params, same):
    r, alpha, s, beta = params
    params = (r, alpha, s, alpha if same else beta)
    twin = naive.paretonbd_log_likelihood(rows, params)
    for function in forms(lifetime_paretonbd.log_likelihood):
        agree(function(*arrays(rows), floats(params), RULE), twin)


@given(few, four, st.sampled_from([None, 1.0]), horizons)
def test_the_scores_of_paretonbd(rows, params, s, times):
    params = (params[0], params[1], s or params[2], params[3])
    x, t_x, until, _ = arrays(rows)
    given_ = [row[:3] for row in rows]
    alive = naive.paretonbd_alive(given_, params)
    bought = naive.paretonbd_purchases(given_, params, times)
    for look, buy in forms(lifetime_paretonbd.alive, lifetime_paretonbd.purchases):
        found = look(x, t_x, until, floats(params), RULE, np.empty(x.size))
        np.testing.assert_allclose(found, alive, rtol=1e-9, atol=1e-290)
        room = np.empty((x.size, len(times)))
        found = buy(x, t_x, until, floats(params), RULE, floats(times), room)
        np.testing.assert_allclose(found.ravel(), bought, rtol=1e-9, atol=1e-290)


@given(few, st.tuples(positive, positive))
def test_the_likelihood_of_nbd(rows, params):
    x, _, until, many = arrays(rows)
    twin = naive.nbd_log_likelihood([(row[0], row[2], row[3]) for row in rows], params)
    for function in forms(lifetime_nbd.log_likelihood):
        agree(function(x, until, many, floats(params)), twin)


@given(st.lists(periods(), min_size=1, max_size=3), four, st.lists(st.integers(0, 5), max_size=2))
def test_the_likelihood_and_the_scores_of_bgbb(rows, params, times):
    x, t_x, n, many = arrays(rows, "iiif")
    twin = naive.bgbb_log_likelihood(rows, params)
    scores = naive.bgbb_scores([row[:3] for row in rows], params, times)
    for climb, look in forms(lifetime_bgbb.log_likelihood, lifetime_bgbb.scores):
        agree(climb(x, t_x, n, many, floats(params)), twin)
        room = np.empty((x.size, 1 + len(times)))
        found = look(x, t_x, n, floats(params), floats(times), room)
        np.testing.assert_allclose(found.ravel(), scores, rtol=1e-10, atol=1e-300)


@given(
    st.lists(st.tuples(st.sampled_from([1, 2, 40]), positive, weights), min_size=1, max_size=3),
    st.tuples(positive, positive, positive),
)
def test_the_likelihood_of_gamma_gamma(rows, params):
    twin = naive.spend_log_likelihood(rows, params)
    for function in forms(lifetime_spend.log_likelihood):
        agree(function(*arrays(rows, "iff"), floats(params)), twin)


times = st.sampled_from([0.0, 1.0, 2.5, 1e300])


@given(st.lists(st.tuples(st.integers(0, 3), times, times), max_size=30))
def test_equal_rows_are_one_cell(rows):
    x, t_x, until = arrays(rows, "iff") if rows else [np.zeros(0, np.int64)] * 3
    bits = [read_only(each.view(np.int64)) for each in (t_x, until)]
    places, firsts = naive.cells(rows)
    for function in forms(cells.cells):
        found = function(read_only(x), *bits, np.empty(len(rows), np.int32))
        assert found[0].tolist() == places
        assert found[1].tolist() == firsts


def test_more_cells_than_the_first_table_holds():
    x = read_only(np.arange(1_600) % 1_100)
    none = read_only(np.zeros(1_600, np.int64))
    for function in forms(cells.cells):
        places, firsts = function(x, none, none, np.empty(1_600, np.int32))
        assert places.tolist() == x.tolist()
        assert firsts.tolist() == list(range(1_100))


CDNOW = (0.24259453, 4.41360235, 0.79292211, 2.42590708)


@pytest.mark.compiled
@pytest.mark.parametrize("late", [0, 1])
def test_the_expectation_is_exact_on_the_whole_grid(late):
    """x up to 5,000, T from 0.1 to 1,000, horizons from 0.01 to 1,000: 1e-8 at most, no NaN."""
    rows = [
        (x, 0.0 if x == 0 else until * share, until)
        for x in (0, 1, 7, 50, 220, 1000, 5000)
        for until in (0.1, 39.0, 1000.0)
        for share in ((1.0,) if x == 0 else (0.5, 1.0))
    ]
    spans = [0.01, 1.0, 52.0, 1000.0]
    twin = np.array(naive.bgnbd_purchases(rows, CDNOW, late, spans)).reshape(-1, len(spans))
    x, t_x, until = arrays(rows, "iff")
    room = np.empty(twin.shape)
    with np.errstate(all="raise"):
        found = lifetime_bgnbd.purchases(x, t_x, until, floats(CDNOW), late, floats(spans), room)
    assert np.isfinite(found).all()
    # What is smaller than the smallest float of full precision is nothing.
    some = twin > 1e-290
    assert some.mean() > 0.7
    np.testing.assert_allclose(found[some], twin[some], rtol=1e-8)
    assert (found[~some] < 1e-280).all()


@pytest.mark.parametrize("a", [1 - 1e-9, 1.0, 1 + 1e-9, 1e-3, 30.0, 700.0, 1e4, 1e11])
def test_nothing_is_special_about_a_chance_to_leave_of_one_or_of_nearly_all(a):
    rows = [(0, 0.0, 39.0), (3, 20.0, 39.0), (400, 39.0, 39.0)]
    params = (0.2426, 4.4136, a, 2.4259)
    x, t_x, until = arrays(rows, "iff")
    twin = naive.bgnbd_purchases(rows, [*params[:2], a, 2.4259], 0, [52.0])
    room = np.empty((3, 1))
    found = lifetime_bgnbd.purchases(x, t_x, until, floats(params), 0, floats([52.0]), room)
    np.testing.assert_allclose(found.ravel(), twin, rtol=1e-9, atol=1e-290)


@pytest.mark.compiled
def test_a_horizon_of_twenty_thousand_mean_gaps_is_exact_too():
    params = (0.125, 0.055, 4.0, 1.0)
    twin = naive.bgnbd_purchases([(0, 0.0, 0.0)], params, 0, [1000.0])
    none = floats([0.0])
    found = lifetime_bgnbd.purchases(
        read_only(np.zeros(1, np.int64)),
        none,
        none,
        floats(params),
        0,
        floats([1000.0]),
        np.empty((1, 1)),
    )
    assert found[0, 0] == pytest.approx(twin[0], rel=1e-9)


def test_what_no_float_can_hold_is_zero_and_no_warning():
    x, t_x, until, many = arrays([(5000, 0.1, 1000.0, 1.0), (3, 1e-9, 1e6, 1.0)])
    for late, kernel in ((0, lifetime_bgnbd), (1, lifetime_bgnbd)):
        found = kernel.alive(x, t_x, until, floats(CDNOW), late, np.empty(2))
        assert found[0] == 0.0
        likely = kernel.log_likelihood(x, t_x, until, many, floats(CDNOW), late)
        assert all(map(math.isfinite, likely.tolist()))
    found = lifetime_paretonbd.alive(x, t_x, until, floats(CDNOW), RULE, np.empty(2))
    assert found[0] == 0.0
    likely = lifetime_paretonbd.log_likelihood(x, t_x, until, many, floats(CDNOW), RULE)
    assert all(map(math.isfinite, likely.tolist()))
