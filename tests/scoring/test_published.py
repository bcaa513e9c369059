"""The figures that papers and their authors' notes print, from the log to the last digit.

Fader and Hardie: CDNOW (BG/NBD 2005, Pareto/NBD note 2005, Gamma-Gamma note 2013), donations
(BG/BB 2010), contracts (sBG 2007). Parameters to 1e-4 of their size, log-likelihoods to 1e-3,
everything else to its last printed digit. Where a figure was not reckoned at the top of the
likelihood, it is asserted where it was: at a walkthrough's stop, or at parameters as printed.
"""

from __future__ import annotations

from functools import cache

import polars as pl
import pytest

import custseg as cu
from scoring.real_logs import cdnow, contracts, donations, retail
from scoring.walkthrough import spreadsheet, stopped

# Thousands of customers, a hundred evaluations: what they are fitted by is tested elsewhere too.
pytestmark = pytest.mark.compiled

# model, parameters, log-likelihood
FITS = [
    ("BGNBD", (0.24259453, 4.41360235, 0.79292211, 2.42590708), -9582.429207),
    ("MBGNBD", (0.52484322, 6.18308556, 0.89135937, 1.61400192), -9582.135716),
    ("ParetoNBD", (0.55327706, 10.57768, 0.60623995, 11.66874), -9594.976179),
    ("NBD", (0.38477, 12.0720), -9763.6576),
    ("GammaGamma", (6.24957202, 3.74422469, 15.44352212), -4055.917695),
]
# customers with x repeat purchases in 39 weeks, their mean purchases in the next 39, as expected
HOLDOUT = {
    "x": ["0", "1", "2", "3", "4", "5", "6", "7+"],
    "customers": [1411, 439, 214, 100, 62, 38, 29, 64],
    "actual": [0.2367, 0.6970, 1.3925, 1.5600, 2.5323, 2.9474, 3.8621, 6.3594],
    "bgnbd": [0.2251, 0.5231, 1.0441, 1.5203, 2.1638, 2.6538, 3.5040, 6.1570],
    "paretonbd": [0.138, 0.599, 1.196, 1.714, 2.398, 2.907, 3.819, 6.403],
}
# the parameters that notes print and reckon with
PRINTED = cu.PurchaseFit(model="bgnbd", params={"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426})


@pytest.fixture(scope="module")
def base(shared):
    return cdnow(shared)


@pytest.fixture(scope="module")
def rows(base):
    return cu.history(base)


@pytest.fixture(scope="module")
def fits(base):
    """The models of CDNOW by name, each fitted when it is first asked for."""
    return cache(lambda name: getattr(cu, name)().fit(base))


@pytest.fixture(scope="module")
def stops(base, fits):
    """The models where the walkthrough of BTYD ends: a hundredth of a standard error off."""
    starts = {"BGNBD": (1, 3, 1, 3), "ParetoNBD": (1, 1, 1, 1)}
    return cache(lambda name: stopped(fits(name), base, starts[name]))


@pytest.fixture(scope="module")
def gifts(shared):
    return donations(shared)


def printed(value, digits):
    """Equal to what is printed, give or take half of its last digit (and a rounding on the way)."""
    return pytest.approx(value, abs=0.51 * 10**-digits)


def test_the_histories_of_cdnow(rows):
    assert rows.height == 2357
    assert rows["x"].sum() == 2457
    assert (rows["x"] == 0).sum() == 1411
    assert rows["x"].max() == 29
    assert rows["T"].min() == 27.0
    assert rows["T"].max() == printed(38.857, 3)
    assert rows["spend_mean"].mean() == printed(35.0778, 4)


@pytest.mark.parametrize(("model", "params", "log_likelihood"), FITS)
def test_the_models_of_cdnow(fits, model, params, log_likelihood):
    fit = fits(model)
    assert fit.status == "converged"
    assert tuple(fit.params.values()) == pytest.approx(params, rel=1e-4)
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=1e-3)


def test_the_standard_errors_of_the_pareto_nbd(fits):
    errors = tuple(fits("ParetoNBD").standard_errors.values())
    digits = zip((0.0476, 0.8427, 0.1873, 6.21), (4, 4, 4, 2), strict=True)
    assert errors == tuple(printed(value, places) for value, places in digits)


def test_what_a_new_customer_is_expected_to_buy(fits):
    fit = fits("BGNBD")
    weeks = [1 / 7, 1, 3, 31.8571, 32]
    assert fit.expected(weeks).tolist() == [
        printed(value, 4) for value in (0.0078, 0.0532, 0.1506, 1.0405, 1.0437)
    ]
    assert [fit.expected(week) for week in weeks] == fit.expected(weeks).tolist()
    # 1.8576 is in print: a sum that ends after 150 terms. The whole sum is 1.8580.
    assert spreadsheet(fit, 78, terms=150) == printed(1.8576, 4)
    assert fit.expected(78) == pytest.approx(spreadsheet(fit, 78, terms=2_000), rel=1e-12)


def test_the_probability_of_so_many_purchases():
    assert PRINTED.probability(0, 39) == printed(0.5737864, 7)
    assert PRINTED.probability(10, 2) == pytest.approx(1.07869e-7, rel=1e-5)


def test_what_a_customer_is_expected_to_buy_next(stops):
    assert score(PRINTED, 39, x=2, t_x=30.43, T=38.86)[1] == printed(1.226, 3)
    keen = {"x": 26, "t_x": 30.857142857, "T": 31}
    assert score(stops("BGNBD"), 52, **keen) == (printed(0.9688523, 7), printed(25.75659, 5))
    assert score(stops("ParetoNBD"), 52, **keen) == (printed(0.99787, 5), printed(25.456, 3))


@pytest.mark.parametrize(
    ("x", "bgnbd", "pareto"),
    [
        (10, (0.3474606, 7), (0.706, 3)),
        (15, (0.04283391, 8), (0.1442, 4)),
        (20, (0.004158973, 9), (0.0225, 4)),
        (25, (0.0003583685, 10), (0.00309, 5)),
    ],
)
def test_the_more_somebody_bought_the_more_a_long_silence_says(fits, stops, x, bgnbd, pareto):
    """The increasing frequency paradox: fewer purchases, and more are still to come."""
    silent = {"x": x, "t_x": 20, "T": 39}
    assert score(stops("BGNBD"), 52, **silent)[1] == printed(*bgnbd)
    assert score(fits("BGNBD"), 52, **silent)[1] == pytest.approx(bgnbd[0], rel=1e-4)
    for fit in (stops("ParetoNBD"), fits("ParetoNBD")):
        assert score(fit, 52, **silent)[1] == printed(*pareto)


@pytest.mark.parametrize(("model", "digits"), [("BGNBD", 4), ("ParetoNBD", 3)])
def test_the_holdout_of_cdnow(base, fits, stops, model, digits):
    fit = stops(model) if model == "BGNBD" else fits(model)
    table = fit.holdout(base, "1998-06-30").frame
    assert table["x"].to_list() == HOLDOUT["x"]
    assert table["customers"].to_list() == HOLDOUT["customers"]
    assert table["actual"].to_list() == [printed(value, 4) for value in HOLDOUT["actual"]]
    assert table["expected"].to_list() == [printed(value, digits) for value in HOLDOUT[fit.model]]


def test_a_walkthrough_stops_beside_the_top(fits, stops):
    for model in ("BGNBD", "ParetoNBD"):
        top, stop = fits(model), stops(model)
        for name, error in top.standard_errors.items():
            assert 0 < abs(stop.params[name] - top.params[name]) < 0.01 * error


def test_purchases_of_the_holdout(base, rows):
    later = cu.history(base.as_of("1998-06-30"))
    bought = later["x"] - rows["x"]
    assert later["customer_id"].equals(rows["customer_id"])
    assert bought.sum() == 1882
    assert (bought == 0).sum() == 1673


def test_rounded_times_and_whole_weeks_make_other_models(base, rows):
    rounded = cu.BGNBD().fit(rows.with_columns(pl.col("t_x", "T").round(2)))
    assert rounded.log_likelihood == pytest.approx(-9582.425561, abs=1e-6)
    weekly = cu.BGNBD().fit(by_week(base))
    trap = (0.291, 6.852, 0.665, 2.320)
    assert tuple(weekly.params.values()) == tuple(printed(value, 3) for value in trap)


@pytest.mark.parametrize(
    ("model", "total"),
    [("BGNBD", 1653.41), ("ParetoNBD", 1665.51), ("MBGNBD", 1576.73)],
)
def test_all_purchases_that_are_expected_in_the_holdout(fits, rows, model, total):
    bought = fits(model).score(rows, horizon=39)["expected_purchases"]
    assert bought.sum() == printed(total, 2)


def test_what_customers_are_expected_to_spend(base, fits):
    fit = fits("GammaGamma")
    assert fit.customers == 946
    assert fit.population_mean == printed(35.1704, 4)
    assert fit.correlation == printed(0.1139, 4)
    spend = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    assert fit.score(base)["expected_spend"].head(10).to_list() == [
        printed(value, 2) for value in spend
    ]


def test_a_pareto_nbd_stays_finite_where_others_overflow():
    params = {"r": 0.5143, "alpha": 2.8845, "s": 0.2856, "beta": 14.1087}
    fit = cu.PurchaseFit(model="paretonbd", params=params)
    keen = pl.DataFrame(
        {
            "x": [221, 254, 161, 204],
            "t_x": [103.42857, 97.14286, 94.71429, 98.57143],
            "T": [103.57143, 97.28571, 98.0, 99.42857],
        }
    )
    scores = fit.score(keen, horizon=52)
    assert scores["p_alive"].is_between(0.7, 1).all()
    assert scores["expected_purchases"].is_between(50, 130).all()


def test_the_model_of_the_donors(gifts):
    fit = cu.BGBB().fit(gifts)
    assert fit.customers == 11104
    assert tuple(fit.params.values()) == pytest.approx(
        (1.20352, 0.74972, 0.65672, 2.78344), rel=1e-4
    )
    assert fit.log_likelihood == pytest.approx(-33225.5813, abs=1e-3)
    assert [score(fit, 0, x=x, t_x=t, T=6)[0] for x, t in [(0, 0), (2, 4), (6, 6)]] == [
        printed(0.1081, 4),
        printed(0.5897, 4),
        printed(0.9304, 4),
    ]
    five_years = fit.score(gifts, horizon=5)["expected_purchases"] * gifts["customers"]
    assert five_years.sum() == printed(12884.2, 1)
    assert 11104 * fit.probability(0, 6) == printed(3454.9, 1)
    assert 11104 * fit.probability(6, 6) == printed(1253.1, 1)
    assert score(fit, 10, x=0, t_x=0, T=6)[1] == printed(0.1302, 4)
    assert score(fit, 10, x=4, t_x=5, T=6)[1] == printed(3.628, 3)
    assert stopped(fit, gifts, (1, 1, 1, 1)).expected(10) == printed(3.179805, 6)


@pytest.mark.parametrize(
    ("column", "params", "log_likelihood", "twelve_years"),
    [
        ("high_end_pct", (0.668, 3.806), -1611.158, 0.37804),
        ("regular_pct", (0.704, 1.182), -1680.265, 0.17006),
    ],
)
def test_the_model_of_contracts(shared, column, params, log_likelihood, twelve_years):
    fit = cu.ShiftedBetaGeometric().fit(contracts(shared, column))
    assert tuple(fit.params.values()) == (printed(params[0], 3), printed(params[1], 3))
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=1e-3)
    # What is printed was reckoned with parameters as printed.
    rounded = cu.RetentionFit(params=dict(zip(("alpha", "beta"), params, strict=True)))
    assert rounded.survival(12) == printed(twelve_years, 5)


def test_a_model_with_no_interior_optimum_says_so(shared):
    base = retail(shared)
    fit = cu.BGNBD().fit(base)
    assert fit.status == "boundary"
    assert "b grows" in fit.message
    assert fit.standard_errors == dict.fromkeys(fit.params)
    assert "boundary" in repr(fit)
    spend = cu.GammaGamma().fit(base)
    assert spend.status == "converged"
    assert tuple(spend.params.values()) == (
        printed(2.852, 3),
        printed(3.198, 3),
        printed(321.15, 2),
    )


def by_week(base):
    """A well-known trap: purchases of a week from Monday on are one, and the last week is whole."""
    day = pl.col("ordered_at").dt.date()
    week = day.dt.truncate("1w")
    last = pl.lit(base.day).dt.truncate("1w")
    seen = base.log("orders").filter(week <= last).group_by("customer_id")
    weeks = seen.agg(first=week.min(), last=week.max(), x=week.n_unique().cast(pl.Int64) - 1)
    return weeks.select(
        "x",
        t_x=(pl.col("last") - pl.col("first")).dt.total_days() / 7,
        T=(last - pl.col("first")).dt.total_days() / 7,
    )


def score(fit, horizon, **history):
    """P(alive) and purchases within the horizon of one customer."""
    row = pl.DataFrame({name: [value] for name, value in history.items()})
    return fit.score(row, horizon=horizon).row(0)
