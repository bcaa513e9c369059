"""The slow obvious twin of float money: fractions."""

from __future__ import annotations

import math
from fractions import Fraction

GOOD, NOT_FINITE, TOO_LARGE, FAR = range(4)


def nearest(exact):
    """The nearest whole number; half goes away from zero."""
    size = math.floor(abs(exact) + Fraction(1, 2))
    return size if exact >= 0 else -size


def distance(value, unit):
    """How far a float is from the nearest amount, in smallest units."""
    exact = Fraction(value) * unit
    return abs(exact - nearest(exact))


def smallest_units(values, unit, limit, ulps):
    """Whole smallest units of each float, and what is wrong with it."""
    units, status = [], []
    for value in values:
        told, amount = GOOD, 0
        if not math.isfinite(value):
            told = NOT_FINITE
        elif abs(Fraction(value)) >= Fraction(limit, unit):
            told = TOO_LARGE
        else:
            power = Fraction(2) ** (math.frexp(value)[1] - 1)
            allowed = max(Fraction(1, 10**6), Fraction(ulps) * power * unit)
            if distance(value, unit) > allowed:
                told = FAR
            else:
                amount = nearest(Fraction(value) * unit)
        units.append(amount)
        status.append(told)
    return units, status
