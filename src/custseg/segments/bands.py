"""Bands: customers by where a score or measure of theirs lies."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from attrs import asdict, field, frozen

from custseg.errors import FitError, Problem
from custseg.schema import documents
from custseg.segments import scheme_text
from custseg.segments.bins import Starts, between, number, reached, starts_problems
from custseg.segments.given import as_row, is_row
from custseg.segments.labels import is_name, with_labels
from custseg.segments.segmentation import Segmentation, a_base
from custseg.segments.shown import a_frame
from custseg.segments.track import track

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from custseg.base.customer_base import CustomerBase
    from custseg.segments.periods import Every
    from custseg.segments.track import Track

__all__ = ["Bands"]

_KEYS = ("by", "names", "starts", "otherwise")
_FEWEST, _MOST = 2, 100


def _starts(given: Iterable[float]) -> Starts:
    row = as_row(given)
    return tuple(map(scheme_text.as_float, row)) if is_row(row) else row


@frozen
class Bands:
    """A scheme that parts customers by one score: bands `[start, next start)`.

    Nothing is fitted, so that the recipe is its own scheme. It reads any
    measure, and any score that `base.with_measures` added.

    Attributes:
        by: The score.
        names: A name for each band, from the lowest values up.
        starts: The first value of each band after the lowest one, ascending.
        otherwise: The segment of customers without a value.

    Raises:
        FitError: listing everything at once: too few names, names that are
            used twice, starts that do not fit the names or do not ascend.

    >>> import polars as pl
    >>> import custseg as cu
    >>> bands = cu.Bands("p_alive", ("gone", "doubtful", "active"), (0.2, 0.7))
    >>> scores = pl.DataFrame({"customer_id": [1, 2, 3], "p_alive": [0.7, 0.69, None]})
    >>> bands.label(scores)["segment"].to_list()
    ['active', 'doubtful', 'unscored']
    """

    by: str
    names: tuple[str, ...] = field(converter=as_row)
    starts: Starts = field(converter=_starts)
    otherwise: str = field(default="unscored", kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Refuse bands that cannot be told apart."""
        FitError.check(self._problems())

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the measures that `label` needs."""
        return (self.by,)

    @property
    def segments(self) -> tuple[str, ...]:
        """The labels, from the lowest values up; last who has none."""
        return (*self.names, self.otherwise)

    def fit(self, base: CustomerBase, /) -> Bands:
        """The bands themselves: their starts are given, whatever the base."""
        a_base(base, "Bands.fit")
        return self

    def segment(self, base: CustomerBase, /) -> Segmentation:
        """The band of each customer as of the base's instant."""
        return self.assign(base)

    def assign(self, base: CustomerBase, /) -> Segmentation:
        """The band of each customer as of the base's instant."""
        return Segmentation.of(self, base)

    def track(self, base: CustomerBase, /, *, every: Every = "month") -> Track:
        """The band of each customer at the end of each period: see `Track`.

        Args:
            base: Whose logs are read, up to its as_of.
            every: `week`, `month`, `quarter`, `year`, or a list of days.

        Raises:
            SchemaError: when `every` is no period, a day lies after the as_of,
                or there is no row to begin with.
        """
        return track(self, base, every=every)

    def label(self, measures: pl.DataFrame, /) -> pl.DataFrame:
        """The measures with `segment` after the id.

        Args:
            measures: `customer_id` and the score.

        Raises:
            FitError: when the score is not there, or is none of numbers.
        """
        a_frame(measures, self.reads, where="Bands.label")
        score = measures[self.by]
        if not score.dtype.is_numeric() and score.dtype != pl.Null:
            what = f"{self.by!r} is {score.dtype}, and bands are of numbers"
            raise FitError(what, where="Bands.by", fix="take a score that is a number")
        # A missing value is in no band, and neither is one that is no number.
        values = score.cast(pl.Float64).fill_null(math.nan).to_numpy()
        unknown = np.isnan(values)
        place = reached(np.where(unknown, -math.inf, values), self.starts)
        place[unknown] = len(self.names)
        return with_labels(measures, self.segments, place)

    def why(self, row: Mapping[str, Any], /) -> str:
        """The bounds that the score lies between.

        Args:
            row: The customer's row of `Segmentation.frame`.

        >>> import custseg as cu
        >>> bands = cu.Bands("p_alive", ("gone", "doubtful", "active"), (0.2, 0.7))
        >>> bands.why({"p_alive": 0.31, "segment": "doubtful"})
        'p_alive 0.31 ≥ 0.2, < 0.7; → doubtful'
        """
        value, segment = row[self.by], row["segment"]
        if segment == self.otherwise:
            return f"no {self.by}; → {segment}"
        shown = number(float(f"{value:.6g}"))
        return f"{self.by} {shown} {between(value, self.starts)}; → {segment}"

    def to_json(self) -> str:
        """The bands as text; equal after the trip."""
        parts = asdict(self)
        parts["starts"] = [scheme_text.infinity_as_null(start) for start in self.starts]
        return scheme_text.written("bands", **parts)

    @classmethod
    def from_json(cls, text: str, /) -> Bands:
        """The bands that a text holds.

        Raises:
            FitError: when the text is none of bands; it lists everything that
                is wrong.
        """
        parts: dict[str, Any] = scheme_text.opened(
            text, scheme="bands", called="a scheme of bands", keys=_KEYS, where="Bands.from_json"
        )
        starts = documents.listed(parts["starts"])
        if starts is not None:
            parts["starts"] = [math.inf if start is None else start for start in starts]
        return cls(**parts)

    def _problems(self) -> Iterator[Problem]:
        if not is_name(self.by):
            fix = 'name a score or measure, such as "p_alive"'
            yield Problem(f"by is {self.by!r}", "Bands.by", fix)
        unfit = list(self._name_problems())
        yield from unfit
        where = "Bands.starts"
        if not is_row(self.starts) or not all(isinstance(each, float) for each in self.starts):
            yield Problem(f"starts are {self.starts!r}", where, "give numbers, such as (0.2, 0.7)")
        elif not unfit:
            yield from starts_problems(self.starts, bins=len(self.names), where=where)

    def _name_problems(self) -> Iterator[Problem]:
        where = "Bands.names"
        names = self.names
        if not is_row(names) or not _FEWEST <= len(names) <= _MOST:
            fix = f"give {_FEWEST} to {_MOST} names, from the lowest values up"
            yield Problem(f"names are {self.names!r}", where, fix)
            return
        for name in (*names, self.otherwise):
            if not is_name(name):
                yield Problem(f"{name!r} is no name", where, "write it as text")
        for name in dict.fromkeys(filter(is_name, names)):
            if (*names, self.otherwise).count(name) > 1:
                yield Problem(f"two bands are named {name!r}", where, "give each its own name")
