"""The churn model: nothing of the future reaches it, and its test tells how good it is."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import math
import sys

import numpy as np
import polars as pl
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import custseg as cu
from custseg.errors import FitError, MissingExtra, SchemaError
from custseg.scoring import churn_trees
from custseg.scoring.churn_model import ChurnModel
from custseg.scoring.churn_test import ChurnTest
from custseg.scoring.churn_trees import Forest, log_odds
from custseg.scoring.recalibration import recalibrated
from naive import forest as naive

DAY = dt.date(2026, 3, 31)
QUICK = {"trees": 10, "leaves": 4, "learning_rate": 0.3}
TRAIN, LATER, LAST = "2025-03-31", "2025-06-30", "2025-09-29"


@pytest.fixture(scope="module")
def shop():
    pytest.importorskip("sklearn")
    return cu.datasets.simulate(1_500, 730, seed=8).base()


@pytest.fixture(scope="module")
def fit(shop):
    return ChurnModel(cu.Window(days=90), **QUICK).fit(shop, at=TRAIN)


def rebuilt(shop, orders):
    """The shop with other orders, and nothing else."""
    return cu.CustomerBase(orders=orders, customers=shop.customers, tz=shop.tz).as_of(shop.instant)


def with_another_future(shop, day):
    """The orders of a shop through a day, and others after it."""
    orders, ends = shop.log("orders"), shop.as_of(day).instant
    known, later = (
        orders.filter(pl.col("ordered_at") <= ends),
        orders.filter(pl.col("ordered_at") > ends),
    )
    # Shifted, dearer, and of other customers.
    other = later.with_columns(
        pl.col("customer_id").reverse(),
        (pl.col("total") * 3).cast(later.schema["total"]),
        pl.col("ordered_at") + dt.timedelta(hours=5),
    )
    return rebuilt(shop, pl.concat([known, other.head(other.height // 2)]))


def test_rows_after_what_it_learns_from_change_nothing(shop, fit):
    again = ChurnModel(cu.Window(days=90), **QUICK).fit(
        with_another_future(shop, str(fit.until)), at=TRAIN
    )
    day = str(fit.until)
    assert again.score(shop.as_of(day)).equals(fit.score(shop.as_of(day)))
    assert (again.customers, again.churned_share) == (fit.customers, fit.churned_share)


def test_rows_after_the_as_of_change_no_score(shop, fit):
    other = with_another_future(shop, LATER)
    assert fit.score(other.as_of(LATER)).equals(fit.score(shop.as_of(LATER)))
    told, later = (fit.test(base, at=LATER).frame for base in (shop, other))
    assert told["churn_probability"].equals(later["churn_probability"])
    # What happened after is another matter: the other future is seen there, and only there.
    assert not told["churned"].equals(later["churned"])


def test_measures_know_nothing_of_the_horizon_that_labels_come_from(shop):
    model = ChurnModel(cu.Window(days=90), **QUICK)
    labels = model.labels(shop, TRAIN, where="here")
    seen, other = (base.as_of(TRAIN) for base in (shop, with_another_future(shop, TRAIN)))
    ids = labels["customer_id"]
    assert np.array_equal(model.matrix(seen, ids), model.matrix(other, ids), equal_nan=True)


def test_a_day_before_the_end_of_what_was_learnt_is_refused(shop, fit):
    with pytest.raises(FitError, match="trained on what happened through 2025-06-29"):
        fit.score(shop.as_of("2025-06-28"))
    with pytest.raises(FitError, match="trained on"):
        fit.test(shop, at="2025-06-28")
    with pytest.raises(FitError, match="trained on"):
        fit.calibrated(shop, at="2025-06-28")
    assert fit.score(shop.as_of(str(fit.until))).height


def test_a_horizon_that_is_not_over_is_refused(shop, fit):
    with pytest.raises(FitError, match="ends on 2025-06-29, and the base is seen as of 2025-06-01"):
        ChurnModel(cu.Window(days=90)).fit(shop.as_of("2025-06-01"), at=TRAIN)
    with pytest.raises(FitError, match="UTC"):
        fit.test(shop, at="2025-12-01")


@pytest.mark.parametrize("name", ["region", "gender", "loyalty", 7])
def test_what_has_no_history_is_refused(name):
    with pytest.raises(FitError, match="may tell what happened later"):
        ChurnModel(measures=("orders", name))


def test_measures_of_text_are_refused():
    rows = pl.DataFrame(
        {
            "order_id": [1, 2],
            "customer_id": [1, 2],
            "ordered_at": ["2024-01-01", "2024-01-02"],
            "total": [1, 2],
            "category": ["tea", "tea"],
        }
    )
    base = cu.CustomerBase(lines=cu.table(cu.OrderLine).require(rows))
    with pytest.raises(FitError, match="'top_category' is String"):
        ChurnModel(measures=("top_category",)).matrix(base, pl.Series([1, 2]))


def test_own_measures_are_read(shop):
    app = cu.Measure("app_share", "channel = 'app'", over="orders", how="mean")
    model = ChurnModel(measures=(app, "orders"), **QUICK)
    assert model.fit(shop, at=TRAIN).score(shop)["churn_probability"].is_between(0, 1).any()


def test_engagement_is_read_as_of_the_day(shop):
    warmth = cu.Engagement({"browse": 1, "cart": 3}, name="warmth")
    model = ChurnModel(measures=(warmth, "orders"), **QUICK)
    ids = model.labels(shop, TRAIN, where="here")["customer_id"]
    early = shop.as_of(TRAIN)
    known = warmth.score(early).filter(pl.col("customer_id").is_in(ids.implode()))["warmth"]
    assert model.matrix(early, ids)[:, 0].tolist() == known.to_list()
    assert model.fit(shop, at=TRAIN).test(shop, at=LATER).auc > 0.5


def test_the_model_does_not_depend_on_the_order_of_rows_nor_on_the_number_of_threads(
    shop, fit, monkeypatch
):
    monkeypatch.setenv("CUSTSEG_THREADS", "1")
    again = rebuilt(shop, shop.log("orders").reverse())
    other = ChurnModel(cu.Window(days=90), **QUICK).fit(again, at=TRAIN)
    assert other.score(again).equals(fit.score(shop))


def test_it_tells_better_than_chance_who_stops_buying(shop, fit):
    test = fit.test(shop, at=LATER)
    assert test.auc > 0.7
    assert test.lift()["lift"][0] > 1.2
    assert repr(fit).endswith(" % without an order through 2025-06-29")
    share = test.frame["churned"].mean()
    assert test.brier < share * (1 - share)
    assert repr(test).startswith(f"{test.frame.height} customers as of 2025-06-30, ")


def test_calibration_keeps_who_is_ahead_and_moves_on_what_was_learnt(shop, fit):
    better = fit.calibrated(shop, at=LATER)
    assert str(better.until) == "2025-09-28"
    before, after = fit.test(shop, at=LAST), better.test(shop, at=LAST)
    assert after.auc == pytest.approx(before.auc)
    assert better.calibration != fit.calibration
    with pytest.raises(FitError, match="trained on"):
        better.test(shop, at=LATER)


def test_who_has_not_bought_has_no_probability(shop, fit):
    scores = shop.measures("orders").join(fit.score(shop), on="customer_id")
    unknown = scores["churn_probability"].is_null()
    assert unknown.equals(scores["orders"] == 0)
    assert unknown.any()


def test_where_nobody_has_bought_nobody_has_a_probability(shop, fit):
    nobody = shop.where("orders = 0")
    found = fit.score(nobody)
    assert found.height == nobody.customer_ids.len() > 0
    assert found["churn_probability"].null_count() == found.height


def test_all_alike_cannot_be_learnt_from(shop):
    with pytest.raises(FitError, match="all did the same"):
        ChurnModel(cu.Window(days=1)).fit(shop.where("recency_days > 700"), at="2024-01-15")
    with pytest.raises(FitError, match="had ordered before"):
        ChurnModel(cu.Window(days=1)).fit(shop, at="2022-01-01")


def test_the_missing_package_is_named(shop, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(MissingExtra, match=r"custseg\[learn\]"):
        ChurnModel().fit(shop, at=TRAIN)


def test_everything_that_is_wrong_is_said_at_once():
    with pytest.raises(FitError) as told:
        ChurnModel(90, measures=(), trees=0, leaves=1.5, learning_rate=0, seed=-1)
    assert [problem.where.removeprefix("ChurnModel.") for problem in told.value.problems] == [
        "horizon",
        "measures",
        "trees",
        "leaves",
        "seed",
        "learning_rate",
    ]


# ---------------------------------------------------------------- the test of a model

told = st.lists(
    st.tuples(st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9]), st.booleans()), min_size=1, max_size=20
)


def judged(rows):
    schema = {"churn_probability": pl.Float64, "churned": pl.Boolean}
    return ChurnTest(frame=pl.DataFrame(rows, schema, orient="row"), day=DAY)


@given(rows=told)
def test_the_area_is_how_often_a_churner_had_the_higher_probability(rows):
    yes = [score for score, churned in rows if churned]
    no = [score for score, churned in rows if not churned]
    pairs = [(a > b) + (a == b) / 2 for a in yes for b in no]
    area = judged(rows).auc
    assert area == (pytest.approx(sum(pairs) / len(pairs)) if pairs else None)


@given(rows=told, bins=st.integers(1, 12), order=st.randoms(use_true_random=False))
def test_groups_hold_everyone_once_and_do_not_depend_on_the_order_of_rows(rows, bins, order):
    lift, calibration = judged(rows).lift(bins), judged(rows).calibration(bins)
    for groups in (lift, calibration):
        assert groups["customers"].sum() == len(rows)
        assert groups["group"].is_between(1, bins).all()
    churned = sum(gone for _, gone in rows)
    assert lift["churned"].sum() == churned
    assert lift["captured_share"].to_list()[-1:] == ([1.0] if churned else [None])
    assert calibration["predicted"].is_sorted()
    shuffled = list(rows)
    order.shuffle(shuffled)
    assert judged(shuffled).lift(bins).equals(lift)
    assert judged(shuffled).calibration(bins).equals(calibration)
    assert 0 <= judged(rows).calibration_error <= 1


@given(rows=told, value=st.integers(1, 50), cost=st.integers(0, 20), half=st.booleans())
def test_no_other_threshold_earns_more(rows, value, cost, half):
    success = 0.5 if half else 1.0
    best = judged(rows).threshold(value=value, cost=cost, success=success)
    for start in (0, 0.1, 0.25, 0.5, 0.75, 0.9, 1):
        contacted = [churned for score, churned in rows if score >= start]
        assert sum(contacted) * success * value - len(contacted) * cost <= best.profit + 1e-9
    contacted = [churned for score, churned in rows if score >= best.probability]
    assert best.customers == len(contacted)
    assert best.profit == pytest.approx(sum(contacted) * success * value - len(contacted) * cost)
    assert best.break_even == pytest.approx(cost / (value * success))


def test_scores_of_a_test_are_those_of_the_definitions():
    test = judged([(0.9, True), (0.5, False)])
    assert test.brier == pytest.approx((0.01 + 0.25) / 2)
    assert test.log_loss == pytest.approx(-(np.log(0.9) + np.log(0.5)) / 2)
    assert repr(test) == (
        "2 customers as of 2026-03-31, 50.0 % churned: AUC 1.000, Brier 0.130, off by 0.300"
    )
    assert "AUC –" in repr(judged([(0.9, True)]))


def test_numbers_out_of_range_are_refused():
    test = judged([(0.9, True)])
    with pytest.raises(SchemaError) as told_of:
        test.threshold(value=0, cost=-1, success=2)
    assert len(told_of.value.problems) == 3
    with pytest.raises(SchemaError, match="groups"):
        test.lift(0)


@settings(max_examples=20)
@given(intercept=st.floats(-1, 1), slope=st.floats(0.3, 2), seed=st.integers(0, 2**16))
def test_recalibration_finds_the_odds_that_were_distorted(intercept, slope, seed):
    rng = np.random.default_rng(seed)
    odds = rng.normal(size=20_000)
    happened = rng.random(odds.size) < 1 / (1 + np.exp(-(intercept + slope * odds)))
    assert recalibrated(odds, happened) == pytest.approx((intercept, slope), abs=0.12)


def test_recalibration_of_what_always_happened_stays_finite():
    found = recalibrated(np.array([1.0, 2.0, 3.0]), np.array([True, True, True]))
    assert np.isfinite(found).all()


# Its text form, and its trees without scikit-learn


def test_a_model_is_equal_after_the_trip_through_text(shop, fit):
    calibrated = fit.calibrated(shop, at=LATER)
    for each in (fit, calibrated):
        again = cu.ChurnFit.from_json(each.to_json())
        assert again == each
        assert repr(again) == repr(each)
        assert again.score(shop).equals(each.score(shop))
    assert fit != calibrated


def test_all_that_may_be_read_has_a_text():
    told = cu.Measure("app_orders", "channel = 'app'", over="orders", how="count")
    touches = cu.Engagement({"browse": 1.0, "cart": 4.0}, half_life_days=14, name="warmth")
    recipe = ChurnModel(cu.Window(months=3), measures=["orders", told, touches], **QUICK)
    made = cu.ChurnFit(
        recipe=recipe,
        day=DAY,
        until=DAY,
        customers=3,
        churned_share=0.5,
        forest=Forest(0.25, (((1, 1, 2, True, math.inf, 0.0), LEAF, LEAF), (LEAF,))),
        calibration=(0.5, 1.5),
    )
    assert cu.ChurnFit.from_json(made.to_json()) == made
    assert "Infinity" not in made.to_json()
    secret = cu.Measure("x", pl.col("channel") == "app", over="orders", how="count")
    other = cu.Measure("y", pl.col("channel") == "web", over="orders", how="count")
    with pytest.raises(FitError) as caught:
        evolve(made, recipe=evolve(recipe, measures=(secret, told, other))).to_json()
    assert [each.what for each in caught.value.problems] == [
        f"measure '{name}' is a polars expression, which has no text form" for name in ("x", "y")
    ]
    assert {each.where for each in caught.value.problems} == {"ChurnFit.to_json"}
    assert "SQL text" in caught.value.problems[0].fix


@pytest.mark.parametrize(
    ("change", "told", "part"),
    [
        ({"fit": "spend"}, "no churn model", ""),
        ({"format": 9}, "format 9 is not known", ": format"),
        ({"tree": 3}, "'tree' is no part of a churn model", ""),
        ({"day": "soon"}, "'soon' is no day", ": day"),
        ({"until": 3}, "3 is no day", ": until"),
        ({"trees": 0}, "trees is 0", ".trees"),
        ({"seed": "x"}, "seed is 'x'", ".seed"),
        ({"seed": 10**400}, "seed is 1000", ".seed"),
        ({"horizon": 90}, "90 is no window", ": horizon"),
        ({"horizon": {"weeks": 1}}, "{'weeks': 1} is no window", ": horizon"),
        ({"horizon": {"days": 1, "months": 1}}, "a window has days or months", ": horizon"),
        ({"measures": "orders"}, "'orders' is no list", ": measures"),
        ({"measures": ["orders", "region"]}, "'region' is no measure of the logs", ".measures"),
        ({"measures": [{"magic": {}}]}, "{'magic': {}} is no measure", ": measures[0]"),
        ({"measures": [3]}, "3 is no measure", ": measures[0]"),
        ({"measures": ["orders", {"measure": {"name": "x"}}]}, "is no measure", ": measures[1]"),
        ({"measures": [{"measure": {"name": "x", "value": 5}}]}, "no measure", ": measures[0]"),
        (
            {"measures": [{"measure": {"name": "x", "value": "total +"}}]},
            "measure 'x' cannot be read",
            ": measures[0]",
        ),
        ({"measures": [{"engagement": {"weights": {}}}]}, "is no measure", ": measures[0]"),
        (
            {"measures": [{"engagement": {"weights": 5, "half_life_days": 1, "name": "warmth"}}]},
            "weights are 5",
            ": measures[0].weights",
        ),
        ({"customers": 2.5}, "2.5 is no whole number", ": customers"),
        ({"customers": True}, "True is no whole number", ": customers"),
        ({"churned_share": 1.5}, "1.5 is no share", ": churned_share"),
        ({"calibration": [1]}, "[1] is no pair of numbers", ": calibration"),
        ({"calibration": [1, "2"]}, "[1, '2'] is no pair", ": calibration"),
        ({"calibration": 1}, "1 is no pair", ": calibration"),
        ({"base": None}, "None is no number", ": base"),
        ({"base": math.nan}, "nan is no number", ": base"),
        ({"forest": {}}, "{} is no list", ": forest"),
        ({"forest": [[]]}, "a tree has no root", ": forest[0]"),
        ({"forest": [3]}, "a tree has no root", ": forest[0]"),
        ({"forest": [[[-1, 0, 0, False, 0.0, 0.0]], [[1]]]}, "a node is none", ": forest[1][0]"),
        ({"forest": [[["0", 0, 0, False, 0.0, 0.0]]]}, "a node is none", ": forest[0][0]"),
        ({"forest": [[[-2, 0, 0, False, 0.0, 0.0]]]}, "a node is none", ": forest[0][0]"),
        ({"forest": [[[-1, 0, 0, 1, 0.0, 0.0]]]}, "a node is none", ": forest[0][0]"),
        ({"forest": [[[-1, 0, 0, False, "0", 0.0]]]}, "a node is none", ": forest[0][0]"),
        ({"forest": [[[-1, 0, 0, False, 0.0, None]]]}, "a node is none", ": forest[0][0]"),
        ({"forest": [[[0, 0, 1, False, 0.0, 0.0]]]}, "a tree leads nowhere", ": forest[0][0]"),
        ({"forest": [[[0, 1, 2, False, 0.0, 0.0], *[[-1, 0, 0, False, 0.0, 0.0]]]]}, "nowhere", ""),
        (
            {"forest": [[[99, 1, 2, False, 0.0, 0.0]] * 3]},
            "reads measure 100 of 12",
            ": forest[0][0]",
        ),
    ],
)
def test_a_text_that_is_no_churn_model_is_refused(fit, change, told, part):
    parts = json.loads(fit.to_json())
    if "measures" in change:
        # The trees read none of the measures that are left.
        parts["forest"] = [[[-1, 0, 0, False, 0.0, 0.0]]]
    with pytest.raises(FitError) as caught:
        cu.ChurnFit.from_json(json.dumps({**parts, **change}))
    (problem,) = caught.value.problems
    assert told in problem.what
    assert problem.where.startswith("ChurnFit.from_json")
    assert part in problem.where
    assert problem.fix


def test_everything_that_is_wrong_with_a_text_is_said_at_once(fit):
    parts = json.loads(fit.to_json())
    wrong = {"horizon": 90, "measures": [3, 4], "day": "soon", "customers": -1, "forest": [[]]}
    with pytest.raises(FitError) as caught:
        cu.ChurnFit.from_json(json.dumps({**parts, **wrong}))
    places = [each.where.partition(": ")[2] for each in caught.value.problems]
    assert places == ["measures[0]", "measures[1]", "horizon", "day", "customers", "forest[0]"]
    del parts["day"], parts["base"]
    with pytest.raises(FitError) as caught:
        cu.ChurnFit.from_json(json.dumps(parts))
    assert [each.what for each in caught.value.problems] == [
        "'day' is missing",
        "'base' is missing",
    ]


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.dictionaries(
            st.sampled_from(
                ["days", "months", "measure", "engagement", "name", "value", "weights"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(st.integers(0, 15), junk)
def test_a_text_with_any_part_changed_is_refused_or_read(fit, place, found):
    parts = json.loads(fit.to_json())
    parts[[*parts, "another"][place]] = found
    with contextlib.suppress(FitError):
        again = cu.ChurnFit.from_json(json.dumps(parts))
        assert cu.ChurnFit.from_json(again.to_json()) == again


LEAF = (-1, 0, 0, False, 0.0, 2.0)
numbers = st.sampled_from([math.nan, -1.0, 0.0, 1.0, math.inf])


@st.composite
def trees(draw):
    """Trees of two measures in which each node leads on to later ones."""
    size = draw(st.integers(0, 3))
    nodes = [
        (
            draw(st.integers(0, 1)),
            2 * place + 1,
            2 * place + 2,
            draw(st.booleans()),
            draw(st.sampled_from([-0.5, 0.0, 0.5, math.inf])),
            0.0,
        )
        for place in range(size)
    ]
    return (*nodes, *((-1, 0, 0, False, 0.0, draw(st.floats(-3, 3))) for _ in range(size + 1)))


@given(st.lists(trees(), max_size=3), st.lists(st.tuples(numbers, numbers), max_size=5))
def test_trees_add_up_as_their_twin_does(some, rows):
    measures = np.array(rows, np.float64).reshape(-1, 2)
    twin = [[(None if node[0] < 0 else node[0], *node[1:]) for node in tree] for tree in some]
    found = log_odds(Forest(0.5, tuple(some)), measures)
    assert found.tolist() == naive.sums(rows, twin, 0.5)


def test_trees_are_scikit_learn_s_to_the_last_bit(monkeypatch):
    ensemble = pytest.importorskip("sklearn.ensemble")
    rng = np.random.default_rng(3)
    measures = rng.normal(size=(600, 4)).round(1)
    measures[rng.random(measures.shape) < 0.2] = np.nan
    churned = np.nansum(measures, axis=1) + rng.normal(size=600) > 0
    forest = ensemble.HistGradientBoostingClassifier(
        max_iter=30, max_leaf_nodes=6, early_stopping=False
    ).fit(measures, churned)
    monkeypatch.setattr(churn_trees, "_SMALL", 100)
    monkeypatch.setenv("CUSTSEG_THREADS", "3")
    found = log_odds(churn_trees.read(forest), measures)
    assert found.tolist() == forest.decision_function(measures).tolist()
