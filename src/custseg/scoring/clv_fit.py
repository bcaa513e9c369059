"""CLVFit: fitted models of purchases and spend, and what each customer is worth by them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from attrs import frozen

from custseg.base.customer_base import CustomerBase
from custseg.scoring import clv_text
from custseg.scoring.clv_limits import limits
from custseg.scoring.clv_terms import Terms, value_columns, value_rows
from custseg.scoring.everyone import beside_everyone

if TYPE_CHECKING:
    import datetime as dt

    from custseg.model.window import Window
    from custseg.scoring.clv_draws import Draw
    from custseg.scoring.discounting import Way
    from custseg.scoring.purchase_fit import PurchaseFit
    from custseg.scoring.rows import Source
    from custseg.scoring.spend_fit import SpendFit

__all__ = ["CLVFit"]

# Beyond this, how often says too much of how much.
_CORRELATED = 0.3


@frozen(kw_only=True)
class CLVFit:
    """Fitted models of purchases and spend, and what customers are worth by them.

    Attributes:
        purchases: How often customers buy.
        spend: What they spend.
        horizon: How far value is counted, or None for life.
        annual_discount: What a year takes off: a number, or a column.
        margin: The share of spend that is earned: a number, or a column.
        discounting: `monthly` or `continuous`.
        level: The share of draws between the limits of value.
        draws: Parameters of models fitted to drawn customers, if any.

    >>> import custseg as cu, polars as pl
    >>> fit = cu.CLVFit(
    ...     purchases=cu.PurchaseFit(
    ...         model="bgnbd", params={"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}
    ...     ),
    ...     spend=cu.SpendFit(params={"p": 6.2496, "q": 3.7442, "gamma": 15.4435}),
    ...     horizon=cu.Window(days=273),
    ... )
    >>> rows = pl.DataFrame({"x": [2], "t_x": [30.43], "T": [38.86], "spend_mean": [22.35]})
    >>> fit.score(rows).select("expected_purchases", "clv").row(0)
    (1.22..., 29.1...)
    """

    purchases: PurchaseFit
    spend: SpendFit
    horizon: Window | None
    annual_discount: float | str = 0.10
    margin: float | str = 1.0
    discounting: Way = "monthly"
    level: float = 0.90
    draws: tuple[Draw, ...] = ()

    @property
    def status(self) -> str:
        """`converged`, or the first thing that speaks against the numbers.

        Besides what fits say of themselves it may be `correlated`: customers
        who buy more often spend more (or less) on a purchase, the correlation
        being beyond 0.3, and the two models take that to be chance.
        """
        for fit in (self.purchases, self.spend):
            if fit.status != "converged":
                return fit.status
        correlation = self.spend.correlation
        return "converged" if abs(correlation or 0.0) <= _CORRELATED else "correlated"

    @property
    def message(self) -> str:
        """The status in words: all there is to say, a sentence each."""
        told = [f"{fit.message}" for fit in (self.purchases, self.spend) if fit.message]
        correlation = self.spend.correlation
        if abs(correlation or 0.0) > _CORRELATED:
            told.append(
                f"x and spend_mean correlate by {correlation:.2f}: value is too low for "
                f"{'frequent' if (correlation or 0) > 0 else 'rare'} buyers and too high for others"
            )
        return "; ".join(told)

    def score(self, source: Source, /, *, day: dt.date | None = None) -> pl.DataFrame:
        """What each customer is worth within the horizon, a row a customer.

        Args:
            source: A base as of now, or a frame of histories.
            day: The local day of a frame's as_of, from which its months run;
                a base knows it.

        Returns:
            customer_id, p_alive, expected_purchases within the horizon (not
            for life), discounted_purchases, expected_spend on one of them,
            and clv; with draws also clv_low and clv_high. Null for who never
            bought, and where there is no mean spend. In a base's order.

        Raises:
            SchemaError: listing everything that is wrong with the frame; when
                a column of margins or discounts is none of numbers.
        """
        rows = value_rows(
            source,
            value_columns(self.purchases.design.columns, self.margin, self.annual_discount),
            unit=self.purchases.unit,
            where="CLVFit.score",
        )
        return self.score_rows(source, rows, day=day)

    def score_rows(
        self, source: Source, rows: pl.DataFrame, /, *, day: dt.date | None = None
    ) -> pl.DataFrame:
        """The same for histories that are at hand, with the columns that are read."""
        cells = self.purchases.cells(rows, where="CLVFit.score")
        terms = Terms.of(
            rows,
            annual_discount=self.annual_discount,
            margin=self.margin,
            horizon=self.horizon,
            way=self.discounting,
            unit=self.purchases.unit,
            day=source.day if isinstance(source, CustomerBase) else day,
        )
        bought = terms.discounted(self.purchases, cells, cells.place, terms.rates)
        spend = self.spend.mean_spend(rows["x"].to_numpy(), rows["spend_mean"].to_numpy())
        found = {"p_alive": self.purchases.alive(cells)[cells.place]}
        if self.horizon is not None:
            expected = self.purchases.purchases(cells, terms.times[-1:])[:, 0]
            found["expected_purchases"] = expected[cells.place]
        found["discounted_purchases"] = bought
        found["expected_spend"] = spend
        found["clv"] = bought * spend * terms.margins
        if self.draws:
            drawn = [
                (self.purchases.replaced(first), self.spend.replaced(second))
                for first, second in self.draws
            ]
            found |= limits(drawn, rows, cells, terms, level=self.level)
        return beside_everyone(source, pl.DataFrame(found, nan_to_null=True), rows)

    def to_json(self) -> str:
        """The fit as text, with its numbers; equal after the trip."""
        return clv_text.written(self)

    @classmethod
    def from_json(cls, text: str, /) -> CLVFit:
        """The fit that a text holds.

        Raises:
            FitError: when the text is not one.
        """
        return cls(**clv_text.read(text))
