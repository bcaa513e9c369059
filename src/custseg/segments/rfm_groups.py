"""Groups: cut points of their own for each value of a column."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import polars as pl
from attrs import field, frozen

from custseg.errors import FitError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from custseg.segments.rfm_scheme import RFMScheme

__all__ = ["Groups", "Value", "grouping"]

Value: TypeAlias = str | int | bool | None

_TEXTS = (pl.Enum, pl.Categorical)


@frozen(kw_only=True)
class Groups:
    """Schemes of the groups that had a buyer at fitting.

    Attributes:
        by: The column whose values are the groups.
        schemes: A group's value and its scheme; null is a group like any other.

    Raises:
        FitError: listing everything at once: a value twice, a value that names
            no group.
    """

    by: str
    schemes: tuple[tuple[Value, RFMScheme], ...] = field(converter=tuple)

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot tell groups apart."""
        FitError.check(self._problems())

    def scheme(self, value: Value, /) -> RFMScheme | None:
        """The scheme of a group; None for one that had no buyer at fitting."""
        found = (scheme for own, scheme in self.schemes if own == value)
        return next(found, None)

    def rows(self, measures: pl.DataFrame, /) -> Iterator[tuple[RFMScheme, pl.Series]]:
        """Each scheme with who is in its group, as a column of flags.

        Raises:
            FitError: when the column's values are of another kind than at fitting.
        """
        column = grouping(measures, self.by)
        for value, scheme in self.schemes:
            if value is None:
                yield scheme, column.is_null()
            elif column.dtype != pl.Null:
                yield scheme, column.eq_missing(self._known(value, column.dtype))

    def _known(self, value: Value, dtype: pl.DataType) -> Value:
        if _kind(dtype) is not type(value):
            raise FitError(
                f"{self.by!r} is {dtype} here, and {value!r} is a group of the scheme",
                where="RFM.by",
                fix="read the column as it was read for fitting, or fit anew",
            )
        return value

    def _problems(self) -> Iterator[Problem]:
        values = [value for value, _ in self.schemes]
        for place, value in enumerate(values):
            where = f"RFMScheme.groups[{place}]"
            if not isinstance(value, str | int | None):  # pyright: ignore[reportUnnecessaryIsInstance] # texts are edited by hand
                fix = "give text, a whole number, a flag or null"
                yield Problem(f"{value!r} names no group", where, fix)
            elif value in values[:place]:
                yield Problem(f"group {value!r} stands twice", where, "leave one out")


def grouping(measures: pl.DataFrame, by: str, /) -> pl.Series:
    """The column that groups customers, as text, whole numbers or flags.

    Raises:
        FitError: when it is of another type, by whose values nobody would group.

    >>> import polars as pl
    >>> from custseg.segments.rfm_groups import grouping
    >>> grouping(pl.DataFrame({"region": ["north", None]}), "region").to_list()
    ['north', None]
    """
    column = measures[by]
    if isinstance(column.dtype, _TEXTS):
        return column.cast(pl.String)
    if column.dtype != pl.Null and _kind(column.dtype) is None:
        raise FitError(
            f"{by!r} is {column.dtype}, by whose values nobody is grouped",
            where="RFM.by",
            fix="group by text, whole numbers or flags, such as region",
        )
    return column


def _kind(dtype: pl.DataType) -> type[str | int | bool] | None:
    """What a column's values are in Python; None for what groups nobody."""
    if dtype.is_integer():
        return int
    if dtype == pl.Boolean:
        return bool
    return str if dtype == pl.String else None
