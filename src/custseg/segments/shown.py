"""What a scheme is shown: a frame, the columns that it reads, and known numbers in them."""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from custseg.errors import CustsegError, FitError, Problem
from custseg.schema.bridge import array
from custseg.segments.layout import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["a_frame", "of_buyers"]

_FEW = 16
_PLAIN = (pl.Int64(), pl.Float64())


def a_frame(
    found: object,
    names: Sequence[str],
    /,
    *,
    where: str,
    error: type[CustsegError] = FitError,
) -> None:
    """Refuse what is no frame, or lacks columns.

    Args:
        found: What was given as measures.
        names: The columns that are read.
        where: The call.
        error: What is raised.

    Raises:
        CustsegError: (of that class) naming each column that is not there.

    >>> from custseg.segments.shown import a_frame
    >>> a_frame(pl.DataFrame({"order": [1]}), ("orders",), where="RFM.tally")
    Traceback (most recent call last):
    custseg.FitError: there is no column 'orders'
      where: RFM.tally
      fix:   did you mean 'order'?
    """
    if not isinstance(found, pl.DataFrame):
        fix = "give a polars frame: base.measures(...), pl.from_pandas(frame), lazy.collect()"
        what = f"a {type(found).__name__} is no frame of measures"
        raise error(what, where=where, fix=fix)
    columns = found.columns
    if not all(name in columns for name in names):
        error.check(_absent(columns, names, where))


def _absent(columns: Sequence[str], names: Sequence[str], where: str) -> Iterator[Problem]:
    listed = ", ".join(map(repr, names))
    for name in names:
        if name not in columns:
            near = difflib.get_close_matches(name, columns, n=1)
            fix = f"did you mean {near[0]!r}?" if near else f"read base.measures({listed})"
            yield Problem(f"there is no column {name!r}", where, fix)


def of_buyers(
    measures: pl.DataFrame,
    names: Sequence[str],
    /,
    *,
    orders: str,
    where: str,
    beside: Sequence[str] = (),
) -> pl.DataFrame:
    """The measures with numbers that are known of everyone who ordered.

    Args:
        measures: One row a customer.
        names: What must be a number of who ordered; Decimals become Float64.
        orders: The one of them that counts orders: it must be known of everyone.
        where: The call.
        beside: Other columns that are read.

    Raises:
        FitError: listing each column that is not there, holds no numbers, or
            lacks some.

    >>> from custseg.segments.shown import of_buyers
    >>> seen = pl.DataFrame({"orders": [2, 0], "spend": [float("nan"), None]})
    >>> of_buyers(seen, ("orders", "spend"), orders="orders", where="RFM.tally")
    Traceback (most recent call last):
    custseg.FitError: 'spend' is null or NaN for 1 customer who ordered
      where: RFM.tally
      fix:   fill it, or leave such customers out
    """
    a_frame(measures, (*names, *beside), where=where)
    columns = [measures[name] for name in names]
    partly = [each for each in columns if not _is_known(each)]
    few = measures.height <= _FEW
    if partly and not (few and _are_known(columns, names.index(orders))):
        FitError.check(_unknown(partly, measures[orders], where))
    decimals = [each.cast(pl.Float64) for each in columns if each.dtype.is_decimal()]
    return measures.with_columns(decimals) if decimals else measures


def _are_known(columns: Sequence[pl.Series], orders: int) -> bool:
    """Whether the numbers of who ordered are known; False where a closer look is needed.

    For few rows: the engine takes longer to begin than this loop to end.
    """
    if not all(column.dtype in _PLAIN for column in columns):
        return False
    for row in zip(*(column.to_list() for column in columns), strict=True):
        count = row[orders]
        if count is None or math.isnan(count):
            return False
        if count > 0 and any(value is None or math.isnan(value) for value in row):
            return False
    return True


def _is_known(column: pl.Series) -> bool:
    """Whether a column holds numbers, each of them known."""
    kind = column.dtype
    if column.null_count():
        return False
    if isinstance(kind, pl.Int64):
        return True
    if not kind.is_numeric():
        return False
    # The smallest of some numbers is NaN when one of them is.
    return not kind.is_float() or not len(column) or not math.isnan(array(column).min())


def _lacking(column: pl.Series) -> NDArray[np.bool_]:
    """Where a column is null or NaN."""
    if column.dtype.is_float():
        return np.isnan(array(column))  # null is NaN there
    return array(column.is_null()).astype(np.bool_, copy=False)


def _unknown(partly: Sequence[pl.Series], orders: pl.Series, where: str) -> Iterator[Problem]:
    """What is wrong with columns that have gaps; those of who never ordered are no fault."""
    ordered = array(orders) > 0 if orders.dtype.is_numeric() else np.ones(len(orders), np.bool_)
    for column in partly:
        if not column.dtype.is_numeric() and column.dtype != pl.Null:
            what = f"{column.name!r} is {column.dtype}, not a number"
            yield Problem(what, where, "cast it to numbers")
            continue
        counts = column.name == orders.name
        lacking = _lacking(column) if counts else _lacking(column) & ordered
        if many := int(np.count_nonzero(lacking)):
            who = counted(many, "customer") + ("" if counts else " who ordered")
            what = f"{column.name!r} is null or NaN for {who}"
            yield Problem(what, where, "fill it, or leave such customers out")
