"""The whole contract, member by member."""

from __future__ import annotations

from naive.points.log import matters, rows_of
from naive.points.member import Member
from naive.points.outcome import outcome


def place(row):
    return (row["customer"], row["at"], row["rank"], row["key"])


def replay(program, logs, as_of):
    """Entries, allocations, refusals, balances, lots and tiers as of an instant."""
    customers = None
    if logs.get("customers") is not None:
        customers = {each["id"]: each for each in logs["customers"]}
    rows = {one: [] for one in customers or ()}
    strangers = []
    for row in rows_of(program, logs, as_of):
        if customers is not None and row["customer"] not in customers:
            if matters(program, row):
                strangers.append(row)
        else:
            rows.setdefault(row["customer"], []).append(row)
    members = {}
    for one in sorted(rows):
        customer = (customers or {}).get(one)
        joined = (customer or {}).get("joined_at")
        members[one] = Member(program, customer, joined)
        if joined is None or joined <= as_of or rows[one]:
            members[one].fold(rows[one], as_of)
    refusals = [
        {"customer": row["customer"], "event": row["name"], "at": row["at"]}
        | {"reason": "unknown customer"}
        for row in sorted(strangers, key=place)
    ]
    return outcome(members, refusals, as_of)
