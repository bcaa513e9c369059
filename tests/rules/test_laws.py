"""Laws of rules: what they answer, and on what the answer may not depend."""

from __future__ import annotations

import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st
from polars.testing import assert_series_equal

import custseg as cu
from naive import rules as naive
from rules.conditions import conditions, framed, rows

SPENDERS = ("AND", (">", ("column", "spend"), ("literal", 0)), ("null", ("column", "region")))


# The row is asked only where zero is not zero: polars says once what is the same of all.
SETTLED = (
    "case",
    ("=", ("literal", 0), ("literal", 0)),
    ("null", ("literal", 0)),
    ("between", ("literal", 0), ("column", "spend"), ("literal", 0)),
)


@given(conditions(), rows())
@example(SPENDERS, [])
@example(SETTLED, [])
@example(SETTLED, [{"spend": 5.0}, {"spend": None}])
@example(("not", ("in", ("column", "region"), ("it's", "NOW()"))), [{"region": None}])
def test_a_rule_answers_as_three_valued_logic_does(condition, listed):
    rule = cu.Rule("hit", naive.sql(condition))
    assert rule.hits(framed(listed)).to_list() == naive.hits(condition, listed)


@given(conditions())
def test_a_rule_reads_the_columns_that_its_text_names(condition):
    rule = cu.Rule("hit", naive.sql(condition))
    assert rule.reads == {name.strip('"') for name in naive.columns(condition)}
    assert set(rule.reads_in_order) == rule.reads


@given(conditions())
def test_a_rule_over_the_columns_it_was_written_for_has_no_problems(condition):
    assert cu.Rule("hit", naive.sql(condition)).problems(framed([]).schema) == ()


@given(conditions(), rows(), st.randoms(use_true_random=False), st.data())
def test_an_answer_depends_on_its_own_row_only(condition, listed, chance, drawn):
    rule = cu.Rule("hit", naive.sql(condition))
    frame, whole = framed(listed), rule.hits(framed(listed))
    order = chance.sample(range(len(listed)), len(listed))
    assert_series_equal(rule.hits(frame[order]), whole[order])
    cut = drawn.draw(st.integers(0, len(listed)))
    parts = pl.concat([rule.hits(frame[:cut]), rule.hits(frame[cut:])])
    assert_series_equal(parts, whole)


def attempt(text):
    try:
        return cu.Rule("any", text)
    except cu.RuleError as error:
        return error


@given(st.text(max_size=40))
@example("a = 'it''s' -- NOW()")
@example('"')
@example("'")
@example("$$")
@example("/*")
def test_any_text_is_a_rule_or_a_rule_error(text):
    made = attempt(text)
    if isinstance(made, cu.RuleError):
        assert all(problem.what and problem.where and problem.fix for problem in made.problems)
    else:
        assert made.reads


WORDS = """a b orders "order" 1 0.5 'x' NULL TRUE ( ) , + - * / % = < > AND OR NOT IN IS LIKE AS
BETWEEN CASE WHEN THEN ELSE END SUM( NOW() COUNT(*) CAST( AS|INT) OVER|() NULLIF( COALESCE( ABS(
LENGTH( DATE|'2026-01-01' CURRENT_DATE"""
SQL = st.lists(st.sampled_from(WORDS.split()), min_size=1, max_size=9).map(
    lambda words: " ".join(words).replace("|", " ")
)


@given(SQL)
def test_what_is_accepted_runs_on_some_types_or_says_why_not(text):
    rule = attempt(text)
    if isinstance(rule, cu.RuleError):
        return
    for dtype in (pl.Int64, pl.String, pl.Boolean):
        schema = pl.Schema(dict.fromkeys(rule.reads, dtype()))
        if not rule.problems(schema):
            hits = rule.hits(pl.DataFrame({name: [None] for name in rule.reads}, schema=schema))
            assert hits.dtype == pl.Boolean
            assert hits.null_count() == 0
            assert hits.len() == 1
