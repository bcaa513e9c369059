"""Boosted trees that tell who will stop buying: scikit-learn's part."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from custseg.errors import MissingExtra
from custseg.threads import threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["grown", "log_odds"]


def grown(
    measures: Floats,
    churned: NDArray[np.bool_],
    /,
    *,
    trees: int,
    leaves: int,
    learning_rate: float,
    seed: int,
) -> Any:  # noqa: ANN401 - scikit-learn has no types
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
        return forest.fit(measures, churned)


def log_odds(forest: Any, measures: Floats, /) -> Floats:  # noqa: ANN401 - as above
    """The log of the odds that each customer stops buying: float64[n]."""
    if measures.shape[0] == 0:
        return np.zeros(0)
    return np.asarray(forest.decision_function(measures), np.float64)
