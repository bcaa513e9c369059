"""What schemes are shown: frames with their columns, and numbers that are known."""

from __future__ import annotations

import math
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from custseg.segments.clusters_space import Space

SEEN = pl.DataFrame(
    {
        "customer_id": [1, 2, 3],
        "recency_days": [3, 40, None],
        "tenure_days": [3, 400, None],
        "orders": [1, 7, 0],
        "last_gap_days": [None, 9, None],
        "days_active": [1, 7, 0],
        "spend": [5.5, 90.0, None],
    }
)
RFM, GAPS = cu.RFM(), cu.Lifecycle(active_days=cu.Gaps(2), fallback_days=90)
SCHEMES = {
    "rfm": RFM.settle(RFM.tally(SEEN)),
    "abc": cu.ABCScheme(by="spend", a=300, b=150),
    "lifecycle": cu.Lifecycle(),
    "gaps": GAPS,
    "bands": cu.Bands("spend", ("low", "high"), (50,)),
    "rules": cu.RuleBook.first(cu.Rule("vip", "spend > 50"), otherwise="rest"),
    "clusters": cu.ClustersScheme(
        measures=("spend",),
        space=Space("standard", (50.0,), (10.0,)),
        names=("high", "low"),
        centres=((1.0,), (-1.0,)),
        customers=(4, 6),
    ),
}
TALLIES = {"rfm": RFM, "nested": cu.RFM(nested=True), "abc": cu.ABC(), "clusters": cu.Clusters(2)}
BOTH = [pytest.param(each.label, id=f"{name}.label") for name, each in SCHEMES.items()]
BOTH += [pytest.param(each.tally, id=f"{name}.tally") for name, each in TALLIES.items()]
KNOWN = [
    pytest.param(SCHEMES["rfm"].label, "RFMScheme.label", ("recency_days", "spend"), id="rfm"),
    pytest.param(RFM.tally, "RFM.tally", ("recency_days", "spend"), id="tally"),
    pytest.param(
        cu.Lifecycle().label, "Lifecycle.label", ("recency_days", "tenure_days"), id="lifecycle"
    ),
    pytest.param(
        GAPS.label, "Lifecycle.label", ("recency_days", "tenure_days", "days_active"), id="gaps"
    ),
]


def refused(verb, rows):
    with pytest.raises(cu.CustsegError) as caught:
        verb(rows)
    assert all(problem.where and problem.fix for problem in caught.value.problems)
    return caught.value


@pytest.mark.parametrize("verb", BOTH)
def test_a_column_that_is_not_there_is_named(verb):
    told = str(refused(verb, SEEN.drop("spend", "recency_days").rename({"orders": "order"})))
    assert "'spend'" in told or "'orders'" in told or "'recency_days'" in told


@pytest.mark.parametrize("verb", BOTH)
def test_what_is_no_frame_of_polars_is_refused(verb):
    pandas = pytest.importorskip("pandas")
    for rows in (None, 5, SEEN.lazy(), pandas.DataFrame({"orders": [1]})):
        told = str(refused(verb, rows))
        assert f"a {type(rows).__name__} is no frame of measures" in told
        assert "pl.from_pandas(frame)" in told


@pytest.mark.parametrize(("verb", "where", "names"), KNOWN)
@pytest.mark.parametrize("many", [1, 40])
def test_what_is_not_known_of_a_buyer_is_refused(verb, where, names, many):
    for name in names:
        for missing in (None, math.nan):
            rows = pl.concat([SEEN.head(2)] * many).with_columns(pl.col(name).cast(pl.Float64))
            rows[0, name] = missing
            (problem,) = refused(verb, rows).problems
            assert problem.what == f"{name!r} is null or NaN for 1 customer who ordered"
            assert problem.where == where


@pytest.mark.parametrize(("verb", "where", "names"), KNOWN)
@pytest.mark.parametrize("missing", [None, math.nan])
def test_orders_must_be_known_of_everyone(verb, where, names, missing):
    rows = SEEN.with_columns(pl.col("orders").cast(pl.Float64))
    rows[2, "orders"] = missing
    (problem,) = refused(verb, rows).problems
    assert problem.what == "'orders' is null or NaN for 1 customer"
    assert (problem.where, names) == (where, names)


@pytest.mark.parametrize(("verb", "where", "names"), KNOWN)
def test_what_is_none_of_numbers_is_told_at_once(verb, where, names):
    rows = SEEN.with_columns(pl.col(*names).cast(pl.String))
    problems = refused(verb, rows).problems
    assert [each.what for each in problems] == [
        f"{name!r} is String, not a number" for name in names
    ]
    assert {each.where for each in problems} == {where}


@given(st.lists(st.sampled_from([0, 1, 2]), min_size=1, max_size=40))
def test_what_nobody_knows_of_strangers_is_no_fault(orders):
    buys = [count > 0 for count in orders]
    rows = pl.DataFrame(
        {
            "customer_id": range(len(orders)),
            "recency_days": pl.Series([5 if bought else None for bought in buys], dtype=pl.Int64),
            "tenure_days": pl.Series([9 if bought else None for bought in buys], dtype=pl.Int64),
            "orders": orders,
            "last_gap_days": pl.Series([None] * len(orders), dtype=pl.Int64),
            "spend": pl.Series([2.0 if bought else None for bought in buys], dtype=pl.Float64),
        }
    )
    for scheme in (RFM.settle(RFM.tally(rows)), cu.Lifecycle()):
        labels = scheme.label(rows)["segment"].to_list()
        assert [label != "prospect" for label in labels] == buys


def test_decimals_are_what_they_say():
    spend = [Decimal("1.50"), Decimal("2.25"), Decimal("30.00")]
    decimals = SEEN.with_columns(
        spend=pl.Series(spend, dtype=pl.Decimal(18, 2)), recency_days=pl.Series([1, 2, 3])
    ).with_columns(orders=pl.Series([1, 2, 3]))
    floats = decimals.with_columns(pl.col("spend").cast(pl.Float64))
    assert RFM.tally(decimals) == RFM.tally(floats)
    scheme = RFM.settle(RFM.tally(floats))
    found = scheme.label(decimals)
    assert found["rfm"].to_list() == scheme.label(floats)["rfm"].to_list()
    assert found["spend"].to_list() == spend
