"""Also: what another member gets when an event earns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from custseg.loyalty.faults import name_faults, rate_faults
from custseg.loyalty.rate import rate_or_given, shown

if TYPE_CHECKING:
    from fractions import Fraction

    from custseg.errors import Problem

__all__ = ["Also"]


@frozen
class Also:
    """Points for another member, whom a column names: double-sided referrals.

    Attributes:
        member: The column that names the other member: of the event itself
            where it has one of this name, else of its customer.
        points: How many points that member gets.

    >>> import custseg as cu
    >>> cu.Earn.flat("referral", 500, on="referral", also=cu.Also("referred_by", 250)).also
    Also('referred_by', 250)
    """

    member: str
    points: Fraction = field(converter=rate_or_given)

    def problems(self, where: str) -> list[Problem]:
        """All that is wrong with it, at a place in its program."""
        return [
            *name_faults(self.member, f"{where}.member", "referred_by"),
            *rate_faults(self.points, f"{where}.points"),
        ]

    def __repr__(self) -> str:
        """What it is declared as."""
        return f"Also({self.member!r}, {shown(self.points)})"
