"""Measures of a user's own in the recipes and schemes that carry them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from custseg.base.measure import Measure
from custseg.errors import Problem
from custseg.segments.labels import is_name

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["carries", "measure_problems"]


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
