"""What a replay comes to."""

from __future__ import annotations

from typing import NamedTuple

ADJUSTED = ("adjust", "care", "opening")


class Outcome(NamedTuple):
    """Rows for all members, in order of customer and of things."""

    entries: list
    allocations: list
    refusals: list
    balances: list
    lots: list
    tiers: list
    members: dict


def balance(customer, member, until):
    account = member.account
    live = [lot for lot in account.lots if lot.left]
    available = sum(lot.left for lot in live if lot.open)
    ends = {lot: member.end(lot) for lot in live if member.end(lot) is not None}
    next_at = min(ends.values(), default=None)

    def posted(*kinds):
        return sum(entry["points"] for entry in account.entries if entry["kind"] in kinds)

    return {
        "customer": customer,
        "available": available,
        "pending": sum(lot.left for lot in live) - available,
        "debt": sum(taker.debt for taker in account.takers),
        "earned": posted("earn"),
        "redeemed": -posted("redeem", "restore"),
        "expired": -posted("expire"),
        "clawed_back": -posted("clawback"),
        "adjusted": posted(*ADJUSTED),
        "forgiven": posted("forgive"),
        "tier": member.tier(until),
        "next_expiry_at": next_at,
        "next_expiry_points": sum(lot.left for lot in ends if ends[lot] == next_at),
    }


def outcome(members, refusals, until):
    """Of folded members."""
    entries, allocations, balances, lots, tiers = [], [], [], [], []
    for customer, member in members.items():
        running = 0
        for entry in member.account.entries:
            running += entry["points"]
            more = {"customer": customer, "balance_after": running}
            entries.append({**entry, **more, "source": entry["source"]["name"]})
            entries[-1]["source_kind"] = entry["source"]["what"]
        allocations += [{"customer": customer, **row} for row in member.account.allocations]
        refusals += [{"customer": customer, **row} for row in member.refusals]
        if member.start is not None:
            balances.append(balance(customer, member, until))
        lots += [
            {
                "customer": customer,
                "lot": lot.name,
                "points": lot.points,
                "left": lot.left,
                "lapsed": lot.lapsed,
                "earned_at": lot.at,
                "available_at": lot.opens,
                "expires_at": member.end(lot),
            }
            for lot in member.account.lots
        ]
        tiers += [(customer, *stretch) for stretch in member.history(until)]
    return Outcome(entries, allocations, refusals, balances, lots, tiers, members)
