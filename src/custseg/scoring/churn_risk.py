"""ChurnRisk: who is likely gone, and who slipped lately."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import polars as pl
from attrs import field, frozen

from custseg.errors import FitError, Problem
from custseg.scoring.churn_warnings import warned
from custseg.scoring.everyone import beside_everyone
from custseg.scoring.numbers import is_number
from custseg.scoring.purchase_fit import PurchaseFit
from custseg.scoring.purchase_models import BGNBD
from custseg.scoring.rows import Source, histories, with_columns_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from custseg.base.customer_base import CustomerBase
    from custseg.rules.rule import Rule
    from custseg.scoring.churn_warnings import Labelling

__all__ = ["ChurnRisk", "ChurnRiskFit"]


class _Purchases(Protocol):
    """A recipe of purchases: `BGNBD` and its kin."""

    def fit(self, source: Source, /) -> PurchaseFit: ...


@frozen(kw_only=True)
class ChurnRisk:
    """A recipe of the risk that a buyer is gone, from 0 to 1.

    Of buyers with repeat purchases it is 1 − P(alive). Of the rest a model of
    purchases knows too little (BG/NBD takes all of them to be alive): theirs
    is o / (1 + o), where o is how many usual gaps went by since the purchase,
    the usual gap being the median of those who came back. Who is due today
    stands at one half.

    Where no model of purchases fits (its status is not `converged`), the risk
    of all is that of silence: `purchases=None`, o counting own gaps of those
    who came back.

    Attributes:
        purchases: How often customers buy: a recipe, one that is fitted, or
            None.
        threshold: From which risk on a customer is warned of.

    Raises:
        FitError: listing everything at once.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(800, 730, seed=1).base()
    >>> risk = cu.ChurnRisk().fit(shop)
    >>> scored = shop.with_measures(risk.score(shop))
    >>> scored.where("churn_risk > 0.9 AND spend > 500").customer_ids.len() > 0
    True
    """

    purchases: _Purchases | PurchaseFit | None = field(factory=BGNBD)
    threshold: float = 0.5

    def __attrs_post_init__(self) -> None:
        """Refuse a declaration that says nothing of purchases."""
        FitError.check(self._problems())

    def fit(self, source: Source, /) -> ChurnRiskFit:
        """The risk by the model with the parameters that are most likely.

        Args:
            source: A base, or a frame of histories (see `cu.history`).

        Raises:
            SchemaError: listing everything that is wrong with a frame.
            FitError: when nobody is in it.
        """
        given, where = self.purchases, "ChurnRisk.fit"
        fitted = given if given is None or isinstance(given, PurchaseFit) else given.fit(source)
        rows = histories(source, unit=fitted.unit if fitted else "week", where=where)
        back = rows.filter(pl.col("x") > 0)
        gaps = back["t_x"].to_numpy() / back["x"].to_numpy()
        return ChurnRiskFit(
            purchases=fitted,
            usual_gap=float(np.median(gaps)) if gaps.size else None,
            threshold=self.threshold,
        )

    def _problems(self) -> Iterator[Problem]:
        given = self.purchases
        if not (given is None or isinstance(given, PurchaseFit) or hasattr(given, "fit")):
            what = f"{self.purchases!r} says nothing of purchases"
            yield Problem(what, "ChurnRisk.purchases", "give BGNBD() or another model, or its fit")
        if not is_number(self.threshold, 0, 1):
            what = f"threshold is {self.threshold!r}"
            yield Problem(what, "ChurnRisk.threshold", "give a number from 0 to 1")


@frozen(kw_only=True)
class ChurnRiskFit:
    """The risk that a buyer is gone, by a fitted model.

    Attributes:
        purchases: How often customers buy, or None.
        usual_gap: The median of the mean gaps of who came back, in the
            model's unit, or weeks; None when nobody did.
        threshold: From which risk on a customer is warned of.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(800, 730, seed=1).base()
    >>> cu.ChurnRisk().fit(shop).status
    'converged'
    """

    purchases: PurchaseFit | None
    usual_gap: float | None
    threshold: float

    @property
    def status(self) -> str:
        """How the fit of purchases ended: see `PurchaseFit`."""
        return self.purchases.status if self.purchases else "converged"

    @property
    def message(self) -> str:
        """The status in words."""
        if self.purchases is None or self.purchases.status == "converged":
            return ""
        return f"{self.purchases.message}; purchases=None takes silence alone"

    def score(self, source: Source, /) -> pl.DataFrame:
        """The risk of each customer: what `base.with_measures` takes.

        Args:
            source: A base as of now, or a frame of histories.

        Returns:
            customer_id; churn_risk; p_alive, where there is a model; and
            overdue_ratio: how many gaps went by since the last purchase, own
            ones or, of who bought on a single day, usual ones. Null for who
            never bought.

        Raises:
            SchemaError: listing everything that is wrong with a frame.
        """
        where, fit = "ChurnRiskFit.score", self.purchases
        columns, unit = (fit.design.columns, fit.unit) if fit else ((), "week")
        rows = with_columns_of(source, columns, unit=unit, where=where)
        x, t_x, observed = (rows[name].to_numpy() for name in ("x", "t_x", "T"))
        gaps = np.full(rows.height, np.nan if self.usual_gap is None else self.usual_gap)
        overdue = (observed - t_x) / np.divide(t_x, x, out=gaps, where=x > 0)
        risk = overdue / (1 + overdue)
        found = {"churn_risk": risk, "overdue_ratio": overdue}
        if fit is not None:
            cells = fit.cells(rows, where=where)
            alive = fit.alive(cells)[cells.place]
            risk = np.where(x > 0, 1 - alive, risk)
            found = {"churn_risk": risk, "p_alive": alive, "overdue_ratio": overdue}
        scored = pl.DataFrame(found, nan_to_null=True)
        return beside_everyone(source, scored, rows)

    def warnings(
        self,
        base: CustomerBase,
        /,
        *,
        since: dt.date | dt.datetime | str,
        scheme: Labelling | None = None,
        valued: Sequence[str] = ("champions", "loyal"),
        complaints: Rule | str | None = None,
    ) -> pl.DataFrame:
        """Who slipped since an earlier day, with reasons, the highest spend first.

        Slipped has whose risk came to the threshold, and who left a valued
        segment for a lesser one.

        Args:
            base: The base as of now.
            since: The earlier day.
            scheme: What labels customers, RFM say, then and now.
            valued: The segments that are not to be left, the best one first.
            complaints: Which open tickets are complaints, a rule over
                tickets; by default all are.

        Returns:
            customer_id, risk_before, churn_risk, spend, and reasons: `overdue
            3.1 x own gap`, `left champions`, `open complaint`.

        Raises:
            SchemaError: when `since` is not before the base's as_of, or the
                scheme has no such segments.
            RuleError: when the rule of complaints cannot be read.

        >>> import custseg as cu
        >>> shop = cu.datasets.simulate(800, 730, seed=1).base()
        >>> risk = cu.ChurnRisk().fit(shop)
        >>> slipped = risk.warnings(shop, since="2024-09-30", scheme=cu.RFM().fit(shop))
        >>> slipped["reasons"].explode().str.split(" ").list.first().unique().sort().to_list()
        ['left', 'open', 'overdue']
        """
        before = base.as_of(since)
        return warned(
            base,
            before,
            risks=(self.score(before), self.score(base)),
            threshold=self.threshold,
            scheme=scheme,
            valued=tuple(valued),
            complaints=complaints,
        )
