"""Holdout, tracking and matrix: what a model says, beside what came, in frames."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from base.logs_of import at, base_of

PARAMS = {
    "bgnbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "paretonbd": {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
    "bgbb": {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783},
}
SHOP = cu.datasets.simulate(60, 300, seed=4).base()
EARLY = SHOP.as_of(SHOP.day.replace(day=1))


def made(name, unit="week"):
    return cu.PurchaseFit(model=name, params=PARAMS[name], unit=unit)


def order(number, customer, day, total):
    when = at(dt.date.fromisoformat(day), 12)
    return {"order_id": number, "customer_id": customer, "ordered_at": when, "total": total}


def test_a_tracking_adds_up_to_the_histories():
    fit = made("bgnbd", unit="day")
    weeks = cu.Tracking.of(fit, EARLY, SHOP.day)
    known = cu.history(EARLY, unit="day")
    for day, actual, expected in weeks.frame.rows():
        seen = cu.history(SHOP.as_of(day), unit="day")
        then = seen.filter(pl.col("customer_id").is_in(known["customer_id"].implode()))
        assert actual == then["x"].sum()
        ages = then["T"].to_list()
        assert expected == pytest.approx(sum(fit.expected(age) for age in ages), rel=1e-12)
    assert weeks.customers == known.height
    assert weeks.day == EARLY.day
    assert f"{known.height} customers" in repr(weeks)
    assert "<table" in weeks._repr_html_()


def test_a_tracking_has_whole_weeks_only():
    days = ["2026-01-01", "2026-01-03", "2026-01-09", "2026-01-15"]
    base = base_of({"orders": [order(each, 3, day, 10) for each, day in enumerate(days)]})
    fit = made("bgnbd")
    frame = cu.Tracking.of(fit, base.as_of("2026-01-02"), "2026-01-15").frame
    assert frame["day"].cast(pl.String).to_list() == ["2026-01-07", "2026-01-14"]
    assert frame["actual"].to_list() == [1, 2]
    assert frame["expected"].to_list() == pytest.approx([fit.expected(6 / 7), fit.expected(13 / 7)])
    short = cu.Tracking.of(fit, base.as_of("2026-01-02"), "2026-01-03").frame
    assert (short.height, short.columns) == (0, ["day", "actual", "expected"])


def test_a_tracking_knows_nobody_who_came_later_and_takes_no_return():
    made_orders = [
        order(1, 1, "2026-01-01", 10),
        order(2, 1, "2026-01-05", -10),
        order(3, 2, "2026-01-06", 10),
        order(4, 2, "2026-01-07", 10),
    ]
    base = base_of({"orders": made_orders})
    weeks = cu.Tracking.of(made("bgnbd"), base.as_of("2026-01-05"), "2026-01-07")
    assert weeks.customers == 1
    assert weeks.frame["actual"].to_list() == [0]


def test_a_tracking_reads_the_covariates_of_each_customer():
    customers = [
        {"customer_id": 1, "region": "north"},
        {"customer_id": 2, "region": "south"},
        {"customer_id": 3, "region": "north"},
    ]
    buyers = enumerate([1, 2, 3, 1, 2], start=1)
    orders = [order(day, who, f"2026-01-0{day}", 10) for day, who in buyers]
    base = base_of({"orders": orders, "customers": customers})
    slow = made("bgnbd")
    design = cu.BGNBD(covariates=["region"]).fit(base).design
    params = {**PARAMS["bgnbd"], "purchase[region=south]": 1.5, "dropout[region=south]": 0.5}
    fit = cu.PurchaseFit(model="bgnbd", params=params, design=design)
    fast = slow.replaced(
        {"alpha": 4.414 * 2.718281828459045**-1.5, "a": 0.793 * 2.718281828459045**0.5}
    )
    found = cu.Tracking.of(fit, base.as_of("2026-01-05"), "2026-01-14").frame
    ages = {1: 6, 2: 5, 3: 4}
    first = sum((fast if who == 2 else slow).expected(age / 7) for who, age in ages.items())
    assert found["expected"][0] == pytest.approx(first, rel=1e-12)


def test_holdouts_and_trackings_end_after_they_begin():
    fit = made("bgnbd")
    with pytest.raises(cu.SchemaError, match="the holdout ends on"):
        fit.holdout(SHOP, SHOP.day)
    with pytest.raises(cu.SchemaError, match="the holdout ends on") as caught:
        cu.Tracking.of(fit, SHOP, SHOP.day)
    assert caught.value.problems[0].where == "Tracking.of"


def test_a_holdout_shows_its_days_and_its_table():
    after = made("bgnbd").holdout(EARLY, SHOP.day)
    assert f"to {SHOP.day}" in repr(after)
    assert "expected" in repr(after)
    assert "<table" in after._repr_html_()


@given(
    st.sampled_from(sorted(PARAMS)),
    st.integers(1, 120),
    st.integers(1, 9),
    st.floats(0, 60).map(round),
)
def test_a_matrix_is_the_score_of_each_pair(name, observed, most, horizon):
    fit = made(name)
    matrix = cu.PurchaseMatrix.of(fit, T=observed, horizon=horizon, most=most)
    rows = matrix.frame.select("x", "t_x", T=pl.lit(float(observed)))
    scores = fit.score(rows, horizon=horizon)
    assert matrix.frame.select("p_alive", "expected_purchases").equals(scores)
    assert matrix.frame["t_x"].n_unique() <= 41
    if name != "bgbb":
        assert set(matrix.frame["x"]) == set(range(most + 1))
        assert matrix.frame["t_x"].max() == observed
    assert f"after {observed} weeks" in repr(matrix)
    assert "<table" in matrix._repr_html_()


def test_a_matrix_takes_covariates_as_0():
    rows = pl.DataFrame(
        {"x": [0, 1, 2], "t_x": [0.0, 5, 6], "T": [9.0] * 3, "web": [True, False, True]}
    )
    covered = cu.BGNBD(covariates=["web"]).fit(rows)
    plain = cu.PurchaseFit(model="bgnbd", params=dict(list(covered.params.items())[:4]))
    found, same = (cu.PurchaseMatrix.of(each, T=9, horizon=9) for each in (covered, plain))
    assert found.frame.equals(same.frame)
    assert found.frame["x"].max() == 25


def test_all_that_is_wrong_with_a_matrix_is_told_at_once():
    with pytest.raises(cu.SchemaError) as caught:
        cu.PurchaseMatrix.of(made("bgnbd"), T=0, horizon=-1, most=2.5)
    assert [each.where for each in caught.value.problems] == [
        f"PurchaseMatrix.of({name}=)" for name in ("T", "horizon", "most")
    ]
    with pytest.raises(cu.SchemaError, match=r"T is 2\.5"):
        cu.PurchaseMatrix.of(made("bgbb"), T=2.5, horizon=1)
