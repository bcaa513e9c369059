"""Cells: labels that follow from where a few measures are cut."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from attrs import field, frozen

from custseg.errors import FitError, Problem
from custseg.model.measure_name import MeasureName
from custseg.segments.bins import Starts, starts_problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["CELLED", "Axis", "Celled", "Cells"]

CELLED = ("recency_days", "orders", "spend")
"""What an axis may measure; the last two in a window, too."""


def _tuples(lists: Iterable[Iterable[float]]) -> tuple[Starts, ...]:
    return tuple(tuple(map(float, starts)) for starts in lists)


@frozen
class Axis:
    """A measure and where it is cut.

    Attributes:
        measure: `recency_days`, `orders` or `spend`, or one of the latter in
            a window. Who never ordered did so longer ago than anybody.
        starts: First values of the bins after the lowest one, ascending: one
            tuple for all customers, or one for each cell of the axes before.
    """

    measure: str
    starts: tuple[Starts, ...] = field(converter=_tuples)

    @property
    def name(self) -> MeasureName | None:
        """The measure taken apart; None when it is none that has cells."""
        parsed = MeasureName.parse(self.measure)
        return parsed if parsed is not None and parsed.base in CELLED else None

    @property
    def cuts(self) -> int:
        """How many starts cut it."""
        return len(self.starts[0]) if self.starts else 0


@frozen
class Cells:
    """A label for each combination of bins: a scheme in its simplest form.

    A scheme that has it is followed through time in whole numbers, without a
    frame of measures for each period.

    Attributes:
        axes: The measures; the last one runs fastest.
        labels: The place of each cell's label among the scheme's segments.

    Raises:
        FitError: listing everything at once: measures without cells, starts
            that do not ascend, or too few labels.

    >>> from custseg.segments.cells import Axis, Cells
    >>> Cells([Axis("orders", [[1, 5]])], labels=[2, 1, 0]).labels
    (2, 1, 0)
    """

    axes: tuple[Axis, ...] = field(converter=tuple)
    labels: tuple[int, ...] = field(converter=tuple)

    def __attrs_post_init__(self) -> None:
        """Refuse cells that do not have a label each."""
        FitError.check(self._problems())

    def _problems(self) -> Iterator[Problem]:
        cells = 1
        for place, axis in enumerate(self.axes):
            where = f"Cells.axes[{place}]"
            if axis.name is None:
                fix = f"cut {', '.join(CELLED)}, the last two in a window if need be"
                yield Problem(f"{axis.measure!r} has no cells", where, fix)
            if len(axis.starts) not in {1, cells}:
                what = f"{len(axis.starts)} lists of starts for {cells} cells"
                yield Problem(what, where, "give one for all, or one for each cell before")
            for starts in axis.starts:
                yield from starts_problems(starts, bins=axis.cuts + 1, where=where)
            cells *= axis.cuts + 1
        if len(self.labels) != cells:
            fix = "give each combination of bins a label"
            yield Problem(f"{len(self.labels)} labels for {cells} cells", "Cells.labels", fix)


@runtime_checkable
class Celled(Protocol):
    """A scheme that says how its labels follow from where measures are cut."""

    @property
    def segments(self) -> tuple[str, ...]:
        """The labels in order."""
        ...

    @property
    def cells(self) -> Cells | None:
        """The cuts, and the label of each cell between them; None when it has none."""
        ...


def whole(start: float, /) -> int:
    """The smallest whole number at or above a start, within 63 bits.

    >>> whole(2.5), whole(-math.inf) < -(2**62)
    (3, True)
    """
    most = 2**63 - 1
    if math.isinf(start):
        return most if start > 0 else -most
    return max(-most, min(math.ceil(start), most))
