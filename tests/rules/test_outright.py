"""Conditions told without the engine: they say what the engine says."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import custseg as cu
from custseg.rules import outright, together
from custseg.rules.tree import tree_of
from naive import rules as naive
from rules.conditions import conditions, framed, rows

_EDGES = [0, 1, -1, 3, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)]
_REALS = [0.0, -0.0, 0.5, 3.0, float(2**53), float("inf"), float("-inf"), float("nan")]
_COLUMN = st.sampled_from(["whole", "real"])
_NUMBER = st.sampled_from(_EDGES) | st.sampled_from(_REALS) | st.integers(-3, 3)
_ROW = st.tuples(
    st.none() | st.sampled_from(_EDGES) | st.integers(-3, 3),
    st.none() | st.sampled_from(_REALS) | st.integers(-3, 3).map(float),
)


def _compared(column, sign, number):
    left = pl.col(column)
    return {
        ">": left > number,
        ">=": left >= number,
        "<": left < number,
        "<=": left <= number,
        "=": left == number,
        "<>": left != number,
    }[sign]


_CONDITION = st.recursive(
    st.builds(_compared, _COLUMN, st.sampled_from([">", ">=", "<", "<=", "=", "<>"]), _NUMBER),
    lambda inner: (
        st.builds(lambda a, b: a & b, inner, inner) | st.builds(lambda a, b: a | b, inner, inner)
    ),
    max_leaves=4,
)


def shown(listed):
    return pl.DataFrame(listed, schema={"whole": pl.Int64, "real": pl.Float64}, orient="row")


@given(_CONDITION, st.lists(_ROW, max_size=8))
@example(pl.col("real") > 3, [(1, float("nan")), (1, None)])
@example(pl.col("real") <= 3, [(1, float("nan")), (1, None)])
@example((pl.col("whole") != 1) | (pl.col("real") == 1.0), [(None, 1.0), (1, None), (2, None)])
def test_comparisons_with_numbers_hit_what_the_engine_hits(condition, listed):
    frame = shown(listed)
    told = outright.outright(tree_of(condition))
    found = None if told is None else told.hits(outright.Arrays(frame))
    expected = frame.select(condition.fill_null(value=False).alias("hit"))["hit"]
    assert found is None or found.tolist() == expected.to_list()


@given(conditions(), rows())
def test_any_condition_that_is_told_is_told_as_the_engine_tells_it(condition, listed):
    rule = cu.Rule("hit", naive.sql(condition))
    (told,) = outright.told([rule.outright], framed(listed))
    assert told is None or told.tolist() == naive.hits(condition, listed)


@given(st.lists(conditions(), min_size=1, max_size=4), rows(), st.sampled_from([0, 5_000]))
def test_rules_asked_together_answer_as_each_alone(listed, people, few):
    rules = tuple(cu.Rule(f"r{n}", naive.sql(each)) for n, each in enumerate(listed))
    frame = framed(people)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(together, "FEW", few)
        found = together.Together(rules).hits(frame)
    assert [each.tolist() for each in found] == [rule.hits(frame).to_list() for rule in rules]


@pytest.mark.parametrize(
    "when", ["orders >= 3", "spend > 3000 AND orders >= 20", "orders = 1 OR spend < -2"]
)
def test_comparisons_with_numbers_are_told_outright(when):
    frame = pl.DataFrame({"orders": [20, 1], "spend": [4000.0, -3.0]})
    rule = cu.Rule("told", when)
    (found,) = outright.told([rule.outright], frame)
    assert found is not None
    assert found.tolist() == rule.hits(frame).to_list()


@pytest.mark.parametrize("when", ["NOT orders >= 3", "orders + 1 > 3", "orders > spend", "app"])
def test_all_else_is_left_to_the_engine(when):
    assert cu.Rule("asked", when).outright is None


@pytest.mark.parametrize("dtype", [pl.Int32, pl.Float32, pl.UInt64, pl.Decimal(18, 2)])
def test_columns_of_other_types_are_left_to_the_engine(dtype):
    frame = pl.DataFrame({"orders": pl.Series([1, 5]).cast(dtype)})
    rule = cu.Rule("many", "orders > 3")
    assert outright.told([rule.outright], frame) == [None]
    assert outright.told([rule.outright], pl.DataFrame({"spend": [1]})) == [None]
    (found,) = together.Together((rule,)).hits(frame)
    assert found.tolist() == [False, True]
