"""Weighing: what rules give, in whole units of one denominator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from custseg.errors import LedgerError
from custseg.loyalty.contributions import LARGEST
from custseg.loyalty.weights import SAFE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.loyalty.earning import Side
    from custseg.loyalty.sequence import Sequence
    from custseg.loyalty.weights import Weights

    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]

__all__ = ["Weighed", "beyond_at", "beyond_place", "weighed"]


@frozen(eq=False)
class Weighed:
    """Offers in whole units of one denominator, over orders, then events.

    Attributes:
        plain: int64[n], what rules give that nothing limits; -1 where none holds.
        limited: int64[n], which of the others hold, as bits.
        bests: int64[n], which of the plain ones is best; or no rows.
        boosts: int64[n], the row of the factors; or no rows.
        amounts: int64[n, a], what limited rules give that is not the same for all.
    """

    plain: Ints
    limited: Ints
    bests: Ints
    boosts: Ints
    amounts: Ints

    def part(self, start: int, stop: int) -> Weighed:
        """Some rows of it."""
        own = slice(start, stop)
        return Weighed(*(column[own] for column in self.columns))

    @property
    def columns(self) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """The columns, as the kernel reads them."""
        return self.plain, self.limited, self.bests, self.boosts, self.amounts


def weighed(sides: tuple[Side, Side], weights: Weights, boosts: Ints, made: Sequence) -> Weighed:
    """What rules give in units: those that nothing limits together, others each alone."""
    rows = sum(side.rows for side in sides)
    best = any(offer.best for side in sides for offer in side.offers)
    found = Weighed(
        np.full(rows, -1),
        np.zeros(rows, np.int64),
        np.full(rows if best else 0, -1),
        boosts,
        np.zeros((rows, len(weights.limited.varied)), np.int64),
    )
    first = 0
    for at, side in enumerate(sides):
        _weigh(side, at, weights, made, found.part(first, first + side.rows))
        first += side.rows
    for column in found.columns:
        column.setflags(write=False)
    return found


def _weigh(side: Side, at: int, weights: Weights, made: Sequence, into: Weighed) -> None:
    """Put in what the rules give the rows of one log."""
    if side.rows == 0:
        return
    limited, each = weights.limited, weights.each[at]
    is_large = _may_overflow(side, each)
    total, matched = np.zeros(side.rows, np.int64), np.zeros(side.rows, np.bool_)
    for offer, weight in zip(side.offers, each, strict=True):
        given, hits = offer.given, offer.given.hits
        if is_large:
            _check_size(given.amounts, weight, hits, made, at)
        value = np.int64(min(weight, LARGEST)) if given.amounts is None else given.amounts
        if given.amounts is not None and weight != 1:
            value = value * np.int64(weight)
        if offer.is_limited:
            bits = into.limited
            bits |= hits.astype(np.int64) << limited.places.index(offer.place)
            if offer.place in limited.varied:
                np.copyto(into.amounts[:, limited.varied[offer.place]], value, where=hits)
        elif offer.best:
            # Only more is better: the rule declared first keeps a tie.
            units = np.where(hits, value, -1)
            better = units > into.plain
            into.plain[better], into.bests[better] = units[better], offer.place
        else:
            total += hits * value
            matched |= hits
            if is_large and int(total.max()) > SAFE:
                raise beyond_place(made, at, int(total.argmax()))
    np.copyto(into.plain, total, where=matched)


def _may_overflow(side: Side, weights: tuple[int, ...]) -> bool:
    """Whether sums may leave what int64 safely holds: rows must be looked at one by one."""
    largest: dict[int, int] = {}
    most = 0
    for offer, weight in zip(side.offers, weights, strict=True):
        amounts = offer.given.amounts
        if amounts is not None and id(amounts) not in largest:
            largest[id(amounts)] = int(amounts.max())
        most += weight * (1 if amounts is None else largest[id(amounts)])
    return most > SAFE


def _check_size(amounts: Ints | None, weight: int, hits: Flags, made: Sequence, at: int) -> None:
    """Refuse what leaves int64 before it is multiplied."""
    if amounts is None:
        if weight > SAFE and hits.any():
            raise beyond_place(made, at, int(hits.argmax()))
    elif amounts.size and int(amounts.max()) * weight > SAFE:
        large = hits & (amounts > SAFE // weight)
        if large.any():
            raise beyond_place(made, at, int(large.argmax()))


def _beyond_int64(customer: object, source: object, *, is_order: bool) -> LedgerError:
    """The error of points that no int64 holds."""
    noun = "order" if is_order else "event"
    return LedgerError(
        f"the points of customer {customer!r} leave int64 at {noun} {source!r}",
        where=f"{noun}_id {source!r}",
        fix="look for an amount that is too large, or give fewer points for it",
    )


def beyond_at(made: Sequence, row: int) -> LedgerError:
    """The error of a row of the sequence whose points no int64 holds."""
    place = int(made.places(np.array([row]))[0])
    orders = made.logs.orders.height
    return beyond_place(made, int(place >= orders), place - orders * (place >= orders))


def beyond_place(made: Sequence, at: int, place: int) -> LedgerError:
    """The same, by its place among orders (0) or events (1)."""
    rows, key = ((made.logs.orders, "order_id"), (made.logs.events, "event_id"))[at]
    customer, source = rows.select("customer_id", key).row(place)
    return _beyond_int64(customer, source, is_order=at == 0)
