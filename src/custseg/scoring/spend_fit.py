"""SpendFit: a fitted model of mean spend, and what it says of each customer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import evolve, frozen

from custseg.errors import FitError
from custseg.schema.bridge import array, read_only
from custseg.scoring import fit_text
from custseg.scoring.rows import Source, histories
from custseg.scoring.spend_climb import SPEND_NAMES, correlation, spend_climbed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from custseg.scoring.maximum import Maximum, Status

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["SpendFit", "fitted_spend", "spent_again"]


@frozen(kw_only=True)
class SpendFit:
    """A model of mean spend with its numbers: what `GammaGamma` fits.

    Attributes:
        params: p, q and gamma: a purchase is gamma distributed (p, v), v of
            customers gamma distributed (q, gamma).
        covariance: Of the logarithms of the parameters; empty unless the fit
            converged.
        log_likelihood: At these parameters; 0 of a fit made by hand.
        customers: How many it was fitted to: those with repeat purchases that
            were not all free.
        correlation: Of x and mean spend among them (Pearson); the model takes
            it to be 0. None where one of the two does not vary.
        status: As in `PurchaseFit`.
        message: The status in words.
        unit: What histories made from a base are measured in.

    >>> import custseg as cu
    >>> cdnow = cu.SpendFit(params={"p": 6.24957, "q": 3.74422, "gamma": 15.44352})
    >>> round(cdnow.population_mean, 2)
    35.17
    >>> cdnow.mean_spend([2, 0], [22.35, None]).round(2).tolist()
    [24.66, 35.17]
    """

    params: dict[str, float]
    covariance: tuple[tuple[float, ...], ...] = ()
    log_likelihood: float = 0.0
    customers: float = 0.0
    correlation: float | None = None
    status: Status = "converged"
    message: str = ""
    unit: str = "week"

    @property
    def standard_errors(self) -> dict[str, float | None]:
        """The standard error of each parameter; None unless the fit converged."""
        return fit_text.standard_errors(self.params, self.covariance, logs=len(self.params))

    @property
    def aic(self) -> float:
        """Akaike's information criterion: the lower the better."""
        return 2 * len(self.params) - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Schwarz's information criterion: the lower the better."""
        return len(self.params) * math.log(max(self.customers, 1)) - 2 * self.log_likelihood

    @property
    def population_mean(self) -> float | None:
        """Mean spend of the population, p gamma / (q − 1); None when q ≤ 1: it has no mean."""
        p, q, v = self.params.values()
        return p * v / (q - 1) if q > 1 else None

    def mean_spend(self, x: object, spend_mean: object, /) -> Floats:
        """The expected mean spend of customers, theirs and the population's weighed by x.

        p (gamma + x z) / (p x + q − 1) (Fader and Hardie 2013, eq. 5).

        Args:
            x: How many repeat purchases each made.
            spend_mean: Their mean; not read where x is 0.

        Returns:
            float64[n], NaN where there is no mean: q ≤ 1 and too few purchases.
        """
        p, q, v = self.params.values()
        counts = np.asarray(x, np.float64)
        spent = np.where(counts > 0, np.asarray(spend_mean, np.float64), 0.0)
        below = p * counts + q - 1
        found: Floats = p * (v + counts * spent) / np.where(below > 0, below, np.nan)
        return found

    def score(self, source: Source, /) -> pl.DataFrame:
        """`expected_spend` of a purchase, a row a customer; null where there is no mean.

        Args:
            source: A base as of now, or a frame of histories.

        Raises:
            SchemaError: listing everything that is wrong with the frame.
        """
        rows = histories(source, unit=self.unit, needs=("x", "spend_mean"), where="SpendFit.score")
        means = self.mean_spend(rows["x"].to_numpy(), rows["spend_mean"].to_numpy())
        spend = pl.Series("expected_spend", means).fill_nan(None)
        ids = [rows["customer_id"]] if "customer_id" in rows.columns else []
        return pl.DataFrame([*ids, spend])

    def simulate(self, x: object, /, *, seed: int) -> Floats:
        """Mean spends of customers drawn by chance.

        Args:
            x: How many repeat purchases each made.
            seed: Where chance starts.

        Returns:
            float64[n], NaN where x is 0.
        """
        p, q, v = self.params.values()
        rng = np.random.default_rng(seed)
        counts = np.asarray(x, np.float64)
        scale = rng.gamma(q, 1 / v, counts.size)
        some = counts > 0
        sums = rng.gamma(np.where(some, p * counts, 1.0), 1 / scale)
        return np.where(some, sums / np.where(some, counts, 1.0), np.nan)

    def replaced(self, params: Mapping[str, float], /) -> SpendFit:
        """The same model with other parameters, for what-if and intervals."""
        return evolve(self, params={**self.params, **params})

    def refit(self, source: Source, /) -> SpendFit:
        """The same model fitted to other histories, begun where this one ended.

        Args:
            source: A base, or a frame of histories.

        Raises:
            SchemaError: listing everything that is wrong with a frame.
            FitError: when nobody takes part.
        """
        return spent_again(self, *_payers(source, unit=self.unit, where="SpendFit.refit"))

    def to_json(self) -> str:
        """The fit as text, with its numbers; equal after the trip."""
        return fit_text.written("gamma_gamma", self)

    @classmethod
    def from_json(cls, text: str, /) -> SpendFit:
        """The fit that a text holds.

        Raises:
            FitError: when the text is not one.
        """
        return cls(**fit_text.read(text, kind="gamma_gamma", of=cls))

    def __repr__(self) -> str:
        """Parameters with standard errors, log-likelihood and status."""
        return fit_text.told(self._title(), self)

    def _repr_html_(self) -> str:
        return fit_text.html(self._title(), self)

    def _title(self) -> str:
        return f"Gamma-Gamma, {self.customers:,.0f} customers"


def fitted_spend(source: Source, /, *, unit: str, where: str) -> SpendFit:
    """The model that makes these mean spends most likely.

    Raises:
        SchemaError: listing everything that is wrong with a frame.
        FitError: when nobody takes part.
    """
    x, spend, weights = _payers(source, unit=unit, where=where)
    return _told(spend_climbed(x, spend, weights), x, spend, weights, unit=unit)


def spent_again(fit: SpendFit, x: Ints, spend: Floats, weights: Floats, /) -> SpendFit:
    """The same model fitted to other spends above 0, begun where this one ended."""
    start = np.log(np.array(list(fit.params.values()), np.float64))
    covariance = np.array(fit.covariance, np.float64)
    top = spend_climbed(x, spend, weights, start=start, covariance=covariance)
    return _told(top, x, spend, weights, unit=fit.unit)


def _payers(source: Source, *, unit: str, where: str) -> tuple[Ints, Floats, Floats]:
    """Counts, means and weights of customers who came back and paid."""
    rows = histories(source, unit=unit, needs=("x", "spend_mean"), where=where)
    rows = rows.filter((pl.col("x") > 0) & (pl.col("spend_mean") > 0))
    if not rows.height:
        fix = "give customers with repeat purchases that were paid for"
        raise FitError("nobody has a repeat purchase with a price", where=where, fix=fix)
    weights = rows["customers"].to_numpy() if "customers" in rows.columns else np.ones(rows.height)
    return array(rows["x"]), read_only(rows["spend_mean"].to_numpy()), read_only(weights)


def _told(top: Maximum, x: Ints, spend: Floats, weights: Floats, *, unit: str) -> SpendFit:
    values = np.exp(top.at).tolist()
    message = top.message
    if top.status == "converged" and values[1] <= 1:
        message = f"q = {values[1]:.3g} is not above 1: spend of the population has no mean"
    return SpendFit(
        params=dict(zip(SPEND_NAMES, values, strict=True)),
        covariance=tuple(tuple(row) for row in top.covariance.tolist()),
        log_likelihood=top.value,
        customers=float(weights.sum()),
        correlation=correlation(x, spend, weights),
        status=top.status,
        message=message,
        unit=unit,
    )
