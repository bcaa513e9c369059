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

__all__ = ["ledger_points", "of_months", "wide"]

_COLOURS = {"issued": BLUE, "redeemed": ORANGE, "expired": GREY, "other": PALE}
_ACROSS, _NARROWEST, _WIDEST = 480, 7, 80
# No more months than these are named below an axis.
_NAMED, _STEPS = 8, (1, 2, 3, 6, 12, 24, 60, 120)


def ledger_points(ledger: Ledger, /) -> Picture:
    """Bars up for points that come and down for points that go; below, what is outstanding."""
    months = _months(ledger)
    alt = altair()
    flows, held = _flows(months), months.select("month", points="outstanding")
    named = of_months(months["month"])
    upper = _bars(flows, "points a month", named).encode(
        color=_legend(flows), order=alt.Order("place:Q")
    )
    lower = _bars(held, "outstanding at its end", named).encode(color=alt.value(PALE))
    totals = ledger.totals
    below = [f"{count(totals.issued)} issued, {count(totals.redeemed)} redeemed"]
    below[0] += f", {count(totals.expired)} expired, {count(totals.outstanding)} outstanding"
    if flows.filter(kind="other").height:
        below.append("other: adjusted, care, brought from elsewhere, taken back and forgiven")
    said = f"Points of {current_of(ledger.program).name} until {ledger.when.day}"
    people = counted(totals.members, "member")
    stacked = alt.vconcat(
        upper.properties(width=wide(months.height), height=200),
        lower.properties(width=wide(months.height), height=120),
        spacing=16,
    )
    return hung(stacked, f"{said}, {people}", *below)


def wide(months: int) -> int:
    """How wide a picture of so many months is."""
    return max(min(_ACROSS, _WIDEST * months), _NARROWEST * months, 240)


def of_months(months: pl.Series) -> Any:  # noqa: ANN401 - a channel of Altair
    """Months side by side, as many of them named as there is room for: Januaries where few."""
    alt = altair()
    every = next((step for step in _STEPS if months.len() <= step * _NAMED), _STEPS[-1])
    number = 12 * months.str.slice(0, 4).cast(pl.Int64) + months.str.slice(5).cast(pl.Int64) - 1
    axis = alt.Axis(title=None, labelAngle=0, values=months.filter(number % every == 0).to_list())
    return alt.X("month:O", axis=axis, scale=alt.Scale(paddingInner=0.08, paddingOuter=0.2))


def _months(ledger: Ledger) -> pl.DataFrame:
    """A row a month with its flows, signed, and what is outstanding at its end."""
    return rolled(ledger, "month").select(
        month=pl.col("period").dt.strftime("%Y-%m"),
        issued="issued",
        redeemed=-pl.col("redeemed"),
        expired=-pl.col("expired"),
        other=pl.col("adjusted") + pl.col("forgiven") - pl.col("clawed_back"),
        outstanding=pl.col("closing") + pl.col("debt"),
    )


def _flows(months: pl.DataFrame) -> pl.DataFrame:
    """A row a month and kind of flow; what never flows is left out."""
    kinds = [kind for kind in _COLOURS if kind != "other" or (months["other"] != 0).any()]
    flows = months.unpivot(kinds, index="month", variable_name="kind", value_name="points")
    # Those that are declared first lie next to the line of 0.
    return flows.with_columns(place=pl.col("kind").replace_strict(kinds, range(len(kinds))))


def _legend(flows: pl.DataFrame) -> Any:  # noqa: ANN401 - a channel of Altair
    alt = altair()
    kinds = flows["kind"].unique(maintain_order=True).to_list()
    scale = alt.Scale(domain=kinds, range=[_COLOURS[kind] for kind in kinds])
    return alt.Color("kind:N", scale=scale, sort=kinds, legend=alt.Legend(title=None))


def _bars(frame: pl.DataFrame, title: str, named: Any) -> Any:  # noqa: ANN401 - charts of Altair
    alt = altair()
    told = frame.with_columns(
        pl.Series("told", [count(each) for each in frame["points"]], dtype=pl.String)
    )
    more = [alt.Tooltip("kind:N")] if "kind" in frame.columns else []
    axis = alt.Axis(title=title, format=",~f", tickCount=5, tickMinStep=1)
    tooltip = [alt.Tooltip("month:O"), *more, alt.Tooltip("told:N", title="points")]
    whole = alt.Chart(rows(told)).mark_bar()
    return whole.encode(x=named, y=alt.Y("points:Q", axis=axis), tooltip=tooltip)
