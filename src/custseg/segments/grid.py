"""Grid: which scores bear which name, proven complete."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl
from attrs import field, frozen

from custseg.errors import FitError, Problem
from custseg.segments.given import as_row, is_row
from custseg.segments.labels import is_name
from custseg.segments.scheme_text import is_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["Grid", "bins_problems"]

_MOST_BINS = 100

_FEWEST_BINS = 2
_PAIR = 2
_AXES = "rfm"
# Cells that an error names one by one.
_SHOWN = 20
# So many times all cells are looked at before the search for overlaps ends.
_ENOUGH = 4
_RESERVED = ("prospect", "inactive")
_RANGE = re.compile(r"(?P<axis>[rfm])(?P<low>\d{1,3})(?:-(?P<high>\d{1,3}))?")

_Names = tuple[tuple[str, tuple[str, ...]], ...]

_TEN: dict[str, str] = {
    "champions": "r5 f4-5",
    "loyal": "r3-4 f4-5",
    "potential_loyal": "r4-5 f2-3",
    "new": "r5 f1",
    "promising": "r4 f1",
    "need_attention": "r3 f3",
    "about_to_sleep": "r3 f1-2",
    "cant_lose": "r1-2 f5",
    "at_risk": "r1-2 f3-4",
    "hibernating": "r1-2 f1-2",
}
_ELEVEN: dict[str, str | Sequence[str]] = {
    **_TEN,
    "hibernating": ("r2 f1-2", "r1 f2"),
    "lost": "r1 f1",
}
_VALUE: dict[str, str | Sequence[str]] = {
    "high_value": "f4-5 m4-5",
    "potential": ("f1-3 m4-5", "f4-5 m1-3"),
    "ordinary": "f1-3 m1-3",
}


def _listed(names: Mapping[str, str | Sequence[str]] | _Names) -> _Names:
    # What is no mapping of names to regions is left as it is, to be refused with the rest.
    pairs = tuple(names.items()) if isinstance(names, Mapping) else as_row(names)
    if not _are_pairs(pairs):
        return cast("_Names", names)
    return tuple(
        (name, (regions,) if isinstance(regions, str) else as_row(regions))
        for name, regions in pairs
    )


def _are_pairs(found: object) -> bool:
    return is_row(found) and all(
        is_row(pair) and len(pair) == _PAIR for pair in cast("tuple[tuple[object], ...]", found)
    )


@frozen
class Grid:
    """Names for scores: every cell has exactly one.

    A region is a range of scores an axis, `"r5 f4-5"`; a segment of another
    shape is a list of regions. The axes are the letters that occur: r for
    recency, f for frequency (orders), m for money (spend). An axis that a
    region leaves out is covered whole.

    Attributes:
        names: Pairs of a segment's name and its regions, in the order in
            which segments are shown.
        bins: How many scores an axis has.

    Raises:
        FitError: listing everything at once: regions that cannot be read,
            cells without a name, cells with more than one.

    >>> import custseg as cu
    >>> middle = ["f3 m1-2", "f1-2 m3"]
    >>> tiers = cu.Grid({"top": "f3 m3", "middle": middle, "base": "f1-2 m1-2"}, bins=3)
    >>> tiers.segments
    ('top', 'middle', 'base')
    >>> cu.Grid({"new": "r2", "old": "r1 f1"}, bins=2)
    Traceback (most recent call last):
    custseg.FitError: 1 cell has no name: r1f2
      where: Grid
      fix:   add it to a segment
    """

    names: _Names = field(converter=_listed)
    bins: int = field(default=5, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Refuse a grid that is not total and disjoint."""
        FitError.check(bins_problems(self.bins, where="Grid.bins"))
        FitError.check(self._misread())
        FitError.check(self._miscovered())

    @classmethod
    def eleven_names(cls) -> Grid:
        """The usual map over recency and frequency, with `lost` set apart.

        >>> import custseg as cu
        >>> len(cu.Grid.eleven_names().segments)
        11
        """
        return cls(_ELEVEN)

    @classmethod
    def ten_names(cls) -> Grid:
        """The usual map over recency and frequency, `lost` being `hibernating`.

        >>> import custseg as cu
        >>> "lost" in cu.Grid.ten_names().segments
        False
        """
        return cls(_TEN)

    @classmethod
    def value_tiers(cls) -> Grid:
        """Three tiers over frequency and money: high value, potential, ordinary.

        >>> import custseg as cu
        >>> cu.Grid.value_tiers().segments
        ('high_value', 'potential', 'ordinary')
        """
        return cls(_VALUE)

    @property
    def segments(self) -> tuple[str, ...]:
        """The names in order."""
        return tuple(name for name, _ in self.names)

    @property
    def axes(self) -> str:
        """The letters of the scores that the grid reads: `rf`, `fm`, ..."""
        text = " ".join(region for _, regions in self.names for region in regions)
        return "".join(axis for axis in _AXES if axis in text)

    @property
    def codes(self) -> NDArray[np.int64]:
        """The place in `segments` of each cell, an axis each for r, f and m.

        Position 0 is score 1. An axis that the grid does not read has length 1.
        """
        codes = np.full(self._sides, -1, np.int64)
        for place, (_, regions) in enumerate(self.names):
            for region in regions:
                codes[self._cells(region)] = place
        return codes

    @property
    def frame(self) -> pl.DataFrame:
        """One row a cell: its scores and its name.

        >>> import custseg as cu
        >>> cu.Grid.eleven_names().frame.row(-1)
        (5, 5, 'champions')
        """
        axes = self.axes
        scores = np.indices((self.bins,) * len(axes)).reshape(len(axes), -1) + 1
        names = np.array(self.segments)[self.codes.ravel()]
        columns = {axis: scores[place] for place, axis in enumerate(axes)}
        return pl.DataFrame({**columns, "segment": pl.Series(names.tolist(), dtype=pl.String)})

    @property
    def _sides(self) -> tuple[int, ...]:
        """How many scores each axis has; 1 where the grid does not read it."""
        axes = self.axes
        return tuple(self.bins if axis in axes else 1 for axis in _AXES)

    def _cells(self, region: str) -> tuple[slice, ...]:
        """The region as slices of the cell array."""
        ranges = {axis: slice(low - 1, high) for axis, low, high in _ranges(region)}
        return tuple(ranges.get(axis, slice(None)) for axis in _AXES)

    def _misread(self) -> Iterator[Problem]:
        """What keeps the declaration from being read at all."""
        fix = 'write Grid({"champions": "r5", ...})'
        if not _are_pairs(self.names):
            yield Problem(f"{self.names!r:.60} maps no names to cells", "Grid", fix)
            return
        if not self.names:
            yield Problem("the grid names nothing", "Grid", fix)
        for name, regions in self.names:
            where = f"Grid[{name!r}]"
            if not is_name(name):
                yield Problem(f"{name!r} names no segment", where, "write its name as text")
            if name in _RESERVED:
                yield Problem(
                    f"{name!r} is the name of customers without scores", where, "choose another"
                )
            if not is_row(regions) or not regions:
                what = f"{name!r} has no cells, got {regions!r:.60}"
                yield Problem(what, where, 'give a region such as "r5 f4-5"')
                continue
            for region in regions:
                yield from _region_problems(region, self.bins, where)

    def _miscovered(self) -> Iterator[Problem]:
        """Cells that have no name, and cells that have several."""
        owner, overlaps = self._owners()
        missing = np.argwhere(owner < 0)
        if missing.size:
            have, it = ("cell has", "it") if len(missing) == 1 else ("cells have", "them")
            what = f"{len(missing):,} {have} no name: {self._shown(missing)}"
            yield Problem(what, "Grid", f"add {it} to a segment")
        for (first, second), places in overlaps.items():
            names = [self.names[place][0] for place in (first, second)]
            flat = np.unique(np.concatenate(places))
            cells = np.column_stack(np.unravel_index(flat, owner.shape))
            are, it = ("cell is", "it") if len(cells) == 1 else ("cells are", "each")
            what = f"{len(cells):,} {are} named {' and '.join(names)}: {self._shown(cells)}"
            yield Problem(what, f"Grid[{names[-1]!r}]", f"leave {it} to one of them")

    def _owners(self) -> tuple[NDArray[np.int64], dict[tuple[int, int], list[NDArray[np.int64]]]]:
        """The first owner of each cell, -1 for none; which cells two owners share.

        Regions that do not overlap have no more cells than there are. When
        several times as many were seen the search ends: enough is known.
        """
        owner = np.full(self._sides, -1, np.int64)
        flat = np.arange(owner.size).reshape(owner.shape)
        overlaps: dict[tuple[int, int], list[NDArray[np.int64]]] = {}
        left = _ENOUGH * owner.size
        for place, region in self._regions():
            cells = self._cells(region)
            inside = owner[cells]
            taken = inside >= 0
            for first in np.unique(inside[taken]).tolist() if taken.any() else ():
                overlaps.setdefault((first, place), []).append(flat[cells][inside == first])
            inside[~taken] = place
            left -= inside.size
            if overlaps and (left < 0 or len(overlaps) > _SHOWN):
                # What is missing is not known then.
                return np.zeros_like(owner), overlaps
        return owner, overlaps

    def _regions(self) -> Iterator[tuple[int, str]]:
        """The place of a segment with each of its regions."""
        for place, (_, regions) in enumerate(self.names):
            yield from ((place, region) for region in regions)

    def _shown(self, cells: NDArray[np.int64]) -> str:
        """The first of some cells by name, and how many more there are."""
        names = [self._cell_name(cell) for cell in cells[:_SHOWN]]
        more = len(cells) - len(names)
        return " ".join([*names, f"and {more:,} more"] if more else names)

    def _cell_name(self, cell: NDArray[np.int64]) -> str:
        return "".join(
            f"{axis}{place + 1}"
            for axis, place in zip(_AXES, cell.tolist(), strict=True)
            if axis in self.axes
        )


def _ranges(region: str) -> Iterator[tuple[str, int, int]]:
    """Axis, lowest and highest score of each part of a region that can be read."""
    for part in region.split():
        match = _RANGE.fullmatch(part)
        if match:
            yield match["axis"], int(match["low"]), int(match["high"] or match["low"])


def _region_problems(region: object, bins: int, where: str) -> Iterator[Problem]:
    fix = f'write ranges from 1 to {bins} such as "r5 f4-5", each axis once'
    if not isinstance(region, str):
        yield Problem(f"{region!r:.60} is not a region", where, fix)
        return
    found = list(_ranges(region))
    axes = [axis for axis, _, _ in found]
    if not found or len(axes) != len(region.split()):
        yield Problem(f"{region!r} is not a region", where, fix)
    elif len(set(axes)) < len(axes):
        yield Problem(f"{region!r} names an axis twice", where, fix)
    elif any(not 1 <= low <= high <= bins for _, low, high in found):
        yield Problem(f"{region!r} is not within scores 1 to {bins}", where, fix)


def bins_problems(bins: object, *, where: str) -> Iterator[Problem]:
    """What is wrong with a number of bins."""
    if not is_whole(bins, _FEWEST_BINS, _MOST_BINS):
        fix = f"give a whole number from {_FEWEST_BINS} to {_MOST_BINS}"
        yield Problem(f"bins is {bins!r}", where, fix)
