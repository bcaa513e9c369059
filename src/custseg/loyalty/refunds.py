"""Refunds: what happens to points of what comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attrs import field, frozen

from custseg.errors import Problem
from custseg.loyalty.faults import choice_faults, is_whole

if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = ["SHORTFALLS", "Refunds", "Shortfall"]

Shortfall = Literal["debt", "forgive", "lot_only"]
SHORTFALLS = ("debt", "forgive", "lot_only")
_LONGEST = 36_525

Restored: TypeAlias = "Literal['original'] | int"


@frozen
class Refunds:
    """What a refund takes when points are gone, and what a cancel gives back.

    Attributes:
        shortfall: What nobody pays: "debt" is paid by later points; "forgive"
            is given up, with an entry that says so; "lot_only" takes from the
            order's own lot and gives up the rest.
        restored: Points that a cancel gives back past their expiry:
            "original" lapse at once, a number of days lets them live on.

    >>> import custseg as cu
    >>> cu.Refunds(shortfall="forgive", restored=30)
    Refunds(shortfall='forgive', restored=30)
    """

    shortfall: Shortfall = field(default="debt", kw_only=True)
    restored: Restored = field(default="original", kw_only=True)

    @property
    def restored_days(self) -> int | None:
        """Days that points live on after a cancel; None for their own expiry."""
        return None if isinstance(self.restored, str) else self.restored

    def problems(self, where: str) -> list[Problem]:
        """All that is wrong with it, at a place in its program."""
        found = choice_faults(self.shortfall, SHORTFALLS, f"{where}.shortfall")
        if self.restored != "original" and not is_whole(self.restored, least=1, most=_LONGEST):
            fix = f'write "original", or days from 1 to {_LONGEST:,}'
            found.append(Problem(f"restored is {self.restored!r}", f"{where}.restored", fix))
        return found
