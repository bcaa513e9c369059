"""Conditions: a list of (column, sign, value) that must all hold; null is no."""

from __future__ import annotations

import operator
from fractions import Fraction

SIGNS = {
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<": operator.lt,
}
MONEY = ("total", "amount", "paid_with_points")


def holds(condition, row, customer):
    return all(_one(each, row, customer) for each in condition or ())


def _one(condition, row, customer):
    column, sign, value = condition
    if column.startswith("customer."):
        seen = (customer or {}).get(column.removeprefix("customer."))
    else:
        seen = row.get(column)
    if sign == "is null":
        return seen is None
    if seen is None:
        return False
    if column in MONEY:
        seen, value = Fraction(str(seen)), Fraction(str(value))
    return SIGNS[sign](seen, value)
