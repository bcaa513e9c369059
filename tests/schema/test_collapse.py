"""Order lines become orders."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu

LINES = cu.table(cu.OrderLine)
LINE = st.fixed_dictionaries(
    {
        "order_id": st.integers(1, 3),
        "customer_id": st.integers(7, 8),
        "minute": st.integers(0, 59),
        "cents": st.integers(-99, 99) | st.just(10**18 - 1),
    }
)


def framed(lines):
    rows = pl.DataFrame(
        lines, schema=dict.fromkeys(["order_id", "customer_id", "minute", "cents"], pl.Int64)
    )
    at = pl.datetime(2026, 5, 1, 10, pl.col("minute"), time_zone="UTC")
    return LINES.require(
        rows, columns={"ordered_at": at, "total": cu.minor_units("cents")}, ids="row"
    )


@given(st.lists(LINE, max_size=12), st.booleans())
def test_an_order_is_its_earliest_line_and_the_sum_of_all(lines, lazy):
    orders = defaultdict(list)
    for line in lines:
        orders[line["order_id"]].append(line)
    good, reasons = [], {}
    for number, own in sorted(orders.items()):
        total = sum(line["cents"] for line in own)
        if len({line["customer_id"] for line in own}) > 1:
            reasons[number] = ("conflict", "customer_id")
        elif abs(total) >= 10**18:
            reasons[number] = ("range", "total")
        else:
            minute = min(line["minute"] for line in own)
            good.append((number, own[0]["customer_id"], minute, Decimal(total) / 100))
    rows = framed(lines)
    made, rejected = cu.collapse(rows.lazy() if lazy else rows)
    assert made.with_columns(pl.col("ordered_at").dt.minute()).rows() == good
    assert [cu.table(cu.Order).schema[name] for name in made.columns] == list(made.dtypes)
    refused = rows.filter(pl.col("order_id").is_in(list(reasons)))
    assert rejected.frame.drop("reason", "column").equals(refused)
    told = rejected.frame.select("order_id", "reason", "column").rows()
    assert told == [(number, *reasons[number]) for number in refused["order_id"]]
    assert rejected.rows == len(lines)


def test_collapse_keeps_its_promises_about_names_and_text_ids():
    lines = framed([{"order_id": 1, "customer_id": who, "minute": 0, "cents": 5} for who in (7, 8)])
    lines = lines.with_columns(pl.col("order_id").cast(pl.String), reason=pl.lit("mine"))
    orders, rejected = cu.collapse(lines)
    assert orders.is_empty()
    assert rejected.frame["reason_source"].to_list() == ["mine", "mine"]
    assert rejected.counts() == {"conflict": 2}


def test_what_is_no_table_of_lines_is_told():
    lines = framed([]).drop("customer_id").with_columns(total=pl.lit(1.5))
    with pytest.raises(cu.SchemaError) as caught:
        cu.collapse(lines.lazy())
    assert str(caught.value) == (
        "2 things are wrong\n"
        "column 'customer_id' is missing\n"
        "  where: collapse\n"
        "  fix:   admit the lines first: cu.table(cu.OrderLine).admit(frame)\n"
        "column 'total' is Float64, as no order line has it\n"
        "  where: collapse\n"
        "  fix:   admit the lines first: cu.table(cu.OrderLine).admit(frame)"
    )


def test_what_is_no_frame_of_lines_is_told():
    with pytest.raises(cu.SchemaError, match="lines are a NoneType, not a polars frame"):
        cu.collapse(None)
