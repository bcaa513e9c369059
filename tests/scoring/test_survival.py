"""Kaplan–Meier and log-rank: textbook figures, real tenures, and slow twins."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from custseg.scoring.log_rank import _tail
from custseg.scoring.survival import survival
from naive import survival as naive

# Weeks of remission (Freireich et al. 1963), a + for who was still in it.
TREATED = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"

tenures = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=20)


def rows_of(text):
    return [(int(each.rstrip("+")), not each.endswith("+")) for each in text.split()]


def frame_of(rows, group=None):
    made = pl.DataFrame(rows, schema={"days": pl.Int64, "churned": pl.Boolean}, orient="row")
    return made if group is None else made.with_columns(arm=pl.lit(group))


ARMS = pl.concat([frame_of(rows_of(TREATED), "treated"), frame_of(rows_of(PLACEBO), "placebo")])


def test_the_textbook_curve_comes_out():
    staying = survival(frame_of(rows_of(TREATED)))
    seen = staying.at(6, 10, 23)
    assert [round(share, 4) for share in seen["share"]] == [0.8571, 0.7529, 0.4482]
    errors = staying.frame.filter(pl.col("time").is_in([6.0, 10.0, 23.0]))["standard_error"]
    assert [round(error, 4) for error in errors] == [0.0764, 0.0963, 0.1346]


def test_the_textbook_test_comes_out():
    test = survival(ARMS, by="arm").log_rank()
    assert round(test.chi_square, 3) == 16.793
    assert test.degrees == 1
    assert math.isclose(test.p_value, math.erfc(math.sqrt(16.79294 / 2)), rel_tol=1e-4)
    assert test.frame["ended"].to_list() == [21, 9]
    assert [round(each, 2) for each in test.frame["expected"]] == [10.75, 19.25]
    assert repr(test) == "χ² = 16.793 with 1 degree of freedom, p = 4.17e-05"


def telco(shared):
    """The telco customers: tenure in months, and whether they churned."""
    rows = pl.read_csv(shared / "telco_churn" / "telco_customer_churn.csv.gz")
    return rows.with_columns(left=pl.col("Churn") == "Yes")


def test_the_telco_curve_comes_out(shared):
    rows = telco(shared)
    assert (rows.height, rows["left"].sum()) == (7_043, 1_869)
    shares = survival(rows, time="tenure", ended="left").at(12, 24, 48, 72)["share"]
    assert [round(share, 4) for share in shares] == [0.8432, 0.7887, 0.7088, 0.5928]


def test_the_telco_curve_of_monthly_contracts_with_internet_comes_out(shared):
    rows = telco(shared).filter(
        pl.col("Contract") == "Month-to-month", pl.col("InternetService") != "No"
    )
    assert rows.height == 3_351
    staying = survival(rows, time="tenure", ended="left")
    assert [round(share, 4) for share in staying.at(12, 24)["share"]] == [0.6950, 0.5753]
    assert staying.medians["median"].item() == 34


@given(rows=tenures)
def test_the_curve_is_its_twin(rows):
    found = survival(frame_of(rows)).frame
    for row, (time, at_risk, ended, share) in zip(
        found.iter_rows(named=True), naive.kaplan_meier(rows), strict=True
    ):
        assert (row["time"], row["at_risk"], row["ended"]) == (time, at_risk, ended)
        assert math.isclose(row["share"], share, abs_tol=1e-12)
        assert row["low"] is None or 0 <= row["low"] <= row["share"] <= row["high"] <= 1


@given(first=tenures, second=tenures)
def test_the_test_is_its_twin(first, second):
    rows = pl.concat([frame_of(first, "a"), frame_of(second, "b")])
    test = survival(rows, by="arm").log_rank()
    assert math.isclose(test.chi_square, naive.log_rank(first, second), rel_tol=1e-7, abs_tol=1e-9)
    assert test.frame["customers"].to_list() == [len(first), len(second)]
    assert math.isclose(test.frame["expected"].sum(), test.frame["ended"].sum(), abs_tol=1e-9)


@given(rows=tenures, order=st.randoms(use_true_random=False))
def test_the_curve_does_not_depend_on_the_order_of_rows(rows, order):
    shuffled = list(rows)
    order.shuffle(shuffled)
    assert survival(frame_of(rows)) == survival(frame_of(shuffled))


@given(rows=tenures)
def test_groups_have_the_curves_they_have_alone(rows):
    both = pl.concat([frame_of(rows, "b"), frame_of([(3, True)], "a")])
    curves = survival(both, by="arm").frame
    alone = survival(frame_of(rows)).frame
    assert curves.filter(arm="b").drop("arm").equals(alone)


def test_three_groups_are_compared_with_two_degrees_of_freedom():
    rows = pl.concat([ARMS, frame_of(rows_of(PLACEBO), "again")])
    test = survival(rows, by="arm").log_rank()
    assert test.degrees == 2
    # The same patients twice: nothing new about the treatment, twice the placebo.
    assert test.chi_square > 16.793
    assert "2 degrees of freedom" in repr(test)
    alike = survival(rows.filter(pl.col("arm") != "treated"), by="arm").log_rank()
    assert alike.chi_square == pytest.approx(0, abs=1e-12)
    assert alike.p_value == pytest.approx(1)


@pytest.mark.parametrize(
    ("chi_square", "degrees", "expected"),
    [(3.841459, 1, 0.05), (5.991465, 2, 0.05), (11.344867, 3, 0.01), (18.307038, 10, 0.05)],
)
def test_p_values_are_those_of_the_tables(chi_square, degrees, expected):
    assert _tail(chi_square, degrees) == pytest.approx(expected, rel=1e-6)
    assert _tail(0.0, degrees) == 1


def test_beyond_the_last_time_nothing_is_known_unless_all_are_gone():
    staying = survival(frame_of([(2, True), (5, False)]))
    assert staying.at(0, 2, 5, 6)["share"].to_list() == [1, 0.5, 0.5, None]
    assert survival(frame_of([(2, True)])).at(1, 2, 9)["share"].to_list() == [1, 0, 0]


def test_no_one_left_is_no_median_and_no_limits():
    staying = survival(frame_of([(2, False), (5, False)]))
    assert staying.medians.rows() == [(2, 0, None)]
    assert staying.frame.select("share", "standard_error", "low", "high").rows() == [
        (1.0, 0.0, None, None),
        (1.0, 0.0, None, None),
    ]
    assert repr(staying) == "2 customers, 0 ended: most are still there"


def test_the_repr_shows_a_line_a_group():
    assert repr(survival(ARMS, by="arm")).splitlines() == [
        "arm placebo: 21 customers, 21 ended: half are gone after 8",
        "arm treated: 21 customers, 9 ended: half are gone after 23",
    ]


def test_the_time_to_the_next_order_has_a_curve_of_its_own():
    shop = cu.datasets.simulate(300, 365, seed=2).base()
    labels = cu.churn_labels(shop, "2024-10-01", cu.Window(days=60))
    back = survival(labels.with_columns(back=~pl.col("churned")), ended="back")
    never = (labels["churned"].fill_null(value=True)).mean()
    assert back.frame["share"][-1] == pytest.approx(never)


def test_curves_of_other_levels_are_other_curves():
    rows = frame_of([(1, True), (2, True), (3, False)])
    wide, narrow = survival(rows, level=0.99), survival(rows, level=0.5)
    assert wide != narrow
    assert wide != "a curve"
    assert wide.frame["low"][0] < narrow.frame["low"][0]


def test_everything_that_is_wrong_is_said_at_once():
    rows = pl.DataFrame({"days": [1, -2], "left": [2, 1], "plan": ["a", None]})
    with pytest.raises(cu.SchemaError) as told:
        survival(rows, ended="left", by="plan", level=2)
    assert [problem.where for problem in told.value.problems] == [
        "survival.time",
        "survival.ended",
        "survival.by",
        "survival.level",
    ]
    with pytest.raises(cu.SchemaError, match="no column"):
        survival(rows, time="weeks", ended="left")
    with pytest.raises(cu.SchemaError, match="give numbers"):
        survival(rows.with_columns(days=pl.lit("x")), ended="plan")
    with pytest.raises(cu.SchemaError, match="no tenures"):
        survival(frame_of([]))
    with pytest.raises(cu.SchemaError, match="rename"):
        survival(ARMS.rename({"arm": "share"}), by="share")
    with pytest.raises(cu.SchemaError, match="by="):
        survival(frame_of([(1, True)])).log_rank()
    with pytest.raises(cu.SchemaError, match="1 group"):
        survival(frame_of([(1, True)], "a"), by="arm").log_rank()
    assert np.isfinite(survival(ARMS, by="arm").frame["share"].to_numpy()).all()
