from __future__ import annotations

import math
import statistics
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from base.logs_of import LOGS, at, base_of, keyed
from base.test_customer_base import DAY, order

HOWS = {
    "sum": lambda values: float(sum(values, Fraction())),
    "mean": lambda values: float(sum(values) / len(values)) if values else None,
    "min": lambda values: float(min(values)) if values else None,
    "max": lambda values: float(max(values)) if values else None,
    "median": lambda values: float(statistics.median(values)) if values else None,
    "first": lambda values: float(values[0]) if values else None,
    "last": lambda values: float(values[-1]) if values else None,
    "count": len,
    "n_unique": lambda values: len(set(values)),
}


@pytest.mark.parametrize("how", HOWS)
@given(listed=LOGS["lines"], chance=st.randoms(use_true_random=False))
def test_money_is_summed_up_exactly_in_major_units(how, listed, chance):
    listed = keyed("lines", listed)
    mine = cu.Measure("mine", "total", over="lines", how=how)
    shuffled = chance.sample(listed, len(listed))
    members = [{"customer_id": who, "joined_at": None} for who in range(1, 6)]
    found = base_of({"lines": shuffled, "customers": members}).measures(mine)
    ordered = sorted(listed, key=lambda row: (row["ordered_at"], row["order_id"], row["line"]))
    for who, value in found.iter_rows():
        own = [Fraction(row["total"], 100) for row in ordered if row["customer_id"] == who]
        assert value == HOWS[how](own)


ROWS = [
    {**order(1, 1, 100), "channel": "app", "paid_with_points": 0},
    {**order(2, 1, 200), "channel": "web", "paid_with_points": 0},
    {**order(3, 2, 300), "channel": None, "paid_with_points": 0},
]


@pytest.mark.parametrize(
    ("value", "how", "expected"),
    [
        ("channel = 'app'", "mean", [0.5, None]),
        ("channel = 'app'", "sum", [1, 0]),
        ("channel = 'app'", "count", [1, 0]),
        ("channel = 'app'", "median", [0.5, None]),
        ("channel", "n_unique", [2, 0]),
        ("channel", "last", ["web", None]),
        ("order_id", "sum", [3, 3]),
        ("order_id", "mean", [1.5, 3.0]),
        (pl.col("order_id") * 0.1, "sum", [0.30000000000000004, 0.30000000000000004]),
        (pl.col("order_id") * 1.0, "mean", [1.5, 3.0]),
        ("EXTRACT(hour FROM ordered_at)", "max", [14, 14]),
    ],
)
def test_values_of_any_type_are_summed_up(value, how, expected):
    base = base_of({"orders": ROWS}, tz="Europe/Berlin")
    assert base.measures(cu.Measure("mine", value, how=how))["mine"].to_list() == expected


def test_measures_are_equal_when_they_say_the_same():
    one, other = (cu.Measure("m", pl.col("total") * 2) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert one != cu.Measure("m", pl.col("total") * 3)
    assert one != cu.Measure("m", "total * 2")


def test_nobody_has_bought_where_there_are_no_orders():
    base = base_of({"events": keyed("events", [{"customer_id": 1, "at": at(DAY, 1), "kind": "x"}])})
    mine = cu.Measure("mine", "total", how="sum")
    assert base.measures(mine, "orders", "spend", "recency_days").rows() == [(1, 0.0, 0, 0.0, None)]


def test_a_declaration_is_refused_with_everything_that_is_wrong():
    with pytest.raises(cu.RuleError) as caught:
        cu.Measure("orders", "SUM(total)", over="sales", how="average")
    assert [problem.what for problem in caught.value.problems] == [
        "measure 'orders' has a name that is taken",
        "measure 'orders' is over 'sales', which is no log",
        "measure 'orders' has how='average'",
        "measure 'orders' is not a value of one row: aggregate (Sum)",
    ]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("total +", "measure 'm' cannot be read"),
        ("1", "measure 'm' reads no column"),
        ("ordered_at > NOW()", "measure 'm' reads the clock (NOW())"),
    ],
)
def test_a_value_that_means_nothing_is_refused(value, told):
    with pytest.raises(cu.RuleError) as caught:
        cu.Measure("m", value)
    assert caught.value.problems[-1].what.startswith(told)
    assert caught.value.problems[-1].where == "Measure('m')"


@pytest.mark.parametrize(
    ("value", "how", "told"),
    [
        (
            "totl",
            "sum",
            (
                "measure 'm' reads 'totl', which is no column of orders\n"
                "  where: Measure('m')\n  fix:   did you mean 'total'?"
            ),
        ),
        (
            "last_gap_days",
            "sum",
            (
                "measure 'm' reads 'last_gap_days', which is no column of orders\n"
                "  where: Measure('m')\n"
                "  fix:   it is a measure, which these rows do not have: read their own columns"
            ),
        ),
        (
            "channel",
            "sum",
            (
                "measure 'm' is the sum of String values\n"
                "  where: Measure('m')\n  fix:   take how=\"count\", or a number"
            ),
        ),
    ],
)
def test_a_measure_that_does_not_fit_its_log_is_refused(value, how, told):
    with pytest.raises(cu.SchemaError) as caught:
        base_of({"orders": ROWS}).measures(cu.Measure("m", value, how=how))
    assert str(caught.value) == told


def test_types_that_do_not_go_together_are_told():
    with pytest.raises(cu.SchemaError, match="measure 'm' fails on orders"):
        base_of({"orders": ROWS}).measures(
            cu.Measure("m", pl.col("channel") * pl.col("ordered_at"))
        )


def test_a_value_that_some_row_does_not_have_is_told():
    mine = cu.Measure("m", "CAST(channel AS BIGINT)", how="sum")
    with pytest.raises(cu.RuleError, match="fix:   where a value may not convert, write TRY_CAST"):
        base_of({"orders": ROWS}).measures(mine)


def test_a_sum_of_whole_numbers_beyond_int64_is_an_error_and_never_wraps():
    mine = cu.Measure("m", pl.lit(2**62) + 0 * pl.col("order_id"), how="sum")
    with pytest.raises(cu.RuleError, match="a sum leaves the 64 bits of Int64"):
        base_of({"orders": [order(i, 1) for i in range(4)]}).measures(mine)


def test_sums_of_floats_do_not_depend_on_the_order_of_rows():
    mine = cu.Measure("m", pl.col("order_id") * 0.1, how="sum")
    rows = [order(number, 1) for number in (1, 2, 3, 10**15, 7, 9)]
    found = {base_of({"orders": made}).measures(mine)["m"].item() for made in (rows, rows[::-1])}
    assert len(found) == 1
    assert math.isfinite(found.pop())


def test_a_value_that_is_the_same_of_all_rows_is_counted_of_each():
    settled = "CASE WHEN 0 = 0 THEN 0 IS NOT NULL ELSE 0 BETWEEN total AND 0 END"
    base = cu.datasets.simulate(20, 60, seed=1).base()
    found = base.measures("orders", cu.Measure("all", settled, how="count"))
    assert found["all"].sum() == base.log("orders").height
