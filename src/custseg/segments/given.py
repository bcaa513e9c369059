"""What was given where a row of things belongs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, cast

__all__ = ["as_row", "is_row"]


def as_row(given: object, /) -> Any:  # noqa: ANN401 - whatever was given
    """What can be taken in order as a tuple; anything else as it is, to be refused with the rest.

    Texts are one thing, and sets have no order.

    >>> from custseg.segments.given import as_row
    >>> as_row([0.8, 0.95]), as_row("spend"), as_row(None)
    ((0.8, 0.95), 'spend', None)
    """
    unordered = isinstance(given, str | bytes | Mapping | AbstractSet)
    row = isinstance(given, Iterable) and not unordered
    return tuple(cast("Iterable[object]", given)) if row else cast("object", given)


def is_row(given: object, /) -> bool:
    """Whether `as_row` made a tuple of it.

    >>> from custseg.segments.given import is_row
    >>> is_row(("a",)), is_row("a")
    (True, False)
    """
    return isinstance(given, tuple)
