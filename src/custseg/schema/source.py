"""Where rows come from: any frame, and which of its columns is which."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

import polars as pl
import polars.selectors as cs
from attrs import field, frozen

from custseg.errors import Problem, SchemaError

if TYPE_CHECKING:
    from custseg.schema.record import Column

__all__ = [
    "ArrowStream",
    "MinorUnits",
    "Source",
    "first_line",
    "minor_units",
    "source_of",
    "unreadable",
]


class ArrowStream(Protocol):
    """Any frame that hands out its columns as Arrow: polars, pandas, pyarrow, DuckDB."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The columns, as a capsule of the Arrow C stream interface."""
        ...


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
    >>> places = {"order_id": "no", "customer_id": "who", "ordered_at": "when"}
    >>> orders = cu.table(cu.Order).require(
    ...     rows, columns={**places, "total": cu.minor_units("cents")}
    ... )
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
    asked = _Asked(_mapping(columns), have, _index_names(frame), wanted)
    picked = {name: _column(name) for name in have if name not in asked.renamed}
    picked.update(asked.expressions())
    problems = asked.problems()
    problems.extend(asked.absences(made))
    problems.extend(
        Problem(
            f"{name!r} would be made by ids=, but the rows have it",
            where="ids",
            fix="leave ids= out, or drop the column from the source",
        )
        for name in made
        if name in picked
    )
    SchemaError.check(problems)
    ordered = {column.name: picked[column.name] for column in wanted if column.name in picked}
    ordered.update({name: expr for name, expr in picked.items() if name not in ordered})
    if not asked.mapping:
        schema = pl.Schema({name: have[name] for name in ordered})
        return Source(rows, ordered, schema, frozenset(), is_plain=True)
    cents = frozenset(name for name, of in asked.mapping.items() if isinstance(of, MinorUnits))
    return Source(rows, ordered, _picked_schema(rows, ordered), cents, is_plain=False)


@frozen(eq=False)
class _Asked:
    """What the caller says of the source: `columns=`, against what there is."""

    mapping: dict[str, object]
    have: pl.Schema
    index: tuple[str, ...]
    wanted: tuple[Column, ...]

    @property
    def sources(self) -> dict[str, object]:
        """The mapping without the wrappers of `minor_units`."""
        return {
            name: given.of if isinstance(given, MinorUnits) else given
            for name, given in self.mapping.items()
        }

    @property
    def renamed(self) -> set[str]:
        """Source columns that are named, and so do not pass through by themselves."""
        return {of for of in self.sources.values() if isinstance(of, str)}

    def expressions(self) -> dict[str, pl.Expr]:
        """What to pick for each name that can be picked."""
        found: dict[str, pl.Expr] = {}
        for name, of in self.sources.items():
            if isinstance(of, pl.Expr):
                found[name] = of.alias(name)
            elif isinstance(of, str) and of in self.have:
                found[name] = _column(of).alias(name)
        return found

    def problems(self) -> list[Problem]:
        """Sources that are not there."""
        found: list[Problem] = []
        for name, of in self.sources.items():
            where = f"columns[{name!r}]"
            if isinstance(of, str):
                if of not in self.have:
                    what = f"the source has no column {of!r}"
                    found.append(Problem(what, where, self._fix_for(name, of)))
            elif not isinstance(of, pl.Expr):
                fix = "give a source column's name or an expression"
                found.append(Problem(f"{of!r} is no source", where, fix))
            else:
                found.extend(self._several(of, where))
        return found

    def _several(self, of: pl.Expr, where: str) -> list[Problem]:
        """An expression over many columns, or over a pattern, that gives not just one."""
        if not of.meta.has_multiple_outputs():
            return []
        try:
            asked = pl.LazyFrame(schema=self.have).select(of.meta.undo_aliases())
            given = list(asked.collect_schema())
        except pl.exceptions.PolarsError:
            return []
        if len(given) == 1:
            return []
        told = f"{len(given)} columns: {', '.join(map(repr, given[:4]))}" if given else "no column"
        what = f"the expression gives {told}"
        return [Problem(what, where, "name the one column, or make one value of several")]

    def _fix_for(self, name: str, of: str) -> str:
        if self._swaps(name, of):
            return f"keys and values swapped? write {{{of!r}: {name!r}}}"
        if of in self.index:
            return _RESET
        near = difflib.get_close_matches(of, list(self.have), n=3, cutoff=0.5)
        if near:
            return "did you mean " + " or ".join(map(repr, near)) + "?"
        return _listed(self.have)

    def absences(self, made: tuple[str, ...]) -> list[Problem]:
        """Columns of the table that every row must have, and nothing gives."""
        return [
            self._absence(column.name)
            for column in self.wanted
            if not (column.optional or column.name in made or column.name in self.mapping)
            and (column.name not in self.have or column.name in self.renamed)
            and not self._is_swapped(column.name)
        ]

    def _is_swapped(self, name: str) -> bool:
        # Already told where the mapping is looked at: once is enough.
        return any(
            isinstance(of, str) and of == name and self._swaps(key, of)
            for key, of in self.sources.items()
        )

    def _swaps(self, name: str, of: str) -> bool:
        ours = any(column.name == of for column in self.wanted)
        return ours and name in self.have and of not in self.have

    def _absence(self, name: str) -> Problem:
        what = f"{name!r} is not in the source"
        used = [key for key, of in self.sources.items() if isinstance(of, str) and of == name]
        # What is another column of the table by its own name is not this one too.
        taken = {column.name for column in self.wanted}
        free = [column for column in self.have if column not in taken]
        near = difflib.get_close_matches(name, free, n=1, cutoff=0.5)
        misspelt = difflib.get_close_matches(name, list(self.mapping), n=1, cutoff=0.8)
        if used and name in self.have:
            what = f"{name!r} is in the source, but columns= takes it as {used[0]!r} only"
            fix = f"say so if it is both: columns={{{name!r}: {name!r}}}"
        elif name in self.index:
            fix = _RESET
        elif misspelt:
            fix = f"columns= has {misspelt[0]!r}: did you mean {name!r}?"
        elif near:
            fix = f"say where it is: columns={{{name!r}: {near[0]!r}}}"
        else:
            fix = f"say where it is: columns={{{name!r}: ...}}; {_listed(self.have)}"
        return Problem(what, where="columns", fix=fix)


_RESET = "it is the index of the pandas frame: call reset_index() first"


def _listed(have: pl.Schema) -> str:
    some = list(have)[:12]
    more = ", ..." if len(have) > len(some) else ""
    return f"the source has {', '.join(map(repr, some))}{more}" if some else "the source is empty"


def _mapping(columns: object) -> dict[str, object]:
    if columns is None:
        return {}
    given = cast("Mapping[object, object]", columns)
    if not isinstance(columns, Mapping) or not all(isinstance(name, str) for name in given):
        raise SchemaError(
            f"columns={columns!r} does not map names to sources",
            where="columns",
            fix='write columns={"customer_id": "CustNo"}: our name, then the source\'s',
        )
    return {str(name): of for name, of in given.items()}


def _column(name: str) -> pl.Expr:
    """The column of this very name, which `pl.col` may take for a pattern."""
    return cs.by_name(name) if name == "*" or name.startswith("^") else pl.col(name)


def _rows(frame: object) -> pl.DataFrame | pl.LazyFrame:
    if isinstance(frame, pl.DataFrame | pl.LazyFrame):
        return frame
    kind = type(frame).__name__
    if not hasattr(frame, "__arrow_c_stream__"):
        raise SchemaError(
            f"rows cannot be read from a {kind}",
            where="frame",
            fix="give a polars frame, or anything with __arrow_c_stream__ "
            "(pandas, pyarrow, DuckDB)",
        )
    try:
        return pl.DataFrame(cast("Any", frame))
    except Exception as error:
        raise SchemaError(
            f"the {kind} cannot be read as Arrow: {first_line(error)}",
            where="frame",
            fix="give each column one type (and install pyarrow for pandas)",
        ) from error


def unreadable(error: BaseException) -> SchemaError:
    """The error for a source whose schema or rows cannot be read."""
    return SchemaError(
        f"the source cannot be read: {first_line(error)}",
        where="frame",
        fix="check the path and the query before it",
    )


def _schema(rows: pl.DataFrame | pl.LazyFrame) -> pl.Schema:
    if isinstance(rows, pl.DataFrame):
        return rows.schema
    try:
        return rows.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(error) from error


def _picked_schema(rows: pl.DataFrame | pl.LazyFrame, picked: dict[str, pl.Expr]) -> pl.Schema:
    try:
        return rows.lazy().select(picked.values()).collect_schema()
    except pl.exceptions.PolarsError as error:
        raise SchemaError(
            f"an expression of columns= cannot be read: {first_line(error)}",
            where="columns",
            fix=_listed(_schema(rows)),
        ) from error


def first_line(error: BaseException) -> str:
    """What an error of polars says, without the query it quotes."""
    return str(error).strip().split("\n", maxsplit=1)[0]


def _index_names(frame: object) -> tuple[str, ...]:
    index = getattr(frame, "index", None)
    return tuple(name for name in getattr(index, "names", ()) if isinstance(name, str))
