"""Deals: the few customers who buy for a business, and how far talks have come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from custseg.datasets.catalogue import price_level
from custseg.datasets.columns import by_time, instants, money, some, words
from custseg.datasets.urn import Urn

if TYPE_CHECKING:
    from custseg.datasets.almanac import Almanac
    from custseg.datasets.people import People

__all__ = ["deals"]

_DEALS = 0.004  # a customer
_STAGES = ("lead", "qualified", "proposal", "negotiation", "won", "lost")
_WON, _LOST = 4, 5
_TALKS_DAYS = 30.0  # a third of the mean: talks have about three steps
_WON_SHARE = 0.31
_OWNERS = ("A. Lopez", "B. Meyer", "C. Laurent", "D. Okafor", "E. Rossi", None)
_OWNER_SHARES = (0.28, 0.24, 0.2, 0.16, 0.08, 0.04)
_NO_AMOUNT = 0.07
_AMOUNT, _AMOUNT_SPREAD = 1_400.0, 0.9


def deals(people: People, almanac: Almanac, digits: int, rng: np.random.Generator) -> pl.DataFrame:
    """The table of opportunities, by time."""
    size = int(rng.binomial(len(people), _DEALS))
    customer = rng.integers(0, len(people), size)
    joined = people.joined_day[customer]
    day = joined + 1 + (rng.random(size) * (almanac.days - joined - 1)).astype(np.int64)
    customer, day = customer[day < almanac.days], day[day < almanac.days]
    at = almanac.instants(rng, day, in_store=True)
    order = by_time(at)
    customer, day, at = customer[order], day[order], at[order]
    size = len(at)
    talks = rng.standard_gamma(3.0, size) * _TALKS_DAYS
    closed = day + 1 + talks.astype(np.int64)
    is_closed = closed < almanac.days
    closed_at = almanac.instants(rng, np.minimum(closed, almanac.days - 1), in_store=True)
    won = rng.random(size) < _WON_SHARE
    progress = np.minimum((almanac.days - day) / (talks + 1), 0.99)
    stage = np.where(is_closed, np.where(won, _WON, _LOST), (progress * _WON).astype(np.int64))
    amount = np.rint(_AMOUNT / 50 * np.exp(_AMOUNT_SPREAD * rng.standard_normal(size))).astype(
        np.int64
    )
    minor = amount * round(50 * price_level(digits) * 10**digits)
    return pl.DataFrame(
        {
            "opportunity_id": np.arange(1, size + 1),
            "customer_id": customer + 1,
            "opened_at": instants(at),
            "stage": words(_STAGES, stage),
            "amount": some(money(minor, digits), (rng.random(size) >= _NO_AMOUNT) & (amount > 0)),
            "closed_at": some(instants(closed_at), is_closed),
            "won": some(pl.Series(won), is_closed),
            "owner": words(_OWNERS, Urn.of(_OWNER_SHARES).draw(rng, size)),
        }
    )
