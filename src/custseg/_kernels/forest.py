"""Sums of decision trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from custseg._kernels._jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["sums"]


@kernel
def sums(
    measures: Floats, roots: Ints, nodes: Ints, numbers: Floats, base: float, out: Floats
) -> Floats:
    """What the leaves that rows fall into add up to, from the first tree to the last.

    Args:
        measures: float64[n, m], NaN where there is none.
        roots: int64[t], the first node of each tree.
        nodes: int64[k, 4]: the measure that is looked at, below 0 for a leaf;
            the nodes on the left and on the right; 1 where NaN goes left.
        numbers: float64[k, 2]: what goes left at most, and the value of a leaf.
        base: What the sum begins with.
        out: float64[n], room for the result.

    Returns:
        `out`. Cost: a comparison for each level of each tree.
        Twin: naive.forest.sums.
    """
    for i in range(measures.shape[0]):
        total = base
        for tree in range(roots.size):
            node = roots[tree]
            while nodes[node, 0] >= 0:
                value = measures[i, nodes[node, 0]]
                left = nodes[node, 3] == 1 if np.isnan(value) else value <= numbers[node, 0]
                node = nodes[node, 1] if left else nodes[node, 2]
            total += numbers[node, 1]
        out[i] = total
    return out
