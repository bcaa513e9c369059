"""Purchases that came beside those a model expected: by frequency, and week after week."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from custseg.plots.canvas import BLUE, GREY, ORANGE, altair, hung, rows
from custseg.segments.layout import count, counted

if TYPE_CHECKING:
    import datetime as dt

    from custseg.plots.canvas import Picture
    from custseg.scoring.purchase_holdout import Holdout
    from custseg.scoring.purchase_tracking import Tracking

__all__ = ["holdout_lines", "tracking_lines"]

_WIDTH, _HEIGHT = 460, 280
# Weeks that can be told apart.
_MOST = 400


def holdout_lines(holdout: Holdout, /) -> Picture:
    """Mean purchases in the holdout by purchases before it: a good model's lines lie together."""
    alt = altair()
    frame = holdout.frame
    told = _long(frame, "x", "customers").with_columns(
        pl.Series("shown", [f"{each:.2f}" for each in _long(frame, "x")["purchases"]])
    )
    order = frame["x"].to_list()
    whole = alt.Chart(rows(told)).encode(
        x=alt.X(
            "x:N",
            sort=order,
            axis=alt.Axis(title="repeat purchases before", labelAngle=0, grid=False),
        ),
        y=alt.Y("purchases:Q", axis=alt.Axis(title="purchases a customer", tickCount=5)),
        color=_colour(),
        tooltip=[
            alt.Tooltip("which:N", title="line"),
            alt.Tooltip("x:N", title="repeat purchases before"),
            alt.Tooltip("customers:Q", title="customers", format=","),
            alt.Tooltip("shown:N", title="purchases a customer"),
        ],
    )
    picture = alt.layer(whole.mark_line(strokeWidth=2), whole.mark_circle(size=45, opacity=1))
    return hung(
        picture.properties(width=_WIDTH, height=_HEIGHT),
        f"Purchases after {holdout.day}, to {holdout.until}",
        f"{holdout.model} beside what came, {counted(int(frame['customers'].sum()), 'customer')}",
    )


def tracking_lines(tracking: Tracking, /) -> Picture:
    """Repeat purchases of everybody added up by week; a rule where the model stops seeing."""
    alt = altair()
    frame = tracking.frame
    # Thinned from the end on, so that the last week is always shown.
    frame = frame.reverse().gather_every(-(-frame.height // _MOST) or 1).reverse()
    told = _long(frame, "day")
    told = told.with_columns(
        at=pl.col("day").dt.strftime("%Y-%m-%dT00:00:00"),
        day=pl.col("day").cast(pl.String),
        shown=pl.Series([count(round(each)) for each in told["purchases"]]),
    )
    lines = (
        alt.Chart(rows(told))
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("at:T", axis=alt.Axis(title=None, format="%Y-%m", tickCount=6, grid=False)),
            y=alt.Y("purchases:Q", axis=alt.Axis(title="repeat purchases", tickCount=5)),
            color=_colour(),
            tooltip=[
                alt.Tooltip("which:N", title="line"),
                alt.Tooltip("day:N", title="through"),
                alt.Tooltip("shown:N", title="repeat purchases"),
            ],
        )
    )
    picture = alt.layer(lines, _seen(tracking.day))
    return hung(
        picture.properties(width=_WIDTH, height=_HEIGHT),
        f"Repeat purchases of {counted(tracking.customers, 'customer')}, added up by week",
        f"{tracking.model} beside what came; dashed: the last day that it has seen",
    )


def _seen(day: dt.date) -> Any:  # noqa: ANN401 - a chart of Altair
    alt = altair()
    ends = alt.Chart(rows(pl.DataFrame({"at": [f"{day}T00:00:00"]})))
    return ends.mark_rule(color=GREY, strokeDash=[4, 4]).encode(x="at:T")


def _colour() -> Any:  # noqa: ANN401 - a channel of Altair
    alt = altair()
    scale = alt.Scale(domain=["actual", "expected"], range=[ORANGE, BLUE])
    return alt.Color("which:N", scale=scale, legend=alt.Legend(title=None, orient="top-left"))


def _long(frame: pl.DataFrame, *index: str) -> pl.DataFrame:
    """A row a line and a point of it."""
    numbers = frame.with_columns(pl.col("actual", "expected").cast(pl.Float64))
    return numbers.unpivot(
        ["actual", "expected"], index=index, variable_name="which", value_name="purchases"
    )
