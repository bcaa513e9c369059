"""Segmentation: one label a customer, as of an instant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from attrs import frozen

from custseg.errors import Problem, SchemaError
from custseg.schema.bridge import array
from custseg.segments.currencies import same_currency
from custseg.segments.flow import Flow
from custseg.segments.labels import labelled, labels
from custseg.segments.layout import counted
from custseg.segments.lookup import place_of
from custseg.segments.shares import minor_spend, ratio, shares, spend_shares, sums
from custseg.segments.sizes import named, sizes_frame, sizes_layout

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase
    from custseg.base.measure import Measure
    from custseg.segments.layout import Layout
    from custseg.segments.scheme import Reasons, Scheme

__all__ = ["Segmentation", "a_base", "measured", "no_base"]


@frozen(eq=False, repr=False, kw_only=True)
class Segmentation:
    """A partition of customers into labelled segments.

    Every customer of the base stands in `frame` exactly once, sorted by id.

    Attributes:
        frame: `customer_id`, `segment` (an Enum in the scheme's order), then
            the measures and scores that were read, `orders` and `spend` among
            them.
        reasons: What can say why a customer bears a label: the scheme.
        instant: The instant as of which the labels hold.
        day: Its local date.
        currency: The currency of spend.
        scale: How many decimals the currency has.

    >>> import custseg as cu
    >>> days = {1: "2026-06-28", 2: "2026-06-29", 3: "2026-01-31"}
    >>> bought = [
    ...     cu.Order(order_id=n, customer_id=n // 3, ordered_at=day, total=f"{n * 10}.50")
    ...     for n, day in days.items()
    ... ]
    >>> base = cu.CustomerBase(orders=cu.table(cu.Order).frame(bought)).as_of("2026-06-30")
    >>> now = cu.RFM(grid=cu.Grid.value_tiers()).segment(base)
    >>> now
    2 customers as of 2026-06-30, spend in EUR
    segment     customers   share  spend  spend share
    high_value          0   0.0 %   0.00        0.0 %
    potential           0   0.0 %   0.00        0.0 %
    ordinary            2 100.0 %  61.50      100.0 %
    prospect            0   0.0 %   0.00        0.0 %
    >>> now.why("0")
    'r=5: 1 day ago ≤ 149; f=3: 2 orders ≥ 2; m=3: 31 spent ≥ 31; → ordinary'
    """

    frame: pl.DataFrame
    reasons: Reasons
    instant: dt.datetime
    day: dt.date
    currency: str
    scale: int

    @classmethod
    def of(
        cls, scheme: Scheme, base: CustomerBase, /, *, measures: pl.DataFrame | None = None
    ) -> Segmentation:
        """The labels that a scheme gives the customers of a base.

        Args:
            scheme: What labels them.
            base: Who they are, and as of when.
            measures: What `measured` read from the base, if that is at hand.

        Raises:
            SchemaError: when the scheme was fitted in another currency.
        """
        where = f"{type(scheme).__name__}.assign"
        a_base(base, where)
        same_currency(scheme, base, where=where)
        seen = measured(base, scheme.reads) if measures is None else measures
        return cls(
            frame=scheme.label(seen),
            reasons=scheme,
            instant=base.instant,
            day=base.day,
            currency=base.currency,
            scale=base.scale,
        )

    @property
    def segments(self) -> tuple[str, ...]:
        """The labels in order, those that nobody bears included."""
        return labels(self.frame["segment"])

    def sizes(self) -> pl.DataFrame:
        """A row a segment: customers, their share, spend and its share.

        Empty segments are in it; a share of nothing is null, and so is the
        spend share of a segment that returned more than it bought.
        """
        codes = self._codes()
        customers = np.bincount(codes, minlength=len(self.segments))
        # Summed as whole minor units: the same in whatever order the rows come.
        minor = minor_spend(self.frame, self.scale)
        spend = sums(minor, codes, len(self.segments))
        parts = (customers, shares(customers), spend, spend_shares(spend))
        return sizes_frame(self._labels(), *parts, scale=self.scale)

    def profile(self, base: CustomerBase, /, *measures: str | Measure) -> pl.DataFrame:
        """What each segment looks like: the mean of each measure in it.

        Nulls are left out; a segment without values has null. Of text and
        dates the most frequent value is shown, ties to the smaller. The base
        may be one as of a later instant: what became of the segments.

        Args:
            base: Where the measures are read.
            measures: Names of measures, scores or customers' columns, or
                `cu.Measure`s.

        Raises:
            SchemaError: when it is no base, or one with ids of another type.
        """
        where = "Segmentation.profile"
        a_base(base, where)
        names = tuple(dict.fromkeys(map(str, measures)))
        read = base.measures(*measures)
        SchemaError.check(self._profile_problems(read, names, where))
        joined = self.frame.select("customer_id", "segment").join(
            read, on="customer_id", how="left", maintain_order="left"
        )
        codes = self._codes()
        columns = [_typical(joined[name], codes, len(self.segments)) for name in names]
        sizes = np.bincount(codes, minlength=len(self.segments))
        return pl.DataFrame([self._labels(), pl.Series("customers", sizes), *columns])

    def members(self, name: str, /) -> pl.DataFrame:
        """The rows of `frame` of one segment.

        Raises:
            SchemaError: when no segment has this name.
        """
        known = named(name, self.segments, noun="segment", where="Segmentation.members")
        return self.frame.filter(pl.col("segment") == known)

    def why(self, customer_id: int | str, /) -> str:
        """Why a customer bears its label: thresholds and the numbers they met.

        Args:
            customer_id: The id; of an integer id the text will do.

        Raises:
            SchemaError: when the segmentation has no such customer.
        """
        place = place_of(customer_id, self.frame["customer_id"], where="Segmentation.why")
        return self.reasons.why(self.frame.row(place, named=True))

    def flow_to(self, later: Segmentation, /) -> Flow:
        """How customers moved from these segments to those of a later instant.

        Raises:
            SchemaError: when the two have other segments, or ids of another
                type.
        """
        _a_segmentation(later, "Segmentation.flow_to")
        problems = self._foreign_ids(later.frame, "flow_to")
        if self.segments != later.segments:
            there, here = ", ".join(later.segments), ", ".join(self.segments)
            what = f"the later segments are {there}, not {here}"
            fix = "assign both bases by one scheme, or use cross()"
            problems.append(Problem(what, "Segmentation.flow_to", fix))
        SchemaError.check(problems)
        return Flow.between(self.frame, later.frame)

    def cross(self, other: Segmentation, /) -> pl.DataFrame:
        """How two segmentations of the same customers overlap.

        A row a pair of segments, in the order of both: `segment`,
        `other_segment`, `customers`, and `share`, that of the segment's
        customers.

        Raises:
            SchemaError: when the two are not of the same customers.
        """
        _a_segmentation(other, "Segmentation.cross")
        SchemaError.check(self._foreign_ids(other.frame, "cross"))
        if not self.frame["customer_id"].equals(other.frame["customer_id"]):
            raise SchemaError(
                "the two are not of the same customers",
                where="Segmentation.cross",
                fix="assign both to one base, or use flow_to()",
            )
        theirs = len(other.segments)
        pairs = self._codes() * theirs + other._codes()
        customers = np.bincount(pairs, minlength=len(self.segments) * theirs)
        whole = customers.reshape(-1, theirs).sum(axis=1).repeat(theirs)
        return pl.DataFrame(
            {
                "segment": self._labels().gather(np.arange(len(self.segments)).repeat(theirs)),
                "other_segment": other._labels().gather(
                    np.tile(np.arange(theirs), len(self.segments))
                ),
                "customers": customers,
                "share": ratio(customers, whole),
            }
        )

    def __eq__(self, other: object) -> bool:
        """Whether the same customers bear the same labels as of the same instant."""
        if not isinstance(other, Segmentation):
            return NotImplemented
        return self.instant == other.instant and self.frame.equals(other.frame)

    def __repr__(self) -> str:
        """The sizes as a table."""
        return self._layout().text()

    def _repr_html_(self) -> str:
        return self._layout().html()

    def _layout(self) -> Layout:
        people = counted(self.frame.height, "customer")
        title = f"{people} as of {self.day}, spend in {self.currency}"
        return sizes_layout(self.sizes(), title, scale=self.scale)

    def _codes(self) -> NDArray[np.int64]:
        """The place of each customer's segment in `segments`."""
        return array(self.frame["segment"])

    def _labels(self) -> pl.Series:
        return labelled("segment", self.segments)

    def _profile_problems(
        self, read: pl.DataFrame, names: Iterable[str], where: str
    ) -> Iterator[Problem]:
        yield from self._foreign_ids(read, "profile")
        for name in names:
            if name in {"segment", "customers"}:
                what = f"{name!r} is a column of the profile itself"
                yield Problem(what, where, f"give the column another name: own_{name}")

    def _foreign_ids(self, other: pl.DataFrame, verb: str) -> list[Problem]:
        mine, theirs = (part["customer_id"].dtype for part in (self.frame, other))
        if mine == theirs:
            return []
        return [
            Problem(
                f"ids are {mine} here and {theirs} there",
                f"Segmentation.{verb}",
                "read both bases' logs with one type of id",
            )
        ]


def a_base(found: object, where: str, /) -> None:
    """Refuse what is no base of customers.

    Raises:
        SchemaError: naming the call.
    """
    # Whatever measures its customers will do: a partition of a base, too.
    if not callable(getattr(found, "measures", None)):
        raise no_base(found, where)


def no_base(found: object, where: str, /) -> SchemaError:
    """The error that tells what is no base of customers."""
    fix = "give a base: cu.CustomerBase(orders=...)"
    return SchemaError(f"{found!r:.60} is no base of customers", where=where, fix=fix)


def _a_segmentation(found: object, where: str) -> None:
    if not isinstance(found, Segmentation):
        fix = "give what another assign() returned"
        raise SchemaError(f"{found!r:.60} is no segmentation", where=where, fix=fix)


def measured(base: CustomerBase, names: Iterable[str | Measure], /) -> pl.DataFrame:
    """The measures that a scheme reads, orders and spend among them.

    These two are read whatever the scheme needs, so that sizes mean the same
    under every scheme.
    """
    return base.measures(*dict.fromkeys((*names, "orders", "spend")))


def _typical(values: pl.Series, codes: NDArray[Any], segments: int) -> pl.Series:
    """The mean, or the most frequent value, of each segment."""
    known = array(values.is_not_null())
    inside, kept = codes[known], values.drop_nulls()
    if values.dtype.is_numeric() or values.dtype == pl.Boolean:
        numbers = array(kept.cast(pl.Float64))
        # One pass in the order of ids: threads cannot change the last digit.
        total = np.bincount(inside, weights=numbers, minlength=segments)
        return ratio(total, np.bincount(inside, minlength=segments)).alias(values.name)
    often = (
        pl.DataFrame({"place": inside, "value": kept})
        .group_by("place", "value")
        .agg(n=pl.len())
        .sort("n", "value", descending=[True, False])
        .unique("place", keep="first", maintain_order=True)
    )
    every = pl.DataFrame({"place": pl.Series(range(segments), dtype=often["place"].dtype)})
    return every.join(often, on="place", how="left", maintain_order="left")["value"].alias(
        values.name
    )
