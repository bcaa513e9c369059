"""Discounting: expected purchases at what they are worth today."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from attrs import frozen

from custseg.model.window import Window, months_later

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Discounting", "Way"]

Way = Literal["monthly", "continuous"]

_MONTHS = 12
# Days of a year, for rates that run on without months.
_YEAR = 365.25
# Nodes of a panel: what is smooth on it is integrated to machine precision.
_NODES = 10
_WEEK = 7
_SHORTEST = 28.0
# exp of less than this changes no digit.
_GONE = 40.0


@frozen(eq=False)
class Discounting:
    """Times, and what purchases expected by each of them weigh today.

    Purchases E(t) expected by a time t are worth the sum of coefficient_k ×
    E(time_k), whatever the model.

    Attributes:
        days: float64[k], days after the as_of, ascending.
        years: float64[k], the same in years, by which rates are raised.
        weights: float64[k], of each time in an integral over years; empty
            when purchases are discounted at month ends.
    """

    days: Floats
    years: Floats
    weights: Floats

    @classmethod
    def monthly(cls, horizon: Window, day: dt.date | None, /) -> Discounting:
        """What falls into a month is discounted at its end, a month being a twelfth of a year.

        Months run from the as_of by the calendar, clamped at month end; what
        is left of a horizon in days is discounted at its end. Without a day,
        which a horizon in days can do without, months are twelfths of a year.

        >>> import datetime as dt
        >>> Discounting.monthly(Window(months=3), dt.date(2026, 1, 31)).days.tolist()
        [28.0, 59.0, 89.0]
        """
        last = _days(horizon, day)
        days, years = [0.0], [0.0]
        while days[-1] < last:
            month = len(days)
            ends = month * _YEAR / _MONTHS if day is None else _days(Window(months=month), day)
            # Where the calendar ends, months go on.
            ends = max(ends, days[-1] + _SHORTEST)
            part = min(1.0, (last - days[-1]) / (ends - days[-1]))
            years.append((month - 1 + part) / _MONTHS)
            days.append(min(ends, last))
        return cls(np.array(days[1:]), np.array(years[1:]), np.zeros(0))

    @classmethod
    def continuous(
        cls, horizon: Window | None, day: dt.date | None, /, *, least: float
    ) -> Discounting:
        """Each purchase is discounted when it happens; without a horizon, for life.

        The integral of exp(−δ t) dE(t) by parts, over panels that double in
        length, by Gauss and Legendre.

        Args:
            horizon: How far purchases count, or None for ever.
            day: The local day of the as_of, for months.
            least: The smallest annual rate, above 0 without a horizon.
        """
        last = _days(horizon, day) if horizon else _GONE / float(np.log1p(least)) * _YEAR
        many = max(int(np.ceil(np.log2(last / _WEEK))), 0)
        edges = np.concatenate([[0.0], _WEEK * 2.0 ** np.arange(many), [last]])
        nodes, weights = np.polynomial.legendre.leggauss(_NODES)
        middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
        days = np.append((middle[:, None] + half[:, None] * nodes).ravel(), last)
        spread = np.append((half[:, None] * weights).ravel() / _YEAR, 0.0)
        return cls(days, days / _YEAR, spread)

    def coefficients(self, rates: Floats, /) -> Floats:
        """What E at each time weighs today: float64[r, k] for float64[r] annual rates."""
        rate = np.log1p(rates)[:, None]
        worth = np.exp(-rate * self.years)
        if not self.weights.size:
            return worth - np.append(worth[:, 1:], np.zeros((rates.size, 1)), axis=1)
        found = rate * worth * self.weights
        found[:, -1] = worth[:, -1]
        return found


def _days(horizon: Window, day: dt.date | None) -> float:
    """How many days a horizon has from a day on."""
    if horizon.months is None or day is None:
        return float(horizon.days or 0)
    return float((months_later(day, horizon.months) - day).days)
