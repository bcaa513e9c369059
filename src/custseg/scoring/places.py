"""Where ids stand among the customers of a base."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg.schema.bridge import array, read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

__all__ = ["Places"]

# Ids of the range for each row: a table of more takes longer than a join.
_SPARSEST = 8


@frozen(eq=False)
class Places:
    """The place of each id: `table[numbers - lowest]`, for a kernel to look up.

    Attributes:
        numbers: int64[n], a number for each id.
        lowest: The number of the table's first row.
        table: int64[r], the place of each number.

    >>> found = Places.of(pl.Series([9, 7, 7]), pl.Series([7, 9]))
    >>> found.table[found.numbers - found.lowest].tolist()
    [1, 0, 0]
    """

    numbers: Ints
    lowest: int
    table: Ints

    @classmethod
    def of(cls, ids: pl.Series, customers: pl.Series, /) -> Places:
        """The places of ids, in any order, among distinct customers, ascending.

        An id that is no customer's must not be looked up.
        """
        if ids.dtype.is_integer() and customers.len():
            lowest = int(customers[0])
            size = int(customers[-1]) - lowest + 1
            if size <= _SPARSEST * (ids.len() + customers.len()):
                table = np.empty(size, np.int64)
                table[array(customers) - lowest] = np.arange(customers.len())
                return cls(array(ids), lowest, read_only(table))
        known = customers.alias("id").to_frame().with_row_index("place")
        found = ids.alias("id").to_frame().join(known, on="id", how="left", maintain_order="left")
        places = found["place"].cast(pl.Int64).fill_null(0)
        return cls(array(places), 0, read_only(np.arange(customers.len())))
