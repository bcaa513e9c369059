"""What a program comes to at worst, and what in it looks like a mistake."""

from __future__ import annotations

from fractions import Fraction

import pytest

import custseg as cu

BASE = cu.Earn.per("base", 1, per="1.00")
LEVELS = {"member": 0, "silver": 500, "gold": 2_000}


def findings(*earning, margin=None, **options):
    return cu.Program("Blue", earning=earning, **options).analyse(margin=margin).frame.rows()


def test_at_worst_everything_matches_at_once_in_the_highest_tier():
    program = cu.Program(
        "Blue",
        earning=(
            BASE,
            cu.Earn.per("coffee", 2, per="1.00", lines="category = 'coffee'"),
            cu.Earn.flat("app", 25, when="channel = 'app'"),
            cu.Earn.flat("capped", 100, cap=cu.Cap(10, per="month")),
            cu.Earn.flat("review", 999, on="review"),
            cu.Boost("summer", "1.5", when="channel = 'app'"),
            cu.Boost("less", "0.5"),
            cu.Boost("visit", 9, on="review"),
        ),
        tiers=cu.Ladder(LEVELS, boost={"silver": 3, "gold": 2}),
        redemption=cu.Redemption(point_value="0.01"),
    )
    found = program.analyse()
    assert found.points_per_unit == 3 * Fraction(3, 2) * 3
    assert found.points_per_order == (25 + 10) * Fraction(3, 2) * 3
    assert found.cost_per_unit == found.points_per_unit / 100
    best = cu.Program("Blue", earning=program.earning, combine="best").analyse()
    assert best.points_per_unit == 2 * Fraction(3, 2)
    assert best.cost_per_unit is None


def test_a_sound_program_has_no_findings():
    program = cu.datasets.program()
    assert program.analyse(margin="0.2").frame.is_empty()
    assert repr(program.analyse()).splitlines()[0] == (
        "1 point for each 1 of money at worst, beside 5 for the order; cost 0.01"
    )


@pytest.mark.parametrize(
    ("earning", "options", "subject", "told"),
    [
        (
            (cu.Earn.per("base", 5, per="1.00"),),
            {"margin": "0.2", "redemption": cu.Redemption(point_value="0.05")},
            "Blue",
            "points cost 0.25 of each unit of money, the margin is 0.2",
        ),
        (
            (cu.Earn.per("base", 20, per="1.00"),),
            {"redemption": cu.Redemption(point_value="0.05")},
            "Blue",
            "worth as much as the order",
        ),
        (
            (cu.Earn.flat("loop", 5, when="paid_with_points > 0"),),
            {},
            "loop",
            "points breed points",
        ),
        (
            (cu.Earn.flat("gift", 500),),
            {"rewards": cu.Reward("mug", points=500)},
            "mug",
            "every order gives it for nothing: rule 'gift'",
        ),
        (
            (BASE,),
            {"cap": cu.Cap(1_000, per="lifetime"), "tiers": cu.Ladder(LEVELS)},
            "gold",
            "it takes 2000 points, and caps leave 1,000 in its window",
        ),
        (
            (BASE,),
            {
                "cap": cu.Cap(100, per="month"),
                "tiers": cu.Ladder(LEVELS, window=cu.Window(months=12), review="year"),
            },
            "gold",
            "caps leave 1,500 in its window",
        ),
        (
            (BASE,),
            {
                "cap": cu.Cap(10, per="day"),
                "tiers": cu.Ladder(LEVELS, window="period", review="quarter"),
            },
            "gold",
            "caps leave 920 in its window",
        ),
        (
            (BASE, cu.Boost("visits", 2, on="visit")),
            {},
            "visits",
            "multiplies what 'visit' earns, and no rule is on that",
        ),
        (
            (cu.Earn.flat("big", 20), cu.Earn.flat("small", 10, when="channel = 'app'")),
            {"combine": "best"},
            "small",
            "'big' applies whenever it does and never gives less",
        ),
        (
            (cu.Earn.flat("big", 20, cap=cu.Cap(10, per="month")),),
            {},
            "big",
            "it gives 20 at once, and the cap is 10",
        ),
    ],
)
def test_what_looks_like_a_mistake_is_found(earning, options, subject, told):
    rows = findings(*earning, **options)
    assert any(row[0] == subject and told in row[2] for row in rows)
    assert len(rows) == 1
    assert all(rows[0])


def test_a_rule_for_a_tier_out_of_reach_never_applies():
    ladder = cu.Ladder(LEVELS)
    rows = findings(
        BASE,
        cu.Earn.flat("gold_bonus", 5, tiers=("gold",)),
        cap=cu.Cap(1_000, per="lifetime"),
        tiers=ladder,
    )
    assert [row[0] for row in rows] == ["gold", "gold_bonus"]
    assert "nobody reaches" in rows[1][2]
    nothing = cu.Program("x", tiers=ladder).analyse().frame
    assert nothing["subject"].to_list() == ["silver", "gold"]
    by_orders = cu.Ladder({"a": 0, "b": 3}, by="orders")
    assert cu.Program("x", tiers=by_orders).analyse().frame.is_empty()


def test_a_tie_of_equal_rules_goes_to_the_first():
    equal = [cu.Earn.flat(name, 10) for name in "ab"]
    assert [row[0] for row in findings(*equal, combine="best")] == ["b"]
    assert findings(*equal) == []


def test_an_analysis_equals_its_like_and_shows_in_a_notebook():
    program = cu.Program("Blue", earning=BASE)
    assert program.analyse() == program.analyse()
    assert program.analyse() != cu.Program("Blue").analyse()
    assert (program.analyse() == 12) is False
    assert program.analyse()._repr_html_().startswith("<table")
    with pytest.raises(cu.LedgerError, match=r"1\.5 is a float"):
        program.analyse(margin=1.5)
