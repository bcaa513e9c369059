"""Touches: the events of a shop, everything people do there besides ordering."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from attrs import frozen

from custseg.datasets.catalogue import price_level
from custseg.datasets.columns import by_time, instants, money, some, words
from custseg.datasets.people import APP, CHANNELS, STORE, WEB

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.datasets.almanac import Almanac
    from custseg.datasets.catalogue import Catalogue
    from custseg.datasets.people import People
    from custseg.datasets.purchases import Lines, Purchases

__all__ = ["touches"]

_KINDS = ("browse", "cart", "visit", "review", "referral", "redeem")
_BROWSE, _CART, _VISIT, _REVIEW, _REFERRAL, _REDEEM = range(6)
_NO_CHANNEL = len(CHANNELS)

_SEEN = 0.3  # of online orders that the shop saw coming
_IDLE_RATE, _IDLE_PER_ORDER, _IDLE_DAYS = 0.0015, 0.3, 45
_BROWSES, _FILLS_CART = 0.62, 0.14
_REVIEWS = 0.07
_REDEEMERS = 0.45
_STEPS = np.array([100, 100, 200, 200, 300, 500, 500, 1_000])  # how many points people save up
_REDEEM_AFTER_DAYS, _REDEEM_WITHIN_DAYS = 15, 25.0


@frozen(eq=False)
class _Touch:
    """Events of one origin, one value each; 0 stands for nothing."""

    kind: int
    customer: NDArray[np.int64]
    at: NDArray[np.int64]
    channel: NDArray[Any]
    amount: NDArray[np.int64] | int = 0
    points: NDArray[np.int64] | int = 0
    refers_to: NDArray[np.int64] | int = 0
    session: NDArray[np.int64] | int = 0


def touches(
    people: People,
    purchases: Purchases,
    lines: Lines,
    almanac: Almanac,
    catalogue: Catalogue,
    digits: int,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """The table of events, by time."""
    seen = _before_orders(people, purchases, lines, rng)
    origins = [
        *seen,
        *_idle(people, almanac, catalogue, rng, first_session=len(seen[0].at) + 1),
        _reviews(purchases, people, almanac, rng),
        _referrals(people),
        _redeems(people, purchases, lines, almanac, digits, rng),
    ]
    at = np.concatenate([origin.at for origin in origins])
    order = by_time(at)
    kind = np.repeat(
        np.array([origin.kind for origin in origins], np.uint8),
        [len(origin.at) for origin in origins],
    )
    column = {
        name: _joined(origins, name)[order]
        for name in ("customer", "channel", "amount", "points", "refers_to")
    }
    session = _joined(origins, "session")[order]
    return pl.DataFrame(
        {
            "event_id": np.arange(1, len(at) + 1),
            "customer_id": column["customer"] + 1,
            "at": instants(at[order]),
            "kind": words(_KINDS, kind[order]),
            "amount": some(money(column["amount"], digits), column["amount"] > 0),
            "points": some(pl.Series(column["points"]), column["points"] > 0),
            "refers_to": some(pl.Series(column["refers_to"]), column["refers_to"] > 0),
            "channel": words((*CHANNELS, None), column["channel"].astype(np.uint8)),
            "reward": pl.Series([None], dtype=pl.String).new_from_index(0, len(at)),
            "session": some(pl.Series(session).cast(pl.String), session > 0),
        }
    )


def _joined(origins: list[_Touch], name: str) -> NDArray[np.int64]:
    return np.concatenate(
        [np.broadcast_to(getattr(origin, name), len(origin.at)) for origin in origins]
    )


def _online(people: People, customer: NDArray[np.int64]) -> NDArray[Any]:
    """Where each is online: those who like the store best use the app."""
    return np.where(people.channel[customer] == WEB, WEB, APP)


def _before_orders(
    people: People, purchases: Purchases, lines: Lines, rng: np.random.Generator
) -> list[_Touch]:
    online = purchases.repeat & (purchases.channel != STORE)
    order = np.flatnonzero(online & (rng.random(len(purchases), dtype=np.float32) < _SEEN))
    customer, channel = purchases.customer[order], purchases.channel[order]
    session = np.arange(1, len(order) + 1)
    looked = purchases.at[order] - rng.integers(240, 1_800, len(order))
    filled = purchases.at[order] - rng.integers(20, 240, len(order))
    # A midnight order would otherwise be looked for before its customer joined.
    looked, filled = (np.maximum(at, people.joined[customer]) for at in (looked, filled))
    return [
        _Touch(_BROWSE, customer, looked, channel, session=session),
        _Touch(_CART, customer, filled, channel, session=session, amount=lines.paid[order]),
    ]


def _idle(
    people: People,
    almanac: Almanac,
    catalogue: Catalogue,
    rng: np.random.Generator,
    *,
    first_session: int,
) -> list[_Touch]:
    """Visits that end without an order, some with a cart that is left behind."""
    begin = almanac.elapsed[np.minimum(people.joined_day + 1, almanac.days)]
    again, stay = people.stretch(almanac)
    # People look in before the first order and after the last, or without any.
    leave = np.where(people.first > 0, again + stay, begin) + _IDLE_DAYS
    stay = np.minimum(leave, almanac.days) - begin
    visits = rng.poisson((_IDLE_RATE + _IDLE_PER_ORDER * people.rate) * stay)
    customer = np.repeat(np.arange(len(people)), visits)
    position = begin[customer] + rng.random(len(customer)) * stay[customer]
    day = np.clip(almanac.day_at(position), people.joined_day[customer] + 1, almanac.days - 1)
    at = almanac.instants(rng, day)
    session = np.arange(first_session, first_session + len(at))
    channel = _online(people, customer)
    mood = rng.random(len(at), dtype=np.float32)
    browses, fills = np.flatnonzero(mood < _BROWSES), np.flatnonzero(mood < _FILLS_CART)
    product = rng.integers(0, len(catalogue.price), len(fills))
    amount = catalogue.price[product] * rng.integers(1, 4, len(fills))
    last = almanac.end - 1
    looked = np.minimum(at[browses] + rng.integers(5, 200, len(browses)), last)
    filled = np.minimum(at[fills] + rng.integers(200, 1_200, len(fills)), last)
    return [
        _Touch(_VISIT, customer, at, channel, session=session),
        _Touch(_BROWSE, customer[browses], looked, channel[browses], session=session[browses]),
        _Touch(
            _CART, customer[fills], filled, channel[fills], session=session[fills], amount=amount
        ),
    ]


def _reviews(
    purchases: Purchases, people: People, almanac: Almanac, rng: np.random.Generator
) -> _Touch:
    order = np.flatnonzero(
        ~purchases.is_return & (rng.random(len(purchases), dtype=np.float32) < _REVIEWS)
    )
    day = purchases.day[order] + 3 + (rng.standard_exponential(len(order)) * 7).astype(np.int64)
    order, day = order[day < almanac.days], day[day < almanac.days]
    customer = purchases.customer[order]
    at = almanac.instants(rng, day)
    return _Touch(_REVIEW, customer, at, _online(people, customer), refers_to=order + 1)


def _referrals(people: People) -> _Touch:
    """A referral is the new customer's event: who referred them stands on their card."""
    customer = np.flatnonzero(people.referrer >= 0)
    nowhere = np.full(len(customer), _NO_CHANNEL)
    return _Touch(_REFERRAL, customer, people.joined[customer], nowhere)


def _redeems(
    people: People,
    purchases: Purchases,
    lines: Lines,
    almanac: Almanac,
    digits: int,
    rng: np.random.Generator,
) -> _Touch:
    """Points asked for by people who save them up, at a point per unit of money.

    Each has a step: whenever what they have bought passes another multiple of it,
    they ask for as many points some weeks later. So nobody asks for more points than
    units of money spent by then.
    """
    step = rng.choice(_STEPS, len(people)) * max(1, round(price_level(digits)))
    saves = rng.random(len(people)) < _REDEEMERS
    order = np.flatnonzero(saves[purchases.customer] & ~purchases.is_return)
    order = order[by_time(purchases.customer[order])]
    customer = purchases.customer[order]
    spent = np.cumsum(lines.paid[order])
    is_first = np.concatenate([[True], customer[1:] != customer[:-1]])[: len(customer)]
    spent -= (spent - lines.paid[order])[is_first][np.cumsum(is_first) - 1]
    multiples = spent // (step[customer] * 10**digits)
    more = np.diff(multiples, prepend=0)
    more[is_first] = multiples[is_first]
    points = more * step[customer]
    wait = _REDEEM_AFTER_DAYS + (rng.standard_exponential(len(order)) * _REDEEM_WITHIN_DAYS).astype(
        np.int64
    )
    day = purchases.day[order] + wait
    asked = np.flatnonzero((more > 0) & (day < almanac.days))
    at = almanac.instants(rng, day[asked], in_store=purchases.channel[order[asked]] == STORE)
    return _Touch(
        _REDEEM, customer[asked], at, purchases.channel[order[asked]], points=points[asked]
    )
