"""Track: which segment each customer was in, period after period."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from attrs import frozen

from custseg.errors import SchemaError
from custseg.schema.bridge import read_only
from custseg.segments.cells import Celled
from custseg.segments.currencies import same_currency
from custseg.segments.flow import Flow
from custseg.segments.labels import labelled
from custseg.segments.layout import Layout, count, counted
from custseg.segments.periods import ends, tracked_day
from custseg.segments.replay_cells import codes_by_cells
from custseg.segments.replay_frames import codes_by_assigning, codes_by_frames
from custseg.segments.segmentation import a_base
from custseg.segments.shares import shares
from custseg.segments.stability import stability_index
from custseg.segments.stays import stays_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase
    from custseg.segments.periods import Every
    from custseg.segments.scheme import Scheme

__all__ = ["Track", "track"]

# Days that fit beside each other in a terminal, and below each other on a page.
_ACROSS, _DOWN = 5, 24


def track(scheme: Scheme, base: CustomerBase, /, *, every: Every = "month") -> Track:
    """The label of each customer at the end of each period, under one frozen scheme.

    The labels are those of `scheme.assign(base.as_of(day))` for every day that
    is tracked; the logs are read once for all of them where the scheme says
    how (see `Celled`), or where it labels a frame of orders, spend, average
    order, recency, tenure, and columns of customers. Other schemes are
    assigned anew for each period.

    Args:
        scheme: What labels customers.
        base: Whose logs are read, up to its as_of.
        every: `week`, `month`, `quarter` or `year`: the end of each local one
            from the first log day on (weeks end on Sunday); the period that
            is running is tracked as of the base. Or a list of days.

    Raises:
        SchemaError: when it is no scheme or no base, `every` is no period, a
            day lies after the as_of, there is no row to begin with, or the
            scheme was fitted in another currency.

    >>> import custseg as cu
    >>> from custseg.segments.track import track
    >>> shop = cu.datasets.simulate(200, 365, seed=1).base()
    >>> tiers = cu.RFM(grid=cu.Grid.value_tiers()).fit(shop)
    >>> [str(day) for day in track(tiers, shop, every="quarter").days][:2]
    ['2024-03-31', '2024-06-30']
    """
    _trackable(scheme, base)
    same_currency(scheme, base, where=f"{type(scheme).__name__}.track")
    told = ends(base, every)
    history = codes_by_cells(scheme, base, told) if isinstance(scheme, Celled) else None
    if history is None:
        history = codes_by_frames(scheme, base, told) or codes_by_assigning(scheme, base, told)
    ids, codes = history.ids, history.codes
    here = codes[-1] != np.iinfo(codes.dtype).max
    if not here.all():
        # Who is hidden by the as_of has a row in the logs, but none here.
        ids, codes = ids.filter(pl.Series(here)), np.compress(here, codes, axis=1)
    return Track(
        customer_ids=ids.alias("customer_id"),
        days=tuple(end.day for end in told),
        segments=history.segments,
        codes=read_only(codes),
    )


@frozen(eq=False, repr=False, kw_only=True)
class Track:
    """The segment of each customer on each of some days.

    A customer stands in it from the first of the days on which it is one, and
    on every day after that.

    Attributes:
        customer_ids: Everyone who is a customer on the last day, sorted.
        days: The days, ascending; labels hold as of the end of each, on the
            last one as of the base.
        segments: The labels in order.
        codes: [days, customers] places in `segments`, the largest number of
            the type where somebody is not a customer yet.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(200, 365, seed=1).base()
    >>> history = cu.RFM(grid=cu.Grid.value_tiers()).fit(shop).track(shop, every="quarter")
    >>> history
    200 customers, 4 days tracked, population stability index 0.1345
    segment     2024-03-31  2024-06-30  2024-09-30  2024-12-30
    high_value           4          13          25          41
    potential            9          21          30          43
    ordinary            26          54          79          99
    prospect             2          10          13          17
    >>> history.intervals().row(0)[1:]
    ('ordinary', datetime.date(2024, 3, 31), None, 274)
    >>> history.flow("2024-06-30", "2024-09-30").entered["high_value"]
    12
    """

    customer_ids: pl.Series
    days: tuple[dt.date, ...]
    segments: tuple[str, ...]
    codes: NDArray[np.uint8 | np.uint16]

    @cached_property
    def frame(self) -> pl.DataFrame:
        """A row a customer and day: `customer_id`, `at` and `segment`.

        Sorted by customer, then day. It is made when it is first asked for: a
        million customers over two years of months are 24 million rows.
        """
        who, when = np.nonzero(np.ascontiguousarray(self._here().T))
        return self._rows(who, when, at=when)

    def at(self, day: dt.date | str, /) -> pl.DataFrame:
        """Who was a customer at the end of a day: `customer_id` and `segment`.

        Raises:
            SchemaError: when the day is not tracked.
        """
        place = self._place(day, "at")
        codes = self.codes[place]
        here = pl.Series(codes != self._absent)
        ids, labels = self.customer_ids, self._labels(codes[codes != self._absent])
        return pl.DataFrame([ids if here.all() else ids.filter(here), labels])

    def intervals(self) -> pl.DataFrame:
        """A row a stay in a segment: disjoint, and together the whole track.

        `customer_id`, `segment`, `enter` the first tracked day in it, `leave`
        the first one no longer in it (null when the customer still is), and
        `dwell_days` from one to the other (to the last tracked day when it
        still is). Sorted by customer, then `enter`.
        """
        return stays_of(self.customer_ids, self.days, self.segments, self.codes)

    def sizes(self) -> pl.DataFrame:
        """A row a day and segment: `at`, `segment`, `customers` and their share that day.

        Empty segments are in it; a share of nobody is null.
        """
        counts = self._counts()
        many = len(self.segments)
        return pl.DataFrame(
            {
                "at": self._dates().gather(np.arange(len(self.days)).repeat(many)),
                "segment": self._labels(np.tile(np.arange(many), len(self.days))),
                "customers": counts.ravel(),
                "share": pl.concat([shares(each) for each in counts]),
            }
        )

    def psi(self, against: dt.date | str | None = None, /) -> pl.DataFrame:
        """The population stability index of each day: `at` and `stability_index`.

        Below 0.1 is read as stable, above 0.25 as another population; null
        where there was nobody.

        Args:
            against: The day that the others are compared with; the first one
                by default.

        Raises:
            SchemaError: when the day is not tracked.
        """
        counts = self._counts()
        before = counts[0 if against is None else self._place(against, "psi")]
        found = [stability_index(before, after) for after in counts]
        return pl.DataFrame([self._dates(), pl.Series("stability_index", found, dtype=pl.Float64)])

    def flow(self, before: dt.date | str, after: dt.date | str, /) -> Flow:
        """How customers moved between the segments of two days.

        Raises:
            SchemaError: when one of them is not tracked.
        """
        first, last = (self.codes[self._place(day, "flow")] for day in (before, after))
        side = len(self.segments) + 1
        # Who is not a customer stands behind the last segment.
        places = [np.minimum(codes, side - 1).astype(np.int64) for codes in (first, last)]
        customers = np.bincount(places[0] * side + places[1], minlength=side * side)
        names = labelled("before", self.segments).append(
            pl.Series([None], dtype=pl.Enum(self.segments))
        )
        return Flow(
            pl.DataFrame(
                {
                    "before": names.gather(np.arange(side).repeat(side)),
                    "after": names.gather(np.tile(np.arange(side), side)),
                    "customers": customers,
                }
            ).head(-1)
        )

    def __eq__(self, other: object) -> bool:
        """Whether the same customers bore the same labels on the same days."""
        if not isinstance(other, Track):
            return NotImplemented
        return (
            self.days == other.days
            and self.segments == other.segments
            and self.customer_ids.equals(other.customer_ids)
            and np.array_equal(self.codes, other.codes)
        )

    def __repr__(self) -> str:
        """Sizes on some of the days, the first and the last among them."""
        shown = _spread(len(self.days), _ACROSS)
        sizes = self._counts()[shown].T
        rows = [
            (name, *(count(number) for number in numbers))
            for name, numbers in zip(self.segments, sizes.tolist(), strict=True)
        ]
        return self._layout(("segment", *(str(self.days[place]) for place in shown)), rows).text()

    def _repr_html_(self) -> str:
        """A day a line: a page is wide enough for all segments."""
        shown = _spread(len(self.days), _DOWN)
        rows = [
            (str(self.days[place]), *(count(number) for number in numbers))
            for place, numbers in zip(shown, self._counts()[shown].tolist(), strict=True)
        ]
        return self._layout(("day", *self.segments), rows).html()

    def _layout(self, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Layout:
        counts = self._counts()
        index = stability_index(counts[0], counts[-1])
        told = "unknown" if index is None else f"{index:.4f}"
        people = counted(self.customer_ids.len(), "customer")
        title = f"{people}, {counted(len(self.days), 'day')} tracked, "
        return Layout(f"{title}population stability index {told}", head, tuple(rows))

    @property
    def _absent(self) -> int:
        return int(np.iinfo(self.codes.dtype).max)

    def _here(self) -> NDArray[np.bool_]:
        return self.codes != self._absent

    def _counts(self) -> NDArray[np.int64]:
        """Customers by day and segment."""
        most = self._absent + 1
        return np.array(
            [np.bincount(codes, minlength=most)[: len(self.segments)] for codes in self.codes]
        )

    def _dates(self) -> pl.Series:
        return pl.Series("at", self.days, dtype=pl.Date)

    def _labels(self, codes: NDArray[Any]) -> pl.Series:
        return labelled("segment", self.segments).gather(codes)

    def _rows(
        self, who: NDArray[np.int64], when: NDArray[np.int64], **days: NDArray[np.int64]
    ) -> pl.DataFrame:
        """Customers and labels of some cells of the track, with some days of each."""
        told = [self._dates().gather(places).alias(name) for name, places in days.items()]
        return pl.DataFrame(
            [self.customer_ids.gather(who), *told, self._labels(self.codes[when, who])]
        )

    def _place(self, given: dt.date | str, verb: str) -> int:
        """The place of a day among those that are tracked."""
        day = tracked_day(given)
        if day in self.days:
            return self.days.index(day)
        what = f"{given!r} is no day" if day is None else f"{day} is not tracked"
        if day is None and isinstance(given, dt.datetime):
            day = given.date()
        near = self._around(day) if day else [f'a date or its text, "{self.days[-1]}"']
        fix = f"give {' or '.join(near)}; all are in Track.days"
        raise SchemaError(what, where=f"Track.{verb}", fix=fix)

    def _around(self, day: dt.date) -> list[str]:
        """The tracked days next to another, or itself."""
        if day in self.days:
            return [str(day)]
        before = [each for each in self.days if each < day]
        after = [each for each in self.days if each > day]
        return [str(each) for each in (*before[-1:], *after[:1])]


def _trackable(scheme: object, base: object) -> None:
    """Refuse what labels nobody, and what holds no logs.

    Raises:
        SchemaError: naming which of the two it is.
    """
    where = f"{type(scheme).__name__}.track"
    if not hasattr(scheme, "label") or not hasattr(scheme, "reads"):
        fix = "give what a recipe's fit() returned, or a recipe that is its own scheme"
        raise SchemaError(f"{scheme!r:.60} is no scheme", where="track", fix=fix)
    a_base(base, where)
    if not hasattr(base, "as_of"):
        fix = "give a base: cu.CustomerBase(orders=...)"
        raise SchemaError(f"{base!r:.60} has no history", where=where, fix=fix)


def _spread(size: int, most: int) -> list[int]:
    """So many places at most, evenly spread, the first and the last among them."""
    if size <= most:
        return list(range(size))
    return [place * (size - 1) // (most - 1) for place in range(most)]
