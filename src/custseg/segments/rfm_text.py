"""The text form of an RFM scheme."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

from custseg.errors import FitError, Problem
from custseg.segments import scheme_text
from custseg.segments.grid import Grid

if TYPE_CHECKING:
    from custseg.segments.bins import Starts

__all__ = ["read", "write"]

_WHERE = "RFMScheme.from_json"
_KEYS = ("recency_days", "orders", "spend", "window", "grid")


def write(
    *,
    recency_days: Starts,
    orders: tuple[Starts, ...],
    spend: tuple[Starts, ...],
    window: str,
    grid: Grid,
) -> str:
    """The parts of a scheme as JSON; a bin without a start is null."""
    return scheme_text.written(
        "rfm",
        recency_days=_plain(recency_days),
        orders=[_plain(starts) for starts in orders],
        spend=[_plain(starts) for starts in spend],
        window=window,
        grid={
            "bins": grid.bins,
            "names": {name: list(regions) for name, regions in grid.names},
        },
    )


def read(text: str, /) -> dict[str, Any]:
    """The parts of a scheme by name, as `write` takes them.

    Raises:
        FitError: listing what keeps the text from being a scheme.
    """
    document = scheme_text.opened(
        text, scheme="rfm", called="an RFM scheme", keys=_KEYS, where=_WHERE
    )
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
    return [scheme_text.infinity_as_null(start) for start in starts]


def _starts(found: object, where: str, problems: list[Problem]) -> Starts:
    listed = scheme_text.listed(found)
    values = ["no list"] if listed is None else listed
    numbers = [_number(value) for value in values]
    if None in numbers:
        wrong = values[numbers.index(None)] if listed is not None else found
        fix = "give a list of numbers and nulls"
        problems.append(Problem(f"{wrong!r} is no start", f"{_WHERE}: {where}", fix))
    return tuple(number for number in numbers if number is not None)


def _number(value: object) -> float | None:
    return math.inf if value is None else scheme_text.finite(value)


def _groups(found: object, where: str, problems: list[Problem]) -> tuple[Starts, ...]:
    groups = scheme_text.listed(found)
    if not groups:
        fix = "give a list of lists of numbers"
        problems.append(Problem(f"{found!r} are no starts", f"{_WHERE}: {where}", fix))
        return ()
    return tuple(
        _starts(starts, f"{where}[{place}]", problems) for place, starts in enumerate(groups)
    )


def _grid(found: object, problems: list[Problem]) -> Grid | None:
    grid = scheme_text.keyed(found) or {}
    names = scheme_text.keyed(grid.get("names")) or {}
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
    return [each for each in scheme_text.listed(found) or () if isinstance(each, str)]
