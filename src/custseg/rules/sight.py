"""One row as rules see it, and what they read in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import polars as pl
from attrs import frozen

from custseg.errors import Problem, RuleError
from custseg.model.measure_name import MeasureName
from custseg.rules.language import nearest
from custseg.rules.tree import FAILURES

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Sight"]


@frozen
class Sight:
    """One row, with the columns that some rules read."""

    row: pl.DataFrame

    @classmethod
    def of(cls, row: object, names: Iterable[str], *, where: str) -> Sight:
        """The row of a frame or mapping.

        Raises:
            RuleError: when it is not one row, or lacks a name.
        """
        if isinstance(row, pl.DataFrame):
            if row.height != 1:
                what = f"why explains one row, got {row.height}"
                raise RuleError(what, where=where, fix="filter the frame to one row")
            return cls(row)
        if not isinstance(row, Mapping):
            what = f"why explains a row, got {row!r:.60}"
            raise RuleError(
                what, where=where, fix="give a frame of one row, or a mapping of its columns"
            )
        return cls(_framed(cast("Mapping[str, object]", row), list(names), where))

    def told(self, names: Iterable[str]) -> str:
        """The values of some names: `spend = 12.5, region = 'north'`."""
        values: dict[str, Any] = self.row.row(0, named=True)
        return ", ".join(f"{name} = {_shown(_value(values, name))}" for name in names)


def _framed(row: Mapping[str, object], names: list[str], where: str) -> pl.DataFrame:
    held: dict[str, object] = {}
    problems: list[Problem] = []
    for name in names:
        column, _, part = name.partition(".") if name.startswith("customer.") else (name, "", "")
        if column not in row:
            what = f"the row has no {column!r}"
            is_measure = MeasureName.parse(column) is not None
            fix = "give it the measure too, as base.measures(...) tells it"
            problems.append(Problem(what, where, fix if is_measure else nearest(column, row)))
        elif part:
            own = row[column]
            parts = cast("dict[str, object]", held.setdefault(column, {}))
            parts[part] = (
                cast("Mapping[str, object]", own).get(part) if isinstance(own, Mapping) else None
            )
        else:
            held[column] = row[column]
    RuleError.check(problems)
    try:
        return pl.DataFrame({name: [value] for name, value in held.items()})
    except FAILURES as error:
        what = f"the row cannot be read: {error}".partition("\n")[0]
        raise RuleError(what, where=where, fix="give plain values, one for each column") from error


def _value(values: dict[str, Any], name: str) -> object:
    if name in values:
        return values[name]
    column, _, part = name.partition(".")
    return cast("dict[str, object]", values.get(column) or {}).get(part)


def _shown(value: object) -> str:
    if value is None:
        return "null"
    # Dates and decimals read better without the name of their class.
    return repr(value) if type(value) in (str, float, list) else str(value)
