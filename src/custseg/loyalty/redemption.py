"""Redemption: how points are spent."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from attrs import field, frozen
from attrs.converters import optional

from custseg.loyalty.faults import choice_faults, rate_faults, whole_faults
from custseg.loyalty.rate import rate_or_given, rate_text

if TYPE_CHECKING:
    from custseg.errors import Problem

__all__ = ["ORDERS", "Redemption", "SpendingOrder"]

SpendingOrder = Literal["expiring_first", "oldest_first"]
ORDERS = ("expiring_first", "oldest_first")


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

    point_value: Fraction | None = field(
        default=None, kw_only=True, converter=optional(rate_or_given)
    )
    minimum: int = field(default=1, kw_only=True)
    order: SpendingOrder = field(default="expiring_first", kw_only=True)

    def problems(self, where: str) -> list[Problem]:
        """All that is wrong with it, at a place in its program."""
        return [
            *(
                []
                if self.point_value is None
                else rate_faults(self.point_value, f"{where}.point_value", above=False)
            ),
            *whole_faults(self.minimum, f"{where}.minimum"),
            *choice_faults(self.order, ORDERS, f"{where}.order"),
        ]

    def __repr__(self) -> str:
        """The redemption as it is declared."""
        # Also as it is refused: what is no exact rate is shown as it was given.
        given: object = self.point_value
        shown = repr(rate_text(given)) if isinstance(given, Fraction) else repr(given)
        value = "" if given is None else f"point_value={shown}, "
        return f"Redemption({value}minimum={self.minimum!r}, order={self.order!r})"
