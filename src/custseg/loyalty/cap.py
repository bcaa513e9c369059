"""Cap: the most points that a rule, or a whole program, gives in a period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attrs import field, frozen

from custseg.loyalty.faults import choice_faults, whole_faults

if TYPE_CHECKING:
    from custseg.errors import Problem

__all__ = ["CAP_PERIODS", "Cap", "CapPeriod"]

CapPeriod = Literal["order", "day", "month", "year", "lifetime"]
CAP_PERIODS = ("order", "day", "month", "year", "lifetime")


@frozen
class Cap:
    """The most points in a local period, for each member.

    What was used stays used when another version of the program comes into
    force: caps of the same rule, by its name, or of the program, count
    together where their periods are of one kind.

    Attributes:
        points: How many.
        per: The period: each order (and each action), the local day, month
            or year, or all time.

    >>> import custseg as cu
    >>> cu.Cap(100, per="month")
    Cap(100, per='month')
    """

    points: int
    per: CapPeriod = field(kw_only=True)

    def problems(self, where: str) -> list[Problem]:
        """All that is wrong with it, at a place in its program."""
        return [
            *whole_faults(self.points, f"{where}.points", least=1),
            *choice_faults(self.per, CAP_PERIODS, f"{where}.per"),
        ]

    def __repr__(self) -> str:
        """The cap as it is declared."""
        return f"Cap({self.points!r}, per={self.per!r})"
