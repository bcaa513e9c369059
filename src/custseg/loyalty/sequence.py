"""The order of things: orders and events of each member as one sorted log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg._kernels import books, merge
from custseg.loyalty.logs import ALSO, NAME, rank_of
from custseg.schema.bridge import array, array_or, located, ragged, read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.loyalty.logs import Logs

    Ints = NDArray[np.int64]

__all__ = ["LONG_AGO", "NEVER", "Members", "Sequence", "sequence"]

LONG_AGO, NEVER = -(2**63), 2**63 - 1


@frozen(eq=False)
class Members:
    """Who has an order or event, and how long each is a member; sorted by id.

    Attributes:
        ids: customer_id.
        joined: int64[m], when it was told, else LONG_AGO.
        since: int64[m], when membership began.
        left: int64[m], when the member left, or NEVER.
        known: bool[m], whether the program knows the customer.
    """

    ids: pl.Series
    joined: Ints
    since: Ints
    left: Ints
    known: NDArray[np.bool_]


@frozen(eq=False)
class Sequence:
    """Everything that happened, by member and order of things.

    Attributes:
        members: Whose rows they are.
        offsets: int64[m + 1]; member k owns rows offsets[k]:offsets[k + 1].
        logs: What happened; rows of the sequence are orders first, then events.
        firsts: Where each member's orders begin, and events: int64[m + 1] each.
        source: int64[n], where each row stands among orders, then events; None
            when it is so already.
        of_orders: Where each order stands in the sequence.
        of_events: Where each event does.
        at: int64[n], microseconds.
        act: int64[n], what a row is.
        outside: bool[n], what nobody's membership covers; None when all is.
        strange: bool[n], rows of who is no customer; None when there are none.
    """

    members: Members
    offsets: Ints
    logs: Logs
    firsts: tuple[Ints, Ints]
    source: Ints | None
    of_orders: Ints
    of_events: Ints
    at: Ints
    act: Ints
    outside: NDArray[np.bool_] | None
    strange: NDArray[np.bool_] | None

    @property
    def joined_some(self) -> bool:
        """Whether it is told when any member joined."""
        return bool((self.members.joined > LONG_AGO).any())

    def member_of(self) -> Ints:
        """int64[n], the member whose row it is."""
        return np.repeat(np.arange(self.offsets.size - 1), np.diff(self.offsets))

    def ordered(self, of_orders: Ints, of_events: Ints) -> Ints:
        """Values of orders and of events as the rows of the sequence."""
        if of_events.shape[0] == 0:
            return of_orders
        if of_orders.shape[0] == 0:
            return of_events
        both = np.empty((self.at.size, *of_orders.shape[1:]), of_orders.dtype)
        both[self.of_orders], both[self.of_events] = of_orders, of_events
        return both

    @property
    def origin(self) -> Ints:
        """int64[n], where each row stands among orders, then events."""
        return read_only(np.arange(self.at.size) if self.source is None else self.source)

    def places(self, rows: Ints) -> Ints:
        """Where rows of the sequence stand among orders, then events."""
        return rows if self.source is None else self.source[rows]

    def event_names(self, places: Ints | None = None) -> pl.Series:
        """The ids of events as text, of actions for others and of care too; all, or some."""
        events = self.logs.events
        if places is not None:
            events = events.select({"event_id", ALSO, NAME} & set(events.columns))[places]
        text = events["event_id"].cast(pl.String)
        if ALSO in events.columns and events.schema["event_id"] != pl.String:
            text = pl.select(pl.when(events[ALSO]).then(text + "|also").otherwise(text)).to_series()
        if NAME in events.columns:
            text = text.fill_null(events[NAME])
        return text

    def names(self, rows: Ints, *, text: bool, only: str | None) -> pl.Series:
        """The ids of the orders and events behind rows.

        Args:
            rows: Rows of the sequence.
            text: As text, that of actions for others too.
            only: "orders" or "events" where the base has no others.
        """
        orders, events = self.logs.orders["order_id"], self.logs.events["event_id"]
        places = self.places(rows)
        of_order = places < orders.len()
        first, second = places[of_order], places[~of_order] - orders.len()
        if only is not None and not text:
            return orders[first] if only == "orders" else events[second]
        if text or orders.dtype != events.dtype:
            both = orders[first].cast(pl.String), self.event_names(second)
        else:
            both = orders[first], events[second]
        if first.size == 0 or second.size == 0:
            return both[int(first.size == 0)]
        order = np.argsort(np.argsort(~of_order, kind="stable"))
        return pl.concat(both)[order]


def sequence(logs: Logs, kinds: frozenset[str] | None) -> Sequence:
    """The order of things of logs.

    Args:
        logs: Orders and events, each in order.
        kinds: Of actions, those that matter; None for all. The others make
            members, and are no rows.
    """
    sides = [_side(logs.orders, "ordered_at"), _side(logs.events, "at")]
    ids, *whose = _united(*(own for own, _, _ in sides))
    members = _members(ids, sides, whose, logs.customers)
    kept = logs.only(kinds)
    if kept is not logs:
        logs, sides[1] = kept, _side(kept.events, "at")
        whose[1] = located(ids, sides[1][0])
    first, second = (
        _offsets(where, offsets, ids.len())
        for where, (_, offsets, _) in zip(whose, sides, strict=True)
    )
    orders, events = (at for _, _, at in sides)
    act = np.full(orders.size + events.size, books.ORDER)
    if orders.size == 0 or events.size == 0:
        every, nothing = np.arange(act.size), np.zeros(0, np.int64)
        offsets, source = (first, None) if events.size == 0 else (second, None)
        places = (every, nothing) if events.size == 0 else (nothing, every)
        at = orders if events.size == 0 else events
    else:
        places = np.empty(orders.size, np.int64), np.empty(events.size, np.int64)
        offsets, source, at = (np.empty(n, np.int64) for n in (ids.len() + 1, act.size, act.size))
        left = (first, orders, read_only(act[: orders.size]))
        right = (second, events, rank_of(logs.act))
        merge.interleave(left, right, (offsets, source, at, *places))
    act[places[1]] = logs.act
    members = _left(members, second, events, logs.act)
    at, act, offsets = read_only(at), read_only(act), read_only(offsets)
    apart = _covered(members, offsets, at, act)
    return Sequence(members, offsets, logs, (first, second), source, *places, at, act, *apart)


def _side(rows: pl.DataFrame, at: str) -> tuple[pl.Series, Ints, Ints]:
    """Whose rows a log has, where each one's begin, and their instants."""
    return (*ragged(rows["customer_id"]), array(rows[at]))


def _offsets(whose: Ints, offsets: Ints, members: int) -> Ints:
    """Where each member's rows begin in a log, from where those of its own members do."""
    if whose.size == members:
        return offsets
    counts = np.zeros(members + 1, np.int64)
    counts[whose + 1] = np.diff(offsets)
    return read_only(np.cumsum(counts))


def _united(left: pl.Series, right: pl.Series) -> tuple[pl.Series, Ints, Ints]:
    """The ids that are in either of two sorted columns, and where those of each stand."""
    if left.len() == 0 or right.len() == 0 or left.equals(right):
        ids = left if left.len() else right
        return ids, np.arange(left.len()), np.arange(right.len())
    if left.dtype != pl.Int64:
        ids = pl.concat([left, right]).unique().sort()
        return ids, located(ids, left), located(ids, right)
    both = left.len(), right.len()
    united, lefts, rights = (np.empty(size, np.int64) for size in (sum(both), *both))
    count = merge.unite(array(left), array(right), (united, lefts, rights))
    return pl.Series(left.name, united[:count]), lefts, rights


def _members(
    ids: pl.Series,
    sides: list[tuple[pl.Series, Ints, Ints]],
    whose: list[Ints],
    customers: pl.DataFrame | None,
) -> Members:
    """Who has an order or event, and since when each is a member."""
    since = np.full(ids.len(), NEVER)
    for where, (own, offsets, at) in zip(whose, sides, strict=True):
        if own.len():
            since[where] = np.minimum(since[where], at[offsets[:-1]])
    joined, known = _told(ids, customers)
    since = np.maximum(since, joined)
    return Members(ids, joined, since, np.full(ids.len(), NEVER), known)


def _told(ids: pl.Series, customers: pl.DataFrame | None) -> tuple[Ints, NDArray[np.bool_]]:
    """When each joined, where that is told, and who is known at all."""
    joined = np.full(ids.len(), LONG_AGO)
    if customers is None or ids.len() == 0:
        return joined, np.ones(ids.len(), np.bool_)
    if not customers["customer_id"].is_sorted():
        customers = customers.select("customer_id", "joined_at").sort("customer_id")
    at = located(customers["customer_id"], ids)
    known = at >= 0
    told = array_or(customers["joined_at"], LONG_AGO)
    joined[known] = told[at[known]]
    return joined, known


def _left(members: Members, offsets: Ints, at: Ints, act: Ints) -> Members:
    """Members with when they left, and began by what needs no membership."""
    if not ((members.joined > LONG_AGO).any() or (act == books.CLOSE).any()):
        return members
    rows = np.flatnonzero((act != books.ACTION) & (act != books.CARE))
    if rows.size == 0:
        return members
    at, whose = at[rows], np.searchsorted(offsets, rows, side="right") - 1
    # Rows of a member ascend, so that the first of several is the one to take.
    since, left = members.since.copy(), members.left
    firsts = _firsts(whose)
    own = whose[firsts]
    since[own] = np.minimum(since[own], at[firsts])
    closes = np.flatnonzero((act[rows] == books.CLOSE) & (at >= members.joined[whose]))
    if closes.size:
        left = left.copy()
        firsts = closes[_firsts(whose[closes])]
        left[whose[firsts]] = at[firsts]
    return Members(members.ids, members.joined, since, left, members.known)


def _firsts(ascending: Ints) -> Ints:
    """Where each value stands first."""
    is_first = np.ones(ascending.size, np.bool_)
    is_first[1:] = ascending[1:] != ascending[:-1]
    return np.flatnonzero(is_first)


def _covered(
    members: Members, offsets: Ints, at: Ints, act: Ints
) -> tuple[NDArray[np.bool_] | None, NDArray[np.bool_] | None]:
    """What is outside of membership, and what is of who is unknown; None where nothing is."""
    some = not bool(members.known.all())
    # A member's first row is the earliest, the last the latest.
    own = np.flatnonzero(offsets[1:] > offsets[:-1])
    early = bool((at[offsets[own]] < members.joined[own]).any())
    late = bool((at[offsets[own + 1] - 1] > members.left[own]).any())
    if not (some or early or late):
        return None, None
    whose = np.repeat(np.arange(offsets.size - 1), np.diff(offsets))
    outside = (act == books.ORDER) | (act == books.ACTION) | (act == books.CARE)
    outside &= (at < members.joined[whose]) | (at > members.left[whose])
    strange = ~members.known[whose] if some else None
    return (outside if outside.any() else None), strange
