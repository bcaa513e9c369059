"""Slow obvious twin of the lifecycle: one customer's order days at a time."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise


def stage(order_days, today, *, new, active, lapse, loyal, fallback=None):
    """The first stage that fits.

    `order_days` holds the day of each order. A threshold is a number of days,
    or ("gaps", text) for so many mean gaps; `fallback` has the days for each
    of those by name.
    """
    if not order_days:
        return "prospect"
    days = sorted(set(order_days))

    def length(name, threshold):
        if not isinstance(threshold, tuple):
            return threshold
        if len(days) < 3:
            return fallback[name]
        gaps = [later - earlier for earlier, later in pairwise(days)]
        return Fraction(threshold[1]) * Fraction(sum(gaps), len(gaps))

    lapse, active, new = length("lapse", lapse), length("active", active), length("new", new)
    if today - days[-1] > lapse:
        return "lost"
    if today - days[-1] > active:
        return "at_risk"
    if len(days) > 1 and days[-1] - days[-2] > lapse:
        return "won_back"
    if today - days[0] <= new:
        return "new"
    if len(order_days) >= loyal:
        return "loyal"
    return "repeat" if len(order_days) >= 2 else "one_time"
