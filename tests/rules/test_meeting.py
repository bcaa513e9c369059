"""A rule meets rows: names, types and values that do not fit, all together."""

from __future__ import annotations

import inspect

import polars as pl
import pytest

import custseg as cu

ROWS = pl.Schema(
    {
        "spend_365d": pl.Float64(),
        "orders": pl.Int64(),
        "total": pl.Decimal(18, 2),
        "region": pl.String(),
        "tier": pl.Enum(["silver", "gold"]),
        "at": pl.Datetime("us"),
        "born": pl.Date(),
        "app": pl.Boolean(),
        "tags": pl.List(pl.String()),
        "coded": pl.Categorical(),
        "raw": pl.Binary(),
        "empty": pl.Null(),
        "wait": pl.Duration("us"),
        "customer": pl.Struct(
            {"region": pl.String(), "level": pl.Enum(["one"]), "age": pl.Int64()}
        ),
    }
)


def problems(when, schema=ROWS):
    return cu.Rule("vip", when).problems(schema)


def test_everything_that_does_not_fit_is_told_at_once():
    found = problems("customer.regoin = 'x' AND orders = '5' AND tier = 'gol' AND spent > 3")
    assert "\n".join(str(problem) for problem in found) == inspect.cleandoc(
        """
        rule 'vip' reads 'customer.regoin', which no column, measure or score provides
          where: Rule('vip').when
          fix:   did you mean 'customer.region'?
        rule 'vip' reads 'spent', which no column, measure or score provides
          where: Rule('vip').when
          fix:   did you mean 'spend'? measures end in _30d, _12m or _2026
        rule 'vip' compares 'orders' (number) and '5' (text)
          where: Rule('vip').when
          fix:   text values have single quotes, numbers have none; or cast: CAST(column AS DOUBLE)
        rule 'vip' compares 'tier' with 'gol', which is none of its values
          where: Rule('vip').when
          fix:   did you mean 'gold'? its values are silver, gold
        """
    )


def test_the_place_is_the_callers_to_name():
    (problem,) = cu.Rule("vip", "x > 1").problems(ROWS, where="RuleBook.first[0].when")
    assert problem.where == "RuleBook.first[0].when"


@pytest.mark.parametrize(
    "when",
    [
        "orders > 1 AND spend_365d > 0.5",
        "total > 19.99 AND total IN (5, 7.5) AND total < spend_365d",
        "tier = 'gold' OR tier IN ('gold', 'silver') OR tier <> 'silver'",
        "tier = region OR tier = NULL",
        "region = 'x' OR region IN ('x', NULL)",
        "at > DATE '2026-01-01' AND born < at AND at - at < INTERVAL '3 days'",
        "app",
        "NOT app OR NOT orders",
        "empty",
        "empty > 5 OR empty = 'x' OR empty LIKE 'x%' OR LOWER(empty) = 'x'",
        "ARRAY_CONTAINS(tags, 'x') AND ARRAY_LENGTH(tags) > 1",
        "coded = 'x' AND raw IS NULL",
        "customer.region = 'x' AND customer.age > 3 AND customer.level = 'one'",
        "region::int > 1",
        "CAST(tier AS VARCHAR) LIKE 'g%'",
        "total / NULLIF(orders, 0) > 1",
        "region = NULL",
        "wait > INTERVAL '1 day'",
    ],
)
def test_what_fits_has_no_problems(when):
    assert problems(when) == ()


@pytest.mark.parametrize(
    ("when", "what", "fix"),
    [
        ("region > 1", "compares 'region' (text) and 1 (number)", "single quotes"),
        ("total = '5'", "compares 'total' (number) and '5' (text)", "single quotes"),
        ("UPPER(region) > 3", "compares an expression of region (text) and 3 (number)", "single"),
        ("region IN (1, 2)", "compares 'region' (text) and [1, 2] (list)", "single quotes"),
        ("orders IN ('x')", "compares 'orders' (number) and ['x'] (list)", "single quotes"),
        ("at > '2026-01-01'", "compares 'at' (instant) and '2026-01-01' (text)", "DATE '2026"),
        ("born > '2026-01-01'", "compares 'born' (day) and '2026-01-01' (text)", "DATE '2026"),
        ("tags = 'x'", "compares 'tags' (list) and 'x' (text)", "ARRAY_CONTAINS(column, value)"),
        ("customer = 'x'", "compares 'customer' (struct) and 'x' (text)", "one type"),
        ("LOWER(tier) = 'x'", "reads 'tier' (fixed values) as text", "CAST(column AS VARCHAR)"),
        ("tier LIKE 'g%'", "reads 'tier' (fixed values) and 'g' (text) as text", "VARCHAR"),
        ("region", "is not true or false: it gives String", "orders >= 5"),
        ("customer.age", "is not true or false: it gives Int64", "orders >= 5"),
        (
            "tier IN ('gold', 'bronze')",
            "compares 'tier' with 'bronze', which is none",
            "are silver, g",
        ),
        ("'gld' = tier", "compares 'tier' with 'gld', which is none of its values", "'gold'?"),
        ("tier > 'x'", "compares 'tier' with 'x', which is none of its values", "gold"),
        ("customer.level = 'two'", "compares 'customer.level' with 'two', which is none", "one"),
        (
            "regio = 'x'",
            "reads 'regio', which no column, measure or score",
            "did you mean 'region'?",
        ),
        (
            "age > 3",
            "reads 'age', which no column, measure or score",
            "did you mean 'customer.age'?",
        ),
        ("zzz > 3", "reads 'zzz', which no column, measure or score provides", "known are app, at"),
        ("region.x = 'y'", "reads 'region.x', which no column, measure or score", "region"),
        ('region = "north"', "reads 'north', which no column", "single quotes: 'north'"),
        ("orders_90d > 1", "reads 'orders_90d', which no column", "it is a measure"),
        ("app AND born", "cannot work on 'app' (true or false) and 'born' (day): ", "types fit"),
        ("orders + region > 1", "cannot work on 'orders' (number) and 'region' (text): ", "fit"),
        ("tier = 5", "compares 'tier' (fixed values) and 5 (number)", "compare values of one type"),
        ("NOT region", "cannot work on 'region' (text): ", "types fit"),
        ("EXTRACT(HOUR FROM region) > 1", "cannot work on 'region' (text): ", "types fit"),
    ],
)
def test_what_does_not_fit_is_told_with_the_cure(when, what, fix):
    found = problems(when)
    assert len(found) == 1
    assert found[0].what.startswith(f"rule 'vip' {what}")
    assert fix in found[0].fix


def test_many_values_are_not_all_listed():
    schema = pl.Schema({"code": pl.Enum([f"code{number}" for number in range(20)])})
    assert problems("code = 'cod3'", schema)[0].fix == "did you mean 'code3'?"
    assert problems("code = 'x'", schema)[0].fix.startswith("its values begin with code0, code1,")


def test_an_enum_without_values_says_so():
    (problem,) = problems("code = 'x'", pl.Schema({"code": pl.Enum([])}))
    assert problem.fix == "the column has no values"


def test_no_columns_at_all_are_said_so():
    (problem,) = problems("colour = 'x'", pl.Schema({}))
    assert problem.fix == "add the column"


def test_a_divisor_of_a_type_that_was_not_tried_is_found_on_real_rows():
    rule = cu.Rule("odd", pl.col("orders") / pl.col("raw").bin.size() > 1)
    (problem,) = rule.problems(ROWS)
    assert problem.what == "rule 'odd' divides by an expression of raw, which may be zero"


def test_money_compared_with_text_is_caught_though_polars_would_answer():
    """Polars compares Decimal with text as text: '5' is not 5.00."""
    frame = pl.DataFrame({"total": [5]}, schema={"total": pl.Decimal(18, 2)})
    assert not frame.select(pl.sql_expr("total = '5'")).item()
    assert problems("total = '5'", frame.schema)
