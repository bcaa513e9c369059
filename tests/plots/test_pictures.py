"""Pictures show the figures of their results: counts, shares, corners, in the right place."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import custseg as cu

pytest.importorskip("altair")

SHOP = cu.datasets.simulate(300, 365, seed=1).base()
NOBODY = SHOP.where("orders < 0")


def datasets(chart):
    """What a picture holds, one list of rows a source."""
    return list(chart.to_dict()["datasets"].values())


def told(chart):
    """The title and the lines under it."""
    title = chart.to_dict()["title"]
    return [title["text"], *title["subtitle"]]


def test_the_bars_are_the_sizes():
    now = cu.RFM().segment(SHOP)
    (rows,) = datasets(cu.plot(now))
    sizes = now.sizes()
    assert [row["segment"] for row in rows] == list(now.segments)
    assert [row["customers"] for row in rows] == sizes["customers"].to_list()
    assert [row["spend"] for row in rows] == sizes["spend"].to_list()
    assert rows[0]["customers_share"] == f"{sizes['share'][0]:.1%}".replace("%", " %")


def test_returns_alone_make_a_bar_to_the_left():
    orders = cu.table(cu.Order).frame(
        [cu.Order(order_id=1, customer_id=1, ordered_at="2026-01-01", total=-5)]
    )
    now = cu.RuleBook.first(cu.Rule("all", "orders >= 0"), otherwise="none").segment(
        cu.CustomerBase(orders=orders)
    )
    spend = cu.plot(now).to_dict()["hconcat"][1]["layer"][0]["encoding"]["x"]
    assert spend["scale"]["domain"] == [-5.0, 1.25]
    assert spend["axis"]["title"] == "spend, EUR"


def test_the_score_map_counts_each_scored_customer_once():
    now = cu.RFM().segment(SHOP)
    chart = cu.plot(now, kind="rfm")
    (rows,) = datasets(chart)
    assert len(rows) == 25
    counted = now.frame.drop_nulls("r").group_by("r", "f").len().rows()
    assert {(row["r"], row["f"]): row["customers"] for row in rows if row["customers"]} == {
        (r, f): n for r, f, n in counted
    }
    prospects = now.members("prospect").height
    assert told(chart)[1] == f"{prospects} customers without scores stand outside"


def test_cells_bear_the_name_of_their_segment_where_they_are_of_one():
    # r1f1 holds two segments, which money parts.
    grid = cu.Grid({"rich": "m2", "poor": "m1"}, bins=2)
    now = cu.RFM(bins=2, grid=grid).segment(SHOP)
    (rows,) = datasets(cu.plot(now, kind="rfm"))
    names = now.frame.drop_nulls("r").group_by("r", "m").agg(pl.col("segment").unique())
    assert {(row["r"], row["m"]) for row in rows if row["segment"]} == {
        (r, m) for r, m, own in names.iter_rows() if len(own) == 1
    }
    by_money = cu.Grid({"rich": "f1-2 m2", "poor": "f1 m1", "rest": "f2 m1"}, bins=2)
    (rows,) = datasets(cu.plot(cu.RFM(bins=2, grid=by_money).segment(SHOP), kind="rfm"))
    assert set(rows[0]) >= {"f", "m"}


@pytest.mark.parametrize(("bins", "layers"), [(2, 3), (6, 3), (10, 2), (11, 1), (40, 1)])
def test_small_cells_bear_no_names_and_tiny_ones_no_numbers(bins, layers):
    grid = cu.Grid({"late": f"r1-{bins - 1}", "now": f"r{bins}"}, bins=bins)
    now = cu.RFM(bins=bins, grid=grid).segment(SHOP)
    assert len(cu.plot(now, kind="rfm").to_dict()["layer"]) == layers


def test_the_classes_lie_where_the_curve_says():
    now = cu.ABC().segment(SHOP)
    chart = cu.plot(now, kind="lorenz")
    curve = now.reasons.lorenz(now)
    lines = told(chart)
    assert lines[0] == f"spend of {curve.customers} customers, Gini {curve.gini():.4f}"
    assert [line.split(":")[0] for line in lines[1:]] == ["A", "B", "C", "dashed"]
    part = now.members("A").height / curve.customers
    assert lines[1].startswith(f"A: {100 * part:.1f} % of customers, 80.")
    names = next(rows for rows in datasets(chart) if "name" in rows[0])
    assert [row["name"] for row in names] == ["C", "B", "A"]
    assert names[0]["low"] == 0
    assert names[-1]["high"] == 1


def test_a_class_of_nobody_is_not_on_the_curve():
    equal = SHOP.with_measures(SHOP.measures("orders").select("customer_id", score=pl.lit(2.0)))
    chart = cu.plot(cu.ABC(by="score").segment(equal), kind="lorenz")
    assert [line.split(":")[0] for line in told(chart)[1:]] == ["A", "dashed"]


def test_a_long_curve_keeps_its_ends_and_stays_near():
    values = np.random.default_rng(1).lognormal(size=20_000)
    curve = cu.Lorenz.of_each(values)
    rows = max(datasets(cu.plot(curve)), key=len)
    assert len(rows) <= 502
    assert (rows[0]["x"], rows[0]["y"]) == (0, 0)
    assert (rows[-1]["x"], rows[-1]["y"]) == (1, 1)
    x, y = (np.array([row[axis] for row in rows]) for axis in "xy")
    whole = curve.frame
    drawn = np.interp(whole["customer_share"].to_numpy(), x, y)
    assert np.abs(drawn - whole["value_share"].to_numpy()).max() < 0.005


def test_the_matrix_shows_every_move_and_who_stayed():
    scheme = cu.ABC().fit(SHOP)
    flow = scheme.assign(SHOP.as_of("2024-06-30")).flow_to(scheme.assign(SHOP))
    chart = cu.plot(flow)
    (rows,) = datasets(chart)
    assert [row["customers"] for row in rows] == flow.frame["customers"].to_list()
    assert {row["before"] for row in rows if row["stayed"]} == set("ABC")
    assert {row["before"] for row in rows} == {*"ABC", "no customer"}
    before = dict.fromkeys("ABC", 0.0)
    for row in rows:
        if row["before"] in before:
            before[row["before"]] += row["share"]
    assert list(before.values()) == pytest.approx([1, 1, 1])
    assert f"index {flow.stability_index:.4f}" in told(chart)[1]


def test_being_outside_has_a_name_that_no_segment_has():
    book = cu.RuleBook.first(cu.Rule("no customer", "orders > 1"), otherwise="rest")
    flow = book.segment(SHOP.as_of("2024-06-30")).flow_to(book.segment(SHOP))
    (rows,) = datasets(cu.plot(flow))
    assert {row["after"] for row in rows} == {"no customer", "rest", "(no customer)"}


@pytest.mark.parametrize("kind", ["sizes", "shares"])
def test_small_pictures_of_a_track_hold_its_sizes(kind):
    track = cu.ABC().fit(SHOP).track(SHOP)
    (rows,) = datasets(cu.plot(track, kind=kind))
    assert [row["customers"] for row in rows] == track.sizes()["customers"].to_list()
    assert rows[0]["at"] == f"{track.days[0]}T00:00:00"


def test_a_long_track_keeps_its_first_and_its_last_day():
    shop = cu.datasets.simulate(30, 600, seed=1).base()
    first = shop.orders["ordered_at"].min().date()
    days = pl.date_range(first, shop.day, eager=True).to_list()
    track = cu.ABC().fit(shop).track(shop, every=days)
    chart = cu.plot(track)
    (rows,) = datasets(chart)
    seen = sorted({row["day"] for row in rows})
    assert len(seen) == 400
    assert (seen[0], seen[-1]) == (str(days[0]), str(days[-1]))
    assert told(chart)[1].endswith(f"{len(days)} days tracked")


def test_a_shop_without_customers_has_pictures_too():
    for kind, recipe in (("sizes", cu.RFM()), ("rfm", cu.RFM()), ("lorenz", cu.ABC())):
        now = recipe.fit(SHOP).assign(NOBODY)
        assert told(cu.plot(now, kind=kind))[0]
    scheme = cu.ABC().fit(SHOP)
    empty = scheme.assign(NOBODY)
    flow = empty.flow_to(empty)
    assert told(cu.plot(flow)) == [
        "0 customers before, 0 after",
        "population stability index unknown; framed: who stayed",
    ]
    assert cu.plot(scheme.track(NOBODY, every=[SHOP.day])).to_dict()
