"""The order of things: orders and events of each member as one sorted log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg._kernels.lots import REDEEM, interleave
from custseg.loyalty.activity import REASONS, event_activity, order_activity
from custseg.schema.bridge import array, ragged, read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase
    from custseg.loyalty.program import Program

__all__ = ["Sequence", "sequence"]

_KEY = ("customer_id", "at", "rank", "id")
_UNKNOWN = REASONS.index("unknown customer")
_EARLIEST = -(2**63)


@frozen(eq=False)
class Sequence:
    """Everything that happened, by member and order of things.

    Attributes:
        members: customer_id, since (int64, microseconds; when membership
            began) and whether the program knows the customer; sorted by id.
        offsets: int64[m + 1]; member k owns rows offsets[k]:offsets[k + 1].
        log: What happened, in the order `rows` refers to.
        rows: Where in `log` each row stands; None when it is in order already.
        at: int64[n], microseconds.
        rank: int64[n], what a row is.
        points: int64[n], what it grants or asks for.
        matched: bool[n], whether it earned, be it 0 points.
        reason: int64[n], why it is refused, an index of REASONS; 0 if not.
    """

    members: pl.DataFrame
    offsets: NDArray[np.int64]
    log: pl.DataFrame
    rows: NDArray[np.int64] | None
    at: NDArray[np.int64]
    rank: NDArray[np.int64]
    points: NDArray[np.int64]
    matched: NDArray[np.bool_]
    reason: NDArray[np.int64]

    def column(self, name: str, rows: NDArray[np.int64]) -> pl.Series:
        """A column of the log at some rows of the sequence."""
        return self.log[name].gather(rows if self.rows is None else self.rows[rows])

    def member_of(self) -> NDArray[np.int64]:
        """int64[n], the member whose row it is."""
        return np.repeat(np.arange(self.offsets.size - 1), np.diff(self.offsets))


def sequence(program: Program, base: CustomerBase) -> Sequence:
    """What a program makes of a base, in the order of things."""
    orders = arranged(order_activity(program, base))
    events = arranged(event_activity(program, base))
    members = _members(base, orders)
    ids = members["customer_id"]
    logs = (orders.rename({"id": "order_id"}), events.rename({"id": "event_id"}))
    if events.height == 0 or orders.height == 0:
        whole = logs[0] if events.height == 0 else logs[1]
        offsets, rows = _offsets(whole, ids), None
    else:
        sides = [(_offsets(log, ids), array(log["at"]), array(log["rank"])) for log in logs]
        offsets, rows = interleave(*sides[0], *sides[1])
        offsets, rows = read_only(offsets), read_only(rows)
    log = pl.concat(logs, how="diagonal")
    held = log.select("at", "rank", "points", "matched", "reason")
    held = held if rows is None else held[rows]
    at, rank, points, reason = (array(held[name]) for name in ("at", "rank", "points", "reason"))
    matched = read_only(held["matched"].to_numpy())
    made = Sequence(members, offsets, log, rows, at, rank, points, matched, reason)
    return _of_members(made)


def arranged(held: pl.DataFrame) -> pl.DataFrame:
    """Rows by customer, instant, rank and id; as they are when they are so already."""
    return held if _in_order(held) else held.sort(_KEY)


def _in_order(held: pl.DataFrame) -> bool:
    if held.height < 2:  # noqa: PLR2004 - one row is in order
        return True
    ids = held["customer_id"]
    if not ids.is_sorted():
        return False
    same = (ids.slice(1) == ids.slice(0, held.height - 1)).to_numpy()
    at = array(held["at"])
    if bool((same & (at[1:] < at[:-1])).any()):
        return False
    ties = np.flatnonzero(same & (at[1:] == at[:-1]))
    first, second = held.select("rank", "id")[ties], held.select("rank", "id")[ties + 1]
    smaller = first["rank"] < second["rank"]
    level = (first["rank"] == second["rank"]) & (first["id"] <= second["id"])
    return bool((smaller | level).all())


def _offsets(log: pl.DataFrame, members: pl.Series) -> NDArray[np.int64]:
    """Where each member's rows begin in a log sorted by member."""
    own, offsets = ragged(log["customer_id"])
    if own.len() == members.len():
        return offsets
    counts = np.zeros(members.len(), np.int64)
    counts[members.search_sorted(own).to_numpy()] = np.diff(offsets)
    return read_only(np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]))


def _members(base: CustomerBase, orders: pl.DataFrame) -> pl.DataFrame:
    """Who has an order or event, and since when each is a member."""
    own, offsets = ragged(orders["customer_id"])
    found = pl.DataFrame({"customer_id": own, "since": array(orders["at"])[offsets[:-1]]})
    if base.events is not None:
        events = base.events.select("customer_id", since=pl.col("at").to_physical())
        found = pl.concat([found, events.group_by("customer_id").agg(pl.col("since").min())])
        found = found.group_by("customer_id").agg(pl.col("since").min()).sort("customer_id")
    if base.customers is None:
        return found.with_columns(joined=pl.lit(_EARLIEST), known=pl.lit(True))
    told = base.customers.select(
        "customer_id",
        joined=pl.col("joined_at").to_physical().fill_null(_EARLIEST),
        known=pl.lit(True),
    )
    joined = found.join(told, on="customer_id", how="left", maintain_order="left")
    return joined.with_columns(
        pl.col("joined").fill_null(_EARLIEST), pl.col("known").fill_null(value=False)
    )


def _of_members(made: Sequence) -> Sequence:
    """The sequence where strangers are refused, and what precedes joining earns nothing."""
    joined, since = array(made.members["joined"]), array(made.members["since"])
    known = made.members["known"].to_numpy()
    late = joined > since
    if bool(known.all()) and not late.any():
        return made
    member = made.member_of()
    stranger = ~known[member] & (made.matched | (made.rank == REDEEM))
    early = (made.at < joined[member]) & (made.rank != REDEEM)
    nothing = stranger | early
    return Sequence(
        made.members.with_columns(since=pl.Series(np.maximum(since, joined))),
        made.offsets,
        made.log,
        made.rows,
        made.at,
        made.rank,
        read_only(np.where(nothing, 0, made.points)),
        read_only(made.matched & ~nothing),
        read_only(np.where(stranger, _UNKNOWN, made.reason)),
    )
