"""The labels of a column of segments, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["is_name", "labelled", "labels"]


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


def is_name(found: object, /) -> bool:
    """Whether something can be a name: a text, not empty, that can be written down.

    >>> from custseg.segments.labels import is_name
    >>> is_name("gold"), is_name(""), is_name(chr(0xD800))
    (True, False, False)
    """
    # Half a letter, of two in UTF-16, has no bytes in UTF-8: no frame or file takes it.
    return (
        isinstance(found, str)
        and bool(found)
        and not any("\ud800" <= letter <= "\udfff" for letter in found)
    )
