"""What is wrong with a source, an argument or an option is said at once and in three lines."""

from __future__ import annotations

import polars as pl
import pytest

import custseg as cu

ORDERS = cu.table(cu.Order)
SALES = pl.DataFrame(
    {"order_id": [1], "customer_id": [7], "ordered_at": ["2026-05-01"], "total": ["5"]}
)
HAS = "the source has 'order_id', 'customer_id', 'ordered_at', 'total'"


def told(frame, **options):
    """The problems that admit finds, three parts each."""
    with pytest.raises(cu.SchemaError) as caught:
        ORDERS.admit(frame, **options)
    return [(each.what, each.where, each.fix) for each in caught.value.problems]


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        (
            {"total": "totl"},
            (
                "the source has no column 'totl'",
                "columns['total']",
                "did you mean 'total'?",
            ),
        ),
        ({"shop": "?"}, ("the source has no column '?'", "columns['shop']", HAS)),
        (
            {"total": "Sum", "customer_id": "channel"},
            (
                "the source has no column 'channel'",
                "columns['customer_id']",
                "keys and values swapped? write {'channel': 'customer_id'}",
            ),
        ),
        (
            {"session": "order_id"},
            (
                "'order_id' is in the source, but columns= takes it as 'session' only",
                "columns",
                "say so if it is both: columns={'order_id': 'order_id'}",
            ),
        ),
        (
            {"total": 5},
            ("5 is no source", "columns['total']", "give a source column's name or an expression"),
        ),
        (
            {"total": cu.minor_units(5)},
            ("5 is no source", "columns['total']", "give a source column's name or an expression"),
        ),
        (
            {"total": pl.col("Sum") * 2},
            (
                (
                    'an expression of columns= cannot be read: unable to find column "Sum"; valid '
                    'columns: ["order_id", "customer_id", "ordered_at", "total"]'
                ),
                "columns",
                HAS,
            ),
        ),
        (
            {"shop": cu.minor_units("total"), "total": "total"},
            (
                "'shop' is no column of Order",
                "columns['shop']",
                "minor_units() is for columns that are money: leave it out",
            ),
        ),
        (
            {"channel": cu.minor_units("total"), "total": "total"},
            (
                "column 'channel' is text, not money",
                "table(Order).channel",
                "minor_units() is for columns that are money: leave it out",
            ),
        ),
        (
            {"total": cu.minor_units(pl.lit(True))},
            (
                "column 'total' is Boolean, which does not count smallest units",
                "table(Order).total",
                "cents are whole numbers: cast the source to pl.Int64",
            ),
        ),
        (
            {"total": pl.col("order_id", "customer_id"), "channel": "?"},
            (
                "the expression gives 2 columns: 'order_id', 'customer_id'",
                "columns['total']",
                "name the one column, or make one value of several",
            ),
        ),
        (
            {"channel": pl.col("^shop.*$").cast(pl.String)},
            (
                "the expression gives no column",
                "columns['channel']",
                "name the one column, or make one value of several",
            ),
        ),
        (
            ["total"],
            (
                "columns=['total'] does not map names to sources",
                "columns",
                'write columns={"customer_id": "CustNo"}: our name, then the source\'s',
            ),
        ),
        (
            {1: "total"},
            (
                "columns={1: 'total'} does not map names to sources",
                "columns",
                'write columns={"customer_id": "CustNo"}: our name, then the source\'s',
            ),
        ),
    ],
)
def test_a_wrong_mapping_is_told_with_its_cure(columns, problem):
    assert problem in told(SALES, columns=columns)
    assert problem in told(SALES.lazy(), columns=columns)


def test_names_that_look_like_patterns_are_names():
    odd = SALES.with_columns(pl.Series("^total$", ["a"]), pl.Series("*", ["b"]))
    rows = ORDERS.require(odd, columns={"channel": "^total$", "store": "*"})
    assert rows.select("channel", "store").row(0) == ("a", "b")
    one = ORDERS.require(odd, columns={"channel": pl.col("^order.*d$").cast(pl.String)})
    assert (one["channel"].item(), one["^total$"].item(), one["*"].item()) == ("1", "a", "b")
    twice = pl.concat([odd, odd])
    assert ORDERS.admit(twice).rejected.counts() == {"duplicate": 1}
    made = ORDERS.admit(twice.drop("order_id"), ids="content")
    assert made.rejected.counts() == {"duplicate": 1}


def test_swapped_keys_and_values_are_told_once_a_pair():
    frame = SALES.rename({"order_id": "No", "total": "Sum"})
    assert told(frame, columns={"No": "order_id", "Sum": "total"}) == [
        (
            f"the source has no column '{ours}'",
            f"columns['{theirs}']",
            f"keys and values swapped? write {{'{ours}': '{theirs}'}}",
        )
        for theirs, ours in (("No", "order_id"), ("Sum", "total"))
    ]


def test_everything_wrong_with_the_columns_is_told_together():
    frame = SALES.rename({"total": "totals", "customer_id": "Who"})
    hint = (
        'rows without an id? ids="content" lets exact copies count once, ids="row" counts every row'
    )
    assert told(frame.drop("order_id"), columns={"shop": "till", "custmer_id": "Who"}) == [
        (
            "the source has no column 'till'",
            "columns['shop']",
            "the source has 'Who', 'ordered_at', 'totals'",
        ),
        (
            "'order_id' is not in the source",
            "columns",
            "say where it is: columns={'order_id': ...}; the source has 'Who', 'ordered_at', "
            "'totals'; " + hint,
        ),
        (
            "'customer_id' is not in the source",
            "columns",
            "columns= has 'custmer_id': did you mean 'customer_id'?",
        ),
        (
            "'total' is not in the source",
            "columns",
            "say where it is: columns={'total': 'totals'}",
        ),
    ]


def test_a_source_that_has_nothing_alike_is_listed():
    many = pl.DataFrame({f"x{place}": [1] for place in range(20)})
    assert told(many)[-1] == (
        "'total' is not in the source",
        "columns",
        "say where it is: columns={'total': ...}; the source has "
        + ", ".join(f"'x{place}'" for place in range(12))
        + ", ...",
    )
    assert told(pl.DataFrame())[-1][2].endswith("the source is empty")


def test_a_missing_file_is_told_when_it_is_named(tmp_path):
    lazy = pl.scan_parquet(tmp_path / "gone.parquet")
    with pytest.raises(cu.SchemaError) as caught:
        ORDERS.admit(lazy)
    lines = str(caught.value).split("\n")
    assert lines[0].startswith("the source cannot be read: ")
    assert "gone.parquet" in lines[0]
    assert lines[1:] == ["  where: frame", "  fix:   check the path and the query before it"]


def test_a_file_that_goes_away_is_told_when_it_is_read(tmp_path):
    path = tmp_path / "sales.parquet"
    SALES.write_parquet(path)
    rejected = ORDERS.admit(pl.scan_parquet(path)).rejected
    path.unlink()
    with pytest.raises(cu.SchemaError, match="the source cannot be read"):
        rejected.counts()


@pytest.mark.parametrize("frame", [[1, 2], {"order_id": [1]}, None, "sales.csv"])
def test_what_is_no_frame_is_told(frame):
    assert told(frame) == [
        (
            f"rows cannot be read from a {type(frame).__name__}",
            "frame",
            "give a polars frame, or anything with __arrow_c_stream__ (pandas, pyarrow, DuckDB)",
        )
    ]


@pytest.mark.parametrize(
    ("name", "values", "what", "fix"),
    [
        ("order_id", [True], "Boolean, which is never read as id", "ids are whole numbers or text"),
        ("channel", [1.5], "Float64, which is never read as text", "cast it in columns="),
        ("ordered_at", [5], "Int64, which is never read as instant", "say what it counts"),
        ("total", [True], "Boolean, which is never read as money", "money is a number or plain"),
    ],
)
def test_a_dtype_that_is_never_read_is_told_with_its_cure(name, values, what, fix):
    ((said, where, cure),) = told(SALES.with_columns(pl.Series(name, values)))
    assert said == f"column {name!r} is {what}"
    assert where == f"table(Order).{name}"
    assert cure.startswith(fix)


@pytest.mark.parametrize(
    ("noun", "name", "source", "fix"),
    [
        (cu.Customer, "consent", ["mail"], 'it is a list of texts: pl.col("consent")'),
        (cu.Customer, "birth_date", [5], "dates are dates or ISO text"),
        (cu.Event, "points", [True], 'cast it in columns=, e.g. pl.col("points")'),
        (cu.OrderLine, "quantity", ["5"], 'cast it in columns=, e.g. pl.col("quantity")'),
        (cu.Ticket, "reopened", ["yes"], "say which value is true"),
    ],
)
def test_other_nouns_have_their_cures_too(noun, name, source, fix):
    frame = SALES.with_columns(pl.Series(name, source)).with_columns(
        event_id=1, at="ordered_at", kind=pl.lit("x"), ticket_id=1, opened_at="ordered_at", line=1
    )
    with pytest.raises(cu.SchemaError) as caught:
        cu.table(noun).admit(frame)
    (problem,) = caught.value.problems
    assert problem.where == f"table({noun.__name__}).{name}"
    assert problem.fix.startswith(fix)


def test_a_currency_that_is_no_text_is_told():
    assert told(SALES.with_columns(currency=pl.Series([1.5]))) == [
        (
            "column 'currency' is Float64, which is no currency code",
            "table(Order).currency",
            'give it as text, or under another name: columns={"paid_in": "currency"}',
        )
    ]


def test_ids_are_made_only_where_there_are_none():
    fix = "leave ids= out, or drop the column from the source"
    problem = ("'order_id' would be made by ids=, but the rows have it", "ids", fix)
    assert told(SALES, ids="row") == [problem]
    assert told(SALES, ids="rows") == [
        ("ids='rows' is unknown", "ids", '"given", "content" or "row"')
    ]


def test_expressions_that_fail_or_change_the_number_of_rows_are_told():
    two = pl.concat([SALES, SALES])
    assert told(two, columns={name: pl.col(name).first() for name in SALES.columns}) == [
        (
            "the expressions of columns= make 1 rows of 2",
            "columns",
            "use expressions that give one value a row",
        )
    ]
    strict = {"total": pl.col("ordered_at").cast(pl.Int64)}
    ((what, where, fix),) = told(SALES, columns=strict)
    assert what.startswith("an expression of columns= fails: conversion from `str` to `i64` failed")
    assert where == "columns"
    assert fix == "mend the expression, or cast with strict=False so that bad values are null"


def test_columns_that_are_named_do_not_pass_through_a_second_time():
    rows = ORDERS.require(SALES, columns={"till": "total", "total": "total"})
    assert rows.columns == [*ORDERS.schema, "till"]
    shadowed = SALES.with_columns(Sum=pl.lit("7"))
    rows = ORDERS.require(shadowed, columns={"total": "Sum"})
    assert str(rows["total"].item()) == "7.00"
    assert rows.columns == list(ORDERS.schema)
