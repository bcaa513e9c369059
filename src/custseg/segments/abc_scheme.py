"""ABCScheme: fitted limits, and the classes they give."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from attrs import field, frozen

from custseg.base.measure_text import as_texts, from_text
from custseg.errors import FitError, Problem, SchemaError
from custseg.model.measure_name import MeasureName
from custseg.schema.bridge import array
from custseg.segments import scheme_text
from custseg.segments.abc_lorenz import Lorenz
from custseg.segments.bins import between, number
from custseg.segments.cells import Axis, Cells
from custseg.segments.currencies import currency_problems
from custseg.segments.labels import with_labels
from custseg.segments.layout import counted
from custseg.segments.own_measures import measure_problems
from custseg.segments.segmentation import Segmentation, a_base, measured
from custseg.segments.shown import of_buyers
from custseg.segments.track import track

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from custseg.base.customer_base import CustomerBase
    from custseg.base.measure import Measure
    from custseg.segments.periods import Every
    from custseg.segments.track import Track

__all__ = ["ABCScheme", "asked", "counted_orders", "shared"]

_NAMES = ("A", "B", "C")
_WHERE = "ABCScheme.from_json"


@frozen(kw_only=True)
class ABCScheme:
    """The smallest values of the classes: what `ABC` fits.

    Attributes:
        by: The measure that is shared out, by name or carried.
        a: The smallest value in A; inf when there was nothing to share out.
        b: The smallest value in B or A.
        currency: What its money is, an ISO 4217 code: a base in another one is
            refused. None when it is not known, or nothing is money.

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

    by: str | Measure
    a: float = field(converter=scheme_text.as_float)
    b: float = field(converter=scheme_text.as_float)
    currency: str | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse limits that cannot part anything."""
        FitError.check(self._problems())

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the measures that `label` needs."""
        return tuple(map(str, asked(self.by)))

    @property
    def measures(self) -> tuple[str | Measure, ...]:
        """What `assign` asks of a base: names, and the measure that is carried."""
        return asked(self.by)

    @property
    def segments(self) -> tuple[str, ...]:
        """The labels in order."""
        return _NAMES

    @property
    def cells(self) -> Cells | None:
        """The classes as cells, by which orders or spend are followed through time."""
        name = MeasureName.parse(str(self.by))
        if name is None or name.base not in {"orders", "spend"}:
            return None
        axes = (Axis(str(self.by), ((self.b, self.a),)), Axis("orders", ((1.0,),)))
        return Cells(axes, labels=(2, 2, 2, 1, 2, 0))

    def label(self, measures: pl.DataFrame, /) -> pl.DataFrame:
        """The measures with `segment`.

        Args:
            measures: `customer_id` and the measures that `reads` names.

        Raises:
            FitError: when one is not there, or is none of numbers, or orders
                are null or NaN: who has none has 0.
        """
        measures = counted_orders(measures, str(self.by), where="ABCScheme.label")
        values = array(_amounts(measures, str(self.by)))  # null is NaN: no limit is reached
        place = np.full(values.size, 2, np.uint8)
        place -= (values >= self.b).view(np.uint8)
        place -= (values >= self.a).view(np.uint8)
        place[array(measures["orders"]) <= 0] = 2
        return with_labels(measures, _NAMES, place)

    def assign(self, base: CustomerBase, /) -> Segmentation:
        """The label of each customer as of the base's instant."""
        a_base(base, "ABCScheme.assign")
        return Segmentation.of(self, base, measures=measured(base, self.measures))

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
        value, segment = row[str(self.by)], row["segment"]
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

        Raises:
            SchemaError: when it lacks them.
        """
        frame, by = getattr(segmentation, "frame", None), str(self.by)
        if not isinstance(frame, pl.DataFrame) or not {by, "orders"} <= set(frame.columns):
            raise SchemaError(
                f"{segmentation!r:.60} has no {by!r} of each customer",
                where="ABCScheme.lorenz",
                fix="give what this scheme's assign() returned",
            )
        return Lorenz.of_each(shared(frame, by).to_numpy(), by=by)

    def gini(self, segmentation: Segmentation, /) -> float | None:
        """The Gini coefficient of the measure over the customers who share in it.

        Args:
            segmentation: What this scheme assigned; its frame has the values.
        """
        return self.lorenz(segmentation).gini()

    def to_json(self) -> str:
        """The scheme as text, with its numbers; equal after the trip.

        Raises:
            FitError: when it carries a measure that is a polars expression.
        """
        a, b = (scheme_text.infinity_as_null(limit) for limit in (self.a, self.b))
        (by,) = as_texts([self.by], where="ABCScheme.by")
        money = {} if self.currency is None else {"currency": self.currency}
        return scheme_text.written("abc", by=by, a=a, b=b, **money)

    @classmethod
    def from_json(cls, text: str, /) -> ABCScheme:
        """The scheme that a text holds.

        Raises:
            FitError: when the text is not a scheme, or its numbers cannot be
                one; it lists everything that is wrong.
        """
        parts: dict[str, Any] = scheme_text.opened(
            text,
            scheme="abc",
            called="an ABC scheme",
            keys=("by", "a", "b"),
            where=_WHERE,
            optional=("currency",),
        )
        problems: list[Problem] = []
        parts["by"] = from_text(parts["by"], where=f"{_WHERE}: by", problems=problems)
        FitError.check(problems)
        for name in ("a", "b"):
            parts[name] = math.inf if parts[name] is None else parts[name]
        return cls(**parts)

    def _problems(self) -> Iterator[Problem]:
        yield from measure_problems(self.by, where="ABCScheme.by")
        yield from currency_problems(self.currency, where="ABCScheme.currency")
        good = True
        for name, limit in (("a", self.a), ("b", self.b)):
            if not _is_limit(limit):
                good = False
                fix = "give a number above 0, or inf for no such class"
                yield Problem(f"{name} begins at {limit!r}", f"ABCScheme.{name}", fix)
        if good and self.b > self.a:
            what = f"b begins at {number(self.b)}, above a at {number(self.a)}"
            yield Problem(what, "ABCScheme.b", "give a limit up to that of A")


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


def counted_orders(measures: pl.DataFrame, by: str, /, *, where: str) -> pl.DataFrame:
    """The measures, which say of everyone how many orders there are.

    Raises:
        FitError: when a column is not there, or orders are not known of everyone.

    >>> import polars as pl
    >>> from custseg.segments.abc_scheme import counted_orders
    >>> counted_orders(pl.DataFrame({"spend": [9.0], "orders": [None]}), "spend", where="ABC.tally")
    Traceback (most recent call last):
    custseg.FitError: 'orders' is null or NaN for 1 customer
      where: ABC.tally
      fix:   fill it, or leave such customers out
    """
    return of_buyers(measures, ("orders",), orders="orders", where=where, beside=(by,))


def asked(by: str | Measure, /) -> tuple[str | Measure, ...]:
    """What is read of a base: the measure that is shared out, and orders.

    >>> from custseg.segments.abc_scheme import asked
    >>> asked("spend"), asked("orders")
    (('spend', 'orders'), ('orders',))
    """
    return (by,) if by == "orders" else (by, "orders")


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
