"""RFM by group: each value of a column is cut by itself."""

from __future__ import annotations

import datetime as dt
import json

import attrs
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from custseg.errors import FitError, SchemaError
from custseg.segments.rfm_groups import Groups
from naive import segments as naive
from segments.shelf import buyers, measured, strangers

TWO = cu.Grid({"good": "r2", "poor": "r1"}, bins=2)
recipes = st.sampled_from(
    [
        cu.RFM(by="region"),
        cu.RFM(by="region", nested=True),
        cu.RFM(by="region", bins=2, grid=TWO),
        cu.RFM(by="region", bins=2, grid=TWO, nested=True),
    ]
)
regions = st.sampled_from(["north", "south", None])
populations = st.lists(st.tuples(buyers | strangers, regions), max_size=30)


def told(population, dtype=pl.String):
    """Measures of (customer, region)."""
    rows = measured([customer for customer, _ in population])
    return rows.with_columns(region=pl.Series([where for _, where in population], dtype=dtype))


def fitted(recipe, rows):
    return recipe.settle(recipe.tally(rows))


@given(recipes, populations)
def test_scores_are_those_of_each_group_by_itself(recipe, population):
    rows = told(population)
    expected = naive.rfm_by(
        [customer for customer, _ in population],
        [where for _, where in population],
        recipe.bins,
        nested=recipe.nested,
    )
    labelled = fitted(recipe, rows).label(rows)
    assert labelled.select("r", "f", "m").rows() == [each or (None,) * 3 for each in expected]
    assert labelled["customer_id"].equals(rows["customer_id"])
    assert labelled["segment"].null_count() == 0


@given(recipes, populations)
def test_each_group_has_the_labels_of_a_recipe_without_groups(recipe, population):
    rows = told(population)
    found = fitted(recipe, rows).label(rows)
    alone = attrs.evolve(recipe, by=None)
    for where in {where for _, where in population}:
        own = rows.filter(pl.col("region").eq_missing(pl.lit(where, pl.String)))
        expected = fitted(alone, own).label(own)
        mine = found.filter(pl.col("region").eq_missing(pl.lit(where, pl.String)))
        assert mine.equals(expected.select(mine.columns))


@given(recipes, populations, st.randoms(use_true_random=False), st.integers(0, 30))
def test_neither_row_order_nor_partitions_make_a_difference(recipe, population, chance, cut):
    rows = told(population)
    places = list(range(rows.height))
    chance.shuffle(places)
    scheme, mixed = fitted(recipe, rows), rows[places]
    assert recipe.settle(recipe.tally(mixed[:cut]) + recipe.tally(mixed[cut:])) == scheme
    assert scheme.label(mixed).sort("customer_id").equals(scheme.label(rows))


@given(recipes, populations)
def test_a_scheme_with_groups_is_equal_after_the_trip_through_text(recipe, population):
    scheme = fitted(recipe, told(population))
    assert cu.RFMScheme.from_json(scheme.to_json()) == scheme
    assert scheme.reads == (*cu.RFM().reads, "region")


def test_a_group_without_a_buyer_at_fitting_is_cut_like_everyone():
    known = [((9, 1, 10.0), "north"), ((3, 4, 70.0), "south"), ((60, 2, 40.0), "south")]
    scheme = fitted(cu.RFM(by="region"), told(known))
    later = told([((9, 1, 10.0), "west"), ((9, 1, 10.0), "north")])
    everyone = fitted(cu.RFM(), told(known)).label(later)
    found = scheme.label(later)
    assert found.row(0) == everyone.row(0)
    assert found.row(1) != everyone.row(1)
    assert scheme.why(found.row(0, named=True)).startswith(
        "region='west', not fitted, cut like everyone; r="
    )
    assert scheme.why(found.row(1, named=True)).startswith("region='north', cut by itself; r=")


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        (pl.Enum(["north", "south"]), ["south", "north", "south"]),
        (pl.Categorical(), ["south", "north", "south"]),
        (pl.Boolean(), [True, False, True]),
        (pl.Int32(), [7, -1, 7]),
        (pl.Null(), [None, None, None]),
    ],
)
def test_groups_are_text_whole_numbers_flags_or_nothing(dtype, values):
    rows = told(
        [((days, days, 5.0), where) for days, where in zip((1, 2, 9), values, strict=True)], dtype
    )
    scheme = fitted(cu.RFM(by="region"), rows)
    assert {value for value, _ in scheme.groups.schemes} == set(values)
    assert cu.RFMScheme.from_json(scheme.to_json()).label(rows).equals(scheme.label(rows))


def test_groups_of_another_type_are_refused():
    rows = told([((1, 1, 5.0), "north"), ((2, 2, 5.0), "south")])
    shares = rows.with_columns(region=pl.Series([0.5, 1.5]))
    with pytest.raises(FitError, match="'region' is Float64, by whose values nobody is grouped"):
        cu.RFM(by="region").tally(shares)
    numbers = rows.with_columns(region=pl.Series([1, 2]))
    with pytest.raises(FitError, match="'region' is Int64 here, and 'north' is a group"):
        fitted(cu.RFM(by="region"), rows).label(numbers)


@pytest.mark.parametrize("by", ["", 5])
def test_a_column_without_a_name_is_refused(by):
    with pytest.raises(FitError, match=f"by is {by!r}"):
        cu.RFM(by=by)


def edited(change):
    document = json.loads(
        fitted(cu.RFM(by="region"), told([((1, 1, 5.0), "north"), ((2, 2, 5.0), None)])).to_json()
    )
    change(document["groups"])
    return json.dumps(document)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda groups: groups.update(by=""), "by is ''"),
        (lambda groups: groups.pop("cuts"), "the groups cannot be read"),
        (lambda groups: groups.update(cuts=[5]), "the groups cannot be read"),
        (lambda groups: groups["cuts"][0].pop("value"), "the groups cannot be read"),
        (lambda groups: groups["cuts"][0].pop("orders"), "None are no starts"),
        (lambda groups: groups["cuts"][0].update(spend=[["x"]]), "'x' is no start"),
        (lambda groups: groups["cuts"][0].update(value=0.5), "0.5 names no group"),
        (lambda groups: groups["cuts"][1].update(value=None), "group None stands twice"),
    ],
    ids=["no column", "no list", "no cuts", "no value", "no orders", "text", "part", "twice"],
)
def test_groups_edited_into_nonsense_are_refused(change, what):
    with pytest.raises(FitError, match=what):
        cu.RFMScheme.from_json(edited(change))


def test_groups_within_groups_are_refused():
    scheme = fitted(cu.RFM(by="region"), told([((1, 1, 5.0), "north")]))
    inner = Groups(by="region", schemes=(("north", scheme),))
    with pytest.raises(
        FitError, match="group 'north' has another grid, window or nesting, or groups"
    ):
        attrs.evolve(scheme, groups=inner)


def test_groups_nested_otherwise_are_refused():
    rows = told([((1, 1, 5.0), "north")])
    flat, nested = fitted(cu.RFM(by="region"), rows), fitted(cu.RFM(nested=True), rows)
    with pytest.raises(FitError, match="group 'north' has another grid, window or nesting"):
        attrs.evolve(flat, groups=Groups(by="region", schemes=(("north", nested),)))


@given(recipes.map(lambda recipe: attrs.evolve(recipe, cuts={"recency_days": recipe_days(recipe)})))
def test_cuts_that_are_given_hold_in_every_group(recipe):
    rows = told([((9, 1, 10.0), "north"), ((3, 4, 70.0), "south"), ((60, 2, 40.0), None)])
    scheme = fitted(recipe, rows)
    assert {own.recency_days for _, own in scheme.groups.schemes} == {scheme.recency_days}
    assert scheme.recency_days == recipe.cuts["recency_days"]


def recipe_days(recipe):
    return [float(day) for day in range(5, 4 + recipe.bins)]


def test_many_groups_are_labelled_each_by_itself():
    rows = told([((n % 97, n % 7 + 1, float(n % 31)), n % 200) for n in range(2_000)], pl.Int16)
    found = fitted(cu.RFM(by="region"), rows).label(rows)
    for where in (0, 77, 199):
        own = rows.filter(region=where)
        mine = found.filter(region=where)
        assert mine.equals(fitted(cu.RFM(), own).label(own).select(mine.columns))


def shop():
    return cu.datasets.simulate(300, 500, seed=3).base()


@pytest.mark.parametrize("recipe", [cu.RFM(by="region"), cu.RFM(by="region", window="90d")])
def test_of_a_base_each_region_is_labelled_as_if_it_stood_alone(recipe):
    base = shop()
    found = recipe.segment(base)
    assert found == recipe.fit(base).assign(base)
    assert found.frame["customer_id"].equals(base.customer_ids)
    for region in base.measures("region")["region"].unique().drop_nulls():
        own = attrs.evolve(recipe, by=None).segment(base.where(f"region = '{region}'"))
        mine = found.frame.filter(pl.col("region") == region)
        assert mine.select(own.frame.columns).equals(own.frame)


def test_groups_are_tracked_with_the_labels_assigned_on_each_day():
    base = shop()
    base = base.as_of(base.day)
    scheme = cu.RFM(by="region").fit(base)
    days = [base.day - dt.timedelta(days=back) for back in (200, 90, 0)]
    history = scheme.track(base, every=days)
    for day in days:
        labels = scheme.assign(base.as_of(day)).frame.select("customer_id", "segment")
        assert history.at(day).equals(labels)


def test_a_base_without_the_column_is_told():
    base = cu.CustomerBase(orders=shop().orders)
    with pytest.raises(SchemaError, match="'region' is no measure, no column of customers"):
        cu.RFM(by="region").fit(base)
