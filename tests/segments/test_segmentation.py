"""Segmentation: sizes, profile, members, why, cross, and how it is shown."""

from __future__ import annotations

import datetime as dt
import math
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from custseg.errors import SchemaError
from custseg.segments.abc import ABC
from custseg.segments.clusters import Clusters
from custseg.segments.grid import Grid
from custseg.segments.rfm import RFM
from custseg.segments.segmentation import Segmentation
from segments.shelf import NOON, Shelf, measured, populations

SHOP = [(3, 9, 90.0), (40, 1, 5.25), (80, 4, 40.0), (200, 1, 5.0), (300, 2, 9.5), (None, 0, 0.0)]
TIERS = RFM(grid=Grid.value_tiers())


def segmented(customers, recipe=None, **options):
    return (recipe or RFM()).segment(Shelf(measured(customers), **options))


@given(populations)
def test_sizes_add_up_and_keep_the_order_of_the_scheme(customers):
    found = segmented(customers)
    sizes = found.sizes()
    assert tuple(sizes["segment"]) == found.segments == (*Grid.eleven_names().segments, "prospect")
    assert sizes["customers"].sum() == len(customers)
    assert dict(zip(sizes["segment"], sizes["customers"], strict=True)) == {
        name: found.members(name).height for name in found.segments
    }
    if customers:
        assert math.isclose(sizes["share"].sum(), 1)
    else:
        assert sizes["share"].null_count() == len(found.segments)


@given(populations)
def test_spend_is_the_nearest_number_to_the_exact_sum(customers):
    found = segmented(customers)
    for name, spend in found.sizes().select("segment", "spend").iter_rows():
        cents = sum(round(Fraction(value) * 100) for value in found.members(name)["spend"])
        assert spend == cents / 100


def test_a_share_of_no_spend_is_null():
    sizes = segmented([(1, 1, 0.0), (2, 2, 0.0)]).sizes()
    assert sizes["spend_share"].null_count() == sizes.height
    assert sizes["share"].null_count() == 0


def test_who_returned_more_than_was_bought_has_no_share_of_spend():
    found = segmented([(1, 9, 6.0), (2, 3, 2.0), (300, 1, -4.0)])
    sizes = found.sizes().select("spend", "spend_share").rows()
    assert [share for spend, share in sizes if spend < 0] == [None]
    assert sum(share for spend, share in sizes if spend >= 0) == 1
    assert "-" not in str(found).replace("-4.00", "").partition("\n")[2]


@pytest.mark.parametrize("call", ["cross", "flow_to"])
def test_what_is_no_segmentation_is_refused(call):
    with pytest.raises(SchemaError) as caught:
        getattr(segmented(SHOP), call)(3)
    assert str(caught.value) == (
        "3 is no segmentation\n"
        f"  where: Segmentation.{call}\n"
        "  fix:   give what another assign() returned"
    )
    with pytest.raises(SchemaError, match="no segment is named 3"):
        segmented(SHOP).members(3)


@pytest.mark.parametrize("verb", ["fit", "segment"])
@pytest.mark.parametrize(
    "recipe", [RFM(), ABC(), Clusters(2)], ids=lambda each: type(each).__name__
)
def test_what_is_no_base_is_refused(recipe, verb):
    with pytest.raises(SchemaError) as caught:
        getattr(recipe, verb)(None)
    assert str(caught.value) == (
        "None is no base of customers\n"
        f"  where: {type(recipe).__name__}.{verb}\n"
        "  fix:   give a base: cu.CustomerBase(orders=...)"
    )
    with pytest.raises(SchemaError, match="3 is no base of customers"):
        RFM().fit(Shelf(measured(SHOP))).assign(3)


def test_sizes_have_five_columns_of_plain_types():
    assert dict(segmented(SHOP).sizes().schema) == {
        "segment": pl.Enum([*Grid.eleven_names().segments, "prospect"]),
        "customers": pl.Int64,
        "share": pl.Float64,
        "spend": pl.Float64,
        "spend_share": pl.Float64,
    }


def test_a_segmentation_carries_what_it_holds_for():
    found = segmented(SHOP, currency="JPY", scale=0)
    assert (found.instant, found.day) == (NOON, NOON.date())
    assert (found.currency, found.scale) == ("JPY", 0)


def test_it_is_shown_as_a_table_that_lines_up():
    assert repr(segmented(SHOP, TIERS)) == (
        "6 customers as of 2026-06-30, spend in EUR\n"
        "segment     customers   share   spend  spend share\n"
        "high_value          2  33.3 %  130.00       86.8 %\n"
        "potential           0   0.0 %    0.00        0.0 %\n"
        "ordinary            3  50.0 %   19.75       13.2 %\n"
        "prospect            1  16.7 %    0.00        0.0 %"
    )


def test_an_empty_one_is_shown_too():
    assert repr(segmented([], TIERS, currency="JPY", scale=0)) == (
        "0 customers as of 2026-06-30, spend in JPY\n"
        "segment     customers  share  spend  spend share\n"
        "high_value          0      –      0            –\n"
        "potential           0      –      0            –\n"
        "ordinary            0      –      0            –\n"
        "prospect            0      –      0            –"
    )


def test_names_are_escaped_in_a_notebook():
    grid = Grid({"<b>&top": "r2", "rest": "r1"}, bins=2)
    shown = segmented(SHOP, RFM(bins=2, grid=grid))._repr_html_()
    assert "&lt;b&gt;&amp;top" in shown
    assert "<b>" not in shown


def test_members_are_the_rows_of_a_segment():
    found = segmented(SHOP, TIERS)
    assert found.members("high_value")["customer_id"].to_list() == [1, 3]
    assert found.members("potential").is_empty()


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("high_valu", "did you mean 'high_value'?"),
        ("x", "there are high_value, potential, ordinary, prospect"),
    ],
)
def test_members_of_an_unknown_segment_are_refused(name, fix):
    with pytest.raises(SchemaError) as error:
        segmented(SHOP, TIERS).members(name)
    assert str(error.value) == (
        f"no segment is named {name!r}\n  where: Segmentation.members\n  fix:   {fix}"
    )


def test_why_takes_an_integer_id_and_its_text():
    found = segmented(SHOP)
    assert found.why(6) == found.why("6") == "no orders; → prospect"
    assert found.why(1).startswith("r=5: 3 days ago")


def test_why_takes_a_text_id_with_its_zeros():
    frame = measured([(3, 2, 9.0), (None, 0, 0.0)], ids=["0071", "71"])
    found = RFM().segment(Shelf(frame))
    assert found.why("71") == found.why(71) == "no orders; → prospect"
    assert found.why("0071").startswith("r=5")


@pytest.mark.parametrize("wanted", [7, "7", "seven", "1.0", "9" * 30, "", "²"], ids=repr)
def test_why_of_an_unknown_customer_is_refused(wanted):
    with pytest.raises(SchemaError) as error:
        segmented(SHOP).why(wanted)
    assert str(error.value) == (
        f"no customer {wanted!r}\n  where: Segmentation.why\n  fix:   ids are Int64 here, such as 1"
    )


def test_why_of_nobody_says_that_it_is_empty():
    with pytest.raises(SchemaError, match="it is empty"):
        segmented([]).why(1)


def test_a_profile_is_the_mean_or_the_most_frequent_value_of_each_segment():
    frame = measured(SHOP).with_columns(
        app=pl.Series([True, False, False, None, True, True]),
        region=pl.Series(["n", "s", "s", "s", "n", None]),
        visits=pl.Series([1, 2, None, 4, 8, 16]),
        joined=pl.Series([dt.date(2026, 1, day) for day in (1, 2, 2, 3, 2, 9)]),
    )
    found = TIERS.segment(Shelf(frame))
    profile = found.profile(Shelf(frame), "spend", "visits", "app", "region", "joined")
    assert profile.rows() == [
        ("high_value", 2, 65.0, 1.0, 0.5, "n", dt.date(2026, 1, 1)),
        ("potential", 0, None, None, None, None, None),
        ("ordinary", 3, 19.75 / 3, 14 / 3, 0.5, "s", dt.date(2026, 1, 2)),
        ("prospect", 1, 0.0, 16.0, 1.0, None, dt.date(2026, 1, 9)),
    ]


def test_a_profile_of_a_later_base_shows_what_became_of_the_segments():
    later = Shelf(measured([(1, 11, 150.0), (2, 5, 60.0)], ids=[1, 9]))
    profile = segmented(SHOP, TIERS).profile(later, "orders")
    assert profile.rows()[:2] == [("high_value", 2, 11.0), ("potential", 0, None)]


def test_a_profile_without_measures_is_the_count():
    assert segmented(SHOP, TIERS).profile(Shelf(measured(SHOP))).rows() == [
        ("high_value", 2),
        ("potential", 0),
        ("ordinary", 3),
        ("prospect", 1),
    ]


@given(populations)
def test_cross_counts_every_customer_in_one_pair(customers):
    some, other = segmented(customers), segmented(customers, TIERS)
    crossed = some.cross(other)
    assert crossed.height == len(some.segments) * len(other.segments)
    assert crossed["customers"].sum() == len(customers)
    pairs = list(zip(some.frame["segment"], other.frame["segment"], strict=True))
    for segment, other_segment, customers_, share in crossed.iter_rows():
        assert customers_ == pairs.count((segment, other_segment))
        whole = some.members(segment).height
        assert share == (customers_ / whole if whole else None)


def test_cross_with_itself_is_a_diagonal():
    found = segmented(SHOP, TIERS)
    rows = found.cross(found).filter(pl.col("customers") > 0)
    assert rows["segment"].to_list() == rows["other_segment"].to_list()
    assert set(rows["share"]) == {1.0}


def test_cross_and_flow_of_other_ids_are_refused():
    text = TIERS.segment(Shelf(measured(SHOP, ids=list("abcdef"))))
    found = segmented(SHOP, TIERS)
    for verb in ("cross", "flow_to"):
        with pytest.raises(SchemaError) as error:
            getattr(found, verb)(text)
        assert str(error.value) == (
            "ids are Int64 here and String there\n"
            f"  where: Segmentation.{verb}\n"
            "  fix:   read both bases' logs with one type of id"
        )


def test_cross_of_other_customers_is_refused():
    with pytest.raises(SchemaError, match="the two are not of the same customers"):
        segmented(SHOP).cross(segmented(SHOP[:3]))


def test_flow_between_other_segments_is_refused():
    with pytest.raises(SchemaError) as error:
        segmented(SHOP, TIERS).flow_to(segmented(SHOP))
    (problem,) = error.value.problems
    assert problem.what.startswith("the later segments are champions, loyal, ")
    assert problem.fix == "assign both bases by one scheme, or use cross()"


def test_segmentations_compare_by_labels_and_instant_and_have_no_hash():
    later = NOON + dt.timedelta(days=1)
    assert segmented(SHOP) == segmented(SHOP)
    assert segmented(SHOP) != segmented(SHOP[:3])
    assert segmented(SHOP) != segmented(SHOP, instant=later)
    assert segmented(SHOP) != "a segmentation"
    with pytest.raises(TypeError, match="unhashable"):
        hash(segmented(SHOP))


@given(st.lists(st.sampled_from(["gold", "silver"]), max_size=8))
def test_labels_from_elsewhere_make_a_segmentation_too(names):
    """A ledger's tiers, clusters, rule books: a frame and something that says why."""

    class Told:
        def why(self, row):
            return f"{row['orders']} orders → {row['segment']}"

    frame = pl.DataFrame(
        {
            "customer_id": pl.Series(range(len(names)), dtype=pl.Int64),
            "segment": pl.Series(names, dtype=pl.Enum(["silver", "gold", "none"])),
            "orders": pl.Series([2] * len(names), dtype=pl.Int64),
            "spend": pl.Series([1.5] * len(names), dtype=pl.Float64),
        }
    )
    found = Segmentation(
        frame=frame, reasons=Told(), instant=NOON, day=NOON.date(), currency="EUR", scale=2
    )
    assert found.sizes()["customers"].to_list() == [names.count("silver"), names.count("gold"), 0]
    if names:
        assert found.why(0) == f"2 orders → {names[0]}"


def test_sums_of_spend_beyond_64_bits_are_still_exact():
    found = segmented([(1, 8, 7.2e16), (2, 8, 7.2e16), (3, 8, 7.2e16), (4, 8, -7.2e16)])
    sizes = found.sizes().filter(pl.col("customers") > 0)
    assert sizes["spend"].sum() == 1.44e17
    assert set(sizes["spend_share"]) <= {None, 1 / 3, 2 / 3, 1.0}
    assert sizes["spend_share"].sum() == 1
    one = segmented([(1, 1, 1e300), (1, 1, 1e300), (1, 1, -5.0)]).sizes()
    assert one["spend"].max() == pytest.approx(2e300)
    assert one["spend_share"].max() == 1


@given(populations, st.sampled_from([1.0, 2.0**47, 2.0**57, 2.0**90]))
def test_large_spend_has_the_shares_of_small_spend(customers, times):
    whole = [(days, orders, float(int(spend))) for days, orders, spend in customers]
    more = [(days, orders, spend * times) for days, orders, spend in whole]
    small, large = (segmented(each, ABC(by="orders")).sizes() for each in (whole, more))
    assert large["spend"].to_list() == (small["spend"] * times).to_list()
    assert large["spend_share"].to_list() == small["spend_share"].to_list()


def test_a_profile_of_the_wrong_things_says_which():
    found = segmented(SHOP)
    with pytest.raises(SchemaError, match="None is no base of customers") as caught:
        found.profile(None, "orders")
    assert caught.value.problems[0].where == "Segmentation.profile"
    text = Shelf(measured(SHOP, ids=list("abcdef")))
    with pytest.raises(SchemaError, match="ids are Int64 here and String there"):
        found.profile(text, "orders")
    named = Shelf(measured(SHOP).with_columns(segment=pl.lit("x"), customers=pl.lit(1)))
    with pytest.raises(SchemaError) as caught:
        found.profile(named, "segment", "orders", "customers")
    assert [problem.what for problem in caught.value.problems] == [
        "'segment' is a column of the profile itself",
        "'customers' is a column of the profile itself",
    ]


def test_a_measure_named_twice_is_profiled_once():
    found = segmented(SHOP, TIERS)

    class Base(Shelf):
        def measures(self, *names):
            return super().measures(*dict.fromkeys(names))

    base = Base(measured(SHOP))
    assert found.profile(base, "orders", "orders").equals(found.profile(base, "orders"))


def test_tags_are_no_base_though_they_have_measures():
    shop = cu.datasets.simulate(20, 90, seed=1).base()
    tags = cu.RuleBook.every(cu.Rule("buyer", "orders > 0")).assign(shop)
    with pytest.raises(SchemaError, match="is no base of customers"):
        RFM().fit(tags)
