"""The logs that a program reads: rows once each, in the order of things."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg._kernels import books
from custseg.errors import LedgerError
from custseg.schema.bridge import array
from custseg.schema.keys import key_faults

if TYPE_CHECKING:
    from custseg.base.customer_base import CustomerBase

__all__ = ["ACT", "ALSO", "NAME", "RANK", "Logs", "admitted", "arranged"]

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


@frozen(eq=False)
class Logs:
    """What a program reads of a base.

    Attributes:
        orders: Orders of more than nothing, by customer, instant and id.
        events: All events, by customer, instant, rank and id, with what each is
            (ACT) and its rank (RANK); actions made for other members (ALSO) and
            care (NAME) among them.
    """

    orders: pl.DataFrame
    events: pl.DataFrame

    def parted(self, parts: int) -> list[Logs]:
        """The same rows in parts of nearly equal size, each member's together."""
        if parts < 2:  # noqa: PLR2004 - the whole
            return [self]
        longer = max(self.orders, self.events, key=lambda rows: rows.height)["customer_id"]
        places = np.linspace(0, longer.len(), parts + 1).astype(np.int64)[1:-1]
        firsts = longer.gather(places).unique().sort()
        cuts = [
            [0, *rows["customer_id"].search_sorted(firsts, side="left").to_list(), rows.height]
            for rows in (self.orders, self.events)
        ]
        return [
            Logs(self.orders[a:b], self.events[c:d])
            for a, b, c, d in zip(cuts[0][:-1], cuts[0][1:], cuts[1][:-1], cuts[1][1:], strict=True)
        ]


def admitted(base: CustomerBase) -> Logs:
    """The orders and events of a base as they are seen at its as_of.

    Raises:
        LedgerError: when an id stands for rows that differ.
    """
    orders = base.log("orders").head(0) if base.orders is None else base.orders
    orders = _distinct(orders, "order_id")
    totals = array(orders["total"].to_physical().cast(pl.Int64))
    if orders.height and int(totals.min()) <= 0:
        orders = orders.filter(pl.Series(totals > 0))
    events = base.log("events").head(0) if base.events is None else base.events
    events = _distinct(events, "event_id")
    act = pl.col("kind").replace_strict(_ACTS, default=books.ACTION, return_dtype=pl.Int64)
    events = events.with_columns(act.alias(ACT)).with_columns(
        pl.when(pl.col(ACT) == books.REDEEMED).then(books.REDEEM).otherwise(pl.col(ACT)).alias(RANK)
    )
    return Logs(
        arranged(orders, ("customer_id", "ordered_at", "order_id")),
        arranged(events, ("customer_id", "at", RANK, "event_id")),
    )


def _distinct(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """Rows without exact copies.

    Raises:
        LedgerError: when an id stands for rows that differ.
    """
    ids = rows[key]
    if ids.dtype == pl.Int64:
        # Ascending ids, as logs mostly have them, are distinct at a glance.
        values = array(ids)
        if bool((values[1:] > values[:-1]).all()):
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


def arranged(rows: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    """Rows by customer, instant and what else is of the key; as they are when they are so."""
    return rows if _in_order(rows, key) else rows.sort(key)


def _in_order(rows: pl.DataFrame, key: tuple[str, ...]) -> bool:
    if rows.height < 2:  # noqa: PLR2004 - one row is in order
        return True
    ids = rows["customer_id"]
    if not ids.is_sorted():
        return False
    same = (ids.slice(1) == ids.slice(0, rows.height - 1)).to_numpy()
    at = array(rows[key[1]])
    if bool((same & (at[1:] < at[:-1])).any()):
        return False
    ties = np.flatnonzero(same & (at[1:] == at[:-1]))
    if ties.size == 0:
        return True
    first, second = rows.select(key[2:])[ties], rows.select(key[2:])[ties + 1]
    ordered = pl.Series(np.ones(ties.size, np.bool_))
    for name in reversed(key[2:]):
        ordered = (first[name] < second[name]) | ((first[name] == second[name]) & ordered)
    return bool(ordered.all())
