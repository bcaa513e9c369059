"""The kinds of events, and of entries, that the engine knows by name."""

from __future__ import annotations

__all__ = ["ENGINE_KINDS", "ENTRY_KINDS", "ORDER_KIND"]

ORDER_KIND = "order"
"""What an earning rule is on when it is on orders."""

ENGINE_KINDS = frozenset(("redeem", "redeemed", "refund", "cancel", "adjust", "opening", "close"))
"""Kinds that are no actions: no rule earns on them."""

ENTRY_KINDS = (
    "earn",
    "redeem",
    "expire",
    "clawback",
    "restore",
    "adjust",
    "forgive",
    "care",
    "opening",
)
"""Kinds of entries, by the number that kernels write."""
