"""The laws of a ledger, on the slow twin itself: a twin that breaks them is wrong."""

from __future__ import annotations

import datetime as dt
import math
from fractions import Fraction
from itertools import pairwise, product
from math import floor

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from loyalty import worlds
from naive.points import replay
from naive.points.caps import period_of
from naive.points.days import local_day
from naive.points.log import Clash

MINUTE = dt.timedelta(minutes=1)
# Just after an instant at which things happen, and between all of them.
BETWEEN = st.sampled_from([at + 7 * MINUTE for at in worlds.GRID])


def instants(outcome):
    return sorted({row["at"] for row in outcome.entries + outcome.allocations})


def of(rows, customer):
    return [row for row in rows if row["customer"] == customer]


def held(outcome, customer):
    """What a member has: open lots with their dates, debt, tier."""
    lots = [
        (row["lot"], row["left"], row["available_at"], row["expires_at"])
        for row in of(outcome.lots, customer)
        if row["left"]
    ]
    rows = of(outcome.balances, customer)
    return sorted(lots), [(row["available"], row["pending"], row["debt"]) for row in rows]


def plain(rows):
    """Rows without the money and times that a set cannot hold."""
    return [tuple(sorted((key, str(value)) for key, value in row.items())) for row in rows]


def with_events(logs, *more):
    return {**logs, "events": [*logs["events"], *more]}


def event(name, customer, at, kind, **more):
    return {"id": name, "customer": customer, "at": at, "kind": kind, **more}


def fresh(logs, count):
    """Event ids that are not taken, of the same type as those that are."""
    text = any(isinstance(row["id"], str) for row in logs["events"])
    return [f"z{number}" if text else 900 + number for number in range(count)]


@worlds.share(8)
@given(worlds.programs(), worlds.logs())
def test_entries_sum_to_what_is_held_at_every_instant(program, logs):
    whole = replay(program, logs, worlds.LATEST)
    for at in instants(whole):
        then = replay(program, logs, at)
        for row in then.balances:
            has = row["available"] + row["pending"] - row["debt"]
            entries = of(then.entries, row["customer"])
            assert sum(entry["points"] for entry in entries) == has
            gone = row["redeemed"] + row["expired"] + row["clawed_back"] - row["forgiven"]
            assert row["earned"] + row["adjusted"] == has + gone
            assert not entries or entries[-1]["balance_after"] == has
            assert row["debt"] == 0 or row["available"] == 0
            assert min(row["available"], row["pending"], row["debt"]) >= 0
        known = {row["customer"] for row in then.balances}
        assert {row["customer"] for row in then.entries} <= known


@worlds.share(8)
@given(worlds.programs(), worlds.logs(), worlds.AS_OFS)
def test_all_points_of_a_lot_are_accounted_for(program, logs, as_of):
    outcome = replay(program, logs, as_of)
    for lot in outcome.lots:
        key = (lot["customer"], lot["lot"])
        gave = sum(
            row["points"] for row in outcome.allocations if (row["customer"], row["lot"]) == key
        )
        assert 0 <= lot["left"] <= lot["points"]
        assert gave + lot["lapsed"] + lot["left"] == lot["points"]
        lapsed = [
            -entry["points"]
            for entry in of(outcome.entries, lot["customer"])
            if entry["kind"] == "expire" and entry["lot"] == lot["lot"]
        ]
        assert sum(lapsed) == lot["lapsed"]


@worlds.share(8)
@given(worlds.programs(), worlds.logs())
def test_nothing_is_spent_before_or_after_its_time(program, logs):
    outcome = replay(program, logs, worlds.LATEST)
    lots = {(row["customer"], row["lot"]): row for row in outcome.lots}
    asked = {
        (row["customer"], row["source"], row["at"])
        for row in outcome.entries
        if row["kind"] == "redeem"
    }
    for row in outcome.allocations:
        if (row["customer"], row["source"], row["at"]) in asked and row["kind"] == "redeem":
            lot = lots[row["customer"], row["lot"]]
            assert lot["available_at"] <= row["at"]
            assert lot["expires_at"] is None or row["at"] < lot["expires_at"]


@worlds.share(8)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 4), st.integers(1, 4)), max_size=3),
    st.lists(st.tuples(st.integers(0, 8), st.integers(1, 3)), max_size=3),
)
def test_spending_what_expires_first_loses_the_least(brought, asked):
    start = dt.datetime(2024, 1, 1, tzinfo=worlds.UTC)
    day = dt.timedelta(days=1)
    logs = {
        "events": [
            event(number, 1, start + at * day, "opening", points=points)
            | {"expires_at": start + (at + lives) * day}
            for number, (at, points, lives) in enumerate(brought)
        ]
        + [
            event(10 + number, 1, start + at * day + MINUTE, "redeem", points=points)
            for number, (at, points) in enumerate(asked)
        ]
    }
    outcome = replay({"name": "Blue", "tz": "UTC", "earning": []}, logs, start + 30 * day)
    assume(not outcome.refusals)
    lots = [(at, at + lives, points) for at, points, lives in brought]
    least = least_loss(lots, sorted(asked))
    assert -sum(row["points"] for row in outcome.entries if row["kind"] == "expire") == least


def least_loss(lots, asked):
    """By trying every way to take each request from the lots that are open."""
    left = [points for _, _, points in lots]

    def best(number, left):
        if number == len(asked):
            return sum(left)
        at, points = asked[number]
        room = [
            range((units if opens <= at < ends else 0) + 1)
            for (opens, ends, _), units in zip(lots, left, strict=True)
        ]
        ways = [way for way in product(*room) if sum(way) == points]
        losses = (
            best(number + 1, [have - gone for have, gone in zip(left, way, strict=True)])
            for way in ways
        )
        # Some ways leave too little for a later request.
        return min(losses, default=math.inf)

    return best(0, left)


SHORT_OF = {"shortfall": "debt", "restored": "original"}


@worlds.share(8)
@given(
    worlds.programs(refunds=SHORT_OF),
    worlds.logs(),
    BETWEEN,
    st.lists(st.integers(1, 79), unique=True, max_size=3),
    st.data(),
)
def test_partial_refunds_at_one_instant_are_one_full_refund(program, logs, at, cuts, drawn):
    logs = {**logs, "events": [row for row in logs["events"] if row["kind"] != "refund"]}
    order = drawn.draw(st.sampled_from(logs["orders"]))
    total = Fraction(order["total"])
    assume(total > 0)
    edges = [Fraction(cut, 4) for cut in sorted(cuts) if Fraction(cut, 4) < total]
    edges = [Fraction(0), *edges, total]
    amounts = [str(float(above - below)) for below, above in pairwise(edges)]
    names = fresh(logs, len(amounts))

    def refunds(amounts):
        return [
            event(name, order["customer"], at, "refund", refers_to=order["id"], amount=amount)
            for name, amount in zip(names, amounts, strict=False)
        ]

    split = replay(program, with_events(logs, *refunds(amounts)), worlds.LATEST)
    whole = replay(program, with_events(logs, *refunds([order["total"]])), worlds.LATEST)
    assert held(split, order["customer"]) == held(whole, order["customer"])
    assert split.tiers == whole.tiers
    assert len(split.refusals) - len(whole.refusals) in {0, len(amounts) - 1}


@worlds.share(8)
@given(worlds.programs(), worlds.logs())
def test_what_is_clawed_is_the_most_that_was_ever_due(program, logs):
    outcome = replay(program, logs, worlds.LATEST)
    refused = {row["event"] for row in outcome.refusals}
    refunds = [row for row in logs["events"] if row["kind"] == "refund"]
    refunds = [row for row in refunds if str(row["id"]) not in refused]
    for order in logs["orders"]:
        entries = of(outcome.entries, order["customer"])
        lot = f"order:{order['id']}"
        granted = sum(
            row["points"] for row in entries if row["kind"] == "earn" and row["lot"] == lot
        )
        back, most, names = Fraction(0), 0, set()
        for refund in sorted(refunds, key=lambda row: (row["at"], row["id"])):
            if str(refund["refers_to"]) != str(order["id"]) or not granted:
                continue
            names.add(str(refund["id"]))
            back += Fraction(refund["amount"])
            total = Fraction(order["total"])
            kept = floor(granted * (total - back) / total)
            place = (refund["at"], str(refund["id"]))
            before = entries_before(entries, place)
            lapsed = -sum(
                row["points"] for row in before if row["kind"] == "expire" and row["lot"] == lot
            )
            most = max(most, min(granted - kept, granted - lapsed))
        clawed = -sum(
            row["points"] for row in entries if row["kind"] == "clawback" and row["source"] in names
        )
        assert clawed == most


def entries_before(entries, place):
    """Entries before a refund's own place; cancels and closes of its instant come later."""
    at, _ = place
    return [
        row
        for row in entries
        if row["at"] < at
        or (row["at"] == at and row["kind"] == "expire" and row["source_kind"] == "order")
    ]


def moving_clock(program):
    return (program["expiry"] or {}).get("form") == "idle"


@worlds.share(8)
@given(
    worlds.programs(refunds=SHORT_OF),
    worlds.logs(),
    BETWEEN,
    st.sampled_from(worlds.TOTALS[:8]),
    st.data(),
)
def test_earn_then_full_refund_is_never_earned(program, logs, at, total, drawn):
    assume(not moving_clock(program))
    if program["tiers"]:
        program = {**program, "tiers": {**program["tiers"], "on_refund": "refold"}}
    customer = drawn.draw(st.sampled_from(worlds.CUSTOMERS))
    known = replay(program, logs, at)
    assume(of(known.balances, customer))
    text = any(isinstance(row["id"], str) for row in logs["orders"])
    order = {"id": "z" if text else 900, "customer": customer, "at": at, "total": total}
    order |= {"channel": "app", "paid_with_points": None}
    (name,) = fresh(logs, 1)
    refund = event(name, customer, at + MINUTE, "refund", refers_to=order["id"], amount=total)
    more = with_events({**logs, "orders": [*logs["orders"], order]}, refund)
    with_order, without = (replay(program, each, worlds.LATEST) for each in (more, logs))
    assert held(with_order, customer) == held(without, customer)
    assert with_order.tiers == without.tiers
    assert later(with_order, customer, at + MINUTE) == later(without, customer, at + MINUTE)
    rows = zip(with_order.balances, without.balances, strict=True)
    assert all(one["tier"] == other["tier"] for one, other in rows)


def later(outcome, customer, at):
    """Entries after an instant, in themselves."""
    return plain(
        [
            {key: value for key, value in row.items() if key != "parts"}
            for row in of(outcome.entries, customer)
            if row["at"] > at
        ]
    )


@worlds.share(8)
@given(worlds.programs(), worlds.logs(), BETWEEN, st.integers(1, 20), st.data())
def test_redeem_then_cancel_changes_nothing(program, logs, at, points, drawn):
    assume(not moving_clock(program))
    customer = drawn.draw(st.sampled_from(worlds.CUSTOMERS))
    kind = drawn.draw(st.sampled_from(["redeem", "redeemed"]))
    ask, undo = fresh(logs, 2)
    assume(of(replay(program, logs, at).balances, customer))
    more = with_events(
        logs,
        event(ask, customer, at, kind, points=points),
        event(undo, customer, at + MINUTE, "cancel", refers_to=ask),
    )
    once, never = (replay(program, each, worlds.LATEST) for each in (more, logs))
    assert held(once, customer) == held(never, customer)
    assert later(once, customer, at + MINUTE) == later(never, customer, at + MINUTE)
    assert once.tiers == never.tiers


@worlds.share(8)
@given(worlds.programs(), worlds.logs(), worlds.AS_OFS, st.randoms(use_true_random=False))
def test_copies_and_the_order_of_rows_change_nothing(program, logs, as_of, chance):
    expected = replay(program, logs, as_of)
    mixed = {}
    for name in ("orders", "events"):
        mixed[name] = logs[name] + chance.sample(logs[name], len(logs[name]) // 2)
        chance.shuffle(mixed[name])
    assert replay(program, {**logs, **mixed}, as_of)[:-1] == expected[:-1]
    clash = {**logs["orders"][0], "total": "0.01"}
    with pytest.raises(Clash):
        replay(program, {**logs, "orders": [*logs["orders"], clash]}, as_of)


@worlds.share(8)
@given(worlds.programs(), worlds.logs(), worlds.AS_OFS)
def test_the_past_of_a_replay_is_the_replay_of_the_past(program, logs, then):
    whole, past = replay(program, logs, worlds.LATEST), replay(program, logs, then)
    for name in ("entries", "allocations", "refusals"):
        rows = [row for row in getattr(whole, name) if row["at"] <= then]
        assert getattr(past, name) == rows


@worlds.share(8)
@given(worlds.programs(), worlds.logs(), worlds.AS_OFS)
def test_members_apart_are_the_parts_of_the_whole(program, logs, as_of):
    assume(not any(rule.get("also") for rule in program["earning"]))
    whole = replay(program, logs, as_of)
    for customer in worlds.CUSTOMERS:
        own = {
            **logs,
            "orders": of(logs["orders"], customer),
            "events": of(logs["events"], customer),
        }
        if logs["customers"] is not None:
            own["customers"] = [row for row in logs["customers"] if row["id"] == customer]
        part = replay(program, own, as_of)
        for name in ("entries", "allocations", "refusals", "balances", "lots"):
            assert of(getattr(part, name), customer) == of(getattr(whole, name), customer)


NET = worlds.programs(ladder=lambda ladder: ladder and ladder["by"] != "points")


def patient(program):
    """The program with grace that outlasts the time between two reviews."""
    ladder = {**program["tiers"], "review": "month", "grace_days": 40}
    return {**program, "tiers": ladder}


@worlds.share(8)
@given(NET | NET.map(patient), worlds.logs(), BETWEEN, st.data())
def test_one_more_order_never_gives_a_lower_tier(program, logs, at, drawn):
    customer = drawn.draw(st.sampled_from(worlds.CUSTOMERS))
    assume(of(replay(program, logs, at).balances, customer))
    text = any(isinstance(row["id"], str) for row in logs["orders"])
    order = {"id": "z" if text else 900, "customer": customer, "at": at, "total": "12.00"}
    more = {**logs, "orders": [*logs["orders"], order]}
    names = list(program["tiers"]["levels"])
    richer, poorer = (
        steps(replay(program, each, worlds.LATEST), customer) for each in (more, logs)
    )
    for instant in sorted({start for start, _, _ in richer + poorer}):
        with_it, without = (held_at(path, instant) for path in (richer, poorer))
        assert (with_it is None) == (without is None)
        assert with_it is None or names.index(with_it) >= names.index(without)


def steps(outcome, customer):
    return [tuple(rest) for one, *rest in outcome.tiers if one == customer]


def held_at(path, instant):
    return next(
        (name for start, end, name in path if start <= instant and (end is None or instant < end)),
        None,
    )


@worlds.share(8)
@given(NET, worlds.logs())
def test_nobody_rises_below_a_threshold(program, logs):
    ladder = program["tiers"]
    names = list(ladder["levels"])
    outcome = replay(program, logs, worlds.LATEST)
    for customer in worlds.CUSTOMERS:
        path = steps(outcome, customer)
        for (_, _, before), (at, _, name) in pairwise(path):
            if names.index(name) > names.index(before):
                orders = [row for row in of(logs["orders"], customer) if row["at"] <= at]
                totals = [Fraction(row["total"]) for row in orders if Fraction(row["total"]) > 0]
                most = sum(totals) if ladder["by"] == "spend" else len(totals)
                assert most >= Fraction(ladder["levels"][name])


@worlds.share(8)
@given(worlds.programs(), worlds.logs())
def test_caps_hold_for_what_is_granted(program, logs):
    outcome = replay(program, logs, worlds.LATEST)
    for customer, member in outcome.members.items():
        orders = member.orders.items()
        whole = {name for name, order in orders if order["refunded"] == order["total"]}
        entries = [
            row
            for row in of(outcome.entries, customer)
            if row["kind"] == "earn"
            and not (row["source_kind"] == "order" and row["source"] in whole)
        ]
        granted = [("program", program["cap"], row, row["points"]) for row in entries]
        caps = {rule["name"]: rule.get("cap") for rule in program["earning"]}
        granted += [
            (name, caps[name], row, part)
            for row in entries
            if not row["source"].endswith("|also")
            for name, part in row["parts"]
        ]
        sums = {}
        for name, cap, row, points in granted:
            if cap is not None:
                day = local_day(row["at"], program["tz"])
                own = (row["source_kind"], row["source"])
                period = own if cap["per"] == "order" else period_of(cap, day)
                sums[name, period] = sums.get((name, period), 0) + points
                assert sums[name, period] <= cap["points"]
