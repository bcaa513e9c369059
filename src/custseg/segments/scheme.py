"""Scheme: the numbers of a fitted recipe, frozen, and the labels they give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from custseg.base.customer_base import CustomerBase
    from custseg.segments.periods import Every
    from custseg.segments.segmentation import Segmentation
    from custseg.segments.track import Track

__all__ = ["Reasons", "Scheme"]


class Reasons(Protocol):
    """Anything that can say why a customer bears a label."""

    def why(self, row: Mapping[str, Any], /) -> str:
        """The threshold or rule that hit, with the numbers it saw.

        Args:
            row: The customer's row of `Segmentation.frame`.
        """
        ...


class Scheme(Reasons, Protocol):
    """What every recipe fits: one label a customer, from measures alone.

    A scheme is a value: equal numbers make equal schemes, and its text form
    holds all of them. `label` looks at each row by itself, so that a
    partition, a cluster and a batch of one give the labels of the whole.

    >>> import polars as pl
    >>> import custseg as cu
    >>> scheme: cu.Scheme = cu.RFM().settle(
    ...     cu.RFM().tally(
    ...         pl.DataFrame({"recency_days": [3, 90], "orders": [2, 1], "spend": [9.0, 5.0]})
    ...     )
    ... )
    >>> scheme.reads
    ('recency_days', 'orders', 'spend')
    """

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the measures that `label` needs."""
        ...

    def label(self, measures: pl.DataFrame, /) -> pl.DataFrame:
        """The measures with `segment` after the id, and scores behind.

        Args:
            measures: `customer_id` and the measures that `reads` names.
        """
        ...

    def assign(self, base: CustomerBase, /) -> Segmentation:
        """The label of each customer as of the base's instant."""
        ...

    def track(self, base: CustomerBase, /, *, every: Every = "month") -> Track:
        """The label of each customer at the end of each period.

        A scheme of your own returns `cu.track(self, base, every=every)`.

        Args:
            base: Whose logs are read, up to its as_of.
            every: `week`, `month`, `quarter`, `year`, or a list of days.
        """
        ...

    def to_json(self) -> str:
        """The scheme as text, with its numbers; equal after the trip."""
        ...
