"""Tracking: repeat purchases of all customers week by week, beside those expected of them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import evolve, frozen

from custseg.schema.bridge import array, read_only
from custseg.schema.clock import clock
from custseg.scoring.fit_text import framed
from custseg.scoring.history import unit_days
from custseg.scoring.purchase_holdout import later_base

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase
    from custseg.scoring.cells import Cells
    from custseg.scoring.purchase_fit import PurchaseFit

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Tracking"]

_WEEK = 7
_EPOCH = dt.date(1970, 1, 1)


@frozen(eq=False, repr=False, kw_only=True)
class Tracking:
    """Repeat purchases of all customers up to each week, beside those expected of them.

    Attributes:
        frame: For each week that is over, the last `day` of it, and the
            `actual` and `expected` repeat purchases from the first week on.
        model: The model, as papers call it.
        customers: Whose purchases these are.
        day: The last day that the model has seen.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(400, 730, seed=1).base().as_of("2025-06-30")
    >>> weeks = cu.Tracking.of(cu.BGNBD().fit(shop), shop, "2025-12-31")
    >>> weeks.frame.columns, weeks.frame.height
    (['day', 'actual', 'expected'], 103)
    """

    frame: pl.DataFrame
    model: str
    customers: int
    day: dt.date

    @classmethod
    def of(cls, fit: PurchaseFit, base: CustomerBase, until: dt.date | str, /) -> Tracking:
        """What a model expected of the customers of a base, week by week, and what came.

        Args:
            fit: The model.
            base: Seen as of the end of the calibration; its logs reach on.
                Who came later is not followed.
            until: The last day that is followed.

        Raises:
            SchemaError: when that is not after the base's as_of.
        """
        later = later_base(base, until, where="Tracking.of")
        cells = fit.cells(base, where="Tracking.of")
        days = _days(base, later)
        births = days.group_by("customer_id", maintain_order=True).agg(pl.col("day").min())
        born = array(births["day"])
        first = int(born.min())
        ends = np.arange(first + _WEEK - 1, (later.day - _EPOCH).days + 1, _WEEK)
        columns = [
            pl.Series("day", ends).cast(pl.Int32).cast(pl.Date),
            pl.Series("actual", _actual(array(days["day"]), born, ends)),
            pl.Series("expected", _expected(fit, cells, born - first, ends - first)),
        ]
        frame = pl.DataFrame(columns)
        return cls(frame=frame, model=fit.family.title, customers=born.size, day=base.day)

    def __repr__(self) -> str:
        """Whose purchases they are, and the table."""
        return f"{self._title()}\n{self.frame}"

    def _repr_html_(self) -> str:
        return framed(self._title(), self.frame)

    def _title(self) -> str:
        return f"{self.model}: repeat purchases of {self.customers:,} customers, week by week"


def _days(base: CustomerBase, later: CustomerBase) -> pl.DataFrame:
    """The days with an order, each once, of who had one by the day of the base."""
    orders = later.log("orders").filter(pl.col("total") >= 0)
    at = array(orders["ordered_at"])
    seen = at <= later.when.instant
    low = int(at.min()) if at.size else 0
    numbers = clock(later.tz, low, later.when.instant).days(at)
    days = orders.select("customer_id", day=pl.Series(numbers)).filter(pl.Series(seen)).unique()
    known = orders.filter(pl.Series(at <= base.when.instant)).select("customer_id").unique()
    return days.join(known, on="customer_id", how="semi").sort("customer_id", "day")


def _actual(days: Ints, born: Ints, ends: Ints) -> Ints:
    """Days with an order that are nobody's first, up to each end."""
    made = np.searchsorted(np.sort(days), ends, side="right")
    return made - np.searchsorted(np.sort(born), ends, side="right")


def _expected(fit: PurchaseFit, cells: Cells, born: Ints, ends: Ints) -> Floats:
    """Expectations of everybody at their age, up to each end; days count from the first birth."""
    total = np.zeros(ends.size)
    if not ends.size:
        return total
    # What is expected of newcomers depends on their pattern and their age alone.
    patterns, kept = np.unique(cells.pattern, return_index=True)
    ages: Floats = np.arange(int(ends[-1]) + 1) / unit_days(fit.unit, where="Tracking.of")
    expected = fit.purchases(_newcomers(cells.picked(kept)), ages)
    own = np.searchsorted(patterns, cells.pattern[cells.place])
    for each in range(patterns.size):
        counts = np.bincount(born[own == each])
        for place, end in enumerate(ends.tolist()):
            some = counts[: end + 1]
            total[place] += expected[each, end - some.size + 1 : end + 1][::-1] @ some
    return total


def _newcomers(cells: Cells) -> Cells:
    nothing = read_only(np.zeros(cells.x.size))
    counts = read_only(np.zeros(cells.x.size, np.int64))
    return evolve(cells, x=counts, t_x=nothing, T=nothing)
