"""The tags of each row as a list, made of one boolean column a tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from custseg.schema.arrow import bits
from custseg.schema.bridge import array, read_only
from custseg.threads import in_threads, slices

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["flags", "tag_lists"]

# Places of flags up to here are told in a byte.
_BYTE = 256
# Bytes, of eight rows each, that are worth a thread.
_SMALL = 12_500


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
    packed = read_only(np.array([bits(hit) for hit in hits.iter_columns()]).T)
    # Threads begin where a byte does.
    parts = slices(packed.shape[0], _SMALL)

    def made(part: slice) -> pl.Series:
        rows = min(8 * part.stop, hits.height) - 8 * part.start
        return _listed(read_only(packed[part]), rows, tags)

    return pl.concat(in_threads(made, parts))


def _listed(packed: NDArray[np.uint8], rows: int, tags: pl.Enum) -> pl.Series:
    """The lists of so many rows, eight of them a byte."""
    from custseg._kernels.tags import set_flags  # numba is loaded when it is needed

    kind = np.uint8 if len(tags.categories) <= _BYTE else np.uint32
    counts = np.empty(rows, np.int64)
    codes = np.empty(int(np.bitwise_count(packed).sum()) + rows + 1, kind)
    found = set_flags(packed, counts, codes)
    # Keys known to be sorted are cut where they change; nothing is hashed.
    keys = pl.Series("row", np.repeat(np.arange(rows, dtype=np.uint32), np.maximum(counts, 1)))
    values = pl.Series("tags", codes[:found]).cat.to(tags)
    by_row = pl.DataFrame([keys.set_sorted(), values]).group_by("row", maintain_order=True)
    lists = by_row.agg("tags")["tags"]
    bare = pl.Series(counts == 0)
    # Chosen, not gathered: lists are copied as they stand, their values are not looked up.
    return pl.Series("tags", [[]], dtype=lists.dtype).zip_with(bare, lists) if bare.any() else lists
