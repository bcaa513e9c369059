"""PurchaseFit: a fitted model of purchases, and what it says of each customer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import evolve, field, frozen

from custseg.errors import SchemaError
from custseg.schema.bridge import read_only
from custseg.scoring import fit_text, purchase_text
from custseg.scoring.cells import Cells
from custseg.scoring.design import Design
from custseg.scoring.families import FAMILIES
from custseg.scoring.horizon import units_of
from custseg.scoring.purchase_climb import Coordinates, climbed
from custseg.scoring.purchase_holdout import Holdout, holdout_of
from custseg.scoring.rows import Source, with_columns_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase
    from custseg.model.window import Window
    from custseg.scoring.family import Family
    from custseg.scoring.maximum import Status

    Floats = NDArray[np.float64]

__all__ = ["PurchaseFit", "drawn_again", "fitted_again", "fitted_purchases"]


@frozen(kw_only=True)
class PurchaseFit:
    """A model of purchases with its numbers: what `BGNBD` and its kin fit.

    Attributes:
        model: Which model: `bgnbd`, `mbgnbd`, `paretonbd`, `nbd` or `bgbb`.
        params: Its parameters, then the coefficients of covariates.
        covariance: Of the logarithms of the parameters (of coefficients as
            they are), from the curvature of the log-likelihood; empty unless
            the fit converged.
        log_likelihood: At these parameters; 0 of a fit made by hand.
        customers: How many it was fitted to.
        status: `converged`; `boundary` when a parameter runs off to 0 or
            infinity; `not_identified` when too little is known to tell; or
            `failed`. Numbers of any but the first are not to be relied on.
        message: The status in words.
        unit: What times are measured in.
        design: What covariates are read.

    >>> import custseg as cu
    >>> cdnow = {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}
    >>> fit = cu.PurchaseFit(model="bgnbd", params=cdnow)
    >>> round(fit.expected(52.0), 4)
    1.4441
    >>> import polars as pl
    >>> row = pl.DataFrame({"x": [26], "t_x": [30.857142857], "T": [31.0]})
    >>> [round(value, 3) for value in fit.score(row, horizon=52.0).row(0)]
    [0.969, 25.758]
    """

    model: str
    params: dict[str, float]
    covariance: tuple[tuple[float, ...], ...] = ()
    log_likelihood: float = 0.0
    customers: float = 0.0
    status: Status = "converged"
    message: str = ""
    unit: str = "week"
    design: Design = field(factory=Design)

    @property
    def family(self) -> Family:
        """The formulas of the model."""
        return FAMILIES[self.model]

    @property
    def standard_errors(self) -> dict[str, float | None]:
        """The standard error of each parameter; None unless the fit converged."""
        logs = len(self.family.names)
        return fit_text.standard_errors(self.params, self.covariance, logs=logs)

    @property
    def aic(self) -> float:
        """Akaike's information criterion: the lower the better."""
        return 2 * len(self.params) - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Schwarz's information criterion: the lower the better."""
        return len(self.params) * math.log(max(self.customers, 1)) - 2 * self.log_likelihood

    # What is said of customers

    def cells(self, source: Source, /, *, where: str = "PurchaseFit.cells") -> Cells:
        """The histories of a base or frame as this model reads them.

        Raises:
            SchemaError: listing everything that is wrong with a frame.
            FitError: when nobody is in it, or a covariate cannot be read.
        """
        rows = with_columns_of(source, self.design.columns, unit=self.unit, where=where)
        return _cells_of(rows, self.design, self.family, where)

    def score(self, source: Source, /, *, horizon: float | Window) -> pl.DataFrame:
        """`p_alive` and `expected_purchases` within the horizon, a row a customer.

        Args:
            source: A base as of now, or a frame of histories in `unit`.
            horizon: How far to look: a number of units, or a `Window`
                (months need a base, which knows what day it is).

        Raises:
            SchemaError: listing everything that is wrong with the frame.
        """
        time = units_of(horizon, source, unit=self.unit, where="PurchaseFit.score")
        cells = self.cells(source, where="PurchaseFit.score")
        found = [
            pl.Series("p_alive", self.alive(cells)[cells.place]),
            pl.Series(
                "expected_purchases",
                self.purchases(cells, np.array([time]))[:, 0][cells.place],
            ),
        ]
        return pl.DataFrame(found if cells.ids is None else [cells.ids, *found])

    def alive(self, cells: Cells, /) -> Floats:
        """The probability that the customers of each cell are still customers."""
        found = np.empty(cells.x.size)
        for places, params in self._by_pattern(cells):
            found[places] = self.family.alive(cells.picked(places), params)
        return found

    def purchases(self, cells: Cells, horizons: Floats, /) -> Floats:
        """Purchases expected of the customers of each cell by each horizon.

        Args:
            cells: As `cells` gives them.
            horizons: float64[k], in units from the as_of on.

        Returns:
            float64[cells, k].
        """
        times = read_only(np.asarray(horizons, np.float64))
        found = np.empty((cells.x.size, times.size))
        for places, params in self._by_pattern(cells):
            found[places] = self.family.purchases(cells.picked(places), params, times)
        return found

    # What is said of a new customer

    def expected(self, t: float | Sequence[float] | Floats, /) -> float | Floats:
        """Purchases that a new customer is expected to make within t after the first.

        Args:
            t: A number of units, or several. Covariates are taken as 0.
        """
        times = read_only(np.atleast_1d(np.asarray(t, np.float64)))
        found = self.family.purchases(_NEWCOMER, self._baseline(), times)[0]
        return float(found[0]) if np.ndim(t) == 0 else found

    def probability(self, n: int, t: float, /) -> float:
        """The probability that a new customer makes exactly n purchases within t."""
        return self.family.probability(self._baseline(), n, float(t))

    def simulate(
        self,
        customers: int,
        /,
        *,
        seed: int,
        T: float | Sequence[float] | Floats = 52.0,  # noqa: N803 - as the column is called
        daily: bool = False,
    ) -> pl.DataFrame:
        """Histories of customers drawn by chance, as `cu.history` gives them.

        Args:
            customers: How many.
            seed: Where chance starts.
            T: How long each is observed: one number, or one for each.
            daily: Whether purchases count once a day, as in a history from a
                log; else times are as they fall.
        """
        observed = np.broadcast_to(np.asarray(T, np.float64), (customers,))
        ids = pl.int_range(1, customers + 1, eager=True).alias("customer_id")
        alike = np.zeros(customers, np.int64), np.zeros((1, len(self.design.terms)))
        x, t_x = _drawn(self, observed, *alike, seed=seed, daily=daily)
        return pl.DataFrame(
            [ids, pl.Series("x", x), pl.Series("t_x", t_x), pl.Series("T", observed.copy())]
        )

    def holdout(self, base: CustomerBase, until: dt.date | str, /) -> Holdout:
        """Actual beside expected purchases after the as_of, by purchases before it.

        Args:
            base: Seen as of the end of the calibration; its logs reach on.
            until: The last day of the holdout.

        Raises:
            SchemaError: when the holdout ends before it begins.
        """
        return holdout_of(self, base, until)

    # What is changed, and stored

    def replaced(self, params: Mapping[str, float], /) -> PurchaseFit:
        """The same model with other parameters, for what-if and intervals."""
        return evolve(self, params={**self.params, **params})

    def refit(self, source: Source, /) -> PurchaseFit:
        """The same model fitted to other histories, begun where this one ended.

        Args:
            source: A base, or a frame of histories.

        Raises:
            SchemaError: listing everything that is wrong with a frame.
            FitError: when nobody is in it, or a covariate cannot be read.
        """
        return fitted_again(self, self.cells(source, where="PurchaseFit.refit"))

    def to_json(self) -> str:
        """The fit as text, with its numbers; equal after the trip."""
        return purchase_text.written(self)

    @classmethod
    def from_json(cls, text: str, /) -> PurchaseFit:
        """The fit that a text holds.

        Raises:
            FitError: when the text is not one.
        """
        return cls(**purchase_text.read(text))

    def __repr__(self) -> str:
        """Parameters with standard errors, log-likelihood and status."""
        return fit_text.told(self._title(), self)

    def _repr_html_(self) -> str:
        return fit_text.html(self._title(), self)

    def _title(self) -> str:
        customers = f"{self.customers:,.0f} customers"
        return f"{self.family.title}, {customers}, times in {self.unit}s"

    def _by_pattern(self, cells: Cells) -> list[tuple[NDArray[np.int64] | slice, Floats]]:
        return [(places, _params(self, pattern)) for places, pattern in cells.by_pattern()]

    def _baseline(self) -> Floats:
        return _params(self, np.zeros(len(self.design.terms)))


def _at(fit: PurchaseFit) -> Floats:
    """Where a fit stands: logarithms of parameters, then coefficients."""
    values = np.array(list(fit.params.values()), np.float64)
    many = len(fit.family.names)
    return np.concatenate([np.log(values[:many]), values[many:]])


def _params(fit: PurchaseFit, pattern: Floats) -> Floats:
    """The parameters of customers who have a pattern."""
    terms = tuple(term.name for term in fit.design.terms)
    return Coordinates(fit.family, terms).params(_at(fit), pattern)


def drawn_again(fit: PurchaseFit, rows: pl.DataFrame, /, *, seed: int) -> pl.DataFrame:
    """Histories drawn by chance for customers who are what these are, observed as long.

    Args:
        fit: How often they buy.
        rows: A row for each customer: `T`, and the columns of covariates.
        seed: Where chance starts.
    """
    alike = fit.design.patterns(rows, where="CLV.intervals")
    daily = not fit.family.steps
    x, t_x = _drawn(fit, rows["T"].to_numpy(), *alike, seed=seed, daily=daily)
    return rows.with_columns(x=pl.Series(x), t_x=pl.Series(t_x))


def _drawn(
    fit: PurchaseFit,
    observed: Floats,
    pattern: NDArray[np.int64],
    patterns: Floats,
    *,
    seed: int,
    daily: bool,
) -> tuple[NDArray[np.int64], Floats]:
    """X and t_x of customers, those of one pattern after those of another."""
    rng = np.random.default_rng(seed)
    step = (1.0 if fit.unit == "day" else 1 / 7) if daily else 0.0
    x, t_x = np.zeros(observed.size, np.int64), np.zeros(observed.size)
    for each, numbers in enumerate(patterns):
        some = pattern == each
        x[some], t_x[some] = fit.family.draw(_params(fit, numbers), observed[some], rng, step=step)
    return x, t_x


def fitted_purchases(
    family: Family, source: Source, /, *, unit: str, covariates: Sequence[str], where: str
) -> PurchaseFit:
    """The model that makes these histories most likely.

    Raises:
        FitError: when nobody is in them, or a covariate cannot be read.
        SchemaError: when they are no histories.
    """
    rows = with_columns_of(source, covariates, unit=unit, where=where)
    design = Design.of(rows, covariates, where=where)
    cells = _cells_of(rows, design, family, where)
    return _fitted(family, cells, unit=unit, design=design, start=None)


def fitted_again(fit: PurchaseFit, cells: Cells, /) -> PurchaseFit:
    """The same model fitted to other cells, begun where this one ended."""
    return _fitted(
        fit.family,
        cells,
        unit=fit.unit,
        design=fit.design,
        start=_at(fit),
        covariance=np.array(fit.covariance, np.float64),
    )


def _fitted(
    family: Family,
    cells: Cells,
    *,
    unit: str,
    design: Design,
    start: Floats | None,
    covariance: Floats | None = None,
) -> PurchaseFit:
    terms = [term.name for term in design.terms]
    coordinates, top = climbed(family, cells, terms, start=start, covariance=covariance)
    many = len(family.names)
    values = [*np.exp(top.at[:many]).tolist(), *top.at[many:].tolist()]
    return PurchaseFit(
        model=family.name,
        params=dict(zip(coordinates.names, values, strict=True)),
        covariance=tuple(tuple(row) for row in top.covariance.tolist()),
        log_likelihood=top.value,
        customers=cells.customers,
        status=top.status,
        message=top.message,
        unit=unit,
        design=design,
    )


def _cells_of(rows: pl.DataFrame, design: Design, family: Family, where: str) -> Cells:
    """Histories that are checked, as a model reads them."""
    cells = Cells.of_rows(rows, design=design, where=where)
    if family.steps and (np.mod(cells.T, 1).any() or np.mod(cells.t_x, 1).any()):
        raise SchemaError(
            f"{family.title} counts whole steps, and some times are not whole",
            where=where,
            fix="give a frame whose t_x and T count steps, e.g. years with and without a gift",
        )
    return cells


_ZERO = read_only(np.zeros(1))
_NEWCOMER = Cells(
    x=read_only(np.zeros(1, np.int64)),
    t_x=_ZERO,
    T=_ZERO,
    weights=read_only(np.ones(1)),
    place=read_only(np.zeros(1, np.int32)),
    ids=None,
    pattern=np.zeros(1, np.int64),
    patterns=np.zeros((1, 0)),
)
