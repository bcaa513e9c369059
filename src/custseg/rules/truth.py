"""Whether an expression is true or false, as far as that shows without its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from custseg.model.measure_name import MeasureName
from custseg.rules.tree import COMPARISONS, children, function_of, kind_of, lone, path_of

if TYPE_CHECKING:
    from custseg.rules.tree import Node

__all__ = ["is_boolean"]

_LOGIC = frozenset({"And", "Or", "Xor", "LogicalAnd", "LogicalOr"})
# Families whose functions are true or false only if named here ...
_MIXED = {
    "Sql": {"IsIn"},
    "StringExpr": {"Contains", "ContainsAny", "StartsWith", "EndsWith"},
    "BinaryExpr": {"Contains", "StartsWith", "EndsWith"},
    "TemporalExpr": {"IsLeapYear"},
    "Categorical": {"StartsWith", "EndsWith"},
    "Business": {"IsBusinessDay"},
    "Pow": set[str](),
    "Trigonometry": set[str](),
    "Bitwise": set[str](),
}
# ... and functions whose inputs, or whose types, decide.
_PASSED_ON = {("Boolean", "Not"), ("", "Coalesce"), ("", "FillNull")}
_OPEN = {("StringExpr", "JsonDecode"), ("Categorical", "To")}
_NUMBERS = {"Abs", "Negate", "Sign", "Floor", "Ceil", "Exp", "Log", "Log1p", "SumHorizontal"}


def is_boolean(node: Node) -> bool | None:
    """Whether a tree is true or false whatever its columns hold; None when they decide."""
    path = path_of(node)
    if path:
        return False if len(path) == 1 and MeasureName.parse(path[0]) else None
    kind, held = lone(node)
    inputs = children(node)
    match kind:
        case "BinaryExpr":
            answer = _all_boolean(inputs) if held["op"] in _LOGIC else held["op"] in COMPARISONS
        case "Ternary":
            answer = _all_boolean(inputs[1:])
        case "Cast":
            answer = lone(held["dtype"])[1] == "Boolean"
        case "Alias":
            answer = is_boolean(inputs[0])
        case "Literal":
            answer = kind_of(lone(held)[1]) == "Boolean"
        case "Function":
            answer = _function_is_boolean(node, inputs)
        case _:
            answer = None
    return answer


def _all_boolean(parts: list[Node]) -> bool | None:
    answers = {is_boolean(part) for part in parts if not _is_null(part)}
    if False in answers:
        return False
    return None if None in answers else bool(answers)


def _is_null(node: Node) -> bool:
    return kind_of(node) == "Literal" and kind_of(lone(lone(node)[1])[1]) == "Null"


def _function_is_boolean(node: Node, inputs: list[Node]) -> bool | None:
    family, name, option = function_of(node)
    if (family, name) in _PASSED_ON:
        return _all_boolean(inputs)
    if family == "Boolean" or name == "Contains":
        return True
    if (family, name) == ("Sql", "Binary"):
        return option in COMPARISONS
    if family in _MIXED and (family, name) not in _OPEN:
        return name in _MIXED[family]
    return False if not family and name in _NUMBERS else None
