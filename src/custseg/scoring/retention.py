"""Shifted beta-geometric: how long customers under contract stay."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from custseg.errors import FitError, Problem
from custseg.scoring import fit_text
from custseg.scoring.maximum import maximum

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from custseg.scoring.maximum import Status

    Floats = NDArray[np.float64]

__all__ = ["RetentionFit", "ShiftedBetaGeometric"]

_NAMES = ("alpha", "beta")
_STARTS = ((0.7, 3.0), (1.0, 1.0), (0.3, 10.0), (5.0, 20.0))
_TINY = 1e-16
_ENDLESS = 10_000_000


@frozen(kw_only=True)
class ShiftedBetaGeometric:
    """The shifted beta-geometric model: at each renewal a customer leaves with their own chance.

    Chances are beta distributed (alpha, beta): Fader and Hardie (2007), "How
    to project customer retention". Retention rises with age because those
    who were likely to leave have left.

    >>> import custseg as cu
    >>> fit = cu.ShiftedBetaGeometric().fit([1000, 869, 743, 653, 593, 551, 517, 491])
    >>> {name: round(value, 3) for name, value in fit.params.items()}
    {'alpha': 0.668, 'beta': 3.806}
    >>> round(fit.survival(12), 3)
    0.378
    """

    def fit(self, survivors: Iterable[float], /) -> RetentionFit:
        """The model with the parameters that are most likely.

        Args:
            survivors: Customers of one cohort: at the start, and after each
                renewal.

        Raises:
            FitError: when these are no falling counts.
        """
        counts = tuple(float(each) for each in survivors)
        FitError.check(_problems(counts))
        lost = -np.diff(np.array(counts))
        starts = [[math.log(value) for value in start] for start in _STARTS]

        def hill(at: Floats) -> tuple[float, Floats]:
            return _log_likelihood(np.exp(at), lost, counts[-1])

        top = maximum(hill, hill, starts, _NAMES)
        return RetentionFit(
            params=dict(zip(_NAMES, np.exp(top.at).tolist(), strict=True)),
            covariance=tuple(tuple(row) for row in top.covariance.tolist()),
            log_likelihood=top.value,
            customers=counts[0],
            survivors=counts,
            status=top.status,
            message=top.message,
        )


@frozen(kw_only=True)
class RetentionFit:
    """A model of retention with its numbers: what `ShiftedBetaGeometric` fits.

    Attributes:
        params: alpha and beta of the chance to leave.
        covariance: Of the logarithms of the parameters; empty unless the fit
            converged.
        log_likelihood: At these parameters; 0 of a fit made by hand.
        customers: How many began.
        survivors: What it was fitted to.
        status: As in `PurchaseFit`.
        message: The status in words.

    >>> import custseg as cu
    >>> fit = cu.RetentionFit(params={"alpha": 0.668, "beta": 3.806})
    >>> round(fit.retention(1), 3), round(fit.retention(10), 3)
    (0.851, 0.95)
    """

    params: dict[str, float]
    covariance: tuple[tuple[float, ...], ...] = ()
    log_likelihood: float = 0.0
    customers: float = 0.0
    survivors: tuple[float, ...] = ()
    status: Status = "converged"
    message: str = ""

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

    def survival(self, renewals: int, /) -> float:
        """The share of customers who are still there after so many renewals."""
        a, b = self.params.values()
        stay = math.lgamma(b + renewals) - math.lgamma(b)
        return math.exp(stay + math.lgamma(a + b) - math.lgamma(a + b + renewals))

    def retention(self, renewal: int, /) -> float:
        """The share of those who came to this renewal (from 1 on) who renewed."""
        a, b = self.params.values()
        return (b + renewal - 1) / (a + b + renewal - 1)

    def residual(self, renewals: int = 0, /, *, discount: float) -> float:
        """Discounted renewals to come of a customer who has renewed so often.

        Fader and Hardie (2010), "Customer-base valuation in a contractual
        setting", eq. 8.

        Args:
            renewals: How often the customer has renewed.
            discount: The rate of a period, above 0.

        >>> import custseg as cu
        >>> fit = cu.RetentionFit(params={"alpha": 0.668, "beta": 3.806})
        >>> round(fit.residual(0, discount=0.1), 2), round(fit.residual(4, discount=0.1), 2)
        (4.92, 6.27)
        """
        total = 0.0
        term = 1.0
        for renewal in range(renewals + 1, renewals + _ENDLESS):
            term *= self.retention(renewal) / (1 + discount)
            total += term
            if term < _TINY * total:
                break
        return total

    def simulate(self, customers: int, /, *, seed: int, renewals: int) -> tuple[int, ...]:
        """How many of a cohort drawn by chance are there at the start and after each renewal."""
        rng = np.random.default_rng(seed)
        a, b = self.params.values()
        lasted = rng.geometric(np.maximum(rng.beta(a, b, customers), 1e-300))
        return tuple(int((lasted > renewal).sum()) for renewal in range(renewals + 1))

    def to_json(self) -> str:
        """The fit as text, with its numbers; equal after the trip."""
        return fit_text.written("shifted_beta_geometric", self)

    @classmethod
    def from_json(cls, text: str, /) -> RetentionFit:
        """The fit that a text holds.

        Raises:
            FitError: when the text is not one.
        """
        return cls(**fit_text.read(text, kind="shifted_beta_geometric", of=cls))

    def __repr__(self) -> str:
        """Parameters with standard errors, log-likelihood and status."""
        return fit_text.told(self._title(), self)

    def _repr_html_(self) -> str:
        return fit_text.html(self._title(), self)

    def _title(self) -> str:
        return f"Shifted beta-geometric, {self.customers:,.0f} customers"


def _log_likelihood(params: Floats, lost: Floats, left: float) -> tuple[float, Floats]:
    """Of losses at each renewal and of those who are left, with derivatives by logarithms."""
    a, b = params
    k = np.arange(lost.size)
    # ln of: leaving at renewal k + 1 of those there, and staying; summed up to each renewal.
    stays = np.log((b + k) / (a + b + k))
    stay_a, stay_b = -1 / (a + b + k), 1 / (b + k) - 1 / (a + b + k)
    remain = left + np.append(np.cumsum(lost[::-1])[::-1][1:], 0.0)
    value = float(lost @ np.log(a / (a + b + k)) + remain @ stays)
    by_a = float(lost @ (1 / a - 1 / (a + b + k)) + remain @ stay_a)
    by_b = float(lost @ (-1 / (a + b + k)) + remain @ stay_b)
    return value, np.array([by_a * a, by_b * b])


def _problems(counts: tuple[float, ...]) -> Iterator[Problem]:
    where = "ShiftedBetaGeometric.fit"
    fix = "give customers at the start and after each renewal: [1000, 869, 743]"
    if len(counts) < 2:  # noqa: PLR2004 - a start and a renewal
        yield Problem(f"{len(counts)} counts show no renewal", where, fix)
    if not all(math.isfinite(each) and each >= 0 for each in counts):
        yield Problem("a count is no number from 0 on", where, fix)
    elif any(later > before for before, later in pairwise(counts)):
        yield Problem("more customers after a renewal than before it", where, fix)
    if counts and counts[0] == 0:
        yield Problem("nobody is there at the start", where, fix)
