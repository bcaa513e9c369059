"""Shop: the logs of one shop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from attrs import cmp_using, field, frozen

if TYPE_CHECKING:
    from custseg.base.customer_base import CustomerBase

__all__ = ["Shop"]

_same = cmp_using(eq=pl.DataFrame.equals, require_same_type=True)
_INSTANTS = {
    "customers": "joined_at",
    "orders": "ordered_at",
    "lines": "ordered_at",
    "events": "at",
    "feedback": "at",
    "tickets": "opened_at",
    "opportunities": "opened_at",
}


@frozen(kw_only=True, repr=False, unsafe_hash=False)
class Shop:
    """The logs of one shop, each in the form of its table.

    Attributes:
        customers: One row a customer, by customer_id.
        orders: Orders and returns, by time.
        lines: Lines of the orders; their totals add up to the order's.
        events: Every touch that is not an order, by time.
        feedback: Answers to surveys, by time.
        tickets: Requests and complaints, by time.
        opportunities: Sales opportunities, by time.
        currency: The ISO 4217 code of all money.
        tz: The time zone the shop lives in.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(1_000, 90)
    >>> shop.orders.columns[:4]
    ['order_id', 'customer_id', 'ordered_at', 'total']
    """

    customers: pl.DataFrame = field(eq=_same)
    orders: pl.DataFrame = field(eq=_same)
    lines: pl.DataFrame = field(eq=_same)
    events: pl.DataFrame = field(eq=_same)
    feedback: pl.DataFrame = field(eq=_same)
    tickets: pl.DataFrame = field(eq=_same)
    opportunities: pl.DataFrame = field(eq=_same)
    currency: str
    tz: str

    def base(self) -> CustomerBase:
        """The customer base of all logs, as of the latest instant in them.

        >>> import custseg as cu
        >>> len(cu.datasets.simulate(1_000, 90).base().customer_ids)
        1000
        """
        from custseg.base.customer_base import CustomerBase

        logs = {log: getattr(self, log) for log in _INSTANTS}
        return CustomerBase(**logs, currency=self.currency, tz=self.tz)

    def __repr__(self) -> str:
        """The rows of each log and the local days they span."""
        lines = [f"Shop in {self.currency}, {self.tz}"]
        for log, instant in _INSTANTS.items():
            rows: pl.DataFrame = getattr(self, log)
            line = f"  {log:<13} {rows.height:>13,}"
            if rows.height:
                local = rows[instant].dt.convert_time_zone(self.tz).dt.date()
                line += f"  {local.min()} to {local.max()}"
            lines.append(line)
        return "\n".join(lines)
