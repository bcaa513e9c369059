"""The text form of an RFM scheme."""

from __future__ import annotations

import difflib
import json
import math
import sys
from typing import TYPE_CHECKING, Any, cast

from custseg.errors import FitError, Problem
from custseg.segments.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from custseg.segments.bins import Starts

__all__ = ["FORMAT", "read", "write"]

FORMAT = 1
"""Raised when an older custseg could not read the text."""

_LARGEST = sys.float_info.max
_WHERE = "RFMScheme.from_json"
_KEYS = ("scheme", "format", "recency_days", "orders", "spend", "window", "grid")


def write(
    *,
    recency_days: Starts,
    orders: tuple[Starts, ...],
    spend: tuple[Starts, ...],
    window: str,
    grid: Grid,
) -> str:
    """The parts of a scheme as JSON; a bin without a start is null."""
    return json.dumps(
        {
            "scheme": "rfm",
            "format": FORMAT,
            "recency_days": _plain(recency_days),
            "orders": [_plain(starts) for starts in orders],
            "spend": [_plain(starts) for starts in spend],
            "window": window,
            "grid": {
                "bins": grid.bins,
                "names": {name: list(regions) for name, regions in grid.names},
            },
        },
        ensure_ascii=False,
        allow_nan=False,
    )


def read(text: str, /) -> dict[str, Any]:
    """The parts of a scheme by name, as `write` takes them.

    Raises:
        FitError: listing what keeps the text from being a scheme.
    """
    document = _document(text)
    FitError.check(_head_problems(document))
    problems: list[Problem] = []
    recency = _starts(document["recency_days"], "recency_days", problems)
    orders = _groups(document["orders"], "orders", problems)
    spend = _groups(document["spend"], "spend", problems)
    grid = _grid(document["grid"], problems)
    FitError.check(problems)
    return {
        "recency_days": recency,
        "orders": orders,
        "spend": spend,
        "window": document["window"],
        "grid": grid,
    }


def _plain(starts: Starts) -> list[float | None]:
    # JSON has no infinity.
    return [None if math.isinf(start) else start for start in starts]


def _document(text: str) -> dict[str, object]:
    fix = "give the text that to_json() wrote"
    try:
        document = _keyed(json.loads(text))
    except (TypeError, ValueError, RecursionError) as fault:
        what = f"the text is not JSON: {fault}"
        raise FitError(what, where=_WHERE, fix=fix) from None
    if document is None or document.get("scheme") != "rfm":
        raise FitError("the text is not an RFM scheme", where=_WHERE, fix=fix)
    return document


def _head_problems(document: dict[str, object]) -> Iterator[Problem]:
    if document.get("format", FORMAT) != FORMAT:
        what = f"format {document['format']!r} is not known"
        fix = f"this custseg reads format {FORMAT}: read it with the one that wrote it"
        yield Problem(what, f"{_WHERE}: format", fix)
    for key in _KEYS:
        if key not in document:
            yield Problem(f"{key!r} is missing", _WHERE, "restore it")
    for key in document:
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, n=1)
            fix = f"did you mean {near[0]!r}?" if near else "remove it"
            yield Problem(f"{key!r} is no part of a scheme", _WHERE, fix)


def _starts(found: object, where: str, problems: list[Problem]) -> Starts:
    listed = _listed(found)
    values = ["no list"] if listed is None else listed
    numbers = [_number(value) for value in values]
    if None in numbers:
        wrong = values[numbers.index(None)] if listed is not None else found
        fix = "give a list of numbers and nulls"
        problems.append(Problem(f"{wrong!r} is no start", f"{_WHERE}: {where}", fix))
    return tuple(number for number in numbers if number is not None)


def _number(value: object) -> float | None:
    if value is None:
        return math.inf
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST:
        return float(value)
    return None


def _groups(found: object, where: str, problems: list[Problem]) -> tuple[Starts, ...]:
    groups = _listed(found)
    if not groups:
        fix = "give a list of lists of numbers"
        problems.append(Problem(f"{found!r} are no starts", f"{_WHERE}: {where}", fix))
        return ()
    return tuple(
        _starts(starts, f"{where}[{place}]", problems) for place, starts in enumerate(groups)
    )


def _grid(found: object, problems: list[Problem]) -> Grid | None:
    grid = _keyed(found) or {}
    names = _keyed(grid.get("names")) or {}
    regions = {name: _texts(listed) for name, listed in names.items()}
    if not names or regions != names:
        fix = 'give {"bins": 5, "names": {"champions": ["r5 f4-5"], ...}}'
        problems.append(Problem("the grid cannot be read", f"{_WHERE}: grid", fix))
        return None
    try:
        return Grid(regions, bins=cast("int", grid.get("bins")))
    except FitError as error:
        problems.extend(error.problems)
        return None


def _texts(found: object) -> list[str]:
    return [each for each in _listed(found) or () if isinstance(each, str)]


def _listed(found: object) -> list[object] | None:
    return cast("list[object]", found) if isinstance(found, list) else None


def _keyed(found: object) -> dict[str, object] | None:
    return cast("dict[str, object]", found) if isinstance(found, dict) else None
