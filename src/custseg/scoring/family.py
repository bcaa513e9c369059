"""Family: a model of purchases as a record of functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from attrs import frozen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from custseg.scoring.cells import Cells

    Floats = NDArray[np.float64]

__all__ = ["Family", "Likelihood"]


class Likelihood(Protocol):
    """The log-likelihood of cells, then its derivatives by the parameters."""

    def __call__(self, cells: Cells, params: Floats, /) -> Floats:
        """float64[1 + parameters]."""
        ...


class Alive(Protocol):
    """The probability that the customers of each cell are still customers."""

    def __call__(self, cells: Cells, params: Floats, /) -> Floats:
        """float64[cells]."""
        ...


class Purchases(Protocol):
    """Purchases that are expected by each horizon."""

    def __call__(self, cells: Cells, params: Floats, horizons: Floats, /) -> Floats:
        """float64[cells, horizons]."""
        ...


class Probability(Protocol):
    """The probability that a new customer makes so many purchases."""

    def __call__(self, params: Floats, n: int, t: float, /) -> float:
        """Of exactly n repeat purchases within t."""
        ...


class Draw(Protocol):
    """Customers by chance."""

    def __call__(
        self, params: Floats, observed: Floats, rng: np.random.Generator, /, *, step: float
    ) -> tuple[NDArray[np.int64], Floats]:
        """X and t_x of each, observed for so long; with a step, one purchase a step at most."""
        ...


@frozen(eq=False)
class Family:
    """What sets one model of purchases apart from another.

    Attributes:
        name: As texts and recipes call it.
        title: As papers do.
        names: The parameters, all above 0.
        times: The parameter that has a unit of time, by which starts are scaled;
            none where time is counted in steps.
        starts: Parameters from which a fit sets out, for a mean T of 1.
        log_likelihood: See `Likelihood`.
        alive: See `Alive`.
        purchases: See `Purchases`.
        probability: See `Probability`.
        draw: See `Draw`.
        covariates: The parameters that covariates may change, by process.
        steps: Whether time is counted in whole steps.
    """

    name: str
    title: str
    names: tuple[str, ...]
    times: tuple[str, ...]
    starts: tuple[tuple[float, ...], ...]
    log_likelihood: Likelihood
    alive: Alive
    purchases: Purchases
    probability: Probability
    draw: Draw
    covariates: tuple[tuple[str, str, int], ...] = ()
    steps: bool = False
