"""Pictures of purchase models show the figures of their results, and nothing else."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

import custseg as cu

pytest.importorskip("altair")

SHOP = cu.datasets.simulate(300, 365, seed=1).base()
EARLY = SHOP.as_of("2024-09-30")
FIT = cu.PurchaseFit(
    model="bgnbd", params={"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, customers=300
)


def datasets(chart):
    return list(chart.to_dict()["datasets"].values())


def told(chart):
    title = chart.to_dict()["title"]
    return [title["text"], *title["subtitle"]]


def test_the_lines_are_the_means_of_the_holdout():
    after = FIT.holdout(EARLY, SHOP.day)
    chart = cu.plot(after)
    (rows,) = datasets(chart)
    for which in ("actual", "expected"):
        drawn = [row["purchases"] for row in rows if row["which"] == which]
        assert drawn == after.frame[which].to_list()
    assert [row["x"] for row in rows][: after.frame.height] == after.frame["x"].to_list()
    customers = after.frame["customers"].sum()
    assert told(chart) == [
        f"Purchases after 2024-09-30, to {SHOP.day}",
        f"BG/NBD beside what came, {customers} customers",
    ]


def test_the_weeks_are_those_of_the_tracking_with_a_rule_where_the_model_stops():
    weeks = cu.Tracking.of(FIT, EARLY, SHOP.day)
    chart = cu.plot(weeks)
    rows, rule = sorted(datasets(chart), key=len, reverse=True)
    for which in ("actual", "expected"):
        drawn = [row["purchases"] for row in rows if row["which"] == which]
        assert drawn == weeks.frame[which].to_list()
    assert rule == [{"at": "2024-09-30T00:00:00"}]
    assert told(chart)[0].endswith("customers, added up by week")


@pytest.mark.parametrize(("weeks", "drawn"), [(0, 0), (1, 1), (400, 400), (401, 201), (900, 300)])
def test_a_long_tracking_is_thinned_and_keeps_its_last_week(weeks, drawn):
    days = [dt.date(2000, 1, 1) + dt.timedelta(7 * week) for week in range(weeks)]
    frame = pl.DataFrame(
        {"day": days, "actual": range(weeks), "expected": [0.5] * weeks},
        schema={"day": pl.Date, "actual": pl.Int64, "expected": pl.Float64},
    )
    result = cu.Tracking(frame=frame, model="NBD", customers=1, day=dt.date(2000, 1, 1))
    chart = cu.plot(result)
    rows = [row for each in datasets(chart) for row in each if row.get("which") == "actual"]
    assert len(rows) == drawn
    if weeks:
        assert rows[-1]["day"] == str(days[-1])
    assert told(chart)[0] == "Repeat purchases of 1 customer, added up by week"


@pytest.mark.parametrize(("kind", "column"), [("alive", "p_alive"), ("purchases", None)])
def test_the_map_has_a_cell_for_each_pair_that_can_be(kind, column):
    matrix = cu.PurchaseMatrix.of(FIT, T=30, horizon=10, most=5)
    chart = cu.plot(matrix, kind=kind)
    (rows,) = datasets(chart)
    assert [(row["x"], row["t_x"]) for row in rows] == matrix.frame.select("x", "t_x").rows()
    shade = chart.to_dict()["encoding"]["color"]["field"]
    assert shade == (column or "expected_purchases")
    assert [row[shade] for row in rows] == matrix.frame[shade].to_list()
    assert rows[0]["since"] == "30 weeks"
    assert rows[-1]["since"] == "0 weeks"
    assert told(chart)[1].startswith("BG/NBD, customers observed for 30 weeks")
