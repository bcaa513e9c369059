"""Every expression that polars offers: those that a rule accepts see one row only."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal

import polars as pl
import pytest
from polars.testing import assert_series_equal

import custseg as cu
from custseg.rules.tree import FAILURES

ROWS = 12
NOON = dt.datetime(2024, 2, 29, 12)
COLUMNS = {
    "number": pl.Series([3, -1, None, 7, 0, 3, 12, None, 5, -4, 2, 1]),
    "share": pl.Series([0.5, None, 1.25, -3.0, 0.0, 9.5, 2.0, 0.5, None, 7.75, 1.0, 4.0]),
    "money": pl.Series([Decimal(cents) / 100 for cents in range(0, 1200, 100)]),
    "text": pl.Series(["b", "a", None, "ab", "", "2024", "b", "x,y", "Ab", " a ", "7", "[1]"]),
    "flag": pl.Series([True, False, None] * 4),
    "instant": pl.Series([NOON + dt.timedelta(hours=37 * step) for step in range(ROWS)]),
    "day": pl.Series([dt.date(2024, 1, 31) + dt.timedelta(days=step) for step in range(ROWS)]),
    "length": pl.Series([dt.timedelta(minutes=90 * step - 200) for step in range(ROWS)]),
    "listed": pl.Series([[step, step % 3, None] for step in range(ROWS)]),
    "tags": pl.Series([["b", "a"], None, ["a"], []] * 3),
    "fixed": pl.Series([[step, 5 - step] for step in range(ROWS)], dtype=pl.Array(pl.Int64, 2)),
    "coded": pl.Series(["b", "a", None] * 4, dtype=pl.Categorical),
    "raw": pl.Series([b"b", b"a", None] * 4),
    "customer": pl.Series([{"region": "n", "age": step} for step in range(ROWS)]),
}
FRAME = pl.DataFrame(COLUMNS)
# Each family of methods is tried on the columns it is for.
FAMILIES = {
    "": ("number", "share", "money", "text", "flag", "instant", "tags"),
    "str": ("text",),
    "dt": ("instant", "day", "length"),
    "list": ("listed", "tags"),
    "arr": ("fixed",),
    "bin": ("raw",),
    "struct": ("customer",),
    "cat": ("coded",),
}
ARGUMENTS = (
    (),
    (1,),
    (2, 1),
    ("a",),
    ("a", "b"),
    ("1d",),
    ("%Y",),
    (pl.String,),
    (pl.Int64,),
    (pl.col("number"),),
    (pl.col("text"),),
    (pl.col("flag"),),
    ([1, 3],),
    (["a", "b"],),
    ([1, 3], [5, 6]),
    (["a"], ["x"]),
    (0.5,),
    (pl.element() > 1,),
    (pl.element().rank(),),
    ("hex",),
    ("UTC",),
    ("ms",),
    ("region",),
    (dt.time(3, 4),),
)
# Deprecated ones warn; some are no expressions of a column; a padding of -1 asks for 2**64 bytes.
LEFT_OUT = {"bin_intervals", "cut", "qcut", "pipe", "pad_start", "pad_end", "zfill"}


def built(family):
    """(method, expression) for every method of a family, with arguments that fit."""
    home = getattr(pl.col("any"), family) if family else pl.col("any")
    named = [name for name in dir(home) if not name.startswith("_") and name not in LEFT_OUT]
    for method, column, given in itertools.product(named, FAMILIES[family], ARGUMENTS):
        own = getattr(pl.col(column), family) if family else pl.col(column)
        try:
            made = getattr(own, method)(*given)
        except Exception:  # noqa: BLE001 - most arguments do not fit most methods
            continue
        if isinstance(made, pl.Expr):
            yield method, made


def values(expression, frame):
    try:
        return frame.select(expression.alias("")).to_series()
    except FAILURES:
        return None


def accepted(expression):
    try:
        return not cu.Rule("gate", expression.is_null()).problems(FRAME.schema)
    except cu.RuleError:
        return False


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("family", "least"),
    [
        ("", 60),
        ("str", 30),
        ("dt", 40),
        ("list", 25),
        ("arr", 20),
        ("bin", 6),
        ("struct", 2),
        ("cat", 5),
    ],
)
def test_what_a_rule_accepts_of_polars_sees_one_row_only(family, least):
    shuffled = [5, 0, 11, 3, 8, 1, 9, 2, 10, 4, 7, 6]
    seen = set()
    for method, made in built(family):
        whole = values(made, FRAME) if accepted(made) else None
        if whole is None:
            continue
        seen.add(method)
        assert whole.len() == ROWS, made
        assert_series_equal(values(made, FRAME[shuffled]), whole[shuffled])
        for cut in (slice(0, 1), slice(2, 3), slice(3, 7)):
            assert_series_equal(values(made, FRAME[cut]), whole[cut])
    assert len(seen) >= least, sorted(seen)


NOT_OF_ONE_ROW = [
    pl.col("number").sum() > 1,
    pl.col("number").shift(1) > 1,
    pl.col("number").diff() > 1,
    pl.col("number").cum_sum() > 1,
    pl.col("number").rank() > 1,
    pl.col("number").rolling_mean(2) > 1,
    pl.col("number").sort() > 1,
    pl.col("number").reverse() > 1,
    pl.col("number").head(1) > 1,
    pl.col("number").filter(pl.col("flag")) > 1,
    pl.col("number").gather([0]) > 1,
    pl.col("number").get(0) > 1,
    pl.col("number").over("text") > 1,
    pl.col("number").is_unique(),
    pl.col("number").is_duplicated(),
    pl.col("number").is_first_distinct(),
    pl.col("number").interpolate() > 1,
    pl.col("number").fill_null(strategy="forward") > 1,
    pl.col("number").is_in(pl.col("share")),
    pl.col("number").is_in(pl.Series([[1], [2]])),
    pl.col("number").replace(pl.col("share"), 1) > 1,
    pl.col("number") == pl.Series(range(ROWS)),
    pl.col("number") == pl.lit(pl.Series([1])),
    pl.col("number").cumulative_eval(pl.element().sum()) > 1,
    pl.col("number").sample(1) > 1,
    pl.col("number").shuffle() > 1,
    pl.col("number") > pl.len(),
    pl.col("number") > pl.int_range(pl.len()),
    pl.col("number") > pl.col("number").mean(),
    pl.col("number").hash() > 1,
    pl.col("text").str.to_date() > pl.col("day"),
    pl.col("text").str.join() == "a",
    pl.col("listed").list.sample(1).list.contains(1),
    pl.col("listed").list.eval(pl.element().shuffle()).list.contains(1),
    pl.col("listed").list.eval(pl.element() == pl.Series([1])).list.contains(True),
    pl.col("listed").list.explode() > 1,
    pl.col("number").cast(pl.dtype_of("text")) == "a",
    pl.col("number", "share") > 1,
    pl.all().is_null(),
    pl.col("^n.*$") > 1,
    pl.selectors.numeric() > 1,
    pl.nth(0) > 1,
    pl.col("customer").struct.field("*").is_null(),
    pl.col("customer").struct.with_fields(pl.field("age") + 1).is_null(),
    pl.col("number").map_elements(bool, return_dtype=pl.Boolean),
    pl.col("number").map_batches(lambda held: held > 1),
    pl.col("listed").list.eval(pl.element().map_elements(bool, return_dtype=pl.Boolean)).is_null(),
    pl.fold(pl.lit(0), lambda left, right: left + right, ["number", "share"]) > 1,
]


@pytest.mark.parametrize("expression", NOT_OF_ONE_ROW, ids=range(len(NOT_OF_ONE_ROW)))
def test_what_sees_other_rows_chance_or_python_is_no_rule(expression):
    with pytest.raises(cu.RuleError):
        cu.Rule("no", expression)


ROW_BY_ROW = [
    pl.col("number") > 1,
    (pl.col("number") > 1).alias("named"),
    ~pl.col("flag") & (pl.col("share") < 2),
    pl.col("number").is_in([1, 3]),
    pl.col("number").is_in(pl.Series([1, 3])),
    pl.col("number").is_between(0, 4),
    pl.col("number").fill_null(0) == 0,
    pl.col("number").replace({3: 9}) == 9,
    pl.any_horizontal("flag", pl.col("number") > 3),
    pl.when(pl.col("flag")).then(pl.col("number") > 1).otherwise(pl.lit(False)),
    pl.col("tags").list.contains("a"),
    pl.col("listed").list.eval(pl.element() > 3).list.any(),
    pl.col("text").str.contains_any(["a", "y"]),
    pl.col("text").str.to_date("%Y", strict=False) > dt.date(2020, 1, 1),
    pl.col("instant") - pl.duration(days=1) > dt.datetime(2024, 3, 1),
    pl.col("customer").struct.field("region") == "n",
    pl.struct("number", "flag").is_null(),
    pl.sum_horizontal("number", "share") > 3,
    pl.col("day").dt.is_business_day(),
]


@pytest.mark.parametrize("expression", ROW_BY_ROW, ids=range(len(ROW_BY_ROW)))
def test_what_sees_one_row_is_a_rule(expression):
    rule = cu.Rule("yes", expression)
    assert rule.problems(FRAME.schema) == ()
    hits = rule.hits(FRAME)
    assert hits.to_list() == FRAME.select(expression.fill_null(value=False)).to_series().to_list()
    assert hits.name == "yes"


def test_an_imploded_column_is_all_its_rows_and_refused():
    with pytest.raises(cu.RuleError, match="looks a value up in a whole column"):
        cu.Rule("r", pl.col("a").is_in(pl.col("b").implode()))
