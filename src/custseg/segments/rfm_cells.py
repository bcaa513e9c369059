"""The cells of an RFM scheme, for those who follow it through time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from custseg.segments.cells import Axis, Cells

if TYPE_CHECKING:
    from custseg.segments.rfm_scheme import RFMScheme

__all__ = ["rfm_cells"]


def rfm_cells(scheme: RFMScheme, /) -> Cells:
    """The scores of a scheme as cells, and who has none.

    >>> import custseg as cu
    >>> from custseg.segments.rfm_cells import rfm_cells
    >>> halves = cu.Grid({"top": "r2 f2", "rest": ["r1", "r2 f1"]}, bins=2)
    >>> scheme = cu.RFMScheme(recency_days=[30], orders=[[2]], spend=[[9]], grid=halves)
    >>> [axis.measure for axis in rfm_cells(scheme).axes]
    ['recency_days', 'orders', 'spend', 'orders']
    """
    n, names = scheme.bins, scheme.reads
    # Scores of recency run from the most days to the fewest, starts the other way.
    by_orders = scheme.orders[::-1]
    by_spend = scheme.spend
    if scheme.nested:
        groups = [by_spend[place : place + n] for place in range(0, n * n, n)]
        by_spend = tuple(starts for group in reversed(groups) for starts in group)
    scores = (scheme.recency_days,), by_orders, by_spend
    axes = [Axis(name, starts) for name, starts in zip(names, scores, strict=True)]
    labels = np.broadcast_to(scheme.grid.codes, (n, n, n))[::-1]
    for lacking, name in enumerate(dict.fromkeys((names[1], "orders"))):
        # Behind the grid's names stand those without an order in the window, then without any.
        axes.append(Axis(name, ((1.0,),)))
        without = np.full(labels.shape, len(scheme.grid.segments) + lacking)
        labels = np.stack([without, labels], axis=-1)
    return Cells(axes, labels.ravel().tolist())
