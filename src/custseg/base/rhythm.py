"""Days with an order, and the gaps between them: one pass over the orders, day by day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg.base.coding import Coding
from custseg.base.exact import quotient
from custseg.base.folded import OrderLog
from custseg.schema.bridge import masked, read_only
from custseg.schema.clock import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from custseg.base.span import AsOf, Span
    from custseg.model.measure_name import MeasureName

    Ints = NDArray[np.int64]

__all__ = ["RHYTHM", "from_rhythm"]

# `days_active` local days with an order; `gap_days` the mean gap between them, `gap_days_cv` the
# gaps' coefficient of variation; `last_gap_days` from the last but one of them to the last, null
# before there are two; `overdue` recency_days / gap_days.
RHYTHM = ("days_active", "gap_days", "gap_days_cv", "overdue", "last_gap_days")

# Days for each order: where there are more, counting takes longer than a sort.
_SPARSEST = 64


def from_rhythm(log: OrderLog, names: Sequence[MeasureName], as_of: AsOf) -> list[pl.Series]:
    """Days with an order, and the gaps between them, within each window.

    Args:
        log: Orders, in any order; rows after the as_of are not seen.
        names: What is measured.
        as_of: Up to when.

    Returns:
        customer_id, sorted, of everyone with an order, and a column for each name.
    """
    wanted = [as_of.span(name) for name in names]
    places = {span: place for place, span in enumerate(dict.fromkeys(wanted))}
    ids, found = _found(log, tuple(places), as_of)
    recency = as_of.today - found[0]
    within = {
        span: _Rhythm(recency, found[1], *found[2 + 3 * place : 5 + 3 * place])
        for span, place in places.items()
    }
    told = zip(names, wanted, strict=True)
    measured = (within[span].measure(name.base).alias(str(name)) for name, span in told)
    return [ids.alias("customer_id"), *measured]


@frozen(eq=False)
class _Rhythm:
    """What is known of the order days of each customer.

    Attributes:
        recency: int64[n], days since the last one.
        last_gap: int64[n], days between the last two, 0 where there is one.
        active: int64[n], how many lie in the window.
        total: int64[n], the sum of the gaps between them.
        squares: int64[n], the sum of the gaps squared.
    """

    recency: Ints
    last_gap: Ints
    active: Ints
    total: Ints
    squares: Ints

    def measure(self, base: str) -> pl.Series:
        """A measure by its name without a window."""
        if base == "days_active":
            return pl.Series(self.active)
        if base == "last_gap_days":
            return masked(pl.Series(self.last_gap), self.last_gap > 0)
        gaps = np.maximum(self.active - 1, 0)
        if base == "gap_days":
            return quotient(self.total, gaps)
        if base == "overdue":
            # recency / (total / gaps), divided once.
            return quotient(self.recency * gaps, self.total)
        # Whole numbers up to the root: sd / mean = sqrt(n Σg² − (Σg)²) / Σg. The radicand stays
        # below 2**63: the Σg of all days from the year 1 to 9999 is 3.7 million.
        spread = gaps * self.squares - self.total * self.total
        cv = np.sqrt(spread) / np.maximum(self.total, 1)
        return masked(pl.Series(cv), gaps > 0)


def _found(
    log: OrderLog, spans: Sequence[Span], as_of: AsOf
) -> tuple[pl.Series, NDArray[np.int64]]:
    """Customers with an order, and the columns of `rhythm`."""
    if log.latest > as_of.instant:
        orders = log.frame.select("customer_id", "ordered_at", "total")
        log = OrderLog(orders.filter(pl.Series(log.instants <= as_of.instant)))
    every = log.frame["customer_id"]
    if log.frame.height == 0:
        return every, np.empty((2 + 3 * len(spans), 0), np.int64)
    from custseg._kernels.fold import NEVER, columns, rhythm  # numba is loaded when it is needed

    coding = log.coding or Coding.ascending(every, log.parts, others=every.clear())
    instants = log.instants
    days = clock(as_of.tz, int(instants.min()), int(instants.max())).days(instants)
    rows = _by_day(coding.numbers, days, log.totals)
    firsts = read_only(np.array([span.first_day for span in spans], np.int64))
    lasts = read_only(np.array([span.last_day for span in spans], np.int64))
    room = np.empty((coding.rows, 2 + 3 * len(spans)), np.int64)
    table = rhythm(*rows, coding.lowest, coding.words, coding.ranks, firsts, lasts, room)
    ids, kept = coding.kept(table[:, 0] != NEVER)
    turned = np.empty((table.shape[1], kept.size), np.int64)
    return ids, columns(read_only(table), kept, turned)


def _by_day(numbers: Ints, days: Ints, totals: Ints) -> tuple[Ints, Ints, Ints]:
    """Orders by day: as they are, where they already stand so."""
    if bool((days[1:] >= days[:-1]).all()):
        return numbers, read_only(days), totals
    from custseg._kernels.fold import by_day  # numba is loaded when it is needed

    first = int(days.min())
    many = int(days.max()) - first + 1
    if many > _SPARSEST * days.size:
        order = np.argsort(days, kind="stable")
        return read_only(numbers[order]), read_only(days[order]), read_only(totals[order])
    room = np.empty((2, days.size), np.int64), np.empty((days.size, 2), np.int64)
    put, amounts = by_day(numbers, read_only(days), totals, first, many, *room)
    return read_only(put[0]), read_only(put[1]), read_only(amounts)
