"""Boosted trees that tell who will stop buying: grown by scikit-learn, then kept as numbers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen

from custseg.errors import MissingExtra
from custseg.schema.bridge import read_only
from custseg.threads import in_threads, slices, threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Forest", "Node", "grown", "log_odds"]

# Rows that are worth a thread.
_SMALL = 20_000
_LEAF = -1

Node = tuple[int, int, int, bool, float, float]
"""Which measure is asked (-1: none, a leaf), where at most the threshold goes, where more goes,
whether a missing one goes with the first, the threshold, and the value of a leaf."""


@frozen
class Forest:
    """Trees as numbers: equal ones score alike, wherever they were grown.

    Attributes:
        base: The log of the odds that the sum begins with.
        trees: Nodes of each tree, its root first.
    """

    base: float
    trees: tuple[tuple[Node, ...], ...]


def grown(
    measures: Floats,
    churned: NDArray[np.bool_],
    /,
    *,
    trees: int,
    leaves: int,
    learning_rate: float,
    seed: int,
) -> Forest:
    """Trees grown on customers, each on what those before it left over (Friedman 2001).

    Args:
        measures: float64[n, m], NaN where there is none.
        churned: bool[n], both values among them.
        trees: How many.
        leaves: Leaves of a tree at most.
        learning_rate: How much of each tree is taken.
        seed: For the customers by whom large logs are binned.

    Raises:
        MissingExtra: when scikit-learn is not installed.
    """
    try:
        ensemble: Any = import_module("sklearn.ensemble")
        limits: Any = import_module("threadpoolctl").threadpool_limits
    except ImportError:
        raise MissingExtra(
            "churn models are trained by scikit-learn, which is not installed",
            where="ChurnModel.fit",
            fix='pip install "custseg[learn]"',
        ) from None
    forest = ensemble.HistGradientBoostingClassifier(
        max_iter=trees,
        max_leaf_nodes=leaves,
        learning_rate=learning_rate,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=seed,
    )
    with limits(limits=threads()):
        return read(forest.fit(measures, churned))


def read(forest: Any, /) -> Forest:  # noqa: ANN401 - scikit-learn has no types
    """The numbers of scikit-learn's trees, which it keeps without a public name."""
    base = float(np.asarray(forest._baseline_prediction).ravel()[0])  # noqa: SLF001 - as said
    grown_trees = (step[0].nodes for step in forest._predictors)  # noqa: SLF001 - as said
    return Forest(base, tuple(tuple(map(_node, nodes)) for nodes in grown_trees))


def _node(node: Any) -> Node:  # noqa: ANN401 - a record of numpy
    if node["is_leaf"]:
        return _LEAF, 0, 0, False, 0.0, float(node["value"])
    ways = int(node["left"]), int(node["right"]), bool(node["missing_go_to_left"])
    return int(node["feature_idx"]), *ways, float(node["num_threshold"]), 0.0


def log_odds(forest: Forest, measures: Floats, /) -> Floats:
    """The log of the odds that each customer stops buying: float64[n]."""
    from custseg._kernels.forest import sums  # numba is loaded when it is needed

    sizes = np.array([len(tree) for tree in forest.trees], np.int64)
    roots = np.cumsum(sizes) - sizes
    flat = [node for tree in forest.trees for node in tree]
    shifts = np.repeat(roots, sizes)
    nodes = np.array([node[:4] for node in flat], np.int64).reshape(-1, 4)
    nodes[:, 1:3] += shifts[:, None]
    numbers = np.array([node[4:] for node in flat], np.float64).reshape(-1, 2)
    known = read_only(roots), read_only(nodes), read_only(numbers), forest.base
    rows, out = read_only(measures), np.empty(measures.shape[0])

    def some(part: slice) -> None:
        sums(rows[part], *known, out[part])

    in_threads(some, slices(out.size, _SMALL))
    return out
