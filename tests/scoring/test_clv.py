"""Lifetime value: months by the calendar, discounts, margins, limits, and one row a customer."""

from __future__ import annotations

import datetime as dt
import json
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import custseg as cu
from custseg.errors import FitError, SchemaError
from custseg.scoring.clv import CLV
from custseg.scoring.clv_fit import CLVFit
from naive import clv as naive

BGNBD = cu.PurchaseFit(
    model="bgnbd",
    params={"r": 0.24259, "alpha": 4.41360, "a": 0.79292, "b": 2.42591},
    customers=2357.0,
    log_likelihood=-9582.4,
)
PARETO = cu.PurchaseFit(
    model="paretonbd",
    params={"r": 0.5533, "alpha": 10.578, "s": 0.6062, "beta": 11.669},
    customers=2357.0,
    log_likelihood=-9582.4,
)
SPEND = cu.SpendFit(
    params={"p": 6.24957, "q": 3.74422, "gamma": 15.44352}, customers=946.0, log_likelihood=-4055.9
)
DAY = dt.date(2026, 1, 31)

rows_of = st.lists(
    st.tuples(st.integers(0, 30), st.floats(0.2, 0.9), st.integers(4, 80), st.floats(1, 200)),
    min_size=1,
    max_size=6,
)


def frame_of(rows):
    """Histories of (x, when of T the last one was, T, mean spend)."""
    return pl.DataFrame(
        {
            "x": [row[0] for row in rows],
            "t_x": [row[1] * row[2] if row[0] else 0.0 for row in rows],
            "T": [float(row[2]) for row in rows],
            "spend_mean": [row[3] if row[0] else None for row in rows],
        },
        schema_overrides={"spend_mean": pl.Float64},
    )


def fit_of(purchases=BGNBD, **options):
    return CLVFit(purchases=purchases, spend=SPEND, **{"horizon": cu.Window(months=12), **options})


def expected_by(purchases, frame, place):
    """Purchases expected of one customer by so many days."""

    def by(days):
        return purchases.score(frame[place], horizon=days / 7)["expected_purchases"].item()

    return by


@pytest.fixture(scope="module")
def shop():
    return cu.datasets.simulate(600, 730, seed=11).base()


@settings(max_examples=15)
@given(rows=rows_of, months=st.integers(1, 14), rate=st.sampled_from([0.0, 0.1, 0.5]))
def test_value_is_its_twin_month_by_month(rows, months, rate):
    frame = frame_of(rows)
    fit = fit_of(horizon=cu.Window(months=months), annual_discount=rate, margin=0.4)
    found = fit.score(frame, day=DAY)
    for place, (x, _, _, spent) in enumerate(rows):
        bought = naive.discounted(expected_by(BGNBD, frame, place), DAY, months, rate)
        assert found["discounted_purchases"][place] == pytest.approx(bought, rel=1e-12)
        spend = 6.24957 * (15.44352 + x * spent) / (6.24957 * x + 3.74422 - 1)
        assert found["expected_spend"][place] == pytest.approx(spend, rel=1e-12)
        assert found["clv"][place] == pytest.approx(bought * spend * 0.4, rel=1e-12)
    if rate == 0:
        assert np.allclose(found["discounted_purchases"], found["expected_purchases"], rtol=1e-12)


@pytest.mark.parametrize("customer", [(0, 0.0, 38.86), (2, 30.43, 38.86), (26, 30.86, 31.0)])
@pytest.mark.parametrize("rate", [0.05, 0.15])
def test_value_for_life_is_the_closed_form(customer, rate):
    pytest.importorskip("mpmath")
    x, t_x, until = customer
    frame = pl.DataFrame({"x": [x], "t_x": [t_x], "T": [until], "spend_mean": [20.0]})
    fit = fit_of(PARETO, horizon=None, discounting="continuous", annual_discount=rate)
    delta = np.log1p(rate) * 7 / 365.25
    params = (0.5533, 10.578, 0.6062, 11.669)
    found = fit.score(frame)
    assert "expected_purchases" not in found.columns
    exact = naive.for_life(params, customer, delta)
    assert found["discounted_purchases"].item() == pytest.approx(exact, rel=1e-8)


def test_continuous_discounts_are_the_limit_of_short_steps():
    frame = frame_of([(3, 0.7, 40, 30.0)])
    found = fit_of(discounting="continuous").score(frame, day=DAY)["discounted_purchases"].item()
    by, steps = expected_by(BGNBD, frame, 0), np.linspace(0, 365, 1461)
    bought = np.diff([by(float(days)) for days in steps])
    middle = (steps[1:] + steps[:-1]) / 2
    assert found == pytest.approx(float((bought * 1.1 ** (-middle / 365.25)).sum()), rel=1e-7)


def test_what_is_left_of_a_horizon_in_days_is_discounted_at_its_end():
    frame = frame_of([(3, 0.7, 40, 30.0)])
    by = expected_by(BGNBD, frame, 0)
    found = fit_of(horizon=cu.Window(days=45)).score(frame, day=DAY)
    # February ends after 28 days, 31 March after 59.
    years = (1 + 17 / 31) / 12
    bought = by(28) * 1.1 ** (-1 / 12) + (by(45) - by(28)) * 1.1**-years
    assert found["discounted_purchases"].item() == pytest.approx(bought, rel=1e-12)
    anyhow = fit_of(horizon=cu.Window(days=45)).score(frame)["discounted_purchases"].item()
    assert anyhow == pytest.approx(bought, rel=1e-3)


def test_a_horizon_may_outlast_the_calendar():
    frame = frame_of([(3, 0.7, 40, 30.0)])
    fit = fit_of(horizon=cu.Window(days=5_000))
    late = fit.score(frame, day=dt.date(9999, 6, 30))["clv"].item()
    assert late == pytest.approx(fit.score(frame, day=DAY)["clv"].item(), rel=0.05)


def test_times_are_in_the_unit_of_the_model():
    daily = cu.PurchaseFit(
        model="bgnbd", params={**BGNBD.params, "alpha": BGNBD.params["alpha"] * 7}, unit="day"
    )
    rows = frame_of([(3, 0.7, 40, 30.0), (0, 0.5, 9, 1.0)])
    days = rows.with_columns(pl.col("t_x", "T") * 7)
    found = [
        fit.score(frame, day=DAY)["clv"] for fit, frame in ((fit_of(), rows), (fit_of(daily), days))
    ]
    assert np.allclose(found[0], found[1], rtol=1e-9)


@given(rows=rows_of, seed=st.integers(0, 99))
def test_margins_and_discounts_may_be_each_customers_own(rows, seed):
    rng = np.random.default_rng(seed)
    rates = np.round(rng.uniform(0, 0.4, len(rows)), 2)
    margins = np.round(rng.uniform(0, 1, len(rows)), 2)
    frame = frame_of(rows).with_columns(
        rate=pl.Series(rates).replace(rates[0], None), share=pl.Series(margins)
    )
    found = fit_of(annual_discount="rate", margin="share").score(frame, day=DAY)["clv"]
    for place, rate in enumerate(frame["rate"]):
        if rate is None:
            assert found[place] is None
            continue
        alone = fit_of(annual_discount=rate, margin=margins[place])
        assert found[place] == alone.score(frame[place], day=DAY)["clv"].item()


def test_columns_of_the_base_are_margins(shop):
    regions = shop.customers.select(
        "customer_id", share=pl.when(pl.col("region") == "north").then(0.2).otherwise(0.5)
    )
    scored = shop.with_measures(regions)
    fit = CLV(margin="share").fit(scored)
    plain = CLV(purchases=fit.purchases, spend=fit.spend).score(scored)["clv"]
    shares = scored.measures("share")["share"]
    assert np.allclose(
        fit.score(scored)["clv"].fill_null(-1), (plain * shares).fill_null(-1), rtol=1e-12
    )


def test_everyone_stands_in_the_frame_once(shop):
    found = CLV().score(shop)
    assert found["customer_id"].equals(shop.customer_ids)
    bought = shop.measures("days_active")["days_active"] > 0
    assert found["clv"].is_not_null().equals(bought)
    assert found.columns == [
        "customer_id",
        "p_alive",
        "expected_purchases",
        "discounted_purchases",
        "expected_spend",
        "clv",
    ]
    banded = cu.Bands("clv", ("low", "high"), (100,)).assign(shop.with_measures(found))
    assert banded.sizes()["customers"].sum() == found.height


def test_value_depends_neither_on_the_order_of_rows_nor_on_the_others(shop):
    fit = CLV().fit(shop)
    whole = fit.score(shop)
    history = cu.history(shop)
    again = fit.score(history.reverse(), day=shop.day).sort("customer_id")
    assert again.equals(whole.filter(pl.col("clv").is_not_null()))
    assert fit.score(history[5], day=shop.day).row(0) == again.row(5)


def test_fit_and_score_are_score(shop):
    recipe = CLV(margin=0.3)
    assert recipe.score(shop).equals(recipe.fit(shop).score(shop))


# ---------------------------------------------------------------- status


def test_a_correlation_of_often_and_much_is_told():
    fine = CLVFit(
        purchases=BGNBD,
        spend=cu.SpendFit(params=SPEND.params, correlation=-0.3),
        horizon=cu.Window(months=1),
    )
    assert (fine.status, fine.message) == ("converged", "")
    for correlation, who in ((0.31, "frequent"), (-0.5, "rare")):
        bad = CLVFit(
            purchases=BGNBD,
            spend=cu.SpendFit(params=SPEND.params, correlation=correlation),
            horizon=cu.Window(months=1),
        )
        assert bad.status == "correlated"
        assert f"correlate by {correlation:.2f}" in bad.message
        assert f"too low for {who} buyers" in bad.message


def test_what_the_fits_say_is_passed_on():
    lost = cu.PurchaseFit(
        model="bgnbd", params=BGNBD.params, status="boundary", message="b runs off"
    )
    assert (fit_of(lost).status, fit_of(lost).message) == ("boundary", "b runs off")


def test_without_a_mean_of_the_population_newcomers_have_no_value():
    flat = CLVFit(
        purchases=BGNBD,
        spend=cu.SpendFit(params={"p": 6.0, "q": 0.9, "gamma": 15.0}),
        horizon=cu.Window(days=90),
    )
    found = flat.score(frame_of([(0, 0, 10, 1.0), (3, 0.5, 10, 20.0)]))
    assert found["clv"].is_null().to_list() == [True, False]


# ---------------------------------------------------------------- limits


@pytest.mark.compiled
def test_limits_hold_the_value_and_narrow_with_more_customers():
    widths = []
    for many in (300, 3_000):
        rows = BGNBD.simulate(many, seed=5, T=40.0)
        spend = pl.Series("spend_mean", SPEND.simulate(rows["x"].to_numpy(), seed=6)).fill_nan(None)
        rows = rows.with_columns(spend)
        recipe = CLV(horizon=cu.Window(days=180), intervals=30, seed=1)
        fit = recipe.fit(rows)
        assert len(fit.draws) == 30
        found = fit.score(rows)
        assert (found["clv_low"] <= found["clv_high"]).all()
        inside = found["clv"].is_between(found["clv_low"], found["clv_high"]).mean()
        assert inside > 0.8
        truth = fit_of(horizon=cu.Window(days=180)).score(rows)["clv"]
        assert truth.is_between(found["clv_low"] * 0.9, found["clv_high"] * 1.1).mean() > 0.7
        widths.append(((found["clv_high"] - found["clv_low"]) / found["clv"]).mean())
        assert recipe.fit(rows) == fit
    assert widths[1] < widths[0]


def test_limits_of_some_draws_are_theirs():
    draws = tuple(
        ({**BGNBD.params, "r": r}, {**SPEND.params, "p": p})
        for r, p in ((0.2, 5.0), (0.25, 6.0), (0.3, 7.0))
    )
    fit = fit_of(horizon=cu.Window(days=90), draws=draws, level=0.5)
    frame = frame_of([(0, 0, 10, 1.0), (3, 0.5, 10, 20.0), (3, 0.5, 10, 90.0)])
    found = fit.score(frame)
    values = [
        CLVFit(
            purchases=BGNBD.replaced(first),
            spend=SPEND.replaced(second),
            horizon=cu.Window(days=90),
        ).score(frame)["clv"]
        for first, second in draws
    ]
    assert found["clv_low"].to_list() == [min(each) for each in zip(*values, strict=True)]
    assert found["clv_high"].to_list() == [max(each) for each in zip(*values, strict=True)]


def test_limits_have_own_rates_and_no_end_where_a_draw_has_no_mean():
    draws = (({}, {}), ({}, {"q": 0.9}))
    frame = frame_of([(0, 0, 10, 1.0), (3, 0.5, 10, 20.0)]).with_columns(
        rate=pl.Series([0.1, 0.0]), share=pl.Series([0.5, 0.5])
    )
    found = fit_of(annual_discount="rate", margin="share", draws=draws).score(frame, day=DAY)
    assert found["clv_high"][0] == np.inf
    assert found["clv_low"][0] == found["clv"][0]
    assert np.isfinite(found["clv_high"][1])


def test_draws_in_which_nobody_came_back_are_left_out():
    rows = frame_of([(0, 0, 1, 1.0), (1, 0.5, 1, 9.0)]).with_columns(
        T=pl.lit(0.3), t_x=pl.col("t_x") / 4
    )
    recipe = CLV(purchases=BGNBD, spend=SPEND, horizon=cu.Window(days=30), intervals=5)
    fit = recipe.fit(rows)
    assert len(fit.draws) < 5
    assert fit.score(rows)["clv"].is_not_null().all()


def test_customers_are_drawn_with_their_covariates():
    """Those of the web buy three times as often: so do those who are drawn in their place."""
    plain, keen = BGNBD, BGNBD.replaced({"alpha": BGNBD.params["alpha"] / 3})
    parts = [
        each.simulate(150, seed=seed, T=60.0, daily=True).with_columns(web=pl.lit(web))
        for seed, (each, web) in enumerate([(plain, False), (keen, True)])
    ]
    rows = pl.concat(parts)
    means = SPEND.simulate(rows["x"].to_numpy(), seed=6)
    rows = rows.with_columns(pl.Series("spend_mean", means).fill_nan(None))
    recipe = CLV(
        purchases=cu.BGNBD(covariates=["web"]), spend=SPEND, horizon=cu.Window(days=90), intervals=5
    )
    fit = recipe.fit(rows)
    assert recipe.fit(rows) == fit
    own = [draw["purchase[web]"] for draw, _ in fit.draws]
    assert len(own) == 5
    assert np.mean(own) == pytest.approx(math.log(3), abs=0.5)
    found = fit.score(rows)
    assert (found["clv_low"] <= found["clv_high"]).all()


def test_rows_that_stand_for_several_are_drawn_as_several():
    rows = BGNBD.simulate(40, seed=2, T=60.0, daily=True)
    means = pl.Series("spend_mean", SPEND.simulate(rows["x"].to_numpy(), seed=6)).fill_nan(None)
    rows = rows.with_columns(means).drop("customer_id")
    recipe = CLV(purchases=BGNBD, spend=SPEND, horizon=cu.Window(days=90), intervals=2)
    counted = recipe.fit(rows.with_columns(customers=pl.lit(3)))
    # All were observed as long, so that their order does not matter.
    assert counted.draws == recipe.fit(pl.concat([rows] * 3)).draws


# ---------------------------------------------------------------- text, and what is refused


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"margin": "share", "annual_discount": "rate", "horizon": cu.Window(days=9)},
        {"horizon": None, "discounting": "continuous", "draws": (({"r": 0.2}, {"p": 3.0}),)},
    ],
)
def test_the_text_holds_all_of_it(options):
    fit = fit_of(**options)
    assert CLVFit.from_json(fit.to_json()) == fit


@pytest.mark.parametrize(
    "change", [{"fit": "bgnbd"}, {"draws": [1]}, {"horizon": {"days": 0}}, {"spend": {}}]
)
def test_a_text_that_is_changed_is_refused(change):
    with pytest.raises(FitError):
        CLVFit.from_json(json.dumps({**json.loads(fit_of().to_json()), **change}))


def test_months_of_a_frame_need_a_day():
    with pytest.raises(SchemaError, match="day="):
        fit_of().score(frame_of([(1, 0.5, 10, 1.0)]))
    for day in ("2026-01-31", dt.datetime(2026, 1, 31, tzinfo=dt.UTC)):
        with pytest.raises(SchemaError, match="is no day"):
            fit_of().score(frame_of([(1, 0.5, 10, 1.0)]), day=day)


def test_columns_that_are_none_are_refused():
    frame = frame_of([(1, 0.5, 10, 1.0)]).with_columns(
        rate=pl.Series([-1.0]), share=pl.Series(["x"])
    )
    with pytest.raises(SchemaError) as told:
        fit_of(annual_discount="rate", margin="share").score(frame, day=DAY)
    assert [problem.where for problem in told.value.problems] == [
        "CLV.annual_discount",
        "CLV.margin",
    ]
    with pytest.raises(SchemaError, match="no column 'sheer'"):
        fit_of(margin="sheer").score(frame, day=DAY)
    with pytest.raises(SchemaError, match="no such number"):
        fit_of(horizon=None, discounting="continuous", annual_discount="rate").score(
            frame.with_columns(rate=pl.lit(0.0))
        )


def test_everything_that_is_wrong_is_said_at_once():
    with pytest.raises(FitError) as told:
        CLV(
            purchases="bgnbd",
            spend=None,
            horizon=None,
            annual_discount=-0.1,
            margin="",
            intervals=-1,
            level=1,
            seed=0.5,
        )
    assert [problem.where.removeprefix("CLV.") for problem in told.value.problems] == [
        "purchases",
        "spend",
        "horizon",
        "annual_discount",
        "margin",
        "intervals",
        "level",
        "seed",
    ]
    with pytest.raises(FitError, match="no sum when nothing is taken off"):
        CLV(horizon=None, discounting="continuous", annual_discount=0)
    with pytest.raises(FitError) as told:
        CLV(horizon=12, discounting="daily")
    assert len(told.value.problems) == 2
