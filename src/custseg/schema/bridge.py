"""The one place where frames become read-only arrays, and arrays frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
import polars as pl

from custseg.schema.arrow import known, longs, true, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from polars._typing import PolarsDataType

__all__ = [
    "array",
    "array_or",
    "changes",
    "filled",
    "framed",
    "instants",
    "joined",
    "located",
    "masked",
    "minor",
    "money",
    "nulls",
    "occurrences",
    "ragged",
    "read_only",
    "taken",
    "units",
]

_NULL = pl.Series([None], dtype=pl.Null)
_PHYSICAL = (pl.Int64, pl.Float64)
_INSTANT = pl.Datetime("us", "UTC")

_Scalar = TypeVar("_Scalar", bound=np.generic)


def read_only(values: NDArray[_Scalar]) -> NDArray[_Scalar]:
    """The same array, contiguous and not writable: kernels know one signature."""
    flags = values.flags
    if flags.c_contiguous and not flags.writeable:
        return values
    fixed = values.view() if flags.c_contiguous else np.ascontiguousarray(values)
    fixed.setflags(write=False)
    return fixed


def array(column: pl.Series) -> NDArray[np.int64]:
    """A column's physical values, without a copy where it has one chunk.

    Args:
        column: Without nulls; integers, instants or dates become int64,
            floats float64, booleans bool.
    """
    kind = column.dtype
    if isinstance(kind, _PHYSICAL):
        pass
    elif kind.is_temporal() or kind.is_integer():
        # A cast is at hand at once; `to_physical` goes through the engine, 70 us for one row.
        column = column.cast(pl.Int64)
    elif not (kind.is_float() or kind == pl.Boolean):
        # Unnamed: the engine would take a name such as `^a$` for a pattern.
        column = column.alias("").to_physical().cast(pl.Int64)
    return read_only((column if column.n_chunks() == 1 else column.rechunk()).to_numpy())


def array_or(column: pl.Series, value: int) -> NDArray[np.int64]:
    """The same, with a value where a column has none.

    Args:
        column: Integers, instants or dates.
        value: What stands for none.

    >>> array_or(pl.Series([7, None]), 0).tolist()
    [7, 0]
    """
    if not column.null_count():
        return array(column)
    whole = column if column.dtype == pl.Int64 else column.cast(pl.Int64)
    return read_only(np.where(known(whole), longs(whole), value))


def filled(column: pl.Series, value: int | str) -> pl.Series:
    """A column with a value where it has none.

    `fill_null` goes through the engine, 100 us for one row.

    >>> filled(pl.Series([7, None]), 0).to_list()
    [7, 0]
    """
    if not column.null_count():
        return column
    return column.zip_with(pl.Series(known(column)), pl.Series([value], dtype=column.dtype))


def masked(column: pl.Series, some: NDArray[np.bool_]) -> pl.Series:
    """A column with a value in some of its rows only, null in the others.

    >>> masked(pl.Series([7, 8]), np.array([True, False])).to_list()
    [7, None]
    """
    if some.all():
        return column
    return column.zip_with(pl.Series(some), _NULL.cast(column.dtype))


def minor(column: pl.Series) -> pl.Series:
    """Money as whole smallest units, Int64."""
    return column.alias("").to_physical().cast(pl.Int64).alias(column.name)


def units(column: pl.Series) -> NDArray[np.int64]:
    """Money as whole smallest units; 0 where there is none.

    >>> units(pl.Series([1, None]).cast(pl.Decimal(18, 2))).tolist()
    [100, 0]
    """
    if column.null_count() == column.len():
        return read_only(np.zeros(column.len(), np.int64))
    own = words(column)[:, 0]
    return read_only(np.where(known(column), own, 0) if column.null_count() else own)


def money(column: pl.Series, scale: int) -> pl.Series:
    """Whole smallest units (Int64) as money with so many decimals."""
    return column.cast(pl.Int128).reinterpret(dtype=pl.Decimal(18, scale))


def instants(values: NDArray[np.int64], name: str = "") -> pl.Series:
    """Microseconds of UTC as a column of instants."""
    return pl.Series(name, values).cast(_INSTANT)


def joined(parts: Sequence[pl.Series]) -> pl.Series:
    """Series one after the other, in one piece."""
    return parts[0] if len(parts) == 1 else pl.concat(parts, rechunk=True)


def framed(columns: list[pl.Series]) -> pl.DataFrame:
    """Columns of one length, each with a name of its own, as a frame.

    >>> framed([pl.Series("a", [1]), pl.Series("b", [2])]).columns
    ['a', 'b']
    """
    return columns[0].to_frame().hstack(columns[1:])


def nulls(name: str, dtype: PolarsDataType, rows: int) -> pl.Series:
    """A column without a value; `pl.repeat` goes through the engine, 100 us for one row.

    >>> nulls("tier", pl.String, 2).to_list()
    [None, None]
    """
    return _NULL.new_from_index(0, rows).cast(dtype).alias(name)


def taken(
    values: pl.Series, places: NDArray[np.int64], some: NDArray[np.bool_] | None = None
) -> pl.Series:
    """Values at places; null where none is taken. `gather` goes through the engine, 90 us.

    Args:
        values: What is taken from.
        places: Where each stands, from 0 on.
        some: Which places count; all when left out.

    >>> taken(pl.Series(["a", "b"]), np.array([1, 1, 0]), np.array([True, False, True])).to_list()
    ['b', None, 'a']
    """
    if some is None:
        return values[pl.Series(places.astype(np.uint32))]
    return values[masked(pl.Series(np.where(some, places, 0).astype(np.uint32)), some)]


def ragged(ids: pl.Series) -> tuple[pl.Series, NDArray[np.int64]]:
    """Distinct ids and where each one's rows begin, of ids that are sorted.

    Returns:
        The ids once each, and int64[n + 1] offsets: rows of id i are
        offsets[i] to offsets[i + 1].
    """
    rows = ids.len()
    if rows == 0:
        return ids, read_only(np.zeros(1, np.int64))
    inner = np.flatnonzero(changes(ids)) + 1
    offsets = np.empty(inner.size + 2, np.int64)
    offsets[0], offsets[1:-1], offsets[-1] = 0, inner, rows
    if inner.size + 1 in (1, rows):
        own = ids.slice(0, inner.size + 1)
    elif ids.dtype == pl.Int64:
        own = pl.Series(ids.name, array(ids)[offsets[:-1]])
    else:
        own = taken(ids, offsets[:-1])
    return own, read_only(offsets)


def changes(ids: pl.Series) -> NDArray[np.bool_]:
    """bool[n - 1]: where the id after a row is another one, of ids without nulls."""
    if ids.dtype == pl.Int64:
        values = array(ids)
        return values[1:] != values[:-1]
    # Slices of a series are compared at hand; a shift goes through the engine, 100 us for one row.
    return (ids.slice(1) != ids.slice(0, max(ids.len() - 1, 0))).to_numpy()


def located(ids: pl.Series, wanted: pl.Series) -> NDArray[np.int64]:
    """Where each wanted id stands among distinct, sorted ones; -1 where it is not there."""
    if ids.len() == 0:
        return np.full(wanted.len(), -1)
    if ids.dtype == pl.Int64:
        have, asked = array(ids), array(wanted)
        at = np.searchsorted(have, asked)
        at[at == have.size] = 0
        at[have[at] != asked] = -1
        return at
    at = ids.search_sorted(wanted).to_numpy().astype(np.int64)
    at[at == ids.len()] = 0
    at[(ids[at] != wanted).to_numpy()] = -1
    return at


def occurrences(ids: pl.Series, wanted: int | str) -> NDArray[np.int64]:
    """Where an id stands among others, of which none is null.

    >>> occurrences(pl.Series([7, 8, 7]), 7).tolist()
    [0, 2]
    """
    if ids.dtype == pl.Int64:
        return np.flatnonzero(array(ids) == wanted)
    return np.flatnonzero(true(ids == wanted))
