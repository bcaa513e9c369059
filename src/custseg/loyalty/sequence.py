"""The order of things: orders and events of each member as one sorted log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg._kernels import books
from custseg._kernels.lots import interleave
from custseg.loyalty.logs import ACT, ALSO, NAME, RANK, Logs
from custseg.schema.bridge import array, ragged, read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
        source: int64[n], where each row stands among orders, then events; None
            when it is so already.
        at: int64[n], microseconds.
        act: int64[n], what a row is.
        outside: bool[n], what nobody's membership covers; None when all is.
        strange: bool[n], rows of who is no customer; None when there are none.
    """

    members: Members
    offsets: Ints
    logs: Logs
    source: Ints | None
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
            both = of_orders
        elif of_orders.shape[0] == 0:
            both = of_events
        else:
            both = np.concatenate([of_orders, of_events])
        return both if self.source is None else both[self.source]

    def places(self, rows: Ints) -> Ints:
        """Where rows of the sequence stand among orders, then events."""
        return rows if self.source is None else self.source[rows]

    def event_names(self) -> pl.Series:
        """The ids of events as text, of actions for others and of care too."""
        events = self.logs.events
        text = events["event_id"].cast(pl.String)
        if ALSO in events.columns and events.schema["event_id"] != pl.String:
            text = pl.select(pl.when(events[ALSO]).then(text + "|also").otherwise(text)).to_series()
        if NAME in events.columns:
            text = text.fill_null(events[NAME])
        return text

    def names(self, *, text: bool, only: str | None) -> pl.Series:
        """The ids of orders, then of events.

        Args:
            text: As text, that of actions for others too.
            only: "orders" or "events" where the base has no others.
        """
        orders, events = self.logs.orders["order_id"], self.logs.events["event_id"]
        if text or (only is None and orders.dtype != events.dtype):
            return pl.concat([orders.cast(pl.String), self.event_names()])
        if only is not None:
            return orders if only == "orders" else events
        return pl.concat([orders, events])

    def rows_at(self, places: Ints) -> Ints:
        """The rows of the sequence that stand at places among orders, then events."""
        if self.source is None:
            return places
        back = np.empty(self.source.size, np.int64)
        back[self.source] = np.arange(self.source.size)
        return back[places]


def sequence(logs: Logs, customers: pl.DataFrame | None, kinds: frozenset[str] | None) -> Sequence:
    """The order of things of logs.

    Args:
        logs: Orders and events, each in order.
        customers: Who there is, or None.
        kinds: Of actions, those that matter; None for all.
    """
    orders, events = logs.orders, logs.events
    members = _members(orders, events, customers)
    if kinds is not None and events.height:
        matters = (events[ACT] != books.ACTION) | events["kind"].is_in(list(kinds))
        if ALSO in events.columns:
            matters = matters | events[ALSO]
        events = events if bool(matters.all()) else events.filter(matters)
    sides = [_side(orders, "ordered_at", members.ids), _side(events, "at", members.ids)]
    (offsets, order_at, order_act, order_rank), (more, event_at, event_act, rank) = sides
    source = None
    if events.height == 0:
        at, act = order_at, order_act
    elif orders.height == 0:
        offsets, at, act = more, event_at, event_act
    else:
        offsets, source = interleave(offsets, order_at, order_rank, more, event_at, rank)
        at = np.concatenate([order_at, event_at])[source]
        act = np.concatenate([order_act, event_act])[source]
    made = Sequence(members, read_only(offsets), Logs(orders, events), source, at, act, None, None)
    return _covered(made)


def _side(rows: pl.DataFrame, at: str, ids: pl.Series) -> tuple[Ints, Ints, Ints, Ints]:
    """Offsets, instants, acts and ranks of one log."""
    if ACT in rows.columns:
        return _offsets(rows, ids), array(rows[at]), array(rows[ACT]), array(rows[RANK])
    act = read_only(np.full(rows.height, books.ORDER))
    return _offsets(rows, ids), array(rows[at]), act, act


def _offsets(log: pl.DataFrame, members: pl.Series) -> Ints:
    """Where each member's rows begin in a log sorted by member."""
    own, offsets = ragged(log["customer_id"])
    if own.len() == members.len():
        return offsets
    counts = np.zeros(members.len(), np.int64)
    counts[members.search_sorted(own).to_numpy()] = np.diff(offsets)
    return read_only(np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]))


def _members(orders: pl.DataFrame, events: pl.DataFrame, customers: pl.DataFrame | None) -> Members:
    """Who has an order or event, and since when each is a member."""
    firsts: list[tuple[pl.Series, Ints]] = []
    for rows, name in ((orders, "ordered_at"), (events, "at")):
        if rows.height:
            own, offsets = ragged(rows["customer_id"])
            firsts.append((own, array(rows[name])[offsets[:-1]]))
    if not firsts:
        ids, since = orders["customer_id"], np.zeros(0, np.int64)
    elif len(firsts) == 1:
        ((ids, since),) = firsts
    else:
        (left, _), (right, _) = firsts
        ids = left if left.equals(right) else pl.concat([left, right]).unique().sort()
        since = np.full(ids.len(), NEVER)
        for own, first in firsts:
            places = ids.search_sorted(own).to_numpy()
            since[places] = np.minimum(since[places], first)
    joined, known = _told(ids, customers)
    since = np.maximum(since, joined)
    return _left(Members(ids, joined, since, np.full(ids.len(), NEVER), known), events)


def _told(ids: pl.Series, customers: pl.DataFrame | None) -> tuple[Ints, NDArray[np.bool_]]:
    """When each joined, where that is told, and who is known at all."""
    if customers is None or ids.len() == 0:
        return np.full(ids.len(), LONG_AGO), np.ones(ids.len(), np.bool_)
    told = customers.select(
        "customer_id", joined=pl.col("joined_at").to_physical().fill_null(LONG_AGO)
    )
    beside = pl.DataFrame({"customer_id": ids}).join(
        told, on="customer_id", how="left", maintain_order="left"
    )["joined"]
    return beside.fill_null(LONG_AGO).to_numpy(), beside.is_not_null().to_numpy()


def _left(members: Members, events: pl.DataFrame) -> Members:
    """Members with when they left, and began by what needs no membership."""
    if events.height == 0:
        return members
    act = array(events[ACT])
    rows = np.flatnonzero((act != books.ACTION) & (act != books.CARE))
    if rows.size == 0:
        return members
    at = array(events["at"])[rows]
    whose = members.ids.search_sorted(events["customer_id"].gather(rows)).to_numpy()
    since, left = members.since.copy(), members.left.copy()
    np.minimum.at(since, whose, at)
    closes = (act[rows] == books.CLOSE) & (at >= members.joined[whose])
    np.minimum.at(left, whose[closes], at[closes])
    return Members(members.ids, members.joined, since, left, members.known)


def _covered(made: Sequence) -> Sequence:
    """The sequence with what is outside of membership, and of who is unknown."""
    members, act, at = made.members, made.act, made.at
    strange = outside = None
    some = not bool(members.known.all())
    early = bool((members.joined > members.since).any()) or bool((members.joined > LONG_AGO).any())
    if some or early or bool((members.left < NEVER).any()):
        whose = made.member_of()
        if some:
            strange = ~members.known[whose]
        outside = (act == books.ORDER) | (act == books.ACTION) | (act == books.CARE)
        outside &= (at < members.joined[whose]) | (at > members.left[whose])
        if not outside.any():
            outside = None
    return Sequence(members, made.offsets, made.logs, made.source, at, act, outside, strange)
