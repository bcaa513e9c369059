"""Slow obvious twins of survival: one time and one customer at a time, in fractions."""

from __future__ import annotations

from fractions import Fraction


def kaplan_meier(tenures):
    """(time, at risk, ended, share) of (time, ended) pairs."""
    share, rows = Fraction(1), []
    for time in sorted({time for time, _ in tenures}):
        at_risk = sum(1 for other, _ in tenures if other >= time)
        ended = sum(1 for other, gone in tenures if other == time and gone)
        share *= 1 - Fraction(ended, at_risk)
        rows.append((time, at_risk, ended, float(share)))
    return rows


def log_rank(first, second):
    """χ² of two groups of (time, ended) pairs: the hypergeometric draw, time by time."""
    excess, variance = Fraction(0), Fraction(0)
    for time in sorted({time for time, ended in [*first, *second] if ended}):
        n1 = sum(1 for other, _ in first if other >= time)
        n = n1 + sum(1 for other, _ in second if other >= time)
        d1 = sum(1 for other, gone in first if other == time and gone)
        d = d1 + sum(1 for other, gone in second if other == time and gone)
        excess += d1 - Fraction(d * n1, n)
        if n > 1:
            variance += Fraction(d * n1 * (n - n1) * (n - d), n * n * (n - 1))
    return float(excess**2 / variance) if variance else 0.0
