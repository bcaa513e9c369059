"""Labels of each period from frames of measures: for schemes that label a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg.base.exact import major, quotient
from custseg.errors import SchemaError
from custseg.model.measure_name import MeasureName
from custseg.schema.bridge import array, read_only
from custseg.schema.clock import clock
from custseg.segments.labels import labels
from custseg.segments.own_measures import carries
from custseg.segments.replay import History, Replay, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase
    from custseg.base.span import AsOf
    from custseg.segments.scheme import Scheme

    Ints = NDArray[np.int64]

__all__ = ["codes_by_assigning", "codes_by_frames"]

_FOLDED = ("orders", "spend", "average_order", "recency_days", "tenure_days")
_ALWAYS = ("orders", "spend")
_BYTE = 255


def codes_by_frames(
    scheme: Scheme, base: CustomerBase, ends: tuple[AsOf, ...], /
) -> History | None:
    """The label of each customer at the end of each period, orders folded once.

    Returns:
        None when the scheme reads what does not come from that fold.
    """
    if carries(scheme):
        return None
    wanted = tuple(dict.fromkeys((*scheme.reads, *_ALWAYS)))
    told = [name for name in wanted if _is_told(base, name)]
    named = [MeasureName.parse(name) for name in wanted if name not in told]
    names = [name for name in named if name is not None and name.base in _FOLDED]
    if len(names) < len(named) or not set(wanted).isdisjoint(base.score_names):
        return None
    replay = Replay.of(base, base.order_log, ends, names)
    if replay is None:
        return None
    found: list[pl.Series] = []
    rows: list[Ints] = []
    for kept, measures in _measured(replay, base, names, told):
        rows.append(kept)
        found.append(_segment(scheme.label(measures.select("customer_id", *wanted))))
    return _history(replay.roster.ids, rows, found)


def codes_by_assigning(scheme: Scheme, base: CustomerBase, ends: tuple[AsOf, ...], /) -> History:
    """The same by assigning anew for each period, whatever the scheme reads."""
    found: list[pl.DataFrame] = []
    for end in ends:
        seen = base if end == base.when else base.as_of(end.day)
        frame = scheme.assign(seen).frame
        found.append(pl.DataFrame([frame["customer_id"], _segment(frame)]))
    # Who was a customer still is one at the last end.
    ids = found[-1]["customer_id"].sort()
    places = ids.to_frame().with_row_index("row")
    rows = [
        array(each.join(places, on="customer_id", maintain_order="left")["row"]) for each in found
    ]
    return _history(ids, rows, [each["segment"] for each in found])


def _is_told(base: CustomerBase, name: str) -> bool:
    """Whether a name is a column of customers that schemes see as it is."""
    if base.customers is None or name not in base.customer_columns:
        return False
    # Instants are shown to rules as local times.
    return not isinstance(base.customers.schema[name], pl.Datetime)


def _segment(frame: pl.DataFrame) -> pl.Series:
    """The column of labels.

    Raises:
        SchemaError: when there is none of one label a customer.
    """
    if isinstance(frame.schema.get("segment"), pl.Enum):
        return frame["segment"]
    raise SchemaError(
        "the scheme does not give each customer one label",
        where="track",
        fix="track a scheme whose frame has a segment; of tags, a RuleBook.first of the rules",
    )


def _history(ids: pl.Series, rows: Sequence[Ints], found: Sequence[pl.Series]) -> History:
    segments = labels(found[-1])
    kind: type[np.uint8 | np.uint16] = np.uint8 if len(segments) <= _BYTE else np.uint16
    codes = np.full((len(found), ids.len()), np.iinfo(kind).max, kind)
    for period, (kept, segment) in enumerate(zip(rows, found, strict=True)):
        codes[period, kept] = array(segment)
    return History(ids, segments, codes)


def _measured(
    replay: Replay, base: CustomerBase, names: Sequence[MeasureName], told: Sequence[str]
) -> Iterator[tuple[Ints, pl.DataFrame]]:
    """For each period the rows that are customers, and their measures."""
    roster, ends = replay.roster, replay.ends
    gross = any(name.base == "average_order" for name in names)
    entered = roster.entered(np.array([end.instant for end in ends], np.int64))
    known = roster.ids.alias("customer_id").to_frame()
    if told and base.customers is not None:
        columns = base.customers.select("customer_id", *told)
        known = known.join(columns, on="customer_id", how="left", maintain_order="left")
    everyone = Rows.of(roster.coding, 0, roster.ids.len())
    for period, state in enumerate(replay.states(everyone, gross=gross)):
        here = (state[:, 2] > 0) | (state[:, 3] != 0)
        if entered.size:
            here |= entered <= period
        kept = np.flatnonzero(here)
        seen = _Seen(state[kept], 3 if gross else 2, ends[period], base.scale)
        columns = [seen.measure(name, replay.windows[name.window]) for name in names]
        yield kept, known[kept].with_columns(columns)


@frozen(eq=False)
class _Seen:
    """What is folded of the customers of one period."""

    folded: Ints
    step: int
    end: AsOf
    scale: int

    def measure(self, name: MeasureName, window: int) -> pl.Series:
        """A measure in a window, as a base gives it."""
        slot = 2 + self.step * window
        orders = pl.Series(self.folded[:, slot])
        if name.base == "orders":
            return orders.alias(str(name))
        if name.base == "spend":
            return major(pl.Series(self.folded[:, slot + 1]), self.scale).alias(str(name))
        if name.base == "average_order":
            gross = pl.Series(self.folded[:, slot + 2])
            return quotient(gross, orders * 10**self.scale).alias(str(name))
        instants = self.folded[:, 0 if name.base == "recency_days" else 1]
        return self._age(instants, orders.to_numpy() > 0).alias(str(name))

    def _age(self, instants: Ints, some: NDArray[np.bool_]) -> pl.Series:
        """Local days from an instant to the period's end; null for who has no order."""
        known = read_only(np.where(some, instants, self.end.instant))
        low = int(known.min()) if known.size else self.end.instant
        days = pl.Series(self.end.today - clock(self.end.tz, low, self.end.instant).days(known))
        return days if bool(some.all()) else days.set(pl.Series(~some), None)
