"""Groups: cut points of their own for each value of a column."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import polars as pl
from attrs import field, frozen

from custseg.errors import FitError, Problem
from custseg.schema.bridge import array

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

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

    def places(self, measures: pl.DataFrame, /) -> NDArray[np.int64]:
        """The place of each row's group among `schemes`; behind the last for any other.

        Raises:
            FitError: when the column's values are of another kind than at fitting.
        """
        column = grouping(measures, self.by).alias(self.by)
        values = [value for value, _ in self.schemes]
        if column.dtype != pl.Null:
            self._check_kind(values, column.dtype)
        # Each value is looked up once, however many rows have it.
        known = {value: place for place, value in enumerate(values)}
        seen = column.unique()
        looked_up = [known.get(value, len(values)) for value in seen.to_list()]
        found = column.to_frame().join(
            pl.DataFrame([seen, pl.Series("place", looked_up, dtype=pl.Int64)]),
            on=self.by,
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )
        return array(found["place"])

    def _check_kind(self, values: Sequence[Value], dtype: pl.DataType) -> None:
        kind = _kind(dtype)
        strange = [value for value in values if value is not None and type(value) is not kind]
        if strange:
            raise FitError(
                f"{self.by!r} is {dtype} here, and {strange[0]!r} is a group of the scheme",
                where="RFM.by",
                fix="read the column as it was read for fitting, or fit anew",
            )

    def _problems(self) -> Iterator[Problem]:
        before: set[Value] = set()
        for place, (value, _) in enumerate(self.schemes):
            where = f"RFMScheme.groups[{place}]"
            if not isinstance(value, str | int | None):  # pyright: ignore[reportUnnecessaryIsInstance] # texts are edited by hand
                fix = "give text, a whole number, a flag or null"
                yield Problem(f"{value!r} names no group", where, fix)
            elif value in before:
                yield Problem(f"group {value!r} stands twice", where, "leave one out")
            else:
                before.add(value)


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
