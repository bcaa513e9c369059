"""Roster: the customers of a base as rows of a table, and from when each is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg.base.coding import Coding, rows_of
from custseg.base.logs import LOGS
from custseg.schema.bridge import array, read_only
from custseg.threads import slices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase

    Ints = NDArray[np.int64]

__all__ = ["Roster"]

_EVER = -(2**63)
_NEVER = 2**63 - 1
# Orders that are worth a thread.
_SMALL = 500_000


@frozen(eq=False)
class Roster:
    """Everyone in the logs or in `customers`, rows hidden by the as_of included.

    Attributes:
        ids: The id of each row of the table, ascending; some may be nobody's.
        coding: How the customer of each order becomes a row.
        since: The instant from which each row is a customer whatever it
            ordered, or nothing when orders are all there is.
    """

    ids: pl.Series
    coding: Coding
    since: Ints

    @classmethod
    def of(cls, base: CustomerBase, /) -> Roster:
        """The roster of a base."""
        orders, others = base.log("orders")["customer_id"], _others(base)
        parts = slices(orders.len(), _SMALL)
        coding = Coding.ascending(orders, parts, others=others["customer_id"])
        ids = coding.ids
        if base.is_only_orders:
            return cls(ids, coding, _NOBODY)
        joined = np.full(ids.len(), _NEVER, np.int64)
        joined[rows_of(others["customer_id"], ids)] = array(others["since"])
        return cls(ids, coding, read_only(joined))

    def entered(self, instants: Ints, /) -> Ints:
        """The first of ascending instants at which each row is a customer without orders."""
        return read_only(np.searchsorted(instants, self.since).astype(np.int64))


_NOBODY = read_only(np.zeros(0, np.int64))


def _others(base: CustomerBase) -> pl.DataFrame:
    """Who is a customer by other logs than orders, and since which instant."""
    none = pl.DataFrame(schema={"customer_id": base.id_type, "since": pl.Int64})
    parts = [none.lazy()]
    for name, log in LOGS.items():
        if base.has(name) and name != "orders":
            seen = base.log(name).lazy().drop_nulls("customer_id")
            at = pl.col(log.instant).to_physical()
            parts.append(seen.group_by("customer_id").agg(since=at.min()))
    if base.customers is not None:
        joined = pl.col("joined_at").to_physical().fill_null(_EVER)
        parts.append(base.customers.lazy().select("customer_id", since=joined))
    return pl.concat(parts).group_by("customer_id").agg(pl.col("since").min()).collect()
