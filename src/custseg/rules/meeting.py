"""A rule meets the rows it will see: names, types and values are checked at once."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, cast

import polars as pl
from attrs import frozen

from custseg.errors import Problem
from custseg.rules.language import by_zero, instead
from custseg.rules.probe import reaches_zero, rows_of
from custseg.rules.tree import (
    COMPARISONS,
    FAILURES,
    children,
    divisors,
    evaluated,
    expression_of,
    function_of,
    kind_of,
    lone,
    path_of,
    paths,
    rebuilt,
    told,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from custseg.rules.language import Condition
    from custseg.rules.tree import Node

__all__ = ["meet"]

_VALUES_SHOWN = 8


def meet(condition: Condition, schema: pl.Schema, *, name: str, where: str) -> list[Problem]:
    """What is wrong when a condition meets rows of this schema, all of it."""
    meeting = _Meeting(condition, schema, [])
    meeting.names()
    result = meeting.type_of(condition.tree)
    if result is not None and not isinstance(result, (pl.Boolean, pl.Null)):
        meeting.found.append(
            (f"is not true or false: it gives {result}", "compare it with something: orders >= 5")
        )
    if not meeting.found:
        meeting.divisions()
    return [
        Problem(f"rule {name!r} {what}", where, fix) for what, fix in dict.fromkeys(meeting.found)
    ]


@frozen
class _Meeting:
    condition: Condition
    schema: pl.Schema
    found: list[tuple[str, str]]

    def names(self) -> None:
        """Every column and field that is not there, with the nearest that is."""
        for path in paths(self.condition.tree):
            if self._type_at(path) is not None:
                continue
            shown = ".".join(path)
            known = (*_named(self.schema), *_fields(self.schema))
            fix = instead(shown, known)
            if path[-1] in self.condition.quoted:
                fix = f"{fix}; text values have single quotes: '{path[-1]}'"
            self.found.append((f"reads {shown!r}, which no column, measure or score provides", fix))

    def _type_at(self, path: tuple[str, ...]) -> pl.DataType | None:
        dtype = self.schema.get(path[0])
        for part in path[1:]:
            if not isinstance(dtype, pl.Struct):
                return None
            dtype = {own.name: cast("pl.DataType", own.dtype) for own in dtype.fields}.get(part)
        return dtype

    def type_of(self, node: Node) -> pl.DataType | None:
        """The type a node gives, found by trying it on a null and a zero row.

        None when a name or type under it is wrong; polars' own schema says
        Boolean for comparisons that fail when they run.
        """
        path = path_of(node)
        if path:
            return self._type_at(path)
        if kind_of(node) == "Literal":
            values = evaluated(node, pl.DataFrame())
            return None if values is None else values.dtype
        types = [self.type_of(child) for child in children(node)]
        if any(dtype is None for dtype in types):
            return None
        known = cast("list[pl.DataType]", types)
        if self._missing_values(node, known):
            return pl.Boolean()
        if _compares(node) and (_text_and_number(known) or _struct_and_other(known)):
            # Polars compares text with money, which is decimal, as text, and a
            # struct with anything, with an answer that depends on other rows.
            self.found.append(_mismatch(node, known, ""))
            return None
        return self._tried(node, known)

    def _tried(self, node: Node, types: list[pl.DataType]) -> pl.DataType | None:
        parts = children(node)
        fresh: list[Node] = [
            part if kind_of(part) == "Literal" else {"Column": str(index)}
            for index, part in enumerate(parts)
        ]
        frame = rows_of({str(index): dtype for index, dtype in enumerate(types)})
        if kind_of(node) == "Function":
            # Functions may refuse a zero (the first of an empty list); types show on nulls.
            frame = frame.head(1)
        try:
            tree = _lenient(rebuilt(node, fresh))
            return frame.select(expression_of(tree).alias("")).to_series().dtype
        except FAILURES as error:
            # A column that is null throughout has no type to be wrong.
            if pl.Null not in types:
                self.found.append(_mismatch(node, types, str(error)))
            return None

    def _missing_values(self, node: Node, types: list[pl.DataType]) -> bool:
        """Whether fixed values are compared with text that is none of them."""
        before = len(self.found)
        parts = children(node) if _compares(node) else []
        for side, other in ((0, 1), (1, 0)) if parts else ():
            dtype = types[side]
            if isinstance(dtype, pl.Enum) and kind_of(parts[other]) == "Literal":
                known = dtype.categories.to_list()
                self.found.extend(
                    _no_such_value(parts[side], value, known)
                    for value in _texts(parts[other])
                    if value not in known
                )
        return len(self.found) > before

    def divisions(self) -> None:
        """Divisors that are zero on a zero row, now that the types are known."""
        types = {
            ".".join(path): cast("pl.DataType", self._type_at(path))
            for path in paths(self.condition.tree)
        }
        for divisor in divisors(self.condition.tree):
            if reaches_zero(divisor, types):
                self.found.append(by_zero(divisor))


def _named(schema: pl.Schema) -> Iterator[str]:
    """Columns that hold anything: what has no type is null throughout."""
    return (name for name, dtype in schema.items() if dtype != pl.Null)


def _fields(schema: pl.Schema) -> Iterator[str]:
    for name, dtype in schema.items():
        if isinstance(dtype, pl.Struct):
            yield from (f"{name}.{part.name}" for part in dtype.fields if part.dtype != pl.Null)


def _lenient(node: Node) -> Node:
    """The node with its casts made lenient: a zero row is no evidence against strict ones."""
    kind, held = lone(node)
    return {kind: {**held, "options": "NonStrict"}} if kind == "Cast" else node


def _compares(node: Node) -> bool:
    kind, held = lone(node)
    if kind == "BinaryExpr":
        return held["op"] in COMPARISONS
    if kind != "Function":
        return False
    family, name, option = function_of(node)
    return name == "IsIn" or ((family, name) == ("Sql", "Binary") and option in COMPARISONS)


def _texts(literal: Node) -> list[str]:
    """The text values of a literal: one, or those of a list."""
    values = evaluated(literal, pl.DataFrame())
    while values is not None and isinstance(values.dtype, (pl.List, pl.Array)):
        values = values.explode()
    if values is None or values.dtype != pl.String:
        return []
    return values.drop_nulls().to_list()


def _no_such_value(node: Node, value: str, known: list[str]) -> tuple[str, str]:
    close = difflib.get_close_matches(value, known, n=1)
    hints = [f"did you mean {close[0]!r}?"] if close else []
    if len(known) <= _VALUES_SHOWN:
        hints.append(f"its values are {', '.join(known)}" if known else "the column has no values")
    elif not close:
        hints.append(f"its values begin with {', '.join(known[:_VALUES_SHOWN])}")
    return f"compares {told(node)} with {value!r}, which is none of its values", " ".join(hints)


def _mismatch(node: Node, types: list[pl.DataType], error: str) -> tuple[str, str]:
    listed = " and ".join(
        f"{told(part)} ({_word(dtype)})" for part, dtype in zip(children(node), types, strict=True)
    )
    if _compares(node):
        return f"compares {listed}", _comparison_fix([_inner(dtype) for dtype in types], types)
    if any(isinstance(dtype, pl.Enum) for dtype in types):
        return f"reads {listed} as text", "cast it first: CAST(column AS VARCHAR)"
    reason = error.partition("\n")[0].partition(" (lhs")[0]
    fix = "make the types fit, for instance with CAST(column AS DOUBLE)"
    return f"cannot work on {listed}: {reason}", fix


def _comparison_fix(plain: list[pl.DataType], types: list[pl.DataType]) -> str:
    if _text_and_number(plain):
        return "text values have single quotes, numbers have none; or cast: CAST(column AS DOUBLE)"
    if any(dtype.is_temporal() for dtype in plain):
        return "write a day or instant: DATE '2026-06-01', TIMESTAMP '2026-06-01 10:00:00'"
    if any(isinstance(dtype, (pl.List, pl.Array)) for dtype in types):
        return "for a list column write ARRAY_CONTAINS(column, value)"
    return "compare values of one type, or cast: CAST(column AS VARCHAR)"


def _text_and_number(types: list[pl.DataType]) -> bool:
    text = any(isinstance(dtype, pl.String) for dtype in types)
    return text and any(dtype.is_numeric() for dtype in types)


def _struct_and_other(types: list[pl.DataType]) -> bool:
    structs = sum(isinstance(dtype, pl.Struct) for dtype in types)
    return 0 < structs < len(types)


def _inner(dtype: pl.DataType) -> pl.DataType:
    return cast("pl.DataType", dtype.inner) if isinstance(dtype, pl.List) else dtype


def _word(dtype: pl.DataType) -> str:
    """A type in a reader's word."""
    if dtype.is_numeric():
        return "number"
    return _WORDS.get(type(dtype), str(dtype))


_WORDS: dict[type[pl.DataType], str] = {
    pl.String: "text",
    pl.Boolean: "true or false",
    pl.Date: "day",
    pl.Datetime: "instant",
    pl.Duration: "length of time",
    pl.Enum: "fixed values",
    pl.List: "list",
    pl.Struct: "struct",
}
