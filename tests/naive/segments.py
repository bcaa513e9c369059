"""Slow obvious twins of the segments layer: plain lists, sets and fractions."""

from __future__ import annotations

import math
from fractions import Fraction


def starts(values, bins):
    """Where each bin after the lowest begins, straight from the definition."""
    found = []
    for k in range(1, bins):
        enough = [
            value
            for value in values
            if Fraction(sum(other <= value for other in values), len(values)) >= Fraction(k, bins)
        ]
        above = [value for value in values if enough and value > min(enough)]
        found.append(min(above) if above else math.inf)
    return found


def score(value, cuts, bins, *, falling=False):
    """1 + the starts at or below the value; counted down from the top when falling."""
    reached = sum(cut <= value for cut in cuts)
    return bins - reached if falling else 1 + reached


def rfm(customers, bins, *, nested=False):
    """The scores (r, f, m) of customers (recency, orders, spend); None without orders."""
    buyers = [customer for customer in customers if customer[1] > 0]
    by_recency = starts([recency for recency, _, _ in buyers], bins)
    r = [score(recency, by_recency, bins, falling=True) for recency, _, _ in buyers]
    groups = r if nested else [0] * len(buyers)
    f = within(groups, [orders for _, orders, _ in buyers], bins)
    groups = list(zip(r, f, strict=True)) if nested else groups
    m = within(groups, [spend for _, _, spend in buyers], bins)
    scores = iter(zip(r, f, m, strict=True))
    return [next(scores) if orders > 0 else None for _, orders, _ in customers]


def rfm_by(customers, groups, bins, *, nested=False):
    """The scores of customers who are cut anew in each group; None is a group too."""
    found = {}
    for group in set(groups):
        places = [place for place, own in enumerate(groups) if own == group]
        scores = rfm([customers[place] for place in places], bins, nested=nested)
        found |= dict(zip(places, scores, strict=True))
    return [found[place] for place in range(len(customers))]


def within(groups, values, bins):
    """Scores of values that are cut anew in each group."""
    found = []
    for group, value in zip(groups, values, strict=True):
        peers = [other for where, other in zip(groups, values, strict=True) if where == group]
        found.append(score(value, starts(peers, bins), bins))
    return found


# The map over recency and frequency as a merchandiser draws it: rows r1 to r5, columns f1 to f5.
ELEVEN = """
lost          hibernating     at_risk         at_risk   cant_lose
hibernating   hibernating     at_risk         at_risk   cant_lose
about_to_sleep about_to_sleep need_attention  loyal     loyal
promising     potential_loyal potential_loyal loyal     loyal
new           potential_loyal potential_loyal champions champions
"""


def eleven(r, f):
    """The name of a cell of the 11-name map, read off the drawing."""
    return ELEVEN.split()[(r - 1) * 5 + f - 1]


def ten(r, f):
    """The name of a cell of the 10-name map."""
    return "hibernating" if (r, f) == (1, 1) else eleven(r, f)


def value_tier(f, m):
    """The value tier of two scores."""
    if m >= 4 and f >= 4:
        return "high_value"
    return "potential" if m >= 4 or f >= 4 else "ordinary"


def moves(before, after, names):
    """Customers by the pair of labels; None for who is not a customer then."""
    everyone = {*before, *after}
    pairs = [(before.get(each), after.get(each)) for each in everyone]
    sides = [*names, None]
    return {(a, b): pairs.count((a, b)) for a in sides for b in sides if (a, b) != (None, None)}


def stability_index(before, after, names):
    """Σ (after − before) · ln(after / before) over shares; half a customer in an empty side."""
    total = 0.0
    for name in names:
        old, new = (list(side.values()).count(name) for side in (before, after))
        if old or new:
            p, q = max(old, 0.5) / len(before), max(new, 0.5) / len(after)
            total += (q - p) * math.log(q / p)
    return total
