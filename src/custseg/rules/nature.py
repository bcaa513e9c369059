"""Which expressions look at one row only.

What is not listed here as working row by row is refused: a function that a
later polars adds is then an error with a name, never a wrong answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import polars as pl

from custseg.rules.tree import (
    children,
    evaluated,
    function_of,
    kind_of,
    lone,
    paths,
    postorder,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from custseg.rules.tree import Node

__all__ = ["faults"]

# The polars functions that see each row by itself: family -> names.
_ROW_WISE = {
    "": """Abs Negate Sign Floor Ceil Round RoundSF Truncate Exp Log Log1p Erf Erfc Atan2 Clip
        Coalesce FillNull MaxHorizontal MinHorizontal SumHorizontal MeanHorizontal AsStruct
        ToPhysical Replace ReplaceStrict RepeatBy""",
    "Boolean": """IsNull IsNotNull IsFinite IsInfinite IsNan IsNotNan Not IsIn IsBetween IsClose
        AllHorizontal AnyHorizontal""",
    "Sql": "Binary IsIn Round ToFloat",
    "Pow": "Generic Sqrt Cbrt",
    "Trigonometry": """Sin Cos Tan Cot ArcSin ArcCos ArcTan Sinh Cosh Tanh ArcSinh ArcCosh ArcTanh
        Degrees Radians""",
    "Bitwise": """CountOnes CountZeros LeadingOnes LeadingZeros TrailingOnes TrailingZeros""",
    "Business": "IsBusinessDay AddBusinessDay BusinessDayCount",
    "Categorical": "StartsWith EndsWith LenBytes LenChars Slice Physical To",
    "StructExpr": "FieldByName JsonEncode",
    "BinaryExpr": "Contains StartsWith EndsWith Size Get Head Tail Slice HexEncode HexDecode",
    "StringExpr": """Contains ContainsAny CountMatches HexDecode HexEncode Base64Decode
        Base64Encode EndsWith EscapeRegex Extract ExtractAll ExtractGroups ExtractMany Find FindMany
        Head ConcatHorizontal Format JsonDecode JsonPathMatch LenBytes LenChars Lowercase Normalize
        PadEnd PadStart Replace ReplaceMany Reverse Slice Split SplitExact SplitN SplitRegex
        StartsWith StripChars StripCharsEnd StripCharsStart StripPrefix StripSuffix Strptime Tail
        Titlecase ToDecimal ToInteger Uppercase ZFill""",
    "TemporalExpr": """BaseUtcOffset CastTimeUnit Century Combine ConvertTimeZone Date
        DatetimeFunction Day DaysInMonth DSTOffset Duration Hour IsLeapYear IsoYear Microsecond
        Millennium Millisecond Minute Month MonthEnd MonthStart Nanosecond OffsetBy OrdinalDay
        Quarter Replace ReplaceTimeZone Round Second Time TimeStamp ToString TotalDays TotalHours
        TotalMicroseconds TotalMilliseconds TotalMinutes TotalNanoseconds TotalSeconds Truncate
        Week WeekDay Year""",
    "ListExpr": """ArgMax ArgMin Concat Contains CountMatches Diff DropNulls Gather GatherEvery Get
        Join Length Max Mean Median Min SetOperation Shift Slice Sort Std Sum ToArray Var""",
    "ArrayExpr": """ArgMax ArgMin Concat Contains CountMatches Dot Get Join Length Max Mean Median
        Min Shift Sort Std Sum ToList Var""",
}
_ALLOWED = {(family, name) for family, names in _ROW_WISE.items() for name in names.split()}

# Their other inputs are one collection for all rows; as a column they would mean
# the whole column, or this row's list, depending on its type.
_COLLECTING = {
    *(("Boolean", "IsIn"), ("Sql", "IsIn"), ("", "Replace"), ("", "ReplaceStrict")),
    *(("StringExpr", name) for name in ("ContainsAny", "ExtractMany", "FindMany", "ReplaceMany")),
    *(("Business", name) for name in ("IsBusinessDay", "AddBusinessDay", "BusinessDayCount")),
}
_WINDOWS = frozenset({"Over", "Rank", "Rolling", "RollingExpr", "RollingExprBy"})
_AGGREGATES = frozenset(
    {
        "All",
        "Any",
        "ApproxNUnique",
        "ApproxQuantile",
        "ArgMax",
        "ArgMin",
        "Correlation",
        "Entropy",
        "IndexOf",
    }
    | {
        "HasNulls",
        "IsEmpty",
        "IsSorted",
        "Kurtosis",
        "MaxBy",
        "MinBy",
        "Mode",
        "NullCount",
        "Product",
        "Quantile",
        "Skew",
    }
)
_COUNTING = frozenset({"Count", "Len", "NullCount"})
_PYTHON = frozenset({"AnonymousFunction", "AnonymousAgg", "FfiPlugin", "PluginV2"})


def faults(root: Node, *, sql: bool) -> list[tuple[str, str]]:
    """What in a tree is not a condition on one row: (kind of fault, what shows it), each once.

    Kinds: `aggregate`, `window`, `random`, `python`, `subquery`, `columns`,
    `values`, `collection`, `format`, `alias`, `other`.
    """
    found: list[tuple[str, str]] = []
    accepted: set[int] = set()
    if sql and kind_of(root) == "Alias":
        # `a > 1_000`, or a forgotten AND, parses as a name for the result.
        found.append(("alias", str(lone(root)[1][1])))
    _walk(root, found, accepted)
    return _summed(list(dict.fromkeys(found)))


def _summed(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The faults with those that only serve another left out: SQL's SUM also counts."""
    telling = any(kind == "aggregate" and name not in _COUNTING for kind, name in found)
    return [
        (kind, name)
        for kind, name in found
        if not (telling and kind == "aggregate" and name in _COUNTING)
    ]


def _walk(node: Node, found: list[tuple[str, str]], accepted: set[int]) -> None:
    fault = _fault(node, accepted)
    if fault:
        found.append(fault)
    for child in children(node):
        _walk(child, found, accepted)


def _fault(node: Node, accepted: set[int]) -> tuple[str, str] | None:
    kind, held = lone(node)
    if kind in _PASSING or id(node) in accepted:
        return None
    if kind == "Function":
        return _function_fault(node, accepted)
    look = _LOOKS.get(kind)
    return _named_fault(kind) if look is None else look(held)


def _column_fault(name: str) -> tuple[str, str] | None:
    # GROUPING(a) and the like read columns that only a query has.
    return ("other", "GROUPING") if name.startswith(("__POLARS", "_POLARS")) else None


def _cast_fault(held: dict[str, Any]) -> tuple[str, str] | None:
    return None if kind_of(held["dtype"]) == "Literal" else ("other", "dtype_of")


def _literal_fault(held: Node) -> tuple[str, str] | None:
    return None if kind_of(held) in {"Dyn", "Scalar"} else ("values", "")


def _named_fault(name: str) -> tuple[str, str]:
    if name in _WINDOWS:
        return "window", ""
    if name in _AGGREGATES:
        return "aggregate", name
    if name in _PYTHON:
        return "python", ""
    if name in {"Random", "Sample"}:
        return "random", name
    return "other", name


def _function_fault(node: Node, accepted: set[int]) -> tuple[str, str] | None:
    family, name, option = function_of(node)
    if (family, name) == ("StructExpr", "SelectFields"):
        return "columns", ""
    if (family, name) not in _ALLOWED:
        return _named_fault(name or family)
    if (family, name) == ("StringExpr", "Strptime") and _guesses(node, option[1]):
        return "format", lone(option[0])[1] if isinstance(lone(option[0])[1], str) else "Datetime"
    if (family, name) in _COLLECTING:
        start = 2 if name in {"AddBusinessDay", "BusinessDayCount"} else 1
        for collection in lone(node)[1]["input"][start : start + 2]:
            read = [".".join(path) for path in paths(collection)] or list(_columns(collection))
            if read:
                return "collection", ", ".join(read)
            if not _positional(collection):
                accepted.update(id(part) for part in postorder(collection))
    return None


def _columns(value: object) -> Iterator[str]:
    """Every column below, those of aggregates too: an imploded one is all its rows."""
    if isinstance(value, dict):
        for key, held in cast("dict[str, object]", value).items():
            if key == "Column" and isinstance(held, str):
                yield held
            else:
                yield from _columns(held)
    elif isinstance(value, list):
        for held in cast("list[object]", value):
            yield from _columns(held)


def _guesses(node: Node, options: dict[str, Any]) -> bool:
    """Whether the format is taken from the first of the texts; a single one is no guess."""
    if options["format"] is not None:
        return False
    return bool(paths(node)) or evaluated(node, pl.DataFrame()) is None


def _positional(collection: Node) -> bool:
    """Whether each row would be met by its own list: a Series of several lists."""
    if "Series" not in {lone(lone(part)[1])[0] for part in postorder(collection)}:
        return False
    values = evaluated(collection, pl.DataFrame())
    return values is None or (values.dtype.is_nested() and values.len() != 1)


def _eval_fault(held: dict[str, Any]) -> tuple[str, str] | None:
    """Inside one row's list anything goes that always gives the same."""
    variant = lone(held["variant"])[0]
    if not variant.startswith(("List", "Array")):
        return "other", f"{variant.lower()}_eval"
    names = set(_keys(held["evaluation"]))
    for kind, listed in (
        ("python", _PYTHON),
        ("random", {"Random", "Sample"}),
        ("subquery", {"SubPlan"}),
        ("values", {"Series"}),
    ):
        if names & set(listed):
            return kind, variant
    return None


def _keys(value: object) -> list[str]:
    if isinstance(value, dict):
        mapping = cast("dict[str, object]", value)
        return [key for own, held in mapping.items() for key in (own, *_keys(held))]
    if isinstance(value, list):
        return [key for held in cast("list[object]", value) for key in _keys(held)]
    return [value] if isinstance(value, str) else []


_PASSING = frozenset({"BinaryExpr", "Ternary", "Alias"})
_LOOKS: dict[str, Callable[[Any], tuple[str, str] | None]] = {
    "Column": _column_fault,
    "Cast": _cast_fault,
    "Literal": _literal_fault,
    "Eval": _eval_fault,
    "Agg": lambda held: ("aggregate", kind_of(held)),
    "Len": lambda _: ("aggregate", "Len"),
    "Selector": lambda _: ("columns", ""),
    "Field": lambda _: ("columns", ""),
    "SubPlan": lambda _: ("subquery", ""),
}
