"""Whole numbers divided once: the nearest Float64 of the exact quotient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from custseg.schema.bridge import masked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

__all__ = ["major", "quotient"]

# Float64 holds every whole number up to here.
_WHOLE = 2**53


def major(
    units: pl.Series | Ints, scale: int, *, most: int | None = None, name: str = ""
) -> pl.Series:
    """Smallest units as the nearest Float64 of major ones.

    Args:
        units: Whole numbers.
        scale: Decimals of the currency.
        most: How far they are from zero at most, if that is known.
        name: What the column is called.

    >>> major(pl.Series("spend", [1999, 10]), 2).to_list()
    [19.99, 0.1]
    """
    return quotient(units, 10**scale, most=most, name=name)


def quotient(
    above: pl.Series | Ints,
    below: pl.Series | Ints | int,
    *,
    most: int | None = None,
    name: str = "",
) -> pl.Series:
    """Whole numbers divided by whole numbers from 0 on: null where that is 0.

    numpy divides; polars may multiply by the reciprocal, which is an ulp off
    now and then.

    Args:
        above: What is divided.
        below: By what.
        most: How far the first are from zero at most, if that is known.
        name: What the column is called.

    >>> quotient(pl.Series([7, 7]), pl.Series([2, 0])).to_list()
    [3.5, None]
    """
    # Sums of 128 bits are beyond numpy: polars rounds them.
    numbers = above.cast(pl.Float64).to_numpy() if isinstance(above, pl.Series) else above
    divisors = below.to_numpy() if isinstance(below, pl.Series) else below
    known = divisors != 0
    every = known if isinstance(known, bool) else bool(known.all())
    divided = numbers / (divisors if every else np.where(known, divisors, 1))
    if (most is None or most > _WHOLE) and _is_beyond(above):
        _mend(divided, above, np.broadcast_to(divisors, divided.shape))
    found = pl.Series(name, divided)
    return found if every else masked(found, np.broadcast_to(known, divided.shape))


def _is_beyond(numbers: pl.Series | Ints) -> bool:
    """Whether some are too large for Float64."""
    return len(numbers) > 0 and not -_WHOLE <= numbers.min() <= numbers.max() <= _WHOLE  # type: ignore[operator]


def _mend(divided: NDArray[np.float64], above: pl.Series | Ints, below: Ints) -> None:
    """Divide in whole numbers where a cast to Float64 would round before the division does."""
    numbers = above if isinstance(above, pl.Series) else pl.Series(above)
    places = np.flatnonzero(~numbers.is_between(-_WHOLE, _WHOLE).to_numpy() & (below != 0))
    large = numbers.gather(places).to_list()
    divided[places] = [a / int(b) for a, b in zip(large, below[places], strict=True)]
