"""Small frames to try an expression on: what it does with nulls, zeros and types."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, cast

import polars as pl

from custseg.model.measure_name import MeasureName
from custseg.rules.tree import children, evaluated, flattened, function_of, lone, paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from custseg.rules.tree import Node

    _Types = dict[tuple[str, ...], pl.DataType]

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
_JOINING = frozenset({"And", "Or", "LogicalAnd", "LogicalOr"})


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


def typed(frame: pl.DataFrame, tree: Node) -> Iterator[pl.DataFrame]:
    """The frame with its columns of no type (null throughout) in types that they may have.

    What joins conditions does not mind their types, so that each condition is
    tried by itself; types in which all of them can be answered are kept.
    """
    fits = [_fits(frame, part) for part in _conditions(tree)]
    # The condition that leaves the least choice comes first.
    for types in itertools.islice(_agreed(sorted(fits, key=len), {}), _TRIALS):
        yield _in_types(frame, types)


def _conditions(tree: Node) -> Iterator[Node]:
    """The conditions that AND, OR, NOT and CASE join; whatever else a tree is, is one."""
    kind, held = lone(tree)
    joins = kind == "BinaryExpr" and held["op"] in _JOINING
    denies = kind == "Function" and function_of(tree)[:2] == ("Boolean", "Not")
    if not (joins or denies or kind == "Ternary"):
        yield tree
        return
    for part in children(tree):
        yield from _conditions(part)


def _fits(frame: pl.DataFrame, condition: Node) -> list[_Types]:
    """Types of the columns without one in which a condition can be answered."""
    untyped = [path for path in paths(condition) if _without_type(frame.schema, path)]
    named = {path: ".".join(path) for path in untyped}
    tried = (
        {path: types[name] for path, name in named.items()}
        for types in assignments(list(named.values()))
    )
    return [types for types in tried if _answers(evaluated(condition, _in_types(frame, types)))]


def _answers(values: pl.Series | None) -> bool:
    """Whether they are a condition's: values of another type would stop AND and CASE."""
    return values is not None and isinstance(values.dtype, (pl.Boolean, pl.Null))


def _agreed(fits: Sequence[Sequence[_Types]], chosen: _Types) -> Iterator[_Types]:
    """One choice for each condition, so that no column has two types."""
    if not fits:
        yield chosen
        return
    for types in fits[0]:
        if all(chosen.get(path, dtype) == dtype for path, dtype in types.items()):
            yield from _agreed(fits[1:], {**chosen, **types})


def _in_types(frame: pl.DataFrame, types: _Types) -> pl.DataFrame:
    changed = frame
    for path, dtype in types.items():
        own = pl.col(path[0])
        within = own.struct.with_fields(pl.field(path[-1]).cast(dtype))
        changed = changed.with_columns(within if path[1:] else own.cast(dtype))
    return changed


def _without_type(schema: pl.Schema, path: tuple[str, ...]) -> bool:
    dtype = schema.get(path[0])
    if len(path) > 1 and isinstance(dtype, pl.Struct):
        return {own.name: own.dtype for own in dtype.fields}.get(path[1]) == pl.Null
    return len(path) == 1 and dtype == pl.Null
