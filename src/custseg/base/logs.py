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
        later: Columns that a row gets later: the instant that says when, and
            the columns that are hidden with it.
    """

    noun: type
    instant: str
    later: tuple[tuple[str, tuple[str, ...]], ...] = ()


LOGS: Mapping[str, Log] = {
    "orders": Log(Order, "ordered_at"),
    "lines": Log(OrderLine, "ordered_at"),
    "events": Log(Event, "at"),
    "feedback": Log(Feedback, "at"),
    "tickets": Log(Ticket, "opened_at", (("first_response_at", ()), ("resolved_at", ()))),
    "opportunities": Log(Opportunity, "opened_at", (("closed_at", ("won",)),)),
}


def seen(rows: pl.DataFrame, log: Log, instant: int) -> pl.DataFrame:
    """The rows of a log, with all columns of its table, as they stood at an instant.

    Nothing is copied when nothing is later.
    """
    if _is_later(rows[log.instant], instant):
        rows = rows.filter(pl.col(log.instant).to_physical() <= instant)
    hidden: list[pl.Expr] = []
    for when, others in log.later:
        if _is_later(rows[when], instant):
            # What has no instant of its own was never later.
            known = (pl.col(when).to_physical() <= instant).fill_null(value=True)
            hidden.extend(pl.when(known).then(pl.col(name)).alias(name) for name in (when, *others))
    return rows.with_columns(hidden) if hidden else rows


def _is_later(instants: pl.Series, instant: int) -> bool:
    latest = instants.cast(pl.Int64).max()
    return latest is not None and int(latest) > instant  # type: ignore[arg-type]
