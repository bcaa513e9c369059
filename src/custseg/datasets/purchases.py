"""Purchases: orders and returns of a shop, in the order of time, and their lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from attrs import frozen

from custseg.datasets.catalogue import CATEGORIES, price_level
from custseg.datasets.columns import by_time, instants, money, some, words
from custseg.datasets.people import BASKETS, CHANNELS, STORE, STORES
from custseg.datasets.urn import Urn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.datasets.almanac import Almanac
    from custseg.datasets.catalogue import Catalogue
    from custseg.datasets.people import People

__all__ = ["Lines", "Purchases"]

_USUAL_CHANNEL = 0.78
_OTHER_CHANNELS = ((0.0, 0.55, 0.45), (0.5, 0.0, 0.5), (0.4, 0.6, 0.0))
_FASHION = CATEGORIES.index("fashion")
_RETURNED, _RETURNED_FASHION = 0.044, 0.095
_TO_PAY = np.array([100, 90, 80, 0])  # percent, after the voucher
_TO_PAY_SHARES = (0.868, 0.09, 0.04, 0.002)
_FREE = 3
_PAID_WITH_POINTS = 0.012


@frozen(eq=False)
class Purchases:
    """One value an order in each array, returns among them, by time.

    Attributes:
        customer: Who, an index of the people.
        at: When, in seconds since 1970.
        day: The day of the almanac that is.
        channel: Where, an index of CHANNELS.
        source: What a return gives back: the place of its order; -1 for orders.
        to_pay: What is left of the price, an index of the vouchers.
        repeat: Whether it is an order after the customer's first.
    """

    customer: NDArray[np.int64]
    at: NDArray[np.int64]
    day: NDArray[np.int64]
    channel: NDArray[Any]
    source: NDArray[np.int64]
    to_pay: NDArray[Any]
    repeat: NDArray[np.bool_]

    @classmethod
    def of(cls, people: People, almanac: Almanac, rng: np.random.Generator) -> Purchases:
        """First orders, orders again while the customer stays, and what comes back."""
        customer, day, channel, at, first = _orders(people, almanac, rng)
        to_pay = Urn.of(_TO_PAY_SHARES).draw(rng, len(at))
        odds = np.where(people.taste[customer] == _FASHION, _RETURNED_FASHION, _RETURNED)
        back = np.flatnonzero((rng.random(len(at)) < odds) & (to_pay != _FREE))
        back_day = day[back] + 3 + (rng.standard_exponential(len(back)) * 8).astype(np.int64)
        back, back_day = back[back_day < almanac.days], back_day[back_day < almanac.days]
        # Parcels too come back by day.
        back_at = almanac.instants(rng, back_day, in_store=True)
        order = by_time(np.concatenate([at, back_at]))
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        rows = np.concatenate([np.arange(len(at)), back])[order]
        source = np.full(len(order), -1)
        source[place[len(at) :]] = place[back]
        return cls(
            customer=customer[rows],
            at=np.concatenate([at, back_at])[order],
            day=np.concatenate([day, back_day])[order],
            channel=channel[rows],
            source=source,
            to_pay=to_pay[rows],
            repeat=(rows >= first) & (source < 0),
        )

    def __len__(self) -> int:
        """How many orders and returns there are."""
        return len(self.at)

    @property
    def is_return(self) -> NDArray[np.bool_]:
        """Which of them are returns."""
        return self.source >= 0

    def frame(
        self, people: People, lines: Lines, almanac: Almanac, digits: int, rng: np.random.Generator
    ) -> pl.DataFrame:
        """The table of orders."""
        total = lines.paid
        is_return = self.is_return
        online = self.channel != STORE
        under_way = np.where(online, np.clip((self.day - almanac.days + 6) // 2, 0, 2), 0)
        unit = round(price_level(digits) * 10**digits)
        voucher = rng.integers(1, 4, len(self)) * 5 * unit
        with_points = self.repeat & (rng.random(len(self)) < _PAID_WITH_POINTS) & (total > 0)
        return pl.DataFrame(
            {
                "order_id": np.arange(1, len(self) + 1),
                "customer_id": self.customer + 1,
                "ordered_at": instants(self.at),
                "total": money(total, digits),
                "channel": words(CHANNELS, self.channel),
                "store": words(
                    STORES, np.where(online, len(STORES) - 1, people.store[self.customer])
                ),
                "status": words(
                    ("completed", "shipped", "processing", "returned"),
                    np.where(is_return, 3, under_way),
                ),
                "paid_with_points": some(money(np.minimum(voucher, total), digits), with_points),
            }
        )


@frozen(eq=False)
class Lines:
    """One value an order line in each array, order by order.

    Attributes:
        offsets: Shape (orders + 1,): where the lines of each order begin.
        order: The place of each line's order.
        product: What, an index of the catalogue.
        quantity: How many; negative where they come back.
        total: Money in the currency's smallest unit; negative where it is paid back.
        paid: Shape (orders,): the sum of each order's lines.
    """

    offsets: NDArray[np.int64]
    order: NDArray[np.int64]
    product: NDArray[Any]
    quantity: NDArray[np.int64]
    total: NDArray[np.int64]
    paid: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        purchases: Purchases,
        people: People,
        almanac: Almanac,
        catalogue: Catalogue,
        rng: np.random.Generator,
    ) -> Lines:
        """A basket for each order; a return gives back the first lines of its order."""
        counts = (
            Urn.of(BASKETS)
            .draw(rng, len(purchases), row=people.basket[purchases.customer])
            .astype(np.int64)
            + 1
        )
        returns = np.flatnonzero(purchases.is_return)
        source = purchases.source[returns]
        counts[returns] = np.ceil(counts[source] * (1 - rng.random(len(returns)) ** 2))
        offsets = np.concatenate([[0], np.cumsum(counts)])
        order = np.repeat(np.arange(len(purchases)), counts)
        month = almanac.month[purchases.day].astype(np.uint8)
        product = catalogue.pick(rng, month[order], people.taste[purchases.customer][order])
        twice = np.flatnonzero((product[1:] == product[:-1]) & (order[1:] == order[:-1])) + 1
        product[twice] = catalogue.successor[product[twice]]
        quantity = catalogue.quantity(rng, product)
        total = quantity * catalogue.price[product]
        reduced = np.flatnonzero(purchases.to_pay[order])
        total[reduced] = total[reduced] * _TO_PAY[purchases.to_pay[order[reduced]]] // 100
        back = _ragged(offsets[returns], counts[returns])
        given = _ragged(offsets[source], counts[returns])
        product[back], quantity[back], total[back] = product[given], -quantity[given], -total[given]
        paid = np.add.reduceat(total, offsets[:-1]) if len(total) else total
        return cls(
            offsets=offsets,
            order=order,
            product=product,
            quantity=quantity,
            total=total,
            paid=paid,
        )

    def frame(self, purchases: Purchases, catalogue: Catalogue, digits: int) -> pl.DataFrame:
        """The table of order lines."""
        return pl.DataFrame(
            {
                "order_id": self.order + 1,
                "line": np.arange(1, len(self.order) + 1) - self.offsets[self.order],
                "customer_id": purchases.customer[self.order] + 1,
                "ordered_at": instants(purchases.at[self.order]),
                "product_id": words(catalogue.names, self.product),
                "category": words(CATEGORIES, catalogue.category[self.product]),
                "quantity": self.quantity.astype(np.float64),
                "total": money(self.total, digits),
            }
        )


def _orders(
    people: People, almanac: Almanac, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Any], NDArray[np.int64], int]:
    begin, stay = people.stretch(almanac)
    again = rng.poisson(people.rate * stay)
    buyers = np.flatnonzero(people.first)
    repeats = np.repeat(np.arange(len(people)), again)
    position = begin[repeats] + rng.random(len(repeats)) * stay[repeats]
    # A position is rounded to a 64th of a day: never back to the day of the first order.
    day = np.clip(almanac.day_at(position), people.first_day[repeats] + 1, almanac.days - 1)
    usual = people.channel[repeats]
    other = Urn.of(_OTHER_CHANNELS, bits=8).draw(rng, len(repeats), row=usual)
    channel = np.where(rng.random(len(repeats), dtype=np.float32) < _USUAL_CHANNEL, usual, other)
    at = almanac.instants(rng, day, in_store=channel == STORE)
    return (
        np.concatenate([buyers, repeats]),
        np.concatenate([people.first_day[buyers], day]),
        np.concatenate([people.channel[buyers], channel]),
        np.concatenate([people.first[buyers], at]),
        len(buyers),
    )


def _ragged(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers start, start + 1, ... of each row, `counts` of them, one row after the other."""
    before: NDArray[np.int64] = np.cumsum(counts) - counts
    return np.repeat(starts - before, counts) + np.arange(int(counts.sum()))
