"""RFM: recency, frequency and money, cut into scores, and a name for each."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np
from attrs import evolve, field, frozen

from custseg.errors import FitError, Problem
from custseg.schema.bridge import array
from custseg.segments.bins import (
    Starts,
    grouped_reached,
    grouped_starts,
    starts,
    starts_problems,
)
from custseg.segments.currencies import currency_of
from custseg.segments.given import as_row, is_row
from custseg.segments.grid import Grid, bins_problems
from custseg.segments.measure_window import suffix, window_problems
from custseg.segments.rfm_by import by_problems
from custseg.segments.rfm_groups import Groups, grouping
from custseg.segments.rfm_scheme import RFMScheme, buyers, measure_names
from custseg.segments.segmentation import Segmentation, a_base, measured
from custseg.segments.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import polars as pl
    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase

__all__ = ["RFM"]

_MEASURES = ("recency_days", "orders", "spend")
_GRID_BINS = 5
_GRIDS = ("eleven_names", "ten_names", "value_tiers")
# The column of groups in a tally, which no measure is called like.
_GROUP = "group"


def _tuples(cuts: Mapping[str, Iterable[float]] | None) -> dict[str, Starts]:
    # What is no mapping, no list or no number is left as it is, to be refused with the rest.
    if cuts is None or not isinstance(cuts, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        return {} if cuts is None else cuts
    return {name: _floats(values) for name, values in cuts.items()}


def _floats(values: Iterable[float]) -> Starts:
    row = as_row(values)
    if not is_row(row):
        return cast("Starts", row)
    # A flag is a number to Python, and none to anybody else.
    numbers = (
        float(value)
        if isinstance(value, Real) and not isinstance(cast("object", value), bool)
        else value
        for value in row
    )
    return cast("Starts", tuple(numbers))


_Cuts: TypeAlias = tuple[
    Sequence[Starts], Sequence[tuple[Starts, ...]], Sequence[tuple[Starts, ...]]
]


def _members(table: pl.DataFrame) -> NDArray[np.int64]:
    """The number of each row's group, by which the table is sorted; 0 where there are none."""
    if _GROUP not in table.columns:
        return np.zeros(table.height, np.int64)
    return array(table[_GROUP].rle_id())


def _batches(starts: tuple[Starts, ...], size: int) -> list[tuple[Starts, ...]]:
    return [starts[low : low + size] for low in range(0, len(starts), size)]


@frozen(kw_only=True)
class RFM:
    """A recipe that scores recency, frequency and money and names the result.

    Each customer gets r, f and m from 1 to `bins`, the highest being best:
    the most recent, the most orders, the most spent. Cut points are observed
    values (the inverse of the empirical distribution function), so equal
    customers get equal scores and a heavy tie leaves scores unused. Cut
    points are taken over customers with an order (in the window, if there is
    one); a base without any fits, and puts every later buyer in one bin.

    Attributes:
        bins: How many scores there are; other than 5 needs a `grid`.
        cuts: Own starts of the bins after the lowest one, for any of
            `recency_days`, `orders` and `spend`. Starts are inclusive and
            ascend, days too: with 115, 181, 297, 482 the score r is 5 below
            115 days and 4 from 115 through 180.
        window: Orders and spend count within this window only, recency over
            all: a `Window`, or the suffix of a measure name.
        nested: Orders are cut within each recency score, spend within each
            recency and order score.
        grid: The names of the scores; the 11 usual ones by default.
        by: A column of customers (`region`): each of its values, null too,
            has cut points of its own. A group without a buyer at fitting is
            cut like everyone together.

    Raises:
        FitError: listing everything at once: impossible bins, cuts that do
            not ascend or are misnamed, an unknown window.

    >>> import polars as pl
    >>> import custseg as cu
    >>> days, orders, spend = [115, 181, 297, 482], [4, 5, 6, 8], [256, 382, 506, 666]
    >>> recipe = cu.RFM(cuts={"recency_days": days, "orders": orders, "spend": spend})
    >>> seen = {"recency_days": [205, 98], "orders": [6, 7], "spend": [472.0, 596.0]}
    >>> measures = pl.DataFrame({"customer_id": [1, 2], **seen})
    >>> scheme = recipe.settle(recipe.tally(measures))
    >>> scheme.label(measures).select("r", "f", "m", "segment").rows()
    [(3, 4, 3, 'loyal'), (5, 4, 4, 'champions')]
    """

    bins: int = 5
    cuts: dict[str, Starts] = field(default=None, converter=_tuples, hash=False)
    window: str = field(default=None, converter=suffix)
    nested: bool = False
    grid: Grid | None = None
    by: str | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a declaration that cannot be fitted to any base."""
        FitError.check(self._problems())

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the measures that the recipe needs."""
        return (*measure_names(self.window), *(() if self.by is None else (self.by,)))

    def tally(self, measures: pl.DataFrame, /) -> Tally:
        """What must be known of these customers; tallies of partitions add up.

        Args:
            measures: `customer_id` and the measures that `reads` names.

        Raises:
            FitError: when one is not there, is none of numbers, or is not
                known of a customer who ordered.

        >>> import polars as pl
        >>> import custseg as cu
        >>> measures = pl.DataFrame({"recency_days": [3, 3], "orders": [1, 2], "spend": [5.0, 9.0]})
        >>> both = cu.RFM().tally(measures)
        >>> both == cu.RFM().tally(measures[:1]) + cu.RFM().tally(measures[1:])
        True
        """
        names = measure_names(self.window)
        known = buyers(measures, self.window, self.reads, where="RFM.tally")
        seen = known.select(names)
        if self.by is not None:
            seen.insert_column(0, grouping(measures, self.by).alias(_GROUP))
        bought = seen[names[1]] > 0
        if not bought.all():
            seen = seen.filter(bought)
        if self.nested:
            return Tally.of_rows(seen)
        return Tally.of_each(seen) if self.by is None else Tally.of_pairs(seen, _GROUP)

    def settle(self, tally: Tally, /, *, currency: str | None = None) -> RFMScheme:
        """The scheme of all customers that were tallied.

        Args:
            tally: What is known of them.
            currency: What money is, if that is known.
        """
        if self.by is None:
            return evolve(self._settled(tally), currency=currency)
        # All groups are cut at once, each by itself.
        values = tally.only(_GROUP).tables[0][_GROUP].to_list()
        cuts = (self._nested if self.nested else self._grouped)(tally, len(values))
        everyone = self._settled(self._own(tally))
        schemes = [
            evolve(everyone, recency_days=recency, orders=orders, spend=spend)
            for recency, orders, spend in zip(*cuts, strict=True)
        ]
        groups = Groups(by=self.by, schemes=tuple(zip(values, schemes, strict=True)))
        return evolve(everyone, groups=groups, currency=currency)

    def _own(self, tally: Tally) -> Tally:
        """The tally of all groups together, as it is without groups."""
        names = measure_names(self.window)
        if self.nested:
            return tally.only(*names)
        pairs = zip(names, tally.tables, strict=True)
        return Tally(tuple(Tally((table,)).only(name).tables[0] for name, table in pairs))

    def _settled(self, tally: Tally) -> RFMScheme:
        """The scheme of customers who are cut alike."""
        cuts = self._nested(tally, 1) if self.nested else self._flat(tally)
        (recency,), (orders,), (spend,) = cuts
        return RFMScheme(
            recency_days=recency,
            orders=orders,
            spend=spend,
            window=self.window,
            grid=self.grid or Grid.eleven_names(),
        )

    def fit(self, base: CustomerBase, /) -> RFMScheme:
        """The scheme with the cut points of this base, frozen."""
        a_base(base, "RFM.fit")
        tally = self.tally(base.measures(*self.reads))
        return self.settle(tally, currency=currency_of(base, _MEASURES))

    def segment(self, base: CustomerBase, /) -> Segmentation:
        """The base labelled by the scheme that is fitted to it."""
        a_base(base, "RFM.segment")
        measures = measured(base, self.reads)
        scheme = self.settle(self.tally(measures), currency=currency_of(base, _MEASURES))
        return Segmentation.of(scheme, base, measures=measures)

    def _flat(self, tally: Tally) -> _Cuts:
        recency, orders, spend = (
            self.cuts.get(name) or starts(*tally.arrays(place), bins=self.bins)
            for place, name in enumerate(_MEASURES)
        )
        return [recency], [(orders,)], [(spend,)]

    def _grouped(self, tally: Tally, groups: int) -> _Cuts:
        """The same within each group."""
        found: list[Sequence[Starts]] = []
        for measure, table in zip(_MEASURES, tally.tables, strict=True):
            given = self.cuts.get(measure)
            values, customers = (array(column) for column in table.get_columns()[1:])
            found.append(
                [given] * groups
                if given
                else grouped_starts(
                    values, customers, _members(table), groups=groups, bins=self.bins
                )
            )
        recency, orders, spend = found
        return recency, [(starts,) for starts in orders], [(starts,) for starts in spend]

    def _nested(self, tally: Tally, groups: int) -> _Cuts:
        n = self.bins
        (table,) = tally.tables
        member = _members(table)
        days, orders, spend, customers = (array(column) for column in table.get_columns()[-4:])
        given = self.cuts.get("recency_days")
        recency = [given] * groups if given else None
        recency = recency or grouped_starts(days, customers, member, groups=groups, bins=n)
        r = member * n + n - 1 - grouped_reached(days, member, recency)
        by_orders = grouped_starts(orders, customers, r, groups=groups * n, bins=n)
        f = r * n + grouped_reached(orders, r, by_orders)
        by_spend = grouped_starts(spend, customers, f, groups=groups * n * n, bins=n)
        return recency, _batches(by_orders, n), _batches(by_spend, n * n)

    def _problems(self) -> Iterator[Problem]:
        unfit = list(bins_problems(self.bins, where="RFM.bins"))
        yield from unfit
        if not unfit:
            yield from self._grid_problems()
            yield from self._cuts_problems()
        yield from window_problems(self.window, where="RFM.window")
        if self.by is not None:
            yield from by_problems(self.by, self.window, where="RFM.by")

    def _grid_problems(self) -> Iterator[Problem]:
        fix = f'give grid=Grid({{"champions": "r{self.bins} f{self.bins}", ...}}, bins={self.bins})'
        if self.grid is None:
            if self.bins != _GRID_BINS:
                yield Problem(f"the built-in grids have 5 bins, not {self.bins}", "RFM.grid", fix)
        elif not isinstance(cast("object", self.grid), Grid):
            near = difflib.get_close_matches(str(self.grid), _GRIDS, n=1)
            fix = f"write grid=Grid.{near[0]}()" if near else fix
            yield Problem(f"{self.grid!r} is no grid", "RFM.grid", fix)
        elif self.grid.bins != self.bins:
            what = f"the grid has {self.grid.bins} bins, the recipe {self.bins}"
            yield Problem(what, "RFM.grid", fix)

    def _cuts_problems(self) -> Iterator[Problem]:
        if not isinstance(cast("object", self.cuts), dict):
            fix = 'write cuts={"orders": [2, 3, 5, 9]}'
            yield Problem(f"{self.cuts!r} maps no measures to starts", "RFM.cuts", fix)
            return
        for name, cuts in self.cuts.items():
            where = f"RFM.cuts[{name!r}]"
            if name not in _MEASURES:
                near = difflib.get_close_matches(str(name), _MEASURES, n=1)
                fix = f"did you mean {near[0]!r}?" if near else f"cut {', '.join(_MEASURES)}"
                yield Problem(f"{name!r} is not cut by RFM", where, fix)
                continue
            if self.nested and name != "recency_days":
                yield Problem(
                    f"nested=True cuts {name} within other scores",
                    where,
                    "leave these starts out, or nested=True",
                )
            if not (isinstance(cuts, tuple) and all(isinstance(cut, float) for cut in cuts)):  # pyright: ignore[reportUnnecessaryIsInstance] # not all callers are typed
                yield Problem(f"{cuts!r} are not numbers", where, "give a list of numbers")
            else:
                yield from starts_problems(cuts, bins=self.bins, where=where)
