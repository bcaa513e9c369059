"""People: what the shop cannot see of its customers, and they act upon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import evolve, frozen

from custseg.datasets.catalogue import CATEGORY_SHARES
from custseg.datasets.columns import by_time
from custseg.datasets.urn import Urn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.datasets.almanac import Almanac

__all__ = ["APP", "CHANNELS", "REGIONS", "STORE", "STORES", "VIA", "WEB", "People"]

CHANNELS = ("app", "web", "store")
APP, WEB, STORE = range(3)

VIA = ("organic", "search_ads", "social", "affiliate", "store", "referral")
_ORGANIC, _REFERRAL = 0, 5
_VIA_SHARES = (0.27, 0.17, 0.14, 0.05, 0.22, 0.15)
_VIA_SHARES_IN_CAMPAIGN = (0.15, 0.27, 0.25, 0.13, 0.11, 0.09)
_CAMPAIGNS = ((4, 1, 14), (9, 1, 14), (11, 22, 30))  # month, first and last day
# Bought attention brings people who buy less, leave sooner, or never buy at all.
_VIA_RATE = np.array([1.15, 0.90, 0.75, 0.60, 1.00, 1.35])
_VIA_LIFE = np.array([1.10, 0.85, 0.70, 0.50, 1.15, 1.30])
_VIA_NO_ORDER = np.array([0.09, 0.12, 0.19, 0.16, 0.01, 0.05])
_VIA_CHANNEL = np.array(
    [
        (0.3, 0.5, 0.2),
        (0.25, 0.65, 0.1),
        (0.6, 0.35, 0.05),
        (0.2, 0.75, 0.05),
        (0.0, 0.0, 1.0),
        (0.4, 0.35, 0.25),
    ]
)

REGIONS = ("capital", "north", "south", "east", "west", "coast", "islands")
_REGION_SHARES = (0.27, 0.20, 0.16, 0.14, 0.12, 0.08, 0.03)
STORES = (
    "Opera",
    "Station",
    "Riverside",
    "North Gate",
    "Old Mill",
    "South Park",
    "East Mall",
    "West End",
    "Harbour",
    None,
)
_NO_STORE = len(STORES) - 1
# The stores people of each region go to: the islands sail to the harbour.
_REGION_STORES = (
    *(
        (0.5, 0.3, 0.2, 0, 0, 0, 0, 0, 0),
        (0, 0.1, 0, 0.6, 0.3, 0, 0, 0, 0),
        (0.1, 0, 0, 0, 0, 0.9, 0, 0, 0),
    ),
    *(
        (0, 0.1, 0, 0, 0, 0, 0.9, 0, 0),
        (0, 0, 0.1, 0, 0, 0, 0, 0.9, 0),
        (0, 0, 0, 0, 0, 0, 0, 0.1, 0.9),
    ),
    (0, 0, 0, 0, 0, 0, 0, 0, 1),
)

# Pareto/NBD (Schmittlein, Morrison & Colombo 1987): purchase rates are gamma (shape r),
# so are the rates of leaving (shape s). The shapes are near those of CDNOW, where
# r = .553, alpha = 10.58, s = .606, beta = 11.67 weeks; people come here more often
# and stay longer, as in a shop for daily life.
_RATE_SHAPE, _RATE_DAYS = 0.72, 48.0
_LEAVE_SHAPE, _LEAVE_DAYS = 0.62, 95.0
# Shares of baskets with 1, 2, ... lines, by how people shop.
BASKETS = (
    (0.80, 0.15, 0.04, 0.01, 0, 0, 0, 0, 0, 0, 0, 0),
    (0.52, 0.26, 0.12, 0.06, 0.025, 0.01, 0.005, 0, 0, 0, 0, 0),
    (0.30, 0.26, 0.18, 0.11, 0.07, 0.04, 0.02, 0.01, 0.01, 0, 0, 0),
    (0.10, 0.15, 0.17, 0.16, 0.13, 0.10, 0.07, 0.05, 0.03, 0.02, 0.01, 0.01),
)
_BASKET_SHARES = (0.30, 0.40, 0.24, 0.06)
_AT_THE_TILL = 0.66  # join with their first order; the others look around first
_LOOKING_AROUND_DAYS = 12.0


@frozen(eq=False)
class People:
    """One value a customer in each array, in the order they joined.

    Attributes:
        joined: When, in seconds since 1970.
        joined_day: The day of the almanac that is.
        via: What brought them, an index of VIA.
        channel: Where they like to buy, an index of CHANNELS.
        region: Where they live, an index of REGIONS.
        store: The store they go to, an index of STORES.
        taste: Their favourite category.
        basket: How they shop, an index of BASKETS.
        mood: How content they are: standard normal.
        rate: Orders in a busy day.
        life: How many busy days they stay after the day of the first order.
        first: When they order first, in seconds since 1970; 0 means never.
        first_day: The day of the almanac that is; the number of days means never.
        referrer: Who brought them, as an index; -1 means nobody.
    """

    joined: NDArray[np.int64]
    joined_day: NDArray[np.int64]
    via: NDArray[Any]
    channel: NDArray[Any]
    region: NDArray[Any]
    store: NDArray[Any]
    taste: NDArray[Any]
    basket: NDArray[Any]
    mood: NDArray[np.float64]
    rate: NDArray[np.float64]
    life: NDArray[np.float64]
    first: NDArray[np.int64]
    first_day: NDArray[np.int64]
    referrer: NDArray[np.int64]

    @classmethod
    def of(cls, customers: int, almanac: Almanac, rng: np.random.Generator) -> People:
        """So many people, who join over the days of the almanac."""
        joined, day, via, channel = _arrivals(customers, almanac, rng)
        region = Urn.of(_REGION_SHARES).draw(rng, customers)
        mood = rng.standard_normal(customers)
        rate = rng.standard_gamma(_RATE_SHAPE, customers) * _VIA_RATE[via] / _RATE_DAYS
        leave = rng.standard_gamma(_LEAVE_SHAPE, customers) * np.exp(-0.35 * mood) / _VIA_LIFE[via]
        life = rng.standard_exponential(customers) * _LEAVE_DAYS / np.maximum(leave, 1e-9)
        first, first_day = _first_orders(
            joined, day, channel, rng.random(customers) < _VIA_NO_ORDER[via], almanac, rng
        )
        people = cls(
            joined=joined,
            joined_day=day,
            via=via,
            channel=channel,
            region=region,
            store=Urn.of(_REGION_STORES).draw(rng, customers, row=region),
            taste=Urn.of(CATEGORY_SHARES).draw(rng, customers),
            basket=Urn.of(_BASKET_SHARES).draw(rng, customers),
            mood=mood,
            rate=rate,
            life=life,
            first=first,
            first_day=first_day,
            referrer=np.full(customers, -1),
        )
        return _referred(people, rng)

    def __len__(self) -> int:
        """How many they are."""
        return len(self.joined)

    def stretch(self, almanac: Almanac) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The position from which each may order again, and how long they go on."""
        after = np.minimum(self.first_day + 1, almanac.days)
        begin = almanac.elapsed[after]
        return begin, np.minimum(self.life, almanac.days - begin)


def _arrivals(
    customers: int, almanac: Almanac, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Any], NDArray[Any]]:
    day = np.arange(almanac.days)
    campaign = _campaign(almanac)
    busy = np.diff(almanac.elapsed) ** 0.7  # people join less seasonally than they buy
    opening = 1 + 1.6 * np.exp(-day / 18)
    weight = busy * opening * 1.3 ** (day / 365) * np.where(campaign, 1.9, 1.0)
    crowd = np.searchsorted(
        np.cumsum(weight)[:-1] / weight.sum(), rng.random(customers), side="right"
    )
    via = Urn.of([_VIA_SHARES, _VIA_SHARES_IN_CAMPAIGN]).draw(rng, customers, row=campaign[crowd])
    channel = Urn.of(_VIA_CHANNEL).draw(rng, customers, row=via)
    joined = almanac.instants(rng, crowd, in_store=channel == STORE)
    order = by_time(joined)
    return joined[order], crowd[order], via[order], channel[order]


def _campaign(almanac: Almanac) -> NDArray[np.bool_]:
    """Which days are in a campaign."""
    date = (np.datetime64(almanac.first) + np.arange(almanac.days)).astype("datetime64[D]")
    day = (date - date.astype("datetime64[M]")).astype(np.int64) + 1
    campaign = np.zeros(almanac.days, np.bool_)
    for month, first, last in _CAMPAIGNS:
        campaign |= (almanac.month == month - 1) & (day >= first) & (day <= last)
    return campaign


def _first_orders(
    joined: NDArray[np.int64],
    joined_day: NDArray[np.int64],
    channel: NDArray[Any],
    never: NDArray[np.bool_],
    almanac: Almanac,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    customers = len(joined)
    at_till = rng.random(customers) < _AT_THE_TILL
    wait = 1 + (rng.standard_exponential(customers) * _LOOKING_AROUND_DAYS).astype(np.int64)
    day = np.where(at_till, joined_day, joined_day + wait)
    later = almanac.instants(rng, np.minimum(day, almanac.days - 1), in_store=channel == STORE)
    first = np.where(at_till, joined + rng.integers(45, 600, customers), later)
    never = never | (day >= almanac.days) | (first >= almanac.end)
    return np.where(never, 0, first), np.where(never, almanac.days, day)


def _referred(people: People, rng: np.random.Generator) -> People:
    """Those who came by a friend get one who had joined and bought by then."""
    customers = np.arange(len(people))
    one, other = ((rng.random(len(people)) * customers).astype(np.int64) for _ in range(2))
    keen = np.where(people.rate[one] > people.rate[other], one, other)
    bought = (people.first[keen] > 0) & (people.first[keen] < people.joined)
    by_friend = people.via == _REFERRAL
    return evolve(
        people,
        referrer=np.where(by_friend & bought, keen, -1),
        via=np.where(by_friend & ~bought, _ORGANIC, people.via).astype(np.uint8),
    )
