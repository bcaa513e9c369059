"""The text form of an RFM scheme."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

from custseg.errors import FitError, Problem
from custseg.schema import documents
from custseg.segments import scheme_text
from custseg.segments.grid import Grid
from custseg.segments.rfm_groups import Groups

if TYPE_CHECKING:
    from custseg.segments.bins import Starts
    from custseg.segments.rfm_scheme import RFMScheme

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
    groups: Groups | None,
    currency: str | None,
) -> str:
    """The parts of a scheme as JSON; a bin without a start is null."""
    return scheme_text.written(
        "rfm",
        **_cuts(recency_days, orders, spend),
        window=window,
        grid={
            "bins": grid.bins,
            "names": {name: list(regions) for name, regions in grid.names},
        },
        **({} if groups is None else {"groups": _of_groups(groups)}),
        **({} if currency is None else {"currency": currency}),
    )


def read(text: str, made: type[RFMScheme], /) -> RFMScheme:
    """The scheme that `write` wrote.

    Args:
        text: The text.
        made: The class of schemes, which groups have one each of.

    Raises:
        FitError: listing what keeps the text from being a scheme.
    """
    document = scheme_text.opened(
        text,
        scheme="rfm",
        called="an RFM scheme",
        keys=_KEYS,
        where=_WHERE,
        optional=("groups", "currency"),
    )
    problems: list[Problem] = []
    cuts = _read_cuts(document, "", problems)
    grid = _grid(document["grid"], problems)
    has_groups = "groups" in document
    by, found = _read_groups(document["groups"], problems) if has_groups else ("", [])
    FitError.check(problems)
    same: dict[str, Any] = {"window": document["window"], "grid": grid}
    schemes = tuple((value, made(**own, **same)) for value, own in found)
    groups = Groups(by=by, schemes=schemes) if has_groups else None
    currency = cast("str | None", document.get("currency"))
    return made(**cuts, **same, groups=groups, currency=currency)


def _cuts(
    recency_days: Starts, orders: tuple[Starts, ...], spend: tuple[Starts, ...]
) -> dict[str, object]:
    return {
        "recency_days": _plain(recency_days),
        "orders": [_plain(starts) for starts in orders],
        "spend": [_plain(starts) for starts in spend],
    }


def _of_groups(groups: Groups) -> dict[str, object]:
    cuts = [
        {"value": value, **_cuts(own.recency_days, own.orders, own.spend)}
        for value, own in groups.schemes
    ]
    return {"by": groups.by, "cuts": cuts}


def _read_cuts(found: dict[str, object], inside: str, problems: list[Problem]) -> dict[str, Any]:
    return {
        "recency_days": _starts(found.get("recency_days"), f"{inside}recency_days", problems),
        "orders": _groups(found.get("orders"), f"{inside}orders", problems),
        "spend": _groups(found.get("spend"), f"{inside}spend", problems),
    }


def _read_groups(
    found: object, problems: list[Problem]
) -> tuple[Any, list[tuple[Any, dict[str, Any]]]]:
    """The column of groups, and the value and cut points of each."""
    parts = documents.keyed(found) or {}
    listed = [documents.keyed(each) for each in documents.listed(parts.get("cuts")) or [None]]
    cuts = [each for each in listed if each is not None and "value" in each]
    if parts.get("cuts") != [] and len(cuts) < len(listed):
        fix = 'give {"by": "region", "cuts": [{"value": "north", "recency_days": [...], ...}]}'
        problems.append(Problem("the groups cannot be read", f"{_WHERE}: groups", fix))
        return "", []
    found_cuts = [
        (each["value"], _read_cuts(each, f"groups[{place}].", problems))
        for place, each in enumerate(cuts)
    ]
    return parts.get("by"), found_cuts


def _plain(starts: Starts) -> list[float | None]:
    return [scheme_text.infinity_as_null(start) for start in starts]


def _starts(found: object, where: str, problems: list[Problem]) -> Starts:
    listed = documents.listed(found)
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
    groups = documents.listed(found)
    if not groups:
        fix = "give a list of lists of numbers"
        problems.append(Problem(f"{found!r} are no starts", f"{_WHERE}: {where}", fix))
        return ()
    return tuple(
        _starts(starts, f"{where}[{place}]", problems) for place, starts in enumerate(groups)
    )


def _grid(found: object, problems: list[Problem]) -> Grid | None:
    grid = documents.keyed(found) or {}
    names = documents.keyed(grid.get("names")) or {}
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
    return [each for each in documents.listed(found) or () if isinstance(each, str)]
