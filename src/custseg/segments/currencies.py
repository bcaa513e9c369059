"""The currency of a fitted scheme: its limits are amounts of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from custseg.errors import Problem, SchemaError
from custseg.model.measure_name import MeasureName
from custseg.schema.currency import minor_digits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from custseg.base.customer_base import CustomerBase

__all__ = ["currency_of", "currency_problems", "same_currency"]

_MONEY = ("spend", "average_order")


def currency_of(base: CustomerBase, measures: Iterable[str], /) -> str | None:
    """The currency of a base, if one of the measures is money; of scores nobody knows.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(20, 90, seed=1).base()
    >>> currency_of(shop, ["orders", "spend_365d"]), currency_of(shop, ["orders", "clv"])
    ('EUR', None)
    """
    parsed = (MeasureName.parse(name) for name in measures)
    has_money = any(name is not None and name.base in _MONEY for name in parsed)
    return base.currency if has_money else None


def same_currency(scheme: object, base: CustomerBase, /, *, where: str) -> None:
    """Refuse a base in another currency than a scheme was fitted in.

    Args:
        scheme: What may have a `currency`.
        base: Whom it is to label.
        where: The call that errors name.

    Raises:
        SchemaError: when both have a currency, and not the same.
    """
    fitted = getattr(scheme, "currency", None)
    if fitted is not None and fitted != base.currency:
        raise SchemaError(
            f"the scheme was fitted in {fitted}, and the money of this base is {base.currency}",
            where=where,
            fix=f"fit one to a base in {base.currency}, or admit the logs in {fitted}",
        )


def currency_problems(currency: object, /, *, where: str) -> Iterator[Problem]:
    """What is wrong with the currency of a scheme; None is right."""
    if currency is None:
        return
    try:
        minor_digits(currency)  # type: ignore[arg-type] # texts are edited by hand
    except SchemaError as error:
        yield from (Problem(problem.what, where, problem.fix) for problem in error.problems)
