"""Where rows come from: any frame, and which of its columns is which."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import polars as pl
from attrs import field, frozen

from custseg.errors import Problem, SchemaError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from custseg.schema.record import Column

__all__ = ["MinorUnits", "Source", "first_line", "minor_units", "source_of"]


@frozen
class MinorUnits:
    """A source of money that counts smallest units, such as cents.

    Attributes:
        of: The source column's name, or an expression.
    """

    of: str | pl.Expr = field(eq=False)


def minor_units(of: str | pl.Expr, /) -> MinorUnits:
    """Say in `columns=` that a source counts smallest units (cents, not euros).

    >>> import custseg as cu, polars as pl
    >>> rows = pl.DataFrame({"no": [1], "who": [7], "when": ["2026-05-01"], "cents": [1999]})
    >>> orders = cu.table(cu.Order).require(rows, columns={"order_id": "no", "customer_id": "who",
    ...     "ordered_at": "when", "total": cu.minor_units("cents")})
    >>> orders["total"].item()
    Decimal('19.99')
    """
    return MinorUnits(of)


@frozen(eq=False)
class Source:
    """Rows as they came, with the columns of a table picked out.

    Attributes:
        rows: The source as polars has it, lazy or not.
        picked: Expressions for the table's columns and those passed through.
        schema: Dtypes of the picked columns.
        cents: Names of picked columns that count smallest units.
        is_plain: Whether every column passes under its own name, unchanged.
    """

    rows: pl.DataFrame | pl.LazyFrame
    picked: dict[str, pl.Expr]
    schema: pl.Schema
    cents: frozenset[str]
    is_plain: bool


def source_of(
    frame: object,
    columns: Mapping[str, str | pl.Expr | MinorUnits] | None,
    wanted: tuple[Column, ...],
    made: tuple[str, ...] = (),
) -> Source:
    """Pick the columns of a table out of any frame.

    Args:
        frame: A DataFrame, a LazyFrame or anything with `__arrow_c_stream__`.
        columns: The caller's mapping: column of the table to its source.
        wanted: The table's columns.
        made: Columns that the table makes itself (`ids=`).

    Raises:
        SchemaError: for a source that cannot be read, or columns that are not
            there; all of them at once.
    """
    rows = _rows(frame)
    have = _schema(rows)
    mapping = dict(columns or {})
    problems: list[Problem] = []
    picked: dict[str, pl.Expr] = {}
    cents: set[str] = set()
    renamed: set[str] = set()
    for name, given in mapping.items():
        source = given.of if isinstance(given, MinorUnits) else given
        if isinstance(given, MinorUnits):
            cents.add(name)
        if isinstance(source, pl.Expr):
            picked[name] = source.alias(name)
        elif isinstance(source, str) and source in have:  # pyright: ignore[reportUnnecessaryIsInstance]
            picked[name] = pl.col(source).alias(name)
            renamed.add(source)
        else:
            problems.append(_unknown(name, source, have, mapping, frame))
    for name in have:
        if name not in picked and name not in renamed:
            picked[name] = pl.col(name)
    names = [column.name for column in wanted]
    problems.extend(_absent(wanted, picked, have, mapping, made, frame))
    problems.extend(
        Problem(
            f"{name!r} would be made by ids=, but the rows have it",
            where="ids",
            fix='leave ids= out, or drop the column from the source',
        )
        for name in made
        if name in picked
    )
    SchemaError.check(problems)
    ordered = {name: picked[name] for name in names if name in picked}
    ordered.update({name: expr for name, expr in picked.items() if name not in ordered})
    if not mapping:
        schema = pl.Schema({name: have[name] for name in ordered})
        return Source(rows, ordered, schema, frozenset(), is_plain=True)
    return Source(rows, ordered, _picked_schema(rows, ordered), frozenset(cents), is_plain=False)


def _rows(frame: object) -> pl.DataFrame | pl.LazyFrame:
    if isinstance(frame, (pl.DataFrame, pl.LazyFrame)):
        return frame
    if hasattr(frame, "__arrow_c_stream__"):
        try:
            return pl.DataFrame(frame)
        except Exception as error:
            raise SchemaError.of(
                [
                    Problem(
                        f"the {type(frame).__name__} cannot be read as Arrow: {error}",
                        where="frame",
                        fix="give each column one type (and install pyarrow for pandas)",
                    )
                ]
            ) from error
    raise SchemaError.of(
        [
            Problem(
                f"rows cannot be read from a {type(frame).__name__}",
                where="frame",
                fix="give a polars frame, or anything with __arrow_c_stream__ (pandas, pyarrow, DuckDB)",
            )
        ]
    )


def _schema(rows: pl.DataFrame | pl.LazyFrame) -> pl.Schema:
    if isinstance(rows, pl.DataFrame):
        return rows.schema
    try:
        return rows.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SchemaError.of(
            [
                Problem(
                    f"the source cannot be read: {first_line(error)}",
                    where="frame",
                    fix="check the path and the query before it",
                )
            ]
        ) from error


def _picked_schema(rows: pl.DataFrame | pl.LazyFrame, picked: dict[str, pl.Expr]) -> pl.Schema:
    try:
        return rows.lazy().select(picked.values()).collect_schema()
    except pl.exceptions.PolarsError as error:
        raise SchemaError.of(
            [
                Problem(
                    f"an expression of columns= cannot be read: {first_line(error)}",
                    where="columns",
                    fix=f"the source has {', '.join(map(repr, list(_schema(rows))[:12]))}",
                )
            ]
        ) from error


def first_line(error: BaseException) -> str:
    """What an error of polars says, without the query it quotes."""
    return str(error).strip().split("\n", maxsplit=1)[0]


def _unknown(
    name: str,
    source: Any,
    have: pl.Schema,
    mapping: Mapping[str, object],
    frame: object,
) -> Problem:
    where = f"columns[{name!r}]"
    if not isinstance(source, str):
        return Problem(
            f"{source!r} is no source", where=where, fix="give a source column's name or an expression"
        )
    if name in have and source not in have:
        fix = f"keys and values swapped? write {{{source!r}: {name!r}}}"
    elif source in _index_names(frame):
        fix = "it is the index of the pandas frame: call reset_index() first"
    else:
        fix = _nearest(source, have)
    return Problem(f"the source has no column {source!r}", where=where, fix=fix)


def _absent(  # noqa: PLR0913, PLR0917 - the whole view of the caller's request
    wanted: tuple[Column, ...],
    picked: Mapping[str, pl.Expr],
    have: pl.Schema,
    mapping: Mapping[str, object],
    made: tuple[str, ...],
    frame: object,
) -> list[Problem]:
    problems: list[Problem] = []
    for column in wanted:
        if column.optional or column.name in picked or column.name in made or column.name in mapping:
            continue
        near = difflib.get_close_matches(column.name, [*have, *mapping], n=1, cutoff=0.5)
        if column.name in _index_names(frame):
            fix = "it is the index of the pandas frame: call reset_index() first"
        elif column.name in mapping.values():
            fix = f"keys and values swapped? write columns={{{column.name!r}: ...}}"
        elif near:
            fix = f"say where it is: columns={{{column.name!r}: {near[0]!r}}}"
        else:
            listed = ", ".join(map(repr, list(have)[:12]))
            fix = f"say where it is: columns={{{column.name!r}: ...}}; the source has {listed}"
        problems.append(Problem(f"{column.name!r} is not in the source", where="columns", fix=fix))
    return problems


def _index_names(frame: object) -> list[str]:
    index = getattr(frame, "index", None)
    return [name for name in getattr(index, "names", ()) if isinstance(name, str)]


def _nearest(name: str, have: pl.Schema) -> str:
    near = difflib.get_close_matches(name, list(have), n=3, cutoff=0.5)
    if near:
        return "did you mean " + " or ".join(map(repr, near)) + "?"
    return f"the source has {', '.join(map(repr, list(have)[:12]))}"
