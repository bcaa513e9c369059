"""Reward: what points buy, at a fixed price."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from custseg.loyalty.faults import name_faults, whole_faults

if TYPE_CHECKING:
    from custseg.errors import Problem

__all__ = ["Reward"]


@frozen
class Reward:
    """Something on the price list, that a `redeem` event asks for by name.

    Attributes:
        name: What the event's `reward` says.
        points: Its price.
        per_member: How many one member may have; None for any number.

    >>> import custseg as cu
    >>> cu.Reward("mug", points=500, per_member=1)
    Reward(name='mug', points=500, per_member=1)
    """

    name: str
    points: int = field(kw_only=True)
    per_member: int | None = field(default=None, kw_only=True)

    def problems(self, where: str) -> list[Problem]:
        """All that is wrong with it, at a place in its program."""
        found = name_faults(self.name, f"{where}.name", "mug")
        found += whole_faults(self.points, f"{where}.points", least=1)
        if self.per_member is not None:
            found += whole_faults(self.per_member, f"{where}.per_member", least=1)
        return found
