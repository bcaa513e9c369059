"""What broke other systems, with the numbers of each case: in the twin, and in the engine."""

from __future__ import annotations

import datetime as dt

import pytest

from loyalty.bridge import base_of, differences, program_of
from naive.points import replay

UTC = dt.UTC
HOUR = dt.timedelta(hours=1)
NOON = dt.datetime(2024, 5, 1, 12, tzinfo=UTC)
LATER = dt.datetime(2026, 1, 1, tzinfo=UTC)
DAY = dt.timedelta(days=1)
MONTHLY = {"points": 100, "per": "month"}
PER_EURO = {"form": "per", "name": "base", "points": "1", "per": "1.00"}


@pytest.fixture(params=["twin", "engine"])
def settle(request):
    """Replays in the twin; for the engine, what the two say must be the same."""

    def settled(program, logs, as_of=LATER):
        whole = {"name": "Blue", "tz": "UTC", "earning": [PER_EURO], **program}
        outcome = replay(whole, logs, as_of)
        if request.param == "engine":
            ledger = program_of(whole).run(base_of(logs, whole["tz"], as_of))
            assert differences(outcome, ledger) == {}
            assert ledger.check().is_empty()
        return outcome

    return settled


def instant(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=UTC)


def order(name, at, total="10.00", **more):
    return {"id": name, "customer": 1, "at": at, "total": total, **more}


def event(name, at, kind, **more):
    return {"id": name, "customer": 1, "at": at, "kind": kind, **more}


def points(outcome, *kinds):
    return [entry["points"] for entry in outcome.entries if entry["kind"] in kinds]


def reasons(outcome):
    return [row["reason"] for row in outcome.refusals]


def test_a_hundred_at_1_15_gives_115(settle):
    rule = PER_EURO | {"points": "1.15"}
    outcome = settle({"earning": [rule]}, {"orders": [order(1, NOON, "100.00")]})
    assert points(outcome, "earn") == [115]


@pytest.mark.parametrize(
    ("spent", "tier"),
    [
        ("999.00", "member"),
        ("1000.00", "bronze"),
        ("1001.00", "bronze"),
        ("5000.00", "silver"),
        ("10000.00", "gold"),
    ],
    ids=str,
)
def test_a_tier_is_the_highest_threshold_reached(settle, spent, tier):
    levels = {"member": "0", "bronze": "1000", "silver": "5000", "gold": "10000"}
    outcome = settle(
        {"tiers": {"levels": levels, "by": "points"}}, {"orders": [order(1, NOON, spent)]}
    )
    assert outcome.balances[0]["tier"] == tier


def test_spending_points_does_not_cost_the_tier(settle):
    ladder = {"levels": {"member": "0", "silver": "500"}, "by": "points", "review": "year"}
    logs = {
        "orders": [order(1, NOON, "500.00")],
        "events": [event(1, NOON + HOUR, "redeem", points=500)],
    }
    outcome = settle({"tiers": ladder}, logs)
    assert outcome.balances[0]["available"] == 0
    assert [tier for *_, tier in outcome.tiers] == ["silver"]


@pytest.mark.parametrize("more", [[], [("2024-01-06T12:00", "30.00")]], ids=["two", "three"])
def test_a_fall_that_waits_leads_no_lower_than_what_was_reached_since(settle, more):
    ladder = {
        "levels": {"member": "0", "silver": "10", "gold": "30"},
        "by": "spend",
        "window": {"months": 1},
        "review": "month",
        "keep": 0,
        "grace_days": 40,
    }
    bought = [("2024-01-05T12:00", "12.00"), ("2024-03-05T12:00", "12.00"), *more]
    orders = [order(number, instant(at), total) for number, (at, total) in enumerate(bought)]
    outcome = settle({"tiers": ladder}, {"orders": orders}, instant("2024-04-11T12:00"))
    assert outcome.balances[0]["tier"] == "silver"


def test_expired_points_cannot_be_spent_though_nothing_swept(settle):
    ends = instant("2024-05-03T00:00")
    logs = {
        "orders": [order(1, NOON)],
        "events": [
            event(1, ends - dt.timedelta(microseconds=1), "redeem", points=1),
            event(2, ends, "redeem", points=1),
        ],
    }
    outcome = settle({"expiry": {"form": "after", "days": 1}}, logs)
    assert reasons(outcome) == ["insufficient"]
    assert points(outcome, "expire") == [-9]


def test_a_cancel_keeps_the_expiry_of_the_lots(settle):
    logs = {
        "orders": [order(1, NOON)],
        "events": [
            event(1, NOON + HOUR, "redeem", points=6),
            event(2, NOON + 2 * HOUR, "cancel", refers_to=1),
        ],
    }
    outcome = settle({"expiry": {"form": "after", "days": 1}}, logs)
    assert [(row["at"], row["points"]) for row in outcome.entries if row["kind"] == "expire"] == [
        (instant("2024-05-03T00:00"), -10)
    ]


@pytest.mark.parametrize(
    ("restored", "lapse"),
    [("original", "2024-05-05T12:00"), (2, "2024-05-08T00:00")],
    ids=str,
)
def test_what_a_cancel_gives_back_past_its_expiry_lapses_or_lives_some_days(
    settle, restored, lapse
):
    logs = {
        "orders": [order(1, NOON)],
        "events": [
            event(1, NOON + HOUR, "redeem", points=6),
            event(2, instant("2024-05-05T12:00"), "cancel", refers_to=1),
        ],
    }
    program = {"expiry": {"form": "after", "days": 1}, "refunds": {"restored": restored}}
    outcome = settle(program, logs)
    assert [(row["at"], row["points"]) for row in outcome.entries if row["kind"] == "expire"] == [
        (instant("2024-05-03T00:00"), -4),
        (instant(lapse), -6),
    ]


SPENT = {
    "orders": [order(1, NOON, "100.00")],
    "events": [
        event(1, NOON + HOUR, "redeem", points=70),
        event(2, NOON + 2 * HOUR, "refund", refers_to=1, amount="100.00"),
    ],
}


def test_spent_points_of_a_refunded_order_are_owed(settle):
    outcome = settle({}, SPENT)
    assert points(outcome, "clawback") == [-100]
    assert (outcome.balances[0]["available"], outcome.balances[0]["debt"]) == (0, 70)
    paid = {**SPENT, "orders": [*SPENT["orders"], order(2, NOON + 3 * HOUR, "50.00")]}
    assert settle({}, paid).balances[0]["debt"] == 20


@pytest.mark.parametrize("policy", ["forgive", "lot_only"])
def test_points_that_are_forgiven_leave_a_trace(settle, policy):
    more = {**SPENT, "orders": [*SPENT["orders"], order(2, NOON, "50.00")]}
    outcome = settle({"refunds": {"shortfall": policy}}, more)
    assert points(outcome, "clawback") == [-100]
    # 70 were spent, of the first order; 50 of the second are left to pay, unless lot_only.
    assert points(outcome, "forgive") == [70 if policy == "lot_only" else 20]
    assert outcome.balances[0]["available"] == (50 if policy == "lot_only" else 0)


def test_refunds_in_parts_take_no_point_twice(settle):
    parts = [
        event(2 + n, NOON + (2 + n) * HOUR, "refund", refers_to=1, amount=amount)
        for n, amount in enumerate(("33.33", "33.33", "33.34", "0.01"))
    ]
    outcome = settle({}, {**SPENT, "events": [SPENT["events"][0], *parts]})
    assert points(outcome, "clawback") == [-34, -33, -33]
    assert reasons(outcome) == ["exceeds what is left of the order"]
    assert outcome.balances[0]["debt"] == 70


def test_expired_points_of_a_refunded_order_are_not_taken_again(settle):
    late = instant("2024-06-10T12:00")
    logs = {
        "orders": [order(1, NOON, "100.00"), order(2, late - HOUR, "40.00")],
        "events": [
            event(1, NOON + HOUR, "redeem", points=30),
            event(2, late, "refund", refers_to=1, amount="100.00"),
        ],
    }
    outcome = settle({"expiry": {"form": "after", "months": 1}}, logs, late)
    # 70 expired on 2 June; the 30 that were spent come from the second order.
    assert points(outcome, "expire", "clawback") == [-70, -30]
    assert outcome.balances[0]["available"] == 10


def test_pending_points_of_a_refunded_order_never_become_available(settle):
    logs = {
        "orders": [order(1, NOON, "100.00"), order(2, NOON - 480 * HOUR, "40.00")],
        "events": [
            event(1, NOON + HOUR, "redeem", points=41),
            event(2, NOON + 2 * HOUR, "refund", refers_to=1, amount="50.00"),
        ],
    }
    outcome = settle({"pending_days": 14}, logs, NOON + 24 * HOUR)
    assert reasons(outcome) == ["insufficient"]
    assert (outcome.balances[0]["available"], outcome.balances[0]["pending"]) == (40, 50)


def test_a_retry_pays_once(settle):
    twice = [event(1, NOON, "review")] * 2
    logs = {"orders": [order(1, NOON)] * 2, "events": twice}
    review = {"form": "flat", "name": "review", "points": "20", "on": "review"}
    assert points(settle({"earning": [PER_EURO, review]}, logs), "earn") == [10, 20]


def test_nine_of_ten_lots_of_one_are_nine(settle):
    logs = {
        "orders": [order(number, NOON, "1.00") for number in range(10)],
        "events": [event(1, NOON + HOUR, "redeem", points=9)],
    }
    outcome = settle({}, logs)
    assert [row["points"] for row in outcome.allocations] == [1] * 9
    assert outcome.balances[0]["available"] == 1


def test_a_birthday_of_29_february_is_paid_once_each_year(settle):
    program = {"care": [{"form": "birthday", "name": "birthday", "points": 100}]}
    customer = {
        "id": 1,
        "joined_at": instant("2023-06-01T12:00"),
        "birth_date": dt.date(1992, 2, 29),
    }
    logs = {"orders": [order(1, instant("2023-06-01T12:00"))], "customers": [customer]}
    outcome = settle(program, logs, instant("2025-12-31T00:00"))
    paid = [row["at"] for row in outcome.entries if row["kind"] == "care"]
    assert paid == [instant("2024-02-29T00:00"), instant("2025-02-28T00:00")]


@pytest.mark.parametrize(
    ("tz", "earned", "opens", "ends"),
    [
        # 31 January + 1 month is usable through 29 February, whatever the zone.
        ("Europe/Paris", "2024-01-31T09:00", "2024-01-31T23:00", "2024-02-29T23:00"),
        ("America/New_York", "2024-01-31T23:30", "2024-02-01T05:00", "2024-03-01T05:00"),
        # Still 31 January in New York, already 1 February in Paris.
        ("America/New_York", "2024-02-01T04:59", "2024-02-01T05:00", "2024-03-01T05:00"),
        ("Europe/Paris", "2024-01-31T23:00", "2024-02-01T23:00", "2024-03-01T23:00"),
        # Days of 23 and of 25 hours, and a month later.
        ("Europe/Paris", "2024-03-30T23:30", "2024-03-31T22:00", "2024-04-30T22:00"),
        ("Europe/Paris", "2024-10-26T22:30", "2024-10-27T23:00", "2024-11-27T23:00"),
        ("America/New_York", "2024-03-10T05:30", "2024-03-11T04:00", "2024-04-11T04:00"),
        ("America/New_York", "2024-11-03T04:30", "2024-11-04T05:00", "2024-12-04T05:00"),
        # The month ends on such a night.
        ("Europe/Paris", "2024-02-29T12:00", "2024-02-29T23:00", "2024-03-29T23:00"),
        ("Europe/Paris", "2024-09-27T12:00", "2024-09-27T22:00", "2024-10-27T23:00"),
        ("America/New_York", "2024-02-10T12:00", "2024-02-11T05:00", "2024-03-11T04:00"),
        ("America/New_York", "2024-10-03T12:00", "2024-10-04T04:00", "2024-11-04T05:00"),
    ],
    ids=str,
)
def test_points_open_and_end_with_local_days(settle, tz, earned, opens, ends):
    program = {"tz": tz, "pending_days": 1, "expiry": {"form": "after", "months": 1}}
    outcome = settle(program, {"orders": [order(1, instant(earned))]}, instant(ends) - HOUR)
    (lot,) = outcome.lots
    assert (lot["available_at"], lot["expires_at"]) == (instant(opens), instant(ends))


def test_a_cap_hit_before_a_refund_gives_its_room_back(settle):
    logs = {
        "orders": [
            order(1, NOON, "80.00"),
            order(2, NOON + HOUR, "40.00"),
            order(3, NOON + 4 * HOUR, "90.00"),
        ],
        "events": [
            event(1, NOON + 2 * HOUR, "refund", refers_to=1, amount="80.00"),
            event(2, NOON + 3 * HOUR, "refund", refers_to=2, amount="20.00"),
        ],
    }
    outcome = settle({"cap": {"points": 100, "per": "month"}}, logs)
    # 80, and 20 of 40; the full refund releases 80, the partial one nothing: 80 of 90.
    assert points(outcome, "earn") == [80, 20, 80]
    assert points(outcome, "clawback") == [-80, -10]
    assert [entry["desired"] for entry in outcome.entries if entry["kind"] == "earn"] == [
        80,
        40,
        90,
    ]


def test_a_rules_own_cap_gets_its_room_back_too(settle):
    capped = PER_EURO | {"cap": {"points": 100, "per": "month"}}
    logs = {
        "orders": [
            order(1, NOON, "80.00"),
            order(2, NOON + HOUR, "40.00"),
            order(3, NOON + 3 * HOUR, "90.00"),
        ],
        "events": [event(1, NOON + 2 * HOUR, "refund", refers_to=1, amount="80.00")],
    }
    assert points(settle({"earning": [capped]}, logs), "earn") == [80, 20, 80]


def test_what_the_program_gave_is_no_room_under_a_rules_cap_of_all_time(settle):
    rules = [PER_EURO, PER_EURO | {"name": "more", "cap": {"points": 12, "per": "lifetime"}}]
    logs = {
        "orders": [order(n, NOON + n * HOUR, "10.00") for n in (1, 2, 4)],
        "events": [event(1, NOON + 3 * HOUR, "refund", refers_to=2, amount="10.00")],
    }
    outcome = settle({"earning": rules, "rounding": "ceil"}, logs)
    assert points(outcome, "earn") == [20, 12, 12]


def test_of_rules_of_which_the_best_counts_only_that_one_gets_room_back(settle):
    rules = [
        PER_EURO | {"cap": {"points": 100, "per": "month"}},
        {"form": "flat", "name": "gift", "points": "50", "cap": {"points": 60, "per": "month"}},
    ]
    logs = {
        "orders": [
            order(1, NOON, "20.00") | {"customer": 0},
            order(2, NOON + HOUR, "70.00") | {"customer": 0},
            order(3, NOON, "80.00"),
            order(4, NOON + HOUR, "40.00"),
            order(5, NOON + 3 * HOUR, "40.00"),
            order(6, NOON + 4 * HOUR, "60.00"),
            order(7, NOON + 6 * HOUR, "90.00"),
        ],
        "events": [
            event(1, NOON + 2 * HOUR, "refund", refers_to=4, amount="40.00"),
            event(2, NOON + 5 * HOUR, "refund", refers_to=3, amount="80.00"),
        ],
    }
    outcome = settle({"earning": rules, "combine": "best"}, logs)
    # The gift of order 4 comes back and is order 5's; 20 of 100 are left until order 3 is undone.
    assert points(outcome, "earn") == [50, 70, 80, 50, 50, 20, 80]


@pytest.mark.parametrize("per", ["day", "month", "year", "lifetime"])
@pytest.mark.parametrize("combine", ["sum", "best"])
def test_a_day_that_comes_again_goes_on_with_its_caps(settle, per, combine):
    # In St. John's clocks once went back at one past midnight, on 31 October in 2009.
    cap = {"points": 10, "per": per}
    logs = {
        "orders": [
            order(1, instant("2009-10-20T12:00"), "9.00"),
            order(2, instant("2009-11-01T02:30:20"), "8.00"),
            order(3, instant("2009-11-01T02:45"), "5.00"),
            order(4, instant("2009-11-01T03:40"), "1.00"),
            order(5, instant("2009-11-01T03:50"), "30.00"),
            order(6, instant("2009-11-01T03:55"), "30.00"),
        ],
        "events": [event(1, instant("2009-11-01T03:45"), "refund", refers_to=2, amount="8.00")],
    }
    own = {"earning": [PER_EURO | {"cap": cap}], "combine": combine}
    for where in (own, {"cap": cap}):
        outcome = settle({"tz": "America/St_Johns", **where}, logs)
        assert sum(points(outcome, "earn")) > 0


@pytest.mark.parametrize("cap", ["program", "rule"])
def test_a_version_goes_on_with_what_was_used_under_the_one_before(settle, cap):
    rule = {"cap": {"points": 15, "per": "month"}}
    where = rule if cap == "program" else {"earning": [PER_EURO | rule]}
    logs = {"orders": [order(n, NOON + n * DAY, "10.00") for n in (1, 2, 3)]}
    versions = [("2024-05-03", {"rounding": "ceil"})]
    assert points(settle({**where, "versions": versions}, logs), "earn") == [10, 5, 0]


@pytest.mark.parametrize("combine", ["sum", "best"])
@pytest.mark.parametrize("per", ["order", "day", "lifetime"])
def test_as_many_caps_as_there_are_bits_bind_and_give_back(settle, per, combine):
    rules = [
        {"form": "flat", "name": f"r{n}", "points": str(5 + n * 7 % 62)}
        | {"cap": {"points": 4 + n, "per": per}}
        for n in range(62)
    ]
    hours = [order(n, NOON + n * HOUR) for n in (0, 2, 4, 30)]
    back = [
        event(1, NOON + HOUR, "refund", refers_to=0, amount="10.00"),
        event(2, NOON + 5 * HOUR, "refund", refers_to=4, amount="4.00"),
        event(3, NOON + 6 * HOUR, "refund", refers_to=4, amount="6.00"),
    ]
    own = {"earning": rules, "combine": combine, "cap": {"points": 3000, "per": per}}
    outcome = settle(own, {"orders": hours, "events": back})
    assert len(points(outcome, "earn")) == len(hours)


def test_more_changes_of_tiers_than_there_was_room_for(settle):
    month = dt.timedelta(days=31)
    orders = [order(n, NOON + n * month / 2, "10.00") for n in range(200)]
    back = [event(1, NOON + 3 * month, "refund", refers_to=1, amount="99.00")]
    back += [event(2, NOON + 3 * month, "refund", refers_to=2, amount="10.00")]
    tiers = {"levels": {"member": "0", "gold": "10"}, "by": "points", "review": "month"}
    logs, end = {"orders": orders, "events": back}, NOON + 120 * month
    outcome = settle({"tiers": tiers | {"window": {"days": 1}}}, logs, end)
    assert reasons(outcome) == ["exceeds what is left of the order"]


def test_a_rule_that_was_not_the_best_gets_no_room_back(settle):
    rules = [
        PER_EURO | {"cap": MONTHLY},
        {"form": "flat", "name": "gift", "points": "50"},
    ]
    logs = {
        "orders": [
            order(1, NOON, "20.00") | {"customer": 0},
            order(2, NOON + HOUR, "70.00") | {"customer": 0},
            order(3, NOON, "80.00"),
            order(4, NOON + HOUR, "40.00"),
            order(5, NOON + 3 * HOUR, "70.00"),
        ],
        "events": [event(1, NOON + 2 * HOUR, "refund", refers_to=4, amount="40.00")],
    }
    outcome = settle({"earning": rules, "combine": "best"}, logs)
    assert points(outcome, "earn") == [50, 70, 80, 50, 50]


@pytest.mark.parametrize("names", [{1: 7, 2: 8, 3: 9}, {1: "a", 2: "b", 3: "c"}])
def test_who_has_orders_only_and_who_has_events_only_stand_by_themselves(settle, names):
    logs = {
        "orders": [
            order(1, NOON) | {"customer": names[1]},
            order(2, NOON) | {"customer": names[3]},
        ],
        "events": [
            event(1, NOON, "adjust", points=3) | {"customer": names[2]},
            event(2, NOON, "adjust", points=4) | {"customer": names[3]},
        ],
    }
    outcome = settle({}, logs)
    assert [(row["customer"], row["available"]) for row in outcome.balances] == [
        (names[1], 10),
        (names[2], 3),
        (names[3], 14),
    ]


@pytest.mark.parametrize("capped", [("first",), ("second",), ("first", "second"), ()])
def test_of_rules_that_give_the_same_the_one_declared_first_is_best(settle, capped):
    cap = {"cap": {"points": 100, "per": "year"}}
    rules = [
        {"form": "flat", "name": name, "points": "10"} | (cap if name in capped else {})
        for name in ("first", "second")
    ]
    outcome = settle({"earning": rules, "combine": "best"}, {"orders": [order(1, NOON)]})
    assert [entry["rule"] for entry in outcome.entries] == ["first"]


def test_what_a_refund_gives_back_is_room_under_the_cap_that_took_it(settle):
    logs = {
        "orders": [
            order(1, NOON - 40 * DAY, "40.00"),
            order(2, NOON, "40.00"),
            order(3, NOON + DAY, "40.00"),
            order(4, NOON + 3 * DAY, "90.00"),
        ],
        "events": [event(1, NOON + 2 * DAY, "refund", refers_to=2, amount="40.00")],
    }
    later = {"versions": [("2024-05-01", {"cap": {"points": 50, "per": "month"}})]}
    outcome = settle({"cap": {"points": 30, "per": "month"}, **later}, logs)
    assert points(outcome, "earn") == [30, 40, 10, 40]


def test_a_refund_gives_no_room_back_to_another_month(settle):
    logs = {
        "orders": [
            order(1, NOON - 10 * DAY, "80.00"),
            order(2, NOON, "80.00"),
            order(3, NOON + 2 * DAY, "90.00"),
        ],
        "events": [event(1, NOON + DAY, "refund", refers_to=1, amount="80.00")],
    }
    for where in ({"cap": MONTHLY}, {"earning": [PER_EURO | {"cap": MONTHLY}]}):
        assert points(settle(where, logs), "earn") == [80, 80, 20]


def test_who_was_given_points_before_joining_is_a_member_from_then_on(settle):
    customer = {"id": 1, "joined_at": NOON + 9 * DAY, "birth_date": None}
    logs = {
        "orders": [order(1, NOON + DAY)],
        "events": [event(1, NOON, "adjust", points=5)],
        "customers": [customer],
    }
    tiers = {"levels": {"member": "0", "gold": "1000"}, "by": "points"}
    outcome = settle({"tiers": tiers}, logs, NOON + 2 * DAY)
    # The order came before the member did, and earns nothing.
    assert [row["available"] for row in outcome.balances] == [5]
    assert outcome.entries[0]["points"] == 5


def test_more_points_than_32_bits_hold(settle):
    rule = PER_EURO | {"points": "1000"}
    logs = {"orders": [order(1, NOON, "3000000.00"), order(2, NOON, "3000000.00")]}
    assert settle({"earning": [rule]}, logs).balances[0]["available"] == 6 * 10**9


def test_what_was_paid_with_points_earns_nothing(settle):
    logs = {
        "orders": [
            order(1, NOON, "10.00", paid_with_points="4.00"),
            order(2, NOON, "10.00", paid_with_points="12.00"),
        ]
    }
    assert points(settle({}, logs), "earn") == [6, 0]


def test_a_refund_falls_under_the_version_that_earned(settle):
    new = {"earning": [PER_EURO | {"points": "2"}], "refunds": {"shortfall": "forgive"}}
    logs = {
        "orders": [order(1, NOON, "10.00"), order(2, NOON + 48 * HOUR, "10.00")],
        "events": [
            event(1, NOON + 49 * HOUR, "redeem", points=30),
            event(2, NOON + 50 * HOUR, "refund", refers_to=1, amount="10.00"),
            event(3, NOON + 51 * HOUR, "refund", refers_to=2, amount="5.00"),
        ],
    }
    outcome = settle({"versions": [("2024-05-02", new)]}, logs)
    assert points(outcome, "earn") == [10, 20]
    assert points(outcome, "clawback") == [-10, -10]
    # The first version lets points be owed, the second forgives them.
    assert points(outcome, "forgive") == [10]
    assert outcome.balances[0]["debt"] == 10
