"""Lorenz: how unequally a value is spread over customers."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from attrs import frozen

from custseg.errors import Problem, SchemaError
from custseg.segments.abc_sums import running, whole
from custseg.segments.bins import distinct
from custseg.segments.layout import Layout, counted, share
from custseg.segments.scheme_text import finite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["Lorenz"]

_SHOWN = (0.01, 0.05, 0.1, 0.2, 0.5)


@frozen(eq=False, repr=False, kw_only=True)
class Lorenz:
    """The Lorenz curve of a value over customers (Lorenz 1905).

    Attributes:
        frame: The corners of the curve, from (0, 0) to (1, 1), one for each
            `value` that occurs and how many `customers` have it:
            `customer_share`, that of the customers with at most this value,
            and `value_share`, that of all they have.
        by: What the value is called.

    >>> import numpy as np
    >>> import custseg as cu
    >>> curve = cu.Lorenz.of(np.array([10.0, 30.0, 50.0]), np.array([2, 1, 1]), by="spend")
    >>> curve.frame["value_share"].to_list(), curve.gini()
    ([0.0, 0.2, 0.5, 1.0], 0.35)
    """

    frame: pl.DataFrame
    by: str

    @classmethod
    def of(
        cls, values: NDArray[np.float64], customers: NDArray[np.int64], /, *, by: str = "value"
    ) -> Lorenz:
        """The curve of counted values, summed exactly.

        Args:
            values: float64[n], positive, finite, ascending and different.
            customers: int64[n], how many customers have each.
            by: What the values are called.

        Raises:
            SchemaError: when they are not; it lists everything.
        """
        values, customers = np.asarray(values), np.asarray(customers)
        SchemaError.check(_problems(values, customers))
        values, customers = values.astype(np.float64), customers.astype(np.int64)
        frame = pl.DataFrame(
            {
                "value": np.append(0.0, values),
                "customers": np.append(0, customers),
                "customer_share": _shares(np.cumsum(customers)),
                "value_share": _shares(running(whole(values), customers)),
            }
        )
        return cls(frame=frame, by=by)

    @classmethod
    def of_each(cls, values: NDArray[np.float64], /, *, by: str = "value") -> Lorenz:
        """The curve of one value a customer.

        Args:
            values: float64[n], positive and finite: customers who have
                nothing are not on the curve.
            by: What the values are called.

        Raises:
            SchemaError: when they are not.

        >>> import numpy as np
        >>> import custseg as cu
        >>> cu.Lorenz.of_each(np.array([5.0, 5.0, 5.0])).gini()
        0.0
        """
        given = np.asarray(values)
        SchemaError.check(_shape_problems(given, "values", "Lorenz.of_each"))
        return cls.of(*distinct(given), by=by)

    @property
    def customers(self) -> int:
        """How many customers have a share."""
        return int(self.frame["customers"].sum())

    def gini(self) -> float | None:
        """The Gini coefficient: 0 when all have the same, near 1 when one has all.

        Twice the area between the curve and the diagonal (Gini 1914), of the
        customers as they are: no correction for small samples. None when
        there is nobody.
        """
        values, customers = (self.frame[name].to_numpy() for name in ("value", "customers"))
        upto = running(whole(values), customers).tolist()
        # 1 − Σ customers · (sum before + sum after) / (all customers · all value), divided once.
        pairs = zip(customers[1:].tolist(), pairwise(upto), strict=True)
        area = sum(count * (before + after) for count, (before, after) in pairs)
        return float(1 - Fraction(area, self.customers * upto[-1])) if area else None

    def top_share(self, part: float, /) -> float | None:
        """The share of all value that the best part of the customers has.

        Between two corners the curve is straight, as among equals.

        Args:
            part: The share of customers, from 0 to 1.

        Raises:
            SchemaError: when it is none.

        >>> import numpy as np
        >>> import custseg as cu
        >>> cu.Lorenz.of_each(np.array([1.0, 1.0, 1.0, 5.0])).top_share(0.25)
        0.625
        """
        best = finite(part)
        if best is None or not 0 <= best <= 1:
            fix = "give a number from 0 to 1: 0.2 for the best fifth"
            raise SchemaError(f"{part!r} is no share", where="Lorenz.top_share", fix=fix)
        if not self.customers:
            return None
        x, y = (self.frame[name].to_numpy() for name in ("customer_share", "value_share"))
        return 1.0 - float(np.interp(1.0 - best, x, y))

    def __eq__(self, other: object) -> bool:
        """Whether the same value is spread in the same way."""
        if not isinstance(other, Lorenz):
            return NotImplemented
        return self.by == other.by and self.frame.equals(other.frame)

    def __repr__(self) -> str:
        """What the best customers have, as a table."""
        return self._layout().text()

    def _repr_html_(self) -> str:
        return self._layout().html()

    def _layout(self) -> Layout:
        gini = self.gini()
        told = "unknown" if gini is None else f"{gini:.4f}"
        return Layout(
            title=f"{self.by} of {counted(self.customers, 'customer')}, Gini {told}",
            head=("best customers", f"share of {self.by}"),
            rows=tuple((f"{part:.0%}", share(self.top_share(part))) for part in _SHOWN),
        )


def _shares(sums: NDArray[Any]) -> list[float]:
    # Whole numbers of Python divide to the nearest Float64, however large they are.
    listed = sums.tolist()
    return [0.0, *(part / listed[-1] for part in listed)]


def _problems(values: NDArray[Any], customers: NDArray[Any]) -> Iterator[Problem]:
    where = "Lorenz.of"
    shapes = [
        *_shape_problems(values, "values", where),
        *_shape_problems(customers, "customers", where, kinds="iu"),
    ]
    yield from shapes
    if shapes:
        return
    if values.size != customers.size:
        what = f"{values.size} values of {counted(customers.size, 'count')} of customers"
        yield Problem(what, where, "give a count for each value")
    if not (np.isfinite(values) & (values > 0)).all():
        what = "a value is zero, negative, NaN or infinite"
        yield Problem(what, where, "leave out who has no share: values[values > 0]")
    elif not (values[1:] > values[:-1]).all():
        what = "values do not ascend, or one is there twice"
        yield Problem(what, where, "take Lorenz.of_each, which counts them")
    if (customers < 1).any():
        what = f"{customers.min()} customers have a value"
        yield Problem(what, where, "leave out values that nobody has")


def _shape_problems(
    given: NDArray[Any], name: str, where: str, *, kinds: str = "iuf"
) -> Iterator[Problem]:
    # Nothing at all has no type of its own.
    if given.ndim != 1 or (given.size and given.dtype.kind not in kinds):
        what = f"{name} are no row of {'whole ' * (kinds == 'iu')}numbers"
        yield Problem(what, where, "give a numpy array of one dimension")
