"""Progress: what a ledger says of the way up and down is what then happens."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given

import custseg as cu
from loyalty import worlds
from loyalty.bridge import base_of, program_of
from naive.points import replay
from naive.points.progress import TICK, prospects

CENT = Decimal("0.01")
MEASURES = ("counted", "to_next", "to_keep")


def exact(row):
    """A row with its numbers as Fractions."""
    numbers = {name: row[name] for name in MEASURES if row[name] is not None}
    return row | {name: Fraction(number) for name, number in numbers.items()}


@given(worlds.worlds(ladder=bool), worlds.AS_OFS)
def test_progress_is_what_the_twin_says(world, as_of):
    program, logs = world
    outcome = replay(program, logs, as_of)
    ledger = program_of(program).run(base_of(logs, program["tz"], as_of))
    found = [exact(row) for row in ledger.progress().rows(named=True)]
    expected = prospects(outcome, as_of).items()
    assert found == [{"customer_id": one} | each.row() for one, each in expected]


@given(worlds.worlds(ladder=bool), worlds.AS_OFS)
def test_what_is_missing_lifts_or_keeps_the_tier_and_no_less_does(world, as_of):
    program, logs = world
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
