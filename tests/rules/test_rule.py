"""A rule: what it refuses at construction and says about it, what it reads, what it hits."""

from __future__ import annotations

import copy
import datetime as dt
import inspect

import polars as pl
import pytest

import custseg as cu


def refused(when, **options):
    with pytest.raises(cu.RuleError) as caught:
        cu.Rule("vip", when, **options)
    return caught.value


def told(when, **options):
    return [problem.what for problem in refused(when, **options).problems]


def test_a_rule_that_reads_the_clock_is_refused_with_the_cure():
    assert str(refused("NOW() > last_order_at")).splitlines() == [
        "rule 'vip' reads the clock (NOW())",
        "  where: Rule('vip').when",
        (
            "  fix:   time is the base's as_of: name a measure such as recency_days, "
            "or write a day: DATE '2026-06-01'"
        ),
    ]


@pytest.mark.parametrize(
    "clock",
    [
        "now()",
        "NOW ( )",
        "NOW/* */()",
        "CURRENT_DATE",
        "current_time",
        "CURRENT_TIMESTAMP",
        "CURRENT_TIMESTAMP()",
        "LOCALTIME",
        "LOCALTIMESTAMP",
        "LOCALTIMESTAMP()",
        '"NOW"()',
        "`now` ()",
        '"CURRENT_DATE"()',
    ],
)
def test_every_spelling_of_the_clock_is_found(clock):
    assert len(told(f"ordered_at > {clock}")) == 1
    assert "reads the clock" in told(f"ordered_at > {clock}")[0]


@pytest.mark.parametrize(
    "when",
    [
        "kind = 'NOW()'",
        "kind = 'it''s CURRENT_DATE'",
        '"CURRENT_DATE" > 5',
        "now > 5",
        "`NOW` > 5",
        "orders > 5 -- NOW()",
        "orders /* CURRENT_DATE */ > 5",
        "customer.now > 5",
        "kind = $q$NOW()$q$",
    ],
)
def test_a_clock_in_quotes_or_comments_is_none(when):
    assert cu.Rule("vip", when).text == when


def test_an_identifier_with_dollars_hides_no_clock():
    assert "reads the clock" in told("a$$ > NOW() AND b$$ > 1")[0]


def test_a_rule_with_an_aggregate_is_refused_with_the_cure():
    assert str(refused("SUM(spend) > 1000")) == inspect.cleandoc(
        """
        rule 'vip' aggregates over rows (Sum)
          where: Rule('vip').when
          fix:   a rule sees one row: name a measure such as spend_365d instead
        """
    )


def test_a_rule_that_divides_by_zero_is_refused_with_the_cure():
    assert str(refused("spend / orders > 20")) == inspect.cleandoc(
        """
        rule 'vip' divides by 'orders', which may be zero
          where: Rule('vip').when
          fix:   make zero null: divide by NULLIF(orders, 0)
        """
    )


def test_a_rule_with_a_misspelt_measure_is_refused_with_the_cure():
    assert str(refused("spend_3d65 > 1000")).splitlines() == [
        "rule 'vip' reads 'spend_3d65', which looks like a measure but is none",
        "  where: Rule('vip').when",
        (
            "  fix:   did you mean 'spend_365d'? measures end in _30d, _12m or _2026; "
            'a column of that name is quoted: "spend_3d65"'
        ),
    ]


def test_a_column_named_like_a_keyword_is_to_be_quoted():
    assert str(refused("order > 1 AND spend > 5")) == inspect.cleandoc(
        """
        rule 'vip' is not a condition in SQL: expected an expression (found 'order' clause)
          where: Rule('vip').when
          fix:   a column named like a keyword is quoted: "order" > 1 AND spend > 5
        """
    )
    quoted = cu.Rule("vip", '"order" > 1')
    assert quoted.reads == {"order"}
    assert quoted.hits(pl.DataFrame({"order": [1, 2]})).to_list() == [False, True]


def test_the_mended_text_is_a_rule():
    fix = refused("group = 'x' AND spend > 5").problems[0].fix
    assert cu.Rule("vip", fix.partition(": ")[2]).reads == {"group", "spend"}


def test_everything_wrong_is_told_at_once():
    error = refused("SUM(spend_3d65) > NOW() AND spend_3d65 / orders > RANK() OVER (ORDER BY x)")
    assert str(error).startswith("5 things are wrong\n")
    for part in ("reads the clock", "aggregates", "window", "looks like a measure"):
        assert part in str(error)


@pytest.mark.parametrize(
    ("when", "what"),
    [
        ("1 = 1", "reads no column, so it is the same for every row"),
        ("TRUE", "reads no column, so it is the same for every row"),
        ("spend_365d", "is not true or false"),
        ("orders + 1", "is not true or false"),
        ("spend AND app", "is not true or false"),
        ("UPPER(region)", "is not true or false"),
        ("CASE WHEN app THEN 1 ELSE 0 END", "is not true or false"),
        ("COALESCE(app, orders)", "is not true or false"),
        ("EXTRACT(YEAR FROM day)", "is not true or false"),
        ("CAST(app AS INT)", "is not true or false"),
        ("-share", "is not true or false"),
        ("spend > 1_000", "names its result '_000'"),
        ("app loyal", "names its result 'loyal'"),
        ("spend > 5 AS rich", "names its result 'rich'"),
        ("COUNT(*) > 1", "aggregates over rows (Len)"),
        ("COUNT(x) > 1", "aggregates over rows (Count)"),
        ("spend > ALL(x)", "aggregates over rows (Max)"),
        ("MEDIAN(x) > 1", "aggregates over rows (Median)"),
        ("SUM(x) OVER (PARTITION BY y) > 1", "looks at a window of rows"),
        ("x > (SELECT 1)", "asks a subquery"),
        ("EXISTS (SELECT 1)", "asks a subquery"),
        ("COLUMNS('x.*') > 1", "reads several columns at once"),
        ('"^x.*$" > 1', "reads several columns at once"),
        ('"*" > 1', "reads several columns at once"),
        ("x = ANY(y)", "looks a value up in a whole column (y)"),
        ("DATE(x) > y", "reads a Date from text by guessing its format"),
        ("x > CAST('now' AS DATE)", "reads a Date from text by guessing its format"),
        ("TIMESTAMP(x) > y", "reads a Datetime from text by guessing its format"),
        ("UNNEST(x) = 1", "uses Explode, which is not known to look at one row only"),
        ("GROUPING(x) = 1", "uses GROUPING, which is not known to look at one row only"),
        ("x / 0 > 1", "divides by 0"),
        ("x % y = 1", "divides by 'y', which may be zero"),
        ("x // y = 1", "divides by 'y', which may be zero"),
        ("MOD(x, y) = 1", "divides by 'y', which may be zero"),
        ("POWER(x, -1) > 1", "divides by an expression of x, which may be zero"),
        ("x / COALESCE(y, 0) > 1", "divides by an expression of y, which may be zero"),
        ("x / customer.age > 1", "divides by 'customer.age', which may be zero"),
        ("x / LENGTH(name) > 1", "divides by an expression of name, which may be zero"),
        (
            "x / CASE WHEN y IS NULL THEN 0 ELSE 1 END > 1",
            "divides by an expression of y, which may be zero",
        ),
        ("recency_day > 3", "reads 'recency_day', which looks like a measure but is none"),
        (
            "order_s > 3 AND orders_v2 > 1",
            "reads 'orders_v2', which looks like a measure but is none",
        ),
        (
            "\"customer.region\" = 'x'",
            "reads a column 'customer.region', which cannot be told from the customer's own",
        ),
    ],
)
def test_what_is_no_condition_on_one_row_is_refused(when, what):
    assert f"rule 'vip' {what}" in told(when)


@pytest.mark.parametrize("when", ["", " ", "x >", "((x > 1)", "x > 1)", "x; y", "x, y", "*", "$1"])
def test_what_is_no_sql_is_refused(when):
    error = refused(when)
    assert error.problems[0].what.startswith("rule 'vip' is not a condition in SQL: ")
    assert "orders >= 5" in error.problems[0].fix


def test_a_syntax_error_is_told_in_one_short_line():
    what = told("x SIMILAR TO 'y' OR " + "x > 1 OR " * 40 + "x > 2")[0]
    assert "\n" not in what
    assert len(what) < 200


@pytest.mark.parametrize(
    "when",
    [
        " OR ".join(f"x = {number}" for number in range(50_000)),
        "x > 0" + " + 1" * 5_000,
        " OR ".join(f"x = {number}" for number in range(260)),
    ],
)
def test_a_rule_that_would_run_polars_out_of_stack_is_refused(when):
    assert "use" in refused(when).problems[0].fix or "split" in refused(when).problems[0].fix


def test_long_lists_and_long_chains_are_rules():
    assert cu.Rule("many", f"x IN ({', '.join(str(each) for each in range(20_000))})").reads == {
        "x"
    }
    chain = cu.Rule("chain", " OR ".join(f"x = {number}" for number in range(200)))
    assert chain.hits(pl.DataFrame({"x": [199, 200]})).to_list() == [True, False]


@pytest.mark.parametrize(
    "when",
    [
        "app",
        "NOT app",
        "NOT orders",
        "customer.vip",
        "app AND orders > 1",
        "COALESCE(app, TRUE)",
        "CASE WHEN x > 1 THEN TRUE END",
        "x % 2 = 1",
        "x / 2.5 > 1",
        "x / NULLIF(y, 0) > 1",
        "x / (1 + ABS(y)) > 1",
        "POWER(x, 2) > 4",
        "POWER(x, y) > 4",
        "EXTRACT(YEAR FROM born) / EXTRACT(MONTH FROM born) > 1",
        "name LIKE 'A%' OR name ~ '^B'",
        "STRPTIME(text, '%Y') > DATE '2020-01-01'",
        "born > CAST('2026-06-01' AS DATE)",
        "ARRAY_CONTAINS(consent, 'email')",
        "spend_mean > 4",
        '"spend_3d65" > 4',
        "größe > 1 AND 价格 > 2",
        "(x > 1)::boolean",
        "x IS NOT NULL",
        "x IS DISTINCT FROM y",
    ],
)
def test_what_is_a_condition_on_one_row_is_a_rule(when):
    assert cu.Rule("ok", when).text == when


@pytest.mark.parametrize("when", [5, True, None, ["x > 1"], b"x > 1"])
def test_what_is_neither_text_nor_expression_is_refused(when):
    assert told(when) == [f"rule 'vip' needs SQL text or a polars expression, got {when!r}"]


@pytest.mark.parametrize("name", ["", " ", " vip", "a\nb", None, 5])
def test_a_rule_needs_a_name(name):
    with pytest.raises(cu.RuleError, match="needs a name in plain text"):
        cu.Rule(name, "x > 1")


@pytest.mark.parametrize("worth", [float("nan"), float("inf"), "3", True, [1]])
def test_worth_is_a_finite_number(worth):
    assert told("x > 1", worth=worth) == [
        f"rule 'vip' needs a finite number as its worth, got {worth!r}"
    ]


def test_name_worth_and_condition_are_checked_together():
    with pytest.raises(cu.RuleError) as caught:
        cu.Rule("", "SUM(x) > 1", worth="much")
    assert [problem.where for problem in caught.value.problems] == [
        "Rule('').name",
        "Rule('').worth",
        "Rule('').when",
    ]


def test_reads_names_rows_and_customers_columns_in_order():
    rule = cu.Rule("near", "customer.region = 'n' AND total > 5 AND home.city = 'x' AND total < 9")
    assert rule.reads_in_order == ("customer.region", "total", "home")
    assert rule.reads == frozenset(rule.reads_in_order)


def test_null_is_no():
    frame = pl.DataFrame({"x": [1, None, 3]})
    assert cu.Rule("high", "x > 2").hits(frame).to_list() == [False, False, True]
    assert cu.Rule("low", "NOT (x > 2)").hits(frame).to_list() == [True, False, False]


def test_the_customers_columns_are_a_struct_that_may_be_null():
    frame = pl.DataFrame({"customer": [{"region": "north"}, {"region": None}, None]})
    assert cu.Rule("near", "customer.region = 'north'").hits(frame).to_list() == [
        True,
        False,
        False,
    ]


def test_hits_keep_the_number_of_rows_and_the_rules_name():
    hits = cu.Rule("any", "x > 2").hits(pl.DataFrame({"x": []}, schema={"x": pl.Int64}))
    assert (hits.name, hits.len(), hits.dtype) == ("any", 0, pl.Boolean)


def test_money_is_compared_exactly():
    frame = pl.DataFrame({"total": pl.Series(["0.29", "0.30"]).cast(pl.Decimal(18, 2))})
    assert cu.Rule("dear", "total >= 0.3").hits(frame).to_list() == [False, True]
    assert cu.Rule("even", "total = 0.29").hits(frame).to_list() == [True, False]
    assert cu.Rule("one_of", "total IN (0.29)").hits(frame).to_list() == [True, False]


def test_rows_without_a_column_are_an_error_with_the_nearest_name():
    with pytest.raises(cu.RuleError) as caught:
        cu.Rule("near", "regoin = 'north'").hits(pl.DataFrame({"region": ["north"]}))
    assert str(caught.value) == inspect.cleandoc(
        """
        rule 'near' reads 'regoin', which no column, measure or score provides
          where: Rule('near').when
          fix:   did you mean 'region'?
        """
    )


def test_values_that_do_not_convert_are_an_error_that_names_the_rule():
    with pytest.raises(cu.RuleError) as caught:
        cu.Rule("old", "age::int > 60").hits(pl.DataFrame({"age": ["61", "old"]}))
    assert "rule 'old' cannot be answered for these rows: " in str(caught.value)
    assert "TRY_CAST" in str(caught.value)
    lenient = cu.Rule("old", "TRY_CAST(age AS INT) > 60")
    assert lenient.hits(pl.DataFrame({"age": ["61", "old"]})).to_list() == [True, False]


def test_columns_that_are_null_throughout_are_no_in_any_type():
    frame = pl.DataFrame({"name": [None, None], "x": [1, 5], "customer": [{"city": None}] * 2})
    rule = cu.Rule("any", "name LIKE 'A%' AND LOWER(customer.city) = 'x' OR x > 2")
    assert rule.hits(frame).to_list() == [False, True]


def test_a_type_that_fits_nowhere_is_an_error_even_beside_null_columns():
    with pytest.raises(cu.RuleError, match="cannot be answered"):
        cu.Rule("any", "name LIKE 'A%' AND TO_NUMBER > 1 AND code::int > 1").hits(
            pl.DataFrame({"name": [None], "TO_NUMBER": [1], "code": ["x"]})
        )


def test_the_expression_is_free_for_lazy_frames():
    frame = pl.LazyFrame({"x": [1, None, 3]})
    rule = cu.Rule("high", "x > 2")
    assert frame.filter(rule.expression).collect()["x"].to_list() == [3]
    assert frame.select(rule.expression).collect_schema() == {"high": pl.Boolean}


def test_rules_are_values():
    same = [cu.Rule("a", "x > 1", worth=2), cu.Rule("a", "x > 1", worth=2.0)]
    assert same[0] == same[1]
    assert len(set(same)) == 1
    assert same[0] != cu.Rule("a", "x > 2", worth=2)
    assert same[0] != cu.Rule("a", "x > 1")
    assert copy.deepcopy(same[0]) == same[0]
    with pytest.raises(AttributeError):
        same[0].name = "b"


def test_rules_of_expressions_are_values_too():
    rule = cu.Rule("a", pl.col("x") > 1)
    assert rule == cu.Rule("a", pl.col("x") > 1)
    assert rule != cu.Rule("a", pl.col("x") > 2)
    assert hash(rule) == hash(cu.Rule("a", pl.col("x") > 1))
    assert rule != cu.Rule("a", "x > 1")


def test_an_expression_has_no_text_form():
    with pytest.raises(cu.RuleError) as caught:
        _ = cu.Rule("a", pl.col("x") > 1).text
    assert str(caught.value) == inspect.cleandoc(
        """
        rule 'a' is a polars expression, which has no text form
          where: Rule('a').when
          fix:   write it as SQL text: "region = 'north'"
        """
    )


def test_a_rule_shows_as_it_is_declared():
    assert repr(cu.Rule("a", "x > 1")) == "Rule('a', 'x > 1')"
    assert repr(cu.Rule("a", "x > 1", worth=3)) == "Rule('a', 'x > 1', worth=3)"
    assert repr(cu.Rule("a", pl.col("x") > 1)) == "Rule('a', [(col(\"x\")) > (dyn int: 1)])"


def test_a_python_function_is_refused_with_the_cure():
    error = refused(pl.col("x").map_elements(bool, return_dtype=pl.Boolean))
    assert str(error) == inspect.cleandoc(
        """
        rule 'vip' calls a Python function
          where: Rule('vip').when
          fix:   write it in SQL or with polars' own expressions, which can be checked
        """
    )


def test_a_python_function_that_polars_can_write_down_is_refused_all_the_same(monkeypatch):
    """With cloudpickle installed the function is a node of the tree."""
    node = {"AnonymousFunction": {"input": [{"Column": "x"}], "function": "...", "options": {}}}
    monkeypatch.setattr("custseg.rules.language.tree_of", lambda _: node)
    assert told(pl.col("x") > 1) == ["rule 'vip' calls a Python function"]


def test_what_only_the_columns_decide_is_left_to_them():
    open_ended = cu.Rule("some", pl.col("x").replace_strict({1: True}, default=False))
    assert open_ended.hits(pl.DataFrame({"x": [1, 2, None]})).to_list() == [True, False, False]
    assert told(pl.col("x").abs()) == ["rule 'vip' is not true or false"]
    assert told(pl.max_horizontal("spend", "x") + 1) == ["rule 'vip' is not true or false"]


def test_local_instants_are_compared_with_days_and_instants():
    frame = pl.DataFrame({"at": [dt.datetime(2026, 6, 1), dt.datetime(2026, 5, 31, 23)]})
    assert cu.Rule("new", "at >= DATE '2026-06-01'").hits(frame).to_list() == [True, False]
    late = cu.Rule("late", "EXTRACT(HOUR FROM at) >= 22 OR at > TIMESTAMP '2026-06-01 00:00:00'")
    assert late.hits(frame).to_list() == [False, True]


def test_what_is_no_frame_is_told():
    with pytest.raises(cu.RuleError) as caught:
        cu.Rule("big", "orders > 2").hits([1])
    assert str(caught.value) == (
        "rule 'big' looks at rows of a frame, got [1]\n"
        "  where: Rule('big').hits\n"
        "  fix:   give a pl.DataFrame with the columns it reads"
    )


def test_the_customers_measures_are_looked_at_too():
    with pytest.raises(cu.RuleError) as caught:
        cu.Rule("vip", "customer.spend_3d65 > 5")
    assert str(caught.value) == (
        "rule 'vip' reads 'customer.spend_3d65', which looks like a measure but is none\n"
        "  where: Rule('vip').when\n"
        "  fix:   did you mean 'spend_365d'? measures end in _30d, _12m or _2026; "
        'a column of that name is quoted: customer."spend_3d65"'
    )
    assert cu.Rule("vip", 'customer."spend_3d65" > 5').reads == {"customer.spend_3d65"}
    with pytest.raises(cu.RuleError, match="'spend_3d65', which looks like a measure but is none"):
        cu.Measure("odd", "spend_3d65 > 5")
    assert cu.Measure("odd", '"spend_3d65" > 5').name == "odd"


def test_columns_without_a_type_may_have_any_that_fits():
    nothing = pl.DataFrame({name: [None] for name in "abcdef"})
    rule = cu.Rule("any", "a = 'x' OR b > 5 OR c = d OR d = 'y' OR NOT (e AND f > 2.5)")
    assert rule.hits(nothing).to_list() == [False]
    assert (
        cu.RuleBook.first(rule, otherwise="rest")
        .why(nothing.row(0, named=True))
        .startswith("rest: no rule hits")
    )
