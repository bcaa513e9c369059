from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

import custseg as cu
from custseg.scoring import spend_climb

CDNOW = {"p": 6.25, "q": 3.74, "gamma": 15.44}


def spends(params, customers, *, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.geometric(0.4, customers) - 1
    fit = cu.SpendFit(params=params)
    return pl.DataFrame(
        {
            "customer_id": np.arange(customers),
            "x": x,
            "spend_mean": pl.Series(fit.simulate(x, seed=seed)).fill_nan(None),
        }
    )


@pytest.mark.compiled
def test_spend_that_was_drawn_is_recovered():
    fit = cu.GammaGamma().fit(spends(CDNOW, 100_000))
    assert fit.status == "converged"
    for name, value in CDNOW.items():
        assert abs(fit.params[name] - value) < 4 * fit.standard_errors[name]
    assert abs(fit.correlation) < 0.05


def test_a_sample_and_threads_change_nothing(monkeypatch):
    rows = spends(CDNOW, 2_000)
    whole = cu.GammaGamma().fit(rows)
    monkeypatch.setattr(spend_climb, "_SAMPLE", 300)
    monkeypatch.setattr(spend_climb, "_SMALL", 200)
    monkeypatch.setenv("CUSTSEG_THREADS", "3")
    parted = cu.GammaGamma().fit(rows)
    assert list(parted.params.values()) == pytest.approx(list(whole.params.values()), rel=1e-5)
    again = cu.SpendFit(params=CDNOW).refit(rows)
    assert list(again.params.values()) == pytest.approx(list(whole.params.values()), rel=1e-5)


def test_a_mean_lies_between_the_customers_and_the_populations():
    fit = cu.SpendFit(params=CDNOW)
    x, spend = np.array([0, 1, 5, 200]), np.array([np.nan, 100.0, 100.0, 100.0])
    means = fit.mean_spend(x, spend)
    assert means[0] == pytest.approx(fit.population_mean)
    assert (np.diff(means) > 0).all()
    assert means[-1] == pytest.approx(100, rel=1e-2)


def test_without_a_population_mean_there_is_no_expected_spend_of_newcomers():
    fit = cu.GammaGamma().fit(spends({"p": 2.0, "q": 0.8, "gamma": 10.0}, 5_000))
    assert fit.params["q"] < 1
    assert fit.population_mean is None
    assert "no mean" in fit.message
    scores = fit.score(pl.DataFrame({"x": [0, 9], "spend_mean": [None, 12.0]}))
    assert scores["expected_spend"][0] is None
    assert scores["expected_spend"][1] > 0


def test_free_purchases_and_newcomers_do_not_take_part():
    rows = spends(CDNOW, 300)
    paid = cu.GammaGamma().fit(rows)
    free = pl.DataFrame({"customer_id": [1000, 1001], "x": [3, 0], "spend_mean": [0.0, None]})
    both = cu.GammaGamma().fit(pl.concat([rows, free], how="vertical_relaxed"))
    assert both == paid
    with pytest.raises(cu.FitError, match="nobody has a repeat purchase with a price"):
        cu.GammaGamma().fit(free)


def test_one_customer_is_too_little_to_know_a_population():
    fit = cu.GammaGamma().fit(pl.DataFrame({"x": [3], "spend_mean": [20.0]}))
    assert fit.status in {"boundary", "not_identified"}
    assert fit.correlation is None
    assert fit.standard_errors == dict.fromkeys(fit.params)
    same = cu.GammaGamma().fit(pl.DataFrame({"x": [3, 3], "spend_mean": [20.0, 20.0]}))
    assert same.correlation is None


def test_amounts_that_are_none_are_refused():
    with pytest.raises(cu.SchemaError, match="spend_mean is missing"):
        cu.GammaGamma().fit(pl.DataFrame({"x": [1, 2], "spend_mean": [None, 3.0]}))
    with pytest.raises(cu.SchemaError, match="no column 'spend_mean'"):
        cu.GammaGamma().fit(pl.DataFrame({"x": [1], "monetary_value": [3.0]}))


def test_a_spend_fit_is_equal_after_the_trip_through_text():
    fit = cu.GammaGamma().fit(spends(CDNOW, 500))
    assert cu.SpendFit.from_json(fit.to_json()) == fit
    assert fit.aic == 6 - 2 * fit.log_likelihood
    assert fit.bic == pytest.approx(3 * math.log(fit.customers) - 2 * fit.log_likelihood)
    assert fit.replaced({"p": 1.0}).params["p"] == 1.0
    assert "Gamma-Gamma" in repr(fit)
    for text in ("{", '{"fit": "gamma_gamma", "format": 1}', "3"):
        with pytest.raises(cu.FitError):
            cu.SpendFit.from_json(text)
    with pytest.raises(cu.FitError, match="is no SpendFit"):
        cu.SpendFit.from_json(cu.RetentionFit(params={"alpha": 1.0, "beta": 2.0}).to_json())
    broken = fit.to_json().replace('"log_likelihood": -', '"log_likelihood": "no", "was": -')
    with pytest.raises(cu.FitError):
        cu.SpendFit.from_json(broken)


SBG = {"alpha": 0.668, "beta": 3.806}


def test_retention_that_was_drawn_is_recovered():
    drawn = cu.RetentionFit(params=SBG).simulate(100_000, seed=2, renewals=10)
    assert drawn[0] == 100_000
    fit = cu.ShiftedBetaGeometric().fit(drawn)
    assert fit.status == "converged"
    for name, value in SBG.items():
        assert abs(fit.params[name] - value) < 4 * fit.standard_errors[name]
    assert cu.RetentionFit.from_json(fit.to_json()) == fit
    assert fit.bic > fit.aic
    assert "Shifted beta-geometric" in repr(fit)


def test_retention_rises_and_survival_is_its_product():
    fit = cu.RetentionFit(params=SBG)
    rates = [fit.retention(each) for each in range(1, 30)]
    assert rates == sorted(rates)
    assert fit.survival(0) == 1
    assert math.prod(rates) == pytest.approx(fit.survival(29))
    some = math.fsum(fit.survival(each) / 1.1**each for each in range(1, 2_000))
    assert fit.residual(0, discount=0.1) == pytest.approx(some)


def test_a_cohort_that_nobody_leaves_has_no_top():
    fit = cu.ShiftedBetaGeometric().fit([50, 50, 50])
    assert fit.status == "boundary"
    assert fit.standard_errors == {"alpha": None, "beta": None}


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ([], "show no renewal"),
        ([100], "show no renewal"),
        ([100, 101], "more customers after a renewal"),
        ([100, math.nan], "no number from 0 on"),
        ([0, 0], "nobody is there at the start"),
    ],
)
def test_counts_that_are_no_cohort_are_refused(counts, told):
    with pytest.raises(cu.FitError, match=told):
        cu.ShiftedBetaGeometric().fit(counts)
