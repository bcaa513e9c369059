"""Progress: what a ledger says of the way up and down is what then happens."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import custseg as cu
from loyalty import worlds
from loyalty.bridge import base_of, program_of
from naive.points import replay
from naive.points.days import first_instant
from naive.points.progress import TICK, prospects

CENT = Decimal("0.01")
MEASURES = ("counted", "to_next", "to_keep")


def exact(row):
    """A row with its numbers as Fractions."""
    numbers = {name: row[name] for name in MEASURES if row[name] is not None}
    return row | {name: Fraction(number) for name, number in numbers.items()}


def moments():
    """Worlds with tiers, and an instant soon after something happened in them."""
    climbs = worlds.worlds(ladder=lambda ladder: ladder and ladder["downgrade"] != "never")

    def chosen(drawn):
        (program, logs), place, days = drawn
        rows = [row["at"] for name in ("orders", "events") for row in logs[name]]
        return program, logs, sorted(rows)[-1 - place % len(rows)] + dt.timedelta(days=days)

    days = st.sampled_from([0, 0, 1, 12, 25, 200])
    return st.tuples(climbs, st.sampled_from([0, 0, 0, 1, 2, 5]), days).map(chosen)


# Reviews of a month, a quarter and a year, a leap day, and nights on which clocks move.
EDGES = [
    dt.date.fromisoformat(day)
    for day in (
        "2024-01-01 2024-01-31 2024-02-01 2024-02-29 2024-03-01 2024-03-10 2024-03-31 2024-04-01 "
        "2024-05-01 2024-07-01 2024-10-01 2024-11-01 2025-01-01 2025-02-01 2025-03-01 2026-01-01"
    ).split()
]
SHIFTS = (-TICK, 0 * TICK, dt.timedelta(hours=12))


@st.composite
def climbs(draw):
    """One member whose orders, refunds and reviews, like the as_of, lie at the edges of days."""
    tz, ladder = draw(st.sampled_from(worlds.ZONES)), worlds.ladder_of(draw(worlds.LADDERS))
    instants = sorted(first_instant(day, tz) + shift for day in EDGES for shift in SHIFTS)
    places = st.integers(0, len(instants) - 1)
    bought = sorted(draw(st.lists(places.filter(lambda place: place < 36), min_size=1, max_size=5)))
    orders = [
        {"id": number, "customer": 1, "at": instants[place], "total": draw(TOTALS)}
        for number, place in enumerate(bought)
    ]
    logs = {"orders": orders, "lines": [], "events": [], "customers": None}
    for number in range(draw(st.sampled_from([0, 0, 1, 2]))):
        order = draw(st.sampled_from(orders))
        event = dict.fromkeys(("points", "amount", "refers_to", "reward", "expires_at", "channel"))
        event |= {"id": number, "customer": 1, "kind": draw(st.sampled_from(["refund", "review"]))}
        event["at"] = order["at"] + draw(st.sampled_from([TICK, dt.timedelta(days=31)]))
        if event["kind"] == "refund":
            event |= {"refers_to": order["id"], "amount": draw(REFUNDED)}
        logs["events"].append(event)
    reviewed = {**worlds.BASE, "form": "flat", "name": "review", "on": "review", "points": "3"}
    program = worlds.plain(tiers=[])
    program |= {"tz": tz, "tiers": ladder, "earning": [*program["earning"], reviewed]}
    return program, logs, instants[draw(places.filter(lambda place: place >= bought[0]))]


# An example takes a dozen milliseconds, and edges are met seldom.
MORE = settings(max_examples=min(5 * settings.default.max_examples, 2_000))
TOTALS = st.sampled_from(["10.00", "30.00", "5.00", "0.01", "12.35", "20.00"])
REFUNDED = st.sampled_from(["0.01", "5.00", "10.00", "12.35"])


@given(moments())
def test_progress_is_what_the_twin_says(world):
    agree(world)


@MORE
@given(climbs())
def test_progress_at_the_edges_of_days_is_what_the_twin_says(world):
    agree(world)


def agree(world):
    """The engine and the twin say the same of everyone."""
    program, logs, as_of = world
    outcome = replay(program, logs, as_of)
    base = base_of(logs, program["tz"], as_of)
    ledger = program_of(program).run(base)
    told = ledger.progress()
    found = [exact(row) for row in told.rows(named=True)]
    expected = prospects(outcome, as_of).items()
    assert found == [{"customer_id": one} | each.row() for one, each in expected]
    # It was looked at, and nothing else.
    assert ledger == program_of(program).run(base)
    assert ledger.progress().equals(told)


@given(moments() | climbs())
def test_what_is_missing_lifts_or_keeps_the_tier_and_no_less_does(world):
    program, logs, as_of = world
    for each in prospects(replay(program, logs, as_of), as_of).values():
        row = each.row()
        if row["to_next"] and each.ladder["upgrade"] == "at_once":
            assert each.path(as_of, row["to_next"], as_of).held > each.held
            assert each.path(as_of, row["to_next"] - each.unit, as_of).held <= each.held
        if row["falls_at"]:
            last = row["deadline"] - TICK
            assert each.path(row["falls_at"], row["to_keep"], last).held >= each.held
            if not each.ladder["keep"]:
                assert each.path(row["falls_at"], row["to_keep"] - each.unit, last).held < each.held
        elif row["deadline"]:
            assert each.path(row["deadline"]).held >= each.held


def ledger_of(ladder, orders, as_of):
    """A ledger of spend that earns nothing but tiers."""
    made = [
        cu.Order(order_id=number, customer_id=1, ordered_at=day, total=total)
        for number, (day, total) in enumerate(orders)
    ]
    base = cu.CustomerBase(orders=cu.table(cu.Order).frame(made))
    return cu.Program("Blue", tiers=ladder).run(base.as_of(as_of))


LEVELS = {"member": 0, "silver": 10, "gold": 30}
MONTHLY = {"by": "spend", "window": cu.Window(months=1), "review": "month"}


@pytest.mark.parametrize("keep", [0, 1])
def test_a_member_at_risk_knows_what_is_missing_and_until_when(keep):
    orders = [("2026-01-05", 12), ("2026-02-20", 4)]
    # Of the order in January nothing counts for the review of March.
    ledger = ledger_of(cu.Ladder(LEVELS, **MONTHLY, keep=keep), orders, "2026-02-25")
    (row,) = ledger.progress().rows(named=True)
    assert (row["tier"], row["next_tier"]) == ("silver", "gold")
    assert [str(row[name]) for name in MEASURES] == ["4.00", "26.00", "6.00"]
    assert str(row["deadline"]) == str(row["falls_at"]) == "2026-03-01 00:00:00+00:00"


@pytest.mark.parametrize("options", [{"keep": 2}, {"downgrade": "never"}])
def test_a_tier_that_the_next_review_cannot_take_needs_nothing(options):
    ladder = cu.Ladder(LEVELS, **MONTHLY, **options)
    (row,) = ledger_of(ladder, [("2026-01-05", 12)], "2026-02-25").progress().rows(named=True)
    assert (row["tier"], str(row["to_keep"]), row["falls_at"]) == ("silver", "0.00", None)
    assert f"{row['deadline']:%m-%d}" == "03-01"


@pytest.mark.parametrize(("days", "day"), [(10, "03-11"), (40, "04-10")])
def test_a_fall_that_waits_is_told_with_its_day(days, day):
    ladder = cu.Ladder(LEVELS, **MONTHLY, grace_days=days)
    orders = [("2026-01-05", 12)]
    (row,) = ledger_of(ladder, orders, "2026-02-05").progress().rows(named=True)
    # The review of February saw 12; that of March will see nothing.
    assert (row["tier"], str(row["to_keep"])) == ("silver", "10.00")
    assert f"{row['deadline']:%m-%d} {row['falls_at']:%m-%d}" == f"03-01 {day}"
    (row,) = ledger_of(ladder, orders, "2026-03-05").progress().rows(named=True)
    assert (row["tier"], str(row["to_keep"])) == ("silver", "10.00")
    assert f"{row['deadline']:%m-%d} {row['falls_at']:%m-%d}" == f"{day} {day}"


@pytest.mark.parametrize(("day", "missing"), [("01-31", "10.00"), ("02-01", "6.00")])
def test_a_review_sees_its_window_from_the_first_day_on(day, missing):
    orders = [("2026-01-05", 12), (f"2026-{day}", 4)]
    (row,) = (
        ledger_of(cu.Ladder(LEVELS, **MONTHLY), orders, "2026-02-25").progress().rows(named=True)
    )
    assert (row["tier"], str(row["to_keep"])) == ("silver", missing)
    assert f"{row['deadline']:%m-%d} {row['falls_at']:%m-%d}" == "03-01 03-01"


@pytest.mark.parametrize(("day", "missing"), [("02-08", "10.00"), ("02-09", "6.00")])
def test_a_fall_that_waits_is_kept_from_by_what_counts_on_the_day_before_it(day, missing):
    ladder = cu.Ladder(LEVELS, by="spend", window=cu.Window(days=30), review="month", grace_days=10)
    ledger = ledger_of(ladder, [("2026-01-05", 12), (f"2026-{day}", 4)], "2026-03-05")
    (row,) = ledger.progress().rows(named=True)
    # On 10 March, the last day, 30 days begin with 9 February.
    assert (row["tier"], str(row["to_keep"])) == ("silver", missing)
    assert f"{row['deadline']:%m-%d} {row['falls_at']:%m-%d}" == "03-11 03-11"


@pytest.mark.parametrize(
    ("grace", "day", "missing"), [(10, "03-11", "6.00"), (40, "04-10", "10.00")]
)
def test_a_fall_that_waits_beyond_a_review_is_kept_from_in_the_period_after_it(grace, day, missing):
    ladder = cu.Ladder(LEVELS, by="spend", window="period", review="month", grace_days=grace)
    ledger = ledger_of(ladder, [("2026-01-05", 12), ("2026-03-02", 4)], "2026-03-05")
    (row,) = ledger.progress().rows(named=True)
    assert (row["tier"], str(row["counted"]), str(row["to_keep"])) == ("silver", "4.00", missing)
    assert f"{row['deadline']:%m-%d} {row['falls_at']:%m-%d}" == f"{day} {day}"


def test_who_leaves_at_the_as_of_has_no_progress():
    shop = cu.datasets.simulate(20, 60, seed=1).base()
    one = shop.log("orders")["customer_id"][0]
    leaves = cu.Event(event_id=1, customer_id=one, at=shop.instant, kind="close")
    closing = cu.CustomerBase(orders=shop.log("orders"), events=cu.table(cu.Event).frame([leaves]))
    ledger = cu.Program("Blue", tiers=cu.Ladder(LEVELS)).run(closing.as_of(shop.instant))
    before = cu.Program("Blue", tiers=cu.Ladder(LEVELS)).run(shop).progress()
    assert ledger.progress().equals(before.filter(before["customer_id"] != one))
    assert one in before["customer_id"]


def test_thresholds_are_met_in_whole_units_of_the_currency():
    made = [cu.Order(order_id=1, customer_id=1, ordered_at="2026-01-05", total=10)]
    for currency, least, told in (
        ("EUR", "10.005", "0.01"),
        ("JPY", "10.5", "1"),
        ("KWD", "10.005", "0.005"),
        ("EUR", 10**30, "92233720368547748.07"),
    ):
        orders = cu.table(cu.Order, currency=currency).frame(made)
        base = cu.CustomerBase(orders=orders, currency=currency)
        ladder = cu.Ladder({"member": 0, "silver": least}, by="spend")
        (row,) = cu.Program("Blue", tiers=ladder).run(base).progress().rows(named=True)
        assert (row["tier"], str(row["to_next"])) == ("member", told)


def test_an_order_of_what_is_missing_is_quoted_with_the_next_tier():
    shop = cu.datasets.simulate(60, 300, seed=2).base()
    ladder = cu.Ladder({"member": 0, "silver": 200, "gold": 2_000}, by="spend", review="year")
    blue = cu.Program("Blue", tiers=ladder)
    ledger = blue.run(shop)
    for row in ledger.progress().drop_nulls("next_tier").head(5).rows(named=True):
        order = {"customer_id": row["customer_id"], "ordered_at": shop.instant}
        enough = cu.Order(order_id=10**9, total=row["to_next"], **order)
        assert blue.quote(enough, ledger).tier_after == row["next_tier"]
        little = cu.Order(order_id=10**9, total=row["to_next"] - CENT, **order)
        assert blue.quote(little, ledger).tier_after == row["tier"]


def test_without_tiers_or_entries_there_is_no_progress():
    shop = cu.datasets.simulate(20, 60, seed=1).base()
    with pytest.raises(cu.LedgerError, match="this program has no tiers"):
        cu.Program("Blue").run(shop).progress()
    tiered = cu.Program("Blue", tiers=cu.Ladder({"member": 0, "gold": 5}))
    with pytest.raises(cu.LedgerError, match="made without entries"):
        tiered.run(shop, entries=False).progress()


def test_before_the_first_order_nobody_has_progress():
    shop = cu.datasets.simulate(20, 60, seed=1).base().as_of("2020-01-01")
    ladder = cu.Ladder({"member": 0, "gold": 5}, review="month")
    assert cu.Program("Blue", tiers=ladder).run(shop).progress().height == 0
