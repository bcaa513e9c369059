"""Closing: balances, members and refusals of runs, as frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from custseg._kernels import books, lots
from custseg.loyalty.requests import REASONS
from custseg.loyalty.sequence import NEVER
from custseg.loyalty.standing import BALANCES
from custseg.schema.bridge import framed, instants, joined, masked, nulls, taken

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


_REASONS = pl.Series(REASONS)


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
    ends, rows = totals[:, lots.NEXT_AT], len(totals)
    # One column of all figures, cut: each that is made of an array takes 5 us.
    figures = pl.Series(np.take(totals.T, list(_POINTS.values()), axis=0).ravel())
    made = {
        name: figures.slice(place * rows, rows).alias(name) for place, name in enumerate(_POINTS)
    }
    made["customer_id"] = joined([each.ids for each in own]).alias("customer_id")
    made["tier"] = nulls("tier", pl.String, rows) if moves is None else moves.closing
    made["next_expiry_at"] = masked(instants(ends, "next_expiry_at"), ends != NEVER)
    frame = framed([made[name] for name in BALANCES])
    begun = np.concatenate([each.known & (each.since <= until) for each in own])
    return frame if begun.all() else frame.filter(pl.Series(begun))


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
            "customer_id": taken(made.members.ids, whose),
            "at": instants(made.at[rows]),
            "reason": taken(_REASONS, run.booked.reason[rows]),
        }
    )
