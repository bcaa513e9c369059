"""CLV: what customers will be worth, as a recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast, get_args

from attrs import field, frozen

from custseg.errors import FitError, Problem
from custseg.model.window import Window
from custseg.scoring.clv_draws import drawn
from custseg.scoring.clv_fit import CLVFit
from custseg.scoring.clv_terms import value_columns, value_rows
from custseg.scoring.discounting import Way
from custseg.scoring.gamma_gamma import GammaGamma
from custseg.scoring.numbers import is_number
from custseg.scoring.purchase_fit import PurchaseFit
from custseg.scoring.purchase_models import BGNBD
from custseg.scoring.spend_fit import SpendFit

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from custseg.scoring.rows import Source

__all__ = ["CLV"]

_MOST = 10_000


class _Purchases(Protocol):
    """A recipe of purchases: `BGNBD` and its kin."""

    def fit(self, source: Source, /) -> PurchaseFit: ...


class _Spend(Protocol):
    """A recipe of spend: `GammaGamma`."""

    def fit(self, source: Source, /) -> SpendFit: ...


@frozen(kw_only=True)
class CLV:
    """A recipe of lifetime value: purchases × spend × margin, discounted.

    Months run from the as_of by the calendar; what is bought in one is
    discounted at its end, by (1 + annual_discount) ^ (months / 12). With
    `discounting="continuous"` each purchase is discounted when it happens,
    and without a horizon for life.

    Attributes:
        purchases: How often customers buy: a recipe, or one that is fitted.
        spend: What they spend on a purchase: a recipe, or one that is fitted.
        horizon: How far value is counted; None, with continuous discounting,
            for life.
        annual_discount: What a year takes off: a number, or a column of
            customers or score by name.
        margin: The share of spend that is earned: a number, or a column.
        discounting: `monthly` or `continuous`.
        intervals: How many times customers are drawn from the fitted models
            and the models fitted to them anew, for the limits of value; 0 for
            no limits.
        level: The share of draws between the limits.
        seed: Where chance starts.

    Raises:
        FitError: listing everything at once.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(800, 730, seed=1).base()
    >>> value = cu.CLV(annual_discount=0.1, margin=0.4).fit(shop)
    >>> value.status
    'converged'
    >>> top = value.score(shop).top_k(3, by="clv")
    >>> top.columns[:4]
    ['customer_id', 'p_alive', 'expected_purchases', 'discounted_purchases']
    """

    purchases: _Purchases | PurchaseFit = field(factory=BGNBD)
    spend: _Spend | SpendFit = field(factory=GammaGamma)
    horizon: Window | None = field(factory=lambda: Window(months=12))
    annual_discount: float | str = 0.10
    margin: float | str = 1.0
    discounting: Way = "monthly"
    intervals: int = 0
    level: float = 0.90
    seed: int = 0

    def __attrs_post_init__(self) -> None:
        """Refuse a declaration that cannot be worked out for any base."""
        FitError.check(self._problems())

    def fit(self, source: Source, /) -> CLVFit:
        """The two models with the parameters that are most likely.

        Args:
            source: A base, or a frame of histories (see `cu.history`).

        Raises:
            SchemaError: listing everything that is wrong with a frame.
            FitError: when nobody is in it, or nobody came back.
        """
        return self._fitted(source)[0]

    def score(self, source: Source, /) -> pl.DataFrame:
        """The value of each customer by the models fitted to them: see `CLVFit.score`."""
        fit, rows = self._fitted(source)
        return fit.score_rows(source, rows)

    def _fitted(self, source: Source) -> tuple[CLVFit, pl.DataFrame]:
        given = self.purchases, self.spend
        rows = value_rows(
            source,
            value_columns(_covariates(given[0]), self.margin, self.annual_discount),
            unit=str(getattr(given[0], "unit", "week")),
            where="CLV.fit",
        )
        purchases = given[0] if isinstance(given[0], PurchaseFit) else given[0].fit(rows)
        spend = given[1] if isinstance(given[1], SpendFit) else given[1].fit(rows)
        draws = drawn(purchases, spend, rows, draws=self.intervals, seed=self.seed)
        fit = CLVFit(
            purchases=purchases,
            spend=spend,
            horizon=self.horizon,
            annual_discount=self.annual_discount,
            margin=self.margin,
            discounting=self.discounting,
            level=self.level,
            draws=draws,
        )
        return fit, rows

    def _problems(self) -> Iterator[Problem]:
        if not isinstance(self.purchases, PurchaseFit) and not hasattr(self.purchases, "fit"):
            what = f"{self.purchases!r} says nothing of purchases"
            yield Problem(what, "CLV.purchases", "give BGNBD() or another model, or its fit")
        if not isinstance(self.spend, SpendFit) and not hasattr(self.spend, "fit"):
            what = f"{self.spend!r} says nothing of spend"
            yield Problem(what, "CLV.spend", "give GammaGamma(), or its fit")
        yield from self._money_problems()
        whole = isinstance(cast("object", self.intervals), int)
        if not whole or not is_number(self.intervals, 0, _MOST):
            what = f"intervals is {self.intervals!r}"
            yield Problem(what, "CLV.intervals", "give how many draws, 200 say, or 0 for none")
        if not is_number(self.level, 0, 1) or self.level in {0, 1}:
            yield Problem(f"level is {self.level!r}", "CLV.level", "give a share like 0.9")
        if not isinstance(cast("object", self.seed), int) or not is_number(self.seed, 0):
            yield Problem(f"seed is {self.seed!r}", "CLV.seed", "give a whole number from 0 on")

    def _money_problems(self) -> Iterator[Problem]:
        if self.discounting not in get_args(Way):
            fix = f"one of {', '.join(get_args(Way))}"
            yield Problem(f"discounting is {self.discounting!r}", "CLV.discounting", fix)
        horizon, where = cast("object", self.horizon), "CLV.horizon"
        if horizon is None and self.discounting == "monthly":
            fix = 'write Window(months=12), or discounting="continuous"'
            yield Problem("months without end have no sum", where, fix)
        elif horizon is not None and not isinstance(horizon, Window):
            yield Problem(f"{horizon!r} is no horizon", where, "write cu.Window(months=12)")
        for name, usual in (("annual_discount", "0.1"), ("margin", "0.4")):
            given = getattr(self, name)
            if isinstance(given, str) and given:
                continue
            if not is_number(given, 0):
                fix = f"give a number from 0 on, such as {usual}, or the name of a column"
                yield Problem(f"{name} is {given!r}", f"CLV.{name}", fix)
            elif name == "annual_discount" and given == 0 and horizon is None:
                what = "value for life has no sum when nothing is taken off"
                yield Problem(what, "CLV.annual_discount", "give a number above 0")


def _covariates(purchases: object) -> tuple[str, ...]:
    if isinstance(purchases, PurchaseFit):
        return purchases.design.columns
    return tuple(getattr(purchases, "covariates", ()))
