"""From names to columns: every log is reduced once for all measures asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import polars as pl
from attrs import field, frozen

from custseg.base.logs import LOGS
from custseg.base.measure import Measure
from custseg.base.reductions import (
    FOLDED,
    from_events,
    from_feedback,
    from_fold,
    from_lines,
    from_tickets,
)
from custseg.base.rhythm import RHYTHM, from_rhythm
from custseg.errors import Problem, SchemaError
from custseg.model.measure_name import WHOLE, WINDOWED, MeasureName
from custseg.rules.language import nearest
from custseg.schema.bridge import filled, framed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from custseg.base.customer_base import CustomerBase
    from custseg.base.span import AsOf

__all__ = ["Plan", "lacking", "log_of", "measure_frame", "plan", "type_of"]

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
_COUNTS = ("orders", "days_active", "category_count", "open_tickets")
_WHOLE_NUMBERS = (*_COUNTS, "recency_days", "tenure_days", "last_gap_days", "nps_last")
_WHERE = "CustomerBase.measures"


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
    folded: list[MeasureName] = field(factory=list)
    rhythm: list[MeasureName] = field(factory=list)
    logs: dict[str, list[MeasureName]] = field(factory=dict)
    own: list[Measure] = field(factory=list)
    told: list[str] = field(factory=list)
    scored: list[str] = field(factory=list)

    @property
    def zeros(self) -> list[str]:
        """Columns that are 0, not null, for who has no rows: counts and sums."""
        named = (*self.folded, *self.rhythm, *(n for names in self.logs.values() for n in names))
        counting = [str(name) for name in named if _counts(name) or name.base == "spend"]
        return [*counting, *(own.name for own in self.own if own.is_zero_over_nothing)]


def plan(base: CustomerBase, wanted: Sequence[object]) -> Plan:
    """Find out where every column comes from.

    Raises:
        SchemaError: for names that nothing provides, all at once.
    """
    named = dict.fromkeys(one for one in wanted if isinstance(one, (str, Measure)))
    problems = [
        Problem(f"{one!r} is not a name", _WHERE, 'write a measure as text: "spend_365d"')
        for one in wanted
        if not isinstance(one, (str, Measure))
    ]
    found = Plan(tuple(dict.fromkeys(map(str, named))))
    for one in named:
        if isinstance(one, Measure):
            problems += _own(base, one, found)
        elif one not in base.known or one == "customer_id":
            problems += _name(base, one, found)
    if len(found.columns) < len(named):
        problems += _twice([str(one) for one in named])
    SchemaError.check(problems)
    return found


def _own(base: CustomerBase, measure: Measure, found: Plan) -> Sequence[Problem]:
    found.own.append(measure)
    problems = lacking(base, measure.over, measure.name, _WHERE)
    return problems or measure.problems(base.log(measure.over), base.tz)


def _name(base: CustomerBase, text: str, found: Plan) -> Sequence[Problem]:
    """Note where a name comes from, or say why it comes from nowhere."""
    name = MeasureName.parse(text)
    if text in base.score_names:
        found.scored.append(text)
    elif text in base.customer_columns:
        found.told.append(text)
    elif name is None:
        return [_unknown(base, text)]
    elif name.base in FOLDED:
        found.folded.append(name)
    elif name.base in RHYTHM:
        found.rhythm.append(name)
    else:
        log = log_of(name)
        found.logs.setdefault(log, []).append(name)
        return lacking(base, log, text, _WHERE)
    return []


def _twice(names: Sequence[str]) -> list[Problem]:
    return [
        Problem(f"two measures are named {name!r}", _WHERE, "give one of them another name")
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]


def log_of(name: MeasureName) -> str:
    """The log that a measure is of."""
    log = "orders" if name.base in (*FOLDED, *RHYTHM) else "events"
    return _LOG_OF.get(name.base, log)


def lacking(base: CustomerBase, log: str | MeasureName, name: str, where: str) -> list[Problem]:
    """What is wrong with measuring a log, or what a name measures: it is not there.

    Orders may be absent: nobody has bought yet, so counts are 0. Any other log
    that is absent was forgotten: 0 would be a wrong answer.
    """
    asked = log if isinstance(log, str) else log_of(log)
    if asked == "orders" or base.has(asked):
        return []
    what = f"{name!r} needs {asked}, and the base has none"
    return [Problem(what, where, f"build the base with {asked}=")]


def type_of(name: MeasureName) -> pl.DataType:
    """The dtype of a measure's column, known before it is measured."""
    if name.base == "top_category":
        return pl.String()
    return pl.Int64() if name.base in _WHOLE_NUMBERS or _counts(name) else pl.Float64()


def _counts(name: MeasureName) -> bool:
    return name.base in _COUNTS or name.base.startswith("events_")


def _unknown(base: CustomerBase, name: str) -> Problem:
    known = (*WINDOWED, *WHOLE, *base.customer_columns, *base.score_names)
    what = f"{name!r} is no measure, no column of customers and no score"
    return Problem(what, _WHERE, nearest(name, known))


def measure_frame(base: CustomerBase, wanted: Sequence[str | Measure]) -> pl.DataFrame:
    """One row a customer, sorted by customer_id, with the wanted columns.

    What has a name is kept by the base: its logs and its as_of never change.
    """
    known = base.known
    named = {*map(type, wanted)} <= {str} and "customer_id" not in wanted
    if named and all(map(known.__contains__, wanted)):
        columns = cast("Iterable[str]", dict.fromkeys(wanted))
    else:
        planned = plan(base, wanted)
        columns, known = planned.columns, {**known, **_measured(base, planned)}
    return framed([base.customer_ids, *(known[name] for name in columns)])


def _measured(base: CustomerBase, planned: Plan) -> dict[str, pl.Series]:
    """What was not known yet, by name; the base keeps it, measures of the user's own aside."""
    own = {str(measure) for measure in planned.own}
    zeros = frozenset(planned.zeros)
    found: dict[str, pl.Series] = {}
    for part in _parts(base, planned):
        if base.is_only_orders and planned.folded:
            # Whoever is in the base is in its orders: the fold, the first part, has all.
            base.known.setdefault("customer_id", part[0])
        found.update(_placed(part, base.customer_ids, zeros))
    base.known.update({name: each for name, each in found.items() if name not in own})
    return found


def _placed(
    part: Sequence[pl.Series], ids: pl.Series, zeros: AbstractSet[str]
) -> dict[str, pl.Series]:
    """The columns of a reduction, a value for each customer of the population."""
    own, *columns = part
    if own is not ids and not own.equals(ids):
        everyone = pl.DataFrame([ids])
        placed = everyone.join(
            pl.DataFrame(part), on="customer_id", how="left", maintain_order="left"
        )
        columns = placed.get_columns()[1:]
    return {
        column.name: filled(column, 0) if column.name in zeros else column for column in columns
    }


def _parts(base: CustomerBase, planned: Plan) -> Iterator[Sequence[pl.Series]]:
    """customer_id and measures of each reduction."""
    at, orders = base.when, base.order_log
    if planned.folded:
        yield from_fold(orders, planned.folded, at, base.scale)
    if planned.rhythm:
        yield from_rhythm(orders, planned.rhythm, at)
    for log, names in planned.logs.items():
        yield _REDUCED[log](base.view(log), names, at).get_columns()
    for own in planned.own:
        yield own.of(LOGS[own.over], base.view(own.over), base.tz).get_columns()
    for frame, names in ((base.customers, planned.told), (base.scores, planned.scored)):
        if names and frame is not None:
            yield [frame["customer_id"], *(frame[name] for name in names)]
