"""The kinds of events, and of entries, that the engine knows by name."""

from __future__ import annotations

__all__ = ["ENGINE_KINDS", "ORDER_KIND", "REDEEM_KIND", "UNSETTLED_KINDS"]

ORDER_KIND = "order"
"""What an earning rule is on when it is on orders."""

REDEEM_KIND = "redeem"
"""A request to spend points."""

UNSETTLED_KINDS = ("redeemed", "refund", "cancel", "adjust", "opening", "close")
"""Kinds that mean something to a ledger and cannot be settled yet."""

ENGINE_KINDS = frozenset((REDEEM_KIND, *UNSETTLED_KINDS))
"""Kinds that are no actions: no rule earns on them."""
