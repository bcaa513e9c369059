"""Tally: what a fit must know of all customers, in a form that adds up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from attrs import frozen

from custseg.schema.bridge import array
from custseg.segments.bins import distinct

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Tally"]


@frozen(eq=False)
class Tally:
    """Counted values of customers; tallies of partitions add up to the whole.

    Numbers are counted, never averaged, so the sum is exact: threads,
    partitions and a cluster settle to the scheme one machine would find.

    Attributes:
        tables: Frames of the distinct values that occur, ascending, with the
            number of `customers` that have them.

    >>> import polars as pl
    >>> from custseg.segments.tally import Tally
    >>> one = Tally.of_each(pl.DataFrame({"orders": [1, 1, 4]}))
    >>> both = one + Tally.of_each(pl.DataFrame({"orders": [4, 9]}))
    >>> both.tables[0].rows()
    [(1, 2), (4, 2), (9, 1)]
    """

    tables: tuple[pl.DataFrame, ...]

    @classmethod
    def of_each(cls, measures: pl.DataFrame, /) -> Tally:
        """The values of each column by themselves.

        Args:
            measures: Number columns without nulls, one row a customer.
        """
        tables: list[pl.DataFrame] = []
        for column in measures.iter_columns():
            values, customers = distinct(array(column))
            tables.append(pl.DataFrame({column.name: values, "customers": customers}))
        return cls(tuple(tables))

    @classmethod
    def of_pairs(cls, measures: pl.DataFrame, by: str, /) -> Tally:
        """The values of each column but one, within each value of that one.

        Args:
            measures: Columns, one row a customer; none but `by` has nulls.
            by: The column within whose values the others are counted.

        >>> import polars as pl
        >>> from custseg.segments.tally import Tally
        >>> measures = pl.DataFrame({"region": ["n", "s", "n"], "orders": [1, 1, 1]})
        >>> Tally.of_pairs(measures, "region").tables[0].rows()
        [('n', 1, 2), ('s', 1, 1)]
        """
        one = pl.lit(1, pl.Int64).alias("customers")
        names = (name for name in measures.columns if name != by)
        return cls(tuple(_counted(measures.select(by, name, one)) for name in names))

    @classmethod
    def of_rows(cls, measures: pl.DataFrame, /) -> Tally:
        """The combinations of values that occur together.

        Args:
            measures: Number columns without nulls, one row a customer.
        """
        return cls((_counted(measures.with_columns(customers=pl.lit(1, pl.Int64))),))

    def __add__(self, other: Tally) -> Tally:
        """The tally of both populations, which must not share customers."""
        pairs = zip(self.tables, other.tables, strict=True)
        return Tally(tuple(_counted(pl.concat(pair)) for pair in pairs))

    def __eq__(self, other: object) -> bool:
        """Whether the same values were counted equally often."""
        if not isinstance(other, Tally):
            return NotImplemented
        if len(self.tables) != len(other.tables):
            return False
        return all(a.equals(b) for a, b in zip(self.tables, other.tables, strict=True))

    def only(self, *columns: str) -> Tally:
        """The tally of some columns of the first table, whatever stands beside them."""
        return Tally((_counted(self.tables[0].select(*columns, "customers")),))

    def arrays(self, place: int = 0, /) -> tuple[NDArray[Any], ...]:
        """The columns of one table as arrays, the counts last."""
        return tuple(array(column) for column in self.tables[place].iter_columns())


def _counted(rows: pl.DataFrame) -> pl.DataFrame:
    keys = [name for name in rows.columns if name != "customers"]
    return rows.group_by(keys).agg(pl.col("customers").sum()).sort(keys)
