"""What the logs of one customer hold, as a profile shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from custseg.errors import LedgerError
from custseg.schema.clock import local_times

if TYPE_CHECKING:
    from custseg.base.customer_base import CustomerBase
    from custseg.loyalty.ledger import Ledger

__all__ = ["answers", "points_of", "touches", "waiting"]

_POSTINGS = {
    "at": pl.Datetime("us"),
    "kind": pl.String,
    "points": pl.Int64,
    "balance": pl.Int64,
    "about": pl.String,
    "usable_until": pl.Date,
}


def touches(own: CustomerBase, last: int) -> pl.DataFrame:
    """The last orders, returns and events of a customer, the latest first, times local."""
    kind = pl.when(pl.col("total") < 0).then(pl.lit("return")).otherwise(pl.lit("order"))
    orders = own.view("orders").select(
        at="ordered_at",
        kind=kind,
        channel="channel",
        amount="total",
        points=pl.lit(None, pl.Int64),
        source=pl.col("order_id").cast(pl.String),
    )
    events = own.view("events").select(
        "at", "kind", "channel", "amount", "points", source=pl.col("event_id").cast(pl.String)
    )
    listed = pl.concat([orders, events]).sort("at", "source", descending=True).head(last)
    return local_times(listed, own.tz)


def waiting(own: CustomerBase) -> pl.DataFrame:
    """The open tickets of a customer, the oldest first, times local."""
    rows = own.view("tickets").filter(pl.col("resolved_at").is_null())
    shown = rows.sort("opened_at", "ticket_id").select(
        "ticket_id", "opened_at", "category", "priority", "channel", "first_response_at"
    )
    return local_times(shown, own.tz)


def answers(own: CustomerBase, last: int) -> pl.DataFrame:
    """The last answers of a customer, the latest first, times local."""
    rows = own.view("feedback").sort("at", "feedback_id", descending=True).head(last)
    return local_times(rows.select("at", "kind", "score", "touchpoint", "comment"), own.tz)


def points_of(
    ledger: Ledger | None, customer_id: int | str, own: CustomerBase, last: int
) -> tuple[dict[str, Any] | None, pl.DataFrame]:
    """The balances of a member, and the last postings, the latest first.

    Raises:
        LedgerError: when the ledger ends before the base's instant.
    """
    nothing = pl.DataFrame(schema=_POSTINGS)
    if ledger is None:
        return None, nothing
    row = ledger.balances(own.instant).filter(pl.col("customer_id") == customer_id)
    if not row.height:
        return None, nothing
    points = local_times(row.drop("customer_id"), own.tz).row(0, named=True)
    try:
        statement = ledger.statement(customer_id).frame
    except LedgerError:
        # A ledger of balances only has no postings to show.
        return points, nothing
    entries = ledger.entries.filter(pl.col("customer_id") == customer_id)
    by_then = entries["at"].to_physical() <= own.when.instant
    return points, statement.filter(by_then).reverse().head(last)
