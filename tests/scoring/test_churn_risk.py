"""Churn risk by P(alive) or silence, warnings with reasons, and who is worth winning back."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from custseg.errors import FitError, RuleError, SchemaError
from custseg.scoring.churn_risk import ChurnRisk, ChurnRiskFit
from custseg.scoring.win_back import WinBack

BGNBD = cu.PurchaseFit(
    model="bgnbd",
    params={"r": 0.24259, "alpha": 4.41360, "a": 0.79292, "b": 2.42591},
    log_likelihood=-9582.4,
)
RISK = ChurnRiskFit(purchases=BGNBD, usual_gap=6.0, threshold=0.5)
VALUE = cu.CLVFit(
    purchases=BGNBD,
    spend=cu.SpendFit(params={"p": 6.25, "q": 3.74, "gamma": 15.44}),
    horizon=cu.Window(months=12),
)
START = dt.date(2026, 1, 1)

rows_of = st.lists(
    st.tuples(st.integers(0, 20), st.floats(0.2, 0.95), st.integers(0, 60)), min_size=1, max_size=8
)


def frame_of(rows):
    return pl.DataFrame(
        {
            "x": [x if until else 0 for x, _, until in rows],
            "t_x": [share * until if x else 0.0 for x, share, until in rows],
            "T": [float(until) for _, _, until in rows],
        }
    )


def base_of(days, **logs):
    """A base of customers who ordered on some days after the start."""
    rows = [(who, START + dt.timedelta(days=day)) for who, each in days.items() for day in each]
    orders = pl.DataFrame(
        {
            "order_id": range(len(rows)),
            "customer_id": [who for who, _ in rows],
            "ordered_at": [day for _, day in rows],
            "total": [10] * len(rows),
        }
    )
    return cu.CustomerBase(orders=cu.table(cu.Order).require(orders), **logs)


def tickets_of(rows):
    """Tickets of (customer, day opened, day resolved or None, category)."""
    frame = pl.DataFrame(
        {
            "ticket_id": range(len(rows)),
            "customer_id": [row[0] for row in rows],
            "opened_at": [START + dt.timedelta(days=row[1]) for row in rows],
            "resolved_at": [
                None if row[2] is None else START + dt.timedelta(days=row[2]) for row in rows
            ],
            "category": [row[3] for row in rows],
        }
    )
    return cu.table(cu.Ticket).require(frame)


@given(rows=rows_of)
def test_the_risk_is_that_of_the_definition(rows):
    frame = frame_of(rows)
    found = RISK.score(frame)
    alive = BGNBD.score(frame, horizon=1.0)["p_alive"]
    for row, p, (x, t_x, until) in zip(
        found.iter_rows(named=True), alive, frame.iter_rows(), strict=True
    ):
        assert row["p_alive"] == p
        overdue = (until - t_x) / (t_x / x) if x else until / 6
        assert row["overdue_ratio"] == pytest.approx(overdue, rel=1e-12)
        risk = 1 - p if x else overdue / (1 + overdue)
        assert row["churn_risk"] == pytest.approx(risk, abs=1e-12)
        assert 0 <= row["churn_risk"] <= 1


def test_the_usual_gap_is_the_median_of_who_came_back():
    rows = pl.DataFrame(
        {"x": [0, 1, 2, 4], "t_x": [0.0, 3.0, 20.0, 8.0], "T": [30.0, 30.0, 30.0, 30.0]}
    )
    fit = ChurnRisk(purchases=BGNBD).fit(rows)
    assert (fit.usual_gap, fit.threshold) == (3.0, 0.5)
    assert fit.purchases == BGNBD
    assert fit.score(rows)["churn_risk"][0] == pytest.approx(10 / 11)


def test_without_a_model_the_risk_of_all_is_that_of_silence():
    rows = pl.DataFrame({"x": [0, 1, 4], "t_x": [0.0, 3.0, 8.0], "T": [30.0, 33.0, 12.0]})
    fit = ChurnRisk(purchases=None).fit(rows)
    assert (fit.usual_gap, fit.status, fit.message) == (2.5, "converged", "")
    found = fit.score(rows)
    assert found.columns == ["churn_risk", "overdue_ratio"]
    assert found["overdue_ratio"].to_list() == [12.0, 10.0, 2.0]
    assert found["churn_risk"].to_list() == pytest.approx([12 / 13, 10 / 11, 2 / 3])


def test_a_model_that_does_not_fit_points_to_silence():
    lost = cu.PurchaseFit(
        model="bgnbd", params=BGNBD.params, status="boundary", message="b runs off"
    )
    fit = ChurnRiskFit(purchases=lost, usual_gap=6.0, threshold=0.5)
    assert fit.status == "boundary"
    assert fit.message == "b runs off; purchases=None takes silence alone"


def test_where_nobody_came_back_nothing_is_usual():
    rows = pl.DataFrame({"x": [0, 0], "t_x": [0.0, 0.0], "T": [3.0, 9.0]})
    fit = ChurnRisk(purchases=BGNBD).fit(rows)
    assert fit.usual_gap is None
    assert fit.score(rows)["churn_risk"].to_list() == [None, None]


def test_everyone_stands_in_the_frame_once_and_rules_can_read_it():
    shop = cu.datasets.simulate(400, 730, seed=3).base()
    risk = ChurnRisk().fit(shop)
    found = risk.score(shop)
    assert found["customer_id"].equals(shop.customer_ids)
    bought = shop.measures("days_active")["days_active"] > 0
    assert found["churn_risk"].is_not_null().equals(bought)
    scored = shop.with_measures(found)
    lost = scored.where("p_alive < 0.3 AND days_active > 1")
    assert lost.measures("churn_risk")["churn_risk"].min() > 0.7
    assert (risk.status, risk.message) == ("converged", "")


# ---------------------------------------------------------------- warnings

WEEKLY = list(range(0, 100, 7))


def test_who_slipped_is_told_with_the_reason():
    days = {1: WEEKLY, 2: [*WEEKLY, 105, 112, 119, 126], 3: [0], 4: [0, 50], 5: [50, 57]}
    base = base_of(days).as_of(START + dt.timedelta(days=128))
    fit = ChurnRiskFit(purchases=BGNBD, usual_gap=10.0, threshold=0.5)
    found = fit.warnings(base, since=START + dt.timedelta(days=60))
    assert found.columns == ["customer_id", "risk_before", "churn_risk", "spend", "reasons"]
    # 30 days without an order are 4.3 gaps of a week; the other two wait as they did before.
    assert found.filter(customer_id=1)["reasons"].to_list() == [["overdue 4.3 x own gap"]]
    assert found.filter(customer_id=3)["reasons"].to_list() == [["overdue 1.8 x usual gap"]]
    # Two days with an order make a gap of one's own.
    assert found.filter(customer_id=5)["reasons"].to_list() == [["overdue 10.1 x own gap"]]
    assert 2 not in found["customer_id"]
    assert (found["risk_before"] < 0.5).all()
    assert (found["churn_risk"] >= 0.5).all()
    assert found["spend"].is_sorted(descending=True)


def test_open_complaints_are_a_reason_and_settled_ones_are_none():
    tickets = tickets_of(
        [
            (1, 90, None, "damaged"),
            (1, 91, None, "question"),
            (3, 90, 95, "damaged"),
            (2, 90, None, "question"),
        ]
    )
    base = base_of({1: WEEKLY, 2: WEEKLY, 3: WEEKLY}, tickets=tickets).as_of(
        START + dt.timedelta(days=128)
    )
    since = START + dt.timedelta(days=60)
    told = dict(RISK.warnings(base, since=since).select("customer_id", "reasons").iter_rows())
    overdue = "overdue 4.3 x own gap"
    assert told == {1: [overdue, "open complaint"], 2: [overdue, "open complaint"], 3: [overdue]}
    told = RISK.warnings(base, since=since, complaints="category = 'damaged'")
    assert dict(told.select("customer_id", "reasons").iter_rows()) == {
        1: [overdue, "open complaint"],
        2: [overdue],
        3: [overdue],
    }
    with pytest.raises(RuleError, match="categroy"):
        RISK.warnings(base, since=since, complaints="categroy = 'damaged'")


def test_leaving_a_valued_segment_is_a_reason_and_rising_is_none():
    tiers = cu.RuleBook.first(
        cu.Rule("gold", "orders_60d >= 6"),
        cu.Rule("silver", "orders_60d >= 3"),
        otherwise="rest",
    )
    falls, rises = [*range(0, 60, 7), *range(60, 127, 20)], [*range(0, 60, 20), *range(60, 127, 7)]
    base = base_of({1: falls, 2: rises, 3: WEEKLY}).as_of(START + dt.timedelta(days=128))
    since = START + dt.timedelta(days=60)
    found = RISK.warnings(base, since=since, scheme=tiers, valued=("gold", "silver"))
    told = dict(found.select("customer_id", "reasons").iter_rows())
    assert "left gold" in told[1]
    assert 2 not in told
    assert told[3] == ["overdue 4.3 x own gap", "left gold"]
    with pytest.raises(SchemaError, match="no segment 'champions'"):
        RISK.warnings(base, since=since, scheme=tiers)


def test_rows_after_the_as_of_change_no_warning():
    shop = cu.datasets.simulate(400, 730, seed=3).base()
    day = shop.day - dt.timedelta(days=120)
    early = shop.as_of(day)
    known = cu.CustomerBase(
        orders=early.orders, customers=shop.customers, tickets=early.tickets, tz=shop.tz
    ).as_of(day)
    risk, scheme = ChurnRisk().fit(early), cu.RFM().fit(early)
    since = day - dt.timedelta(days=90)
    found = risk.warnings(early, since=since, scheme=scheme)
    assert found.height > 0
    assert found.equals(risk.warnings(known, since=since, scheme=scheme))


def test_who_reaches_the_threshold_slips_and_who_stood_there_did_so_before():
    base = base_of({1: WEEKLY}).as_of(START + dt.timedelta(days=128))
    since = START + dt.timedelta(days=60)
    ((before, now),) = RISK.warnings(base, since=since).select("risk_before", "churn_risk").rows()
    for threshold, slips in ((now, True), (np.nextafter(now, 1), False), (before, False)):
        told = evolve(RISK, threshold=float(threshold)).warnings(base, since=since)
        assert (told.height == 1) is slips


def test_a_day_that_is_not_earlier_is_refused():
    base = base_of({1: WEEKLY})
    for since in (base.day, base.instant):
        with pytest.raises(SchemaError, match="is not before"):
            RISK.warnings(base, since=since)


def test_everything_that_is_wrong_with_a_risk_is_said_at_once():
    with pytest.raises(FitError) as told:
        ChurnRisk(purchases="bgnbd", threshold=2)
    assert len(told.value.problems) == 2


# ---------------------------------------------------------------- win back


def test_returns_are_ranked_by_what_they_are_expected_to_be_worth():
    shop = cu.datasets.simulate(400, 730, seed=3).base()
    found = WinBack(value=VALUE, lapsed="recency_days > 90", response=0.1, cost=2.0).score(shop)
    value = VALUE.score(shop).join(shop.measures("recency_days"), on="customer_id")
    lapsed = value.filter(pl.col("recency_days") > 90)
    assert sorted(found["customer_id"]) == sorted(lapsed["customer_id"])
    joined = found.join(value, on="customer_id", maintain_order="left")
    back = joined["clv"] / joined["p_alive"]
    assert np.allclose(found["value_if_back"], back)
    assert np.allclose(found["return_value"], 0.1 * back - 2.0)
    assert found["return_value"].is_sorted(descending=True)


def test_equal_returns_stand_by_id_and_of_who_is_surely_gone_nobody_can_tell():
    base = base_of({1: range(400), 9: [0, 3000], 3: [0, 3000]})
    found = WinBack(value=VALUE).score(base.as_of(START + dt.timedelta(days=4000)))
    assert found["customer_id"].to_list() == [3, 9, 1]
    gone = found.row(-1, named=True)
    assert (gone["p_alive"], gone["value_if_back"], gone["return_value"]) == (0.0, None, None)
    assert found["return_value"][0] == found["return_value"][1] > 0


def test_a_response_may_be_a_score_and_is_the_chance_to_be_alive_by_default():
    shop = cu.datasets.simulate(400, 730, seed=3).base()
    plain = WinBack(value=VALUE).score(shop)
    value = VALUE.score(shop).select("customer_id", "clv")
    joined = plain.join(value, on="customer_id", maintain_order="left")
    assert np.allclose(plain["return_value"], joined["clv"])
    response = value.select("customer_id", likely=pl.lit(0.25))
    scored = shop.with_measures(response)
    found = WinBack(value=VALUE, response="likely").score(scored)
    assert np.allclose(found["return_value"], 0.25 * found["value_if_back"])
    by_days = WinBack(value=VALUE, response="recency_days").score(shop)
    assert by_days["return_value"].max() > found["return_value"].max()


def test_who_never_bought_has_nothing_to_return_to():
    people = cu.table(cu.Customer).require(pl.DataFrame({"customer_id": [1, 2, 9]}))
    base = base_of({1: [0, 3], 2: [100]}, customers=people)
    found = WinBack(value=VALUE, lapsed="orders >= 0").score(base)
    assert sorted(found["customer_id"]) == [1, 2]


def test_everything_that_is_wrong_with_a_win_back_is_said_at_once():
    with pytest.raises(FitError) as told:
        WinBack(value=3, lapsed="orders >", response=2, cost=-1)
    assert len(told.value.problems) == 4
    assert WinBack(lapsed=cu.Rule("lapsed", "orders > 1")) == WinBack(
        lapsed=cu.Rule("lapsed", "orders > 1")
    )
