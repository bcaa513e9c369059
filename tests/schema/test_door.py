"""The door, case by case: what is let in, what is refused, and with which words."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from polars.io.plugins import register_io_source

import custseg as cu

ORDERS = cu.table(cu.Order)
ROW = {"order_id": 1, "customer_id": 7, "ordered_at": "2026-05-01T10:00", "total": "9.99"}


def sales(*changes):
    """Good orders 1, 2, ... with a change each."""
    rows = [{**ROW, "order_id": place, **change} for place, change in enumerate(changes, start=1)]
    return pl.DataFrame(rows, infer_schema_length=None)


def typed(name, values, dtype):
    """Good orders whose column holds these values of a dtype."""
    return sales(*[{} for _ in values]).with_columns(pl.Series(name, values, dtype=dtype))


def refused(frame, **options):
    """(reason, column) of each refused row."""
    table = cu.table(cu.Order, currency=options.pop("currency", "EUR"))
    return table.admit(frame, **options).rejected.frame.select("reason", "column").rows()


def test_an_empty_table_is_a_table():
    empty = sales({}).clear()
    rows, rejected = ORDERS.admit(empty)
    assert rows.schema == ORDERS.schema
    assert (rows.height, len(rejected), rejected.rows, rejected.counts()) == (0, 0, 0, {})
    assert rejected.frame.columns == [*empty.columns, "reason", "column"]
    assert str(rejected) == "none of 0 rows rejected"
    assert ORDERS.admit(empty.lazy()).rows.collect().equals(rows)
    typeless = pl.DataFrame({name: [] for name in ROW})
    assert ORDERS.require(typeless).schema == ORDERS.schema


def test_one_row_is_a_table():
    rows, rejected = ORDERS.admit(sales({}))
    assert rows.row(0, named=True) == {
        "order_id": 1,
        "customer_id": 7,
        "ordered_at": dt.datetime(2026, 5, 1, 10, tzinfo=dt.UTC),
        "total": Decimal("9.99"),
        "channel": None,
        "store": None,
        "status": None,
        "paid_with_points": None,
    }
    assert rows.schema == ORDERS.schema
    assert not rejected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "missing"),
        (float("nan"), "not_finite"),
        (float("inf"), "not_finite"),
        (float("-inf"), "not_finite"),
        (0.001, "scale"),
        (1e16, "range"),
        (-1e300, "range"),
    ],
)
def test_a_float_that_is_no_money_is_refused(value, reason):
    assert refused(typed("total", [value, 5.0], pl.Float64)) == [(reason, "total")]
    assert ORDERS.cast(typed("total", [value], pl.Float64))["total"].to_list() == [None]


@pytest.mark.parametrize(
    ("dtype", "values", "told"),
    [
        (pl.UInt64, [2**64 - 1, 5], [None, "5.00"]),
        (pl.UInt8, [255], ["255.00"]),
        (pl.Int8, [-128, None], ["-128.00", None]),
        (pl.Int128, [10**30, -(10**16), 1 - 10**16], [None, None, "-9999999999999999.00"]),
        (pl.UInt128, [10**30, 3], [None, "3.00"]),
        (pl.Int64, [2**63 - 1, -(2**63), 0], [None, None, "0.00"]),
        (pl.Float32, [19.99, 0.005, 16_777_216.0], ["19.99", None, "16777216.00"]),
        (pl.Float16, [2.5, 0.25], ["2.50", "0.25"]),
        (pl.Decimal(38, 0), [Decimal(10) ** 20, Decimal(-7)], [None, "-7.00"]),
        (pl.Decimal(10, 4), ["1.2300", "1.2345", None], ["1.23", None, None]),
        (pl.Decimal(18, 2), ["1.23"], ["1.23"]),
        (pl.Decimal(38, 20), ["-0.01", "-0.00000000000000000001"], ["-0.01", None]),
    ],
)
def test_money_comes_from_every_kind_of_number(dtype, values, told):
    if dtype.is_decimal():
        values = [None if value is None else Decimal(value) for value in values]
    frame = typed("total", values, dtype)
    found = ORDERS.cast(frame)["total"].to_list()
    assert found == [None if value is None else Decimal(value) for value in told]
    good = [Decimal(value) for value in told if value is not None]
    assert ORDERS.admit(frame).rows["total"].to_list() == good


@pytest.mark.parametrize(("currency", "told"), [("JPY", "12"), ("EUR", "12.00"), ("KWD", "12.000")])
def test_the_currency_decides_the_decimals(currency, told):
    table = cu.table(cu.Order, currency=currency)
    for total in (12, 12.0, "12", "12.0", Decimal("12.0000")):
        rows = table.require(typed("total", [total], None))
        assert str(rows["total"].item()) == told
        assert rows["total"].dtype == table.schema["total"]
    assert refused(typed("total", ["0.5", "5"], pl.String), currency="JPY") == [("scale", "total")]


def test_minor_units_are_the_smallest_there_are():
    frame = typed("cents", [1_999, None, 10**18, -5], pl.Int64).drop("total")
    columns = {"total": cu.minor_units("cents")}
    rows, rejected = ORDERS.admit(frame, columns=columns)
    assert rows["total"].to_list() == [Decimal("19.99"), Decimal("-0.05")]
    assert rejected.counts() == {"missing": 1, "range": 1}
    assert "cents" not in rows.columns
    yen = cu.table(cu.Order, currency="JPY")
    assert yen.admit(frame, columns=columns).rows["total"].to_list() == [Decimal(1999), Decimal(-5)]
    halves = {"total": cu.minor_units(pl.col("cents") / 2)}
    assert ORDERS.admit(frame, columns=halves).rejected.counts() == {
        "missing": 1,
        "unreadable": 2,
        "range": 1,
    }
    texts = frame.with_columns(pl.col("cents").cast(pl.String))
    assert ORDERS.admit(texts, columns=columns).rows.equals(rows)


def test_two_date_forms_in_one_column_are_told_apart():
    forms = ["2026-05-01", "01.05.2026", "05/01/2026 10:00", "2026-05-01 10:00"]
    rows, rejected = ORDERS.admit(typed("ordered_at", forms, pl.String))
    assert rows["ordered_at"].dt.hour().to_list() == [0, 10]
    assert rejected.counts() == {"unreadable": 2}


def test_naive_and_aware_texts_stand_side_by_side():
    texts = ["2026-07-01 10:00", "2026-07-01 10:00Z", "2026-07-01T10:00+02:00", "2026-07-01"]
    rows = cu.table(cu.Order, tz="Europe/London").require(typed("ordered_at", texts, pl.String))
    assert rows["ordered_at"].dt.strftime("%d %H").to_list() == ["01 09", "01 10", "01 08", "30 23"]


def test_a_skipped_hour_is_unreadable_and_a_repeated_one_is_the_first():
    london = cu.table(cu.Order, tz="Europe/London")
    local = [
        dt.datetime(2026, 3, 29, 0, 59, 59),
        dt.datetime(2026, 3, 29, 1, 0),
        dt.datetime(2026, 3, 29, 2, 0),
        dt.datetime(2026, 10, 25, 1, 30),
        None,
    ]
    for unit in ("ms", "us", "ns"):
        frame = typed("ordered_at", local, pl.Datetime(unit))
        rows, rejected = london.admit(frame)
        hours = rows["ordered_at"].dt.strftime("%H:%M:%S").to_list()
        assert hours == ["00:59:59", "01:00:00", "00:30:00"]
        assert rejected.counts() == {"missing": 1, "unreadable": 1}


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_aware_instants_of_any_zone_and_unit_are_the_same_instants(unit):
    at = dt.datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=dt.UTC)
    source = pl.Series("ordered_at", [at, None]).cast(pl.Datetime(unit, "UTC"))
    frame = sales({}, {}).with_columns(source.dt.convert_time_zone("Asia/Tokyo"))
    rows, rejected = cu.table(cu.Order, tz="Europe/London").admit(frame)
    assert rows["ordered_at"].to_list() == [at]
    assert rejected.counts() == {"missing": 1}


def test_times_beyond_what_64_bits_can_shift_are_out_of_range():
    far = pl.Series([2**62, 2**63 - 1, 0], dtype=pl.Int64)
    for dtype in (pl.Datetime("ms"), pl.Datetime("ms", "UTC"), pl.Datetime("us", "Asia/Tokyo")):
        frame = sales({}, {}, {}).with_columns(ordered_at=far.cast(dtype))
        told = cu.table(cu.Order, tz="Europe/London").admit(frame).rejected.counts()
        assert told == {"range": 2 if dtype.time_unit == "ms" else 1}
    days = pl.Series([2**31 - 1, -(2**31), 0, None], dtype=pl.Int32).cast(pl.Date)
    frame = sales({}, {}, {}, {}).with_columns(ordered_at=days)
    assert ORDERS.admit(frame).rejected.counts() == {"missing": 1, "range": 2}


def test_a_column_of_nulls_alone_is_missing():
    for dtype in (pl.Null, pl.String, pl.Date, pl.Datetime("us"), pl.Datetime("ms")):
        frame = typed("ordered_at", [None, None], dtype)
        told = cu.table(cu.Order, tz="Europe/London").admit(frame).rejected.counts()
        assert told == {"missing": 2}


def test_copies_stay_once_and_contradictions_go_altogether():
    frame = sales({}, {}, {}, {}, {}).with_columns(
        order_id=pl.Series([1, 1, 1, 2, 2]), total=pl.Series(["5", "5.0", "5", "1", "2"])
    )
    rows, rejected = ORDERS.admit(frame)
    assert rows["order_id"].to_list() == [1]
    assert rejected.frame.select("total", "reason", "column").rows() == [
        ("5.0", "duplicate", "order_id"),
        ("5", "duplicate", "order_id"),
        ("1", "conflict", "order_id"),
        ("2", "conflict", "order_id"),
    ]
    assert ORDERS.admit(frame, unique=False).rows.height == 5


def test_extra_columns_too_tell_copies_from_contradictions():
    same = sales({"order_id": 1}, {"order_id": 1}).with_columns(
        tags=pl.Series([["a"], ["a"]]),
        raw=pl.Series([b"x", b"x"]),
        share=pl.Series([float("nan"), float("nan")]),
        deep=pl.Series([{"x": [1]}, {"x": [1]}]),
    )
    assert ORDERS.admit(same).rejected.counts() == {"duplicate": 1}
    for name, other in {"tags": ["b"], "raw": b"y", "share": None, "deep": {"x": [2]}}.items():
        values = pl.Series(name, [same[name][0], other], dtype=same[name].dtype)
        assert ORDERS.admit(same.with_columns(values)).rejected.counts() == {"conflict": 2}


def test_a_good_row_whose_key_also_stands_on_a_bad_one_is_good():
    frame = sales({}, {"order_id": 1, "total": "x"})
    rows, rejected = ORDERS.admit(frame)
    assert (rows.height, rejected.counts()) == (1, {"unreadable": 1})


def test_places_of_doubled_keys_are_places_among_all_rows():
    frame = sales({"total": "x"}, {}, {"order_id": 2}, {"total": None}, {"order_id": 2})
    assert refused(frame.with_row_index("at")) == [
        ("unreadable", "total"),
        ("conflict", "order_id"),
        ("conflict", "order_id"),
        ("missing", "total"),
        ("conflict", "order_id"),
    ]


def test_lines_without_numbers_all_count_unless_copies_are_asked_for():
    lines = sales({}, {}).with_columns(order_id=1)
    rows, rejected = cu.table(cu.OrderLine).admit(lines)
    assert (rows.height, rejected.frame.height) == (2, 0)
    assert cu.table(cu.OrderLine).cast(lines).height == 2
    assert cu.table(cu.OrderLine).admit(lines, ids="row").rows["line"].to_list() == [0, 1]
    assert cu.table(cu.OrderLine).admit(lines, ids="content").rejected.counts() == {"duplicate": 1}
    some = lines.with_columns(line=pl.Series([1, None]))
    assert cu.table(cu.OrderLine).admit(some).rejected.frame.height == 0


def test_copies_of_a_line_are_told_by_order_and_number():
    lines = sales({}, {}).with_columns(order_id=1)
    numbered = lines.with_columns(line=pl.Series([1, 1]))
    told = cu.table(cu.OrderLine).admit(numbered).rejected.frame
    assert told.select("reason", "column").rows() == [("duplicate", "order_id+line")]


@pytest.mark.parametrize(
    ("values", "dtype", "told"),
    [
        ([1, 2], pl.Int16, [1, 2]),
        ([1, 2**64 - 1], pl.UInt64, [1]),
        (["7", "007", " 7", ""], pl.String, ["7", "007", " 7"]),
        (["b", "a", None], pl.Categorical, ["b", "a"]),
        (["b", "a", ""], pl.Enum(["", "a", "b"]), ["b", "a"]),
        ([1.0, float("nan"), 2.5, 2.0**53, 2.0**54], pl.Float64, [1, 2**53]),
        ([Decimal(7), Decimal("7.5"), Decimal(2**53 + 1)], pl.Decimal(38, 1), [7, 2**53 + 1]),
    ],
)
def test_ids_are_whole_numbers_or_text(values, dtype, told):
    frame = typed("customer_id", values, dtype)
    rows = ORDERS.admit(frame).rows
    assert rows["customer_id"].to_list() == told
    assert rows.schema["customer_id"] == (pl.String if isinstance(told[0], str) else pl.Int64)
    assert ORDERS.admit(frame.lazy()).rows.collect().equals(rows)


def test_pandas_integers_with_gaps_are_integers():
    frame = sales({}, {}).to_pandas().assign(customer_id=[7, None], paid_with_points=[None, 1.5])
    assert frame["customer_id"].dtype == "float64"
    rows, rejected = ORDERS.admit(frame)
    assert rows["customer_id"].to_list() == [7]
    assert rejected.counts() == {"missing": 1}
    assert ORDERS.admit(frame.assign(customer_id=7)).rows["paid_with_points"].to_list() == [
        None,
        Decimal("1.50"),
    ]


def test_rows_come_from_anything_that_speaks_arrow():
    frame = sales({}, {})
    for rows in (frame.to_arrow(), frame.to_pandas(), frame, frame.lazy()):
        assert ORDERS.require(rows).equals(ORDERS.require(frame))


def test_a_pandas_index_named_like_a_column_is_said():
    frame = sales({}).to_pandas().set_index("order_id")
    with pytest.raises(cu.SchemaError) as caught:
        ORDERS.admit(frame)
    fix = "it is the index of the pandas frame: call reset_index() first"
    assert caught.value.problems[0].what == "'order_id' is not in the source"
    assert caught.value.problems[0].fix.startswith(fix)
    with pytest.raises(cu.SchemaError) as caught:
        ORDERS.admit(frame.rename_axis("no"), columns={"order_id": "no"})
    assert str(caught.value) == (
        f"the source has no column 'no'\n  where: columns['order_id']\n  fix:   {fix}"
    )
    assert ORDERS.require(frame.reset_index()).height == 1


def test_a_column_may_have_the_name_of_a_keyword_or_of_ours():
    frame = sales({}, {"total": "x"}).with_columns(
        order=1, select=2, reason=pl.lit("mine"), column=2, reason_source=pl.lit("too")
    )
    rows, rejected = ORDERS.admit(frame)
    assert rows.columns[-5:] == ["order", "select", "reason", "column", "reason_source"]
    told = rejected.frame
    assert told.row(0, named=True)["reason_source_source"] == "mine"
    assert told.columns[-2:] == ["reason", "column"]
    assert rejected.counts() == {"unreadable": 1}


def test_a_row_has_the_first_reason_that_holds_whatever_its_column():
    bad = sales(
        {"order_id": None, "ordered_at": "x", "total": "0.001", "currency": "USD"},
        {"ordered_at": "x", "total": "0.001", "currency": "USD"},
        {"total": "0.001", "currency": "USD"},
        {"total": "1" * 20, "currency": "USD"},
        {"total": "1" * 20 + ".001", "currency": "EUR"},
        {"currency": "USD"},
        {"currency": None},
        {"currency": "EUR"},
    )
    assert refused(bad) == [
        ("missing", "order_id"),
        ("unreadable", "ordered_at"),
        ("scale", "total"),
        ("range", "total"),
        ("scale", "total"),
        ("other_currency", "currency"),
        ("other_currency", "currency"),
    ]


def test_a_currency_column_is_looked_at_where_there_is_money():
    frame = pl.DataFrame({"customer_id": [7], "currency": ["USD"]})
    assert not cu.table(cu.Customer).admit(frame).rejected
    mapped = sales({}).with_columns(paid_in=pl.lit("USD"))
    assert refused(mapped, columns={"currency": "paid_in"}) == [("other_currency", "currency")]
    assert ORDERS.require(sales({"currency": "EUR"}))["currency"].to_list() == ["EUR"]


def test_expressions_and_new_names_are_columns_too():
    frame = pl.DataFrame(
        {"No": [1, 2], "Who": ["007", "8"], "On": ["1.5.2026", "2.5.2026"], "n": [2, 3], "p": 2.55}
    )
    columns = {
        "order_id": "No",
        "customer_id": "Who",
        "ordered_at": pl.col("On").str.to_datetime("%d.%m.%Y"),
        "total": pl.col("n") * pl.col("p"),
        "till": "No",
        "shop": pl.lit("north"),
    }
    rows = ORDERS.require(frame, columns=columns)
    assert rows["total"].to_list() == [Decimal("5.10"), Decimal("7.65")]
    assert rows.columns == [*ORDERS.schema, "On", "n", "p", "till", "shop"]
    assert ORDERS.require(frame.lazy(), columns=columns).equals(rows)
    assert ORDERS.require(frame.clear(), columns=columns).schema == rows.schema


def test_ids_are_made_from_content_or_by_row():
    frame = sales({}, {}, {"total": "5"}, {"total": "x"}).drop("order_id")
    rows, rejected = ORDERS.admit(frame, ids="content")
    assert rows.height == 2
    assert rows["order_id"].n_unique() == 2
    assert rows.schema["order_id"] == pl.String
    assert rejected.counts() == {"unreadable": 1, "duplicate": 1}
    again = ORDERS.admit(frame[::-1], ids="content").rows
    assert set(again["order_id"]) == set(rows["order_id"])
    numbered, rejected = ORDERS.admit(frame, ids="row")
    assert numbered["order_id"].to_list() == [0, 1, 2]
    assert rejected.counts() == {"unreadable": 1}
    for ids in ("content", "row"):
        eager, lazy = ORDERS.admit(frame, ids=ids), ORDERS.admit(frame.lazy(), ids=ids)
        assert lazy.rows.collect_schema() == eager.rows.schema
        assert lazy.rows.collect().equals(eager.rows)


def test_lines_without_numbers_are_numbered_by_content():
    lines = sales({}, {"total": "5"}, {}).with_columns(order_id=1)
    rows, rejected = cu.table(cu.OrderLine).admit(lines, ids="content")
    assert rows["line"].to_list() == [2, 1]
    assert rows.schema["line"] == pl.Int64
    assert rejected.counts() == {"duplicate": 1}


def counted(frame):
    """A lazy frame that counts how often it is read."""
    reads = []

    def batches(with_columns, predicate, n_rows, _size):
        reads.append(1)
        rows = frame if with_columns is None else frame.select(with_columns)
        rows = rows if predicate is None else rows.filter(predicate)
        yield rows if n_rows is None else rows.head(n_rows)

    return register_io_source(batches, schema=frame.schema), reads


def test_lazy_rows_are_read_once_and_only_when_looked_at():
    lazy, reads = counted(sales({}, {"total": "x"}))
    rows, rejected = ORDERS.admit(lazy, columns={"shop": pl.lit("north")})
    assert reads == []
    assert rows.collect().height == 1
    assert rejected.counts() == {"unreadable": 1}
    assert rows.select("total").filter(pl.col("total") > 5).head(3).collect().height == 1
    both = pl.collect_all([rows.select(pl.len()), rows.select("total"), rows])
    assert both[0].item() == 1
    assert reads == [1]


def test_lazily_trusted_rows_may_be_cut_and_filtered():
    lazy = sales({}, {"total": "x"}, {"total": "7"}).rename({"total": "Sum"}).lazy()
    trusted = ORDERS.cast(lazy, columns={"total": "Sum"})
    assert trusted.select("total").collect()["total"].to_list() == [
        Decimal("9.99"),
        None,
        Decimal("7.00"),
    ]
    assert trusted.filter(pl.col("total") > 8).select("order_id").collect().height == 1
    assert trusted.head(1).collect().height == 1


def test_require_raises_with_the_rejected_rows():
    frame = sales({}, {"total": "x"}, {"customer_id": None})
    for rows in (frame, frame.lazy()):
        with pytest.raises(cu.RowError) as caught:
            ORDERS.require(rows)
        assert str(caught.value) == (
            "2 of 3 rows rejected\n"
            "    missing        1  customer_id\n"
            "    unreadable     1  total\n"
            "  where: table(Order)\n"
            "  fix:   see error.rejected.frame, or use admit() to go on with the good rows"
        )
        assert caught.value.rejected.frame.height == 2


@pytest.mark.parametrize(
    ("dtype", "huge"),
    [
        (pl.Float64, 1e19),
        (pl.UInt64, 2**64 - 1),
        (pl.Int128, 10**19),
        (pl.Decimal(38, 0), Decimal(10**19)),
    ],
)
def test_an_id_that_is_too_large_is_out_of_range_in_every_type(dtype, huge):
    assert refused(typed("customer_id", [huge], dtype)) == [("range", "customer_id")]
    events = pl.DataFrame({"event_id": 1, "customer_id": 1, "at": "2026-05-01", "kind": "x"})
    points = pl.Series("points", [str(10**19)])
    told = cu.table(cu.Event).admit(events.with_columns(points)).rejected
    assert told.by_column().rows() == [("range", "points", 1)]


def test_what_was_paid_with_points_is_not_below_zero():
    paid = [{"paid_with_points": value} for value in ("-0.01", "0", "9.99", None)]
    assert refused(sales(*paid)) == [("range", "paid_with_points")]
    assert refused(sales({"paid_with_points": None})) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-05-01T10:00:00.123456000Z", None),
        ("2026-05-01T10:00:00.1234567Z", "scale"),
        ("2026-05-01 10:00:00,123456001", "scale"),
        ("2026-02-30 10:00:00,123456001", "unreadable"),
        ("2026-05-01T10:00:00.1234567890Z", "unreadable"),
    ],
)
def test_digits_beyond_microseconds_are_not_cut_in_silence(text, reason):
    told = [] if reason is None else [(reason, "ordered_at")]
    assert refused(sales({"ordered_at": text})) == told


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_nanoseconds_are_not_cut_in_silence_either(zone):
    frame = typed("ordered_at", [1_500, 2_000, None], pl.Datetime("ns", zone))
    assert refused(frame) == [("scale", "ordered_at"), ("missing", "ordered_at")]


def test_a_score_must_lie_on_the_scale_of_its_kind():
    answers = pl.DataFrame(
        {
            "feedback_id": range(7),
            "at": "2026-05-01",
            "kind": ["nps", "nps", "csat", "csat", "ces", "stars", None],
            "score": [0, 11, 5, 0, 7, 3, 5],
        }
    )
    rows, rejected = cu.table(cu.Feedback).admit(answers)
    assert rows["feedback_id"].to_list() == [0, 2, 4]
    assert rejected.by_column().rows() == [("missing", "kind", 1), ("range", "score", 3)]


def test_every_kind_is_read_from_what_people_have():
    customers = pl.DataFrame(
        {
            "customer_id": [1, 2, 3],
            "joined_at": pl.Series([dt.date(2026, 5, 1), None, dt.date(2026, 6, 1)]),
            "birth_date": ["1990-02-28", "1990-02-30", None],
            "region": pl.Series(["n", "s", None], dtype=pl.Categorical),
            "name": pl.Series([1, 2, 3], dtype=pl.Int32),
            "consent": [["mail"], [], None],
        }
    )
    rows, rejected = cu.table(cu.Customer, tz="Asia/Tokyo").admit(customers)
    assert rows["joined_at"].to_list() == [
        dt.datetime(2026, 4, 30, 15, tzinfo=dt.UTC),
        dt.datetime(2026, 5, 31, 15, tzinfo=dt.UTC),
    ]
    assert rows["birth_date"].to_list() == [dt.date(1990, 2, 28), None]
    assert rows["consent"].to_list() == [["mail"], None]
    assert rows["name"].to_list() == ["1", "3"]
    assert rejected.frame.select("reason", "column").rows() == [("unreadable", "birth_date")]
    tickets = pl.DataFrame({"ticket_id": [1, 2], "customer_id": 7, "opened_at": "2026-05-01"})
    told = cu.table(cu.Ticket).require(tickets.with_columns(reopened=pl.Series([True, None])))
    assert told["reopened"].to_list() == [True, None]
    empty = customers.with_columns(consent=pl.Series([[], [], []]))
    assert cu.table(cu.Customer).schema["consent"] == pl.List(pl.String)
    assert cu.table(cu.Customer).cast(empty).schema["consent"] == pl.List(pl.String)


def test_a_birth_date_is_the_local_day_of_an_instant():
    late = dt.datetime(1990, 2, 28, 23, 30)
    naive = pl.Series("birth_date", [late, None])
    for tz, day in (("Asia/Tokyo", 1), ("UTC", 28)):
        people = cu.table(cu.Customer, tz=tz)
        of = {"aware": naive.dt.replace_time_zone("UTC"), "naive": naive}
        told = {
            kind: people.require(pl.DataFrame({"customer_id": [1, 2], "birth_date": source}))
            for kind, source in of.items()
        }
        assert told["aware"]["birth_date"][0].day == day
        assert told["naive"]["birth_date"].to_list() == [dt.date(1990, 2, 28), None]
    gone = pl.Series("birth_date", [None], dtype=pl.Datetime("ms", "UTC"))
    frame = pl.DataFrame({"customer_id": [1], "birth_date": gone})
    assert cu.table(cu.Customer, tz="Asia/Tokyo").require(frame)["birth_date"].item() is None
    day = pl.DataFrame({"customer_id": [1], "birth_date": [dt.date(2000, 2, 29)]})
    assert cu.table(cu.Customer).require(day)["birth_date"].item() == dt.date(2000, 2, 29)


def test_numbers_are_finite_and_points_are_whole():
    lines = sales(*[{}] * 4).with_columns(
        line=pl.lit(1), quantity=pl.Series([1.5, float("nan"), None, -2.0])
    )
    rows, rejected = cu.table(cu.OrderLine).admit(lines)
    assert rows["quantity"].to_list() == [1.5, None, -2.0]
    assert rejected.frame.select("reason", "column").rows() == [("not_finite", "quantity")]
    trusted = cu.table(cu.OrderLine).cast(lines)
    assert trusted["quantity"].to_list() == [1.5, None, None, -2.0]
    events = pl.DataFrame({"event_id": range(5), "customer_id": 1, "at": "2026-05-01", "kind": "x"})
    points = pl.Series("points", ["+5", "-7", "5.0", "9" * 30, None])
    rows, rejected = cu.table(cu.Event).admit(events.with_columns(points))
    assert rows["points"].to_list() == [5, -7, None]
    assert rejected.counts() == {"unreadable": 1, "range": 1}


def test_rejected_rows_read_well():
    frame = sales(*[{"total": "x"}] * 3, {"customer_id": None})
    rejected = ORDERS.admit(frame).rejected
    told = "4 of 4 rows rejected\n  missing        1  customer_id\n  unreadable     3  total"
    assert str(rejected) == repr(rejected) == told
    assert rejected._repr_html_() == f"<pre>{told}</pre>"
    assert (len(rejected), bool(rejected), rejected.rows) == (4, True, 4)


def test_arrow_that_cannot_be_read_is_an_error():
    class Broken:
        def __arrow_c_stream__(self, requested_schema=None):
            raise ValueError("no stream\nat all")

    with pytest.raises(cu.SchemaError) as caught:
        ORDERS.admit(Broken())
    assert str(caught.value) == (
        "the Broken cannot be read as Arrow: no stream\n  where: frame\n"
        "  fix:   give each column one type (and install pyarrow for pandas)"
    )
    mixed = pd.DataFrame({"order_id": [1, "x"]}, dtype=object)
    with pytest.raises(cu.SchemaError, match="the DataFrame cannot be read as Arrow"):
        ORDERS.admit(mixed)
    assert ORDERS.require(pa.table(sales({}))).height == 1
