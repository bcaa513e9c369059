"""Rates: exact numbers, from text or whole numbers, never from floats."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

__all__ = ["Rate", "RateProblem", "rate_of", "rate_or_given", "rate_text", "shown"]

Rate: TypeAlias = int | str | Decimal | Fraction
"""What may be given where an exact number is meant."""

# Short enough that no text makes a number of a million digits.
_DECIMAL = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?", re.ASCII)
_RATIO = re.compile(r"[+-]?\d{1,40}/\d{1,40}", re.ASCII)
_DIGITS = 36
_LARGEST = 10**_DIGITS


class RateProblem(ValueError):
    """Why something is not a rate: what it is, and what to write."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


def rate_of(given: object) -> Fraction:
    """The exact number that is meant.

    Raises:
        RateProblem: for floats, and for what is no number.

    >>> rate_of("1.15"), rate_of(3), rate_of("1/3")
    (Fraction(23, 20), Fraction(3, 1), Fraction(1, 3))
    """
    if isinstance(given, float):
        raise RateProblem(
            f"{given!r} is a float, which is not the number it looks like",
            f'write it as text: "{given}"',
        )
    rate = _exact(given)
    if rate is None:
        raise RateProblem(f"{given!r} is not an exact number", 'write 2, "1.5", "1/3" or a Decimal')
    if abs(rate.numerator) > _LARGEST or rate.denominator > _LARGEST:
        raise RateProblem(f"a rate has more than {_DIGITS} digits", "write a shorter number")
    return rate


def rate_or_given(given: Rate) -> Fraction:
    """The exact number; what is none is kept, for a program to refuse."""
    try:
        return rate_of(given)
    except RateProblem:
        return given  # type: ignore[return-value]


def _exact(given: object) -> Fraction | None:
    if isinstance(given, str):
        text = given.strip()
        ratio = _RATIO.fullmatch(text) and int(text.split("/")[1])
        return Fraction(text) if ratio or _DECIMAL.fullmatch(text) else None
    if isinstance(given, Decimal):
        short = given.is_finite() and abs(given.adjusted()) <= _DIGITS
        return Fraction(given) if short else None
    if isinstance(given, (int, Fraction)) and not isinstance(given, bool):
        return Fraction(given)
    return None


def rate_text(rate: Fraction) -> str:
    """A rate as text that `rate_of` reads back: decimal where that ends.

    >>> rate_text(Fraction(23, 20)), rate_text(Fraction(1, 3)), rate_text(Fraction(25))
    ('1.15', '1/3', '25')
    """
    rest, digits = rate.denominator, 0
    while rest % 10 == 0:
        rest, digits = rest // 10, digits + 1
    for prime in (2, 5):
        while rest % prime == 0:
            rest, digits = rest // prime, digits + 1
    if digits == 0 or digits > _DIGITS or rest != 1:
        return str(rate)
    whole = rate * 10**digits
    sign, text = "-" if whole < 0 else "", str(abs(int(whole))).zfill(digits + 1)
    return f"{sign}{text[:-digits]}.{text[-digits:]}".rstrip("0")


def shown(rate: object) -> str:
    """A rate as it is declared: whole numbers as such, others as text."""
    if not isinstance(rate, Fraction):
        return repr(rate)
    return str(rate) if rate.denominator == 1 else repr(rate_text(rate))
