"""Clusters: customers grouped by how alike their measures are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import polars as pl
from attrs import field, frozen

from custseg.base.measure import Measure
from custseg.errors import FitError, Problem
from custseg.segments.clusters_names import named
from custseg.segments.clusters_scheme import ClustersScheme, measures_problems
from custseg.segments.clusters_search import best_count, centres
from custseg.segments.clusters_space import Space, Transform, complete, nearest, values_of
from custseg.segments.currencies import currency_of
from custseg.segments.given import as_row
from custseg.segments.layout import counted
from custseg.segments.scheme_text import is_whole
from custseg.segments.segmentation import Segmentation, a_base, measured
from custseg.segments.shown import a_frame
from custseg.segments.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase

    Floats = NDArray[np.float64]

__all__ = ["Clusters"]

_FEWEST, _MOST = 2, 100


def _row(given: object) -> tuple[str | Measure, ...]:
    return (given,) if isinstance(given, str | Measure) else as_row(given)


@frozen
class Clusters:
    """A recipe that finds groups of customers with like measures (k-means).

    Measures are made comparable first; the groups are ordered by what their
    customers spend on average and named after the measures that set them
    apart most. Customers who lack one of the measures are in no cluster:
    without orders they are `prospect`, else `incomplete`.

    Needs scikit-learn: `pip install "custseg[cluster]"`. The scheme that is
    fitted does not.

    Attributes:
        k: How many clusters; "auto" takes the count from 2 to 10 with the
            best silhouette on a sample.
        measures: What customers are compared by: names, or `cu.Measure`s that
            the recipe and its scheme carry.
        transform: "log_standard": ±log(1 + |value|), less the mean, in
            standard deviations; "standard" leaves out the logarithm.
        seed: Where the search starts: one seed, one result, in whatever order
            the customers come.

    Raises:
        FitError: listing everything at once: no count, no measures, an
            unknown transform.

    >>> import polars as pl
    >>> import custseg as cu
    >>> seen = {"orders": [1, 2, 1, 30, 31], "spend": [5.0, 7.0, 6.0, 900.0, 870.0]}
    >>> measures = pl.DataFrame({"customer_id": range(5), **seen})
    >>> recipe = cu.Clusters(2, measures=("orders", "spend"))
    >>> scheme = recipe.settle(recipe.tally(measures))
    >>> scheme.label(measures)["segment"].value_counts(sort=True).rows()
    [('low_spend_low_orders', 3), ('high_spend_high_orders', 2)]
    """

    k: int | Literal["auto"] = "auto"
    measures: tuple[str | Measure, ...] = field(
        default=("recency_days", "orders", "spend"), converter=_row, kw_only=True
    )
    transform: Transform = field(default="log_standard", kw_only=True)
    seed: int = field(default=0, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Refuse a declaration that cannot be fitted to any base."""
        FitError.check(self._problems())

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the measures that the recipe needs."""
        return tuple(map(str, self._asked))

    def tally(self, measures: pl.DataFrame, /) -> Tally:
        """What must be known of these customers; tallies of partitions add up.

        Customers who lack one of the measures are left out.

        Args:
            measures: `customer_id` and the measures that `reads` names.

        Raises:
            FitError: when a measure is none of numbers.
        """
        a_frame(measures, self._counted, where="Clusters.tally")
        values = values_of(measures, self._counted)
        known = complete(values)
        rows = {name: each[known] for name, each in zip(self._counted, values, strict=True)}
        return Tally.of_rows(pl.DataFrame(rows))

    def settle(self, tally: Tally, /, *, currency: str | None = None) -> ClustersScheme:
        """The scheme of all customers that were tallied.

        Args:
            tally: What is known of them.
            currency: What money is, if that is known.

        Raises:
            FitError: when there are fewer different customers than clusters.
            MissingExtra: when scikit-learn is not installed.
        """
        *columns, customers = tally.arrays()
        by, spend = tuple(columns[: len(self.measures)]), columns[-1]
        names = tuple(map(str, self.measures))
        if "spend" in names:
            spend = by[names.index("spend")]
        if not customers.size:
            what = f"no customer has all of {', '.join(names)}"
            raise FitError(what, where="Clusters.measures", fix="take measures that customers have")
        space = Space.around(by, customers, self.transform)
        points = space.points(by)
        k = self._count(points, customers)
        found = centres(np.column_stack(points), customers, k=k, seed=self.seed)
        places = [tuple(centre) for centre in found.tolist()]
        sizes, order = _ranked(nearest(points, places), customers, spend, places)
        return ClustersScheme(
            measures=self.measures,
            space=space,
            names=named([places[place] for place in order], names),
            centres=[places[place] for place in order],
            customers=[int(sizes[place]) for place in order],
            currency=currency,
        )

    def fit(self, base: CustomerBase, /) -> ClustersScheme:
        """The scheme with the centres of this base, frozen."""
        a_base(base, "Clusters.fit")
        tally = self.tally(base.measures(*self._asked))
        return self.settle(tally, currency=currency_of(base, map(str, self.measures)))

    def segment(self, base: CustomerBase, /) -> Segmentation:
        """The base labelled by the scheme that is fitted to it."""
        a_base(base, "Clusters.segment")
        measures = measured(base, self._asked)
        scheme = self.settle(
            self.tally(measures), currency=currency_of(base, map(str, self.measures))
        )
        return Segmentation.of(scheme, base, measures=measures)

    @property
    def _asked(self) -> tuple[str | Measure, ...]:
        """What is read of a base."""
        return tuple(dict.fromkeys((*self.measures, "orders", "spend")))

    @property
    def _counted(self) -> tuple[str, ...]:
        """What is tallied: the measures, and what clusters are ordered by."""
        return tuple(dict.fromkeys((*map(str, self.measures), "spend")))

    def _count(self, points: tuple[Floats, ...], customers: NDArray[np.int64]) -> int:
        """How many clusters; refused when the customers are fewer, or all alike."""
        different = pl.DataFrame(list(points)).unique().height
        wanted = _FEWEST if self.k == "auto" else self.k
        if different < wanted:
            people = counted(int(customers.sum()), "customer")
            what = f"{wanted} clusters of {people}, {different} of them different"
            fix = "take fewer clusters, or measures that tell customers apart"
            raise FitError(what, where="Clusters.k", fix=fix)
        if self.k == "auto":
            return best_count(np.column_stack(points), customers, seed=self.seed)
        return self.k

    def _problems(self) -> Iterator[Problem]:
        if self.k != "auto" and not is_whole(self.k, _FEWEST, _MOST):
            fix = f'give a whole number from {_FEWEST} to {_MOST}, or "auto"'
            yield Problem(f"k is {self.k!r}", "Clusters.k", fix)
        yield from measures_problems(self.measures, where="Clusters.measures")
        if self.transform not in get_args(Transform):
            fix = f"one of {', '.join(get_args(Transform))}"
            yield Problem(f"transform is {self.transform!r}", "Clusters.transform", fix)
        if not is_whole(self.seed, 0, 2**32 - 1):
            fix = "give a whole number from 0 to 2**32 - 1"
            yield Problem(f"seed is {self.seed!r}", "Clusters.seed", fix)


def _ranked(
    place: NDArray[np.int64],
    customers: NDArray[np.int64],
    spend: Floats,
    centres: list[tuple[float, ...]],
) -> tuple[NDArray[np.int64], list[int]]:
    """Customers of each cluster, and the clusters from the highest mean spend down."""
    sizes = np.zeros(len(centres), np.int64)
    np.add.at(sizes, place, customers)
    # Rows come in the tally's order, so that the last digit is always the same.
    sums = np.bincount(place, weights=spend * customers, minlength=len(centres))
    means = (sums / np.maximum(sizes, 1)).tolist()
    return sizes, sorted(range(len(centres)), key=lambda each: (-means[each], centres[each]))
