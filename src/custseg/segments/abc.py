"""ABC: the customers who make up most of the value, and the rest."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import field, frozen

from custseg.errors import FitError, Problem
from custseg.segments.abc_scheme import ABCScheme, asked, counted_orders, shared
from custseg.segments.abc_sums import running, whole
from custseg.segments.currencies import currency_of
from custseg.segments.given import as_row, is_row
from custseg.segments.own_measures import measure_problems
from custseg.segments.scheme_text import finite
from custseg.segments.segmentation import Segmentation, a_base, measured
from custseg.segments.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase
    from custseg.base.measure import Measure

__all__ = ["ABC"]

_CLASSES = 2


@frozen(kw_only=True)
class ABC:
    """A recipe that parts customers by their share of all value (Pareto).

    Customers are taken from the largest value down. One is A while those
    before have less than the first share of the total: who crosses it is in.
    B goes on to the second share, C is the rest. Equal customers are in one
    class, that of the first of them. Customers without orders, and those
    whose value is not above zero, are C and outside the total.

    Sums are exact: a value counts as the decimal it is shown as.

    Attributes:
        shares: Where A and B end, as shares of the total.
        by: The measure that is shared out: `spend`, `spend_365d`, a score, or
            a `cu.Measure` that the recipe and its scheme carry.

    Raises:
        FitError: listing everything at once: shares that do not ascend
            within 0 and 1, a measure without a name.

    >>> import polars as pl
    >>> import custseg as cu
    >>> spend = [500.0, 300.0, 150.0, 50.0]
    >>> measures = pl.DataFrame({"customer_id": range(4), "spend": spend, "orders": [1] * 4})
    >>> scheme = cu.ABC().settle(cu.ABC().tally(measures))
    >>> scheme.label(measures)["segment"].to_list()
    ['A', 'A', 'B', 'C']
    """

    shares: tuple[float, ...] = field(default=(0.8, 0.95), converter=as_row)
    by: str | Measure = "spend"

    def __attrs_post_init__(self) -> None:
        """Refuse a declaration that cannot be fitted to any base."""
        FitError.check(self._problems())

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the measures that the recipe needs."""
        return tuple(map(str, asked(self.by)))

    def tally(self, measures: pl.DataFrame, /) -> Tally:
        """What must be known of these customers; tallies of partitions add up.

        Args:
            measures: `customer_id` and the measures that `reads` names.

        Raises:
            FitError: when a value is no number, or not finite, or orders are
                null or NaN: who has none has 0.

        >>> import polars as pl
        >>> import custseg as cu
        >>> measures = pl.DataFrame({"spend": [5.0, 9.0, 5.0], "orders": [1, 2, 4]})
        >>> cu.ABC().tally(measures) == cu.ABC().tally(measures[:1]) + cu.ABC().tally(measures[1:])
        True
        """
        measures = counted_orders(measures, str(self.by), where="ABC.tally")
        return Tally.of_each(pl.DataFrame([shared(measures, str(self.by))]))

    def settle(self, tally: Tally, /, *, currency: str | None = None) -> ABCScheme:
        """The scheme of all customers that were tallied.

        Args:
            tally: What is known of them.
            currency: What money is, if that is known.
        """
        values, customers = tally.arrays()
        sums = running(whole(values), customers)
        total = int(sums[-1]) if sums.size else 0
        # What all customers with a larger value have.
        before = total - sums
        a, b = (_least(values, before < _limit(share, total)) for share in self.shares)
        return ABCScheme(by=self.by, a=a, b=b, currency=currency)

    def fit(self, base: CustomerBase, /) -> ABCScheme:
        """The scheme with the limits of this base, frozen."""
        a_base(base, "ABC.fit")
        tally = self.tally(base.measures(*asked(self.by)))
        return self.settle(tally, currency=currency_of(base, self.reads))

    def segment(self, base: CustomerBase, /) -> Segmentation:
        """The base labelled by the scheme that is fitted to it."""
        a_base(base, "ABC.segment")
        measures = measured(base, asked(self.by))
        scheme = self.settle(self.tally(measures), currency=currency_of(base, self.reads))
        return Segmentation.of(scheme, base, measures=measures)

    def _problems(self) -> Iterator[Problem]:
        yield from _shares_problems(self.shares)
        yield from measure_problems(self.by, where="ABC.by")


def _shares_problems(shares: tuple[float, ...]) -> Iterator[Problem]:
    where, fix = "ABC.shares", "give two numbers that ascend, such as (0.8, 0.95)"
    if not is_row(shares):
        yield Problem(f"shares are {shares!r:.60}", where, fix)
        return
    if len(shares) != _CLASSES:
        yield Problem(f"{len(shares)} shares end A and B", where, fix)
    good = [0 < (finite(share) or 0) <= 1 for share in shares]
    for share, is_good in zip(shares, good, strict=True):
        if not is_good:
            yield Problem(
                f"{share!r} is no share of the total", where, "give a number above 0, up to 1"
            )
    if all(good) and len(shares) == _CLASSES and shares[0] >= shares[1]:
        yield Problem(f"{shares[0]} stands before {shares[1]}", where, fix)


def _limit(share: float, total: int) -> int:
    """The smallest whole sum that is not below the share; 0.8 is eight tenths exactly."""
    exact = Fraction(str(float(share)))
    return -(-exact.numerator * total // exact.denominator)


def _least(values: NDArray[np.float64], inside: NDArray[np.bool_]) -> float:
    """The smallest value inside; inf when there is none."""
    return float(values[np.argmax(inside)]) if values.size else np.inf
