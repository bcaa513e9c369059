"""Clusters: deterministic, told in words, frozen, and refused where there is nothing to part."""

from __future__ import annotations

import json
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import custseg as cu
from custseg.errors import FitError, MissingExtra
from custseg.segments import clusters_search, clusters_space
from custseg.segments.clusters import Clusters
from custseg.segments.clusters_scheme import ClustersScheme
from custseg.segments.clusters_space import Space, nearest
from segments.shelf import Shelf, measured, populations

MEASURES = ("recency_days", "orders", "spend")
few = settings(max_examples=15)


def three_groups(size=40, seed=3):
    """Customers in three groups that anyone would see."""
    chance = np.random.default_rng(seed)
    rows = []
    for days, orders, spend in ((5, 40, 4000.0), (60, 6, 300.0), (500, 1, 12.0)):
        for _ in range(size):
            far = chance.uniform(0.8, 1.25, 3)
            rows.append(
                (int(days * far[0]), max(int(orders * far[1]), 1), round(spend * far[2], 2))
            )
    return rows


def settled(recipe, frame):
    pytest.importorskip("sklearn")
    return recipe.settle(recipe.tally(frame))


def fitted(recipe, customers):
    return settled(recipe, measured(customers))


def test_three_groups_are_found_and_ordered_by_spend():
    scheme = fitted(Clusters(), three_groups())
    assert scheme.customers == (40, 40, 40)
    assert scheme.clusters["spend"].is_sorted(descending=True)
    found = scheme.label(measured(three_groups()))["segment"].to_physical().to_list()
    assert found == [0] * 40 + [1] * 40 + [2] * 40
    assert scheme.names == (
        "high_orders_low_recency_days",
        "typical",
        "low_spend_high_recency_days",
    )


@few
@given(populations, st.integers(0, 3), st.randoms(use_true_random=False))
def test_one_seed_gives_one_scheme_in_any_order_and_partition(customers, seed, chance):
    customers = [*customers, *three_groups(5)]
    recipe, frame = Clusters(3, seed=seed), measured(customers)
    places = list(range(len(customers)))
    chance.shuffle(places)
    shuffled = frame[places]
    scheme = settled(recipe, frame)
    assert settled(recipe, shuffled) == scheme
    parts = recipe.tally(shuffled[:7]) + recipe.tally(shuffled[7:])
    assert parts == recipe.tally(frame)
    assert scheme.label(shuffled).sort("customer_id").equals(scheme.label(frame))
    for place in places[:2]:
        assert scheme.label(frame[place]).equals(scheme.label(frame)[place])


@few
@given(populations, st.sampled_from(["log_standard", "standard"]))
def test_every_customer_is_labelled_once_and_equals_are_together(customers, transform):
    customers = [*customers, *three_groups(3)]
    scheme = fitted(Clusters(4, transform=transform), customers)
    frame = scheme.label(measured(customers))
    assert frame["segment"].dtype == pl.Enum([*scheme.names, "incomplete", "prospect"])
    assert frame["segment"].null_count() == 0
    prospects = [orders == 0 for _, orders, _ in customers]
    assert (frame["segment"] == "prospect").to_list() == prospects
    assert frame.group_by(MEASURES).agg(pl.col("segment").n_unique())["segment"].max() == 1
    counted = dict(frame["segment"].value_counts().iter_rows())
    assert [counted.get(name, 0) for name in scheme.names] == list(scheme.customers)


@few
@given(populations, st.sampled_from(["log_standard", "standard"]))
def test_a_scheme_is_equal_after_the_trip_through_text(customers, transform):
    scheme = fitted(Clusters(2, transform=transform), [*customers, *three_groups(3)])
    again = ClustersScheme.from_json(scheme.to_json())
    assert again == scheme
    assert hash(again) == hash(scheme)
    assert again.to_json() == scheme.to_json()


def test_the_count_is_that_of_the_best_silhouette():
    assert len(fitted(Clusters("auto", seed=5), three_groups()).names) == 3
    assert len(fitted(Clusters(5), three_groups()).names) == 5
    two = [(1, 1, 1.0), (1, 1, 1.0), (9, 9, 9.0)]
    assert fitted(Clusters(), two).customers == (1, 2)
    assert fitted(Clusters(), two[1:]).customers == (1, 1)


def test_a_large_base_is_sampled():
    customers = three_groups(1200)
    assert sorted(fitted(Clusters(), customers).customers) == [1200] * 3


def test_the_search_begins_on_a_sample_of_many_rows(monkeypatch):
    monkeypatch.setattr(clusters_search, "_LARGE", 50)
    customers = three_groups(300)
    found = fitted(Clusters(3, seed=2), customers)
    assert sorted(found.customers) == [300] * 3
    assert fitted(Clusters(3, seed=2), customers[::-1]) == found
    # Where the last search ends, every centre is the mean of those who are nearest to it.
    monkeypatch.setattr(clusters_search, "_LARGE", 10**6)
    whole = fitted(Clusters(3, seed=2), customers)
    assert whole.customers == found.customers
    for ours, theirs in zip(found.centres, whole.centres, strict=True):
        assert ours == pytest.approx(theirs)


def test_refunds_beyond_all_spend_have_a_place():
    customers = [(3, 1, -50.0), (3, 1, -49.0), (3, 1, 50.0), (3, 1, 51.0)]
    scheme = fitted(Clusters(2), customers)
    assert scheme.names == ("high_spend", "low_spend")
    assert scheme.clusters["spend"].round(2).to_list() == [50.5, -49.5]


def test_customers_who_lack_a_measure_are_in_no_cluster():
    frame = measured([*three_groups(2), (None, 0, 0.0)]).with_columns(
        score=pl.Series([1, 2, 30, None, 50, 60, None])
    )
    recipe = Clusters(2, measures=["score", "orders"])
    scheme = settled(recipe, frame)
    assert sum(scheme.customers) == 5
    later = scheme.label(
        frame.with_columns(score=pl.Series([1.0, math.nan, math.inf, None, 50.0, 60.0, None]))
    )
    assert later["segment"].to_list()[1:4] == ["incomplete"] * 3
    assert later["segment"].to_list()[-1] == "prospect"
    assert scheme.why(later.row(3, named=True)) == "score unknown; → incomplete"
    assert scheme.why(later.row(1, named=True)) == "score unknown; → incomplete"
    assert scheme.why(later.row(6, named=True)) == "no orders; → prospect"


def test_spend_that_is_no_axis_orders_the_clusters():
    customers = [(1, 1, 900.0), (1, 1, 800.0), (1, 30, 10.0), (1, 30, 20.0)]
    scheme = fitted(Clusters(2, measures="orders"), customers)
    assert (scheme.measures, scheme.names) == (("orders",), ("low_orders", "high_orders"))
    assert scheme.reads == ("orders",)


def test_a_degenerate_split_is_told_in_words():
    scheme = fitted(Clusters(2), [(3, 1, 5.0)] * 99 + [(3, 90, 900.0)])
    assert scheme.is_degenerate
    assert scheme.status == "degenerate: 'typical' holds 99.0 % of 100 customers"
    assert repr(scheme).startswith(scheme.status)
    parted = fitted(Clusters(2), [(3, 1, 5.0)] * 95 + [(3, 90, 900.0)] * 5)
    assert not parted.is_degenerate
    assert parted.status == "2 clusters of 100 customers, the largest with 95.0 %"


def test_fit_assign_and_segment_read_a_base():
    pytest.importorskip("sklearn")
    shelf = Shelf(measured([*three_groups(4), (None, 0, 0.0)]))
    scheme = Clusters(3).fit(shelf)
    found = scheme.assign(shelf)
    assert found == Clusters(3).segment(shelf)
    assert found.sizes()["customers"].to_list() == [4, 4, 4, 0, 1]
    assert found.why(13) == "no orders; → prospect"
    assert Clusters(3).reads == MEASURES
    assert Clusters(3, measures="recency_days").reads == ("recency_days", "orders", "spend")


@pytest.mark.parametrize(
    ("k", "customers", "told"),
    [
        (
            4,
            [(1, 1, 1.0), (2, 2, 2.0), (3, 3, 3.0)],
            "4 clusters of 3 customers, 3 of them different",
        ),
        (2, [(1, 1, 1.0)] * 9, "2 clusters of 9 customers, 1 of them different"),
        ("auto", [(1, 1, 1.0)] * 9, "2 clusters of 9 customers, 1 of them different"),
        ("auto", [(1, 1, 1.0)], "2 clusters of 1 customer, 1 of them different"),
        (2, [], "no customer has all of recency_days, orders, spend"),
        (2, [(None, 0, 0.0)] * 3, "no customer has all of recency_days, orders, spend"),
    ],
    ids=str,
)
def test_what_cannot_be_parted_is_refused(k, customers, told):
    with pytest.raises(FitError) as error:
        fitted(Clusters(k), customers)
    (problem,) = error.value.problems
    assert problem.what == told
    assert problem.where.startswith("Clusters")
    assert problem.fix


def test_measures_that_are_not_numbers_or_too_large_are_refused():
    frame = measured(three_groups(2)).with_columns(
        region=pl.lit("n"), consent=pl.lit(1) > 0, score=pl.Series([1e300, -1e300, 0, 1, 2, 3])
    )
    with pytest.raises(FitError, match="region, consent are not numbers"):
        Clusters(2, measures=("region", "spend", "consent")).tally(frame)
    recipe = Clusters(2, measures="score", transform="standard")
    with pytest.raises(FitError, match="values are too large to be standardised"):
        settled(recipe, frame)
    recipe = Clusters(2, measures="score")
    assert settled(recipe, frame).customers != ()


def test_without_scikit_learn_the_error_names_the_extra(monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr("custseg.segments.clusters_search.import_module", absent)
    with pytest.raises(MissingExtra) as error:
        Clusters(2).settle(Clusters(2).tally(measured(three_groups(2))))
    (problem,) = error.value.problems
    assert (problem.where, problem.fix) == ("Clusters.fit", 'pip install "custseg[cluster]"')
    # What was fitted elsewhere labels here.
    found = ClustersScheme.from_json(SCHEME.to_json()).label(measured([(3, 2, 61.0)]))
    assert found["segment"].to_list() == ["high_spend"]


@given(
    st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=1, max_size=12),
    st.sampled_from([1, 5, 4_096]),
)
def test_the_nearest_centre_is_the_one_with_the_least_distance(points, block):
    centres = [(0.0, 0.0), (3.0, -2.0), (-4.0, 5.0), (0.0, 0.0)]
    columns = tuple(np.array(side) for side in zip(*points, strict=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clusters_space, "_BLOCK", block)
        found = nearest(columns, centres).tolist()
    for place, point in zip(found, points, strict=True):
        away = [sum((a - b) ** 2 for a, b in zip(point, c, strict=True)) for c in centres]
        assert place == away.index(min(away))


SPACE = Space("standard", (50.0,), (10.0,))
SCHEME = ClustersScheme(
    measures=["spend"],
    space=SPACE,
    names=["high_spend", "low_spend"],
    centres=[[1.0], [-1.5]],
    customers=[4, 6],
)


def test_why_shows_the_numbers_and_the_two_nearest_centres():
    row = {"spend": 61.0, "orders": 3, "segment": "high_spend"}
    assert SCHEME.why(row) == (
        "spend 61: 0.10 sd from high_spend, 2.60 sd from low_spend; → high_spend"
    )


def test_clusters_are_shown_as_a_table():
    assert repr(SCHEME) == (
        "2 clusters of 10 customers, the largest with 60.0 %\n"
        "cluster     customers   share  spend\n"
        "high_spend          4  40.0 %     60\n"
        "low_spend           6  60.0 %     35"
    )
    assert "<td" in SCHEME._repr_html_()
    assert SCHEME.clusters.rows() == [
        ("high_spend", 4, 0.4, 60.0, "spend +1.0 sd"),
        ("low_spend", 6, 0.6, 35.0, "spend -1.5 sd"),
    ]


def test_the_text_of_a_scheme_is_as_it_was_written_down():
    # A change here needs a new format number: texts are kept for years.
    assert SCHEME.to_json() == (
        '{"scheme": "clusters", "format": 1, "measures": ["spend"], "transform": "standard", '
        '"means": [50.0], "sds": [10.0], "clusters": ['
        '{"name": "high_spend", "centre": [1.0], "customers": 4}, '
        '{"name": "low_spend", "centre": [-1.5], "customers": 6}]}'
    )


def edited(**changes):
    return json.dumps({**json.loads(SCHEME.to_json()), **changes})


def cluster(**changes):
    return {"name": "a", "centre": [1.0], "customers": 1, **changes}


NONSENSE = {
    "no JSON": ("{]", ["a clusters scheme is not JSON"]),
    "another scheme": (edited(scheme="abc"), ["the text is not a clusters scheme"]),
    "a later format": (edited(format=9), ["format 9 is not known"]),
    "a foreign part": (edited(names=[]), ["'names' is no part of a scheme"]),
    "no lists": (edited(means=3, clusters={}), ["3 is no list", "{} is no list"]),
    "no cluster": (
        edited(clusters=[7, {"name": "a"}, cluster(centre=1)]),
        ["7 is no cluster", "{'name': 'a'} is no cluster", "{'name': 'a', 'centre': 1,"],
    ),
    "no clusters": (edited(clusters=[]), ["there are no clusters"]),
    "numbers": (
        edited(transform="log", means=[None], sds=[0]),
        ["transform is 'log'", "means are (None,)", "sds are (0,)"],
    ),
    "too many numbers": (edited(means=[1, 2]), ["means are (1, 2)"]),
    "centres": (
        edited(clusters=[cluster(centre=[1, 2]), cluster(name="b", centre=["x"])]),
        ["(1, 2) is no centre", "('x',) is no centre"],
    ),
    "names": (
        edited(
            clusters=[
                *(cluster(), cluster(), cluster(name="")),
                cluster(name="prospect"),
            ]
        ),
        [f"{name!r} cannot name a cluster" for name in ("a", "", "prospect")],
    ),
    "counts": (
        edited(
            clusters=[
                cluster(customers=-1),
                cluster(name="b", customers=True),
                cluster(name="c", customers=10**30),
            ]
        ),
        ["-1 counts nobody", "True counts nobody", f"{10**30} counts"],
    ),
    "measures": (
        edited(measures=[], means=[], sds=[], clusters=[cluster(centre=[])]),
        ["customers are compared by nothing"],
    ),
    "measures twice": (
        edited(
            measures=["a", "a", 3], means=[1] * 3, sds=[1] * 3, clusters=[cluster(centre=[1] * 3)]
        ),
        ["'a' is named twice", "3 is no measure"],
    ),
}


@pytest.mark.parametrize(("text", "told"), NONSENSE.values(), ids=NONSENSE)
def test_a_text_edited_into_nonsense_is_refused_with_all_that_is_wrong(text, told):
    with pytest.raises(FitError) as error:
        ClustersScheme.from_json(text)
    found = [problem.what for problem in error.value.problems]
    assert [what[: len(start)] for what, start in zip(found, told, strict=True)] == told
    assert all(problem.where.startswith("ClustersScheme") for problem in error.value.problems)
    assert all(problem.fix for problem in error.value.problems)


def test_parts_of_different_lengths_are_refused_together():
    with pytest.raises(FitError) as error:
        ClustersScheme(measures=["spend"], space=SPACE, names=["a"], centres=[], customers=[1, 2])
    assert [problem.what for problem in error.value.problems] == [
        "0 centres for 1 clusters",
        "2 customers for 1 clusters",
    ]


REFUSED = {
    "k": ({"k": 1}, ["k is 1"]),
    "k as text": ({"k": "best"}, ["k is 'best'"]),
    "k as a flag": ({"k": True}, ["k is True"]),
    "k too large": ({"k": 101}, ["k is 101"]),
    "everything": (
        {"k": 2.0, "measures": [], "transform": "log", "seed": -1},
        ["k is 2.0", "customers are compared by nothing", "transform is 'log'", "seed is -1"],
    ),
    "measures": ({"measures": ["a", "a", ""]}, ["'a' is named twice", "'' is no measure"]),
}


@pytest.mark.parametrize(("options", "told"), REFUSED.values(), ids=REFUSED)
def test_a_declaration_that_cannot_be_fitted_is_refused_with_all_that_is_wrong(options, told):
    with pytest.raises(FitError) as error:
        Clusters(**options)
    assert [problem.what for problem in error.value.problems] == told
    assert all(problem.where and problem.fix for problem in error.value.problems)


def test_auto_never_gives_one_cluster_though_the_sample_is_all_alike(monkeypatch):
    monkeypatch.setattr(clusters_search, "_SAMPLE", 20)
    scheme = fitted(Clusters("auto"), [*[(3, 1, 5.0)] * 4000, (3, 90, 900.0)])
    assert scheme.customers == (1, 4000)


SHOP = cu.datasets.simulate(80, 365, seed=1).base()
APP = cu.Measure("app_share", "channel = 'app'", over="orders", how="mean")


def test_measures_of_ones_own_are_compared_and_carried():
    pytest.importorskip("sklearn")
    recipe = Clusters(3, measures=(APP, "spend"))
    assert recipe.reads == ("app_share", "spend", "orders")
    scheme = recipe.fit(SHOP)
    found = scheme.assign(SHOP)
    assert found == recipe.segment(SHOP)
    told = SHOP.with_measures(SHOP.measures(APP))
    named = Clusters(3, measures=("app_share", "spend")).segment(told)
    assert found.frame.equals(named.frame)
    assert scheme.clusters.equals(named.reasons.clusters)
    assert repr(scheme) == repr(named.reasons)
    buyer = found.frame.filter(pl.col("orders") > 0)["customer_id"][0]
    assert found.why(buyer) == named.why(buyer)
    again = ClustersScheme.from_json(scheme.to_json())
    assert again == scheme
    assert again.assign(SHOP) == found
    assert Clusters(2, measures=APP).measures == (APP,)
    assert scheme.track(SHOP, every="quarter").at(SHOP.day).height == found.frame.height


@pytest.mark.parametrize("measures", [None, 5, {"orders"}, {"orders": 1}], ids=str)
def test_measures_that_are_no_row_are_refused(measures):
    with pytest.raises(FitError) as error:
        Clusters(measures=measures)
    (problem,) = error.value.problems
    assert problem.what == f"measures are {measures!r}"


def test_a_measure_is_told_once_however_it_is_given():
    told = cu.Measure("app_share", "total", how="sum")
    with pytest.raises(FitError, match="'app_share' is named twice"):
        Clusters(measures=(APP, told))


@pytest.mark.parametrize(
    ("transform", "far"),
    [("log_standard", [800.0, -800.0]), ("standard", [1e308, -1e308])],
)
def test_a_centre_beyond_all_numbers_is_refused(transform, far):
    clusters = [cluster(name=str(place), centre=[place]) for place in far]
    with pytest.raises(FitError) as error:
        ClustersScheme.from_json(edited(transform=transform, means=[0.0], clusters=clusters))
    assert [problem.what for problem in error.value.problems] == [
        f"({place!r},) lies beyond all numbers" for place in far
    ]


def test_values_far_from_all_centres_are_labelled_without_a_warning():
    scheme = ClustersScheme.from_json(
        edited(sds=[1e-300], clusters=[cluster(centre=[1e200]), cluster(name="b", centre=[1.0])])
    )
    found = scheme.label(measured([(3, 2, 1e300), (3, 2, -1e300), (3, 2, 50.0)]))
    assert found["segment"].to_list()[-1] == "b"
    assert scheme.why(found.row(0, named=True)).endswith("→ a")
