"""Gaps: a length of time in a customer's own rhythm."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from attrs import frozen

from custseg.errors import FitError
from custseg.segments.scheme_text import finite

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Gaps"]

_MOST = 1000
_THOUSANDTHS = 1000


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

    @cached_property
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
