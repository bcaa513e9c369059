"""RFM: the laws of a segmentation, the twin, the published example, and what is refused."""

from __future__ import annotations

import json
import math
from itertools import product

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custseg.errors import FitError
from custseg.model.window import Window
from custseg.segments.grid import Grid
from custseg.segments.rfm import RFM
from custseg.segments.rfm_scheme import RFMScheme
from naive import segments as naive
from segments.shelf import Shelf, buyers, measured, populations

TWO = Grid({"good": "r2", "poor": "r1"}, bins=2)
TWELVE = Grid({"good": "m7-12", "poor": "m1-6"}, bins=12)
recipes = st.sampled_from(
    [
        RFM(),
        RFM(nested=True),
        RFM(grid=Grid.value_tiers()),
        RFM(bins=2, grid=TWO),
        RFM(bins=2, grid=TWO, nested=True),
        RFM(bins=12, grid=TWELVE),
    ]
)


def fitted(recipe, customers):
    return recipe.settle(recipe.tally(measured(customers)))


def labelled(recipe, customers):
    return fitted(recipe, customers).label(measured(customers))


@given(recipes, populations)
def test_scores_are_those_of_the_definition(recipe, customers):
    expected = naive.rfm(customers, recipe.bins, nested=recipe.nested)
    found = labelled(recipe, customers).select("r", "f", "m").rows()
    assert found == [scores or (None, None, None) for scores in expected]


@given(recipes, populations)
def test_every_customer_is_labelled_exactly_once(recipe, customers):
    frame = labelled(recipe, customers)
    assert frame["customer_id"].to_list() == list(range(1, len(customers) + 1))
    assert frame["segment"].null_count() == 0
    prospects = [orders == 0 for _, orders, _ in customers]
    assert (frame["segment"] == "prospect").to_list() == prospects
    assert frame["rfm"].is_null().to_list() == prospects


@given(recipes, populations)
def test_the_label_is_the_grids_name_for_the_scores(recipe, customers):
    grid = recipe.grid or Grid.eleven_names()
    names = {row[:-1]: row[-1] for row in grid.frame.iter_rows()}
    for row in labelled(recipe, customers).iter_rows(named=True):
        if row["segment"] != "prospect":
            assert names[tuple(row[axis] for axis in grid.axes)] == row["segment"]


@given(recipes, populations)
def test_equal_customers_get_equal_scores_and_better_ones_no_worse(recipe, customers):
    rows = labelled(recipe, customers).drop_nulls("r").rows(named=True)
    for one, other in product(rows, repeat=2):
        if one["recency_days"] <= other["recency_days"]:
            assert one["r"] >= other["r"]
        if not recipe.nested or one["r"] == other["r"]:
            if one["orders"] >= other["orders"]:
                assert one["f"] >= other["f"]
            if (not recipe.nested or one["f"] == other["f"]) and one["spend"] >= other["spend"]:
                assert one["m"] >= other["m"]


@given(recipes, populations, st.randoms(use_true_random=False))
def test_the_order_of_rows_makes_no_difference(recipe, customers, chance):
    places = list(range(len(customers)))
    chance.shuffle(places)
    frame = measured(customers)
    shuffled = frame[places]
    assert recipe.tally(shuffled) == recipe.tally(frame)
    scheme = fitted(recipe, customers)
    assert recipe.settle(recipe.tally(shuffled)) == scheme
    assert scheme.label(shuffled).sort("customer_id").equals(scheme.label(frame))


@given(recipes, populations, st.integers(1, 5))
def test_partitions_add_up_to_the_identical_scheme_and_labels(recipe, customers, parts):
    frame = measured(customers)
    partitions = [frame[part::parts] for part in range(parts)]
    tally, *rest = (recipe.tally(partition) for partition in partitions)
    for other in rest:
        tally += other
    scheme = recipe.settle(tally)
    assert scheme == fitted(recipe, customers)
    labels = pl.concat([scheme.label(partition) for partition in partitions])
    assert labels.sort("customer_id").equals(scheme.label(frame))


@given(recipes, populations)
def test_a_scheme_is_equal_after_the_trip_through_text(recipe, customers):
    scheme = fitted(recipe, customers)
    again = RFMScheme.from_json(scheme.to_json())
    assert again == scheme
    assert hash(again) == hash(scheme)
    assert again.to_json() == scheme.to_json()


@given(populations, st.floats(allow_nan=False, allow_infinity=False, width=64))
def test_starts_come_back_from_text_to_the_last_bit(customers, start):
    recipe = RFM(bins=2, grid=TWO, cuts={"spend": [start]})
    scheme = fitted(recipe, customers)
    assert RFMScheme.from_json(scheme.to_json()).spend == ((start,),)


@given(populations)
def test_starts_given_as_cuts_fit_to_the_scheme_they_came_from(customers):
    scheme = fitted(RFM(), customers)
    cuts = dict(zip(("orders", "spend"), (scheme.orders[0], scheme.spend[0]), strict=True))
    assert fitted(RFM(cuts={**cuts, "recency_days": scheme.recency_days}), []) == scheme


def test_a_shift_upside_down_is_noticed_best_is_five():
    customers = [(days, 6 - days, 10.0 * (6 - days)) for days in range(1, 6)]
    assert labelled(RFM(), customers)["rfm"].to_list() == ["555", "444", "333", "222", "111"]
    assert labelled(RFM(), customers)["segment"].to_list() == [
        "champions",
        "loyal",
        "need_attention",
        "hibernating",
        "lost",
    ]


def test_the_published_bins_of_the_r_package_come_out_through_cuts():
    cuts = {
        "recency_days": [115, 181, 297, 482],
        "orders": [4, 5, 6, 8],
        "spend": [256, 382, 506, 666],
    }
    customers = [(205, 6, 472.0), (140, 3, 340.0), (194, 4, 405.0), (98, 7, 596.0), (132, 5, 448.0)]
    scores = labelled(RFM(cuts=cuts), customers).select("r", "f", "m").rows()
    assert scores == [(3, 4, 3), (4, 1, 2), (3, 2, 3), (5, 4, 4), (4, 3, 3)]


def test_a_start_belongs_to_the_bin_it_starts_days_too():
    cuts = {"recency_days": [10], "orders": [3], "spend": [5.5]}
    customers = [(9, 3, 5.5), (10, 2, 5.49)]
    recipe = RFM(bins=2, grid=TWO, cuts=cuts)
    assert labelled(recipe, customers)["rfm"].to_list() == ["222", "111"]


def test_a_start_between_whole_numbers_is_met_from_the_next_one_on():
    recipe = RFM(bins=2, grid=TWO, cuts={"recency_days": [9.5], "orders": [2.5]})
    assert labelled(recipe, [(9, 3, 1.0), (10, 2, 1.0)])["rfm"].to_list() == ["221", "111"]


def test_scores_of_two_digits_are_kept_apart():
    customers = [(days, 13 - days, 1.0) for days in range(1, 13)]
    assert labelled(RFM(bins=12, grid=TWELVE), customers)["rfm"].to_list()[:3] == [
        "12-12-1",
        "11-11-1",
        "10-10-1",
    ]


@given(recipes)
def test_without_a_buyer_everyone_is_a_prospect_and_later_buyers_share_a_bin(recipe):
    scheme = fitted(recipe, [(None, 0, 0.0), (None, 0, -5.0)])
    assert set(scheme.recency_days) == {math.inf}
    assert scheme == fitted(recipe, [])
    found = scheme.label(measured([(None, 0, 0.0), (3, 2, 9.0), (400, 1, 1.0)]))
    best = str(recipe.bins)
    apart = "-" if recipe.bins > 9 else ""
    assert found["rfm"].to_list() == [
        None,
        apart.join([best, "1", "1"]),
        apart.join([best, "1", "1"]),
    ]


def test_one_customer_and_all_equal_customers_are_labelled():
    assert labelled(RFM(), [(3, 2, 9.0)])["rfm"].to_list() == ["511"]
    assert labelled(RFM(), [(3, 2, 9.0)] * 7)["rfm"].unique().to_list() == ["511"]


def test_an_empty_frame_gives_an_empty_frame_with_the_same_columns():
    empty, full = labelled(RFM(), []), labelled(RFM(), [(3, 2, 9.0)])
    assert empty.schema == full.schema
    assert fitted(RFM(), []).segments == (*Grid.eleven_names().segments, "prospect")
    assert dict(full.schema) == {
        "customer_id": pl.Int64,
        "segment": pl.Enum([*Grid.eleven_names().segments, "prospect"]),
        "recency_days": pl.Int64,
        "orders": pl.Int64,
        "spend": pl.Float64,
        "r": pl.Int64,
        "f": pl.Int64,
        "m": pl.Int64,
        "rfm": pl.String,
    }


@given(st.lists(st.tuples(buyers, st.integers(0, 3)), max_size=30))
def test_a_window_scores_what_lies_in_it_and_calls_the_rest_inactive(customers):
    recipe = RFM(window=Window(days=90))
    rows = [
        (days, orders, spend, inside, float(inside)) for (days, orders, spend), inside in customers
    ]
    frame = measured([*rows, (None, 0, 0.0, 0, 0.0)], window="90d")
    found = recipe.settle(recipe.tally(frame)).label(frame)
    seen = [(days, inside, money) for days, _, _, inside, money in rows]
    expected = [scores or (None,) * 3 for scores in naive.rfm([*seen, (None, 0, 0.0)], 5)]
    assert found.select("r", "f", "m").rows() == expected
    assert found["segment"].to_list()[-1] == "prospect"
    asleep = [inside == 0 for _, inside in customers]
    assert (found["segment"] == "inactive").to_list() == [*asleep, False]


def test_fit_assign_and_segment_read_a_base():
    shelf = Shelf(measured([(3, 2, 9.0), (40, 1, 5.0), (None, 0, 0.0)]))
    scheme = RFM().fit(shelf)
    assert scheme == RFM().settle(RFM().tally(shelf.frame), currency="EUR")
    assert scheme.assign(shelf).frame.equals(scheme.label(shelf.frame))
    shelf.asked.clear()
    assert RFM().segment(shelf) == scheme.assign(shelf)
    # The logs are read once by segment, then once more by assign.
    assert shelf.asked == [("recency_days", "orders", "spend")] * 2


def test_with_a_window_orders_and_spend_are_read_beside_it():
    shelf = Shelf(measured([(3, 2, 9.0, 1, 4.0)], window="12m"))
    found = RFM(window="12m").segment(shelf)
    assert found.frame.columns == [
        "customer_id",
        "segment",
        "recency_days",
        "orders_12m",
        "spend_12m",
        "orders",
        "spend",
        "r",
        "f",
        "m",
        "rfm",
    ]


def test_why_shows_each_bound_and_the_number_that_met_it():
    cuts = {"recency_days": [18, 50, 142, 182], "orders": [2, 3, 4, 6], "spend": [1, 2, 3, 5.25]}
    scheme = fitted(RFM(cuts=cuts), [])
    frame = scheme.label(measured([(2, 7, 431.7), (1, 1, 2.0), (200, 3, 0.5), (None, 0, 0.0)]))
    assert [scheme.why(row) for row in frame.iter_rows(named=True)] == [
        "r=5: 2 days ago ≤ 17; f=5: 7 orders ≥ 6; m=5: 431.7 spent ≥ 5.25; → champions",
        "r=5: 1 day ago ≤ 17; f=1: 1 order < 2; m=3: 2 spent ≥ 2, < 3; → new",
        "r=1: 200 days ago ≥ 182; f=3: 3 orders ≥ 3, < 4; m=1: 0.5 spent < 1; → at_risk",
        "no orders; → prospect",
    ]


def test_why_in_a_window_names_the_window():
    recipe = RFM(bins=2, grid=TWO, window="90d", cuts={"orders": [2]})
    frame = measured([(2, 9, 9.0, 2, 4.0), (100, 9, 9.0, 0, 0.0)], window="90d")
    scheme = recipe.settle(recipe.tally(frame))
    assert [scheme.why(row) for row in scheme.label(frame).iter_rows(named=True)] == [
        (
            "r=2: 2 days ago in the only bin; f=2: 2 orders in 90d ≥ 2; "
            "m=1: 4 spent in 90d in the only bin; → good"
        ),
        "no orders in 90d, last one 100 days ago; → inactive",
    ]


@given(st.lists(buyers, min_size=1, max_size=30))
def test_why_of_a_nested_scheme_shows_the_bounds_of_the_customers_own_group(customers):
    scheme = fitted(RFM(bins=2, grid=TWO, nested=True), customers)
    for row in scheme.label(measured(customers)).iter_rows(named=True):
        orders = scheme.orders[row["r"] - 1][0]
        spend = scheme.spend[(row["r"] - 1) * 2 + row["f"] - 1][0]
        told = scheme.why(row)
        assert ("≥" in told.split("; ")[1]) == (row["orders"] >= orders)
        assert ("≥" in told.split("; ")[2]) == (row["spend"] >= spend)


REFUSED = {
    "bins below 2": ({"bins": 1}, ["bins is 1"]),
    "bins no number": ({"bins": "5", "window": 3}, ["bins is '5'", "3 is not a window"]),
    "bins without a grid": ({"bins": 4}, ["the built-in grids have 5 bins, not 4"]),
    "another grid's bins": ({"grid": TWO}, ["the grid has 2 bins, the recipe 5"]),
    "no grid": ({"grid": "x"}, ["'x' is no grid"]),
    "window": ({"window": "1y"}, ["'1y' is not a window"]),
    "window as a measure": ({"window": "30d_30d"}, ["'30d_30d' is not a window"]),
    "misspelt cuts": ({"cuts": {"recency": [1, 2, 3, 4]}}, ["'recency' is not cut by RFM"]),
    "foreign cuts": ({"cuts": {"x": [1, 2, 3, 4]}}, ["'x' is not cut by RFM"]),
    "too few cuts": ({"cuts": {"orders": [1, 2]}}, ["2 starts for 5 bins"]),
    "cuts descend": ({"cuts": {"orders": [1, 3, 2, 4.5]}}, ["3 stands before 2"]),
    "cuts are text": ({"cuts": {"orders": "1234"}}, ["'1234' are not numbers"]),
    "cuts hold nan": ({"cuts": {"spend": [1, 2, 3, math.nan]}}, ["nan starts no bin"]),
    "cuts hold -inf": ({"cuts": {"spend": [-math.inf, 2, 3, 4]}}, ["-inf starts no bin"]),
    "nested cuts": (
        {"nested": True, "cuts": {"orders": [1, 2, 3, 4]}},
        ["nested=True cuts orders within other scores"],
    ),
    "everything": (
        {"bins": 3, "window": "soon", "cuts": {"order": [1, 2], "spend": [2, 1]}},
        [
            "the built-in grids have 5 bins, not 3",
            "'order' is not cut by RFM",
            "2 stands before 1",
            "'soon' is not a window",
        ],
    ),
}


@pytest.mark.parametrize(("options", "told"), REFUSED.values(), ids=REFUSED)
def test_a_declaration_that_cannot_be_fitted_is_refused_with_all_that_is_wrong(options, told):
    with pytest.raises(FitError) as error:
        RFM(**options)
    assert [problem.what for problem in error.value.problems] == told
    assert all(problem.where and problem.fix for problem in error.value.problems)


def test_a_misspelt_cut_is_told_in_three_lines():
    with pytest.raises(FitError) as error:
        RFM(cuts={"order": [1, 2, 3, 4]})
    assert str(error.value) == (
        "'order' is not cut by RFM\n  where: RFM.cuts['order']\n  fix:   did you mean 'orders'?"
    )


def test_recency_may_be_cut_by_hand_when_the_rest_is_nested():
    recipe = RFM(bins=2, grid=TWO, nested=True, cuts={"recency_days": [10]})
    customers = [(1, 1, 1.0), (2, 2, 1.0), (30, 8, 1.0), (40, 9, 1.0)]
    assert labelled(recipe, customers)["rfm"].to_list() == ["211", "221", "111", "121"]


def test_recipes_are_values():
    assert RFM(window=Window(days=90)) == RFM(window="90d")
    assert RFM(cuts={"orders": [1, 2, 3, 4]}) == RFM(cuts={"orders": (1.0, 2.0, 3.0, 4.0)})
    assert len({RFM(), RFM(bins=5), RFM(nested=True)}) == 2
    assert RFM(window="2026").reads == ("recency_days", "orders_2026", "spend_2026")


def test_a_scheme_that_cannot_cut_is_refused_with_all_that_is_wrong():
    with pytest.raises(FitError) as error:
        RFMScheme(
            recency_days=(1.0, 2.0), orders=((1.0,), (2.0,)), spend=((2.0,),), grid=TWO, window="x"
        )
    assert [problem.what for problem in error.value.problems] == [
        "'x' is not a window",
        "2 starts for 2 bins",
        "spend has 1 lists of starts, not 4",
    ]


SCHEME = RFM(bins=2, grid=TWO).settle(
    RFM(bins=2, grid=TWO).tally(measured([(1, 1, 2.5), (9, 3, 7)]))
)


def test_the_text_of_a_scheme_is_as_it_was_written_down():
    # A change here needs a new format number: texts are kept for years.
    assert SCHEME.to_json() == (
        '{"scheme": "rfm", "format": 1, "recency_days": [9.0], "orders": [[3.0]], '
        '"spend": [[7.0]], "window": "", '
        '"grid": {"bins": 2, "names": {"good": ["r2"], "poor": ["r1"]}}}'
    )


def edited(**changes):
    return json.dumps({**json.loads(SCHEME.to_json()), **changes})


def without(key):
    return json.dumps({k: v for k, v in json.loads(SCHEME.to_json()).items() if k != key})


NONSENSE = {
    "no text": (None, ["an RFM scheme is not JSON"]),
    "no JSON": ("{", ["an RFM scheme is not JSON"]),
    "deep": ("[" * 100_000, ["an RFM scheme is not JSON"]),
    "a list": ("[]", ["an RFM scheme is a mapping, got []"]),
    "another scheme": (edited(scheme="abc"), ["the text is not an RFM scheme"]),
    "a later format": (edited(format=2), ["format 2 is not known"]),
    "a part missing": (without("spend"), ["'spend' is missing"]),
    "a part misspelt": (edited(spent=[]), ["'spent' is no part of a scheme"]),
    "a foreign part": (edited(zzz=1), ["'zzz' is no part of a scheme"]),
    "starts no list": (edited(recency_days=9), ["9 is no start"]),
    "starts not there": (edited(recency_days=None), ["None is no start"]),
    "a start as text": (edited(recency_days=["9"]), ["'9' is no start"]),
    "a start as a flag": (edited(recency_days=[True]), ["True is no start"]),
    "a start too large": (edited(orders=[[10**400]]), [f"{10**400} is no start"]),
    "a start is NaN": (SCHEME.to_json().replace("9.0", "NaN"), ["nan is no start"]),
    "starts not grouped": (edited(orders=[3.0]), ["3.0 is no start"]),
    "no groups": (edited(orders=[], spend=3), ["[] are no starts", "3 are no starts"]),
    "starts empty": (edited(recency_days=[]), ["0 starts for 2 bins"]),
    "starts descend": (edited(recency_days=[9, 1]), ["2 starts for 2 bins", "9 stands before 1"]),
    "a window": (edited(window=30), ["30 is not a window"]),
    "no grid": (edited(grid=5), ["the grid cannot be read"]),
    "an empty grid": (edited(grid={"bins": 2, "names": {}}), ["the grid cannot be read"]),
    "regions no texts": (
        edited(grid={"bins": 2, "names": {"a": ["r1-2", 3]}}),
        ["the grid cannot be read"],
    ),
    "regions no list": (
        edited(grid={"bins": 2, "names": {"a": "r1-2"}}),
        ["the grid cannot be read"],
    ),
    "a grid without bins": (edited(grid={"names": {"a": ["r1-2"]}}), ["bins is None"]),
    "a grid with a hole": (
        edited(orders=7, grid={"bins": 2, "names": {"a": ["r1"]}}),
        ["7 are no starts", "1 cell has no name: r2"],
    ),
}


@pytest.mark.parametrize(("text", "told"), NONSENSE.values(), ids=NONSENSE)
def test_a_text_edited_into_nonsense_is_refused_with_all_that_is_wrong(text, told):
    with pytest.raises(FitError) as error:
        RFMScheme.from_json(text)
    found = [problem.what for problem in error.value.problems]
    assert [what[: len(start)] for what, start in zip(found, told, strict=True)] == told
    assert all(problem.where.startswith(("RFMScheme", "Grid")) for problem in error.value.problems)
    assert all(problem.fix for problem in error.value.problems)


@pytest.mark.parametrize(
    ("cuts", "told"),
    [
        (3, [("3 maps no measures to starts", "RFM.cuts")]),
        ({"orders": 3}, [("3 are not numbers", "RFM.cuts['orders']")]),
        ({"foo": [1]}, [("'foo' is not cut by RFM", "RFM.cuts['foo']")]),
        ({5: [1]}, [("5 is not cut by RFM", "RFM.cuts[5]")]),
    ],
)
def test_cuts_that_are_none_are_told_once(cuts, told):
    with pytest.raises(FitError) as caught:
        RFM(cuts=cuts)
    assert [(each.what, each.where) for each in caught.value.problems] == told
