"""The frames of a ledger, each made when it is first looked at."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl
from attrs import frozen

from custseg.loyalty.closing import closing, members, refusals
from custseg.loyalty.posting import posted_all
from custseg.loyalty.tiering import tier_moves
from custseg.model.nouns import Order
from custseg.schema.table import table

if TYPE_CHECKING:
    from custseg.base.customer_base import CustomerBase
    from custseg.loyalty.posting import Posted
    from custseg.loyalty.settlement import Settled
    from custseg.loyalty.tiering import TierMoves
    from custseg.schema.table import Table

__all__ = ["Frames"]


@frozen(eq=False)
class Frames:
    """What a ledger shows, made of what its runs left.

    Attributes:
        runs: What came of each part of the members; without rows, where no
            entries were asked for.
        base: The base.
        has_entries: Whether entries were asked for.
    """

    runs: tuple[Settled, ...]
    base: CustomerBase
    has_entries: bool

    @cached_property
    def door(self) -> Table[Order]:
        """What an order that is quoted has to be."""
        return table(Order, currency=self.base.currency, tz=self.base.tz)

    @cached_property
    def people(self) -> pl.DataFrame | None:
        """What is told of customers, by id."""
        people = self.base.customers
        if people is None or people["customer_id"].is_sorted():
            return people
        return people.sort("customer_id")

    @cached_property
    def _lows(self) -> list[int | str]:
        """The first member of each run that has any."""
        return [run.made.members.ids[0] for run in self.runs if run.made.members.ids.len()]

    def run_of(self, customer: int | str) -> Settled:
        """The run in which a customer is, or would be."""
        return self.runs[max(bisect_right(self._lows, customer) - 1, 0)]

    @cached_property
    def refusals(self) -> pl.DataFrame:
        """event_id, customer_id, at and reason of what was refused."""
        return pl.concat([refusals(run, self.base) for run in self.runs])

    @cached_property
    def closing(self) -> pl.DataFrame:
        """Balances at the as_of."""
        return closing(self.runs, self.moves, self.base.when.instant)

    @cached_property
    def members(self) -> pl.DataFrame:
        """customer_id, and since when (microseconds) each is a member."""
        return members(self.runs)

    @cached_property
    def moves(self) -> TierMoves | None:
        """Tier changes; None without tiers."""
        return tier_moves(self.runs, self.base.when.instant)

    @cached_property
    def posted(self) -> Posted | None:
        """Entries and allocations; None where none were asked for."""
        return posted_all(self.runs) if self.has_entries else None
