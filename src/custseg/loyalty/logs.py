"""The logs that a program reads: rows once each, in the order of things."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import evolve, field, frozen

from custseg._kernels import books
from custseg.errors import LedgerError
from custseg.schema.arrow import true
from custseg.schema.bridge import array, changes, read_only, taken
from custseg.schema.keys import key_faults
from custseg.threads import in_threads, slices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase

    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

__all__ = ["ACT", "ALSO", "NAME", "NO_LOGS", "RANK", "Logs", "admitted", "rank_of"]

# No column of a log is called so.
ACT, RANK, ALSO, NAME = "\0act", "\0rank", "\0also", "\0name"

_ACTS = {
    "opening": books.OPENING,
    "adjust": books.ADJUST,
    "refund": books.REFUND,
    "redeem": books.REDEEM,
    "redeemed": books.REDEEMED,
    "cancel": books.CANCEL,
    "close": books.CLOSE,
}

# Below, Python's own containers are sooner done than the engine is asked.
_FEW = 1_000
_WORTH_A_THREAD = 500_000


@frozen(eq=False)
class Logs:
    """What a program reads of a base.

    Attributes:
        orders: Orders of more than nothing, by customer, instant and id.
        events: All events, by customer, instant, rank and id; actions made for
            other members (ALSO) and care (NAME) among them.
        act: int64[e], what each event is.
        customers: Who there is; None where that is not told. In parts, those
            of the part, by id.
        lines: Of each rule on lines, by its place: smallest units of the lines
            that match, order by order, and where any does.
    """

    orders: pl.DataFrame
    events: pl.DataFrame
    act: Ints
    customers: pl.DataFrame | None
    lines: dict[int, tuple[Ints, Flags]] = field(factory=dict)

    @property
    def height(self) -> int:
        """How many rows there are."""
        return self.orders.height + self.act.size

    def parted(self, parts: int) -> list[Logs]:
        """The same rows in parts of nearly equal size, each member's together."""
        if parts < 2:  # noqa: PLR2004 - the whole
            return [self]
        longer = max(self.orders, self.events, key=lambda rows: rows.height)["customer_id"]
        places = np.linspace(0, longer.len(), parts + 1).astype(np.int64)[1:-1]
        firsts = longer.gather(places).unique().sort()
        told = self.customers
        if told is not None and not told["customer_id"].is_sorted():
            told = told.sort("customer_id")
        cuts = [
            [0, *rows["customer_id"].search_sorted(firsts, side="left").to_list(), rows.height]
            for rows in (self.orders, self.events, *(() if told is None else (told,)))
        ]
        spans = [pairwise(cut) for cut in cuts]
        return [
            Logs(
                self.orders[a:b],
                self.events[c:d],
                self.act[c:d],
                None if told is None else told[slice(*people[0])],
                {place: (own[a:b], of[a:b]) for place, (own, of) in self.lines.items()},
            )
            for (a, b), (c, d), *people in zip(*spans, strict=True)
            # One member may have more rows than a part is meant to have.
            if b > a or d > c
        ]

    def marked(self) -> pl.DataFrame:
        """The events with what each is (ACT), its rank (RANK), and whether it is for another."""
        named = {ACT: self.act, RANK: rank_of(self.act)}
        events = self.events.hstack([pl.Series(name, values) for name, values in named.items()])
        if ALSO in events.columns:
            return events
        return events.with_columns(pl.lit(value=False).alias(ALSO))

    def with_events(self, events: pl.DataFrame, *ties: str) -> Logs:
        """The same orders with other events, which say what they are (ACT) and stand anyhow."""
        events = events.sort("customer_id", "at", RANK, "event_id", ALSO, *ties)
        return evolve(self, events=events.drop(ACT, RANK), act=array(events[ACT]))

    def only(self, kinds: frozenset[str] | None) -> Logs:
        """Without actions of kinds that do not matter; None: all do."""
        if kinds is None or not bool((self.act == books.ACTION).any()):
            return self
        matters = true(self.events["kind"].is_in(list(kinds))) | (self.act != books.ACTION)
        if ALSO in self.events.columns:
            matters |= self.events[ALSO].to_numpy()
        if bool(matters.all()):
            return self
        kept = self.events.filter(pl.Series(matters))
        return evolve(self, events=kept, act=read_only(self.act[matters]))


NO_LOGS = Logs(pl.DataFrame(), pl.DataFrame(), np.zeros(0, np.int64), None)
"""Of a run whose rows were let go."""


def admitted(base: CustomerBase) -> Logs:
    """The orders and events of a base as they are seen at its as_of.

    Raises:
        LedgerError: when an id stands for rows that differ.
    """
    orders = _distinct(_seen(base, "orders"), "order_id")
    least = orders["total"].min()
    if least is not None and least <= 0:  # type: ignore[operator]
        orders = orders.filter(pl.col("total") > 0)
    if not _in_order(orders, "ordered_at", None, "order_id"):
        orders = orders.sort("customer_id", "ordered_at", "order_id")
    events = _distinct(_seen(base, "events"), "event_id")
    act = _acts(events["kind"])
    if not _in_order(events, "at", rank_of(act), "event_id"):
        marked = events.hstack([pl.Series(ACT, act), pl.Series(RANK, rank_of(act))])
        marked = marked.sort("customer_id", "at", RANK, "event_id")
        events, act = marked.drop(ACT, RANK), array(marked[ACT])
    return Logs(orders, events, act, base.customers)


def _seen(base: CustomerBase, log: str) -> pl.DataFrame:
    """A log as it is seen; empty when there is none."""
    return base.view(log) if base.has(log) else base.log(log)


def _acts(kinds: pl.Series) -> Ints:
    """What events are, by their kinds."""
    if kinds.len() < _FEW:
        known = [_ACTS.get(kind, books.ACTION) for kind in kinds.to_list()]
        return read_only(np.array(known, np.int64))
    act = pl.lit(books.ACTION, pl.Int64)
    for kind, number in _ACTS.items():
        act = pl.when(kinds == kind).then(pl.lit(number, pl.Int64)).otherwise(act)
    return array(pl.select(act).to_series())


def rank_of(act: Ints) -> Ints:
    """The ranks of events at one instant: redemptions told rank with those asked for."""
    told = act == books.REDEEMED
    return read_only(np.where(told, books.REDEEM, act)) if told.any() else act


def _distinct(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """Rows without exact copies.

    Raises:
        LedgerError: when an id stands for rows that differ.
    """
    ids = rows[key]
    if _are_distinct(ids):
        return rows
    faults = key_faults(rows, (key,))
    if faults is None:
        return rows
    clashing = faults.filter(pl.col("reason") == "conflict")["place"]
    if clashing.len():
        named = ids.gather(clashing).unique(maintain_order=True)
        shown = ", ".join(repr(one) for one in named.head(3).to_list())
        more = "" if named.len() <= 3 else f" and {named.len() - 3:,} more"  # noqa: PLR2004
        raise LedgerError(
            f"{key} {shown}{more} stands for rows that differ",
            where=key,
            fix="admit the rows through the door, which rejects them as conflict",
        )
    copies = pl.int_range(rows.height, eager=True).is_in(faults["place"].cast(pl.Int64).implode())
    return rows.filter(~copies)


def _are_distinct(ids: pl.Series) -> bool:
    """Whether no id stands twice; False also where that is not seen at a glance."""
    if ids.null_count():
        return False
    if ids.dtype != pl.Int64:
        return ids.len() < _FEW and len(set(ids.to_list())) == ids.len()
    # Ascending ids, as logs mostly have them, are distinct at a glance.
    values = array(ids)
    if bool((values[1:] > values[:-1]).all()):
        return True
    values = np.sort(values)
    return bool((values[1:] > values[:-1]).all())


def _in_order(rows: pl.DataFrame, at: str, rank: Ints | None, key: str) -> bool:
    """Whether rows stand by customer, instant, rank and id."""
    ids = rows["customer_id"]
    if rows.height < 2:  # noqa: PLR2004 - one row is in order
        return True
    if not ids.is_sorted():
        return False
    when, last = array(rows[at]), rows[key]

    def part(of: slice) -> bool:
        # Each part looks at the first row of the next one too.
        same = ~changes(ids.slice(of.start, of.stop + 1 - of.start))
        early = when[of.start : of.stop + 1]
        if bool((same & (early[1:] < early[:-1])).any()):
            return False
        ties = np.flatnonzero(same & (early[1:] == early[:-1])) + of.start
        return ties.size == 0 or _ties_in_order(ties, rank, last)

    return all(in_threads(part, slices(rows.height - 1, _WORTH_A_THREAD)))


def _ties_in_order(ties: Ints, rank: Ints | None, ids: pl.Series) -> bool:
    """Whether rows that tie with the next one stand by rank and id."""
    ordered = true(taken(ids, ties) < taken(ids, ties + 1))
    if rank is not None:
        early, late = rank[ties], rank[ties + 1]
        ordered = (early < late) | ((early == late) & ordered)
    return bool(ordered.all())
