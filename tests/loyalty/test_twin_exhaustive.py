"""All logs of up to four events of six kinds, each a member of one base."""

from __future__ import annotations

import datetime as dt
from itertools import product

import pytest

from loyalty.bridge import base_of, differences, program_of
from naive.points import replay

START = dt.datetime(2024, 1, 28, 12, tzinfo=dt.UTC)
KINDS = ("order", "redeem", "refund", "cancel", "adjust", "redeemed")
# Days from one event to the next: at once, within the month, past the expiry of points.
GAPS = (0, 2, 9)
LADDER = {
    "levels": {"member": "0", "silver": "15", "gold": "25"},
    "by": "points",
    "window": {"months": 1},
    "review": "month",
    "boost": {"silver": "1.25", "gold": "1.5"},
}
PROGRAM = {
    "name": "Blue",
    "tz": "Europe/Paris",
    "earning": [{"form": "per", "name": "base", "points": "1", "per": "1.00"}],
    "cap": {"points": 30, "per": "month"},
    "tiers": LADDER,
    "expiry": {"form": "after", "days": 7},
}


def log_of(kinds, gap, member, logs):
    """Appends one member's events; each refund and cancel means the last that it could mean."""
    orders, redemptions = [], []
    for number, kind in enumerate(kinds):
        row = {"id": member * 10 + number, "customer": member}
        row["at"] = START + dt.timedelta(days=gap * number)
        if kind == "order":
            logs["orders"].append({**row, "total": "11.00"})
            orders.append(row["id"])
            continue
        row |= {"kind": kind}
        if kind in {"redeem", "redeemed"}:
            row["points"] = 7 if kind == "redeem" else 9
            redemptions.append(row["id"])
        elif kind == "refund":
            row |= {"refers_to": orders[-1] if orders else None, "amount": "5.50"}
        elif kind == "cancel":
            row |= {"refers_to": redemptions[-1] if redemptions else None}
        else:
            row["points"] = -4
        logs["events"].append(row)


def every_log(gap):
    logs = {"orders": [], "events": []}
    member = 0
    for length in range(1, 5):
        for kinds in product(KINDS, repeat=length):
            member += 1
            log_of(kinds, gap, member, logs)
    assert member == 6 + 6**2 + 6**3 + 6**4
    return logs


@pytest.mark.compiled
@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize(
    ("shortfall", "restored", "pending_days"),
    [("debt", "original", 0), ("forgive", 5, 0), ("lot_only", "original", 3), ("debt", 5, 3)],
    ids=str,
)
def test_every_short_log_comes_to_the_same(shortfall, restored, pending_days, gap):
    refunds = {"shortfall": shortfall, "restored": restored}
    program = {**PROGRAM, "refunds": refunds, "pending_days": pending_days}
    logs = every_log(gap)
    until = START + dt.timedelta(days=60)
    outcome = replay(program, logs, until)
    ledger = program_of(program).run(base_of(logs, program["tz"], until))
    assert differences(outcome, ledger) == {}
    assert ledger.check().is_empty()
