"""RFMScheme: fitted cut points, and the scores and names they give."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from attrs import evolve, frozen

from custseg.errors import FitError, Problem
from custseg.schema.arrow import known
from custseg.schema.bridge import array, filled, framed
from custseg.segments import rfm_text
from custseg.segments.bins import (
    Starts,
    between,
    grouped_reached,
    number,
    starts_problems,
)
from custseg.segments.currencies import currency_problems
from custseg.segments.labels import labelled, taken
from custseg.segments.layout import counted
from custseg.segments.measure_window import window_problems
from custseg.segments.rfm_by import by_problems
from custseg.segments.rfm_cells import rfm_cells
from custseg.segments.segmentation import Segmentation
from custseg.segments.shown import of_buyers
from custseg.segments.track import track

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase
    from custseg.segments.cells import Cells
    from custseg.segments.grid import Grid
    from custseg.segments.periods import Every
    from custseg.segments.rfm_groups import Groups
    from custseg.segments.track import Track

__all__ = ["RFMScheme", "buyers", "measure_names"]

_TWO_DIGITS = 10


@frozen(kw_only=True)
class RFMScheme:
    """Cut points and a grid: what `RFM` fits.

    Attributes:
        recency_days: First days of the bins after the lowest one; inf where
            a bin has none. The lowest bin has the highest score.
        orders: Starts of the order bins: one tuple for all, or one for each
            recency score from 1 upwards when nested.
        spend: Starts of the spend bins: one tuple for all, or one for each
            recency and order score, order scores running faster.
        grid: The names of the scores.
        window: The window of orders and spend as a measure suffix, or "".
        groups: Cut points of each group's own, if customers are grouped;
            the others above then serve groups that had no buyer at fitting.
        currency: What its money is, an ISO 4217 code: a base in another one is
            refused. None when it is not known, or nothing is money.

    Raises:
        FitError: listing everything at once: starts that do not ascend, or
            are not as many as the grid's bins less one.

    >>> import polars as pl
    >>> import custseg as cu
    >>> scheme = cu.RFMScheme(
    ...     recency_days=(115, 181, 297, 482),
    ...     orders=((4, 5, 6, 8),),
    ...     spend=((256, 382, 506, 666),),
    ...     grid=cu.Grid.eleven_names(),
    ... )
    >>> seen = {"recency_days": [205, 98], "orders": [6, 7], "spend": [472.0, 596.0]}
    >>> scheme.label(pl.DataFrame({"customer_id": [1, 2], **seen}))["rfm"].to_list()
    ['343', '544']
    """

    recency_days: Starts
    orders: tuple[Starts, ...]
    spend: tuple[Starts, ...]
    grid: Grid
    window: str = ""
    groups: Groups | None = None
    currency: str | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse cut points that cannot cut."""
        FitError.check(self._problems())

    @property
    def bins(self) -> int:
        """How many scores there are."""
        return self.grid.bins

    @property
    def nested(self) -> bool:
        """Whether orders are cut within recency, and spend within both."""
        return len(self.orders) > 1

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the measures that `label` needs."""
        return (*measure_names(self.window), *(() if self.groups is None else (self.groups.by,)))

    @property
    def segments(self) -> tuple[str, ...]:
        """The labels in order: the grid's, then those of customers without scores."""
        return _labels(self.grid, windowed=bool(self.window))

    @property
    def cells(self) -> Cells | None:
        """The scores as cells, by which the scheme is followed through time; None for groups."""
        return rfm_cells(self) if self.groups is None else None

    def label(self, measures: pl.DataFrame, /) -> pl.DataFrame:
        """The measures with `segment`, the scores `r`, `f`, `m` and `rfm`.

        A customer without an order is a `prospect`; with a window, one whose
        orders all lie before it is `inactive`. Neither has scores.

        Args:
            measures: `customer_id` and the measures that `reads` names.

        Raises:
            FitError: when one is not there, is none of numbers, or is not
                known of a customer who ordered.
        """
        table = _cells(self.grid, windowed=bool(self.window))
        seen = buyers(measures, self.window, self.reads, where="RFMScheme.label")
        segment, *scores = taken(table, self._cell(seen))
        ids, *others = measures.get_columns()
        return framed([ids, segment, *others, *scores])

    def assign(self, base: CustomerBase, /) -> Segmentation:
        """The label of each customer as of the base's instant."""
        return Segmentation.of(self, base)

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
        """The bounds of each score with the number that fell between them.

        Args:
            row: The customer's row of `Segmentation.frame`.
        """
        if self.groups is not None:
            return self._why_of_a_group(self.groups, row)
        recency, orders, spend = (row[name] for name in self.reads)
        segment = row["segment"]
        if row["r"] is None:
            if segment == "prospect":
                return f"no orders; → {segment}"
            return (
                f"no orders in {self.window}, last one {counted(recency, 'day')} ago; → {segment}"
            )
        n = self.bins
        by_orders = self.orders[row["r"] - 1 if self.nested else 0]
        by_spend = self.spend[(row["r"] - 1) * n + row["f"] - 1 if self.nested else 0]
        within = f" in {self.window}" if self.window else ""
        days = between(recency, self.recency_days, whole_days=True)
        return "; ".join(
            (
                f"r={row['r']}: {counted(recency, 'day')} ago {days}",
                f"f={row['f']}: {counted(orders, 'order')}{within} {between(orders, by_orders)}",
                f"m={row['m']}: {number(spend)} spent{within} {between(spend, by_spend)}",
                f"→ {segment}",
            )
        )

    def to_json(self) -> str:
        """The scheme as text, with its numbers; equal after the trip."""
        return rfm_text.write(
            recency_days=self.recency_days,
            orders=self.orders,
            spend=self.spend,
            window=self.window,
            grid=self.grid,
            groups=self.groups,
            currency=self.currency,
        )

    @classmethod
    def from_json(cls, text: str, /) -> RFMScheme:
        """The scheme that a text holds.

        Raises:
            FitError: when the text is not a scheme, or its numbers cannot be
                one; it lists everything that is wrong.
        """
        return rfm_text.read(text, cls)

    def _why_of_a_group(self, groups: Groups, row: Mapping[str, Any]) -> str:
        """The bounds that the customer's group has."""
        own = groups.scheme(row[groups.by])
        told = (own or evolve(self, groups=None)).why(row)
        of = "not fitted, cut like everyone" if own is None else "cut by itself"
        return f"{groups.by}={row[groups.by]!r}, {of}; {told}"

    def _cell(self, measures: pl.DataFrame) -> NDArray[Any]:
        """The place of each customer in the table of `_cells`, by its group's cut points.

        Cells are numbered r, f, m with m running fastest; behind them stand
        the customers without scores.
        """
        days, orders, spend = (measures[name] for name in measure_names(self.window))
        groups, n = self.groups, self.bins
        schemes = (self,) if groups is None else (*(own for _, own in groups.schemes), self)
        own = 0 if groups is None else groups.places(measures)
        counts = array(orders)
        age = array(filled(days, 0))
        r = grouped_reached(age, own, [each.recency_days for each in schemes])
        r = np.subtract(n - 1, r, dtype=_code(n))
        f = grouped_reached(
            counts,
            own * n + r if self.nested else own,
            [starts for each in schemes for starts in each.orders],
        )
        f = r * n + f
        m = grouped_reached(
            array(spend),
            own * n**2 + f if self.nested else own,
            [starts for each in schemes for starts in each.spend],
        )
        cell = f * n + m
        bought = counts > 0
        if not bought.all():
            cell[~bought] = n**3
            if self.window:
                told = days.fill_nan(None) if days.dtype.is_float() else days
                cell[~known(told)] = n**3 + 1
        return cell

    def _problems(self) -> Iterator[Problem]:
        n, where = self.bins, "RFMScheme"
        groups = (n, n * n) if self.nested else (1, 1)
        yield from window_problems(self.window, where=f"{where}.window")
        yield from currency_problems(self.currency, where=f"{where}.currency")
        if self.groups is not None:
            yield from by_problems(self.groups.by, self.window, where=f"{where}.groups")
        for value, scheme in () if self.groups is None else self.groups.schemes:
            own = (scheme.grid, scheme.window, scheme.nested, scheme.groups)
            if own != (self.grid, self.window, self.nested, None):
                what = f"group {value!r} has another grid, window or nesting, or groups of its own"
                yield Problem(what, f"{where}.groups", "cut all groups by one recipe")
        yield from starts_problems(self.recency_days, bins=n, where=f"{where}.recency_days")
        for name, lists, wanted in zip(
            ("orders", "spend"), (self.orders, self.spend), groups, strict=True
        ):
            if len(lists) != wanted:
                yield Problem(
                    f"{name} has {len(lists)} lists of starts, not {wanted}",
                    f"{where}.{name}",
                    "give one for all customers, or one for each score it is cut within",
                )
            for place, starts in enumerate(lists):
                yield from starts_problems(starts, bins=n, where=f"{where}.{name}[{place}]")


def measure_names(window: str, /) -> tuple[str, str, str]:
    """The measures behind recency, frequency and money.

    >>> from custseg.segments.rfm_scheme import measure_names
    >>> measure_names("365d")
    ('recency_days', 'orders_365d', 'spend_365d')
    """
    suffix = f"_{window}" if window else ""
    return ("recency_days", f"orders{suffix}", f"spend{suffix}")


def buyers(
    measures: pl.DataFrame, window: str, reads: tuple[str, ...], /, *, where: str
) -> pl.DataFrame:
    """The measures with recency, orders and spend that are known of who ordered.

    Raises:
        FitError: listing each column that is not there or not known.
    """
    names = measure_names(window)
    return of_buyers(measures, names, orders=names[1], where=where, beside=reads[len(names) :])


@lru_cache(maxsize=16)
def _code(bins: int) -> type[np.uint8 | np.uint32]:
    """The smallest type that numbers all cells and the two labels without scores."""
    return np.uint8 if bins**3 + 2 <= np.iinfo(np.uint8).max else np.uint32


@lru_cache(maxsize=16)
def _cells(grid: Grid, *, windowed: bool) -> pl.DataFrame:
    """Labels and scores of every cell: one gather a column labels all customers.

    Cells are numbered r, f, m with m running fastest; behind them stand the
    customers without scores.
    """
    n = grid.bins
    names = _labels(grid, windowed=windowed)
    outside = range(len(grid.segments), len(names))
    places = np.broadcast_to(grid.codes, (n, n, n)).ravel()
    segment = labelled("segment", names).gather([*places.tolist(), *outside])
    unscored = pl.Series([None] * len(outside), dtype=pl.Int64)
    sides = np.indices((n, n, n)).reshape(3, -1) + 1
    scores = [
        pl.Series(axis, side, dtype=pl.Int64).append(unscored)
        for axis, side in zip("rfm", sides, strict=True)
    ]
    # Scores of two digits would run together: 10-1-10, not 10110.
    apart = "" if n < _TWO_DIGITS else "-"
    return pl.DataFrame([segment, *scores]).with_columns(
        rfm=pl.concat_str("r", "f", "m", separator=apart)
    )


def _labels(grid: Grid, *, windowed: bool) -> tuple[str, ...]:
    return (*grid.segments, *(("inactive",) if windowed else ()), "prospect")
