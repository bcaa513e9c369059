"""Frequency and recency: who is still there, and who will buy most, as a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from custseg.plots.canvas import altair, hung, rows, shades

if TYPE_CHECKING:
    from custseg.plots.canvas import Picture
    from custseg.scoring.purchase_matrix import PurchaseMatrix

__all__ = ["alive_map", "purchases_map"]

_WIDTH, _HEIGHT = 440, 320


def alive_map(matrix: PurchaseMatrix, /) -> Picture:
    """The probability that a customer has not left, by purchases and the time of the last."""
    return _drawn(
        matrix,
        "p_alive",
        shades(title="P(alive)"),
        f"P(alive) after {matrix.T:g} {matrix.unit}s",
    )


def purchases_map(matrix: PurchaseMatrix, /) -> Picture:
    """Purchases expected within the horizon, by purchases so far and the time of the last."""
    alt = altair()
    shade = {
        "scale": alt.Scale(scheme="blues", domainMin=0),
        "legend": alt.Legend(title="purchases", gradientLength=160),
    }
    title = f"Purchases expected within {matrix.horizon:g} {matrix.unit}s"
    return _drawn(matrix, "expected_purchases", shade, title)


def _drawn(matrix: PurchaseMatrix, field: str, shade: dict[str, Any], title: str) -> Picture:
    alt = altair()
    frame = matrix.frame
    times = frame["t_x"].unique().sort().to_list()
    told = frame.with_columns(
        pl.Series("since", [f"{matrix.T - each:g} {matrix.unit}s" for each in frame["t_x"]]),
        pl.Series("alive", [f"{100 * each:.1f} %" for each in frame["p_alive"]]),
        pl.Series("bought", [f"{each:.3g}" for each in frame["expected_purchases"]]),
    )
    across = alt.Axis(
        title=f"last purchase, {matrix.unit}s after the first",
        labelAngle=0,
        labelOverlap=True,
        format="~g",
    )
    up = alt.Axis(title="repeat purchases", labelOverlap=True)
    cells = (
        alt.Chart(rows(told))
        .mark_rect()
        .encode(
            x=alt.X("t_x:O", sort=times, axis=across),
            y=alt.Y("x:O", sort="descending", axis=up),
            color=alt.Color(f"{field}:Q", **shade),
            tooltip=[
                alt.Tooltip("x:O", title="repeat purchases"),
                alt.Tooltip("since:N", title="silent for"),
                alt.Tooltip("alive:N", title="P(alive)"),
                alt.Tooltip("bought:N", title="purchases expected"),
            ],
        )
    )
    return hung(
        cells.properties(width=_WIDTH, height=_HEIGHT),
        title,
        f"{matrix.model}, customers observed for {matrix.T:g} {matrix.unit}s; "
        f"the right-most bought on the last day",
    )
