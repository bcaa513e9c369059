"""The space in which clusters lie: measures made comparable, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import polars as pl
from attrs import frozen

from custseg.errors import FitError
from custseg.schema.bridge import array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Space", "Transform", "complete", "nearest", "values_of"]

Transform: TypeAlias = Literal["log_standard", "standard"]

# Points whose distances to all centres stay in cache.
_BLOCK = 4_096


@frozen
class Space:
    """Axes of equal weight: each measure less its mean, in standard deviations.

    Attributes:
        transform: "log_standard" takes ±log(1 + |value|) first, so that a few
            large values do not outweigh all others; "standard" does not.
        means: The mean on each axis.
        sds: The standard deviation on each axis, 1 where all are equal.

    >>> import numpy as np
    >>> from custseg.segments.clusters_space import Space
    >>> space = Space.around((np.array([1.0, 3.0]),), np.array([1, 1]), "standard")
    >>> space.points((np.array([1.0, 2.0, 3.0]),))[0].tolist()
    [-1.0, 0.0, 1.0]
    """

    transform: Transform
    means: tuple[float, ...]
    sds: tuple[float, ...]

    @classmethod
    def around(
        cls, columns: tuple[Floats, ...], customers: NDArray[np.int64], transform: Transform
    ) -> Space:
        """The space of counted values.

        Args:
            columns: float64[n] for each measure, in an order of rows that
                does not depend on how they came.
            customers: int64[n], how many customers have each row.
            transform: What is done before.

        Raises:
            FitError: when the values are too large to be squared.
        """
        sides = [_side(values, customers, transform) for values in columns]
        if not np.isfinite(sides).all():
            raise FitError(
                "values are too large to be standardised",
                where="Clusters.transform",
                fix='take transform="log_standard"',
            )
        return cls(transform, tuple(mean for mean, _ in sides), tuple(sd for _, sd in sides))

    def points(self, columns: tuple[Floats, ...], /) -> tuple[Floats, ...]:
        """Values of the measures as places on the axes."""
        sides = zip(columns, self.means, self.sds, strict=True)
        with np.errstate(over="ignore"):  # what lies beyond all numbers is infinitely far
            return tuple((_bent(values, self.transform) - mean) / sd for values, mean, sd in sides)

    def values(self, point: tuple[float, ...], /) -> tuple[float, ...]:
        """The values of the measures at a place.

        >>> from custseg.segments.clusters_space import Space
        >>> Space("standard", (10.0,), (2.0,)).values((1.5,))
        (13.0,)
        """
        sides = zip(point, self.means, self.sds, strict=True)
        flat = np.array([place * sd + mean for place, mean, sd in sides])
        if self.transform == "standard":
            return tuple(flat.tolist())
        with np.errstate(over="ignore"):
            return tuple((np.sign(flat) * np.expm1(np.abs(flat))).tolist())


def values_of(measures: pl.DataFrame, names: tuple[str, ...], /) -> tuple[Floats, ...]:
    """Measures as float64 arrays; what is null or infinite is NaN.

    Raises:
        FitError: when one is none of numbers.

    >>> import polars as pl
    >>> from custseg.segments.clusters_space import values_of
    >>> values_of(pl.DataFrame({"orders": [1, 2], "nps_last": [None, 9]}), ("nps_last",))
    (array([nan,  9.]),)
    """
    columns = [measures[name] for name in names]
    texts = [column.name for column in columns if not column.dtype.is_numeric()]
    if texts:
        raise FitError(
            f"{', '.join(texts)} are not numbers",
            where="Clusters.measures",
            fix="cluster by measures of numbers, such as orders and spend",
        )
    found = np.empty((len(columns), measures.height))
    for row, column in zip(found, columns, strict=True):
        row[:] = array(column if _is_plain(column) else column.cast(pl.Float64))
    found += 0.0  # -0.0 becomes 0.0, which is the same value
    found[np.isinf(found)] = np.nan
    return tuple(found)


def _is_plain(column: pl.Series) -> bool:
    """Whether numpy makes its numbers floats as polars does, where null is NaN."""
    kind = column.dtype
    return isinstance(kind, pl.Float64) or (isinstance(kind, pl.Int64) and not column.null_count())


def complete(values: tuple[Floats, ...], /) -> NDArray[np.bool_]:
    """Who has all of the values.

    >>> import numpy as np
    >>> from custseg.segments.clusters_space import complete
    >>> complete((np.array([1.0, np.nan]), np.array([2.0, 2.0]))).tolist()
    [True, False]
    """
    return ~np.logical_or.reduce([np.isnan(each) for each in values])


def nearest(points: tuple[Floats, ...], centres: Sequence[tuple[float, ...]], /) -> Ints:
    """The place of the centre nearest to each point, the first of equals.

    Each point is looked at by itself: a batch of one gives what a million do.

    Args:
        points: float64[n] for each axis.
        centres: A place on each axis, for each cluster.

    >>> import numpy as np
    >>> from custseg.segments.clusters_space import nearest
    >>> nearest((np.array([0.0, 4.0, 9.0]),), [(8.0,), (0.0,)]).tolist()
    [1, 0, 0]
    """
    sides = np.array(centres, np.float64).T[:, :, None]
    place = np.empty(points[0].size, np.int64)
    with np.errstate(over="ignore"):
        for start in range(0, place.size, _BLOCK):
            rows = slice(start, start + _BLOCK)
            away = np.zeros((len(centres), place[rows].size))
            # Added axis by axis: the order in which a sum is rounded is always the same.
            for axis, at in zip(points, sides, strict=True):
                apart = axis[rows] - at
                apart *= apart
                away += apart
            place[rows] = away.argmin(axis=0)
    return place


def _side(
    values: Floats, customers: NDArray[np.int64], transform: Transform
) -> tuple[float, float]:
    """The mean and the standard deviation of counted values."""
    bent = _bent(values, transform)
    if bent.min() == bent.max():
        # All equal: the mean is that value to the last bit, and the axis parts nobody.
        return float(bent[0]), 1.0
    total = customers.sum()
    with np.errstate(over="ignore", invalid="ignore"):
        mean = (bent * customers).sum() / total
        spread = ((bent - mean) ** 2 * customers).sum() / total
    return float(mean), float(np.sqrt(spread))


def _bent(values: Floats, transform: Transform) -> Floats:
    if transform == "standard":
        return values
    return np.sign(values) * np.log1p(np.abs(values))
