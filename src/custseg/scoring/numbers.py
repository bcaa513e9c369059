"""What counts as a number where a declaration asks for one."""

from __future__ import annotations

from numbers import Real
from typing import TypeGuard

__all__ = ["is_number"]

# Squares and powers of two near it stay finite.
_MOST = 1e100


def is_number(given: object, least: float = -_MOST, most: float = _MOST) -> TypeGuard[float]:
    """Whether an option is a number within limits, both included; NaN and bools are none.

    >>> is_number(0.1, 0, 1), is_number(True), is_number(float("nan"))
    (True, False, False)
    """
    if isinstance(given, bool) or not isinstance(given, Real):
        return False
    return least <= float(given) <= most
