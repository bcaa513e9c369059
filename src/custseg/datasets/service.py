"""Service: requests and complaints, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from attrs import frozen

from custseg.datasets.catalogue import price_level
from custseg.datasets.columns import by_time, instants, money, some, words
from custseg.datasets.people import STORE
from custseg.datasets.urn import Urn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.datasets.almanac import Almanac
    from custseg.datasets.people import People
    from custseg.datasets.purchases import Purchases

__all__ = ["Tickets"]

_HOUR = 3_600
_CATEGORIES = ("delivery", "damaged", "wrong_item", "return", "payment", "question", "account")
_COMPLAINTS = 3  # the first ones: the shop is to blame
_CATEGORY_SHARES = (
    (0.32, 0.12, 0.08, 0.2, 0.09, 0.13, 0.06),
    (0.0, 0.17, 0.03, 0.34, 0.12, 0.26, 0.08),
)
_CHANNELS = ("email", "chat", "phone", "store")
_CHANNEL_SHARES = ((0.46, 0.34, 0.18, 0.02), (0.15, 0.1, 0.3, 0.45))
_CHANNEL_HOURS = np.array([5.5, 0.25, 0.08, 0.02])  # the median time to a first answer
_PRIORITIES = ("low", "normal", "high", "urgent")
_PRIORITY_SHARES = ((0.1, 0.5, 0.32, 0.08), (0.35, 0.55, 0.09, 0.01))

_OPENED = 0.032  # of orders
_FORGOTTEN, _LATE, _NEVER_RESOLVED, _REOPENED = 0.015, 0.07, 0.045, 0.065
_RESOLVED_HOURS = 20.0
_COMPENSATED = 0.22  # of complaints
_AMOUNTS = np.array([5, 5, 10, 10, 15, 20, 30])


@frozen(eq=False)
class Tickets:
    """One value a ticket in each array, by the time it was opened; 0 means not yet.

    Attributes:
        customer: Who, an index of the people.
        opened_at: When, in seconds since 1970.
        first_response_at: When someone answered.
        resolved_at: When it was settled.
        resolved_day: The day of the almanac that is, or nearly.
        category: What about, an index of the categories.
        priority: How urgent, an index of the priorities.
        channel: Where, an index of the service's channels.
        reopened: Whether it was not settled after all.
        compensation: What the customer was given, in whole units of money.
    """

    customer: NDArray[np.int64]
    opened_at: NDArray[np.int64]
    first_response_at: NDArray[np.int64]
    resolved_at: NDArray[np.int64]
    resolved_day: NDArray[np.int64]
    category: NDArray[Any]
    priority: NDArray[Any]
    channel: NDArray[Any]
    reopened: NDArray[np.bool_]
    compensation: NDArray[np.int64]

    @classmethod
    def of(
        cls, people: People, purchases: Purchases, almanac: Almanac, rng: np.random.Generator
    ) -> Tickets:
        """Tickets some days after orders, more of them from people who are not content."""
        odds = _OPENED * np.exp(-0.35 * people.mood[purchases.customer] - 0.06)
        order = np.flatnonzero(~purchases.is_return & (rng.random(len(purchases)) < odds))
        day = purchases.day[order] + 1 + (rng.standard_exponential(len(order)) * 4).astype(np.int64)
        order, day = order[day < almanac.days], day[day < almanac.days]
        in_store = purchases.channel[order] == STORE
        channel = Urn.of(_CHANNEL_SHARES, bits=12).draw(rng, len(order), row=in_store)
        # Nobody is at the counter, or on the phone, at night.
        at = almanac.instants(rng, day, in_store=channel >= _CHANNELS.index("phone"))
        by = by_time(at)
        order, day, at, in_store, channel = order[by], day[by], at[by], in_store[by], channel[by]
        category = Urn.of(_CATEGORY_SHARES, bits=12).draw(rng, len(order), row=in_store)
        complaint = category < _COMPLAINTS
        answered = _answers(at, channel, rng)
        took = (
            _RESOLVED_HOURS
            * np.exp(1.1 * rng.standard_normal(len(order)))
            * np.where(complaint, 1.5, 0.7)
        )
        resolved = answered + 60 + (took * _HOUR).astype(np.int64)
        resolved = np.where(
            (answered == 0) | (rng.random(len(order)) < _NEVER_RESOLVED), 0, resolved
        )
        answered, resolved = (
            np.where(then < almanac.end, then, 0) for then in (answered, resolved)
        )
        paid = complaint & (resolved > 0) & (rng.random(len(order)) < _COMPENSATED)
        return cls(
            customer=purchases.customer[order],
            opened_at=at,
            first_response_at=answered,
            resolved_at=resolved,
            resolved_day=day + np.where(resolved > 0, resolved - at, 0) // 86_400,
            category=category,
            priority=Urn.of(_PRIORITY_SHARES, bits=12).draw(rng, len(order), row=~complaint),
            channel=channel,
            reopened=(resolved > 0)
            & (rng.random(len(order)) < _REOPENED * np.where(complaint, 1.5, 0.6)),
            compensation=np.where(paid, rng.choice(_AMOUNTS, len(order)), 0),
        )

    def frame(self, digits: int) -> pl.DataFrame:
        """The table of tickets."""
        unit = round(price_level(digits) * 10**digits)
        return pl.DataFrame(
            {
                "ticket_id": np.arange(1, len(self.opened_at) + 1),
                "customer_id": self.customer + 1,
                "opened_at": instants(self.opened_at),
                "first_response_at": some(
                    instants(self.first_response_at), self.first_response_at > 0
                ),
                "resolved_at": some(instants(self.resolved_at), self.resolved_at > 0),
                "category": words(_CATEGORIES, self.category),
                "priority": words(_PRIORITIES, self.priority),
                "channel": words(_CHANNELS, self.channel),
                "reopened": self.reopened,
                "compensation": some(
                    money(self.compensation * unit, digits), self.compensation > 0
                ),
            }
        )


def _answers(
    at: NDArray[np.int64], channel: NDArray[Any], rng: np.random.Generator
) -> NDArray[np.int64]:
    """When each is first answered: most within the day, some days late, few never."""
    fate = rng.random(len(at))
    hours = np.minimum(_CHANNEL_HOURS[channel] * np.exp(0.8 * rng.standard_normal(len(at))), 23.9)
    hours = np.where(
        fate < _FORGOTTEN + _LATE, 24.5 + rng.standard_exponential(len(at)) * 28, hours
    )
    return np.where(fate < _FORGOTTEN, 0, at + 5 + (hours * _HOUR).astype(np.int64))
