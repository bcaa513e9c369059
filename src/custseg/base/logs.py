"""The logs of a base: which noun each holds, when a row counts, what as_of hides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from attrs import frozen

from custseg.model.nouns import Event, Feedback, Opportunity, Order, OrderLine, Ticket

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LOGS", "Log", "seen"]


@frozen
class Log:
    """One kind of log.

    Attributes:
        noun: What its rows are.
        instant: The column that says from when a row counts.
        key: The column that tells rows apart.
        later: Columns that a row gets later: the instant that says when, and
            the columns that are hidden with it.
    """

    noun: type
    instant: str
    key: str
    later: tuple[tuple[str, tuple[str, ...]], ...] = ()


LOGS: Mapping[str, Log] = {
    "orders": Log(Order, "ordered_at", "order_id"),
    "lines": Log(OrderLine, "ordered_at", "order_id"),
    "events": Log(Event, "at", "event_id"),
    "feedback": Log(Feedback, "at", "feedback_id"),
    "tickets": Log(
        Ticket,
        "opened_at",
        "ticket_id",
        (("first_response_at", ()), ("resolved_at", ())),
    ),
    "opportunities": Log(Opportunity, "opened_at", "opportunity_id", (("closed_at", ("won",)),)),
}


def seen(rows: pl.DataFrame, log: Log, instant: int) -> pl.DataFrame:
    """The rows of a log as they stood at an instant.

    Nothing is copied when nothing is later.
    """
    if rows.height == 0:
        return rows
    at = rows[log.instant].to_physical()
    if int(at.max()) > instant:  # type: ignore[arg-type]
        rows = rows.filter(at <= instant)
    hidden: list[pl.Expr] = []
    for when, others in log.later:
        if when not in rows.columns:
            continue
        latest = rows[when].to_physical().max()
        if latest is not None and int(latest) > instant:  # type: ignore[arg-type]
            known = pl.col(when).to_physical() <= instant
            # What has no instant of its own was never later.
            shown = known.fill_null(value=True)
            hidden.append(pl.when(known).then(pl.col(when)).alias(when))
            hidden.extend(
                pl.when(shown).then(pl.col(o)).alias(o) for o in others if o in rows.columns
            )
    return rows.with_columns(hidden) if hidden else rows
