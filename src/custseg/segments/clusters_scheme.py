"""ClustersScheme: the centres that were found, and who is nearest to which."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import polars as pl
from attrs import field, frozen

from custseg.base.measure_text import as_texts
from custseg.errors import FitError, Problem
from custseg.schema.bridge import array
from custseg.segments import clusters_text
from custseg.segments.bins import number
from custseg.segments.clusters_names import INCOMPLETE, PROSPECT, distinctive
from custseg.segments.clusters_space import Space, Transform, complete, nearest, values_of
from custseg.segments.currencies import currency_problems
from custseg.segments.given import as_row, is_row
from custseg.segments.labels import is_name, labelled, with_labels
from custseg.segments.layout import Layout, count, counted, share
from custseg.segments.own_measures import measure_problems
from custseg.segments.scheme_text import finite, is_whole
from custseg.segments.segmentation import Segmentation, a_base, measured
from custseg.segments.shown import a_frame
from custseg.segments.track import track

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from custseg.base.customer_base import CustomerBase
    from custseg.base.measure import Measure
    from custseg.segments.periods import Every
    from custseg.segments.track import Track

__all__ = ["ClustersScheme", "measures_problems"]

_DEGENERATE = 0.95
_MOST = 2**63 - 1


def _pairs(rows: Iterable[Iterable[float]]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in rows)


@frozen(kw_only=True, repr=False)
class ClustersScheme:
    """Centres and the space they lie in: what `Clusters` fits.

    It labels new customers by the nearest centre, without scikit-learn.

    Attributes:
        measures: What customers are compared by, by name or carried.
        space: How measures become places.
        names: The clusters, from the highest mean spend down.
        centres: The place of each, in standard deviations from the mean.
        customers: How many customers each had when it was found.
        currency: What its money is, an ISO 4217 code: a base in another one is
            refused. None when it is not known, or nothing is money.

    Raises:
        FitError: listing everything at once: parts of different lengths,
            numbers that are none, names that are taken or occur twice.

    >>> import polars as pl
    >>> import custseg as cu
    >>> from custseg.segments.clusters_space import Space
    >>> scheme = cu.ClustersScheme(
    ...     measures=("spend",),
    ...     space=Space("standard", (50.0,), (10.0,)),
    ...     names=("high_spend", "low_spend"),
    ...     centres=((1.0,), (-1.0,)),
    ...     customers=(4, 6),
    ... )
    >>> scheme
    2 clusters of 10 customers, the largest with 60.0 %
    cluster     customers   share  spend
    high_spend          4  40.0 %     60
    low_spend           6  60.0 %     40
    >>> spend = pl.DataFrame({"customer_id": [1, 2], "spend": [51.0, 9.0], "orders": [2, 1]})
    >>> scheme.label(spend)["segment"].to_list()
    ['high_spend', 'low_spend']
    """

    measures: tuple[str | Measure, ...] = field(converter=as_row)
    space: Space
    names: tuple[str, ...] = field(converter=as_row)
    centres: tuple[tuple[float, ...], ...] = field(converter=_pairs)
    customers: tuple[int, ...] = field(converter=as_row)
    currency: str | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse parts that do not make a scheme."""
        FitError.check(self._problems())
        FitError.check(self._far_problems())

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the measures that `label` needs."""
        return tuple(dict.fromkeys((*self._by, "orders")))

    @property
    def _by(self) -> tuple[str, ...]:
        """Names of what customers are compared by."""
        return tuple(map(str, self.measures))

    @property
    def segments(self) -> tuple[str, ...]:
        """The labels in order: the clusters, then those of customers in none."""
        return (*self.names, INCOMPLETE, PROSPECT)

    @property
    def status(self) -> str:
        """How well the customers were parted, in words.

        >>> import polars as pl
        >>> import custseg as cu
        >>> seen = {"orders": [1] * 99 + [90], "spend": [5.0] * 99 + [900.0]}
        >>> recipe = cu.Clusters(2, measures=("orders", "spend"))
        >>> recipe.settle(recipe.tally(pl.DataFrame(seen))).status
        "degenerate: 'typical' holds 99.0 % of 100 customers"
        """
        everyone = sum(self.customers)
        people = counted(everyone, "customer")
        largest = max(self.customers)
        part = share(largest / everyone if everyone else None)
        if self.is_degenerate:
            name = self.names[self.customers.index(largest)]
            return f"degenerate: {name!r} holds {part} of {people}"
        return f"{counted(len(self.names), 'cluster')} of {people}, the largest with {part}"

    @property
    def is_degenerate(self) -> bool:
        """Whether one cluster holds more than 95 % of the customers."""
        return max(self.customers) > _DEGENERATE * sum(self.customers)

    @property
    def clusters(self) -> pl.DataFrame:
        """A row a cluster: customers, share, the centre in each measure, what sets it apart."""
        everyone = max(sum(self.customers), 1)
        values = [self.space.values(centre) for centre in self.centres]
        return pl.DataFrame(
            [
                labelled("segment", self.names),
                pl.Series("customers", self.customers, pl.Int64),
                pl.Series("share", [each / everyone for each in self.customers], pl.Float64),
                *(
                    pl.Series(name, column, pl.Float64)
                    for name, column in zip(self._by, zip(*values, strict=True), strict=True)
                ),
                pl.Series("distinctive", [self._told(centre) for centre in self.centres]),
            ]
        )

    def label(self, measures: pl.DataFrame, /) -> pl.DataFrame:
        """The measures with `segment`.

        Args:
            measures: `customer_id` and the measures that `reads` names.

        Raises:
            FitError: when one is not there, or is none of numbers.
        """
        a_frame(measures, self.reads, where="ClustersScheme.label")
        values = values_of(measures, self._by)
        place = nearest(self.space.points(values), self.centres)
        lacking = ~complete(values)
        if lacking.any():
            place[lacking] = len(self.names)
            place[lacking & (array(measures["orders"]) <= 0)] = len(self.names) + 1
        return with_labels(measures, self.segments, place)

    def assign(self, base: CustomerBase, /) -> Segmentation:
        """The label of each customer as of the base's instant."""
        a_base(base, "ClustersScheme.assign")
        return Segmentation.of(self, base, measures=measured(base, (*self.measures, "orders")))

    def track(self, base: CustomerBase, /, *, every: Every = "month") -> Track:
        """The label of each customer at the end of each period: see `Track`.

        Args:
            base: Whose logs are read, up to its as_of.
            every: `week`, `month`, `quarter`, `year`, or a list of days.

        Raises:
            SchemaError: when `every` is no period, a day lies after the as_of,
                or there is no row to begin with.
        """
        return track(self, base, every=every)

    def why(self, row: Mapping[str, Any], /) -> str:
        """The customer's numbers, and how far the two nearest centres are.

        Args:
            row: The customer's row of `Segmentation.frame`.
        """
        segment = row["segment"]
        if segment == PROSPECT:
            return f"no orders; → {segment}"
        if segment == INCOMPLETE:
            lacking = [name for name in self._by if not _is_known(row[name])]
            return f"{', '.join(lacking)} unknown; → {segment}"
        values = tuple(np.array([row[name]], np.float64) for name in self._by)
        point = [float(axis[0]) for axis in self.space.points(values)]
        ranked = sorted(
            (math.dist(point, centre), place) for place, centre in enumerate(self.centres)
        )
        seen = ", ".join(f"{name} {number(row[name])}" for name in self._by)
        away = ", ".join(f"{far:.2f} sd from {self.names[place]}" for far, place in ranked[:2])
        return f"{seen}: {away}; → {segment}"

    def to_json(self) -> str:
        """The scheme as text, with its numbers; equal after the trip.

        Raises:
            FitError: listing measures that are polars expressions.
        """
        return clusters_text.write(
            measures=as_texts(self.measures, where="ClustersScheme.measures"),
            space=self.space,
            clusters=zip(self.names, self.centres, self.customers, strict=True),
            currency=self.currency,
        )

    @classmethod
    def from_json(cls, text: str, /) -> ClustersScheme:
        """The scheme that a text holds.

        Raises:
            FitError: when the text is not a scheme, or its numbers cannot be
                one; it lists everything that is wrong.
        """
        return cls(**clusters_text.read(text))

    def __repr__(self) -> str:
        """The clusters as a table."""
        return self._layout().text()

    def _repr_html_(self) -> str:
        return self._layout().html()

    def _layout(self) -> Layout:
        rows = [
            (name, count(customers), share(part), *(f"{value:,.4g}" for value in values))
            for name, customers, part, *values in self.clusters.drop("distinctive").iter_rows()
        ]
        head = ("cluster", "customers", "share", *self._by)
        return Layout(title=self.status, head=head, rows=tuple(rows))

    def _told(self, centre: tuple[float, ...]) -> str:
        return ", ".join(
            f"{measure} {place:+.1f} sd" for measure, place in distinctive(centre, self._by)
        )

    def _problems(self) -> Iterator[Problem]:
        where = "ClustersScheme"
        for name in ("names", "customers"):
            if not is_row(getattr(self, name)):
                what = f"{name} are {getattr(self, name)!r:.60}"
                yield Problem(what, f"{where}.{name}", "list them, one for each cluster")
                return
        yield from measures_problems(self.measures, where=f"{where}.measures")
        yield from currency_problems(self.currency, where=f"{where}.currency")
        yield from self._space_problems(f"{where}.space")
        yield from self._names_problems(f"{where}.names")
        many = len(self.names)
        for name, found in (("centres", self.centres), ("customers", self.customers)):
            if len(found) != many:
                what = f"{len(found)} {name} for {many} clusters"
                yield Problem(what, f"{where}.{name}", "give one for each name")
        for place, centre in enumerate(self.centres):
            if len(centre) != len(self.measures) or None in map(finite, centre):
                fix = "give a number for each measure"
                yield Problem(f"{centre!r} is no centre", f"{where}.centres[{place}]", fix)
        for place, customers in enumerate(self.customers):
            if not is_whole(customers, 0, _MOST):
                fix = "give a whole number from 0 on, of 63 bits"
                what = f"{customers!r:.60} counts nobody"
                yield Problem(what, f"{where}.customers[{place}]", fix)

    def _far_problems(self) -> Iterator[Problem]:
        for place, centre in enumerate(self.centres):
            if not all(map(math.isfinite, self.space.values(centre))):
                fix = "give places in standard deviations from the mean, such as 1.5"
                where = f"ClustersScheme.centres[{place}]"
                yield Problem(f"{centre!r} lies beyond all numbers", where, fix)

    def _space_problems(self, where: str) -> Iterator[Problem]:
        if self.space.transform not in get_args(Transform):
            fix = f"one of {', '.join(get_args(Transform))}"
            yield Problem(f"transform is {self.space.transform!r}", where, fix)
        for name, values in (("means", self.space.means), ("sds", self.space.sds)):
            least = -math.inf if name == "means" else 0.0
            known = [finite(value) for value in values]
            good = all(value is not None and value > least for value in known)
            if not good or len(known) != len(self.measures):
                fix = f"give a number{'' if name == 'means' else ' above 0'} for each measure"
                yield Problem(f"{name} are {values!r}", f"{where}.{name}", fix)

    def _names_problems(self, where: str) -> Iterator[Problem]:
        if not self.names:
            yield Problem("there are no clusters", where, "name at least one")
        taken = (INCOMPLETE, PROSPECT)
        for place, name in enumerate(self.names):
            if not is_name(name) or name in (*taken, *self.names[:place]):
                what = f"{name!r} cannot name a cluster"
                fix = f"give each a name of its own, other than {' and '.join(taken)}"
                yield Problem(what, f"{where}[{place}]", fix)


def measures_problems(measures: tuple[object, ...], /, *, where: str) -> Iterator[Problem]:
    """What is wrong with what customers are compared by."""
    if not is_row(measures):
        fix = 'list them, such as ("orders", "spend")'
        yield Problem(f"measures are {measures!r:.60}", where, fix)
        return
    if not measures:
        yield Problem("customers are compared by nothing", where, "name at least one measure")
    names = [str(each) for each in measures]
    for place, each in enumerate(measures):
        wrong = list(measure_problems(each, where=where))
        yield from wrong
        if not wrong and names[place] in names[:place]:
            yield Problem(f"{names[place]!r} is named twice", where, "leave one out")


def _is_known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
