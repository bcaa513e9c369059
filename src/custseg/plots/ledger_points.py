"""Ledger points: what was issued, redeemed and lost, month by month, and what is outstanding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from custseg.loyalty.liability import rolled
from custseg.loyalty.versions import current_of
from custseg.plots.canvas import BLUE, GREY, ORANGE, PALE, altair, hung, rows
from custseg.segments.layout import count, counted

if TYPE_CHECKING:
    from custseg.loyalty.ledger import Ledger
    from custseg.plots.canvas import Picture

__all__ = ["MONTH", "ledger_points", "wide"]

MONTH = "%Y-%m-%dT00:00:00"
"""The first day of a month as text without a zone: a page shows the month that is meant."""

_COLOURS = {"issued": BLUE, "redeemed": ORANGE, "expired": GREY, "other": PALE}
_ACROSS, _NARROWEST, _WIDEST = 480, 7, 40


def ledger_points(ledger: Ledger, /) -> Picture:
    """Bars up for points that come and down for points that go; below, what is outstanding."""
    months = _months(ledger)
    alt = altair()
    flows, held = _flows(months), months.select("month", "day", points="outstanding")
    many = months.height
    upper = _bars(flows, "points a month", many).encode(color=_legend(flows))
    lower = _bars(held, "outstanding at its end", many).encode(color=alt.value(PALE))
    totals = ledger.totals
    below = [f"{count(totals.issued)} issued, {count(totals.redeemed)} redeemed"]
    below[0] += f", {count(totals.expired)} expired, {count(totals.outstanding)} outstanding"
    if flows.filter(kind="other").height:
        below.append("other: adjusted, care, brought from elsewhere, taken back and forgiven")
    said = f"Points of {current_of(ledger.program).name} until {ledger.when.day}"
    people = counted(totals.members, "member")
    stacked = alt.vconcat(
        upper.properties(width=wide(many), height=200),
        lower.properties(width=wide(many), height=110),
        spacing=16,
    )
    return hung(stacked, f"{said}, {people}", *below)


def wide(months: int) -> int:
    """How wide a picture of so many months is."""
    return max(min(_ACROSS, _WIDEST * months), _NARROWEST * months, 160)


def _months(ledger: Ledger) -> pl.DataFrame:
    """A row a month with its flows, signed, and what is outstanding at its end."""
    return rolled(ledger, "month").select(
        month=pl.col("period").dt.strftime(MONTH),
        day=pl.col("period").dt.strftime("%Y-%m"),
        issued="issued",
        redeemed=-pl.col("redeemed"),
        expired=-pl.col("expired"),
        other=pl.col("adjusted") + pl.col("forgiven") - pl.col("clawed_back"),
        outstanding=pl.col("closing") + pl.col("debt"),
    )


def _flows(months: pl.DataFrame) -> pl.DataFrame:
    """A row a month and kind of flow; what never flows is left out."""
    kinds = [kind for kind in _COLOURS if kind != "other" or (months["other"] != 0).any()]
    return months.unpivot(kinds, index=["month", "day"], variable_name="kind", value_name="points")


def _legend(flows: pl.DataFrame) -> Any:  # noqa: ANN401 - a channel of Altair
    alt = altair()
    kinds = flows["kind"].unique(maintain_order=True).to_list()
    scale = alt.Scale(domain=kinds, range=[_COLOURS[kind] for kind in kinds])
    return alt.Color("kind:N", scale=scale, sort=kinds, legend=alt.Legend(title=None))


def _bars(frame: pl.DataFrame, title: str, months: int) -> Any:  # noqa: ANN401 - a chart of Altair
    alt = altair()
    told = frame.with_columns(pl.Series("told", [count(each) for each in frame["points"]]))
    # A few months are named one by one, many by the years.
    ticks = alt.Undefined if months > _NAMED else "month"
    axis = alt.Axis(title=None, format="%Y-%m", grid=False, labelAngle=0, tickCount=ticks)
    more = [alt.Tooltip("kind:N")] if "kind" in frame.columns else []
    return (
        alt.Chart(rows(told))
        .mark_bar()
        .encode(
            x=alt.X("month:T", timeUnit="yearmonth", axis=axis),
            y=alt.Y("points:Q", axis=alt.Axis(title=title, format="~s", tickCount=5)),
            tooltip=[
                alt.Tooltip("day:N", title="month"),
                *more,
                alt.Tooltip("told:N", title="points"),
            ],
        )
    )


_NAMED = 8
