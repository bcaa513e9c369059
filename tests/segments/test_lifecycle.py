"""Lifecycle: the twin over order days, the laws of a segmentation, and what is refused."""

from __future__ import annotations

import datetime as dt
import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from custseg.errors import FitError
from custseg.segments.gaps import Gaps
from custseg.segments.lifecycle import Lifecycle
from naive import lifecycle as naive
from segments.shelf import Shelf

DAY = dt.date(2026, 6, 30)
NAMES = ("prospect", "lost", "at_risk", "won_back", "new", "loyal", "repeat", "one_time")
FALLBACK = {"active_days": 60, "lapse_days": 150}

# Recent days and days around the thresholds, so that every stage is met.
ages = st.integers(0, 12) | st.sampled_from([30, 31, 90, 91, 365, 366]) | st.integers(0, 900)
bought = st.lists(
    st.tuples(st.integers(1, 5), ages, st.sampled_from([500, 500, 500, 0, -100])),
    min_size=1,
    max_size=25,
)
strangers = st.sets(st.integers(1, 8), max_size=3)
RECIPES = [
    (Lifecycle(), {"new": 30, "active": 90, "lapse": 365, "loyal": 5}),
    (
        Lifecycle(active_days=90, lapse_days=90),
        {"new": 30, "active": 90, "lapse": 90, "loyal": 5},
    ),
    (
        Lifecycle(new_days=5, active_days=10, lapse_days=20, loyal_orders=2),
        {"new": 5, "active": 10, "lapse": 20, "loyal": 2},
    ),
    (
        Lifecycle(active_days=Gaps(1.5), lapse_days=Gaps(3), fallback_days=FALLBACK),
        {
            "new": 30,
            "active": ("gaps", "1.5"),
            "lapse": ("gaps", "3"),
            "loyal": 5,
            "fallback": {"active": 60, "lapse": 150},
        },
    ),
    (
        Lifecycle(new_days=Gaps(1), active_days=Gaps(1), lapse_days=200, fallback_days=45),
        {
            "new": ("gaps", "1"),
            "active": ("gaps", "1"),
            "lapse": 200,
            "loyal": 5,
            "fallback": {"new": 45, "active": 45},
        },
    ),
]
recipes = st.sampled_from(RECIPES)


def base_of(rows, joined=(), *, text=False, places=None, tz="UTC"):
    """A base of (customer, days ago, cents), its rows in any order."""
    noon = dt.datetime(2026, 6, 30, 12, tzinfo=dt.UTC)
    frame = cu.table(cu.Order).cast(
        pl.DataFrame(
            {
                "order_id": range(len(rows)),
                "customer_id": [f"{who:03}" if text else who for who, _, _ in rows],
                "ordered_at": [noon - dt.timedelta(days=ago) for _, ago, _ in rows],
                "total": [cents / 100 for _, _, cents in rows],
            }
        )
    )
    frame = frame if places is None else frame[places]
    known = pl.Series([f"{w:03}" if text else w for w in joined], dtype=frame["customer_id"].dtype)
    customers = cu.table(cu.Customer).cast(pl.DataFrame({"customer_id": known}))
    return cu.CustomerBase(orders=frame, customers=customers, tz=tz).as_of(DAY)


def expected(rows, joined, options):
    found = []
    for who in sorted({each for each, _, _ in rows} | set(joined)):
        days = [-ago for each, ago, cents in rows if each == who and cents >= 0]
        found.append(naive.stage(days, 0, **options))
    return found


@given(bought, strangers, recipes, st.booleans())
def test_stages_are_those_of_the_definition(rows, joined, recipe, text):
    scheme, options = recipe
    found = scheme.segment(base_of(rows, joined, text=text)).frame
    assert found["segment"].to_list() == expected(rows, joined, options)


@given(bought, strangers, recipes, st.randoms(use_true_random=False))
def test_order_and_partitions_make_no_difference(rows, joined, recipe, chance):
    scheme, _ = recipe
    places = list(range(len(rows)))
    chance.shuffle(places)
    found = scheme.segment(base_of(rows, joined))
    assert scheme.segment(base_of(rows, joined, places=places)) == found
    measures = found.frame.drop("segment")
    for place in range(min(measures.height, 2)):
        assert scheme.label(measures[place]).equals(found.frame[place])
    assert scheme.label(measures[::-1])[::-1].equals(found.frame)


@given(bought, strangers, recipes)
def test_every_customer_is_labelled_exactly_once_with_a_reason(rows, joined, recipe):
    scheme, _ = recipe
    found = scheme.segment(base_of(rows, joined))
    assert found.segments == scheme.segments == NAMES
    assert found.frame["segment"].null_count() == 0
    assert found.frame["customer_id"].is_unique().all()
    for row in found.frame.iter_rows(named=True):
        assert scheme.why(row).endswith(f"; → {row['segment']}")


@given(bought, recipes, st.integers(0, 400))
def test_customers_flow_and_nobody_is_lost(rows, recipe, ago):
    scheme, _ = recipe
    base = base_of(rows)
    now, before = (scheme.assign(each) for each in (base, base.as_of(DAY - dt.timedelta(days=ago))))
    assert before.flow_to(now).frame["customers"].sum() == base.customer_ids.len()


def test_each_threshold_is_met_to_the_day():
    rows = [(1, 365, 5), (2, 366, 5), (3, 90, 5), (4, 91, 5), (5, 30, 5), (6, 31, 5)]
    found = Lifecycle().segment(base_of(rows)).frame["segment"].to_list()
    assert found == ["at_risk", "lost", "one_time", "at_risk", "new", "one_time"]
    rows = [(1, 0, 5), (1, 365, 5), (2, 0, 5), (2, 366, 5)]
    assert Lifecycle().segment(base_of(rows)).frame["segment"].to_list() == ["repeat", "won_back"]


def test_gaps_are_met_without_rounding():
    # Ten days in three gaps: 3.33… days each, and three of them are ten days, not a bit less.
    rows = [(1, ago, 5) for ago in (10, 13, 17, 20)]
    recipe = Lifecycle(active_days=Gaps(3), new_days=0, fallback_days=30)
    assert recipe.segment(base_of(rows)).frame["segment"].to_list() == ["repeat"]
    rows = [(1, ago + 1, 5) for ago in (10, 13, 17, 20)]
    assert recipe.segment(base_of(rows)).frame["segment"].to_list() == ["at_risk"]


def test_several_orders_on_one_day_are_no_gap_and_days_are_local():
    rows = [(1, 0, 5), (1, 0, 5), (1, 400, 5), (2, 0, 5), (2, 1, 5), (2, 400, 5)]
    found = Lifecycle().segment(base_of(rows, tz="Asia/Tokyo"))
    assert found.frame["segment"].to_list() == ["won_back", "repeat"]
    assert found.frame["last_gap_days"].to_list() == [400, 1]


def test_a_return_is_no_order_that_wins_back():
    found = Lifecycle().segment(base_of([(1, 0, 500), (1, 200, -500), (1, 400, 500)]))
    assert found.frame["segment"].to_list() == ["won_back"]


def test_ids_far_apart_are_found_too():
    rows = [(1, 0, 5), (1, 400, 5), (10**15, 0, 5), (10**15, 400, 5), (7, 3, 5)]
    found = Lifecycle().segment(base_of(rows)).frame
    assert found["segment"].to_list() == ["won_back", "new", "won_back"]


def test_a_base_without_orders_has_prospects_only():
    customers = cu.table(cu.Customer).cast(pl.DataFrame({"customer_id": [1, 2]}))
    events = cu.table(cu.Event).require(
        pl.DataFrame({"event_id": [1], "customer_id": [1], "at": ["2026-01-01"], "kind": ["care"]})
    )
    base = cu.CustomerBase(customers=customers, events=events)
    found = Lifecycle().segment(base).frame
    assert found["segment"].to_list() == ["prospect"] * 2
    assert found.schema["last_gap_days"] == pl.Int64


def test_why_shows_the_thresholds_with_the_numbers_that_met_them():
    rows = [
        *[(1, 400, 5), (2, 120, 5), (3, 1, 5), (3, 402, 5), (4, 12, 5), (6, 5, 5), (6, 60, 5)],
        *[(5, ago, 5) for ago in (2, 50, 51, 52, 53)],
        (7, 45, 5),
    ]
    found = Lifecycle().segment(base_of(rows, [8]))
    assert [found.why(who) for who in range(1, 9)] == [
        "last order 400 days ago > 365; → lost",
        "last order 120 days ago > 90; → at_risk",
        "last order 1 day ago ≤ 90, 401 after the one before > 365; → won_back",
        "last order 12 days ago ≤ 90, first 12 days ago ≤ 30; → new",
        "last order 2 days ago ≤ 90, 5 orders ≥ 5; → loyal",
        "last order 5 days ago ≤ 90, 2 orders ≥ 2, < 5; → repeat",
        "last order 45 days ago ≤ 90, first 45 days ago > 30, 1 order; → one_time",
        "no orders; → prospect",
    ]


def test_why_shows_the_customers_own_rhythm():
    rows = [*((1, ago, 5) for ago in (30, 40, 55)), (2, 61, 5)]
    recipe = Lifecycle(active_days=Gaps(2), fallback_days=60)
    found = recipe.segment(base_of(rows))
    assert [found.why(who) for who in (1, 2)] == [
        "last order 30 days ago > 2 gaps of 12.5; → at_risk",
        "last order 61 days ago > 60 (fewer than 3 order days); → at_risk",
    ]


def test_it_is_its_own_scheme_and_reads_what_it_needs():
    shelf = Shelf(pl.DataFrame({"customer_id": [1]}))
    assert Lifecycle().fit(shelf) is not None
    assert Lifecycle().fit(shelf) == Lifecycle()
    assert Lifecycle().reads == ("recency_days", "tenure_days", "orders", "last_gap_days")
    assert "days_active" in Lifecycle(lapse_days=Gaps(9), fallback_days=99).reads
    assert shelf.asked == []


@pytest.mark.parametrize("recipe", [recipe for recipe, _ in RECIPES], ids=repr)
def test_a_scheme_is_equal_after_the_trip_through_text(recipe):
    again = Lifecycle.from_json(recipe.to_json())
    assert again == recipe
    assert hash(again) == hash(recipe)
    assert again.to_json() == recipe.to_json()


GAPS = Gaps(2)
REFUSED = {
    "active over lapse": (
        {"active_days": 400},
        ["active_days is 400, more than lapse_days, 365"],
    ),
    "all out of order": (
        {"new_days": 90, "active_days": 60, "lapse_days": 30},
        [
            "new_days is 90, more than active_days, 60",
            "new_days is 90, more than lapse_days, 30",
            "active_days is 60, more than lapse_days, 30",
        ],
    ),
    "gaps out of order": (
        {"active_days": Gaps(4), "lapse_days": GAPS, "fallback_days": 90},
        ["active_days is Gaps(4), more than lapse_days, Gaps(2)"],
    ),
    "fallback out of order": (
        {"active_days": GAPS, "fallback_days": 500},
        ["at first active_days is 500, more than lapse_days, 365"],
    ),
    "no fallback": (
        {"active_days": GAPS, "lapse_days": Gaps(4)},
        [
            "active_days is Gaps(2), and nothing stands for it at first",
            "lapse_days is Gaps(4), and nothing stands for it at first",
        ],
    ),
    "half a fallback": (
        {"active_days": GAPS, "fallback_days": {"lapse": 9}},
        [
            "'lapse' is no part of a lifecycle",
            "active_days is Gaps(2), and nothing stands for it at first",
        ],
    ),
    "no days": (
        {"new_days": 1.5, "active_days": -1, "lapse_days": "365", "loyal_orders": 1},
        ["new_days is 1.5", "active_days is -1", "lapse_days is '365'", "loyal_orders is 1"],
    ),
    "flags": ({"new_days": True, "loyal_orders": 5.0}, ["new_days is True", "loyal_orders is 5.0"]),
    "fallback no days": ({"fallback_days": "x"}, ["fallback_days has 'x'"]),
    "fallbacks no days": (
        {"fallback_days": {"new_days": -3}},
        ["fallback_days has -3"],
    ),
    "more than 100 years": ({"lapse_days": 36_501}, ["lapse_days is 36501"]),
}


@pytest.mark.parametrize(("options", "told"), REFUSED.values(), ids=REFUSED)
def test_thresholds_that_part_nobody_are_refused_with_all_that_is_wrong(options, told):
    with pytest.raises(FitError) as error:
        Lifecycle(**options)
    assert [problem.what for problem in error.value.problems] == told
    assert all(problem.where and problem.fix for problem in error.value.problems)


@pytest.mark.parametrize("number", [0, -1, "2", True, None, 1001, 1.2345, float("nan")], ids=repr)
def test_what_is_no_number_of_gaps_is_refused(number):
    with pytest.raises(FitError) as error:
        Gaps(number)
    (problem,) = error.value.problems
    assert (problem.what, problem.where) == (f"{number!r} is no number of gaps", "Gaps")


SCHEME = Lifecycle(active_days=Gaps(1.5), fallback_days=FALLBACK)


def test_the_text_of_a_scheme_is_as_it_was_written_down():
    # A change here needs a new format number: texts are kept for years.
    assert SCHEME.to_json() == (
        '{"scheme": "lifecycle", "format": 1, "new_days": 30, "active_days": {"gaps": 1.5}, '
        '"lapse_days": 365, "loyal_orders": 5, '
        '"fallback_days": {"active_days": 60, "lapse_days": 150}}'
    )


def edited(**changes):
    return json.dumps({**json.loads(SCHEME.to_json()), **changes})


NONSENSE = {
    "no JSON": ("lifecycle", ["a lifecycle scheme is not JSON"]),
    "another scheme": (edited(scheme="abc"), ["the text is not a lifecycle scheme"]),
    "a later format": (edited(format="2"), ["format '2' is not known"]),
    "a foreign part": (edited(days=3), ["'days' is no part of a scheme"]),
    "no gaps": (
        edited(new_days={}, active_days={"gaps": "2"}, lapse_days={"gap": 2}),
        ["{} are no gaps", "'2' is no number of gaps", "{'gap': 2} are no gaps"],
    ),
    "thresholds": (
        edited(new_days=None, lapse_days=[1], loyal_orders=None),
        ["new_days is None", "lapse_days is [1]", "loyal_orders is None"],
    ),
    "out of order": (
        edited(new_days=400),
        ["at first new_days is 400", "new_days is 400, more than lapse"],
    ),
    "a fallback": (
        edited(fallback_days=[60]),
        ["fallback_days has [60]"],
    ),
}


@pytest.mark.parametrize(("text", "told"), NONSENSE.values(), ids=NONSENSE)
def test_a_text_edited_into_nonsense_is_refused_with_all_that_is_wrong(text, told):
    with pytest.raises(FitError) as error:
        Lifecycle.from_json(text)
    found = [problem.what for problem in error.value.problems]
    assert [what[: len(start)] for what, start in zip(found, told, strict=True)] == told
    assert all(problem.where.startswith("Lifecycle") for problem in error.value.problems)
    assert all(problem.fix for problem in error.value.problems)


def test_days_that_are_nan_are_none():
    nan = float("nan")
    rows = {"recency_days": [nan, 3.0], "tenure_days": [nan, 3.0], "orders": [0, 1]}
    shown = pl.DataFrame({"customer_id": [1, 2], **rows, "last_gap_days": [nan, nan]})
    assert Lifecycle().label(shown)["segment"].to_list() == ["prospect", "new"]
