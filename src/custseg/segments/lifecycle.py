"""Lifecycle: where each customer stands between the first order and the last."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import polars as pl
from attrs import asdict, field, frozen

from custseg.errors import FitError, Problem
from custseg.schema.bridge import array_or
from custseg.schema.documents import unknown_keys
from custseg.segments import lifecycle_text
from custseg.segments.bins import number
from custseg.segments.gaps import Gaps
from custseg.segments.labels import with_labels
from custseg.segments.layout import counted
from custseg.segments.scheme_text import is_whole
from custseg.segments.segmentation import Segmentation, a_base
from custseg.segments.shown import of_buyers
from custseg.segments.track import track

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase
    from custseg.segments.periods import Every
    from custseg.segments.track import Track

__all__ = ["Lifecycle"]

Days: TypeAlias = int | Gaps

_NAMES = ("prospect", "lost", "at_risk", "won_back", "new", "loyal", "repeat", "one_time")
_PLACE = {name: place for place, name in enumerate(_NAMES)}
_DAYS = ("new_days", "active_days", "lapse_days")
_LAST_GAP = "last_gap_days"
_FEWEST_LOYAL = 2
_OWN_RHYTHM = 3
_MOST = 36_500


@frozen(kw_only=True)
class Lifecycle:
    """A scheme of eight stages; a customer is in the first that fits.

    `prospect` no order · `lost` the last order is over `lapse_days` ago ·
    `at_risk` over `active_days` · `won_back` the last order came over
    `lapse_days` after the one before · `new` the first order is at most
    `new_days` ago · `loyal` at least `loyal_orders` · `repeat` at least two ·
    `one_time`.

    Days are local calendar days; those after the order before are the measure
    `last_gap_days`, between the last two days with an order. A threshold may
    be `Gaps(2)`: that many of the customer's own mean gaps between order days.
    Nothing is fitted, so that the recipe is its own scheme.

    Attributes:
        new_days: How long a customer is new.
        active_days: How long after an order a customer is active.
        lapse_days: How long after it a customer is lost.
        loyal_orders: Orders that make a customer loyal.
        fallback_days: What stands for `Gaps` where a customer has ordered on
            fewer than three days: a number of days, or one for each threshold
            by name, `{"active_days": 90, "lapse_days": 365}`.

    Raises:
        FitError: listing everything at once: thresholds that are no days or
            do not ascend, gaps without a fallback.

    >>> import polars as pl
    >>> import custseg as cu
    >>> seen = {"recency_days": [3, 200], "tenure_days": [3, 500], "orders": [1, 7]}
    >>> measures = pl.DataFrame({"customer_id": [1, 2], **seen, "last_gap_days": [None, 40]})
    >>> cu.Lifecycle().label(measures)["segment"].to_list()
    ['new', 'at_risk']
    """

    new_days: Days = 30
    active_days: Days = 90
    lapse_days: Days = 365
    loyal_orders: int = 5
    fallback_days: int | dict[str, int] | None = field(default=None, hash=False)

    def __attrs_post_init__(self) -> None:
        """Refuse thresholds that cannot part anyone."""
        FitError.check(self._problems())

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the measures that `label` needs."""
        own = ("days_active",) if self._own() else ()
        return ("recency_days", "tenure_days", "orders", *own, _LAST_GAP)

    @property
    def segments(self) -> tuple[str, ...]:
        """The labels in the order in which they are tried."""
        return _NAMES

    def fit(self, base: CustomerBase, /) -> Lifecycle:
        """The recipe itself: its thresholds are given, whatever the base."""
        a_base(base, "Lifecycle.fit")
        return self

    def segment(self, base: CustomerBase, /) -> Segmentation:
        """The label of each customer as of the base's instant."""
        return self.assign(base)

    def assign(self, base: CustomerBase, /) -> Segmentation:
        """The label of each customer as of the base's instant."""
        return Segmentation.of(self, base)

    def track(self, base: CustomerBase, /, *, every: Every = "month") -> Track:
        """The label of each customer at the end of each period: see `Track`.

        Args:
            base: Whose logs are read, up to its as_of.
            every: `week`, `month`, `quarter`, `year`, or a list of days.

        Raises:
            SchemaError: when `every` is no period, a day lies after the as_of,
                or there is no row to begin with.
        """
        return track(self, base, every=every)

    def label(self, measures: pl.DataFrame, /) -> pl.DataFrame:
        """The measures with `segment`.

        Args:
            measures: `customer_id` and the measures that `reads` names.

        Raises:
            FitError: when one is not there, is none of numbers, or is not
                known of a customer who ordered.
        """
        known = tuple(name for name in self.reads if name != _LAST_GAP)
        where, beside = "Lifecycle.label", (_LAST_GAP,)
        shown = of_buyers(measures, known, orders="orders", where=where, beside=beside)
        seen = {name: _whole_numbers(shown[name]) for name in self.reads}
        days, orders = seen["recency_days"], seen["orders"]
        tests = {
            "prospect": orders <= 0,
            "lost": self._passed("lapse_days", days, seen),
            "at_risk": self._passed("active_days", days, seen),
            "won_back": self._passed("lapse_days", seen[_LAST_GAP], seen),
            "new": ~self._passed("new_days", seen["tenure_days"], seen),
            "loyal": orders >= self.loyal_orders,
            "repeat": orders > 1,
        }
        place = np.full(days.size, _PLACE["one_time"], np.uint8)
        # The first that fits is written last.
        for name, fits in reversed(tests.items()):
            place[fits] = _PLACE[name]
        return with_labels(measures, _NAMES, place)

    def why(self, row: Mapping[str, Any], /) -> str:
        """The thresholds that were met, with the numbers that met them.

        Args:
            row: The customer's row of `Segmentation.frame`.
        """
        segment = row["segment"]
        if segment == "prospect":
            return f"no orders; → {segment}"
        new, active, lapse = (self._shown(name, row) for name in _DAYS)
        last = f"last order {counted(row['recency_days'], 'day')} ago"
        first = f"first {counted(row['tenure_days'], 'day')} ago"
        orders = counted(row["orders"], "order")
        told = {
            "lost": f"{last} > {lapse}",
            "at_risk": f"{last} > {active}",
            "won_back": f"{last} ≤ {active}, {row[_LAST_GAP]} after the one before > {lapse}",
            "new": f"{last} ≤ {active}, {first} ≤ {new}",
            "loyal": f"{last} ≤ {active}, {orders} ≥ {self.loyal_orders}",
            "repeat": f"{last} ≤ {active}, {orders} ≥ 2, < {self.loyal_orders}",
            "one_time": f"{last} ≤ {active}, {first} > {new}, {orders}",
        }
        return f"{told[segment]}; → {segment}"

    def to_json(self) -> str:
        """The scheme as text, with its thresholds; equal after the trip."""
        return lifecycle_text.write(asdict(self, recurse=False))

    @classmethod
    def from_json(cls, text: str, /) -> Lifecycle:
        """The scheme that a text holds.

        Raises:
            FitError: when the text is not a scheme, or its thresholds cannot
                be one; it lists everything that is wrong.
        """
        return cls(**lifecycle_text.read(text))

    def _own(self) -> tuple[str, ...]:
        """Names of the thresholds in the customer's own gaps."""
        return tuple(name for name in _DAYS if isinstance(getattr(self, name), Gaps))

    def _passed(
        self, name: str, days: NDArray[np.int64], seen: Mapping[str, NDArray[np.int64]]
    ) -> NDArray[np.bool_]:
        """Whether more days went by than a threshold allows."""
        threshold = getattr(self, name)
        if not isinstance(threshold, Gaps):
            return days > threshold
        active = seen["days_active"]
        own = threshold.passed(days, seen["tenure_days"] - seen["recency_days"], active - 1)
        return np.where(active < _OWN_RHYTHM, days > self._fallback(name), own)

    def _fallback(self, name: str) -> int:
        """What stands for a threshold without an own rhythm."""
        given = self.fallback_days
        return given[name] if isinstance(given, dict) else given or 0

    def _at_first(self, name: str) -> int:
        """A threshold as it is for a customer of a day or two."""
        return self._fallback(name) if name in self._own() else getattr(self, name)

    def _shown(self, name: str, row: Mapping[str, Any]) -> str:
        """A threshold as this customer met it."""
        threshold = getattr(self, name)
        if not isinstance(threshold, Gaps):
            return str(threshold)
        gaps = row["days_active"] - 1
        if gaps + 1 < _OWN_RHYTHM:
            return f"{self._fallback(name)} (fewer than {_OWN_RHYTHM} order days)"
        gap = number(round((row["tenure_days"] - row["recency_days"]) / gaps, 1))
        return f"{threshold.number} gaps of {gap}"

    def _problems(self) -> Iterator[Problem]:
        unfit = list(self._days_problems())
        yield from unfit
        if not is_whole(self.loyal_orders, _FEWEST_LOYAL, _MOST):
            fix = "give a whole number from 2 on: one order is no loyalty"
            yield Problem(f"loyal_orders is {self.loyal_orders!r}", "Lifecycle.loyal_orders", fix)
        if not unfit:
            yield from self._order_problems()

    def _days_problems(self) -> Iterator[Problem]:
        for name in _DAYS:
            threshold = getattr(self, name)
            if not isinstance(threshold, Gaps) and not is_whole(threshold, 0, _MOST):
                fix = f"give a whole number of days up to {_MOST}, or Gaps(2)"
                yield Problem(f"{name} is {threshold!r}", f"Lifecycle.{name}", fix)
        where, given = "Lifecycle.fallback_days", self.fallback_days
        if isinstance(given, dict):
            yield from unknown_keys(given, _DAYS, what="a lifecycle", where=where)
        for name in self._own():
            days = given.get(name) if isinstance(given, dict) else given
            if days is None:
                what = f"{name} is {getattr(self, name)}, and nothing stands for it at first"
                fix = "give fallback_days=, for who ordered on fewer than 3 days"
                yield Problem(what, where, fix)
        for days in given.values() if isinstance(given, dict) else (given,):
            if days is not None and not is_whole(days, 0, _MOST):
                yield Problem(
                    f"fallback_days has {days!r}",
                    where,
                    f"give a whole number of days up to {_MOST}",
                )

    def _order_problems(self) -> Iterator[Problem]:
        fix = "let new_days, active_days and lapse_days ascend"
        own = self._own()
        at_first = {name: self._at_first(name) for name in _DAYS}
        for low, high in combinations(_DAYS, 2):
            one, other = getattr(self, low), getattr(self, high)
            # Days and gaps cannot be compared before there is a customer.
            if (low in own) == (high in own) and _size(one) > _size(other):
                what = f"{low} is {one}, more than {high}, {other}"
                yield Problem(what, f"Lifecycle.{low}", fix)
            if {low, high} & {*own} and at_first[low] > at_first[high]:
                what = f"at first {low} is {at_first[low]}, more than {high}, {at_first[high]}"
                yield Problem(what, "Lifecycle.fallback_days", fix)


def _whole_numbers(column: pl.Series) -> NDArray[np.int64]:
    """A column as an array; days that there are none of count as 0."""
    kind = column.dtype
    if isinstance(kind, pl.Int64):
        return array_or(column, 0)
    # A column without any value may have no type; a day that is NaN is none.
    told = column.fill_nan(None) if kind.is_float() else column
    return array_or(told.cast(pl.Int64), 0)


def _size(threshold: Days) -> float:
    return threshold.number if isinstance(threshold, Gaps) else threshold
