"""A program replayed over logs in lists, dates and Fractions: the twin of a whole run.

`program` and `logs` are plain values that mirror the words of the declarations:

    program = {
        "name", "tz",
        "earning": [
            {"form": "flat" | "per" | "boost", "name", "points" (or "factor"), "per", "on",
             "when": [(column, "=", value), ...], "lines": the same, "during": (day, day),
             "tiers": [...], "cap": {"points", "per"}, "also": {"to", "points"}},
        ],
        "combine", "rounding", "cap": {"points", "per"}, "pending_days",
        "expiry": {"form": "after" | "on" | "idle", "months", "days", "end_of", ...},
        "redemption": {"minimum", "order"}, "refunds": {"shortfall", "restored"},
        "tiers": {"levels", "by", "window", "review", "keep", "downgrade", "grace_days",
                  "upgrade", "on_refund", "boost"},
        "versions": [(first local day, {what differs from then on}), ...],
        "rewards": [{"name", "points", "per_member"}],
        "care": [{"form": "birthday" | "anniversary" | "holiday", "name", "points", ...}],
    }
    logs = {"orders": [...], "lines": [...], "events": [...], "customers": [...] or None}

What is absent has the value that the declaration gives it.
"""

from __future__ import annotations

from naive.points.replay import replay

__all__ = ["replay"]
