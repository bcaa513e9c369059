"""Horizons: how far a score looks, in units of time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from custseg.base.customer_base import CustomerBase
from custseg.errors import SchemaError
from custseg.model.window import Window, months_later
from custseg.scoring.history import unit_days

if TYPE_CHECKING:
    from custseg.scoring.rows import Source

__all__ = ["units_of"]


def units_of(horizon: float | Window, source: Source, /, *, unit: str, where: str) -> float:
    """A horizon in units; calendar months from the as_of of a base.

    Raises:
        SchemaError: when it is no time, or months are asked of a frame.
    """
    days = unit_days(unit, where=where)
    if isinstance(horizon, Window):
        if horizon.days is not None:
            return horizon.days / days
        if isinstance(source, CustomerBase):
            until = months_later(source.day, horizon.months or 0)
            return (until - source.day).days / days
        raise SchemaError(
            "a frame does not say from which day its months run",
            where=where,
            fix=f"give a base, Window(days=365), or a number of {unit}s",
        )
    if isinstance(horizon, bool) or not (math.isfinite(horizon) and horizon >= 0):
        raise SchemaError(
            f"{horizon!r} is no horizon", where=where, fix=f"give a number of {unit}s, or a Window"
        )
    return float(horizon)
