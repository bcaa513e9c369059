"""The window of a recipe: a Window, or the suffix of a measure name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from custseg.errors import Problem
from custseg.model.measure_name import MeasureName
from custseg.model.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["suffix", "window_problems"]


def suffix(window: Window | str | None, /) -> str:
    """The window as the suffix of a measure name, "" for none.

    >>> import custseg as cu
    >>> from custseg.segments.measure_window import suffix
    >>> suffix(cu.Window(days=365)), suffix("2026"), suffix(None)
    ('365d', '2026', '')
    """
    if isinstance(window, Window):
        return window.suffix
    return "" if window is None else window


def window_problems(window: object, /, *, where: str) -> Iterator[Problem]:
    """What is wrong with a suffix that should be a window."""
    if window == "":
        return
    name = MeasureName.parse(f"orders_{window}") if isinstance(window, str) else None
    if name is None or name.window != window:
        yield Problem(
            f"{window!r} is not a window",
            where,
            'write Window(days=365), Window(months=12) or a year such as "2026"',
        )
