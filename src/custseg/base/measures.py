"""From names to columns: every log is reduced once for all measures asked."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import polars as pl
from attrs import field, frozen

from custseg.base.logs import LOGS
from custseg.base.measure import Measure
from custseg.base.reductions import (
    FOLDED,
    RHYTHM,
    from_events,
    from_feedback,
    from_fold,
    from_lines,
    from_rhythm,
    from_tickets,
)
from custseg.errors import Problem, SchemaError
from custseg.model.measure_name import WHOLE, WINDOWED, MeasureName

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from custseg.base.customer_base import CustomerBase
    from custseg.base.span import AsOf

__all__ = ["Plan", "measure_frame", "plan"]

_REDUCED: dict[str, Callable[[pl.DataFrame, Sequence[MeasureName], AsOf], pl.DataFrame]] = {
    "events": from_events,
    "feedback": from_feedback,
    "lines": from_lines,
    "tickets": from_tickets,
}
_LOG_OF = {
    "category_count": "lines",
    "top_category": "lines",
    "nps_last": "feedback",
    "csat_mean": "feedback",
    "open_tickets": "tickets",
}
_COUNTS = ("orders", "spend", "days_active", "category_count", "open_tickets")


@frozen
class Plan:
    """Where each wanted column comes from.

    Attributes:
        columns: The columns of the result, in order.
        folded: Measures that come from one fold of the orders.
        rhythm: Measures of order days.
        logs: Measures of other logs, by log.
        own: Measures of the user's own.
        told: Columns of `customers`.
        scored: Columns that were added by `with_measures`.
    """

    columns: tuple[str, ...]
    folded: tuple[MeasureName, ...] = ()
    rhythm: tuple[MeasureName, ...] = ()
    logs: dict[str, tuple[MeasureName, ...]] = field(factory=dict)
    own: tuple[Measure, ...] = ()
    told: tuple[str, ...] = ()
    scored: tuple[str, ...] = ()


def plan(base: CustomerBase, wanted: Sequence[str | Measure]) -> Plan:
    """Find out where every column comes from.

    Raises:
        SchemaError: for names that nothing provides, all at once.
    """
    problems: list[Problem] = []
    folded: list[MeasureName] = []
    rhythm: list[MeasureName] = []
    logs: dict[str, list[MeasureName]] = {}
    own: list[Measure] = []
    told: list[str] = []
    scored: list[str] = []
    for one in dict.fromkeys(wanted):
        if isinstance(one, Measure):
            own.append(one)
            problems.extend(_needs(base, one.over, one.name))
            continue
        name = MeasureName.parse(one)
        if one in base.score_names:
            scored.append(one)
        elif one in base.customer_columns:
            told.append(one)
        elif name is None:
            problems.append(_unknown(base, one))
        elif name.base == "overdue":
            folded.append(MeasureName("recency_days"))
            rhythm.append(MeasureName("gap_days"))
        elif name.base in FOLDED:
            folded.append(name)
        elif name.base in RHYTHM:
            rhythm.append(name)
        else:
            log = _LOG_OF.get(name.base, "events")
            problems.extend(_needs(base, log, one))
            logs.setdefault(log, []).append(name)
    SchemaError.check(problems)
    return Plan(
        tuple(dict.fromkeys(one.name if isinstance(one, Measure) else one for one in wanted)),
        tuple(dict.fromkeys(folded)),
        tuple(dict.fromkeys(rhythm)),
        {log: tuple(names) for log, names in logs.items()},
        tuple(own),
        tuple(told),
        tuple(scored),
    )


def _needs(base: CustomerBase, log: str, name: str) -> list[Problem]:
    if log == "orders" or base.has(log):
        return []
    return [
        Problem(
            f"{name!r} needs {log}, and the base has none",
            where="CustomerBase.measures",
            fix=f"build the base with {log}=",
        )
    ]


def _unknown(base: CustomerBase, name: str) -> Problem:
    known = [*WINDOWED, *WHOLE, *base.customer_columns, *base.score_names]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    stem, _, suffix = name.rpartition("_")
    if not near and stem:
        near = [f"{hit}_{suffix}" for hit in difflib.get_close_matches(stem, WINDOWED, n=1)]
    hint = f"did you mean {near[0]!r}? " if near else ""
    return Problem(
        f"{name!r} is no measure, no column of customers and no score",
        where="CustomerBase.measures",
        fix=f"{hint}windows end in _30d, _12m or _2026",
    )


def measure_frame(base: CustomerBase, wanted: Sequence[str | Measure]) -> pl.DataFrame:
    """One row a customer, sorted by customer_id, with the wanted columns."""
    planned = plan(base, wanted)
    parts = _parts(base, planned)
    if len(parts) == 1 and base.is_only_orders and planned.folded:
        # Whoever is in the base is in its orders: the fold has a row for each.
        return parts[0].select("customer_id", *planned.columns)
    frame = pl.DataFrame([base.customer_ids])
    for part in parts:
        frame = frame.join(part, on="customer_id", how="left", maintain_order="left")
    if "overdue" in planned.columns:
        frame = frame.with_columns(overdue=_overdue())
    counts = [pl.col(name).fill_null(0) for name in _summing(planned, frame)]
    return frame.with_columns(counts).select("customer_id", *planned.columns)


def _overdue() -> pl.Expr:
    return pl.col("recency_days") / pl.col("gap_days")


def _parts(base: CustomerBase, planned: Plan) -> list[pl.DataFrame]:
    """A frame of customer_id and measures for each reduction."""
    parts: list[pl.DataFrame] = []
    at = base.when
    orders = base.log("orders")
    if planned.folded:
        parts.append(from_fold(orders, planned.folded, at, base.scale))
    if planned.rhythm:
        parts.append(from_rhythm(base.view("orders"), planned.rhythm, at))
    parts.extend(_REDUCED[log](base.view(log), names, at) for log, names in planned.logs.items())
    parts.extend(own.of(LOGS[own.over], base.view(own.over), base.tz) for own in planned.own)
    if planned.told and base.customers is not None:
        parts.append(base.customers.select("customer_id", *planned.told))
    if planned.scored and base.scores is not None:
        parts.append(base.scores.select("customer_id", *planned.scored))
    return parts


def _summing(planned: Plan, frame: pl.DataFrame) -> list[str]:
    """Columns that are 0, not null, for who has no rows."""
    named = (*planned.folded, *planned.rhythm, *(n for names in planned.logs.values() for n in names))
    counting = [
        str(name) for name in named if name.base in _COUNTS or name.base.startswith("events_")
    ]
    counting.extend(own.name for own in planned.own if own.how in {"sum", "count", "n_unique"})
    return [name for name in counting if name in frame.columns]
