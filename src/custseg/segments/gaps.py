"""Gaps: a length of time in a customer's own rhythm, and the last gap between orders."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg.errors import FitError
from custseg.schema.bridge import array
from custseg.schema.clock import clock
from custseg.segments.scheme_text import finite

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase

__all__ = ["Gaps", "last_gaps"]

_MOST = 1000
_THOUSANDTHS = 1000
# Ids of the range for each customer: a table over more takes longer than a join.
_SPARSEST = 64


@frozen(repr=False)
class Gaps:
    """So many of the customer's own mean gaps between order days.

    Attributes:
        number: How many, with at most three decimals.

    Raises:
        FitError: unless the number is above 0 and at most 1000.

    >>> import custseg as cu
    >>> cu.Gaps(2), cu.Gaps(1.5)
    (Gaps(2), Gaps(1.5))
    """

    number: float

    def __attrs_post_init__(self) -> None:
        """Refuse what is no number of gaps."""
        known = finite(self.number)
        good = known is not None and 0 < known <= _MOST
        if not good or _THOUSANDTHS % self.exact.denominator:
            fix = f"write Gaps(2): above 0, at most {_MOST}, three decimals at most"
            raise FitError(f"{self.number!r} is no number of gaps", where="Gaps", fix=fix)

    @property
    def exact(self) -> Fraction:
        """The number as a fraction: 1.1 is eleven tenths."""
        return Fraction(str(self.number))

    def passed(
        self, days: NDArray[np.int64], first_to_last: NDArray[np.int64], gaps: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Whether more days went by than so many mean gaps.

        The mean gap is never divided out, so that nothing is rounded.

        Args:
            days: int64[n], the days that went by.
            first_to_last: int64[n], days from the first order day to the last.
            gaps: int64[n], how many gaps lie between them.

        >>> import numpy as np
        >>> import custseg as cu
        >>> days, first_to_last, gaps = np.array([20, 21]), np.array([30, 30]), np.array([3, 3])
        >>> cu.Gaps(2).passed(days, first_to_last, gaps).tolist()
        [False, True]
        """
        exact = self.exact
        return days * gaps * exact.denominator > first_to_last * exact.numerator

    def __repr__(self) -> str:
        """The number as it is written."""
        return f"Gaps({self.number})"


def last_gaps(base: CustomerBase, ids: pl.Series, last_days: pl.Series, /) -> pl.DataFrame:
    """Days between the last two order days of some customers.

    Args:
        base: Where their orders are.
        ids: The customers, each with orders on at least two days.
        last_days: The last order day of each, numbered from 1970-01-01.

    Returns:
        A row a customer, in any order: `customer_id` and `last_gap_days`.

    >>> import custseg as cu, polars as pl
    >>> from custseg.segments.gaps import last_gaps
    >>> orders = cu.table(cu.Order).require(
    ...     pl.DataFrame(
    ...         {
    ...             "order_id": [1, 2, 3],
    ...             "customer_id": [7, 7, 7],
    ...             "total": [5, 5, 5],
    ...             "ordered_at": ["1970-01-02", "1970-01-03T08:00", "1970-01-03T20:00"],
    ...         }
    ...     )
    ... )
    >>> base = cu.CustomerBase(orders=orders)
    >>> last_gaps(base, pl.Series([7]), pl.Series([2])).rows()
    [(7, 1)]
    """
    orders = base.orders
    asked = pl.DataFrame({"customer_id": ids, "last": last_days})
    if orders is None or asked.is_empty():
        return asked.select("customer_id", last_gap_days="last").clear()
    theirs = _of(orders.select("customer_id", "ordered_at", "total"), ids)
    instants = array(theirs["ordered_at"])
    zone = clock(base.tz, int(instants.min()), int(instants.max()))
    days = pl.Series("day", zone.days(instants))
    return (
        theirs.lazy()
        .select("customer_id", "total", days)
        .join(asked.lazy(), on="customer_id")
        .filter((pl.col("total") >= 0) & (pl.col("day") < pl.col("last")))
        .group_by("customer_id")
        .agg(last_gap_days=(pl.col("last") - pl.col("day")).min())
        .collect()
    )


def _of(orders: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    """The orders of some customers: by a table over the range of ids where that is short."""
    every = orders["customer_id"]
    if every.dtype.is_integer():
        lowest, highest = int(ids.min()), int(ids.max())  # type: ignore[arg-type]
        if highest - lowest <= _SPARSEST * every.len():
            asked = np.zeros(highest - lowest + 3, np.bool_)
            asked[array(ids) - (lowest - 1)] = True
            # Who lies outside the range falls on one of its two ends, where nobody is asked.
            place = np.clip(array(every), lowest - 1, highest + 1) - (lowest - 1)
            return orders.filter(pl.Series(asked[place]))
    return orders.filter(every.is_in(ids.implode()))
