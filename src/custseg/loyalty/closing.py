"""Closing: balances, members and refusals of runs, as frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from custseg._kernels import books, lots
from custseg.loyalty.requests import REASONS
from custseg.loyalty.sequence import NEVER
from custseg.loyalty.standing import BALANCES
from custseg.schema.bridge import instants, joined

if TYPE_CHECKING:
    from collections.abc import Sequence as Listed

    from custseg.base.customer_base import CustomerBase
    from custseg.loyalty.settlement import Settled
    from custseg.loyalty.tiering import TierMoves

__all__ = ["closing", "members", "refusals"]

_POINTS = {
    "available": lots.AVAILABLE,
    "pending": lots.PENDING,
    "debt": books.DEBT,
    "earned": lots.EARNED,
    "redeemed": lots.REDEEMED,
    "expired": lots.EXPIRED,
    "clawed_back": books.CLAWED,
    "adjusted": books.ADJUSTED,
    "forgiven": books.FORGIVEN,
    "next_expiry_points": lots.NEXT_POINTS,
}


def members(runs: Listed[Settled]) -> pl.DataFrame:
    """customer_id and since of all members."""
    own = [run.made.members for run in runs]
    since = np.concatenate([each.since for each in own])
    known = np.concatenate([each.known for each in own])
    frame = pl.DataFrame([joined([each.ids for each in own]), pl.Series("since", since)])
    return frame if known.all() else frame.filter(pl.Series(known))


def closing(runs: Listed[Settled], moves: TierMoves | None, until: int) -> pl.DataFrame:
    """Balances at the as_of, from the kernels' totals."""
    own = [run.made.members for run in runs]
    totals = np.concatenate([run.booked.totals for run in runs])
    ids = joined([each.ids for each in own])
    ends = totals[:, lots.NEXT_AT]
    next_at = instants(np.where(ends == NEVER, 0, ends))
    if ends.size and bool((ends == NEVER).any()):
        told = pl.DataFrame([next_at.alias("at"), pl.Series("has", ends != NEVER)])
        next_at = told.select(pl.when("has").then("at")).to_series()
    columns = {name: totals[:, place] for name, place in _POINTS.items()}
    tier = None if moves is None else moves.closing
    if tier is None:
        tier = pl.repeat(None, ids.len(), dtype=pl.String, eager=True)
    beside = {"customer_id": ids, "tier": tier, "next_expiry_at": next_at, **columns}
    frame = pl.DataFrame([pl.Series(name, beside[name]) for name in BALANCES])
    is_member = np.concatenate([each.known & (each.since <= until) for each in own])
    return frame if is_member.all() else frame.filter(pl.Series(is_member))


def refusals(run: Settled, base: CustomerBase) -> pl.DataFrame:
    """What was refused, by customer and order of things, and why."""
    if run.refused is not None:
        return run.refused
    rows = np.flatnonzero(run.booked.reason)
    made = run.made
    only = None
    if not (base.has("orders") and base.has("events")):
        only = ("events", "orders")[base.has("orders")]
    whose = np.searchsorted(made.offsets, rows, side="right") - 1
    return pl.DataFrame(
        {
            "event_id": made.names(rows, text=bool(run.terms.for_others), only=only),
            "customer_id": made.members.ids[whose],
            "at": instants(made.at[rows]),
            "reason": pl.Series(REASONS)[run.booked.reason[rows]],
        }
    )
