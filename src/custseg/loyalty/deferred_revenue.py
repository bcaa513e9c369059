"""Deferred revenue: what of a sale is owed in points, and when it is earned (IFRS 15)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import polars as pl
from attrs import frozen

from custseg.errors import LedgerError, Problem, SchemaError
from custseg.loyalty.faults import is_whole, rate_faults
from custseg.loyalty.money import in_currency
from custseg.loyalty.rate import rate_of
from custseg.schema.currency import minor_digits
from custseg.segments.layout import Layout, count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from custseg.loyalty.rate import Rate

__all__ = ["DeferredRevenue", "deferred_revenue"]

_WHERE = "deferred_revenue"


@frozen(eq=False, repr=False)
class DeferredRevenue:
    """A sale split between goods and points, and the points' part period by period.

    Attributes:
        goods: Revenue of the goods, recognised with the sale.
        points: What is deferred until points are redeemed, or cannot be any more.
        frame: period, redeemed and expected (both in total by then), revenue
            of the period and the liability at its end.

    >>> import custseg as cu
    >>> cu.deferred_revenue(
    ...     sales=100_000,
    ...     points=10_000,
    ...     point_price="0.95",
    ...     redeemed=[4_500, 8_500],
    ...     expected=[9_500, 9_700],
    ...     currency="JPY",
    ... )
    goods 91,324, points 8,676
    period  redeemed  expected  revenue  liability
    1          4,500     9,500    4,110      4,566
    2          8,500     9,700    3,493      1,073
    """

    goods: Decimal
    points: Decimal
    frame: pl.DataFrame

    def __eq__(self, other: object) -> bool:
        """Whether both splits and all periods are equal."""
        if not isinstance(other, DeferredRevenue):
            return NotImplemented
        return (self.goods, self.points) == (other.goods, other.points) and self.frame.equals(
            other.frame
        )

    def __repr__(self) -> str:
        """The split and the periods as a table."""
        return self._layout().text()

    def _repr_html_(self) -> str:
        return self._layout().html()

    def _layout(self) -> Layout:
        rows = tuple(
            (
                str(row["period"]),
                count(row["redeemed"]),
                count(row["expected"]),
                f"{row['revenue']:,}",
                f"{row['liability']:,}",
            )
            for row in self.frame.iter_rows(named=True)
        )
        title = f"goods {self.goods:,}, points {self.points:,}"
        return Layout(title, tuple(self.frame.columns), rows)


def deferred_revenue(
    *,
    sales: Rate,
    points: int,
    point_price: Rate,
    redeemed: Sequence[int] = (),
    expected: Sequence[int] = (),
    goods_price: Rate | None = None,
    currency: str = "EUR",
) -> DeferredRevenue:
    """The revenue of a sale with points, by relative stand-alone prices (IFRS 15.74, B39-B43).

    The sale is split once. A changed estimate moves revenue between periods;
    it does not split the sale anew (IFRS 15.88). In each period, what is
    recognised by then is points · redeemed / expected.

    Args:
        sales: What was paid, in major units.
        points: Points that were granted with it.
        point_price: The stand-alone price of a point, with the likelihood of
            its redemption in it.
        redeemed: Points redeemed by the end of each period, in total.
        expected: Points expected to be redeemed at all, as estimated then.
        goods_price: The stand-alone price of the goods; what was paid, when
            left out.
        currency: Its smallest unit is what amounts are rounded to.

    Raises:
        LedgerError: with everything that is wrong.

    >>> import custseg as cu
    >>> sale = cu.deferred_revenue(sales=100, points=10, point_price="0.95")
    >>> sale.goods, sale.points
    (Decimal('91.32'), Decimal('8.68'))
    """
    LedgerError.check(
        [
            *_amount_problems(sales, points, point_price, goods_price, currency),
            *_period_problems(redeemed, expected, points),
        ]
    )
    paid = rate_of(sales)
    of_goods = paid if goods_price is None else rate_of(goods_price)
    of_points = rate_of(point_price) * points
    goods = in_currency(paid * of_goods / (of_goods + of_points), currency)
    deferred = in_currency(paid, currency) - goods
    frame = _periods(deferred, redeemed, expected, currency)
    return DeferredRevenue(goods, deferred, frame)


def _periods(
    deferred: Decimal, redeemed: Sequence[int], expected: Sequence[int], currency: str
) -> pl.DataFrame:
    revenue: list[Decimal] = []
    liability: list[Decimal] = []
    by_then = Decimal(0)
    for gone, total in zip(redeemed, expected, strict=True):
        reached = in_currency(
            Fraction(deferred) * (Fraction(gone, total) if total else 1), currency
        )
        revenue.append(reached - by_then)
        liability.append(deferred - reached)
        by_then = reached
    money = pl.Decimal(38, minor_digits(currency))
    return pl.DataFrame(
        {
            "period": pl.Series(range(1, len(revenue) + 1), dtype=pl.Int64),
            "redeemed": pl.Series(redeemed, dtype=pl.Int64),
            "expected": pl.Series(expected, dtype=pl.Int64),
            "revenue": pl.Series(revenue, dtype=money),
            "liability": pl.Series(liability, dtype=money),
        }
    )


def _amount_problems(
    sales: object, points: object, point_price: object, goods_price: object, currency: str
) -> list[Problem]:
    found = rate_faults(sales, f"{_WHERE}.sales")
    if not is_whole(points, least=0):
        fix = "write a whole number of points, 0 or more"
        found.append(Problem(f"points is {points!r}", f"{_WHERE}.points", fix))
    found += rate_faults(point_price, f"{_WHERE}.point_price", above=False)
    if goods_price is not None:
        found += rate_faults(goods_price, f"{_WHERE}.goods_price")
    try:
        minor_digits(currency)
    except SchemaError as error:
        found += [Problem(p.what, f"{_WHERE}.currency", p.fix) for p in error.problems]
    return found


def _period_problems(
    redeemed: Sequence[int], expected: Sequence[int], points: object
) -> list[Problem]:
    if len(redeemed) != len(expected):
        what = f"there are {len(redeemed)} periods of redeemed, {len(expected)} of expected"
        return [Problem(what, f"{_WHERE}.expected", "give both for each period")]
    found: list[Problem] = []
    before = 0
    for place, (gone, total) in enumerate(zip(redeemed, expected, strict=True)):
        for name, given in (("redeemed", gone), ("expected", total)):
            if not is_whole(given):
                fix = "write a whole number of points, 0 or more"
                found.append(Problem(f"{name} is {given!r}", f"{_WHERE}.{name}[{place}]", fix))
        if found:
            continue
        if gone < before:
            what = f"{gone:,} points are redeemed by then, {before:,} were before"
            fix = "count what is redeemed in total"
            found.append(Problem(what, f"{_WHERE}.redeemed[{place}]", fix))
        most = cast("int", points) if is_whole(points) else total
        if not gone <= total <= most:
            what = f"{total:,} points are expected, with {gone:,} redeemed of {most:,}"
            fix = "expect what is redeemed at least, and what was granted at most"
            found.append(Problem(what, f"{_WHERE}.expected[{place}]", fix))
        before = gone
    return found
