"""The one place where frames become read-only arrays, and arrays frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
import polars as pl

from custseg.schema.arrow import known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "array",
    "changes",
    "filled",
    "instants",
    "joined",
    "located",
    "masked",
    "minor",
    "minor_at",
    "money",
    "ragged",
    "read_only",
]

# Below, Python's own lists are sooner done than the engine is asked: 200 us for one row.
_FEW_DECIMALS = 32

_Scalar = TypeVar("_Scalar", bound=np.generic)


def read_only(values: NDArray[_Scalar]) -> NDArray[_Scalar]:
    """The same array, contiguous and not writable: kernels know one signature."""
    fixed = values.view() if values.flags.c_contiguous else np.ascontiguousarray(values)
    fixed.setflags(write=False)
    return fixed


def array(column: pl.Series) -> NDArray[np.int64]:
    """A column's physical values, without a copy where it has one chunk.

    Args:
        column: Without nulls; integers, instants or dates become int64,
            floats float64, booleans bool.
    """
    kind = column.dtype
    if isinstance(kind, pl.Int64 | pl.Float64):
        pass
    elif kind.is_integer() or kind.is_temporal():
        # A cast is at hand at once; `to_physical` goes through the engine, 70 us for one row.
        column = column.cast(pl.Int64)
    elif not kind.is_float() and kind != pl.Boolean:
        # Unnamed: the engine would take a name such as `^a$` for a pattern.
        column = column.alias("").to_physical().cast(pl.Int64)
    return read_only((column if column.n_chunks() == 1 else column.rechunk()).to_numpy())


def filled(column: pl.Series, value: int) -> pl.Series:
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
    return column.zip_with(pl.Series(some), pl.Series([None], dtype=column.dtype))


def minor(column: pl.Series) -> pl.Series:
    """Money as whole smallest units, Int64."""
    return column.alias("").to_physical().cast(pl.Int64).alias(column.name)


def minor_at(column: pl.Series, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Money in some rows as whole smallest units; 0 where there is none."""
    if column.null_count() == column.len():
        return np.zeros(rows.size, np.int64)
    if rows.size < _FEW_DECIMALS and isinstance(column.dtype, pl.Decimal):
        told = [column[row] for row in rows.tolist()]
        scale = column.dtype.scale
        return np.array([0 if one is None else int(one.scaleb(scale)) for one in told], np.int64)
    return array(filled(minor(column), 0))[rows]


def money(column: pl.Series, scale: int) -> pl.Series:
    """Whole smallest units (Int64) as money with so many decimals."""
    return column.cast(pl.Int128).reinterpret(dtype=pl.Decimal(18, scale))


def instants(values: NDArray[np.int64], name: str = "") -> pl.Series:
    """Microseconds of UTC as a column of instants."""
    return pl.Series(name, values).cast(pl.Datetime("us", "UTC"))


def joined(parts: Sequence[pl.Series]) -> pl.Series:
    """Series one after the other, in one piece."""
    return parts[0] if len(parts) == 1 else pl.concat(parts, rechunk=True)


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
    if inner.size + 1 == rows:
        return ids, read_only(offsets)
    if ids.dtype == pl.Int64:
        return pl.Series(ids.name, array(ids)[offsets[:-1]]), read_only(offsets)
    return ids[offsets[:-1]], read_only(offsets)


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
