"""The labels of a column of segments, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["labelled", "labels"]


def labels(column: pl.Series, /) -> tuple[str, ...]:
    """The categories of an Enum column, those that nobody bears included.

    >>> import polars as pl
    >>> from custseg.segments.labels import labels
    >>> labels(pl.Series(["b"], dtype=pl.Enum(["a", "b"])))
    ('a', 'b')
    """
    dtype = column.dtype
    return tuple(dtype.categories) if isinstance(dtype, pl.Enum) else ()


def labelled(name: str, names: Iterable[str], /) -> pl.Series:
    """Each label once, in order, as an Enum column.

    >>> from custseg.segments.labels import labelled
    >>> labelled("segment", ["gold", "none"]).dtype
    Enum(categories=['gold', 'none'])
    """
    listed = list(names)
    return pl.Series(name, listed, dtype=pl.Enum(listed))
