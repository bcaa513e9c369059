"""simulate: a shop that never was, in the tables of the model."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from custseg.datasets.almanac import Almanac
from custseg.datasets.catalogue import Catalogue
from custseg.datasets.contacts import contacts
from custseg.datasets.deals import deals
from custseg.datasets.people import People
from custseg.datasets.purchases import Lines, Purchases
from custseg.datasets.service import Tickets
from custseg.datasets.shop import Shop
from custseg.datasets.surveys import surveys
from custseg.datasets.touches import touches
from custseg.errors import Problem, SchemaError
from custseg.schema.currency import minor_digits

__all__ = ["simulate"]

_STREAMS = (
    *("almanac", "catalogue", "people", "purchases", "lines", "customers", "orders"),
    *("events", "feedback", "tickets", "opportunities"),
)
_YEARS = range(1900, 2201)
_DAYS = range(1, 36_526)  # a century
_CUSTOMERS = range(1, 10**8)  # ids of eight digits
_SEEDS = range(1 << 64)


def simulate(
    customers: int = 20_000,
    days: int = 730,
    *,
    seed: int = 0,
    currency: str = "EUR",
    tz: str = "Europe/Paris",
    starts: str | dt.date = "2024-01-01",
) -> Shop:
    """A believable shop, the same for the same arguments.

    Customers join over the whole time, more of them in campaigns, and order at their
    own rates until they leave unseen: a Pareto/NBD process (Schmittlein, Morrison &
    Colombo, 1987) in busy time, which runs faster on Saturdays and before Christmas.
    About one in ten never orders, half of the others come back, and a fifth of the
    buyers bring two thirds of the revenue. Orders have lines from a catalogue with
    popular and rare products; a twentieth is returned in part or whole. Names,
    addresses and numbers are made up: the e-mail domains are reserved for examples,
    and no country has the phone numbers' code.

    Args:
        customers: How many have joined by the end.
        days: How many local days the logs span.
        seed: Which shop, a whole number from 0 on.
        currency: The ISO 4217 code of all money; it gives the decimals and, roughly,
            the level of prices.
        tz: The time zone the shop lives in.
        starts: The first local day.

    Raises:
        SchemaError: when an argument makes no sense; all of them are listed.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(1_000, 90, seed=7)
    >>> shop.orders.select("order_id", "customer_id", "total").row(0)
    (1, 1, Decimal('9.99'))
    """
    SchemaError.check(
        _problems(customers, days, seed=seed, currency=currency, tz=tz, starts=starts)
    )
    first = dt.date.fromisoformat(starts) if isinstance(starts, str) else starts
    digits = minor_digits(currency)
    # A generator for each log: one more draw for events leaves the tickets as they are.
    seeds = np.random.SeedSequence(seed).spawn(len(_STREAMS))
    rng = {
        log: np.random.Generator(np.random.PCG64(own))
        for log, own in zip(_STREAMS, seeds, strict=True)
    }
    almanac = Almanac.of(first, days, tz, rng["almanac"])
    catalogue = Catalogue.of(digits, rng["catalogue"])
    people = People.of(customers, almanac, rng["people"])
    purchases = Purchases.of(people, almanac, rng["purchases"])
    lines = Lines.of(purchases, people, almanac, catalogue, rng["lines"])
    tickets = Tickets.of(people, purchases, almanac, rng["tickets"])
    return Shop(
        customers=contacts(people, almanac, rng["customers"]),
        orders=purchases.frame(people, lines, almanac, digits, rng["orders"]),
        lines=lines.frame(purchases, catalogue, digits),
        events=touches(people, purchases, lines, almanac, catalogue, digits, rng["events"]),
        feedback=surveys(people, purchases, tickets, almanac, rng["feedback"]),
        tickets=tickets.frame(digits),
        opportunities=deals(people, almanac, digits, rng["opportunities"]),
        currency=currency,
        tz=tz,
    )


def _problems(
    customers: object, days: object, *, seed: object, currency: str, tz: object, starts: object
) -> list[Problem]:
    problems = [
        Problem(
            f"{name} is a whole number from {numbers[0]} to {numbers[-1]}, got {value!r}",
            where=f"simulate({name}=)",
            fix=f"write {name}={usual}",
        )
        for name, value, numbers, usual in (
            ("customers", customers, _CUSTOMERS, 20_000),
            ("days", days, _DAYS, 730),
            ("seed", seed, _SEEDS, 0),
        )
        if not isinstance(value, int) or isinstance(value, bool) or value not in numbers
    ]
    try:
        minor_digits(currency)
    except SchemaError as error:
        problems += error.problems
    if not _is_time_zone(tz):
        problems.append(
            Problem(
                f"{tz!r} is not a time zone",
                "simulate(tz=)",
                'write an IANA name like "Europe/Paris" or "UTC"',
            )
        )
    try:
        first = dt.date.fromisoformat(starts) if isinstance(starts, str) else starts
    except ValueError:
        first = None
    if not isinstance(first, dt.date) or isinstance(first, dt.datetime) or first.year not in _YEARS:
        problems.append(
            Problem(
                f"{starts!r} is no day from 1900 to 2200",
                "simulate(starts=)",
                'write a day like "2024-01-01"',
            )
        )
    return problems


def _is_time_zone(tz: object) -> bool:
    if not isinstance(tz, str) or not tz:
        return False
    try:
        pl.Series([0]).cast(pl.Datetime("us", tz))
    except pl.exceptions.ComputeError:
        return False
    return True
