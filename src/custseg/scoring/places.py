"""Where ids stand among the customers of a base."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from custseg.schema.bridge import array, read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["places_of"]

# Ids of the range for each row: a table of more takes longer than a join.
_SPARSEST = 8


def places_of(ids: pl.Series, customers: pl.Series, /) -> NDArray[np.int64]:
    """The place of each id among customers; -1 for who is none of them.

    Args:
        ids: Ids in any order.
        customers: Distinct ids, ascending, of the same type.

    >>> places_of(pl.Series([9, 7, 7]), pl.Series([7, 9])).tolist()
    [1, 0, 0]
    """
    if ids.dtype.is_integer() and customers.len():
        lowest, highest = int(customers[0]), int(customers[-1])
        size = highest - lowest + 1
        if size <= _SPARSEST * (ids.len() + customers.len()):
            return read_only(_by_table(array(ids), array(customers), lowest, size))
    known = pl.DataFrame([customers.alias("id")]).with_row_index("place")
    found = pl.DataFrame([ids.alias("id")]).join(known, on="id", how="left", maintain_order="left")
    return array(found["place"].cast(pl.Int64).fill_null(-1))


def _by_table(
    ids: NDArray[np.int64], customers: NDArray[np.int64], lowest: int, size: int
) -> NDArray[np.int64]:
    # The last row stands for whoever lies outside of the range.
    table = np.full(size + 1, -1, np.int64)
    table[customers - lowest] = np.arange(customers.size)
    inside = (ids >= lowest) & (ids < lowest + size)
    return table[np.where(inside, ids - lowest, size)]
