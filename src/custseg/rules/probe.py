"""Small frames to try an expression on: what it does with nulls, zeros and types."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, cast

import polars as pl

from custseg.model.measure_name import MeasureName
from custseg.rules.tree import evaluated, flattened, paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from custseg.rules.tree import Node

__all__ = ["assignments", "reaches_zero", "rows_of", "typed"]

# Tried in this order where a column's type is not known; money and measures come first.
_TRIED: tuple[pl.DataType, ...] = (
    pl.Float64(),
    pl.String(),
    pl.Datetime("us"),
    pl.Boolean(),
    pl.List(pl.String()),
    pl.Int64(),
    pl.Duration("us"),
)
_TRIALS = 400


# What stands for nothing in types that have no number zero.
_NOTHING: dict[type[pl.DataType], object] = {
    pl.String: "",
    pl.Boolean: False,
    pl.Binary: b"",
    pl.List: [],
}


def _zero(dtype: pl.DataType) -> object:
    """The value of a type that stands for nothing; None where it has none."""
    if isinstance(dtype, pl.Struct):
        return {part.name: _zero(cast("pl.DataType", part.dtype)) for part in dtype.fields}
    if isinstance(dtype, pl.Enum):
        return next(iter(dtype.categories), None)
    return _NOTHING.get(type(dtype))


def rows_of(columns: dict[str, pl.DataType]) -> pl.DataFrame:
    """A frame of two rows, all null and all zero, over these columns."""
    return pl.DataFrame([_probe(name, dtype) for name, dtype in columns.items()])


def _probe(name: str, dtype: pl.DataType) -> pl.Series:
    if dtype.is_numeric() or dtype.is_temporal():
        # A zero of a temporal type is its epoch.
        return pl.Series(name, [None, 0], dtype=pl.Int64).cast(dtype)
    return pl.Series(name, [None, _zero(dtype)], dtype=dtype)


def assignments(names: Sequence[str]) -> Iterator[dict[str, pl.DataType]]:
    """Types that columns of these names may have, the likeliest first; not without end."""
    choices = [_choices(name) for name in names]
    for picked in itertools.islice(itertools.product(*choices), _TRIALS):
        yield dict(zip(names, picked, strict=True))


def _choices(name: str) -> tuple[pl.DataType, ...]:
    measure = MeasureName.parse(name)
    if measure is None:
        return _TRIED
    return (pl.String(),) if measure.base == "top_category" else (pl.Float64(),)


def reaches_zero(divisor: Node, schema: dict[str, pl.DataType] | None = None) -> bool:
    """Whether a divisor is zero when everything it reads is null, or zero.

    Without a schema the likeliest types that polars accepts are taken; a divisor
    that none fits is left to the real schema.
    """
    plain = flattened(divisor)
    names = [path[0] for path in paths(plain)]
    for types in assignments(names) if schema is None else [schema]:
        values = evaluated(plain, rows_of({name: types[name] for name in names}))
        if values is not None:
            return values.dtype.is_numeric() and bool((values == 0).any())
    return False


def typed(frame: pl.DataFrame, read: Sequence[tuple[str, ...]]) -> Iterator[pl.DataFrame]:
    """The frame with its columns of no type (null throughout) in types they may have."""
    untyped = [path for path in read if _without_type(frame.schema, path)]
    for types in assignments([".".join(path) for path in untyped]) if untyped else ():
        changed = frame
        for path in untyped:
            dtype = types[".".join(path)]
            own = pl.col(path[0])
            if len(path) == 1:
                changed = changed.with_columns(own.cast(dtype))
            else:
                part = pl.field(path[1]).cast(dtype)
                changed = changed.with_columns(own.struct.with_fields(part))
        yield changed


def _without_type(schema: pl.Schema, path: tuple[str, ...]) -> bool:
    dtype = schema.get(path[0])
    if len(path) > 1 and isinstance(dtype, pl.Struct):
        return {own.name: own.dtype for own in dtype.fields}.get(path[1]) == pl.Null
    return len(path) == 1 and dtype == pl.Null
