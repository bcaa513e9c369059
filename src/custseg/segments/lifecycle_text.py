"""The text form of a lifecycle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from custseg.errors import FitError, Problem
from custseg.schema import documents
from custseg.segments import scheme_text
from custseg.segments.gaps import Gaps

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["read", "write"]

_WHERE = "Lifecycle.from_json"
_DAYS = ("new_days", "active_days", "lapse_days")
_KEYS = (*_DAYS, "loyal_orders", "fallback_days")


def write(parts: Mapping[str, Any], /) -> str:
    """The thresholds by name as JSON; gaps are an object."""
    plain = {
        name: {"gaps": value.number} if isinstance(value, Gaps) else value
        for name, value in parts.items()
    }
    return scheme_text.written("lifecycle", **plain)


def read(text: str, /) -> dict[str, Any]:
    """The thresholds by name, as `write` takes them.

    Raises:
        FitError: listing what keeps the text from being a lifecycle.
    """
    parts: dict[str, Any] = scheme_text.opened(
        text, scheme="lifecycle", called="a lifecycle scheme", keys=_KEYS, where=_WHERE
    )
    problems: list[Problem] = []
    for name in _DAYS:
        gaps = documents.keyed(parts[name])
        if gaps is not None:
            parts[name] = _gaps(gaps, f"{_WHERE}: {name}", problems)
    FitError.check(problems)
    return parts


def _gaps(found: dict[str, object], where: str, problems: list[Problem]) -> Gaps | None:
    if set(found) != {"gaps"}:
        problems.append(Problem(f"{found!r} are no gaps", where, 'write {"gaps": 2}'))
        return None
    try:
        return Gaps(found["gaps"])  # type: ignore[arg-type]
    except FitError as error:
        problems.extend(Problem(each.what, where, each.fix) for each in error.problems)
        return None
