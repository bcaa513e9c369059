"""Flow: how customers moved between segments from one instant to another."""

from __future__ import annotations

import numpy as np
import polars as pl
from attrs import frozen

from custseg.schema.bridge import array
from custseg.segments.labels import labelled, labels
from custseg.segments.layout import Layout, count, counted
from custseg.segments.stability import stability_index

__all__ = ["Flow"]

_OUTSIDE = "–"


@frozen(eq=False, repr=False)
class Flow:
    r"""Customers counted by the segment they were in and the one they are in.

    Attributes:
        frame: A row a pair of segments, in order: `before`, `after`,
            `customers`. Null stands for not being a customer at that time,
            and comes last.

    >>> import polars as pl
    >>> import custseg as cu
    >>> kind = pl.Enum(["gold", "none"])
    >>> types = {"customer_id": pl.Int64, "segment": kind}
    >>> may = pl.DataFrame({"customer_id": [1, 2], "segment": ["none", "gold"]}, types)
    >>> june = pl.DataFrame({"customer_id": [1, 3], "segment": ["gold", "none"]}, types)
    >>> cu.Flow.between(may, june)
    2 customers before, 2 after, population stability index 0.0000
    segment  before  left  entered  after
    gold          1     1        1      1
    none          1     1        1      1
    """

    frame: pl.DataFrame

    @classmethod
    def between(cls, before: pl.DataFrame, after: pl.DataFrame, /) -> Flow:
        """The flow between two frames of `customer_id` and `segment`.

        Args:
            before: One row a customer, with the Enum both share.
            after: The same at the other instant.
        """
        dtype = before["segment"].dtype
        names = [*labels(before["segment"]), None]
        pairs = before.select("customer_id", before="segment").join(
            after.select("customer_id", after="segment"), on="customer_id", how="full"
        )
        counted = pairs.group_by("before", "after").agg(customers=pl.len().cast(pl.Int64))
        each = pl.Series(names, dtype=dtype)
        every = pl.DataFrame({"before": each}).join(pl.DataFrame({"after": each}), how="cross")
        moves = every.join(
            counted, on=["before", "after"], how="left", nulls_equal=True, maintain_order="left"
        ).with_columns(pl.col("customers").fill_null(0))
        # Nobody was outside both times: the pair of nulls says nothing.
        return cls(moves.head(-1))

    @property
    def segments(self) -> tuple[str, ...]:
        """The labels in order."""
        return labels(self.frame["before"])

    @property
    def matrix(self) -> pl.DataFrame:
        """A row a segment before, a column a segment after: who was in both.

        Customers of one instant only are not in it: `frame` has them.
        """
        square = self._square()[:-1, :-1]
        before = labelled("before", self.segments)
        columns = [
            pl.Series(name, side) for name, side in zip(self.segments, square.T, strict=True)
        ]
        return pl.DataFrame([before, *columns])

    @property
    def stayed(self) -> dict[str, int]:
        """Customers who are in the segment as they were before."""
        return self._named(np.diagonal(self._square())[:-1])

    @property
    def left(self) -> dict[str, int]:
        """Customers who were in the segment and no longer are."""
        square = self._square()
        return self._named((square.sum(axis=1) - np.diagonal(square))[:-1])

    @property
    def entered(self) -> dict[str, int]:
        """Customers who are in the segment and were not, new customers too."""
        square = self._square()
        return self._named((square.sum(axis=0) - np.diagonal(square))[:-1])

    @property
    def stability_index(self) -> float | None:
        """The population stability index of the two distributions.

        Below 0.1 is read as stable, above 0.25 as another population; see
        `custseg.segments.stability`. Null when there was nobody.
        """
        square = self._square()
        return stability_index(square.sum(axis=1)[:-1], square.sum(axis=0)[:-1])

    def __eq__(self, other: object) -> bool:
        """Whether the same numbers moved between the same segments."""
        if not isinstance(other, Flow):
            return NotImplemented
        return self.frame.equals(other.frame)

    def __repr__(self) -> str:
        """What each segment kept, lost and won, as a table."""
        return self._balance().text()

    def _repr_html_(self) -> str:
        """The whole matrix: a page is wide enough for it."""
        return self._moves().html()

    def _balance(self) -> Layout:
        square = self._square()
        rows = zip(
            self.segments,
            square.sum(axis=1).tolist(),
            self.left.values(),
            self.entered.values(),
            square.sum(axis=0).tolist(),
            strict=False,  # the sums go one further, to those outside
        )
        return Layout(
            title=self._title(),
            head=("segment", "before", "left", "entered", "after"),
            rows=tuple((name, *(count(number) for number in numbers)) for name, *numbers in rows),
        )

    def _moves(self) -> Layout:
        names = (*self.segments, _OUTSIDE)
        return Layout(
            title=self._title(),
            head=("before \\ after", *names),
            rows=tuple(
                (name, *(count(number) for number in row))
                for name, row in zip(names, self._square().tolist(), strict=True)
            ),
        )

    def _title(self) -> str:
        square = self._square()
        before = counted(int(square[:-1].sum()), "customer")
        after = count(int(square[:, :-1].sum()))
        index = self.stability_index
        shown = "unknown" if index is None else f"{index:.4f}"
        return f"{before} before, {after} after, population stability index {shown}"

    def _square(self) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
        """Counts by segment before and after, those outside in the last row and column."""
        side = len(self.segments) + 1
        return np.append(array(self.frame["customers"]), 0).reshape(side, side)

    def _named(self, counts: np.ndarray[tuple[int], np.dtype[np.int64]]) -> dict[str, int]:
        return dict(zip(self.segments, counts.tolist(), strict=True))
