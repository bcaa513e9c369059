"""Reading a rule: from text or expression to a checked condition on one row."""

from __future__ import annotations

import difflib
import textwrap
from typing import TYPE_CHECKING

import polars as pl
from attrs import field, frozen

from custseg.errors import Problem
from custseg.model.measure_name import WHOLE, WINDOWED, MeasureName, looks_like_measure
from custseg.rules import nature, probe, tokens
from custseg.rules.tree import FAILURES, divisors, path_of, paths, told, tree_of
from custseg.rules.truth import is_boolean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from custseg.rules.tree import Node

__all__ = ["Condition", "by_zero", "instead", "mistaken_names", "nearest", "quoted_names", "read"]

_MEASURE_HINT = "measures end in _30d, _12m or _2026"

# Hundreds of AND and OR nest so deep that a walk runs out of stack.
_LONGEST = 600
_TOO_LONG = "split it into several rules; many values of one column are written a IN (1, 2, 3)"

# kind of fault -> what the rule does, how to mend it.
_FAULTS = {
    "alias": ("names its result {0!r}", "leave the name out, or write the AND or OR before it"),
    "aggregate": (
        "aggregates over rows ({0})",
        "a rule sees one row: name a measure such as spend_365d instead",
    ),
    "window": (
        "looks at a window of rows",
        "a rule sees one row: name a measure such as orders_30d instead",
    ),
    "random": ("draws at random ({0})", "rules always answer the same; sample with base.sample()"),
    "python": (
        "calls a Python function",
        "write it in SQL or with polars' own expressions, which can be checked",
    ),
    "subquery": ("asks a subquery", "a rule sees one row: add the answer as a column of it"),
    "columns": (
        "reads several columns at once",
        "name each column, joined by AND or OR",
    ),
    "values": (
        "compares rows with a column of values",
        "a rule sees one row: for one of many values write .is_in([...])",
    ),
    "collection": (
        "looks a value up in a whole column ({0})",
        "for a list column write ARRAY_CONTAINS(column, value)",
    ),
    "format": (
        "reads a {0} from text by guessing its format",
        "give the format: STRPTIME(column, '%Y-%m-%d')",
    ),
    "other": (
        "uses {0}, which is not known to look at one row only",
        "use comparisons, arithmetic and functions of single values",
    ),
}


@frozen
class Condition:
    """A rule that was read and found to be a condition on one row.

    Attributes:
        expression: The expression; null counts as false.
        plain: The same as it was written: null is null.
        tree: Its tree.
        reads: The names it reads, in order of appearance.
        quoted: The names that the text has in double quotes.
    """

    expression: pl.Expr = field(eq=False, repr=False)
    plain: pl.Expr = field(eq=False, repr=False)
    tree: Node = field(eq=False, repr=False)
    reads: tuple[str, ...]
    quoted: frozenset[str] = frozenset()


def read(name: str, when: object, *, where: str) -> tuple[Condition | None, list[Problem]]:
    """The condition that a rule states, or None and everything wrong with it."""
    if isinstance(when, str):
        return _read_text(name, when, where)
    if isinstance(when, pl.Expr):
        return _read_expression(name, when, where, text=None)
    what = f"rule {name!r} needs SQL text or a polars expression, got {when!r}"
    return None, [Problem(what, where, "write it as text: \"region = 'north'\"")]


def _read_text(name: str, when: str, where: str) -> tuple[Condition | None, list[Problem]]:
    if tokens.joints(when) > _LONGEST:
        return None, [Problem(f"rule {name!r} is too long to be read", where, _TOO_LONG)]
    try:
        expression = pl.sql_expr(when)
    except FAILURES as error:
        what = f"rule {name!r} is not a condition in SQL: {_first_line(error)}"
        return None, [Problem(what, where, _syntax_fix(when))]
    condition, problems = _read_expression(name, expression, where, text=when)
    clocks = tokens.clocks(when)
    if clocks:
        condition = None
        problems = [
            Problem(
                f"rule {name!r} reads the clock ({', '.join(clocks)})",
                where,
                "time is the base's as_of: name a measure such as recency_days, "
                "or write a day: DATE '2026-06-01'",
            ),
            *problems,
        ]
    return condition, problems


def _read_expression(
    name: str, when: pl.Expr, where: str, *, text: str | None
) -> tuple[Condition | None, list[Problem]]:
    try:
        tree = tree_of(when)
    except RecursionError:
        return None, [Problem(f"rule {name!r} nests too deep", where, _TOO_LONG)]
    except FAILURES:
        what, fix = _FAULTS["python"]
        return None, [Problem(f"rule {name!r} {what}", where, fix)]
    condition = Condition(
        expression=when.fill_null(value=False),
        plain=when,
        tree=tree,
        reads=tuple(
            dict.fromkeys(
                ".".join(path[:2]) if path[0] == "customer" else path[0] for path in paths(tree)
            )
        ),
        quoted=quoted_names(text or ""),
    )
    problems = [
        Problem(f"rule {name!r} {what}", where, fix)
        for what, fix in _findings(condition, sql=text is not None)
    ]
    return (None if problems else condition), problems


def _findings(condition: Condition, *, sql: bool) -> Iterator[tuple[str, str]]:
    tree = condition.tree
    found = nature.faults(tree, sql=sql)
    for kind, shown in found:
        what, fix = _FAULTS[kind]
        yield what.format(shown), fix
    yield from _names(condition)
    if not found:
        yield from _answers(condition)
    for divisor in divisors(tree):
        # A part that is refused is not run.
        if not nature.faults(divisor, sql=False) and probe.reaches_zero(divisor):
            yield by_zero(divisor)


def _answers(condition: Condition) -> Iterator[tuple[str, str]]:
    if not condition.reads:
        yield (
            "reads no column, so it is the same for every row",
            "compare a column or measure: orders >= 5",
        )
    elif is_boolean(condition.tree) is False:
        yield "is not true or false", "compare it with something: orders >= 5"


def _names(condition: Condition) -> Iterator[tuple[str, str]]:
    for path in paths(condition.tree):
        if len(path) == 1 and path[0].startswith("customer."):
            yield (
                f"reads a column {path[0]!r}, which cannot be told from the customer's own",
                f"without quotes, {path[0]} is the customer's; rename any other column",
            )
    yield from mistaken_names(condition.tree, condition.quoted)


def mistaken_names(tree: Node, quoted: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Names that are measures gone wrong, the customer's too: what to say, how to mend it.

    Args:
        tree: What is read.
        quoted: Names that its text has in double quotes: they are columns.
    """
    for path in paths(tree):
        of = "customer." if path[0] == "customer" and path[1:] else ""
        name = path[1] if of else path[0]
        if (of or len(path) == 1) and name not in quoted and _mistaken(name):
            yield (
                f"reads {of + name!r}, which looks like a measure but is none",
                f'{nearest(name, ())}; a column of that name is quoted: {of}"{name}"',
            )


def quoted_names(text: str) -> frozenset[str]:
    """The names that an SQL text has in double quotes."""
    return frozenset(word.text for word in tokens.words(text) if word.kind == "quoted")


def _mistaken(column: str) -> bool:
    """Whether a name is a measure gone wrong, rather than a column of somebody's own.

    `spend_3d65` and `recency_day` are; `spend_mean` and `order` may well be columns.
    """
    if not looks_like_measure(column) or "_" not in column:
        return False
    bases = (*WINDOWED, *WHOLE, "events")
    suffixed = any(column.startswith(f"{base}_") for base in bases)
    return not suffixed or any(mark.isdigit() for mark in column)


def by_zero(divisor: Node) -> tuple[str, str]:
    """What to say of a divisor that is zero on a row of zeros or nulls, and how to mend it."""
    if not paths(divisor):
        return f"divides by {told(divisor)}", "divide by something else"
    named = ".".join(path_of(divisor)) or "..."
    return (
        f"divides by {told(divisor)}, which may be zero",
        f"make zero null: divide by NULLIF({named}, 0)",
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """The fix for a name that is not known: the nearest ones that are.

    >>> nearest("spend_3d65", ["region"])
    "did you mean 'spend_365d'? measures end in _30d, _12m or _2026"
    >>> nearest("regoin", ["region", "orders"])
    "did you mean 'region'?"
    """
    listed = list(known)
    measured = looks_like_measure(name) or MeasureName.parse(name) is not None
    spelt = [
        *WHOLE,
        *(
            f"{base}{window}"
            for base in WINDOWED
            for window in ("", "_30d", "_90d", "_365d", "_12m")
        ),
    ]
    nested = [other for other in listed if other.endswith(f".{name}")]
    close = nested or difflib.get_close_matches(
        name, [*listed, *(spelt if measured else ())], n=1, cutoff=0.6
    )
    hint = f"did you mean {close[0]!r}?" if close else ""
    if measured:
        return f"{hint} {_MEASURE_HINT}".strip()
    if hint:
        return hint
    # The customer's columns stand among them by their own names already.
    own = [other for other in listed if other.partition(".")[0] != "customer"] or listed
    if own == ["customer_id"]:
        return "of a customer read a measure, such as spend_365d or orders"
    return f"known are {', '.join(sorted(own)[:8])}" if own else "add the column"


def instead(name: str, known: Iterable[str]) -> str:
    """The fix for a name that rows do not have; a measure spelt right is not there at all.

    >>> instead("spend_365d", ["total"])
    'it is a measure, which these rows do not have: read their own columns'
    """
    if MeasureName.parse(name) is not None:
        return "it is a measure, which these rows do not have: read their own columns"
    return nearest(name, known)


def _first_line(error: BaseException) -> str:
    line = str(error).strip().partition("\n")[0]
    return textwrap.shorten(line, 120, placeholder=" ...")


def _parses(text: str) -> bool:
    """Whether a text is an expression whose result has no name of its own."""
    try:
        return not nature.faults(tree_of(pl.sql_expr(text)), sql=True)
    except (*FAILURES, RecursionError):
        return False


def _syntax_fix(when: str) -> str:
    if not when.strip():
        return "write a condition: orders >= 5 AND region = 'north'"
    mended = tokens.quoted_instead(when, _parses)
    if mended is not None:
        return f"a column named like a keyword is quoted: {mended}"
    return "rules are SQL conditions: orders >= 5 AND region = 'north'"
