"""Documents: JSON and TOML, opened in one way whatever they hold."""

from __future__ import annotations

import difflib
import json
import tomllib
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar, cast

from custseg.errors import CustsegError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

__all__ = ["from_json", "from_toml", "head_problems", "keyed", "listed", "made", "unknown_keys"]

_Made = TypeVar("_Made")


def from_json(
    text: str,
    /,
    *,
    called: str,
    where: str,
    fix: str,
    error: type[CustsegError],
    exact: bool = False,
) -> tuple[dict[str, Any], list[Problem]]:
    """The parts of a JSON text by name, and a problem for each key that is there twice.

    Args:
        text: The text.
        called: What it must be: "a rule book".
        where: The place that errors name.
        fix: What to write instead.
        error: What is raised.
        exact: Whether numbers with a point are read as they stand, as Decimal.

    Raises:
        CustsegError: (of that class) when the text is not JSON, or no mapping.

    >>> from custseg.errors import RuleError
    >>> book = {"called": "a rule book", "where": "here", "fix": "", "error": RuleError}
    >>> parts, problems = from_json('{"policy": "first", "policy": "best"}', **book)
    >>> parts, problems[0].what
    ({'policy': 'best'}, "the key 'policy' is there twice")
    """
    doubled: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        if len(held := dict(pairs)) < len(keys):
            doubled.extend(key for key in held if keys.count(key) > 1)
        return held

    try:
        held = json.loads(text, object_pairs_hook=once, parse_float=_number(exact=exact))
        # Half of a character, "\ud83d", is read but could not be written.
        json.dumps(held, ensure_ascii=False, default=str).encode()
    except (ValueError, TypeError, RecursionError) as fault:
        raise error(f"{called} is not JSON: {fault}", where=where, fix=fix) from None
    if not isinstance(held, dict):
        raise error(f"{called} is a mapping, got {held!r:.60}", where=where, fix=fix)
    problems = [
        Problem(f"the key {key!r} is there twice", where, "keep one of the two") for key in doubled
    ]
    return cast("dict[str, Any]", held), problems


def from_toml(
    text: str,
    /,
    *,
    called: str,
    where: str,
    fix: str,
    error: type[CustsegError],
    exact: bool = False,
) -> dict[str, Any]:
    """The parts of a TOML text by name.

    Args:
        text: The text.
        called: What it must be: "a rule book".
        where: The place that errors name.
        fix: What to write instead.
        error: What is raised.
        exact: Whether numbers with a point are read as they stand, as Decimal.

    Raises:
        CustsegError: (of that class) when the text is not TOML.

    >>> from custseg.errors import RuleError
    >>> from_toml("a = 1", called="a rule book", where="here", fix="", error=RuleError)
    {'a': 1}
    """
    try:
        return tomllib.loads(text, parse_float=_number(exact=exact))
    except (ValueError, TypeError, AttributeError, RecursionError) as fault:
        raise error(f"{called} is not TOML: {fault}", where=where, fix=fix) from None


def _number(*, exact: bool) -> Callable[[str], Any]:
    return Decimal if exact else float


def head_problems(
    found: Mapping[str, object], known: int, required: Iterable[str], /, *, where: str, fix: str
) -> Iterator[Problem]:
    """What is wrong with the format of a document, and a problem for each part it lacks.

    Args:
        found: The parts by name.
        known: The format that is read.
        required: Names of the parts that must be there.
        where: The place that errors name.
        fix: How to mend what is missing.

    >>> [each.what for each in head_problems({"format": True}, 1, ("rules",), where="", fix="")]
    ['format True is not known', "'rules' is missing"]
    """
    told = found.get("format", known)
    if told != known or isinstance(told, bool):
        mend = f"this custseg reads format {known}: read it with the one that wrote it"
        yield Problem(f"format {told!r} is not known", f"{where}: format", mend)
    for key in required:
        if key not in found:
            yield Problem(f"{key!r} is missing", where, fix)


def unknown_keys(
    found: Iterable[object], known: Sequence[str], /, *, what: str, where: str
) -> Iterator[Problem]:
    """A problem for each key that is none of the known ones, with the nearest.

    >>> known = ("name", "when")
    >>> [each.fix for each in unknown_keys(["wehn", "zzz"], known, what="a rule", where="")]
    ["did you mean 'when'?", 'remove it: there are name, when']
    """
    for key in found:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            fix = (
                f"did you mean {near[0]!r}?" if near else f"remove it: there are {', '.join(known)}"
            )
            yield Problem(f"{key!r} is no part of {what}", where, fix)


def made(declared: Callable[[], _Made], /, place: str, problems: list[Problem]) -> _Made | None:
    """What a declaration makes; None where it refuses, and why is added to the problems.

    Args:
        declared: Makes it.
        place: Where in the document it stands.
        problems: What is wrong so far.

    >>> from custseg.errors import RuleError
    >>> def refused():
    ...     raise RuleError("'x' is wrong", where="Rule('a').when")
    >>> problems = []
    >>> made(refused, "rules[0]", problems), problems[0].where
    (None, 'rules[0].when')
    """
    try:
        return declared()
    except CustsegError as error:
        for each in error.problems:
            part = each.where.rpartition(".")[2]
            where = f"{place}.{part}" if part.isidentifier() and part != each.where else place
            problems.append(Problem(each.what, where, each.fix))
        return None


def listed(found: object, /) -> list[object] | None:
    """A list; None for anything else."""
    return cast("list[object]", found) if isinstance(found, list) else None


def keyed(found: object, /) -> dict[str, object] | None:
    """A mapping; None for anything else."""
    return cast("dict[str, object]", found) if isinstance(found, dict) else None
