"""Totals: a ledger in a handful of sums."""

from __future__ import annotations

import polars as pl
from attrs import frozen

from custseg.loyalty.standing import COUNTS

__all__ = ["Totals", "totals_of"]


@frozen
class Totals:
    """A ledger in a handful of sums, over all members.

    issued + adjusted + forgiven − redeemed − expired − clawed_back = pending +
    available − debt.

    Attributes:
        members: Members with an order or event.
        issued: Points earned.
        adjusted: Points given or taken by hand, as care, or from elsewhere.
        redeemed: Points spent, less those that cancels gave back.
        expired: Points that lapsed.
        clawed_back: Points that refunds took back.
        forgiven: Points of that which nobody had to give.
        pending: Points that cannot be spent yet.
        available: Points that can be spent.
        debt: Points that later ones will pay.
        refused: Refusals.

    >>> from custseg.loyalty.totals import Totals
    >>> totals = Totals(members=1, issued=9, redeemed=2, expired=1, pending=0, available=6)
    >>> totals.outstanding
    6
    """

    members: int
    issued: int
    redeemed: int
    expired: int
    pending: int
    available: int
    adjusted: int = 0
    clawed_back: int = 0
    forgiven: int = 0
    debt: int = 0
    refused: int = 0

    @property
    def outstanding(self) -> int:
        """Points that are still owed: available and pending."""
        return self.available + self.pending


def totals_of(balances: pl.DataFrame, refused: int) -> Totals:
    """The sums of balances."""
    # A member's points fit in int64, those of all may not.
    sums = {name: int(balances[name].cast(pl.Int128).sum()) for name in COUNTS}
    return Totals(members=balances.height, issued=sums.pop("earned"), refused=refused, **sums)
