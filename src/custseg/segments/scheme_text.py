"""What the text forms of all schemes share: how one is opened, and how parts are read."""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING

from custseg.errors import FitError
from custseg.schema.documents import from_json, head_problems, unknown_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "FORMAT",
    "as_float",
    "finite",
    "infinity_as_null",
    "is_whole",
    "opened",
    "written",
]

FORMAT = 1
"""Raised when an older custseg could not read the text."""

_LARGEST = sys.float_info.max


def written(scheme: str, /, **parts: object) -> str:
    """The parts of a scheme as JSON, under its kind and format.

    >>> from custseg.segments.scheme_text import written
    >>> written("abc", by="spend")
    '{"scheme": "abc", "format": 1, "by": "spend"}'
    """
    document = {"scheme": scheme, "format": FORMAT, **parts}
    return json.dumps(document, ensure_ascii=False, allow_nan=False)


def opened(
    text: str,
    /,
    *,
    scheme: str,
    called: str,
    keys: Sequence[str],
    where: str,
    optional: Sequence[str] = (),
) -> dict[str, object]:
    """The parts of a scheme by name, none missing and none unknown.

    Args:
        text: What `written` wrote.
        scheme: The kind of scheme it must hold.
        called: How the kind is called in an error: "an ABC scheme".
        keys: The parts, those of every scheme aside.
        where: The place that errors name.
        optional: Parts that may be missing.

    Raises:
        FitError: when the text is not JSON, holds another scheme, or has
            other parts; the last lists everything.

    >>> from custseg.segments.scheme_text import opened, written
    >>> called = {"scheme": "abc", "called": "an ABC scheme", "where": "ABCScheme.from_json"}
    >>> opened(written("abc", by="spend"), keys=("by",), **called)
    {'by': 'spend'}
    """
    fix = "give the text that to_json() wrote"
    document, problems = from_json(text, called=called, where=where, fix=fix, error=FitError)
    if document.pop("scheme", None) != scheme:
        raise FitError(f"the text is not {called}", where=where, fix=fix)
    wanted = ("format", *keys)
    problems += head_problems(document, FORMAT, wanted, where=where, fix="restore it")
    problems += unknown_keys(document, (*wanted, *optional), what="a scheme", where=where)
    FitError.check(problems)
    del document["format"]
    return document


def finite(value: object, /) -> float | None:
    """A finite number as a float; None for anything else, flags included.

    >>> from custseg.segments.scheme_text import finite
    >>> finite(3), finite(True), finite("3"), finite(10**400)
    (3.0, None, None, None)
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST:
        return float(value)
    return None


def is_whole(value: object, least: int, most: int, /) -> bool:
    """Whether a value is a whole number within bounds; a flag is none.

    >>> from custseg.segments.scheme_text import is_whole
    >>> is_whole(3, 0, 3), is_whole(4, 0, 3), is_whole(True, 0, 3), is_whole(2.0, 0, 3)
    (True, False, False, False)
    """
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def as_float(value: float, /) -> float:
    """A finite number as a float; anything else as it is, to be refused with the rest."""
    number = finite(value)
    return value if number is None else number


def infinity_as_null(value: float, /) -> float | None:
    """A number as JSON has it: infinity, which JSON lacks, is null."""
    return None if math.isinf(value) else value
