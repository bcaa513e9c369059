"""Strategy: what to do for the customers of a segment."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from attrs import field, frozen

from custseg.errors import Problem, SchemaError
from custseg.segments.given import as_row, is_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Strategy"]


def _channels(given: str | Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else as_row(given)


@frozen
class Strategy:
    """What to do for the customers of a segment, and how to reach them.

    Attributes:
        goal: What it is for: `win back`.
        offer: What the customer gets: `15 % on the next order`.
        channel: Where the customer is reached; several stand in order of
            preference, and the first that the customer consents to is used.
        priority: Who comes first when not everybody can: 1 before 2.

    Raises:
        SchemaError: with everything that is wrong: empty texts, no channel, a
            channel twice, a priority below 1.

    >>> import custseg as cu
    >>> cu.Strategy("win back", "15 % on the next order", ("push", "email"), 2).channel
    ('push', 'email')
    """

    goal: str
    offer: str
    channel: tuple[str, ...] = field(converter=_channels)
    priority: int = 1

    def __attrs_post_init__(self) -> None:
        """Refuse the strategy with everything that is wrong."""
        SchemaError.check(self._problems())

    def _problems(self) -> Iterator[Problem]:
        for name, usual in (("goal", "win back"), ("offer", "free delivery")):
            value = cast("object", getattr(self, name))
            if not isinstance(value, str) or not value.strip():
                what = f"a strategy needs its {name} in words, got {value!r}"
                yield Problem(what, f"Strategy.{name}", f'write {name}="{usual}"')
        channels = cast("tuple[object, ...]", self.channel)
        if (
            not is_row(channels)
            or not channels
            or not all(isinstance(each, str) and each.strip() for each in channels)
        ):
            what = f"a strategy needs a channel, got {self.channel!r}"
            yield Problem(what, "Strategy.channel", 'write channel="email", or ("push", "email")')
        elif len(set(channels)) < len(channels):
            what = f"a channel is named twice: {', '.join(self.channel)}"
            yield Problem(what, "Strategy.channel", "name each once, the preferred one first")
        priority = cast("object", self.priority)
        if not isinstance(priority, int) or isinstance(priority, bool) or priority < 1:
            what = f"priority is a whole number from 1, got {priority!r}"
            yield Problem(what, "Strategy.priority", "write priority=1 for those who come first")
