from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from attrs import evolve

import custseg as cu
from base.logs_of import at, base_of
from custseg.scoring import purchase_climb
from custseg.scoring.cells import Cells

BGNBD = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
PARAMS = {
    "bgnbd": BGNBD,
    "mbgnbd": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    "paretonbd": {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
    "nbd": {"r": 0.385, "alpha": 12.072},
    "bgbb": {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783},
}
MODELS = {
    "bgnbd": cu.BGNBD(),
    "mbgnbd": cu.MBGNBD(),
    "paretonbd": cu.ParetoNBD(),
    "nbd": cu.NBD(),
    "bgbb": cu.BGBB(),
}
CONTINUOUS = [name for name in MODELS if name != "bgbb"]


def made(name):
    return cu.PurchaseFit(model=name, params=PARAMS[name])


def frame(*rows):
    return pl.DataFrame(rows, schema=["x", "t_x", "T"], orient="row").with_columns(
        pl.col("t_x", "T").cast(pl.Float64)
    )


def draws(name, customers, *, seed=3):
    if name == "bgbb":
        return made(name).simulate(customers, seed=seed, T=8.0)
    rng = np.random.default_rng(seed)
    return made(name).simulate(customers, seed=seed, T=rng.integers(60, 120, customers) / 1.0)


@pytest.mark.compiled
@pytest.mark.parametrize("name", MODELS)
def test_what_was_drawn_is_recovered(name):
    """Each parameter within four standard errors, from 100,000 customers."""
    fit = MODELS[name].fit(draws(name, 100_000))
    assert fit.status == "converged"
    for each, value in PARAMS[name].items():
        error = fit.standard_errors[each]
        assert abs(fit.params[each] - value) < 4 * error
        assert error < 0.2 * value


@pytest.mark.parametrize("name", MODELS)
def test_probabilities_add_up_and_their_mean_is_the_expectation(name):
    fit, t = made(name), 20.0
    chances = [fit.probability(n, t) for n in range(120)]
    assert min(chances) >= 0
    assert math.fsum(chances) == pytest.approx(1, abs=1e-6)
    mean = math.fsum(n * chance for n, chance in enumerate(chances))
    assert mean == pytest.approx(fit.expected(t), rel=1e-4)
    assert fit.probability(0, 0.0) == pytest.approx(1)
    assert fit.expected(0.0) == 0


@pytest.mark.parametrize("name", MODELS)
def test_expected_purchases_rise_with_the_horizon_and_chances_lie_within_0_and_1(name):
    fit = made(name)
    rows = draws(name, 300)
    short, long = fit.score(rows, horizon=2), fit.score(rows, horizon=10)
    assert short["p_alive"].is_between(0, 1).all()
    assert (short["expected_purchases"] <= long["expected_purchases"]).all()
    assert (fit.score(rows, horizon=0)["expected_purchases"] == 0).all()
    assert long.columns == ["customer_id", "p_alive", "expected_purchases"]
    assert long["customer_id"].equals(rows["customer_id"])


@pytest.mark.parametrize("name", MODELS)
def test_a_fit_is_equal_after_the_trip_through_text(name):
    fit = MODELS[name].fit(draws(name, 400))
    again = cu.PurchaseFit.from_json(fit.to_json())
    assert again == fit
    assert repr(again) == repr(fit)
    assert again.aic == 2 * len(fit.params) - 2 * fit.log_likelihood
    assert again.bic == pytest.approx(len(fit.params) * math.log(400) - 2 * fit.log_likelihood)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_order_of_rows_and_weights_change_nothing(name):
    rows = draws(name, 200)
    fit = MODELS[name].fit(rows)
    counted = rows.group_by("x", "t_x", "T").agg(customers=pl.len())
    again = MODELS[name].fit(counted.sample(fraction=1.0, shuffle=True, seed=1))
    assert again.customers == fit.customers
    assert list(again.params.values()) == pytest.approx(list(fit.params.values()), rel=1e-5)
    assert again.log_likelihood == pytest.approx(fit.log_likelihood, rel=1e-12)
    begun = made(name).refit(rows)
    assert list(begun.params.values()) == pytest.approx(list(fit.params.values()), rel=1e-5)


def test_a_fit_to_many_cells_is_one_to_a_sample_carried_on(monkeypatch):
    rows = draws("bgnbd", 3_000)
    whole = cu.BGNBD().fit(rows)
    monkeypatch.setattr(purchase_climb, "_SAMPLE", 300)
    monkeypatch.setattr(purchase_climb, "_SMALL", 200)
    monkeypatch.setenv("CUSTSEG_THREADS", "3")
    parted = cu.BGNBD().fit(rows)
    assert list(parted.params.values()) == pytest.approx(list(whole.params.values()), rel=1e-5)
    assert parted.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-12)


def test_a_fit_is_that_of_days_as_of_weeks():
    rows = draws("bgnbd", 800)
    days = rows.with_columns(pl.col("t_x", "T") * 7)
    weekly, daily = cu.BGNBD().fit(rows), cu.BGNBD(unit="day").fit(days)
    assert daily.params["alpha"] == pytest.approx(7 * weekly.params["alpha"], rel=1e-4)
    assert daily.params["b"] == pytest.approx(weekly.params["b"], rel=1e-4)


# Where there is no place at the top

NO_TOP = {
    "nobody came back": frame((0, 0, 10), (0, 0, 20), (0, 0, 30)),
    "one customer": frame((0, 0, 10)),
    "one customer who came back": frame((3, 8, 10)),
    "all the same": frame(*[(4, 19, 20)] * 30),
    "all at the end": frame(*[(x, 20, 20) for x in range(1, 9)] * 5),
    "no time at all": frame((0, 0, 0), (0, 0, 0)),
}


@pytest.mark.parametrize("model", [MODELS[name] for name in CONTINUOUS], ids=CONTINUOUS)
@pytest.mark.parametrize("what", NO_TOP)
def test_where_there_is_no_top_the_status_says_so(model, what):
    fit = model.fit(NO_TOP[what])
    if what == "all at the end" and fit.model == "nbd":
        assert fit.status == "converged"
        return
    assert fit.status in {"boundary", "not_identified"}
    assert fit.message
    assert fit.standard_errors == dict.fromkeys(fit.params)
    assert fit.message in repr(fit)
    assert cu.PurchaseFit.from_json(fit.to_json()) == fit
    scores = fit.score(NO_TOP[what], horizon=52)
    assert scores["p_alive"].is_between(0, 1).all()
    assert scores["expected_purchases"].is_finite().all()


def test_a_pareto_nbd_with_equal_scales_is_no_special_case():
    rows = frame((0, 0, 39), (2, 20, 39), (26, 30.857, 31))
    same = {"r": 0.5, "alpha": 10.0, "s": 0.6}
    scores = [
        cu.PurchaseFit(model="paretonbd", params={**same, "beta": beta}).score(rows, horizon=52)
        for beta in (10.0, 10.0 * (1 + 1e-9))
    ]
    for column in ("p_alive", "expected_purchases"):
        assert scores[0][column].to_list() == pytest.approx(scores[1][column].to_list(), rel=1e-8)


def test_a_customer_of_today_is_alive():
    scores = made("paretonbd").score(frame((0, 0, 0)), horizon=10)
    assert scores.row(0) == (1.0, pytest.approx(made("paretonbd").expected(10.0)))
    assert made("bgnbd").score(frame((0, 0, 0)), horizon=10).row(0)[0] == 1.0


# Covariates


def covariate_rows(customers):
    """Half of them buy twice as often and leave half as readily."""
    keen = cu.PurchaseFit(
        model="bgnbd", params={**BGNBD, "alpha": BGNBD["alpha"] / 2, "a": BGNBD["a"] / 2}
    )
    half = customers // 2
    web = made("bgnbd").simulate(half, seed=1, T=80.0)
    shop = keen.simulate(half, seed=2, T=80.0)
    return pl.concat(
        [
            web.with_columns(channel=pl.lit("a shop"), is_keen=pl.lit(value=False)),
            shop.with_columns(channel=pl.lit("web"), is_keen=pl.lit(value=True)),
        ]
    ).with_columns(customer_id=pl.int_range(pl.len()))


@pytest.mark.compiled
def test_covariates_find_who_buys_more_and_who_stays():
    rows = covariate_rows(40_000)
    fit = cu.BGNBD(covariates=["channel"]).fit(rows)
    assert fit.status == "converged"
    assert list(fit.params) == [*BGNBD, "purchase[channel=web]", "dropout[channel=web]"]
    for name, value in (("purchase", math.log(2)), ("dropout", -math.log(2))):
        error = fit.standard_errors[f"{name}[channel=web]"]
        assert abs(fit.params[f"{name}[channel=web]"] - value) < 4 * error
    plain = cu.BGNBD().fit(rows)
    assert fit.bic < plain.bic


def test_covariates_are_read_again_when_scoring():
    rows = covariate_rows(600)
    fit = cu.BGNBD(covariates=["channel"]).fit(rows)
    assert cu.PurchaseFit.from_json(fit.to_json()) == fit
    flags = cu.BGNBD(covariates=["is_keen"]).fit(rows)
    assert list(flags.params.values()) == pytest.approx(list(fit.params.values()), rel=1e-4)
    row = frame((2, 10, 20), (2, 10, 20)).with_columns(channel=pl.Series(["a shop", "web"]))
    scores = fit.score(row, horizon=52)["expected_purchases"]
    scale = math.exp(-fit.params["purchase[channel=web]"])
    leaving = math.exp(fit.params["dropout[channel=web]"])
    web = cu.PurchaseFit(
        model="bgnbd",
        params={
            **{name: fit.params[name] for name in BGNBD},
            "alpha": fit.params["alpha"] * scale,
            "a": fit.params["a"] * leaving,
        },
    )
    assert scores[1] == pytest.approx(web.score(row, horizon=52)["expected_purchases"][1])
    assert scores[0] != scores[1]
    pareto = cu.ParetoNBD(covariates=["channel"]).fit(rows.gather_every(5))
    assert list(pareto.params)[-2:] == ["purchase[channel=web]", "dropout[channel=web]"]


def test_covariates_of_a_base_are_those_of_its_customers():
    when = [at(__import__("datetime").date(2025, 1, day), 9) for day in range(1, 25)]
    orders = [
        {"order_id": place, "customer_id": place % 5 + 1, "ordered_at": each, "total": 100}
        for place, each in enumerate(when)
    ]
    known = [
        {"customer_id": who, "joined_at": None, "region": "n" * (who % 2 + 1)}
        for who in range(1, 6)
    ]
    base = base_of({"orders": orders, "customers": known})
    fit = cu.BGNBD(covariates=["region"]).fit(base)
    assert [name for name in fit.params if "[" in name] == [
        "purchase[region=nn]",
        "dropout[region=nn]",
    ]
    assert fit.score(base, horizon=4).height == 5


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"channel": None}, "has 2 nulls"),
        ({"channel": ["web", "fax"]}, "the label 'fax', which the model has not seen"),
        ({}, "there is no covariate 'channel'"),
        ({"channel": [[1], [2]]}, "the covariate 'channel' is List"),
    ],
)
def test_a_covariate_that_cannot_be_read_is_refused(change, told):
    fit = cu.BGNBD(covariates=["channel"]).fit(covariate_rows(200))
    rows = frame((0, 0, 9), (1, 5, 9))
    for name, values in change.items():
        rows = rows.with_columns(pl.Series(name, [None, None] if values is None else values))
    with pytest.raises(cu.FitError, match=told):
        fit.score(rows, horizon=5)


# What enters


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ({"frequency": [1], "recency": [2.0], "T": [3.0]}, "rename"),
        ({"x": ["1"], "t_x": [2.0], "T": [3.0]}, "'x' is String, not a number"),
        ({"x": [1.5], "t_x": [2.0], "T": [3.0]}, "x is no whole number"),
        ({"x": [-1], "t_x": [2.0], "T": [3.0]}, "x is no whole number from 0 on"),
        ({"x": [10**8], "t_x": [2.0], "T": [3.0]}, "x is above 10,000,000"),
        ({"x": [1], "t_x": [4.0], "T": [3.0]}, "t_x lies outside 0 to T: 1 of 1 rows"),
        ({"x": [0], "t_x": [2.0], "T": [3.0]}, "t_x does not fit x"),
        ({"x": [1], "t_x": [0.0], "T": [3.0]}, "t_x does not fit x"),
        ({"x": [1], "t_x": [2.0], "T": [math.inf]}, "T is no finite time"),
        ({"x": [1], "t_x": [math.nan], "T": [3.0]}, "t_x lies outside"),
        ({"x": [None], "t_x": [1.0], "T": [3.0]}, "'x' is Null|x is no whole"),
        ({"x": [1], "t_x": [1.0], "T": [3.0], "customers": [0]}, "customers is no finite number"),
    ],
)
def test_a_frame_that_is_no_history_is_refused(rows, told):
    with pytest.raises(cu.SchemaError, match=told):
        cu.BGNBD().fit(pl.DataFrame(rows))


def test_everything_that_is_wrong_with_a_frame_is_told_at_once():
    with pytest.raises(cu.SchemaError) as caught:
        cu.BGNBD().fit(pl.DataFrame({"frequency": [1], "T": ["3"]}))
    assert len(caught.value.problems) == 3


def test_frames_of_other_packages_and_lazy_ones_are_read():
    rows = frame((0, 0, 9), (1, 5, 9), (3, 8, 9), (0, 0, 30))
    fit = made("bgnbd")
    expected = fit.score(rows, horizon=5)
    for other in (rows.lazy(), rows.to_pandas(), rows.to_arrow()):
        assert fit.score(other, horizon=5).equals(expected)
    whole = rows.with_columns(pl.col("x").cast(pl.Float64), pl.col("T").cast(pl.Int32))
    assert fit.score(whole, horizon=5).equals(expected)
    with pytest.raises(cu.SchemaError, match="cannot be read from a list"):
        fit.score([1, 2], horizon=5)
    with pytest.raises(cu.FitError, match="nobody is in the history"):
        cu.BGNBD().fit(rows.head(0))


def test_periods_are_whole():
    with pytest.raises(cu.SchemaError, match="counts whole steps"):
        cu.BGBB().fit(frame((1, 2.5, 6)))


def test_horizons_are_units_or_windows():
    rows = frame((2, 10, 20))
    fit = made("bgnbd")
    assert fit.score(rows, horizon=cu.Window(days=28)).equals(fit.score(rows, horizon=4))
    with pytest.raises(cu.SchemaError, match="from which day its months run"):
        fit.score(rows, horizon=cu.Window(months=1))
    for wrong in (-1, math.nan, True):
        with pytest.raises(cu.SchemaError, match="is no horizon"):
            fit.score(rows, horizon=wrong)
    shop = cu.datasets.simulate(50, 200, seed=1).base()
    days = (cu.Window(months=1).before(shop.day), shop.day)
    assert fit.score(shop, horizon=cu.Window(months=1)).height == cu.history(shop).height
    assert days[0] < days[1]
    with pytest.raises(cu.SchemaError, match="no unit of time"):
        cu.BGNBD(unit="month").fit(shop)


def test_a_holdout_comes_after_its_calibration():
    shop = cu.datasets.simulate(200, 400, seed=1).base()
    fit = cu.MBGNBD().fit(shop)
    with pytest.raises(cu.SchemaError, match="the holdout ends on"):
        fit.holdout(shop, shop.day)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "not JSON"),
        ("[]", "a fit is a mapping"),
        ("{}", "is no fit"),
        ('{"fit": "bgnbd", "fit": "nbd", "format": 1}', "'fit' is there twice"),
        ('{"fit": "spend", "format": 1}', "no fit of purchases"),
        ('{"fit": "bgnbd", "format": 9}', "format 9 is not known"),
        ('{"fit": "bgnbd", "format": 1}', "is no fit"),
    ],
)
def test_a_text_that_is_no_fit_is_refused(text, told):
    with pytest.raises(cu.FitError, match=told):
        cu.PurchaseFit.from_json(text)


def test_other_parameters_make_another_fit():
    fit = made("bgnbd").replaced({"r": 1.0})
    assert fit.params == {**BGNBD, "r": 1.0}
    assert fit != made("bgnbd")


def test_purchases_that_count_once_a_day_fall_on_whole_days():
    fit = made("mbgnbd")
    rows = fit.simulate(2_000, seed=4, T=30.0, daily=True)
    assert (rows["t_x"] * 7 % 1).is_close(0, abs_tol=1e-9).any()
    days = rows["t_x"].to_numpy() * 7
    assert np.allclose(days, np.round(days))
    loose = fit.simulate(2_000, seed=4, T=30.0)
    assert rows["x"].sum() <= loose["x"].sum()
    assert Cells.of(rows).customers == 2_000
    assert fit.simulate(2_000, seed=4, T=30.0).equals(loose)


def test_a_notebook_shows_a_table_with_every_text_escaped():
    told = made("bgnbd")._repr_html_()
    assert "<p>BG/NBD, 0 customers, times in weeks</p>" in told
    for name in ("standard_error", "alpha", "4.414", "converged"):
        assert name in told
    spend = cu.SpendFit(
        params={"p": 6.25, "q": 3.74, "gamma": 15.4}, status="failed", message="a<b"
    )
    assert "Gamma-Gamma" in spend._repr_html_()
    assert "failed: a&lt;b" in spend._repr_html_()
    stay = cu.RetentionFit(params={"alpha": 0.668, "beta": 3.806})
    assert "Shifted beta-geometric" in stay._repr_html_()
    rows = pl.DataFrame({"x": [0, 1], "t_x": [0.0, 5], "T": [9.0] * 2, "<b>": [1.0, 0.0]})
    assert "[<b>]" not in cu.BGNBD(covariates=["<b>"]).fit(rows)._repr_html_()


def test_a_refit_begun_with_a_curvature_ends_where_one_without_does():
    """Draws begin where their model ended: what is quicker is not somewhere else."""
    for name in ("bgnbd", "paretonbd"):
        fit = MODELS[name].fit(draws(name, 300))
        other = fit.simulate(300, seed=9, T=80.0)
        assert fit.covariance
        quick, slow = fit.refit(other), evolve(fit, covariance=()).refit(other)
        assert quick.status == slow.status == "converged"
        assert list(quick.params.values()) == pytest.approx(list(slow.params.values()), rel=1e-5)
        assert list(quick.standard_errors.values()) == pytest.approx(
            list(slow.standard_errors.values()), rel=1e-3
        )


def test_a_refit_that_leads_nowhere_begins_anew():
    fit = MODELS["bgnbd"].fit(draws("bgnbd", 300))
    nowhere = fit.refit(NO_TOP["all the same"])
    assert nowhere.status in {"boundary", "not_identified"}
    far = fit.refit(draws("bgnbd", 300).with_columns(pl.col("t_x", "T") / 1000))
    assert far.status == "converged"
    assert far.params["alpha"] == pytest.approx(fit.params["alpha"] / 1000, rel=0.3)


def test_what_hands_out_no_arrow_after_all_is_refused():
    class Broken:
        def __arrow_c_stream__(self, requested_schema=None):
            raise RuntimeError("the cable is cut")

    with pytest.raises(cu.SchemaError, match="the Broken cannot be read as Arrow"):
        made("bgnbd").score(Broken(), horizon=1)
