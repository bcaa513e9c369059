"""Flow matrix: from which segment customers went to which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from custseg.plots.canvas import GREY, altair, cell_ink, hung, lines, rows, shades
from custseg.segments.layout import count, counted, share

if TYPE_CHECKING:
    from custseg.plots.canvas import Picture
    from custseg.segments.flow import Flow

__all__ = ["flow_matrix"]

_OUTSIDE = "no customer"
_NARROWEST = 40


def flow_matrix(flow: Flow, /) -> Picture:
    """A row a segment before, a column a segment after; who stayed is framed."""
    moves = _moves(flow)
    before, after = (
        int(flow.frame.filter(pl.col(side).is_not_null())["customers"].sum())
        for side in ("before", "after")
    )
    index = flow.stability_index
    told = "unknown" if index is None else f"{index:.4f}"
    return hung(
        _matrix(moves, _names(flow)),
        f"{counted(before, 'customer')} before, {count(after)} after",
        f"population stability index {told}; framed: who stayed",
    )


def _names(flow: Flow) -> list[str]:
    """The segments in order, then a name for being outside that no segment has."""
    outside = _OUTSIDE
    while outside in flow.segments:
        outside = f"({outside})"
    return [*flow.segments, outside]


def _moves(flow: Flow) -> pl.DataFrame:
    """A row a pair that somebody could be in, with the texts that are shown of it."""
    *_, outside = _names(flow)
    sides = [pl.col(side).cast(pl.String).fill_null(outside) for side in ("before", "after")]
    moves = flow.frame.with_columns(sides)
    went = moves.group_by("before").agg(whole=pl.col("customers").sum())
    moves = moves.join(went, on="before", how="left", maintain_order="left").with_columns(
        share=pl.when(pl.col("whole") > 0).then(pl.col("customers") / pl.col("whole")),
        stayed=pl.col("before") == pl.col("after"),
    )
    return moves.drop("whole").with_columns(
        pl.Series("told", [count(each) if each else "" for each in moves["customers"]]),
        pl.Series("part", [share(each) for each in moves["share"]]),
    )


def _matrix(moves: pl.DataFrame, names: list[str]) -> Any:  # noqa: ANN401 - a chart of Altair
    alt = altair()
    ordered = lines(names)
    above = alt.Axis(orient="top", labelAngle=-40, labelAlign="left", title="after")
    whole = alt.Chart(rows(moves)).encode(
        x=alt.X("after:N", sort=ordered, axis=above),
        y=alt.Y("before:N", sort=ordered, axis=alt.Axis(title="before", titlePadding=12)),
    )
    filled = alt.datum.customers > 0
    cells = (
        whole.mark_rect()
        .encode(
            color=alt.Color("share:Q", **shades(title="share of the row")),
            tooltip=[
                alt.Tooltip("before:N"),
                alt.Tooltip("after:N"),
                alt.Tooltip("told:N", title="customers"),
                alt.Tooltip("part:N", title="share of the row"),
            ],
        )
        .transform_filter(filled)
    )
    same = whole.mark_rect(filled=False, stroke=GREY, strokeWidth=1.5).transform_filter(
        alt.datum.stayed
    )
    numbers = whole.mark_text(fontSize=11).encode(text="told:N", color=cell_ink("share"))
    widest = max(len(each) for each in moves["told"])
    side = alt.Step(max(_NARROWEST, 7 * widest + 8))
    return alt.layer(cells, same, numbers).properties(width=side, height=alt.Step(26))
