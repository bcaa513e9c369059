"""Where the centres of clusters lie, and how many there are: scikit-learn's part."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from custseg.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

__all__ = ["best_count", "centres"]

_STARTS = 4
# Rows on which the search begins: where there are more, only its end looks at all of them.
_LARGE = 20_000
_SAMPLE = 2_000
_FEWEST, _MOST = 2, 10


def centres(
    points: NDArray[np.float64], customers: NDArray[np.int64], /, *, k: int, seed: int
) -> NDArray[np.float64]:
    """The centres of k clusters (Lloyd 1982, started as k-means++).

    The best of four searches. Of many rows these look at 20,000, drawn by the
    seed; from where the best one ends, a last search looks at all.

    Args:
        points: float64[n, m], at least k different rows.
        customers: int64[n], how many customers stand at each.
        k: How many centres.
        seed: Where the search starts.

    Returns:
        float64[k, m].

    Raises:
        MissingExtra: when scikit-learn is not installed.
    """
    with _alone() as cluster:
        if len(points) <= _LARGE:
            return _found(cluster, points, customers, k, seed).cluster_centers_
        drawn = np.random.default_rng(seed).choice(len(points), _LARGE, replace=False)
        # Rows come in the tally's order: in whatever order customers came, the same are drawn.
        rows = np.sort(drawn)
        begun = _found(cluster, points[rows], customers[rows], k, seed).cluster_centers_
        return _found(cluster, points, customers, k, seed, begun=begun).cluster_centers_


def best_count(points: NDArray[np.float64], customers: NDArray[np.int64], /, *, seed: int) -> int:
    """How many clusters part the customers best, from 2 to 10.

    The count with the largest mean silhouette (Rousseeuw 1987) on a sample
    of 2,000 customers, the smaller one of equals; 2 when all in the sample
    are alike.

    Args:
        points: float64[n, m], at least two different rows.
        customers: int64[n], how many customers stand at each.
        seed: Draws the sample.

    Raises:
        MissingExtra: when scikit-learn is not installed.
    """
    everyone = int(customers.sum())
    drawn = np.random.default_rng(seed).choice(everyone, min(everyone, _SAMPLE), replace=False)
    rows = np.searchsorted(np.cumsum(customers), np.sort(drawn), side="right")
    sample = points[rows]
    different = np.unique(sample, axis=0).shape[0]
    # A silhouette needs a second customer in some cluster.
    most = min(_MOST, different, len(sample) - 1)
    scores: dict[int, float] = {}
    with _alone() as cluster:
        silhouette: Any = import_module("sklearn.metrics").silhouette_score
        for k in range(_FEWEST, most + 1):
            labels = _found(cluster, sample, np.ones(len(sample), np.int64), k, seed).labels_
            scores[k] = float(silhouette(sample, labels))
    return max(scores, key=scores.__getitem__, default=_FEWEST)


def _found(
    cluster: Any,  # noqa: ANN401 - a module without types
    points: NDArray[np.float64],
    customers: NDArray[np.int64],
    k: int,
    seed: int,
    *,
    begun: NDArray[np.float64] | None = None,
) -> Any:  # noqa: ANN401 - scikit-learn has no types
    start = {"n_init": _STARTS} if begun is None else {"n_init": 1, "init": begun}
    search = cluster.KMeans(k, random_state=seed, **start)
    return search.fit(points, sample_weight=customers.astype(np.float64))


@contextmanager
def _alone() -> Generator[Any]:
    """scikit-learn's clusters, on one thread: threads would add up in any order."""
    try:
        cluster: Any = import_module("sklearn.cluster")
        limits: Any = import_module("threadpoolctl").threadpool_limits
    except ImportError:
        raise MissingExtra(
            "clusters are searched by scikit-learn, which is not installed",
            where="Clusters.fit",
            fix='pip install "custseg[cluster]"',
        ) from None
    with limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield cluster
