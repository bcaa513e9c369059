"""Design: what customers are, as numbers that change the parameters of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg.errors import FitError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Design", "Term"]

_LABELS = (pl.String, pl.Categorical, pl.Enum)


@frozen
class Term:
    """One number of a design.

    Attributes:
        column: Where it is read.
        level: The label that it stands for, 1 where the column has it and 0
            elsewhere; without one it is the column's own number.
    """

    column: str
    level: str | None = None

    @property
    def name(self) -> str:
        """As it is told: `channel=web`, or the column."""
        return self.column if self.level is None else f"{self.column}={self.level}"


@frozen
class Design:
    """The terms of a model with covariates.

    A column of labels has a term for each label but the first in
    alphabetical order, which is what the others are compared with.

    Attributes:
        terms: The terms in order.
        labels: All labels of each column of labels.
    """

    terms: tuple[Term, ...] = ()
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @classmethod
    def of(cls, rows: pl.DataFrame, columns: Sequence[str], /, *, where: str) -> Design:
        """The design that these rows ask for.

        Raises:
            FitError: when a column is absent or has nulls.
        """
        FitError.check(_problems(rows, columns, where))
        terms: list[Term] = []
        labels: list[tuple[str, tuple[str, ...]]] = []
        for name in columns:
            if isinstance(rows.schema[name], _LABELS):
                known = tuple(rows[name].cast(pl.String).unique().sort().to_list())
                labels.append((name, known))
                terms += [Term(name, label) for label in known[1:]]
            else:
                terms.append(Term(name))
        return cls(tuple(terms), tuple(labels))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read."""
        named = (*(name for name, _ in self.labels), *(term.column for term in self.terms))
        return tuple(dict.fromkeys(named))

    def patterns(self, rows: pl.DataFrame, /, *, where: str) -> tuple[NDArray[np.int64], Floats]:
        """Which of the distinct rows of numbers each row has: int64[n], and float64[k, terms].

        Raises:
            FitError: when a column is absent, has nulls, or a label that was
                not there when the model was fitted.
        """
        if not self.columns:
            return np.zeros(rows.height, np.int64), np.zeros((1, 0))
        FitError.check(_problems(rows, self.columns, where))
        shown = rows.select(self.columns)
        FitError.check(self._unknown(shown, where))
        distinct = shown.unique(maintain_order=True).with_row_index("pattern")
        found = shown.join(distinct, on=self.columns, how="left", maintain_order="left")
        return found["pattern"].cast(pl.Int64).to_numpy(), self._numbers(distinct)

    def _numbers(self, rows: pl.DataFrame) -> Floats:
        numbers = [
            rows[term.column].cast(pl.Float64).to_numpy()
            if term.level is None
            else (rows[term.column].cast(pl.String) == term.level).cast(pl.Float64).to_numpy()
            for term in self.terms
        ]
        return np.array(numbers).T.reshape(rows.height, len(self.terms))

    def _unknown(self, rows: pl.DataFrame, where: str) -> Iterator[Problem]:
        for name, known in self.labels:
            strange = rows[name].cast(pl.String).unique().sort().to_list()
            for label in strange:
                if label not in known:
                    what = f"{name!r} has the label {label!r}, which the model has not seen"
                    yield Problem(what, where, f"one of {', '.join(known)}; or fit it anew")


def _problems(rows: pl.DataFrame, columns: Sequence[str], where: str) -> Iterator[Problem]:
    for name in columns:
        if name not in rows.columns:
            yield Problem(
                f"there is no covariate {name!r}", where, "name a column of the customers"
            )
        elif rows[name].has_nulls():
            nulls = rows[name].null_count()
            yield Problem(f"the covariate {name!r} has {nulls} nulls", where, "fill_null it")
        elif not (
            rows.schema[name].is_numeric()
            or rows.schema[name] == pl.Boolean
            or isinstance(rows.schema[name], _LABELS)
        ):
            what = f"the covariate {name!r} is {rows.schema[name]}"
            yield Problem(what, where, "give numbers, flags or labels")
