"""The labels of a column of segments, in order."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from custseg.schema.bridge import framed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["is_name", "labelled", "labels", "taken", "with_labels"]

_FEW = 10_000


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


def with_labels(
    measures: pl.DataFrame, names: tuple[str, ...], places: NDArray[Any] | pl.Series, /
) -> pl.DataFrame:
    """The measures with a label after the id.

    Args:
        measures: Rows, an id first.
        names: The labels in order.
        places: The place of each row's label among them.

    >>> import numpy as np
    >>> from custseg.segments.labels import with_labels
    >>> rows = pl.DataFrame({"customer_id": [7, 8], "orders": [2, 0]})
    >>> with_labels(rows, ("buyer", "prospect"), np.array([0, 1])).rows()
    [(7, 'buyer', 2), (8, 'prospect', 0)]
    """
    rows = places if isinstance(places, pl.Series) else _rows(places)
    ids, *others = measures.get_columns()
    return framed([ids, _segments(names)[rows], *others])


def taken(table: pl.DataFrame, places: NDArray[Any], /) -> list[pl.Series]:
    """Some rows of a table, column by column.

    >>> import numpy as np
    >>> from custseg.segments.labels import taken
    >>> [each.to_list() for each in taken(pl.DataFrame({"r": [1, 2]}), np.array([1, 1, 0]))]
    [[2, 2, 1]]
    """
    rows = _rows(places)
    if rows.len() < _FEW:
        # A frame hands its columns to other threads: a few rows do not wait for those.
        return [column[rows] for column in table.iter_columns()]
    return table[rows].get_columns()


def _rows(places: NDArray[Any]) -> pl.Series:
    """Row numbers of polars' own type, which are not cast again."""
    return pl.Series(places.astype(np.uint32, copy=False))


@lru_cache(maxsize=64)
def _segments(names: tuple[str, ...]) -> pl.Series:
    """Kept: customers who come one by one are labelled alike."""
    return labelled("segment", names)


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
