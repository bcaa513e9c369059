"""What is wrong with programs and their logs: what, where, and how to mend it."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import polars as pl
import pytest

import custseg as cu

BASE = cu.Earn.per("base", 1, per="1.00")
ORDERS = [
    cu.Order(order_id=1, customer_id=7, ordered_at="2026-01-01", total=10),
    cu.Order(order_id=2, customer_id=8, ordered_at="2026-01-02", total=10),
]


def shop(*events, orders=ORDERS, **frames):
    kept = cu.table(cu.Event).frame(list(events))
    return cu.CustomerBase(orders=cu.table(cu.Order).frame(list(orders)), events=kept, **frames)


def event(number, kind, customer=7, at="2026-01-05", **told):
    return cu.Event(event_id=number, customer_id=customer, at=at, kind=kind, **told)


DECLARED = {
    "a float rate": (
        {"earning": cu.Earn.per("base", 1.15, per="1.00")},
        "1.15 is a float, which is not the number it looks like",
        "earning[0].points",
        'write it as text: "1.15"',
    ),
    "levels out of order": (
        {"tiers": cu.Ladder({"green": 0, "gold": 500, "reserve": 400})},
        "'reserve' at 400 does not lie above 'gold' at 500",
        "tiers.levels['reserve']",
        "list levels from the lowest to the highest",
    ),
    "a lowest level above 0": (
        {"tiers": cu.Ladder({"green": 1})},
        "the lowest level, 'green', starts at 1",
        "tiers.levels['green']",
        "let the lowest level start at 0",
    ),
    "a period without review": (
        {"tiers": cu.Ladder({"green": 0}, window="period")},
        "the window is the review period, and there is no review",
        "tiers.window",
        'write review="year"',
    ),
    "points for each 0 of money": (
        {"earning": cu.Earn.per("base", 1, per="0")},
        "per is 0, not above 0",
        "earning[0].per",
        "write a number above 0",
    ),
    "a cap of 0": (
        {"cap": cu.Cap(0, per="day")},
        "points is 0",
        "cap.points",
        "write a whole number, 1 or more",
    ),
    "a rule's cap of 0": (
        {"earning": cu.Earn.flat("a", 1, cap=cu.Cap(0, per="month"))},
        "points is 0",
        "earning[0].cap.points",
        "write a whole number, 1 or more",
    ),
    "points that end before they open": (
        {"pending_days": 14, "expiry": cu.Expiry.after(days=7)},
        "points can expire 7 days after they are earned, before they are available on day 14",
        "expiry",
        "shorten pending_days, or let points live longer",
    ),
}


@pytest.mark.parametrize("case", DECLARED)
def test_a_declaration_says_what_where_and_how_to_mend_it(case):
    options, what, where, fix = DECLARED[case]
    with pytest.raises(cu.LedgerError) as caught:
        cu.Program("Blue", **options)
    (problem,) = caught.value.problems
    assert (problem.what, problem.where) == (what, f"Program('Blue').{where}")
    assert problem.fix == fix


def test_a_rule_on_a_missing_column_names_the_nearest():
    rule = cu.Earn.flat("app", 1, when="chanel = 'app'")
    with pytest.raises(cu.LedgerError) as caught:
        cu.Program("Blue", earning=rule).run(shop())
    (problem,) = caught.value.problems
    assert "chanel" in problem.what
    assert problem.where == "Program('Blue').earning[0].when"
    assert "channel" in problem.fix


def test_points_for_another_whom_no_column_names_are_refused():
    rule = cu.Earn.flat("friend", 1, on="referral", also=cu.Also("brought_by", 5))
    with pytest.raises(cu.LedgerError) as caught:
        cu.Program("Blue", earning=rule).run(shop(event(1, "referral")))
    (problem,) = caught.value.problems
    assert problem.what == "no column 'brought_by' names the other member"
    assert problem.where == "Also.member"
    assert problem.fix == "give the base's events or customers a column of this name"


REFUSED = {
    "a refund of nothing": (event(1, "refund", amount=1), "unknown order"),
    "a refund of no order": (event(1, "refund", refers_to=9, amount=1), "unknown order"),
    "a refund of another's": (event(1, "refund", refers_to=2, amount=1), "unknown order"),
    "one before its order": (
        event(1, "refund", at="2025-12-01", refers_to=1, amount=1),
        "unknown order",
    ),
    "more than the order": (
        event(1, "refund", refers_to=1, amount=11),
        "exceeds what is left of the order",
    ),
    "a refund of no money": (event(1, "refund", refers_to=1), "amount not positive"),
    "a cancel of nothing": (event(1, "cancel"), "unknown redemption"),
    "a cancel of another's": (event(1, "cancel", refers_to=99), "unknown redemption"),
    "a request for nothing": (event(1, "redeem", points=0), "not positive"),
    "a request for more": (event(1, "redeem", points=11), "insufficient"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_event_is_a_refusal_and_nothing_else_is_lost(case):
    bad, reason = REFUSED[case]
    blue = cu.Program("Blue", earning=BASE)
    spent = event(99, "redeem", customer=8, points=4)
    fine, ledger = blue.run(shop(spent)), blue.run(shop(spent, bad))
    refused = ledger.refusals.select("event_id", "customer_id", "reason").rows()
    assert refused == [(1, 7, reason)]
    assert ledger.entries.drop("entry_id").equals(fine.entries.drop("entry_id"))
    assert ledger.check().is_empty()


@pytest.mark.parametrize("name", ["orders", "events"])
def test_an_id_that_stands_for_two_things_is_an_error(name):
    whole = shop(event(1, "redeem", points=4), event(2, "redeem", points=5))
    frames = {"orders": whole.orders, "events": whole.events}
    key = f"{name[:-1]}_id"
    frames[name] = frames[name].with_columns(pl.lit(1, pl.Int64).alias(key))
    with pytest.raises(cu.LedgerError) as caught:
        cu.Program("Blue", earning=BASE).run(cu.CustomerBase(**frames))
    (problem,) = caught.value.problems
    assert problem.what == f"{key} 1 stands for rows that differ"
    assert problem.where == key
    assert problem.fix.startswith("admit the rows through the door")


HUGE = str(2**60)
BEYOND = {
    "one order": cu.Program("Blue", earning=cu.Earn.per("base", HUGE, per="0.01")),
    "two orders": cu.Program("Blue", earning=cu.Earn.flat("base", 2**62 + 2**61)),
    "a boost": cu.Program("Blue", earning=(BASE, cu.Boost("much", 2**61))),
    "one order under a cap": cu.Program(
        "Blue", earning=cu.Earn.per("base", HUGE, per="0.01"), cap=cu.Cap(5, per="day")
    ),
    "one rule under a cap": cu.Program(
        "Blue", earning=cu.Earn.flat("base", 2**62 + 1), cap=cu.Cap(5, per="day")
    ),
    "two rules under a cap": cu.Program(
        "Blue",
        earning=[cu.Earn.flat(name, 2**61 + 1) for name in "ab"],
        cap=cu.Cap(5, per="day"),
    ),
    "three rules with caps": cu.Program(
        "Blue",
        earning=[cu.Earn.flat(n, 2**62, cap=cu.Cap(2**62, per="order")) for n in "abc"],
    ),
    "what counts for a tier": cu.Program(
        "Blue", earning=cu.Earn.flat("base", 2**62), tiers=cu.Ladder({"member": 0, "gold": 5})
    ),
    "tiers": cu.Program(
        "Blue",
        earning=cu.Earn.flat("base", 2**62),
        tiers=cu.Ladder({"member": 0, "gold": 5}, boost={"gold": 3}),
    ),
}


@pytest.mark.parametrize("case", BEYOND)
def test_points_beyond_int64_are_an_error_that_names_the_order(case):
    orders = [
        cu.Order(order_id=n, customer_id=7, ordered_at="2026-01-01", total=10) for n in (1, 2)
    ]
    with pytest.raises(cu.LedgerError) as caught:
        BEYOND[case].run(shop(orders=orders))
    (problem,) = caught.value.problems
    assert problem.what.startswith("the points of customer 7 leave int64 at order ")
    assert problem.where.startswith("order_id ")
    assert "amount that is too large" in problem.fix


def test_numbers_without_a_common_denominator_are_refused():
    odd = [cu.Earn.per(f"r{p}", f"1/{p}", per="1.00") for p in (1_000_003, 1_000_033, 1_000_037)]
    more = cu.Earn.flat("more", "1/1000039", cap=cu.Cap(5, per="day"))
    with pytest.raises(cu.LedgerError, match="no common denominator"):
        cu.Program("Blue", earning=(*odd, more)).run(shop())


def test_more_boosts_than_bits_are_refused():
    boosts = [cu.Boost(f"b{n}", 2) for n in range(63)]
    with pytest.raises(cu.LedgerError, match="a program can have 62 boosts, not 63"):
        cu.Program("Blue", earning=(BASE, *boosts)).run(shop())


def capped(number):
    return [cu.Earn.flat(f"r{n}", n + 1, cap=cu.Cap(1000, per="day")) for n in range(number)]


def test_more_rules_with_caps_than_bits_are_refused():
    with pytest.raises(cu.LedgerError, match="a program can have 62 rules with caps or tiers"):
        cu.Program("Blue", earning=capped(63)).run(shop())


def test_as_many_rules_with_caps_as_there_are_bits_all_give():
    ledger = cu.Program("Blue", earning=capped(62)).run(shop(orders=ORDERS[:1]))
    assert ledger.entries["points"].to_list() == [62 * 63 // 2]
    assert ledger.check().is_empty()


def test_factors_with_too_many_digits_are_refused():
    boosts = [cu.Boost(f"b{n}", f"{10**18 + n}/{10**18 - n - 1}") for n in range(2)]
    with pytest.raises(cu.LedgerError, match="numbers beyond int64"):
        cu.Program("Blue", earning=(BASE, *boosts)).run(shop())


@pytest.mark.parametrize("amount", ["0.01", "3.33", "9.99"])
def test_a_refund_of_huge_points_is_exact(amount):
    blue = cu.Program("Blue", earning=cu.Earn.flat("base", 2**62 - 1))
    back = event(1, "refund", refers_to=1, amount=amount)
    ledger = blue.run(shop(back, orders=ORDERS[:1]))
    kept = floor(Fraction(2**62 - 1) * (10 - Fraction(amount)) / 10)
    assert ledger.balances()["available"].to_list() == [kept]


def test_many_boosts_at_once_multiply_each_other():
    boosts = [cu.Boost(f"b{n}", 2) for n in range(11)]
    ledger = cu.Program("Blue", earning=(BASE, *boosts)).run(shop())
    assert ledger.entries["points"].to_list() == [10 * 2**11] * 2
    assert len(ledger.explain(ledger.entries["entry_id"][0]).steps) == 12
