"""Slow obvious twin of a forest: one row, one tree, one question at a time."""

from __future__ import annotations

import math


def sums(rows, trees, base):
    """Trees are lists of nodes (measure or None, left, right, nan_left, at_most, value)."""
    found = []
    for row in rows:
        total = base
        for tree in trees:
            node = tree[0]
            while node[0] is not None:
                measure, left, right, nan_left, at_most, _ = node
                value = row[measure]
                goes_left = nan_left if math.isnan(value) else value <= at_most
                node = tree[left if goes_left else right]
            total += node[5]
        found.append(total)
    return found
