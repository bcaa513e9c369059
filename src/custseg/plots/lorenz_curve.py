"""Lorenz curve: how unequally a value is spread, and where the classes of an ABC end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from custseg.errors import SchemaError
from custseg.plots.canvas import BLUE, GREY, ORANGE, PALE, altair, hung, rows
from custseg.segments.abc_scheme import ABCScheme
from custseg.segments.layout import counted, share

if TYPE_CHECKING:
    from custseg.plots.canvas import Picture
    from custseg.segments.abc_lorenz import Lorenz
    from custseg.segments.segmentation import Segmentation

__all__ = ["abc_curve", "lorenz_curve"]

_SIDE = 360
# Corners nearer to each other than this part of a side are one.
_FINEST = 250


def lorenz_curve(curve: Lorenz, /) -> Picture:
    """The curve under the line of equals; the customers with least stand left."""
    return _titled(altair().layer(*_layers(curve)), curve)


def abc_curve(segmentation: Segmentation, /) -> Picture:
    """The curve of the measure that was shared out, parted into its classes.

    Raises:
        SchemaError: when the segments do not come from an ABC.
    """
    scheme = segmentation.reasons
    if not isinstance(scheme, ABCScheme):
        raise SchemaError(
            "these segments do not share out a value",
            where='plot(kind="lorenz")',
            fix='plot what cu.ABC() segments, or kind="sizes"',
        )
    curve = scheme.lorenz(segmentation)
    classes = _classes(curve, scheme)
    told = [
        f"{name}: {share(customers)} of customers, {share(value)} of {scheme.by}"
        for name, customers, value in classes.select("name", "customers", "value").iter_rows()
    ]
    return _titled(altair().layer(*_layers(curve), *_parts(classes)), curve, *told)


def _classes(curve: Lorenz, scheme: ABCScheme) -> pl.DataFrame:
    """Where each class lies on the curve, the best last: from, to, and what it has."""
    corners = curve.frame
    ends = [(0.0, 0.0), *(_below(corners, limit) for limit in (scheme.b, scheme.a)), (1.0, 1.0)]
    rows_of = [
        (name, low[0], high[0], (low[0] + high[0]) / 2, high[0] - low[0], high[1] - low[1])
        for name, low, high in zip(reversed(scheme.segments), ends[:-1], ends[1:], strict=True)
        if high[0] > low[0]
    ]
    names = ("name", "low", "high", "middle", "customers", "value")
    types = pl.Schema(
        {name: pl.Float64 if place else pl.String for place, name in enumerate(names)}
    )
    return pl.DataFrame(rows_of if curve.customers else [], schema=types, orient="row")


def _below(corners: pl.DataFrame, limit: float) -> tuple[float, float]:
    """The corner of all customers with less."""
    # The first corner is that of nobody: it is below any limit.
    x, y = corners.filter(pl.col("value") < limit).select("customer_share", "value_share").row(-1)
    return x, y


def _parts(classes: pl.DataFrame) -> list[Any]:
    """The classes' names above the curve, and the lines between them."""
    alt = altair()
    whole = alt.Chart(rows(classes))
    between = whole.transform_filter(alt.datum.low > 0)
    return [
        between.mark_rule(color=ORANGE, strokeWidth=1.5).encode(x=alt.X("low:Q")),
        whole.mark_text(color=GREY, fontSize=13, fontWeight="bold", baseline="bottom").encode(
            x=alt.X("middle:Q"), y=alt.value(-4), text="name:N"
        ),
    ]


def _layers(curve: Lorenz) -> list[Any]:
    """The curve, the area under it, and the line of equals."""
    alt = altair()
    # Vega writes the titles of axes into expressions: names from outside have no place in them.
    x, y = _axis("x", "share of customers, least first"), _axis("y", "share of the total")
    line = _thinned(curve.frame.select(x="customer_share", y="value_share"))
    whole = alt.Chart(rows(line)).encode(x=x, y=y)
    equal = alt.Chart(rows(pl.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]}))).encode(x=x, y=y)
    tooltip = [
        alt.Tooltip("x:Q", format=".1%", title="customers up to here"),
        alt.Tooltip("y:Q", format=".1%", title="what they have"),
    ]
    return [
        whole.mark_area(color=PALE, opacity=1),
        equal.mark_line(color=GREY, strokeDash=[4, 4], strokeWidth=1),
        whole.mark_line(color=BLUE, strokeWidth=2).encode(tooltip=tooltip),
    ]


def _titled(layers: Any, curve: Lorenz, *told: str) -> Picture:  # noqa: ANN401 - a chart of Altair
    gini = curve.gini()
    return hung(
        layers.properties(width=_SIDE, height=_SIDE),
        f"{curve.by} of {counted(curve.customers, 'customer')}, Gini "
        f"{'unknown' if gini is None else f'{gini:.4f}'}",
        *(reversed(told) or [f"the best 20 % have {share(curve.top_share(0.2))}"]),
        "dashed: if all had the same",
    )


def _axis(axis: str, title: str) -> Any:  # noqa: ANN401 - an axis of Altair
    alt = altair()
    channel = alt.X if axis == "x" else alt.Y
    scale = alt.Scale(domain=[0, 1], nice=False)
    return channel(f"{axis}:Q", title=title, scale=scale, axis=alt.Axis(format=".0%", tickCount=5))


def _thinned(line: pl.DataFrame) -> pl.DataFrame:
    """The corners that can be told apart, the first and the last among them."""
    x, y = (np.floor(line[name].to_numpy() * _FINEST) for name in ("x", "y"))
    kept = np.ones(x.size, np.bool_)
    kept[1:-1] = (x[1:-1] != x[:-2]) | (y[1:-1] != y[:-2])
    return line.filter(pl.Series(kept))
