"""Measures of a user's own in the recipes that carry them, and in the texts of their schemes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from attrs import asdict

from custseg.base.measure import Measure
from custseg.errors import FitError, Problem, RuleError
from custseg.segments.labels import is_name
from custseg.segments.scheme_text import keyed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["as_text", "carries", "from_text", "measure_problems"]

_PARTS = ("name", "value", "over", "how")
_SHAPE = 'write "spend", or {"name": "app_share", "value": "channel = \'app\'", "over": "orders"}'


def measure_problems(found: object, /, *, where: str) -> Iterator[Problem]:
    """What is wrong with what should name a measure, or be one.

    >>> from custseg.segments.own_measures import measure_problems
    >>> [problem.what for problem in measure_problems(3, where="ABC.by")]
    ['3 is no measure']
    """
    if not isinstance(found, Measure) and not (isinstance(found, str) and is_name(found)):
        fix = 'name one, such as "spend", or give a cu.Measure'
        yield Problem(f"{found!r:.60} is no measure", where, fix)
    elif str(found) == "segment":
        what = "a measure is named 'segment', which is the column of the labels"
        yield Problem(what, where, "give it another name")


def carries(scheme: object, /) -> bool:
    """Whether a scheme carries measures of its own, which only its `assign` can ask for."""
    found: object = getattr(scheme, "measures", ())
    listed = cast("tuple[object, ...]", found) if isinstance(found, tuple) else ()
    return any(isinstance(each, Measure) for each in listed)


def as_text(measure: str | Measure, /, *, where: str) -> str | dict[str, Any]:
    """A measure as JSON has it: its name, or all parts of one's own.

    Raises:
        FitError: when it is a polars expression.

    >>> import custseg as cu
    >>> from custseg.segments.own_measures import as_text
    >>> as_text(cu.Measure("fees", "fee", how="sum"), where="ABCScheme.by")
    {'name': 'fees', 'value': 'fee', 'over': 'orders', 'how': 'sum'}
    """
    if isinstance(measure, str):
        return measure
    if not isinstance(measure.value, str):
        raise FitError(
            f"measure {measure.name!r} is a polars expression, which has no text form",
            where=where,
            fix="write it as SQL text: \"channel = 'app'\"",
        )
    return asdict(measure)


def from_text(found: object, /, *, where: str, problems: list[Problem]) -> Any:  # noqa: ANN401
    """A measure as JSON has it; what is wrong with one's own is added to the problems.

    Whatever is no object is handed on as it is, to be refused with the rest.
    """
    parts = keyed(found)
    if parts is None:
        return found
    if not {"name", "value"} <= parts.keys() <= set(_PARTS) or not _are_texts(parts.values()):
        problems.append(Problem(f"{found!r:.80} is no measure", where, _SHAPE))
        return found
    try:
        return Measure(**cast("dict[str, Any]", parts))
    except RuleError as fault:
        problems += (Problem(each.what, where, each.fix) for each in fault.problems)
        return found


def _are_texts(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)
