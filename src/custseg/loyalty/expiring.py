"""Expiring: lots that lapse soon, for who would rather spend them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl

from custseg.errors import LedgerError
from custseg.loyalty.faults import is_whole
from custseg.model.window import Window, months_later
from custseg.schema.clock import DAY, clock, day_number, local_times

if TYPE_CHECKING:
    from custseg.loyalty.ledger import Ledger

__all__ = ["expiring"]


def expiring(ledger: Ledger, within: Window | int) -> pl.DataFrame:
    """Lots with points left whose last usable day lies ahead and within a window.

    Args:
        ledger: The ledger.
        within: A window from the as_of's local day on, or a number of days.

    Raises:
        LedgerError: when `within` is neither.

    Returns:
        customer_id, lot_id, points (what is left), available_at, expires_at,
        usable_until (the last usable local day) and days (until then), by
        customer, expiry and lot.
    """
    today = ledger.when.day
    last = _last_day(today, within)
    number = day_number(last)
    end = clock(ledger.when.tz, (number - 1) * DAY, (number + 2) * DAY).day_start(number + 1)
    ends = pl.col("expires_at").to_physical()
    soon = ledger.lots().filter(
        (pl.col("remaining") > 0) & (ends > ledger.when.instant) & (ends <= end)
    )
    lasting = soon.select(pl.col("expires_at").dt.offset_by("-1us"))
    usable = local_times(lasting, ledger.when.tz)["expires_at"].dt.date()
    return (
        soon.with_columns(usable_until=usable)
        .select(
            "customer_id",
            "lot_id",
            "available_at",
            "expires_at",
            "usable_until",
            points="remaining",
            days=(pl.col("usable_until") - pl.lit(today)).dt.total_days(),
        )
        .sort("customer_id", "expires_at", "lot_id")
        .select(
            "customer_id",
            "lot_id",
            "points",
            "available_at",
            "expires_at",
            "usable_until",
            "days",
        )
    )


def _last_day(today: dt.date, within: object) -> dt.date:
    window = within if isinstance(within, Window) else None
    if is_whole(within, least=1, most=_LONGEST):
        window = Window(days=within)  # type: ignore[arg-type] # it is whole
    if window is None:
        raise LedgerError(
            f"within is {within!r}",
            where="Ledger.expiring",
            fix="write cu.Window(months=1), or a number of days",
        )
    if window.months is not None:
        return months_later(today, window.months)
    ordinal = today.toordinal() + (window.days or 0)
    return dt.date.fromordinal(min(ordinal, dt.date.max.toordinal()))


_LONGEST = 3_652_059
