"""The tags of each row as a list, made of one boolean column a tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from custseg.schema.bridge import array

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["flags", "tag_lists"]

# Rows whose places fit the cache while every tag is written into them.
_BLOCK = 65_536


def flags(hits: pl.DataFrame, /) -> list[NDArray[np.bool_]]:
    """Boolean columns as arrays, one each."""
    # Polars takes a series' own name for a pattern when it is ^a$ or *.
    return [array(hit.alias("")).astype(np.bool_, copy=False) for hit in hits.iter_columns()]


def tag_lists(hits: pl.DataFrame, tags: pl.Enum, /) -> pl.Series:
    """The tags that each row has, in order; an empty list where it has none.

    Rows are filled tag by tag, each tag at the row's next free place: a list
    of all rules for each row would be as wide as the book, and pairs of row
    and tag would have to be sorted (both take several times as long).

    Args:
        hits: One boolean column a tag, in the order of the categories.
        tags: The tags.

    >>> import polars as pl
    >>> rows = pl.DataFrame({"big": [True, False], "often": [True, False]})
    >>> tag_lists(rows, pl.Enum(["big", "often"])).to_list()
    [['big', 'often'], []]
    """
    columns = flags(hits)
    counts = np.zeros(hits.height, np.int64)
    for hit in columns:
        counts += hit
    ends = np.cumsum(counts)
    places = ends - counts
    codes = np.empty(int(ends[-1]) if ends.size else 0, np.uint32)
    for start in range(0, hits.height, _BLOCK):
        free = places[start : start + _BLOCK]
        for code, hit in enumerate(columns):
            rows = np.flatnonzero(hit[start : start + _BLOCK])
            at = free[rows]
            codes[at] = code
            free[rows] = at + 1
    return _listed(pl.Series(codes).cat.to(tags), counts)


def _listed(tags: pl.Series, counts: NDArray[np.int64]) -> pl.Series:
    """Tags that stand one after the other, cut into lists of so many each."""
    some = np.flatnonzero(counts)
    # Keys known to be sorted are cut where they change; nothing is hashed.
    keys = pl.Series("row", np.repeat(some, counts[some])).set_sorted()
    lists = pl.DataFrame([keys, tags.alias("tags")]).group_by("row", maintain_order=True)
    found = lists.agg("tags")["tags"]
    if some.size == counts.size:
        return found
    # The list behind the last one is empty: it is what rows without a tag get.
    empty = pl.Series("tags", [[]], dtype=pl.List(tags.dtype))
    index = np.full(counts.size, some.size, np.int64)
    index[some] = np.arange(some.size)
    return found.append(empty).gather(pl.Series(index))
