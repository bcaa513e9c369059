"""Redemption: how points are spent."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from attrs import field, frozen

from custseg.errors import Problem
from custseg.loyalty.rate import RateProblem, rate_of, rate_text

if TYPE_CHECKING:
    from custseg.loyalty.rate import Rate

__all__ = ["ORDERS", "Redemption", "SpendingOrder"]

SpendingOrder = Literal["expiring_first", "oldest_first"]
ORDERS = ("expiring_first", "oldest_first")


def _read(given: Rate | None) -> Fraction | None:
    """The exact value; what is none is kept, for the program to refuse."""
    try:
        return None if given is None else rate_of(given)
    except RateProblem:
        return given  # type: ignore[return-value]


def _shown(value: object) -> str:
    """A value as it is declared, also one that the program will refuse."""
    return repr(rate_text(value)) if isinstance(value, Fraction) else repr(value)


@frozen
class Redemption:
    """How points are spent.

    Attributes:
        point_value: Money that a point is worth, in major units; None where
            it has no price.
        minimum: The fewest points one request may ask for.
        order: Which lots pay first: those that expire first, or the oldest.

    >>> import custseg as cu
    >>> cu.Redemption(point_value="0.01", minimum=100)
    Redemption(point_value='0.01', minimum=100, order='expiring_first')
    """

    point_value: Fraction | None = field(default=None, kw_only=True, converter=_read)
    minimum: int = field(default=1, kw_only=True)
    order: SpendingOrder = field(default="expiring_first", kw_only=True)

    def problems(self, where: str) -> list[Problem]:
        """All that is wrong with it, at a place in its program."""
        found: list[Problem] = []
        try:
            value = Fraction(0) if self.point_value is None else rate_of(self.point_value)
            if value < 0:
                fix = "write 0 or more, in major units"
                found.append(Problem(f"a point is worth {value}", f"{where}.point_value", fix))
        except RateProblem as problem:
            found.append(Problem(problem.what, f"{where}.point_value", problem.fix))
        whole = isinstance(self.minimum, int) and not isinstance(self.minimum, bool)  # pyright: ignore[reportUnnecessaryIsInstance]
        if not whole or self.minimum < 0:
            fix = "write a whole number of points, 0 or more"
            found.append(Problem(f"minimum is {self.minimum!r}", f"{where}.minimum", fix))
        if self.order not in ORDERS:
            fix = f"write one of {', '.join(ORDERS)}"
            found.append(Problem(f"{self.order!r} is no spending order", f"{where}.order", fix))
        return found

    def __repr__(self) -> str:
        """The redemption as it is declared."""
        value = "" if self.point_value is None else f"point_value={_shown(self.point_value)}, "
        return f"Redemption({value}minimum={self.minimum!r}, order={self.order!r})"
