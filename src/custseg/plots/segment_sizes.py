"""Segment sizes: how many customers are in each segment, and what they spend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from custseg.plots.canvas import BLUE, GREY, ORANGE, altair, hung, lines, rows
from custseg.segments.layout import amount, count, counted, share

if TYPE_CHECKING:
    from custseg.plots.canvas import Picture
    from custseg.segments.segmentation import Segmentation

__all__ = ["segment_sizes"]

_ACROSS = 260
# A share beside the longest bar takes a quarter of the bars' width.
_ROOM = 0.25


def segment_sizes(segmentation: Segmentation, /) -> Picture:
    """A bar a segment for customers and one for spend, in the scheme's order."""
    sizes = _told(segmentation)
    names = lines(segmentation.segments)
    customers = _bars(sizes, names, "customers", "customers", BLUE)
    spend = _bars(sizes, names, "spend", f"spend, {segmentation.currency}", ORANGE)
    people = counted(segmentation.frame.height, "customer")
    return hung(
        altair().hconcat(customers, spend, spacing=24),
        f"{people} as of {segmentation.day}",
        f"customers and their spend in {segmentation.currency}, with the share of each segment",
    )


def _told(segmentation: Segmentation) -> pl.DataFrame:
    """The sizes with the texts that are shown of them."""
    sizes = segmentation.sizes().with_columns(pl.col("segment").cast(pl.String))
    exact = [count(each) for each in sizes["customers"]]
    money = [amount(each, segmentation.scale) for each in sizes["spend"]]
    return sizes.with_columns(
        pl.Series("customers_told", exact),
        pl.Series("spend_told", money),
        pl.Series("customers_share", [share(each) for each in sizes["share"]]),
        pl.Series("spend_share", [share(each) for each in sizes["spend_share"]]),
    ).drop("share")


def _bars(sizes: pl.DataFrame, names: list[str], measure: str, title: str, colour: str) -> Any:  # noqa: ANN401 - a chart of Altair
    alt = altair()
    # The names stand once, left of the first bars.
    axis = alt.Axis(title=None) if measure == "customers" else None
    least, longest = min(0.0, *sizes[measure]), max(0.0, *sizes[measure])
    room = _ROOM * (longest - least or 1.0)
    span = alt.Scale(domain=[least, longest + room], nice=False)
    step = alt.Undefined if measure == "spend" else 1
    scaled = alt.Axis(title=title, format=",~f", tickCount=4, tickMinStep=step, grid=False)
    whole = alt.Chart(rows(sizes)).encode(y=alt.Y("segment:N", sort=names, axis=axis))
    bars = whole.mark_bar(color=colour).encode(
        x=alt.X(f"{measure}:Q", scale=span, axis=scaled),
        tooltip=[
            alt.Tooltip("segment:N"),
            alt.Tooltip(f"{measure}_told:N", title=title),
            alt.Tooltip(f"{measure}_share:N", title="share"),
        ],
    )
    beside = whole.mark_text(align="left", dx=4, color=GREY, fontSize=11).encode(
        x=alt.X("end:Q", scale=span), text=f"{measure}_share:N"
    )
    beside = beside.transform_calculate(end=f"max(0, datum.{measure})")
    return alt.layer(bars, beside).properties(width=_ACROSS, height=alt.Step(22))
