"""Score map: customers by their RFM scores, cell by cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from custseg.errors import SchemaError
from custseg.plots.canvas import altair, cell_ink, hung, rows
from custseg.segments.layout import amount, count, counted, share
from custseg.segments.rfm_scheme import RFMScheme

if TYPE_CHECKING:
    from custseg.plots.canvas import Picture
    from custseg.segments.segmentation import Segmentation

__all__ = ["score_map"]

_SCORES = {
    "r": "recency score, {} = the latest orders",
    "f": "frequency score, {} = the most orders",
    "m": "money score, {} = the most spent",
}
_SIDE = 480
# From so many scores on, cells are too small for names and for numbers.
_NAMED, _NUMBERED = 6, 10


def score_map(segmentation: Segmentation, /) -> Picture:
    """Customers by the two scores that the grid reads: a heat map.

    A cell bears the name of its segment where all its customers are in one.

    Raises:
        SchemaError: when the segments do not come from RFM scores.
    """
    scheme = segmentation.reasons
    if not isinstance(scheme, RFMScheme):
        raise SchemaError(
            "these segments have no RFM scores",
            where='plot(kind="rfm")',
            fix='plot what cu.RFM() segments, or kind="sizes"',
        )
    down, across = _axes(scheme.grid.axes)
    cells = _cells(segmentation, down, across, scheme.bins)
    scored = int(cells["customers"].sum())
    without = segmentation.frame.height - scored
    told = [f"{counted(without, 'customer')} without scores stand outside"] if without else []
    return hung(
        _map(cells, down, across, scheme.bins),
        f"RFM scores of {counted(scored, 'customer')} as of {segmentation.day}",
        *told,
    )


def _axes(read: str) -> tuple[str, str]:
    """The first two scores that the grid reads; recency and frequency where it reads one."""
    two = [axis for axis in "rfm" if axis in read]
    two += [axis for axis in "rf" if axis not in two]
    first, second, *_ = sorted(two[:2], key="rfm".index)
    return first, second


def _cells(segmentation: Segmentation, down: str, across: str, bins: int) -> pl.DataFrame:
    """A row a cell, empty ones too, with the texts that are shown of it."""
    frame = segmentation.frame.select("segment", "spend", down, across)
    scores = pl.DataFrame({down: range(bins, 0, -1)}).join(
        pl.DataFrame({across: range(1, bins + 1)}), how="cross"
    )
    found = (
        frame.drop_nulls([down, across])
        .sort(down, across, "spend", "segment")  # float sums depend on the order
        .group_by(down, across, maintain_order=True)
        .agg(
            customers=pl.len().cast(pl.Int64),
            mean=pl.col("spend").mean(),
            names=pl.col("segment").n_unique(),
            segment=pl.col("segment").first().cast(pl.String),
        )
    )
    cells = scores.join(found, on=[down, across], how="left", maintain_order="left").with_columns(
        pl.col("customers").fill_null(0),
        pl.when(pl.col("names") == 1).then("segment").otherwise(pl.lit("")).alias("segment"),
    )
    whole = max(int(cells["customers"].sum()), 1)
    parts = [each / whole for each in cells["customers"]]
    most = max(*parts, 0) or 1
    means = [
        "–" if each is None else f"{amount(each, segmentation.scale)} {segmentation.currency}"
        for each in cells["mean"]
    ]
    return cells.drop("names", "mean").with_columns(
        pl.Series("told", [count(each) if each else "" for each in cells["customers"]]),
        pl.Series("share", [share(each) for each in parts]),
        pl.Series("depth", [each / most for each in parts]),
        pl.Series("mean_spend", means),
    )


def _map(cells: pl.DataFrame, down: str, across: str, bins: int) -> Any:  # noqa: ANN401 - a chart
    alt = altair()
    best = alt.Axis(title=_SCORES[across].format(bins), labelAngle=0)
    highest = alt.Axis(title=_SCORES[down].format(bins))
    whole = alt.Chart(rows(cells)).encode(
        x=alt.X(f"{across}:O", axis=best),
        y=alt.Y(f"{down}:O", sort="descending", axis=highest),
    )
    deep = alt.Scale(scheme="blues", domain=[0, 1])
    layers = [
        whole.mark_rect(stroke="#77777733")
        .transform_filter(alt.datum.depth > 0)
        .encode(
            color=alt.Color("depth:Q", scale=deep, legend=None),
            tooltip=[
                *(alt.Tooltip(f"{axis}:O") for axis in (down, across)),
                alt.Tooltip("segment:N"),
                alt.Tooltip("told:N", title="customers"),
                alt.Tooltip("share:N", title="share"),
                alt.Tooltip("mean_spend:N", title="mean spend"),
            ],
        )
    ]
    side = _SIDE // bins if bins > _NAMED else 96
    if bins <= _NUMBERED:
        rise = -4 if bins <= _NAMED else 0
        layers.append(
            whole.mark_text(fontSize=12, dy=rise).encode(text="told:N", color=cell_ink("depth"))
        )
    if bins <= _NAMED:
        layers.append(
            whole.mark_text(fontSize=10, dy=12, limit=side - 6).encode(
                text="segment:N", color=cell_ink("depth")
            )
        )
    height = side * 5 // 8 if bins <= _NAMED else side
    return alt.layer(*layers).properties(width=side * bins, height=height * bins)
