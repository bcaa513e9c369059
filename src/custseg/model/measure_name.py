"""The grammar of measure names: the name is the spec."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from attrs import frozen

__all__ = ["MeasureName", "looks_like_measure"]

WINDOWED = (
    "orders",
    "spend",
    "average_order",
    "days_active",
    "gap_days",
    "gap_days_cv",
    "category_count",
    "top_category",
    "nps_last",
    "csat_mean",
)
WHOLE = ("recency_days", "tenure_days", "last_gap_days", "overdue", "open_tickets")

_WINDOW = re.compile(
    r"(?P<base>.+)_(?:(?P<length>[1-9]\d{0,4})(?P<unit>[dm])|(?P<year>[1-9]\d{3}))"
)


@frozen(cache_hash=True)
class MeasureName:
    """A measure name taken apart.

    Windowed or not: `orders`, `spend` (returns net), `average_order`,
    `days_active` (local days with an order), `gap_days` (their mean distance),
    `gap_days_cv` (its coefficient of variation), `category_count`,
    `top_category`, `nps_last`, `csat_mean`, `events_KIND`. Never windowed:
    `recency_days` and `tenure_days` (since the last and the first order),
    `last_gap_days` (between the last two days with an order, null before there
    are two), `overdue` (recency in mean gaps), `open_tickets`.

    Attributes:
        base: What is measured: `orders`, `spend`, `events_browse`, ...
        window: The suffix as written (`365d`, `12m`, `2026`), or "".
        unit: What the window counts: days, months, a calendar year, or "".
        length: How many days or months, or which year; 0 without a window.

    >>> import custseg as cu
    >>> name = cu.MeasureName.parse("spend_365d")
    >>> name.base, name.unit, name.length
    ('spend', 'd', 365)
    >>> cu.MeasureName.parse("recency_days_30d") is None
    True
    """

    base: str
    window: str = ""
    unit: Literal["", "d", "m", "y"] = ""
    length: int = 0

    @classmethod
    def parse(cls, text: str) -> MeasureName | None:
        """The parts of a measure name, or None when `text` is none."""
        return _parsed(text)

    def __str__(self) -> str:
        """The name as it is written."""
        return f"{self.base}_{self.window}" if self.window else self.base


@lru_cache(maxsize=1024)
def _parsed(text: str) -> MeasureName | None:
    """Kept: customers who are asked for one by one are asked for the same measures."""
    match = _WINDOW.fullmatch(text)
    if match is None:
        return MeasureName(text) if text in WHOLE or _may_be_windowed(text) else None
    base, year = match["base"], match["year"]
    if not _may_be_windowed(base):
        return None
    if year:
        return MeasureName(base, year, "y", int(year))
    unit: Literal["d", "m"] = "d" if match["unit"] == "d" else "m"
    return MeasureName(base, match["length"] + unit, unit, int(match["length"]))


def _may_be_windowed(base: str) -> bool:
    # The last suffix that is a window is the window: events_care_30d is `events_care`
    # over 30 days; a kind that is itself called care_30d is reached as events_care_30d_12m.
    return base in WINDOWED or (base.startswith("events_") and base != "events_")


def looks_like_measure(text: str) -> bool:
    """Whether `text` was probably meant as a measure but is none.

    >>> looks_like_measure("spend_3d65"), looks_like_measure("region")
    (True, False)
    """
    if MeasureName.parse(text) is not None:
        return False
    bases = (*WINDOWED, *WHOLE)
    if any(text.startswith(f"{base}_") for base in (*bases, "events")):
        return True
    return any(_one_edit_apart(text, base) for base in bases)


def _one_edit_apart(left: str, right: str) -> bool:
    if abs(len(left) - len(right)) > 1 or left == right:
        return False
    if len(left) > len(right):
        left, right = right, left
    start = 0
    while start < len(left) and left[start] == right[start]:
        start += 1
    skip = start + 1
    return left[start:] == right[skip:] or left[skip:] == right[skip:]
