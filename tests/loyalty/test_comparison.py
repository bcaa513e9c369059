from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest

import custseg as cu


@pytest.fixture(scope="module")
def shop():
    return cu.datasets.simulate(60, 400, seed=5).base()


def program(points=1, **options):
    return cu.Program(
        "Blue",
        earning=cu.Earn.per("base", points, per="1.00"),
        redemption=cu.Redemption(point_value="0.01"),
        **options,
    )


def test_a_comparison_is_the_difference_of_two_runs(shop):
    one, other = program(), program(2, version=2)
    found = one.compare(other, shop)
    sides = [each.run(shop).balances() for each in (one, other)]
    assert found.names == ("Blue 1", "Blue 2")
    for figure, left, right, difference in found.frame.rows():
        if figure not in ("members", "refused"):
            assert (left, right) == tuple(each[figure].sum() for each in sides)
        assert difference == right - left == found.difference(figure)
    kept = [
        each.select(pl.sum("redeemed", "available", "pending")).sum_horizontal().item()
        for each in sides
    ]
    assert found.cost == tuple(points * Decimal("0.01") for points in kept)
    assert found.members.height == (sides[0]["earned"] != sides[1]["earned"]).sum()


def test_a_program_does_not_differ_from_itself(shop):
    found = program().compare(program(), shop)
    assert found.names == ("one", "other")
    assert found.members.is_empty()
    assert set(found.frame["difference"]) == {0}
    assert found == program().compare(program(), shop)
    assert found != program().compare(program(3), shop)
    assert (found == 12) is False


def test_tiers_are_counted_beside_each_other(shop):
    ladders = [cu.Ladder({"member": 0, "gold": gold}) for gold in (100, 1_000)]
    one, other = (program(tiers=each) for each in ladders)
    found = one.compare(other, shop)
    held = [each.run(shop).balances()["tier"] for each in (one, other)]
    assert found.tiers.rows() == [
        (name, (held[0] == name).sum(), (held[1] == name).sum()) for name in ("member", "gold")
    ]
    assert found.members.select("tier_one", "tier_other").unique().rows() == [("gold", "member")]
    assert "tier gold" in repr(found)
    assert "cost" in repr(found)
    assert found._repr_html_().startswith("<table")


def test_versions_can_be_compared_and_points_without_a_value_cost_nothing_known(shop):
    plain = cu.Program("Blue", earning=cu.Earn.per("base", 1, per="1.00"))
    both = cu.Programs([("2020-01-01", plain)])
    found = plain.compare(both, shop)
    assert found.cost == (None, None)
    assert found.members.is_empty()
