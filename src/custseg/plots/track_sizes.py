"""Track sizes: each segment through time, in a small picture of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from custseg.plots.canvas import BLUE, PALE, altair, hung, lines, rows
from custseg.segments.layout import count, counted, share

if TYPE_CHECKING:
    from custseg.plots.canvas import Picture
    from custseg.segments.track import Track

__all__ = ["track_shares", "track_sizes"]

_ABREAST = 4
# More days than this are no longer told apart, and dots would be a band.
_MOST, _DOTTED = 400, 36


def track_sizes(track: Track, /) -> Picture:
    """Customers of each segment, period after period; one scale for all."""
    return _drawn(track, "customers", "customers", ",~f")


def track_shares(track: Track, /) -> Picture:
    """The share of customers that each segment has, period after period."""
    return _drawn(track, "share", "share of customers", ".0%")


def _drawn(track: Track, measure: str, title: str, written: str) -> Picture:
    alt = altair()
    step = 1 if measure == "customers" else alt.Undefined
    axis = alt.Axis(title=title, format=written, tickCount=3, tickMinStep=step)
    many = len(track.days) > _DOTTED
    small = (
        alt.Chart(rows(_told(track)))
        .mark_area(color=PALE, opacity=1, line={"color": BLUE}, point=_dots(many=many))
        .encode(
            x=alt.X(
                "at:T",
                axis=alt.Axis(title=None, format="%Y-%m-%d", grid=False, values=_ends(track)),
            ),
            y=alt.Y(f"{measure}:Q", axis=axis),
            tooltip=[
                alt.Tooltip("segment:N"),
                alt.Tooltip("day:N"),
                alt.Tooltip("told:N", title="customers"),
                alt.Tooltip("part:N", title="share"),
            ],
        )
        .properties(width=160, height=90)
    )
    header = alt.Header(title=None, labelFontSize=12, labelAnchor="start")
    apart = alt.Facet("segment:N", sort=lines(track.segments), header=header)
    days = counted(len(track.days), "day")
    return hung(
        small.facet(apart, columns=_ABREAST, spacing=16),
        f"{title.capitalize()} by segment, {track.days[0]} to {track.days[-1]}",
        f"{counted(track.customer_ids.len(), 'customer')} at the end, {days} tracked",
    )


def _dots(*, many: bool) -> object:
    return False if many else {"color": BLUE, "size": 14}


def _ends(track: Track) -> list[Any]:
    """The first and the last day, which a small axis has room for."""
    ends = dict.fromkeys((track.days[0], track.days[-1]))
    return [altair().DateTime(year=day.year, month=day.month, date=day.day) for day in ends]


def _told(track: Track) -> pl.DataFrame:
    """The sizes with the texts that are shown of them."""
    sizes = track.sizes()
    days = sizes["at"].unique().sort()
    if days.len() > _MOST:
        kept = [place * (days.len() - 1) // (_MOST - 1) for place in range(_MOST)]
        sizes = sizes.filter(pl.col("at").is_in(days.gather(kept).implode()))
    # Without a zone, so that a page shows the day that is meant wherever it is read.
    return sizes.with_columns(
        pl.col("segment").cast(pl.String),
        at=pl.col("at").dt.strftime("%Y-%m-%dT00:00:00"),
        day=pl.col("at").cast(pl.String),
        told=pl.Series([count(each) for each in sizes["customers"]]),
        part=pl.Series([share(each) for each in sizes["share"]]),
    )
