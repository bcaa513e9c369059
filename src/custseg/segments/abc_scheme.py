"""ABCScheme: fitted limits, and the classes they give."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from attrs import field, frozen

from custseg.errors import FitError, Problem
from custseg.model.measure_name import MeasureName
from custseg.schema.bridge import array
from custseg.segments import scheme_text
from custseg.segments.abc_lorenz import Lorenz
from custseg.segments.bins import between, number
from custseg.segments.cells import Axis, Cells
from custseg.segments.labels import labelled
from custseg.segments.layout import counted
from custseg.segments.segmentation import Segmentation
from custseg.segments.shown import a_frame
from custseg.segments.track import track

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from custseg.base.customer_base import CustomerBase
    from custseg.segments.periods import Every
    from custseg.segments.track import Track

__all__ = ["ABCScheme", "shared"]

_NAMES = ("A", "B", "C")
_WHERE = "ABCScheme.from_json"


@frozen(kw_only=True)
class ABCScheme:
    """The smallest values of the classes: what `ABC` fits.

    Attributes:
        by: The measure that is shared out.
        a: The smallest value in A; inf when there was nothing to share out.
        b: The smallest value in B or A.

    Raises:
        FitError: listing everything at once: limits that are no positive
            numbers, B above A, a measure without a name.

    >>> import polars as pl
    >>> import custseg as cu
    >>> scheme = cu.ABCScheme(by="spend", a=300, b=150)
    >>> spend = {"customer_id": [1, 2, 3], "spend": [700.0, 299.99, 0.0], "orders": [3, 1, 1]}
    >>> scheme.label(pl.DataFrame(spend))["segment"].to_list()
    ['A', 'B', 'C']
    """

    by: str
    a: float = field(converter=scheme_text.as_float)
    b: float = field(converter=scheme_text.as_float)

    def __attrs_post_init__(self) -> None:
        """Refuse limits that cannot part anything."""
        FitError.check(self._problems())

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the measures that `label` needs."""
        return tuple(dict.fromkeys((self.by, "orders")))

    @property
    def segments(self) -> tuple[str, ...]:
        """The labels in order."""
        return _NAMES

    @property
    def cells(self) -> Cells | None:
        """The classes as cells, by which orders or spend are followed through time."""
        name = MeasureName.parse(self.by)
        if name is None or name.base not in {"orders", "spend"}:
            return None
        axes = (Axis(self.by, ((self.b, self.a),)), Axis("orders", ((1.0,),)))
        return Cells(axes, labels=(2, 2, 2, 1, 2, 0))

    def label(self, measures: pl.DataFrame, /) -> pl.DataFrame:
        """The measures with `segment`.

        Args:
            measures: `customer_id` and the measures that `reads` names.

        Raises:
            FitError: when one is not there, or is none of numbers.
        """
        a_frame(measures, self.reads, where="ABCScheme.label")
        values = array(_amounts(measures, self.by))  # null is NaN: no limit is reached
        place = np.full(values.size, 2, np.uint8)
        place -= (values >= self.b).view(np.uint8)
        place -= (values >= self.a).view(np.uint8)
        place[array(measures["orders"]) <= 0] = 2
        ids, *rest = measures.get_columns()
        return pl.DataFrame([ids, _classes()[pl.Series(place)], *rest])

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

    def why(self, row: Mapping[str, Any], /) -> str:
        """The limits of the class with the value that fell between them.

        Args:
            row: The customer's row of `Segmentation.frame`.
        """
        value, segment = row[self.by], row["segment"]
        if row["orders"] <= 0:
            return f"no orders; → {segment}"
        if value is None or math.isnan(value):
            return f"{self.by} unknown; → {segment}"
        if math.isinf(self.b):
            return f"{self.by} {number(value)}, nothing was shared out; → {segment}"
        return f"{self.by} {number(value)} {between(value, (self.b, self.a))}; → {segment}"

    def lorenz(self, segmentation: Segmentation, /) -> Lorenz:
        """The Lorenz curve of the measure over the customers who share in it.

        Customers without orders, and those whose value is not above zero,
        are outside the total and not on the curve.

        Args:
            segmentation: What this scheme assigned; its frame has the values.
        """
        return Lorenz.of_each(shared(segmentation.frame, self.by).to_numpy(), by=self.by)

    def gini(self, segmentation: Segmentation, /) -> float | None:
        """The Gini coefficient of the measure over the customers who share in it.

        Args:
            segmentation: What this scheme assigned; its frame has the values.
        """
        return self.lorenz(segmentation).gini()

    def to_json(self) -> str:
        """The scheme as text, with its numbers; equal after the trip."""
        a, b = (scheme_text.infinity_as_null(limit) for limit in (self.a, self.b))
        return scheme_text.written("abc", by=self.by, a=a, b=b)

    @classmethod
    def from_json(cls, text: str, /) -> ABCScheme:
        """The scheme that a text holds.

        Raises:
            FitError: when the text is not a scheme, or its numbers cannot be
                one; it lists everything that is wrong.
        """
        parts: dict[str, Any] = scheme_text.opened(
            text, scheme="abc", called="an ABC scheme", keys=("by", "a", "b"), where=_WHERE
        )
        for name in ("a", "b"):
            parts[name] = math.inf if parts[name] is None else parts[name]
        return cls(**parts)

    def _problems(self) -> Iterator[Problem]:
        if not isinstance(self.by, str) or not self.by:  # pyright: ignore[reportUnnecessaryIsInstance] # texts are edited by hand
            yield Problem(f"by is {self.by!r}", "ABCScheme.by", 'name a measure, such as "spend"')
        good = True
        for name, limit in (("a", self.a), ("b", self.b)):
            if not _is_limit(limit):
                good = False
                fix = "give a number above 0, or inf for no such class"
                yield Problem(f"{name} begins at {limit!r}", f"ABCScheme.{name}", fix)
        if good and self.b > self.a:
            what = f"b begins at {number(self.b)}, above a at {number(self.a)}"
            yield Problem(what, "ABCScheme.b", "give a limit up to that of A")


@lru_cache(maxsize=1)
def _classes() -> pl.Series:
    return labelled("segment", _NAMES)


def _is_limit(found: object) -> bool:
    return found == math.inf or (scheme_text.finite(found) or 0.0) > 0


def _amounts(measures: pl.DataFrame, name: str, /) -> pl.Series:
    """A measure as Float64 numbers.

    Raises:
        FitError: when it is none of numbers.
    """
    values = measures[name]
    if not values.dtype.is_numeric():
        raise FitError(
            f"{name!r} is {values.dtype}, not a number",
            where="ABC.by",
            fix="share out a measure of numbers, such as spend",
        )
    return values.cast(pl.Float64)


def shared(measures: pl.DataFrame, name: str, /) -> pl.Series:
    """The values that add up to the total: above zero, of customers with orders.

    Raises:
        FitError: when a value is no number, or not finite.

    >>> import polars as pl
    >>> from custseg.segments.abc_scheme import shared
    >>> measures = pl.DataFrame({"spend": [9.0, -1.0, 5.0, 0.0], "orders": [1, 1, 0, 1]})
    >>> shared(measures, "spend").to_list()
    [9.0]
    """
    # Null is no value at all; NaN and infinity are none that can be summed.
    known = _amounts(measures, name).fill_null(0.0)
    broken = int((~known.is_finite()).sum())
    if broken:
        raise FitError(
            f"{name!r} is NaN or infinite for {counted(broken, 'customer')}",
            where="ABC.by",
            fix="make it null where it is unknown",
        )
    return known.filter((known > 0) & (measures["orders"] > 0))
