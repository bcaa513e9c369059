"""Slow obvious twins of lifetime value: month by month, and the closed form for life."""

from __future__ import annotations

import calendar
import datetime as dt


def month_later(day, months):
    """The same day so many months later, or the last one of a shorter month."""
    year, month = day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def discounted(expected, day, months, rate):
    """Purchases of each month, discounted at its end.

    `expected` says how many there are by so many days after `day`.
    """
    total, before = 0.0, 0.0
    for month in range(1, months + 1):
        by_then = expected((month_later(day, month) - day).days)
        total += (by_then - before) / (1 + rate) ** (month / 12)
        before = by_then
    return total


def for_life(params, customer, delta):
    """Discounted expected residual transactions, Pareto/NBD (Fader, Hardie and Lee 2005, eq. 4).

    `delta` is the rate a unit of time; the likelihood is worked out by quadrature, not by its
    closed form.
    """
    import mpmath as mp

    r, alpha, s, beta = (mp.mpf(each) for each in params)
    x, t_x, until = customer
    front = mp.gamma(r + x) / mp.gamma(r) * alpha**r * beta**s
    alive = front / ((alpha + until) ** (r + x) * (beta + until) ** s)
    gone = (
        front
        * s
        * mp.quad(lambda y: (alpha + y) ** -(r + x) * (beta + y) ** -(s + 1), [t_x, until])
    )
    above = (
        alpha**r
        * beta**s
        * delta ** (s - 1)
        * mp.gamma(r + x + 1)
        * mp.hyperu(s, s, delta * (beta + until))
    )
    below = mp.gamma(r) * (alpha + until) ** (r + x + 1)
    return float(above / below / (alive + gone))
