"""What counts as a number where a declaration asks for one."""

from __future__ import annotations

from numbers import Real
from typing import TypeGuard, cast

__all__ = ["is_number"]

# Squares and powers of two near it stay finite.
_MOST = 1e100


def is_number(given: object, least: float = -_MOST, most: float = _MOST) -> TypeGuard[float]:
    """Whether an option is a number within limits, both included; NaN and bools are none.

    >>> is_number(0.1, 0, 1), is_number(True), is_number(float("nan")), is_number(10**400)
    (True, False, False, False)
    """
    if isinstance(given, bool) or not isinstance(given, Real):
        return False
    # As it is: a float of a whole number of 400 digits would raise.
    return bool(least <= cast("float", given) <= most)
