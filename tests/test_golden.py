"""Published figures of real data sets, from the file through the door to the measures.

The figures are those that the literature prints for these sets; each test reads one file and
asserts them at the printed digit.
"""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest

import custseg as cu


@pytest.fixture(scope="module")
def retail_lines(shared):
    return pl.scan_parquet(shared / "online_retail" / "online_retail.parquet")


def retail_orders(lines):
    """Orders of the retail lines, and what was rejected on the way."""
    admitted = cu.table(cu.OrderLine, currency="GBP", tz="Europe/London").admit(
        lines,
        columns={
            "order_id": "InvoiceNo",
            "customer_id": "CustomerID",
            "ordered_at": "InvoiceDate",
            "total": pl.col("Quantity") * pl.col("UnitPrice"),
        },
        ids="row",
    )
    orders, mixed = cu.collapse(admitted.rows)
    assert len(mixed) == 0
    return orders, admitted.rejected


def test_the_door_rejects_retail_lines_without_a_customer_and_those_that_are_not_money(
    retail_lines,
):
    orders, rejected = retail_orders(retail_lines)
    assert rejected.rows == 541_909
    assert len(rejected) == 135_084
    assert rejected.counts() == {"missing": 135_080, "scale": 4}
    assert rejected.by_column()["column"].to_list() == ["customer_id", "total"]
    assert rejected.frame.filter(pl.col("reason") == "scale")["UnitPrice"].to_list() == [0.001] * 4
    returned = orders.filter(pl.col("total") < 0)
    assert returned["order_id"].str.starts_with("C").all()


def test_returns_lower_spend_and_are_no_orders(retail_lines):
    orders, _ = retail_orders(retail_lines)
    base = cu.CustomerBase(orders=orders, currency="GBP", tz="Europe/London").as_of("2011-12-09")
    measures = base.measures("orders", "spend")
    assert measures["orders"].sum() == orders.filter(pl.col("total") >= 0).height
    exact = {row["customer_id"]: Decimal(0) for row in orders.iter_rows(named=True)}
    for row in orders.iter_rows(named=True):
        exact[row["customer_id"]] += row["total"]
    assert dict(measures.select("customer_id", "spend").iter_rows()) == {
        customer: float(spend) for customer, spend in exact.items()
    }


def test_the_retail_descriptives_come_out(retail_lines):
    orders, rejected = retail_orders(
        retail_lines.filter(pl.sql_expr("Quantity > 0 AND UnitPrice > 0"))
    )
    # 397,884 lines have a customer; 4 of them cost 0.001 a piece, which is no money in pounds.
    assert rejected.counts()["scale"] == 4
    base = cu.CustomerBase(orders=orders, currency="GBP", tz="Europe/London").as_of("2011-12-09")
    measures = base.measures("orders", "spend")
    assert measures.height == 4_338
    assert measures["orders"].sum() == 18_532
    assert orders["total"].sum() == Decimal("8911407.90")
    assert measures.filter(pl.col("orders") >= 2).height == 2_845


def cdnow(shared):
    """The 1/10 sample of CDNOW as it is published: fixed-width text without a header."""
    text = (shared / "cdnow" / "CDNOW_sample.txt").read_text(encoding="ascii")
    rows = [line.split() for line in text.splitlines() if line.strip()]
    frame = pl.DataFrame(
        rows, schema=["master", "customer", "day", "units", "dollars"], orient="row"
    )
    return cu.table(cu.Order, currency="USD").admit(
        frame,
        columns={
            "customer_id": pl.col("customer").cast(pl.Int64),
            "ordered_at": pl.col("day").str.to_date("%Y%m%d"),
            "total": "dollars",
        },
        ids="row",
    )


def test_the_cdnow_descriptives_come_out(shared):
    orders, rejected = cdnow(shared)
    assert len(rejected) == 0
    assert orders.height == 6_919
    assert orders.filter(pl.col("total") == 0).height == 8  # free orders stay
    base = cu.CustomerBase(orders=orders, currency="USD").as_of("1997-09-30")
    measures = base.measures("days_active", "tenure_days", "recency_days", "spend")
    assert measures.height == 2_357
    repeats = measures["days_active"] - 1
    assert repeats.sum() == 2_457
    assert (repeats == 0).sum() == 1_411
    assert (repeats > 0).sum() == 946
    assert repeats.max() == 29
    weeks = measures["tenure_days"] / 7
    assert (round(weeks.min(), 3), round(weeks.max(), 3)) == (27.0, 38.857)


def test_the_cdnow_holdout_comes_out(shared):
    orders, _ = cdnow(shared)
    base = cu.CustomerBase(orders=orders, currency="USD")
    bought = (
        base.as_of("1997-09-30")
        .measures("days_active")
        .join(base.as_of("1998-06-30").measures("days_active"), on="customer_id", suffix="_later")
    )
    later = bought["days_active_later"] - bought["days_active"]
    assert later.sum() == 1_882
    assert (later == 0).sum() == 1_673
