"""Conditions that compare columns with numbers: of few rows they are told without the engine."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np
import polars as pl
from attrs import field, frozen

from custseg.rules.tree import lone
from custseg.schema.arrow import known
from custseg.schema.bridge import array, array_or

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from custseg.rules.tree import Node

__all__ = ["FEW", "Arrays", "Outright", "outright", "told"]

FEW = 5_000
"""Rows up to which the engine takes longer to begin than numpy to end."""

_SIGNS = {
    "Gt": np.greater,
    "GtEq": np.greater_equal,
    "Lt": np.less,
    "LtEq": np.less_equal,
    "Eq": np.equal,
    "NotEq": np.not_equal,
}
# What floats are asked instead, and the answer turned round: NaN stands above all numbers.
_TURNED = {"Gt": np.less_equal, "GtEq": np.less}
_JOINTS = {"And": np.logical_and, "Or": np.logical_or}

# Float64 holds every whole number up to here.
_WHOLE = 2**53

Seen = tuple["NDArray[Any]", "NDArray[np.bool_] | None"]


@frozen(eq=False)
class Arrays:
    """Columns of a frame as arrays: each is made once, for all conditions that read it.

    Attributes:
        frame: The rows.
    """

    frame: pl.DataFrame
    _made: dict[str, Seen | None] = field(factory=dict, init=False)

    @cached_property
    def _columns(self) -> dict[str, pl.Series]:
        return dict(zip(self.frame.columns, self.frame.get_columns(), strict=True))

    def of(self, name: str) -> Seen | None:
        """Values, and where there is one (None: everywhere); None for other types than numbers."""
        made = self._made
        if name not in made:
            made[name] = self._seen(name)
        return made[name]

    def _seen(self, name: str) -> Seen | None:
        column = self._columns.get(name)
        kind = None if column is None else column.dtype
        if column is None or not isinstance(kind, (pl.Int64, pl.Float64)):
            return None
        if not column.null_count():
            return array(column), None
        # Floats that are null are NaN there.
        return array_or(column, 0) if isinstance(kind, pl.Int64) else array(column), known(column)


@frozen(eq=False)
class _Comparison:
    """A column beside a number.

    Attributes:
        column: Its name.
        sign: How they are compared, as the tree has it.
        number: The number; a whole one is compared with whole numbers and floats.
    """

    column: str
    sign: str
    number: float

    def hits(self, arrays: Arrays) -> NDArray[np.bool_] | None:
        """Whether each row hits, null is no; None where only the engine can tell."""
        seen = arrays.of(self.column)
        if seen is None:
            return None
        values, some = seen
        if values.dtype == np.int64:
            if isinstance(self.number, float):
                return None
            found = _SIGNS[self.sign](values, self.number)
        elif self.sign in _TURNED:
            found = ~_TURNED[self.sign](values, self.number)
        else:
            found = _SIGNS[self.sign](values, self.number)
        return found if some is None else found & some


@frozen(eq=False)
class _Joined:
    """Two conditions joined by AND or OR: what is null may count as no before they are joined."""

    joint: str
    left: Outright
    right: Outright

    def hits(self, arrays: Arrays) -> NDArray[np.bool_] | None:
        """As of a comparison."""
        left, right = self.left.hits(arrays), self.right.hits(arrays)
        return None if left is None or right is None else _JOINTS[self.joint](left, right)


Outright: TypeAlias = _Comparison | _Joined


def outright(tree: Node) -> Outright | None:
    """The condition, if it is made of such comparisons alone.

    >>> from custseg.rules.tree import tree_of
    >>> told = outright(tree_of(pl.sql_expr("orders >= 2 AND spend > 10")))
    >>> told.hits(Arrays(pl.DataFrame({"orders": [2, 2, 1], "spend": [11.0, None, 11.0]}))).tolist()
    [True, False, False]
    >>> outright(tree_of(pl.sql_expr("NOT orders >= 2"))) is None
    True
    """
    kind, held = lone(tree)
    if kind != "BinaryExpr":
        return None
    sign = held["op"]
    if sign in _JOINTS:
        left, right = outright(held["left"]), outright(held["right"])
        return None if left is None or right is None else _Joined(sign, left, right)
    column, number = lone(held["left"]), _number(held["right"])
    if sign not in _SIGNS or column[0] != "Column" or number is None:
        return None
    return _Comparison(column[1], sign, number)


def told(asked: Iterable[Outright | None], frame: pl.DataFrame) -> list[NDArray[np.bool_] | None]:
    """What each condition says of each row; None for those that only the engine can tell."""
    arrays = Arrays(frame)
    return [None if each is None else each.hits(arrays) for each in asked]


def _number(node: Node) -> float | None:
    """A number that was written without a type; None for any other node."""
    kind, held = lone(node)
    family, told = lone(held) if kind == "Literal" else ("", None)
    kind, value = lone(told) if family == "Dyn" else ("", None)
    if kind == "Int" and abs(cast("int", value)) <= _WHOLE:
        return value
    return value if kind == "Float" and isinstance(value, float) and value == value else None  # noqa: PLR0124
