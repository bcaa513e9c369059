"""Money of reports: exact fractions, rounded once to the currency's smallest unit."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from custseg.schema.currency import minor_digits

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = ["in_currency"]


def in_currency(amount: Fraction, currency: str) -> Decimal:
    """An exact amount in major units, rounded half to even.

    >>> from fractions import Fraction
    >>> in_currency(Fraction(10, 3), "EUR"), in_currency(Fraction(5, 2), "JPY")
    (Decimal('3.33'), Decimal('2'))
    """
    digits = minor_digits(currency)
    return Decimal(round(amount * 10**digits)).scaleb(-digits)
