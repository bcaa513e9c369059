"""The tree of an expression: its nodes, what it reads, where it divides.

Polars has no public walk over an expression; its JSON form is the tree. Nodes
are JSON values: a text such as `"Len"`, or a mapping with one key, the kind.
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, cast

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = [
    "COMPARISONS",
    "DEEPEST",
    "FAILURES",
    "Node",
    "children",
    "divisors",
    "each_row",
    "evaluated",
    "expression_of",
    "flattened",
    "function_of",
    "kind_of",
    "lone",
    "path_of",
    "paths",
    "postorder",
    "rebuilt",
    "told",
    "tree_of",
]

Node = dict[str, Any] | str

# A walk here recurses, and so does polars: deeper rules are refused.
DEEPEST = 250

# What polars raises for an expression it cannot parse, resolve or run; a panic
# is no Exception, so it is named.
FAILURES = (
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
    OverflowError,
    TypeError,
    ValueError,
)

COMPARISONS = frozenset({"Eq", "NotEq", "Lt", "LtEq", "Gt", "GtEq", "EqValidity", "NotEqValidity"})
_DIVIDING = frozenset({"TrueDivide", "FloorDivide", "TruncDivide", "RustDivide", "Modulus"})
_SQL_DIVIDING = frozenset({"Div", "IntDiv", "Rem"})


def lone(value: object) -> tuple[str, Any]:
    """The key and value of a mapping with one key; a text is a key without a value.

    >>> lone({"Column": "a"}), lone("Len")
    (('Column', 'a'), ('Len', None))
    """
    if isinstance(value, dict):
        held = cast("dict[str, Any]", value)
        if len(held) == 1:
            return next(iter(held.items()))
    return (value, None) if isinstance(value, str) else ("", None)


def kind_of(node: Node) -> str:
    """The kind of a node: `Column`, `Function`, ..."""
    return lone(node)[0]


def function_of(node: Node) -> tuple[str, str, Any]:
    """The family, name and options of a function node; the family is "" for plain ones.

    >>> function_of({"Function": {"input": [], "function": {"StringExpr": {"Find": 1}}}})
    ('StringExpr', 'Find', 1)
    """
    called = lone(lone(node)[1]["function"])
    if called[0].endswith("Expr") or called[0] in _FAMILIES:
        return (called[0], *lone(called[1]))
    return ("", *called)


_FAMILIES = frozenset(
    {"Boolean", "Sql", "Pow", "Trigonometry", "Bitwise", "Business", "Categorical"}
)


def children(node: Node) -> list[Node]:
    """The nodes under a node, in order; an unknown kind has none."""
    kind, held = lone(node)
    match kind:
        case "BinaryExpr":
            return [held["left"], held["right"]]
        case "Ternary":
            return [held["predicate"], held["truthy"], held["falsy"]]
        case "Function":
            return list(held["input"])
        case "Cast" | "Eval":
            return [held["expr"]]
        case "Alias":
            return [held[0]]
        case _:
            return []


def rebuilt(node: Node, changed: Sequence[Node]) -> Node:
    """The node with its children replaced."""
    kind, held = lone(node)
    match kind:
        case "BinaryExpr":
            return {kind: {**held, "left": changed[0], "right": changed[1]}}
        case "Ternary":
            keys = ("predicate", "truthy", "falsy")
            return {kind: dict(zip(keys, changed, strict=True))}
        case "Function":
            return {kind: {**held, "input": list(changed)}}
        case "Cast" | "Eval":
            return {kind: {**held, "expr": changed[0]}}
        case "Alias":
            return {kind: [changed[0], held[1]]}
        case _:
            return node


def postorder(node: Node) -> Iterator[Node]:
    """Every node, children before parents."""
    for child in children(node):
        yield from postorder(child)
    yield node


def _mapped(node: Node, change: Callable[[Node], Node]) -> Node:
    return change(rebuilt(node, [_mapped(child, change) for child in children(node)]))


def path_of(node: Node) -> tuple[str, ...]:
    """The column, and the fields of it, that a node reads outright; () for other nodes.

    >>> field = {"StructExpr": {"FieldByName": "region"}}
    >>> path_of({"Function": {"input": [{"Column": "customer"}], "function": field}})
    ('customer', 'region')
    """
    kind, held = lone(node)
    if kind == "Column":
        return (held,)
    if kind == "Function":
        family, name, option = function_of(node)
        if (family, name) == ("StructExpr", "FieldByName"):
            outer = path_of(held["input"][0])
            return (*outer, option) if outer else ()
    return ()


def told(node: Node) -> str:
    """A node as an error names it: `'orders'`, `5`, `an expression of spend, orders`."""
    path = path_of(node)
    if path:
        return repr(".".join(path))
    values = None if paths(node) else evaluated(node, pl.DataFrame())
    if values is not None:
        listed = values.to_list()
        return repr(listed[0]) if len(listed) == 1 else repr(listed)
    return f"an expression of {', '.join('.'.join(path) for path in paths(node))}"


def paths(node: Node) -> list[tuple[str, ...]]:
    """Every column or field read, in order of appearance, each once."""
    path = path_of(node)
    if path:
        return [path]
    found = [path for child in children(node) for path in paths(child)]
    return list(dict.fromkeys(found))


def divisors(node: Node) -> list[Node]:
    """What is divided by, wherever the tree divides or takes a remainder."""
    found: list[Node] = []
    for here in postorder(node):
        kind, held = lone(here)
        if kind == "BinaryExpr" and held["op"] in _DIVIDING:
            found.append(held["right"])
        elif kind == "Function":
            family, name, option = function_of(here)
            if (family, name) == ("Sql", "Binary") and option in _SQL_DIVIDING:
                found.append(held["input"][1])
            elif (family, name) == ("Pow", "Generic") and _is_negative(held["input"][1]):
                found.append(held["input"][0])
    return found


def _is_negative(node: Node) -> bool:
    if paths(node):
        return False
    value = evaluated(node, pl.DataFrame())
    return value is not None and value.dtype.is_numeric() and bool((value < 0).any())


def flattened(node: Node) -> Node:
    """The tree with every field read as a column of its own, named `customer.region`."""

    def flat(here: Node) -> Node:
        path = path_of(here)
        return {"Column": ".".join(path)} if len(path) > 1 else here

    return _mapped(node, flat)


def tree_of(expression: pl.Expr) -> Node:
    """The tree of an expression.

    Raises:
        polars.exceptions.PolarsError: when it holds what has no JSON form (a Python function).
        RecursionError: when it is deeper than `DEEPEST`.
    """
    node: Node = json.loads(expression.meta.serialize(format="json"))
    level = [node]
    for _ in range(DEEPEST):
        level = [child for here in level for child in children(here)]
        if not level:
            return node
    raise RecursionError


def expression_of(node: Node) -> pl.Expr:
    """The expression that a tree stands for."""
    return pl.Expr.deserialize(io.StringIO(json.dumps(node)), format="json")


def each_row(found: pl.Series, rows: int) -> pl.Series:
    """What an expression said, once a row: polars says once what is the same for all.

    >>> each_row(pl.Series([True]), 3).to_list(), each_row(pl.Series([True]), 0).to_list()
    ([True, True, True], [])
    """
    return found if found.len() == rows else found.new_from_index(0, rows)


def evaluated(node: Node, frame: pl.DataFrame) -> pl.Series | None:
    """The values of a tree over a frame, or None when polars refuses."""
    try:
        return frame.select(expression_of(node).alias("")).to_series()
    except FAILURES:
        return None
