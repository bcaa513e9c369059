"""What customers may be grouped by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from custseg.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["by_problems"]

_MEASURES = ("recency_days", "orders", "spend")
_COLUMNS = ("customer_id", "segment", "r", "f", "m", "rfm")
_CUSTOMER = "customer."
_FIX = 'name a column of customers: "region"'


def by_problems(by: object, window: str, /, *, where: str) -> Iterator[Problem]:
    """What is wrong with a column that should group customers.

    Args:
        by: Its name.
        window: The window of orders and spend as a measure suffix, or "".
        where: The place to name.

    >>> from custseg.segments.rfm_by import by_problems
    >>> [each.fix for each in by_problems("customer.region", "", where="RFM.by")]
    ["write 'region'"]
    """
    own = (*_MEASURES, *(f"{name}_{window}" for name in _MEASURES[1:]))
    if not isinstance(by, str) or not by:
        yield Problem(f"by is {by!r}", where, _FIX)
    elif by.startswith(_CUSTOMER):
        fix = f"write {by.removeprefix(_CUSTOMER)!r}"
        yield Problem(f"by is {by!r}, and columns of customers have one name", where, fix)
    elif by in own:
        yield Problem(f"by is {by!r}, which RFM scores", where, _FIX)
    elif by in _COLUMNS:
        yield Problem(f"by is {by!r}, which is a column of the result", where, _FIX)
