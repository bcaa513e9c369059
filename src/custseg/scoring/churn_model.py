"""ChurnModel: learns from one day who stopped buying after it, and is tested on a later one."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl
from attrs import evolve, field, frozen

from custseg.base.instant import as_of_of
from custseg.base.measure import Measure
from custseg.errors import FitError, Problem
from custseg.model.measure_name import MeasureName
from custseg.model.window import Window
from custseg.scoring import churn_text
from custseg.scoring.churn_labels import churn_labels, last_day
from custseg.scoring.churn_test import ChurnTest
from custseg.scoring.churn_trees import Forest, grown, log_odds
from custseg.scoring.engagement import Engagement
from custseg.scoring.numbers import is_number
from custseg.scoring.recalibration import recalibrated

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase

    Floats = NDArray[np.float64]

__all__ = ["ChurnFit", "ChurnModel"]

_MEASURES = (
    "recency_days",
    "tenure_days",
    "days_active",
    "gap_days",
    "gap_days_cv",
    "overdue",
    "orders_30d",
    "orders_90d",
    "orders_365d",
    "spend_90d",
    "spend_365d",
    "average_order",
)
_SCORE = "churn_probability"
_MOST = 100_000


Told = str | Measure | Engagement
"""What is read of each buyer."""


def _tuple(given: Told | Iterable[Told]) -> tuple[Told, ...]:
    return (given,) if isinstance(given, str | Measure | Engagement) else tuple(given)


@frozen
class ChurnModel:
    """A recipe that learns who will not buy again within a horizon.

    It reads measures as of one day and learns from the orders of the horizon
    after it; the model is tested, calibrated and used as of days from the end
    of that horizon on, and on no other. Only measures of the logs are read:
    columns of `customers` and added scores have no history, so that they
    could tell what happened later.

    Needs scikit-learn: `pip install "custseg[learn]"`.

    Attributes:
        horizon: How long without an order is churn.
        measures: What is read of each buyer: names of measures, `cu.Measure`s
            of numbers, and `cu.Engagement`s.
        trees: How many trees are grown.
        leaves: Leaves of a tree at most.
        learning_rate: How much of each tree is taken.
        seed: For the customers by whom large logs are binned.

    Raises:
        FitError: listing everything at once: a horizon that is no Window,
            names that are no measures, counts out of range.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(1_500, 730, seed=8).base()
    >>> fit = cu.ChurnModel(cu.Window(days=90)).fit(shop, at="2025-03-31")
    >>> fit
    760 customers as of 2025-03-31, 74.7 % without an order through 2025-06-29
    >>> fit.test(shop, at="2025-06-30").auc > 0.7
    True
    """

    horizon: Window = field(factory=lambda: Window(days=90))
    measures: tuple[Told, ...] = field(default=_MEASURES, converter=_tuple, kw_only=True)
    trees: int = field(default=100, kw_only=True)
    leaves: int = field(default=8, kw_only=True)
    learning_rate: float = field(default=0.05, kw_only=True)
    seed: int = field(default=0, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Refuse a declaration that cannot be trained on any base."""
        FitError.check(self._problems())

    def fit(self, base: CustomerBase, /, *, at: dt.date | dt.datetime | str) -> ChurnFit:
        """The model that is learnt as of a day from the horizon after it.

        Args:
            base: A base seen as of the end of that horizon or later.
            at: The day. Rows after it are labels only, rows after its
                horizon are not read at all.

        Raises:
            FitError: when the horizon is not over yet, or all customers did
                the same; when a measure is none of numbers.
            MissingExtra: when scikit-learn is not installed.
        """
        labels = self.labels(base, at, where="ChurnModel.fit")
        shares = labels["churned"]
        if shares.n_unique() < 2:  # noqa: PLR2004 - bought or not
            did = "did the same" if labels.height else "had ordered before"
            what = f"of {labels.height} customers all {did}: nothing can be learnt"
            fix = "take a later day, or another horizon"
            raise FitError(what, where="ChurnModel.fit", fix=fix)
        seen = base.as_of(at)
        forest = grown(
            self.matrix(seen, labels["customer_id"]),
            shares.to_numpy(),
            trees=self.trees,
            leaves=self.leaves,
            learning_rate=self.learning_rate,
            seed=self.seed,
        )
        return ChurnFit(
            recipe=self,
            day=seen.day,
            until=last_day(seen.when, self.horizon),
            customers=labels.height,
            churned_share=cast("float", shares.mean()),
            forest=forest,
        )

    def labels(
        self, base: CustomerBase, at: dt.date | dt.datetime | str, /, *, where: str
    ) -> pl.DataFrame:
        """Who of the buyers as of a day did not buy within the horizon after it.

        Raises:
            FitError: when the horizon is not over as of the base's instant.
        """
        begins = as_of_of(at, base.tz)
        ends = as_of_of(last_day(begins, self.horizon), base.tz)
        if base.when.instant < ends.instant:
            raise FitError(
                f"the horizon after {begins.day} ends on {ends.day}, "
                f"and the base is seen as of {shown_instant(base)}",
                where=f"{where}(at=)",
                fix="take an earlier day, or base.as_of a day from its end on",
            )
        return churn_labels(base, at, self.horizon)

    def matrix(self, seen: CustomerBase, customers: pl.Series, /) -> Floats:
        """The measures of some customers: float64[n, m], NaN where there is none.

        Raises:
            FitError: when a measure is none of numbers.
        """
        for each in self.measures:
            if isinstance(each, Engagement):
                seen = seen.with_measures(each.score(seen))
        names = [each.name if isinstance(each, Engagement) else each for each in self.measures]
        read = seen.measures(*names)
        FitError.check(
            Problem(f"{name!r} is {dtype}", "ChurnModel.measures", "take measures that are numbers")
            for name, dtype in read.schema.items()
            if name != "customer_id" and not (dtype.is_numeric() or dtype == pl.Boolean)
        )
        rows = customers.alias("customer_id").to_frame()
        found = rows.join(read, on="customer_id", how="left", maintain_order="left")
        columns = found.drop("customer_id").cast(pl.Float64)
        return np.column_stack([column.fill_null(np.nan).to_numpy() for column in columns])

    def _problems(self) -> Iterator[Problem]:
        if not isinstance(cast("object", self.horizon), Window):
            what = f"{self.horizon!r} is no horizon"
            yield Problem(what, "ChurnModel.horizon", "write cu.Window(days=90)")
        where = "ChurnModel.measures"
        if not self.measures:
            yield Problem("there are no measures", where, "name what customers are told apart by")
        for name in self.measures:
            if not isinstance(name, Measure | Engagement) and not _is_measure(name):
                what = f"{name!r} is no measure of the logs: it may tell what happened later"
                yield Problem(what, where, 'name measures like "orders_90d", or give a cu.Measure')
        for name, least in (("trees", 1), ("leaves", 2), ("seed", 0)):
            given = getattr(self, name)
            if not isinstance(given, int) or not is_number(given, least, _MOST):
                fix = f"give a whole number from {least} to {_MOST:,}"
                yield Problem(f"{name} is {given!r}", f"ChurnModel.{name}", fix)
        if not is_number(self.learning_rate, 0, 1) or self.learning_rate == 0:
            what = f"the learning rate is {self.learning_rate!r}"
            yield Problem(what, "ChurnModel.learning_rate", "give a number above 0, up to 1")


@frozen(repr=False, kw_only=True)
class ChurnFit:
    """A trained churn model, and what it was trained on.

    It is a value: its trees are numbers, and scikit-learn is not needed to
    read, keep or use it.

    Attributes:
        recipe: What was asked for.
        day: The day as of which measures were read.
        until: The last day of what was learnt from: the model is used as of
            its end or later.
        customers: How many were learnt from.
        churned_share: How many of them did not buy again.
        forest: The trees.
        calibration: Intercept and slope on the scale of log-odds.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(1_500, 730, seed=8).base()
    >>> fit = cu.ChurnModel(cu.Window(days=90)).fit(shop, at="2025-03-31")
    >>> shop.with_measures(fit.score(shop)).where("churn_probability < 0.3").customer_ids.len() > 50
    True
    """

    recipe: ChurnModel
    day: dt.date
    until: dt.date
    customers: int
    churned_share: float
    forest: Forest
    calibration: tuple[float, float] = (0.0, 1.0)

    def score(self, base: CustomerBase, /) -> pl.DataFrame:
        """How likely each customer does not buy within the horizon after the base's as_of.

        Args:
            base: A base seen as of the end of what was learnt from, or later.

        Returns:
            customer_id, sorted, and churn_probability: null for who has not
            bought yet.

        Raises:
            FitError: when the base is seen as of an earlier day: the model
                knows what happened after it.
        """
        self._check(base, where="ChurnFit.score")
        everyone = base.measures("orders")
        buyers = everyone.filter(pl.col("orders") > 0)["customer_id"]
        scored = pl.DataFrame([buyers, pl.Series(_SCORE, self._probabilities(base, buyers))])
        rows = everyone.select("customer_id")
        return rows.join(scored, on="customer_id", how="left", maintain_order="left")

    def test(self, base: CustomerBase, /, *, at: dt.date | dt.datetime | str) -> ChurnTest:
        """The model beside what happened after a later day.

        Args:
            base: A base seen as of the end of the horizon after that day.
            at: The day: not before the end of what was learnt from.

        Raises:
            FitError: when the day is earlier, or its horizon is not over.
        """
        labels = self._later(base, at, where="ChurnFit.test")
        found = self._probabilities(base.as_of(at), labels["customer_id"])
        rows = labels.select("customer_id", pl.Series(_SCORE, found), "churned")
        return ChurnTest(frame=rows, day=as_of_of(at, base.tz).day)

    def calibrated(self, base: CustomerBase, /, *, at: dt.date | dt.datetime | str) -> ChurnFit:
        """The model with its odds set right by what happened after a later day.

        The log-odds are shifted and stretched (Cox 1958): who is ahead of
        whom stays the same. What is learnt from reaches to the end of the
        horizon after that day, so that a test comes later still.

        Args:
            base: A base seen as of the end of the horizon after that day.
            at: The day: not before the end of what was learnt from.

        Raises:
            FitError: when the day is earlier, or its horizon is not over.
        """
        labels = self._later(base, at, where="ChurnFit.calibrated")
        seen = base.as_of(at)
        odds = log_odds(self.forest, self.recipe.matrix(seen, labels["customer_id"]))
        return evolve(
            self,
            until=last_day(seen.when, self.recipe.horizon),
            calibration=recalibrated(odds, labels["churned"].to_numpy()),
        )

    def to_json(self) -> str:
        """The model as text, trees and all; equal after the trip.

        Raises:
            FitError: listing measures that are polars expressions: those
                have no text; SQL text has.
        """
        return churn_text.written(self)

    @classmethod
    def from_json(cls, text: str, /) -> ChurnFit:
        """The model that a text holds.

        Raises:
            FitError: when the text is not one: everything that keeps it from it.
        """
        return cls(**churn_text.read(text, ChurnModel))

    def _later(
        self, base: CustomerBase, at: dt.date | dt.datetime | str, where: str
    ) -> pl.DataFrame:
        self._check(base.as_of(at), where=f"{where}(at=)")
        return self.recipe.labels(base, at, where=where)

    def _probabilities(self, seen: CustomerBase, customers: pl.Series) -> Floats:
        intercept, slope = self.calibration
        odds = log_odds(self.forest, self.recipe.matrix(seen, customers))
        return 1 / (1 + np.exp(-(intercept + slope * odds)))

    def _check(self, seen: CustomerBase, where: str) -> None:
        learnt = as_of_of(self.until, seen.tz)
        if seen.when.instant < learnt.instant:
            raise FitError(
                f"the model was trained on what happened through {self.until}, "
                f"which {shown_instant(seen)} does not know",
                where=where,
                fix=f"take {self.until} or a later day, or train as of an earlier one",
            )

    def __repr__(self) -> str:
        """What was learnt from."""
        share = f"{100 * self.churned_share:.1f} %"
        people = f"{self.customers:,} customers as of {self.day}"
        return f"{people}, {share} without an order through {self.until}"


def shown_instant(base: CustomerBase) -> str:
    """The as_of of a base: its day when that is over, else the instant."""
    ends = as_of_of(base.day, base.tz).instant
    return str(base.day) if base.when.instant == ends else f"{base.instant:%Y-%m-%d %H:%M:%S} UTC"


def _is_measure(name: object) -> bool:
    return isinstance(name, str) and MeasureName.parse(name) is not None
