"""Rows that were refused, with their reasons."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import polars as pl
from attrs import field, frozen

from custseg.schema.reads import REASONS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Rejected", "Sorted", "refused_rows"]


@frozen(eq=False)
class Sorted:
    """Rows sorted into good and refused ones.

    Attributes:
        good: The rows of the table.
        refused: Source rows with `reason` and `column`.
        rows: How many rows there were.
    """

    good: pl.DataFrame
    refused: pl.DataFrame
    rows: int


def refused_rows(rows: pl.DataFrame, reasons: pl.DataFrame) -> pl.DataFrame:
    """Source rows with `reason` and `column`; their own columns of that name make room."""
    taken = {name: name for name in reasons.columns if name in rows.columns}
    for name in list(taken):
        free = f"{name}_source"
        while free in rows.columns:
            free += "_source"
        taken[name] = free
    return rows.rename(taken).hstack(reasons.get_columns())


@frozen(eq=False, repr=False)
class Rejected:
    """The rows a table refused: their source values, the reason and the column.

    Rows of a lazy source are read when they are first looked at.

    >>> import custseg as cu, polars as pl
    >>> sales = {"order_id": [1, 2], "customer_id": [7, None], "total": [9.99, 5.0]}
    >>> sales = pl.DataFrame(sales).with_columns(ordered_at=pl.lit("2026-05-01"))
    >>> orders, rejected = cu.table(cu.Order).admit(sales)
    >>> rejected.counts()
    {'missing': 1}
    """

    _sorted: Callable[[], Sorted] = field(alias="sorted")

    @property
    def frame(self) -> pl.DataFrame:
        """The refused rows: source columns, then `reason` and `column`."""
        return self._sorted().refused

    @property
    def rows(self) -> int:
        """How many rows were looked at, good ones included."""
        return self._sorted().rows

    def counts(self) -> dict[str, int]:
        """Rejected rows by reason, in the order in which reasons are tested."""
        counted = dict(self.frame.group_by("reason").len().iter_rows())
        return {reason: counted[reason] for reason in REASONS if reason in counted}

    def by_column(self) -> pl.DataFrame:
        """Rejected rows by reason and column, in the order of the checks."""
        order = {reason: place for place, reason in enumerate(REASONS)}
        counted = self.frame.group_by("reason", "column").len("rows")
        return (
            counted.with_columns(
                place=pl.col("reason").replace_strict(order, return_dtype=pl.Int64)
            )
            .sort("place", "column")
            .drop("place")
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """The rows themselves: the source they are read from stays behind."""
        done = self._sorted()
        return (_told, (Sorted(done.good.clear(), done.refused, done.rows),))

    def __len__(self) -> int:
        """How many rows were rejected."""
        return self.frame.height

    def __bool__(self) -> bool:
        """Whether any row was rejected."""
        return self.frame.height > 0

    def __str__(self) -> str:
        """A line for all, and one for each reason and column."""
        if not self:
            return f"none of {self.rows:,} rows rejected"
        listed = [f"{len(self):,} of {self.rows:,} rows rejected"]
        width = max(len(f"{count:,}") for count in self.by_column()["rows"])
        listed.extend(
            f"  {reason:<14} {count:>{width},}  {column}"
            for reason, column, count in self.by_column().iter_rows()
        )
        return "\n".join(listed)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The counts for a notebook."""
        return f"<pre>{html.escape(str(self))}</pre>"


def _told(done: Sorted) -> Rejected:
    return Rejected(lambda: done)
