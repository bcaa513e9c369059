"""Engagement: a decayed sum that does not depend on how the rows come."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from custseg._kernels import engagement as kernels
from custseg.schema.clock import DAY
from custseg.scoring import engagement as module
from custseg.scoring.engagement import Engagement
from custseg.scoring.places import Places
from naive import engagement as naive

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
KINDS = ("browse", "cart", "review", "complaint")
WEIGHTS = {"browse": 1, "cart": 2.5, "review": 0.1, "complaint": -4}

events = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.integers(0, 400 * 24),
        st.sampled_from([*KINDS, "visit"]),
    ),
    max_size=25,
)


def log(rows, ids=None):
    """Events of (customer, hours since the start, kind)."""
    names = range(len(rows)) if ids is None else ids
    return cu.table(cu.Event).require(
        pl.DataFrame(
            {
                "event_id": pl.Series(list(names), dtype=pl.Int64),
                "customer_id": pl.Series([row[0] for row in rows], dtype=pl.Int64),
                "at": pl.Series(
                    [START + dt.timedelta(hours=row[1]) for row in rows],
                    dtype=pl.Datetime("us", "UTC"),
                ),
                "kind": pl.Series([row[2] for row in rows], dtype=pl.String),
            }
        )
    )


def frozen(values, dtype=np.int64):
    made = np.array(values, dtype)
    made.flags.writeable = False
    return made


def both(kernel):
    """The compiled kernel and its Python original."""
    original = getattr(kernel, "py_func", kernel)
    return [pytest.param(kernel, id="compiled"), pytest.param(original, id="py_func")]


@pytest.mark.parametrize("fade", both(kernels.fade))
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 2), st.integers(-(10**13), 10**12), st.floats(-1, 1)), max_size=12
    ),
    half_life=st.floats(0.5, 1000),
)
def test_fade_is_its_twin(fade, rows, half_life):
    places, instants = (frozen([row[at] for row in rows]) for at in (0, 1))
    weights = frozen([row[2] for row in rows], np.float64)
    per_us = 1 / (half_life * DAY)
    numbers, table = frozen(places + 5), frozen([0, 1, 2])
    sums = fade(numbers, instants, weights, 5, table, 0, per_us, np.zeros((3, 2), np.int64))
    found = (sums[:, 0] + sums[:, 1] / kernels.UNIT) / kernels.UNIT
    exact = naive.fade(places.tolist(), instants.tolist(), weights.tolist(), 0, per_us, 3)
    assert np.allclose(found, exact, rtol=0, atol=1e-15 * max(len(rows), 1))


@given(rows=events, order=st.randoms(use_true_random=False), parts=st.integers(1, 3))
def test_the_score_does_not_depend_on_the_order_of_rows_nor_on_the_number_of_threads(
    rows, order, parts
):
    score = Engagement(WEIGHTS, half_life_days=7).score
    base = cu.CustomerBase(events=log(rows))
    shuffled = list(range(len(rows)))
    order.shuffle(shuffled)
    again = cu.CustomerBase(events=log([rows[at] for at in shuffled], ids=shuffled))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SMALL", 1)
        patch.setenv("CUSTSEG_THREADS", str(parts))
        cut = score(again)
    assert score(base).equals(cut)


@given(rows=events, hours=st.integers(1, 10_000))
def test_nothing_but_time_passing_fades_the_score_by_its_half_lives(rows, hours):
    engagement = Engagement(WEIGHTS, half_life_days=30)
    base = cu.CustomerBase(events=log(rows))
    later = base.as_of(base.instant + dt.timedelta(hours=hours))
    faded = engagement.score(base)["engagement"] * 2 ** (-hours / 24 / 30)
    assert np.allclose(engagement.score(later)["engagement"], faded, rtol=1e-12, atol=1e-14)


@given(rows=events, hours=st.integers(0, 400 * 24))
def test_events_after_the_as_of_change_nothing(rows, hours):
    engagement = Engagement(WEIGHTS, half_life_days=14)
    at = START + dt.timedelta(hours=hours)
    seen = [row for row in rows if row[1] <= hours]
    known = engagement.score(cu.CustomerBase(events=log(seen)).as_of(at))
    assert engagement.score(cu.CustomerBase(events=log(rows)).as_of(at)).equals(known)


def test_who_did_nothing_scores_0_and_everyone_stands_in_the_frame_once():
    people = cu.table(cu.Customer).require(pl.DataFrame({"customer_id": [3, 1, 2]}))
    base = cu.CustomerBase(customers=people, events=log([(2, 0, "visit"), (3, 0, "browse")]))
    assert Engagement({"browse": 2}).score(base).rows() == [(1, 0.0), (2, 0.0), (3, 2.0)]


def test_a_hundred_thousand_equal_events_add_up_exactly():
    rows = 100_000
    touches = pl.DataFrame(
        {
            "event_id": pl.int_range(rows, eager=True),
            "customer_id": pl.repeat("one", rows, eager=True),
            "at": pl.repeat(START, rows, dtype=pl.Datetime("us", "UTC"), eager=True),
            "kind": pl.repeat("browse", rows, eager=True),
        }
    )
    base = cu.CustomerBase(events=cu.table(cu.Event).require(touches))
    assert Engagement({"browse": 0.1}).score(base).rows() == [("one", 10_000.0)]


def test_the_score_is_a_measure_that_rules_can_read():
    base = cu.CustomerBase(events=log([(1, 0, "browse"), (2, 0, "cart")]))
    scored = base.with_measures(Engagement(WEIGHTS, name="warmth").score(base))
    assert scored.where("warmth > 2").customer_ids.to_list() == [2]


def test_everything_that_is_wrong_is_said_at_once():
    with pytest.raises(cu.SchemaError) as told:
        Engagement({"browse": "much", "": 1}, half_life_days=0, name="spend_30d")
    assert [problem.what for problem in told.value.problems] == [
        "'browse' weighs 'much'",
        "'' is no kind of event",
        "the half-life is 0",
        "'spend_30d' is a measure already",
    ]


@pytest.mark.parametrize(
    "weights", [{}, None, 3, {"browse": 0}, {"browse": float("nan")}, {"browse": 1e300}]
)
def test_weights_that_weigh_nothing_are_refused(weights):
    with pytest.raises(cu.SchemaError):
        Engagement(weights)


def test_a_name_that_is_none_is_refused():
    with pytest.raises(cu.SchemaError, match="no name"):
        Engagement({"browse": 1}, name="")


def test_a_base_without_events_is_refused():
    base = cu.CustomerBase(customers=None, orders=cu.table(cu.Order).frame([]))
    with pytest.raises(cu.SchemaError, match="events="):
        Engagement({"browse": 1}).score(base)


@given(
    known=st.sets(st.integers(-5, 5) | st.integers(-(10**12), 10**12), min_size=1),
    picks=st.lists(st.integers(0, 99)),
)
def test_places_are_where_ids_stand_whatever_their_range_and_type(known, picks):
    for kind, dtype in ((int, pl.Int64), (str, pl.String)):
        customers = sorted(map(kind, known))
        wanted = [pick % len(customers) for pick in picks]
        ids = pl.Series([customers[place] for place in wanted], dtype=dtype)
        found = Places.of(ids, pl.Series(customers, dtype=dtype))
        assert found.table[found.numbers - found.lowest].tolist() == wanted
