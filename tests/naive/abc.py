"""Slow obvious twins of ABC classes and of inequality: plain lists and fractions."""

from __future__ import annotations

from fractions import Fraction


def classes(customers, shares):
    """The class of each (value, orders); values are exact, shares texts such as "0.8"."""
    inside = [value for value, orders in customers if orders > 0 and value > 0]
    found = []
    for value, orders in customers:
        before = sum(other for other in inside if other > value)
        if orders <= 0 or value <= 0:
            found.append("C")
        elif before < Fraction(shares[0]) * sum(inside):
            found.append("A")
        elif before < Fraction(shares[1]) * sum(inside):
            found.append("B")
        else:
            found.append("C")
    return found


def gini(values):
    """Half the relative mean difference of all pairs; None of nobody."""
    if not values:
        return None
    apart = sum(abs(one - other) for one in values for other in values)
    return Fraction(apart, 2 * len(values) * sum(values))


def lorenz(values):
    """Corners (share of customers, share of value), from the poorest up."""
    corners = [(Fraction(0), Fraction(0))]
    for most in sorted(set(values)):
        poorer = [value for value in values if value <= most]
        corners.append((Fraction(len(poorer), len(values)), Fraction(sum(poorer), sum(values))))
    return corners
