"""Cells: the distinct rows of a history, with how many customers each stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import evolve, frozen

from custseg.schema.bridge import array, read_only
from custseg.scoring.design import Design
from custseg.scoring.rows import Source, histories

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Cells"]


@frozen(eq=False)
class Cells:
    """Histories of which each stands for all customers who have the same.

    A likelihood and a score depend on x, t_x and T only, and few of them
    differ: a million customers make some hundred thousand cells.

    Attributes:
        x: int64[k], repeat purchases.
        t_x: float64[k], time of the last one.
        T: float64[k], time observed.
        weights: float64[k], customers of each cell.
        place: int32[n], the cell of each row.
        ids: The customers of the rows, if they are named.
        pattern: int64[k], which row of `patterns` each cell has.
        patterns: float64[p, terms], what customers are, for models with
            covariates; without any there is one, of no terms.

    >>> import custseg as cu, polars as pl
    >>> from custseg.scoring.cells import Cells
    >>> rows = pl.DataFrame({"x": [0, 2, 0], "t_x": [0.0, 5.0, 0.0], "T": [9.0, 9.0, 9.0]})
    >>> cells = Cells.of(rows)
    >>> cells.x.tolist(), cells.weights.tolist(), cells.place.tolist()
    ([0, 2], [2.0, 1.0], [0, 1, 0])
    """

    x: Ints
    t_x: Floats
    T: Floats
    weights: Floats
    place: NDArray[np.int32]
    ids: pl.Series | None
    pattern: Ints
    patterns: Floats

    @classmethod
    def of(cls, source: Source, /, *, unit: str = "week", where: str = "Cells.of") -> Cells:
        """The cells of a base, or of a frame of histories.

        Raises:
            SchemaError: listing everything that is wrong with the frame.
            FitError: when nobody is in it.
        """
        return cls.of_rows(histories(source, unit=unit, where=where))

    @classmethod
    def of_rows(
        cls, rows: pl.DataFrame, /, *, design: Design | None = None, where: str = "Cells.of_rows"
    ) -> Cells:
        """The cells of histories that are checked, apart by what a design reads."""
        from custseg._kernels.cells import cells  # numba is loaded when it is needed

        x, t_x, until = array(rows["x"]), _times(rows["t_x"]), _times(rows["T"])
        bits = read_only(t_x.view(np.int64)), read_only(until.view(np.int64))
        pattern, patterns = (design or Design()).patterns(rows, where=where)
        # Below 10 million times, x leaves room for another number.
        key = read_only(x + (pattern << 24)) if patterns.shape[0] > 1 else x
        place, firsts = cells(key, bits[0], bits[1], np.empty(rows.height, np.int32))
        counted = (
            rows["customers"].cast(pl.Float64).to_numpy() if "customers" in rows.columns else None
        )
        return cls(
            x=read_only(x[firsts]),
            t_x=read_only(t_x[firsts]),
            T=read_only(until[firsts]),
            weights=read_only(np.bincount(place, counted, firsts.size).astype(np.float64)),
            place=read_only(place),
            ids=rows["customer_id"] if "customer_id" in rows.columns else None,
            pattern=pattern[firsts],
            patterns=patterns,
        )

    @property
    def customers(self) -> float:
        """How many customers there are."""
        return float(self.weights.sum())

    def picked(self, places: Iterable[int] | NDArray[np.int64] | slice, /) -> Cells:
        """Some of the cells, without their rows."""
        kept = places if isinstance(places, slice) else np.asarray(places, np.int64)
        return evolve(
            self,
            x=read_only(self.x[kept]),
            t_x=read_only(self.t_x[kept]),
            T=read_only(self.T[kept]),
            weights=read_only(self.weights[kept]),
            place=_NOBODY,
            ids=None,
            pattern=self.pattern[kept],
        )

    def by_pattern(self) -> list[tuple[NDArray[np.int64] | slice, Floats]]:
        """The cells of each pattern, with the numbers of it."""
        if self.patterns.shape[0] == 1:
            return [(slice(None), self.patterns[0])]
        ranked = np.argsort(self.pattern, kind="stable")
        ends = np.cumsum(np.bincount(self.pattern, minlength=self.patterns.shape[0]))
        return list(zip(np.split(ranked, ends[:-1]), self.patterns, strict=True))

    def drawn(self, customers: int, /, *, seed: int) -> Cells:
        """So many customers drawn at random (with replacement) as cells of their own."""
        ends = np.cumsum(self.weights)
        lots = np.random.default_rng(seed).random(customers) * ends[-1]
        places: Ints = np.asarray(ends.searchsorted(lots, side="right"), np.int64)
        found = np.minimum(places, ends.size - 1)
        counts = np.bincount(found, minlength=ends.size)
        kept = np.flatnonzero(counts)
        return evolve(self.picked(kept), weights=read_only(counts[kept].astype(np.float64)))


_NOBODY = read_only(np.zeros(0, np.int32))


def _times(column: pl.Series) -> Floats:
    # The sum makes the −0 of a float a 0, so that equal times have equal bits.
    times: Floats = column.to_numpy() + 0.0
    return times
