"""Bands: half-open, total, told in words, and the same after a trip through text."""

from __future__ import annotations

import json
import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from custseg.errors import FitError
from custseg.segments.bands import Bands
from segments.shelf import Shelf

RISK = Bands("churn_risk", ("safe", "watch", "leaving"), (0.4, 0.8))
scores = st.lists(st.none() | st.sampled_from([0.0, 0.4, 0.8, math.nan]) | st.floats(0, 1))


def scored(values):
    return pl.DataFrame(
        {
            "customer_id": range(len(values)),
            "churn_risk": pl.Series(values, dtype=pl.Float64),
            "orders": [1] * len(values),
            "spend": [10.0] * len(values),
        }
    )


def expected(value):
    if value is None or math.isnan(value):
        return "unscored"
    return "safe" if value < 0.4 else "watch" if value < 0.8 else "leaving"


@given(scores)
def test_every_customer_is_in_the_band_its_score_lies_in(values):
    found = RISK.segment(Shelf(scored(values)))
    assert found.segments == ("safe", "watch", "leaving", "unscored")
    assert found.frame["segment"].to_list() == [expected(value) for value in values]
    assert found.sizes()["customers"].sum() == len(values)


@given(scores)
def test_a_row_alone_has_the_label_it_has_among_others(values):
    frame = scored(values)
    whole = RISK.label(frame)
    assert all(RISK.label(frame[at]).equals(whole[at]) for at in range(len(values)))


def test_whole_numbers_and_nothing_at_all_are_scores():
    bands = Bands("orders", ("few", "many"), (2,))
    frame = pl.DataFrame({"customer_id": [1, 2], "orders": [1, 2]})
    assert bands.label(frame)["segment"].to_list() == ["few", "many"]
    nothing = frame.with_columns(orders=pl.lit(None))
    assert bands.label(nothing)["segment"].to_list() == ["unscored"] * 2


def test_why_names_the_bounds():
    found = RISK.segment(Shelf(scored([0.1, 0.4, None])))
    assert found.why(0) == "churn_risk 0.1 < 0.4; → safe"
    assert found.why(1) == "churn_risk 0.4 ≥ 0.4, < 0.8; → watch"
    assert found.why(2) == "no churn_risk; → unscored"


@given(
    st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.just(math.inf), max_size=4).map(
        sorted
    )
)
def test_the_text_holds_all_of_it(starts):
    bands = (
        Bands("clv", [f"band {at}" for at in range(len(starts) + 1)], starts) if starts else RISK
    )
    assert Bands.from_json(bands.to_json()) == bands
    assert bands.fit(cu.datasets.simulate(20, 30, seed=1).base()) is bands


def test_a_score_of_the_base_is_banded():
    shop = cu.datasets.simulate(200, 365, seed=1).base()
    score = shop.measures("recency_days").select(
        "customer_id", churn_risk=(pl.col("recency_days") / 365).clip(0, 1)
    )
    found = RISK.assign(shop.with_measures(score))
    assert found.frame.height == shop.customer_ids.len()
    assert found.profile(shop, "recency_days")["recency_days"].head(3).is_sorted()


def test_everything_that_is_wrong_is_said_at_once():
    with pytest.raises(FitError) as told:
        Bands("", ("a", "a", ""), "0.5", otherwise=3)
    assert [problem.what for problem in told.value.problems] == [
        "by is ''",
        "'' is no name",
        "3 is no name",
        "two bands are named 'a'",
        "starts are '0.5'",
    ]


@pytest.mark.parametrize(
    ("names", "starts", "told"),
    [
        (("a",), (), "names are"),
        (None, (0.5,), "names are"),
        ("ab", (0.5,), "names are"),
        (("a", "b"), (0.1, 0.2), "2 starts for 2 bins"),
        (("a", "b", "c"), (0.2, 0.1), "stands before"),
        (("a", "b"), (math.nan,), "starts no bin"),
        (("a", "b"), ("x",), "starts are"),
    ],
)
def test_bands_that_are_none_are_refused(names, starts, told):
    with pytest.raises(FitError, match=told):
        Bands("p_alive", names, starts)


def test_a_score_of_words_is_refused():
    with pytest.raises(FitError, match="bands are of numbers"):
        Bands("region", ("a", "b"), (1,)).label(pl.DataFrame({"customer_id": [1], "region": ["x"]}))


@pytest.mark.parametrize("change", [{"starts": 3}, {"names": "ab"}, {"by": None}])
def test_a_text_that_is_changed_is_refused(change):
    document = {**json.loads(RISK.to_json()), **change}
    with pytest.raises(FitError):
        Bands.from_json(json.dumps(document))
