"""KPIs and expected breakage, counted anew in plain loops."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from custseg.loyalty.breakage import chain_ladder, earned_lots
from custseg.loyalty.kpis import kpis
from loyalty.books_of import books
from loyalty.worlds import AS_OFS, logs, programs


def ratio(part, whole):
    return None if whole == 0 else part / whole


def day_of(at, tz):
    return at.astimezone(ZoneInfo(tz)).date()


def counted(outcome, tz, first, last):
    """The figures that need no cohorts, from the twin's rows."""
    inside = [row for row in outcome.entries if first <= day_of(row["at"], tz) <= last]
    starts = [member.start for member in outcome.members.values() if member.start]
    members = sum(day_of(at, tz) <= last for at in starts)

    def points(kind):
        return sum(row["points"] for row in inside if row["kind"] == kind)

    def who(*kinds):
        return len({row["customer"] for row in inside if row["kind"] in kinds})

    issued, redeemed = points("earn"), -points("redeem") - points("restore")
    earned = [row for row in inside if row["kind"] == "earn"]
    return {
        "members": members,
        "enrolled": sum(first <= day_of(at, tz) <= last for at in starts),
        "active_rate": ratio(who("earn", "redeem"), members),
        "issued": issued,
        "redeemed": redeemed,
        "expired": -points("expire"),
        "redemption_rate_by_period": ratio(redeemed, issued),
        "redemption_rate_by_member": ratio(who("redeem"), members),
        "earn_burn": ratio(issued, redeemed),
        "capped_share": ratio(sum(row["cap"] is not None for row in earned), len(earned)),
    }


@given(programs(), logs(), AS_OFS, st.integers(0, 800), st.integers(0, 800))
def test_the_figures_of_a_period_are_what_counting_gives(program, log, as_of, start, length):
    ledger, outcome = books(program, log, as_of)
    last = min(ledger.when.day, dt.date(2023, 12, 1) + dt.timedelta(days=start + length))
    first = min(last, dt.date(2023, 12, 1) + dt.timedelta(days=start))
    found = kpis(ledger, cu.During(first, last))
    for name, value in counted(outcome, program["tz"], first, last).items():
        assert getattr(found, name) == value, name


@given(programs(), logs(), AS_OFS)
def test_debts_are_those_of_the_balances_and_as_old_as_the_break_before_them(program, log, as_of):
    ledger, outcome = books(program, log, as_of)
    day = ledger.when.day
    found = kpis(ledger, cu.During(dt.date(2000, 1, 1), day))
    owed = [row["debt"] for row in outcome.balances if row["debt"]]
    assert (found.indebted, found.debt) == (len(owed), sum(owed))
    if not owed:
        assert found.debt_age_days is None
        assert found.oldest_debt_days is None
    else:
        assert 0 <= found.debt_age_days <= found.oldest_debt_days
        oldest = min(row["at"] for row in outcome.entries)
        assert found.oldest_debt_days <= (day - day_of(oldest, program["tz"])).days


@given(programs(), logs(), AS_OFS)
def test_cohorts_are_sums_of_lots_and_what_is_expected_lies_between_them(program, log, as_of):
    ledger, outcome = books(program, log, as_of)
    found = kpis(ledger, cu.During(dt.date(2000, 1, 1), ledger.when.day))
    earned = {
        (row["customer"], row["lot"]): row["points"]
        for row in outcome.entries
        if row["kind"] == "earn" and row["points"]
    }
    left = {(lot["customer"], lot["lot"]): lot["left"] for lot in outcome.lots}
    gone = dict.fromkeys(earned, 0)
    for row in outcome.allocations:
        key = (row["customer"], row["lot"])
        if row["kind"] == "redeem" and key in gone:
            gone[key] += row["points"]
    lots = earned_lots(ledger)
    assert dict(
        zip(zip(lots["customer_id"], lots["lot_id"], strict=True), lots["remaining"], strict=True)
    ) == {key: left[key] for key in earned}
    assert found.cohorts["issued"].sum() == sum(earned.values())
    assert found.cohorts["redeemed"].sum() == sum(gone.values())
    assert found.redemption_rate_by_cohort == ratio(sum(gone.values()), sum(earned.values()))
    for row in found.cohorts.rows(named=True):
        assert row["redeemed"] <= row["ultimate"] <= row["redeemed"] + row["remaining"]
        assert row["expected_breakage"] == pytest.approx(1 - row["ultimate"] / row["issued"])
    if earned:
        ultimate = found.cohorts["ultimate"].sum()
        assert found.expected_breakage == pytest.approx(1 - ultimate / sum(earned.values()))


def textbook(issued, spent):
    """Chain ladder as a triangle on paper: row i is known through age n-1-i."""
    n = len(issued)
    paid = [[sum(row[: age + 1]) for age in range(n)] for row in spent]
    factors = []
    for age in range(1, n):
        rows = range(n - age)
        factors.append(sum(paid[i][age] for i in rows) / sum(paid[i][age - 1] for i in rows))
    ultimate = []
    for i in range(n):
        last = n - 1 - i
        value = paid[i][last]
        for age in range(last, n - 1):
            value *= factors[age]
        ultimate.append(value)
    return ultimate


@given(
    st.integers(1, 6).flatmap(
        lambda n: st.lists(
            st.lists(st.integers(1, 99), min_size=n, max_size=n), min_size=n, max_size=n
        )
    )
)
def test_where_every_cohort_has_spent_it_is_the_textbooks_chain_ladder(spent):
    n = len(spent)
    issued = np.full(n, 10_000)
    found = chain_ladder(np.arange(n), issued, np.array(spent), n - 1)
    assert found.tolist() == pytest.approx(textbook(issued.tolist(), spent))


def test_a_month_that_is_not_over_says_nothing_yet():
    issued, spent = np.array([100, 100]), np.array([[50, 10], [1, 0]])
    over = chain_ladder(np.arange(2), issued, spent, 1)
    assert over.tolist() == pytest.approx([60, 1 * 60 / 50])
    # The second month runs still: its points are expected to go as the first month's did.
    running = chain_ladder(np.arange(2), issued, spent, 0)
    assert running.tolist() == pytest.approx([50, 50])
    assert chain_ladder(np.arange(2), issued, spent, -1).tolist() == [0, 0]


def test_a_cohort_that_has_spent_nothing_is_expected_to_spend_what_others_spend_later():
    issued, spent = np.array([100, 100]), np.array([[10, 30], [0, 0]])
    found = chain_ladder(np.arange(2), issued, spent, 1)
    # By age 0, 10 of 200 are spent; that quadruples by age 1.
    assert found.tolist() == pytest.approx([40, 100 * (0.05 * 4 - 0.05)])


@pytest.fixture(scope="module")
def ledger():
    return cu.datasets.program().run(cu.datasets.simulate(40, 700, seed=3).base())


def test_the_figures_show_in_terminal_and_notebook(ledger):
    last = ledger.when.day
    found = ledger.kpis(cu.During(last - dt.timedelta(days=365), last))
    assert found == ledger.kpis(found.between)
    assert (found == 12) is False
    assert found.frame["kpi"].to_list()[:2] == ["members", "enrolled"]
    assert found.frame.schema == {"kpi": pl.String, "value": pl.Float64}
    assert repr(found).splitlines()[0] == f"{found.between.first} through {found.between.last}"
    assert found._repr_html_().count("<tr>") == 1 + found.frame.height
    assert found.cohorts.schema["month"] == pl.Date


def test_a_period_beyond_the_as_of_is_refused(ledger):
    tomorrow = ledger.when.day + dt.timedelta(days=1)
    with pytest.raises(cu.LedgerError, match="after the ledger's as_of"):
        ledger.kpis(cu.During("2020-01-01", tomorrow))
    with pytest.raises(cu.LedgerError, match="is no period"):
        ledger.kpis(2026)
