"""Measures in the texts of what carries them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import asdict

from custseg.base.measure import Measure
from custseg.errors import FitError, Problem
from custseg.schema.documents import keyed, made

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["as_texts", "from_text"]

_Other = TypeVar("_Other")
_Parts = dict[str, Any]
_PARTS = ("name", "value", "over", "how")
_SHAPE = 'write "spend", or {"name": "app_share", "value": "channel = \'app\'", "over": "orders"}'


def as_texts(measures: Iterable[_Other | Measure], /, *, where: str) -> list[_Other | _Parts]:
    """Measures as JSON has them: all parts of one's own; whatever else is there stays as it is.

    Raises:
        FitError: listing all that are polars expressions.

    >>> import custseg as cu
    >>> from custseg.base.measure_text import as_texts
    >>> as_texts(["spend", cu.Measure("fees", "fee", how="sum")], where="ClustersScheme.measures")
    ['spend', {'name': 'fees', 'value': 'fee', 'over': 'orders', 'how': 'sum'}]
    """
    listed = list(measures)
    FitError.check(
        problem
        for each in listed
        if isinstance(each, Measure)
        for problem in each.unwritable(where=where)
    )
    return [asdict(each) if isinstance(each, Measure) else each for each in listed]


def from_text(found: object, /, *, where: str, problems: list[Problem]) -> Any:  # noqa: ANN401
    """A measure as JSON has it; what is wrong with one's own is added to the problems.

    Whatever is no object is handed on as it is, to be refused with the rest.
    """
    parts = keyed(found)
    if parts is None:
        return found
    if not {"name", "value"} <= parts.keys() <= set(_PARTS) or not _are_texts(parts.values()):
        problems.append(Problem(f"{found!r:.80} is no measure", where, _SHAPE))
        return None
    return made(partial(Measure, **cast("dict[str, Any]", parts)), where, problems)


def _are_texts(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)
