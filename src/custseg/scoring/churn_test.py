"""ChurnTest: what a churn model said beside what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl
from attrs import frozen

from custseg.errors import Problem, SchemaError
from custseg.scoring.numbers import is_number

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["ChurnTest", "ChurnThreshold"]

_SCORE = "churn_probability"


@frozen(kw_only=True)
class ChurnThreshold:
    """From which probability on it pays to contact a customer.

    Attributes:
        probability: Contacting everyone from here on earned most in the test;
            infinite when contacting nobody did.
        break_even: From here on it pays when probabilities are right:
            cost / (value × success).
        customers: How many of the test stand at or above the threshold.
        profit: What contacting them would have earned.

    >>> import custseg as cu
    >>> cu.ChurnThreshold(probability=0.3, break_even=0.25, customers=40, profit=120.0)
    ChurnThreshold(probability=0.3, break_even=0.25, customers=40, profit=120.0)
    """

    probability: float
    break_even: float
    customers: int
    profit: float


@frozen(eq=False, repr=False, kw_only=True)
class ChurnTest:
    """A churn model tested as of a later day than it was trained on.

    Attributes:
        frame: customer_id, churn_probability, and whether each churned.
        day: The day as of which the probabilities were told.

    >>> import custseg as cu, polars as pl, datetime as dt
    >>> told = {"churn_probability": [0.9, 0.8, 0.3, 0.1], "churned": [True, False, True, False]}
    >>> test = cu.ChurnTest(frame=pl.DataFrame(told), day=dt.date(2026, 3, 31))
    >>> test.auc
    0.75
    >>> test.threshold(value=100, cost=10, success=0.5).profit
    70.0
    """

    frame: pl.DataFrame
    day: dt.date

    @property
    def auc(self) -> float | None:
        """How often who churned had the higher probability; ties count half.

        None when all did the same.
        """
        churned = self.frame["churned"].to_numpy()
        yes = int(churned.sum())
        no = churned.size - yes
        if not yes or not no:
            return None
        ranks = self.frame[_SCORE].rank("average").to_numpy()
        return float((ranks[churned].sum() - yes * (yes + 1) / 2) / (yes * no))

    @property
    def log_loss(self) -> float:
        """The mean of −log of the probability of what happened."""
        odds, churned = self._told()
        said = np.clip(np.where(churned, odds, 1 - odds), np.finfo(float).tiny, 1)
        return float(-np.log(said).mean())

    @property
    def brier(self) -> float:
        """The mean square between probability and what happened (Brier 1950)."""
        odds, churned = self._told()
        return float(((odds - churned) ** 2).mean())

    @property
    def calibration_error(self) -> float:
        """How far probability and share are apart in ten groups, on the mean of customers."""
        groups = self.calibration()
        apart = (groups["predicted"] - groups["actual"]).abs() * groups["customers"]
        return cast("float", apart.sum()) / self.frame.height

    def calibration(self, bins: int = 10) -> pl.DataFrame:
        """Customers in groups from the lowest probabilities up: what was said, what happened.

        Customers with equal probabilities share a group, so that groups may
        be larger than others, or missing.

        Returns:
            group from 1, customers, and the means predicted and actual.
        """
        rows = self._groups(bins, descending=False)
        return rows.group_by("group", maintain_order=True).agg(
            customers=pl.len().cast(pl.Int64),
            predicted=pl.col(_SCORE).mean(),
            actual=pl.col("churned").mean(),
        )

    def lift(self, bins: int = 10) -> pl.DataFrame:
        """Customers in groups from the highest probabilities down: how many churners each has.

        Returns:
            group from 1, customers, churned, churned_share, lift (that share
            over everyone's), and captured_share: the share of all churners
            who stand in this group or above; null where nobody churned.
        """
        rows = self._groups(bins, descending=True)
        found = rows.group_by("group", maintain_order=True).agg(
            customers=pl.len().cast(pl.Int64), churned=pl.col("churned").sum().cast(pl.Int64)
        )
        everyone, churned = self.frame.height, cast("int", found["churned"].sum())
        share = pl.col("churned") / pl.col("customers")
        some = pl.lit(value=churned > 0)
        return found.with_columns(
            churned_share=share,
            lift=pl.when(some).then(share / (max(churned, 1) / everyone)),
            captured_share=pl.when(some).then(pl.col("churned").cum_sum() / max(churned, 1)),
        )

    def threshold(self, *, value: float, cost: float, success: float = 1.0) -> ChurnThreshold:
        """From which probability on contacting customers earns most (Verbeke et al. 2012).

        Contacting a customer costs `cost`; a churner who is contacted stays
        with probability `success`, which is worth `value`.

        Args:
            value: What a customer who stays is worth.
            cost: What contacting one costs.
            success: The share of contacted churners who stay.

        Raises:
            SchemaError: when a number is out of range, listing all.
        """
        SchemaError.check(_money_problems(value=value, cost=cost, success=success))
        rows = (
            self.frame.group_by(_SCORE)
            .agg(pl.len().cast(pl.Int64), pl.col("churned").sum().cast(pl.Int64))
            .sort(_SCORE, descending=True)
        )
        contacted, saved = rows["len"].cum_sum().to_numpy(), rows["churned"].cum_sum().to_numpy()
        profit = np.append(0.0, saved * (success * value) - contacted * cost)
        best = int(profit.argmax())
        return ChurnThreshold(
            probability=rows[_SCORE][best - 1] if best else float("inf"),
            break_even=cost / (success * value),
            customers=int(contacted[best - 1]) if best else 0,
            profit=float(profit[best]),
        )

    def _told(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        return self.frame[_SCORE].to_numpy(), self.frame["churned"].to_numpy()

    def _groups(self, bins: int, *, descending: bool) -> pl.DataFrame:
        if not isinstance(cast("object", bins), int) or bins < 1:
            raise SchemaError(f"{bins!r} groups", where="ChurnTest", fix="give a number from 1 on")
        before = pl.col(_SCORE).rank("min", descending=descending).cast(pl.Int64) - 1
        rows = self.frame.with_columns(group=before * bins // pl.len().cast(pl.Int64) + 1)
        # Sorted within groups too: a mean must not depend on the order of rows.
        return rows.sort("group", _SCORE, "churned")

    def __repr__(self) -> str:
        """The figures in one line."""
        share = f"{100 * cast('float', self.frame['churned'].mean() or 0):.1f} % churned"
        area = "–" if self.auc is None else f"{self.auc:.3f}"
        people = f"{self.frame.height:,} customers as of {self.day}, {share}"
        return f"{people}: AUC {area}, Brier {self.brier:.3f}, off by {self.calibration_error:.3f}"


def _money_problems(**given: float) -> Iterator[Problem]:
    for name, number in given.items():
        least, most = (0.0, 1.0) if name == "success" else (0.0, 1e100)
        if not is_number(number, least, most) or (number == 0 and name != "cost"):
            fix = "give a share above 0, up to 1" if name == "success" else "give an amount"
            yield Problem(f"{name} is {number!r}", f"ChurnTest.threshold({name}=)", fix)
