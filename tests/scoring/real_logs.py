"""Public data sets as bases and frames, for tests of the models that were published on them."""

from __future__ import annotations

import polars as pl

import custseg as cu


def cdnow(folder):
    """The 1/10 sample of CDNOW, seen as of the end of its calibration."""
    text = (folder / "cdnow" / "CDNOW_sample.txt").read_text(encoding="ascii")
    rows = [line.split() for line in text.splitlines() if line.strip()]
    frame = pl.DataFrame(
        rows, schema=["master", "customer", "day", "units", "dollars"], orient="row"
    )
    orders = cu.table(cu.Order, currency="USD").admit(
        frame,
        columns={
            "customer_id": pl.col("customer").cast(pl.Int64),
            "ordered_at": pl.col("day").str.to_date("%Y%m%d"),
            "total": "dollars",
        },
        ids="row",
    )
    return cu.CustomerBase(orders=orders.rows, currency="USD").as_of("1997-09-30")


def donations(folder):
    """Donors of 1995 and the years in which they gave, 1996 to 2001: a row for each pattern."""
    rows = pl.read_csv(folder / "donations_bgbb" / "donations.csv")
    names = {"frequency": "x", "recency": "t_x", "periods": "T", "weights": "customers"}
    return rows.rename(names)


def contracts(folder, column):
    """Of 1,000 customers under contract, how many were there after each of seven renewals."""
    rows = pl.read_csv(folder / "sbg_cohorts" / "sbg_survivors.csv")
    return (rows[column].head(8) * 10).round().to_list()


def retail(folder):
    """Buyers of Online Retail, returns and all, to the middle of 2011."""
    lines = pl.scan_parquet(folder / "online_retail" / "online_retail.parquet")
    admitted = cu.table(cu.OrderLine, currency="GBP", tz="Europe/London").admit(
        lines.filter(pl.sql_expr("Quantity > 0 AND UnitPrice > 0")),
        columns={
            "order_id": "InvoiceNo",
            "customer_id": "CustomerID",
            "ordered_at": "InvoiceDate",
            "total": pl.col("Quantity") * pl.col("UnitPrice"),
        },
        ids="row",
    )
    orders, _ = cu.collapse(admitted.rows)
    base = cu.CustomerBase(orders=orders, currency="GBP", tz="Europe/London")
    return base.as_of("2011-06-30")
