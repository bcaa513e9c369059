"""Plan: what is to be done for whom, and who is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from attrs import frozen

from custseg.segments.layout import Layout, count, counted
from custseg.segments.lookup import place_of

if TYPE_CHECKING:
    import datetime as dt

    from custseg.segments.segmentation import Segmentation

__all__ = ["LEFT_OUT", "Plan"]

LEFT_OUT = (
    "not in the base",
    "nothing planned",
    "consent unknown",
    "no consent",
    "contact limit",
)
"""Why a customer is left out: the first that holds."""


@frozen(eq=False, repr=False, kw_only=True)
class Plan:
    """What a playbook does for each customer of a segmentation.

    Every customer of the segmentation stands once, in `frame` or `left_out`.

    Attributes:
        frame: `customer_id`, `segment`, `goal`, `offer`, `channel`, `priority`
            and `reason`, by priority, then id.
        left_out: `customer_id`, `segment` and `reason`, by id.
        segmentation: What put the customers into segments.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(500, 365, seed=1).base()
    >>> tiers = cu.RFM(grid=cu.Grid.value_tiers()).segment(shop)
    >>> plan = cu.Playbook.value_tiers().plan(tiers, shop)
    >>> plan
    342 customers to contact as of 2024-12-30, 158 left out
    segment     goal         planned  consent unknown  no consent
    high_value  keep              66                4          23
    potential   raise             73                8          28
    ordinary    activate         157               14          69
    prospect    first order       46                2          10
    """

    frame: pl.DataFrame
    left_out: pl.DataFrame
    segmentation: Segmentation

    @property
    def day(self) -> dt.date:
        """The local date as of which the plan was made."""
        return self.segmentation.day

    def counts(self) -> pl.DataFrame:
        """A row a segment, in order: `segment`, `planned`, then who is left out by reason."""
        planned = self.frame.group_by("segment").agg(planned=pl.len().cast(pl.Int64))
        reasons = [
            (pl.col("reason") == reason).sum().cast(pl.Int64).alias(reason) for reason in LEFT_OUT
        ]
        left = self.left_out.group_by("segment").agg(reasons)
        every = self.segmentation.sizes().select("segment")
        joined = every.join(planned, on="segment", how="left", maintain_order="left").join(
            left, on="segment", how="left", maintain_order="left"
        )
        return joined.with_columns(pl.exclude("segment").fill_null(0))

    def why(self, customer_id: int | str, /) -> str:
        """Why a customer gets an offer or none: the segment's reasons, then the plan's.

        Raises:
            SchemaError: when the segmentation has no such customer.
        """
        ids = self.segmentation.frame["customer_id"]
        known = ids[place_of(customer_id, ids, where="Plan.why")]
        told = self.segmentation.why(known)
        row = self.frame.filter(pl.col("customer_id") == known)
        if row.height:
            found = row.row(0, named=True)
            done = f"{found['goal']}: {found['offer']}, by {found['channel']}"
            return f"{told}\n{done} ({found['reason']})"
        left = self.left_out.filter(pl.col("customer_id") == known)
        return f"{told}\nleft out: {left['reason'].item()}"

    def __eq__(self, other: object) -> bool:
        """Whether the same is planned for the same customers as of the same instant."""
        if not isinstance(other, Plan):
            return NotImplemented
        return (
            self.segmentation.instant == other.segmentation.instant
            and self.frame.equals(other.frame)
            and self.left_out.equals(other.left_out)
        )

    def __repr__(self) -> str:
        """What is planned for each segment, and how many are left out."""
        return self._layout().text()

    def _repr_html_(self) -> str:
        return self._layout().html()

    def _layout(self) -> Layout:
        counts = self.counts()
        # Reasons that leave nobody out are not shown.
        reasons = [name for name in LEFT_OUT if counts[name].sum()]
        goals = dict(self.frame.select("segment", "goal").unique().iter_rows())
        rows = [
            (str(segment), str(goals.get(segment, "")), *(count(number) for number in numbers))
            for segment, *numbers in counts.select("segment", "planned", *reasons).iter_rows()
        ]
        people = counted(self.frame.height, "customer")
        return Layout(
            title=f"{people} to contact as of {self.day}, {count(self.left_out.height)} left out",
            head=("segment", "goal", "planned", *reasons),
            rows=tuple(rows),
            texts=2,
        )
