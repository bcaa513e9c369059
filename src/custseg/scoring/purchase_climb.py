"""The log-likelihood of a model of purchases as something to climb, and the climb."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from custseg.schema.bridge import read_only
from custseg.scoring.maximum import Maximum, maximum
from custseg.threads import threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from custseg.scoring.cells import Cells
    from custseg.scoring.family import Family

    Floats = NDArray[np.float64]

__all__ = ["Coordinates", "climbed"]

# Customers on whom starts are tried; cells that are worth a thread.
_SAMPLE = 4_000
_SMALL = 20_000


@frozen(eq=False)
class Coordinates:
    """How parameters depend on coordinates: logarithms, then coefficients of covariates.

    Attributes:
        family: The model.
        terms: Names of the covariates' terms.
    """

    family: Family
    terms: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What the coordinates are called."""
        told = [f"{role}[{term}]" for role, _, _ in self._roles() for term in self.terms]
        return (*self.family.names, *told)

    def params(self, at: Floats, pattern: Floats, /) -> Floats:
        """The parameters of customers who have a pattern."""
        if not self.terms:
            return _exponentials(at)
        logs = at[: len(self.family.names)].copy()
        for place, sign, numbers in self._coefficients(at):
            logs[place] += sign * float(numbers @ pattern)
        return _exponentials(logs)

    def gradient(self, params: Floats, slopes: Floats, pattern: Floats, /) -> Floats:
        """Derivatives by coordinates from those by parameters."""
        by_log = params * slopes
        if not self.terms:
            return by_log
        found = [by_log]
        for _, name, sign in self._roles():
            found.append(sign * by_log[self.family.names.index(name)] * pattern)
        return np.concatenate(found)

    def _roles(self) -> tuple[tuple[str, str, int], ...]:
        return self.family.covariates if self.terms else ()

    def _coefficients(self, at: Floats) -> list[tuple[int, int, Floats]]:
        many, first = len(self.terms), len(self.family.names)
        return [
            (self.family.names.index(name), sign, at[first + k * many : first + (k + 1) * many])
            for k, (_, name, sign) in enumerate(self._roles())
        ]


def _exponentials(logs: Floats) -> Floats:
    # No logarithm that a search tries leaves the range of floats.
    return read_only(np.exp(np.minimum(np.maximum(logs, -300.0), 300.0)))


@frozen(eq=False)
class _Hill:
    """The log-likelihood of some cells at coordinates.

    Attributes:
        coordinates: What coordinates mean.
        parts: Cells of one pattern each.
        pool: Threads for them.
        wide: Whether there are cells enough to be worth threads.
    """

    coordinates: Coordinates
    parts: tuple[tuple[Cells, Floats], ...]
    pool: ThreadPoolExecutor
    wide: bool

    @classmethod
    def of(cls, coordinates: Coordinates, cells: Cells, pool: ThreadPoolExecutor) -> _Hill:
        parts: list[tuple[Cells, Floats]] = []
        for places, pattern in cells.by_pattern():
            some = cells.picked(places)
            many = min(threads(), max(some.x.size // _SMALL, 1))
            cuts = [some.x.size * each // many for each in range(many + 1)]
            parts += [(some.picked(slice(low, high)), pattern) for low, high in pairwise(cuts)]
        return cls(coordinates, tuple(parts), pool, cells.x.size > _SMALL)

    def __call__(self, at: Floats, /) -> tuple[float, Floats]:
        """The log-likelihood and its derivatives."""

        def one(part: tuple[Cells, Floats]) -> tuple[float, Floats]:
            cells, pattern = part
            params = self.coordinates.params(at, pattern)
            found = self.coordinates.family.log_likelihood(cells, params)
            return float(found[0]), self.coordinates.gradient(params, found[1:], pattern)

        if len(self.parts) == 1:
            return one(self.parts[0])
        found = list((self.pool.map if self.wide else map)(one, self.parts))
        return sum(value for value, _ in found), np.sum([slope for _, slope in found], axis=0)


def climbed(
    family: Family,
    cells: Cells,
    terms: Sequence[str],
    /,
    *,
    start: Floats | None = None,
    covariance: Floats | None = None,
) -> tuple[Coordinates, Maximum]:
    """Where the log-likelihood of these cells is highest.

    Args:
        family: The model.
        cells: Whose likelihood it is.
        terms: Names of the covariates' terms.
        start: Where to begin instead of at the family's starts.
        covariance: That of a fit which ended there.
    """
    coordinates = Coordinates(family, tuple(terms))
    with ThreadPoolExecutor(threads()) as pool:
        hill = sample = _Hill.of(coordinates, cells, pool)
        if cells.x.size > _SAMPLE:
            sample = _Hill.of(coordinates, cells.drawn(_SAMPLE, seed=0), pool)
        starts = _starts(coordinates, cells) if start is None else [start.tolist()]
        top = maximum(hill, sample, starts, coordinates.names, covariance=covariance)
        return coordinates, top


def _starts(coordinates: Coordinates, cells: Cells) -> list[list[float]]:
    """Logarithms to start from, in the unit of the cells; covariates start without effect."""
    family = coordinates.family
    span = float(np.average(cells.T, weights=cells.weights)) or 1.0
    zeros = [0.0] * (len(coordinates.names) - len(family.names))
    return [
        [
            float(np.log(value * span if name in family.times else value))
            for name, value in zip(family.names, start, strict=True)
        ]
        + zeros
        for start in family.starts
    ]
