"""Limit: how often one customer is contacted."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import polars as pl
from attrs import field, frozen

from custseg.errors import Problem, SchemaError
from custseg.segments.given import as_row, is_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from custseg.base.customer_base import CustomerBase

__all__ = ["Limit"]

_LONGEST = 99_999


def _kinds(given: str | Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else as_row(given)


@frozen(kw_only=True)
class Limit:
    """At most so many contacts of a customer in so many days.

    Attributes:
        contacts: How many contacts there may be, the planned one included.
        days: The local days that count: the last `days`, that of the as_of
            included.
        kinds: The kinds of events that are contacts.

    Raises:
        SchemaError: with everything that is wrong.

    >>> import custseg as cu
    >>> cu.Limit(contacts=2, days=30).kinds
    ('care', 'campaign')
    """

    contacts: int
    days: int
    kinds: tuple[str, ...] = field(default=("care", "campaign"), converter=_kinds)

    def __attrs_post_init__(self) -> None:
        """Refuse the limit with everything that is wrong."""
        SchemaError.check(self._problems())

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures that count the contacts of each kind.

        >>> import custseg as cu
        >>> cu.Limit(contacts=2, days=30).measures
        ('events_care_30d', 'events_campaign_30d')
        """
        return tuple(f"events_{kind}_{self.days}d" for kind in self.kinds)

    def contacted(self, base: CustomerBase, /) -> pl.DataFrame:
        """How many contacts each customer had in the last days: `customer_id`, `contacts`.

        Raises:
            SchemaError: when the base has no events.
        """
        counts = base.measures(*self.measures)
        return counts.select("customer_id", contacts=pl.sum_horizontal(self.measures))

    def _problems(self) -> Iterator[Problem]:
        for name, usual, most in (("contacts", 2, None), ("days", 30, _LONGEST)):
            value = cast("object", getattr(self, name))
            right = isinstance(value, int) and not isinstance(value, bool) and value >= 1
            if not right or (most is not None and cast("int", value) > most):
                upto = "" if most is None else f" to {most:,}"
                what = f"{name} is a whole number from 1{upto}, got {value!r}"
                yield Problem(what, f"Limit.{name}", f"write {name}={usual}")
        kinds = cast("tuple[object, ...]", self.kinds)
        if (
            not is_row(kinds)
            or not kinds
            or not all(isinstance(kind, str) and kind for kind in kinds)
        ):
            what = f"a limit counts kinds of events, got {self.kinds!r}"
            yield Problem(what, "Limit.kinds", 'write kinds=("care", "campaign")')
        elif len(set(kinds)) < len(kinds):
            what = f"a kind is named twice: {', '.join(self.kinds)}"
            yield Problem(what, "Limit.kinds", "name each once")
