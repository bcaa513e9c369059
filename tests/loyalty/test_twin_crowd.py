"""Crowds: many members' long logs in one base, which few examples of a law would reach."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from loyalty import worlds
from loyalty.bridge import base_of, differences, program_of
from naive.points import replay

MEMBERS, STEPS = 60, 16
BASE = {"form": "per", "name": "base", "points": "1.15", "per": "1.00"}
MUG = [{"name": "mug", "points": 5, "per_member": 1}]
LADDER = {"levels": worlds.LEVELS["points"], "by": "points", "boost": {"gold": "1.5"}}
YEARLY = {"review": "year", "window": {"months": 12}, "keep": 1}
GRACE = {"review": "month", "window": {"months": 1}, "downgrade": "one_level", "grace_days": 3}
RISING = {"review": "anniversary", "window": "period", "upgrade": "at_review"}
APP = {"form": "flat", "name": "app", "points": "4", "when": [("channel", "=", "app")]}
GOLD = {"form": "flat", "name": "gold", "points": "3", "tiers": ["gold", "silver"]}
VISITS = {"form": "flat", "name": "visits", "points": "7", "on": "review"}
TWICE = {"form": "boost", "name": "twice", "factor": "2", "when": [("channel", "=", "web")]}
MONTH, DAY, ONCE = ({"points": 9, "per": per} for per in ("month", "day", "order"))

PROGRAMS = {
    "debt, caps, a year": {
        "earning": [{**BASE, "cap": MONTH}, {**VISITS, "cap": ONCE}, GOLD, TWICE],
        "cap": {"points": 30, "per": "month"},
        "tiers": LADDER | YEARLY,
        "expiry": {"form": "after", "days": 30},
        "pending_days": 3,
    },
    "forgiven, the best, grace": {
        "earning": [BASE, {**APP, "cap": DAY}, VISITS, {**GOLD, "cap": MONTH}],
        "combine": "best",
        "rounding": "half_even",
        "tiers": LADDER | GRACE,
        "expiry": {"form": "idle", "days": 30},
        "refunds": {"shortfall": "forgive", "restored": 30},
    },
    "own lots, oldest first": {
        "earning": [BASE, APP, VISITS],
        "rounding": "ceil",
        "redemption": {"order": "oldest_first", "minimum": 2},
        "expiry": {"form": "after", "months": 1, "end_of": "month"},
        "tiers": LADDER | RISING | {"on_refund": "keep"},
        "refunds": {"shortfall": "lot_only", "restored": "original"},
    },
    "no caps, no tiers": {
        "earning": [BASE, TWICE],
        "rounding": "half_up",
        "redemption": {"order": "oldest_first"},
        "refunds": {"shortfall": "debt", "restored": 3},
        "expiry": {"form": "after", "days": 3},
    },
}


def step(chance):
    """One step as hypothesis would draw it."""
    kind = worlds.BAG[chance.integers(len(worlds.BAG))]
    channel = (None, "app", "web")[chance.integers(3)]
    ahead = worlds.AHEAD[chance.integers(len(worlds.AHEAD))]
    return (kind, 1, int(ahead), *map(int, chance.integers(0, 11, size=2)), channel)


def crowd(seed):
    """Members each with a log of their own; ids go on from one to the next."""
    chance = np.random.default_rng(seed)
    found = {"orders": [], "lines": [], "events": [], "customers": None}
    names = {"text_orders": False, "text_events": False}
    for member in range(MEMBERS):
        steps = [worlds.FIRST_ORDER, *(step(chance) for _ in range(STEPS))]
        first = int(chance.integers(0, len(worlds.GRID) - 40))
        own = worlds.log_of((names, first, steps, None))
        for name in ("orders", "lines", "events"):
            for row in own[name]:
                row["customer"] = member
                for key in ("id", "order", "refers_to"):
                    if row.get(key) is not None:
                        row[key] += 100 * member
                found[name].append(row)
    return found


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_crowd_is_folded_as_the_twin_folds_it(name):
    program = {"name": "Blue", "tz": "Europe/Paris", "rewards": MUG, **PROGRAMS[name]}
    logs = crowd(len(name))
    outcome = replay(program, logs, worlds.LATEST)
    ledger = program_of(program).run(base_of(logs, program["tz"], worlds.LATEST))
    assert differences(outcome, ledger) == {}
    assert ledger.check().is_empty()
    kinds = {"earn", "redeem", "expire", "clawback", "restore", "adjust", "opening"}
    assert kinds <= set(ledger.entries["kind"])
    # What makes a crowd worth its time: refusals of every kind that members can meet.
    assert ledger.refusals["reason"].n_unique() >= 7


def test_what_two_events_of_one_instant_made_lapse_stands_with_each():
    days = [worlds.GRID[0] + dt.timedelta(days=number) for number in range(8)]
    row = {"customer": 1, "total": "4.00"}
    logs = {
        "orders": [{**row, "id": 5, "at": days[0]}, {**row, "id": 1, "at": days[5]}],
        "events": [
            {"id": 6, "customer": 1, "at": days[1], "kind": "redeem", "points": 4},
            {"id": 7, "customer": 1, "at": days[6], "kind": "cancel", "refers_to": 6},
            {"id": 8, "customer": 1, "at": days[6], "kind": "close"},
        ],
    }
    program = {"name": "Blue", "tz": "UTC", "earning": [BASE]}
    program["expiry"] = {"form": "after", "days": 3}
    ledger = program_of(program).run(base_of(logs, "UTC", days[7]))
    lapsed = ledger.entries.filter(kind="expire").select("source", "lot_id").rows()
    assert lapsed == [("7", "order:5"), ("8", "order:1")]
    assert differences(replay(program, logs, days[7]), ledger) == {}
