"""Slow obvious twin of engagement: exact fractions, one event at a time."""

from __future__ import annotations

from fractions import Fraction


def fade(places, instants, weights, as_of, per_us, customers):
    """What is left of the events of each customer; instants after as_of are not seen."""
    sums = [Fraction(0)] * customers
    for place, instant, weight in zip(places, instants, weights, strict=True):
        if instant <= as_of:
            sums[place] += Fraction(weight * 2.0 ** ((instant - as_of) * per_us))
    return [float(each) for each in sums]
