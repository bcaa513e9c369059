"""The tags of each row as a list, made of one boolean column a tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from custseg.schema.arrow import bits
from custseg.schema.bridge import array, read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["flags", "tag_lists"]


def flags(hits: pl.DataFrame, /) -> list[NDArray[np.bool_]]:
    """Boolean columns as arrays, one each."""
    # Polars takes a series' own name for a pattern when it is ^a$ or *.
    return [array(hit.alias("")).astype(np.bool_, copy=False) for hit in hits.iter_columns()]


def tag_lists(hits: pl.DataFrame, tags: pl.Enum, /) -> pl.Series:
    """The tags that each row has, in order; an empty list where it has none.

    Args:
        hits: One boolean column a tag, in the order of the categories.
        tags: The tags.

    >>> import polars as pl
    >>> rows = pl.DataFrame({"big": [True, False], "often": [True, False]})
    >>> tag_lists(rows, pl.Enum(["big", "often"])).to_list()
    [['big', 'often'], []]
    """
    from custseg._kernels.tags import set_flags  # numba is loaded when it is needed

    columns = hits.get_columns()
    packed = np.array([bits(hit) for hit in columns]).T
    counts = np.empty(hits.height, np.int64)
    codes = np.empty(sum(int(hit.sum()) for hit in columns) + 1, np.uint32)
    found = set_flags(read_only(packed), counts, codes)
    return _listed(pl.Series(codes[:found]).cat.to(tags), counts)


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
