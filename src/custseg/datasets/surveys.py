"""Surveys: what customers answer when they are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from custseg.datasets.columns import by_time, instants, words
from custseg.datasets.people import APP, STORE
from custseg.datasets.urn import Urn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.datasets.almanac import Almanac
    from custseg.datasets.people import People
    from custseg.datasets.purchases import Purchases
    from custseg.datasets.service import Tickets

__all__ = ["surveys"]

_KINDS = ("nps", "csat", "ces")
_NPS, _CSAT, _CES = range(3)
# Scores are a middle, so much for each standard deviation of mood, and the ends of the scale.
_MIDDLE = np.array([8.0, 4.05, 5.3])
_SLOPE = np.array([1.75, 0.8, 1.1])
_LOWEST = np.array([0, 1, 1])
_HIGHEST = np.array([10, 5, 7])
_MISHAPS, _MISHAP = 0.05, 2.6  # now and then things go quite wrong
_GOOD = np.array([9, 4, 6])  # from here on it is praise
_BAD = np.array([6, 2, 3])  # up to here it is blame

_TOUCHPOINTS = ("app", "delivery", "store", "product", "support")
_IN_APP, _DELIVERY, _IN_STORE, _PRODUCT, _SUPPORT = range(5)
# Blame, indifference and praise, by touchpoint.
_COMMENTS = (
    *(
        "The app crashed at checkout",
        "Could not find my voucher in the app",
        "Too many notifications",
    ),
    *("The app is fine", "Search could be better", "It works"),
    *("Quick and easy to order", "Love the app", "Reordering takes seconds"),
    *("Arrived a week late", "The parcel was damaged", "No news about my delivery for days"),
    *("Delivery as expected", "Took a little longer than announced", "Packaging could be smaller"),
    *("Arrived the next day", "Very fast delivery", "Well packed and on time"),
    *("Long queue at the till", "Nobody there to help", "What I came for was sold out"),
    *("The store is ok", "A bit crowded on Saturday", "Prices were hard to see"),
    *("Friendly staff", "Beautiful store, great advice", "Always a pleasure to come by"),
    *("Poor quality for the price", "Broke after two days", "Not as shown in the pictures"),
    *("Good but a little expensive", "Does what it should", "The size runs small"),
    *("Excellent quality", "Exactly what I wanted", "Bought it again for a friend"),
    *(
        "Still waiting for an answer",
        "Had to explain everything three times",
        "My problem was not solved",
    ),
    *("Solved in the end", "Answer was ok but slow", "Two calls were needed"),
    *("Solved at once, thank you", "Very kind and helpful", "Got my money back without fuss"),
)
_PER_MOOD = 3
_PER_TOUCHPOINT = 3 * _PER_MOOD
_COMMENTED = 0.33

_ASKED = (0.028, 0.035)  # of orders, for nps and csat
_AFTER_DAYS = (12, 3)
_ABOUT_DELIVERY = 0.6  # of what is asked about online orders
_TICKETS_ASKED = 0.22
_DAY = 86_400


def surveys(
    people: People,
    purchases: Purchases,
    tickets: Tickets,
    almanac: Almanac,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """The table of feedback, by time."""
    nps = _after_orders(_NPS, purchases, almanac, rng)
    csat = _after_orders(_CSAT, purchases, almanac, rng)
    ces = _after_tickets(tickets, almanac, rng)
    customer, day, touchpoint, luck = (
        np.concatenate(parts) for parts in zip(nps, csat, ces, strict=True)
    )
    kind = np.repeat(np.arange(len(_KINDS)), [len(part[0]) for part in (nps, csat, ces)])
    at = np.minimum(almanac.instants(rng, day), almanac.end - 1)
    order = by_time(at)
    customer, kind, touchpoint, luck = customer[order], kind[order], touchpoint[order], luck[order]
    feeling = 0.75 * people.mood[customer] + luck + 0.65 * rng.standard_normal(len(at))
    feeling -= _MISHAP * (rng.random(len(at)) < _MISHAPS)
    score = np.rint(_MIDDLE[kind] + _SLOPE[kind] * feeling).astype(np.int64)
    score = np.clip(score, _LOWEST[kind], _HIGHEST[kind])
    return pl.DataFrame(
        {
            "feedback_id": np.arange(1, len(at) + 1),
            "customer_id": customer + 1,
            "at": instants(at[order]),
            "kind": words(_KINDS, kind),
            "score": score,
            "touchpoint": words(_TOUCHPOINTS, touchpoint),
            "comment": _comments(kind, score, touchpoint, rng),
        }
    )


def _after_orders(
    kind: int, purchases: Purchases, almanac: Almanac, rng: np.random.Generator
) -> tuple[NDArray[Any], ...]:
    """Who is asked about an order, on which day, about what, and how lucky it was."""
    asked = np.flatnonzero(
        ~purchases.is_return & (rng.random(len(purchases), dtype=np.float32) < _ASKED[kind])
    )
    day = (
        purchases.day[asked]
        + _AFTER_DAYS[kind]
        + (rng.standard_exponential(len(asked)) * 2.5).astype(np.int64)
    )
    asked, day = asked[day < almanac.days], day[day < almanac.days]
    channel = purchases.channel[asked]
    online = np.where(channel == APP, _IN_APP, _PRODUCT)
    online = np.where(rng.random(len(asked)) < _ABOUT_DELIVERY, _DELIVERY, online)
    touchpoint = np.where(channel == STORE, _IN_STORE, online)
    sent_back = np.isin(asked, purchases.source[purchases.is_return])
    luck = -1.1 * sent_back + 0.15 * (touchpoint == _IN_STORE) - 0.1 * (touchpoint == _DELIVERY)
    return purchases.customer[asked], day, touchpoint, luck


def _after_tickets(
    tickets: Tickets, almanac: Almanac, rng: np.random.Generator
) -> tuple[NDArray[Any], ...]:
    ended = np.flatnonzero(
        (tickets.resolved_at > 0) & (rng.random(len(tickets.opened_at)) < _TICKETS_ASKED)
    )
    day = tickets.resolved_day[ended] + 1
    ended, day = ended[day < almanac.days], day[day < almanac.days]
    slow = tickets.first_response_at[ended] - tickets.opened_at[ended] > _DAY
    luck = (
        0.25 - 1.2 * slow - 0.9 * tickets.reopened[ended] + 0.6 * (tickets.compensation[ended] > 0)
    )
    return tickets.customer[ended], day, np.full(len(ended), _SUPPORT), luck


def _comments(
    kind: NDArray[Any], score: NDArray[np.int64], touchpoint: NDArray[Any], rng: np.random.Generator
) -> pl.Series:
    """Few say why, and more of those who are angry or delighted."""
    mood = np.where(score >= _GOOD[kind], 2, np.where(score <= _BAD[kind], 0, 1))
    comment = touchpoint * _PER_TOUCHPOINT + mood * _PER_MOOD
    comment += Urn.of((5, 3, 2), bits=8).draw(rng, len(kind))
    says = rng.random(len(kind)) < _COMMENTED * np.array([1.6, 0.6, 1.0])[mood]
    return words((*_COMMENTS, None), np.where(says, comment, len(_COMMENTS)))
