"""Liability: what outstanding points come to, rolled forward from period to period."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import polars as pl
from attrs import frozen

from custseg.errors import LedgerError, Problem
from custseg.loyalty.faults import choice_faults, rate_faults
from custseg.loyalty.journal import journal
from custseg.loyalty.money import in_currency
from custseg.loyalty.rate import rate_of, rate_text
from custseg.loyalty.versions import current_of
from custseg.schema.clock import local_times
from custseg.schema.currency import minor_digits
from custseg.segments.layout import Layout, count

if TYPE_CHECKING:
    from fractions import Fraction

    from custseg.loyalty.ledger import Ledger
    from custseg.loyalty.rate import Rate

__all__ = ["Every", "Liability", "liability", "rolled"]

Every = Literal["month", "quarter", "year"]
_EVERY = {"month": "1mo", "quarter": "1q", "year": "1y"}

# What moves the points that members have, from the program's accounts.
_MOVES = {
    "issued": ("issued", -1),
    "redeemed": ("redeemed", 1),
    "expired": ("breakage", 1),
    "clawed_back": ("clawback", 1),
    "forgiven": ("forgiven", -1),
    "adjusted": ("adjustment", -1),
}
_POINTS = ("opening", *_MOVES, "closing", "debt")


@frozen(eq=False, repr=False)
class Liability:
    """Points that members have, period by period, and what they are expected to cost.

    In each row opening + issued − redeemed − expired − clawed_back + forgiven
    + adjusted = closing, which is what members have less what they owe.

    Attributes:
        point_value: Money that a redeemed point costs, in major units.
        redemption_rate: The share of outstanding points that is expected to
            be redeemed.
        currency: The currency of the amounts.
        frame: period (its first local day), opening, issued, redeemed,
            expired, clawed_back, forgiven, adjusted, closing and debt in
            points, and the liability at its end: (closing + debt) ·
            point_value · redemption_rate.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(50, 200, seed=1).base()
    >>> book = cu.datasets.program().run(shop).liability(redemption_rate="0.8", every="year")
    >>> (book.frame["opening"] + book.frame["issued"] >= book.frame["closing"]).all()
    True
    """

    point_value: Fraction
    redemption_rate: Fraction
    currency: str
    frame: pl.DataFrame

    @property
    def closing(self) -> Decimal:
        """The liability at the end."""
        held = self.frame["liability"]
        return held[-1] if held.len() else Decimal(0)

    def __eq__(self, other: object) -> bool:
        """Whether prices, rates and all periods are equal."""
        if not isinstance(other, Liability):
            return NotImplemented
        return (self.point_value, self.redemption_rate, self.currency) == (
            other.point_value,
            other.redemption_rate,
            other.currency,
        ) and self.frame.equals(other.frame)

    def __repr__(self) -> str:
        """The periods as a table."""
        return self._layout().text()

    def _repr_html_(self) -> str:
        return self._layout().html()

    def _layout(self) -> Layout:
        rows = tuple(
            (str(row["period"]), *(count(row[name]) for name in _POINTS), f"{row['liability']:,}")
            for row in self.frame.iter_rows(named=True)
        )
        value, rate = rate_text(self.point_value), rate_text(self.redemption_rate)
        title = f"{value} {self.currency} a point, {rate} of points redeemed"
        return Layout(title, tuple(self.frame.columns), rows)


def liability(
    ledger: Ledger, *, redemption_rate: Rate, point_value: Rate | None, every: Every
) -> Liability:
    """The roll-forward of a ledger's points, from its first entry to its as_of."""
    if point_value is None:
        point_value = current_of(ledger.program).redemption.point_value
    LedgerError.check(_problems(redemption_rate, point_value, every))
    value, rate = rate_of(point_value), rate_of(redemption_rate)
    points = rolled(ledger, every)
    held = (points["closing"] + points["debt"]).to_list()
    amounts = [in_currency(value * rate * each, ledger.currency) for each in held]
    money = pl.Series("liability", amounts, dtype=pl.Decimal(38, minor_digits(ledger.currency)))
    return Liability(value, rate, ledger.currency, points.with_columns(money))


def _problems(redemption_rate: object, point_value: object, every: object) -> list[Problem]:
    where = "Ledger.liability"
    found = rate_faults(redemption_rate, f"{where}.redemption_rate", above=False)
    if not found and rate_of(redemption_rate) > 1:
        what = f"redemption_rate is {redemption_rate!r}: more than all points"
        found.append(Problem(what, f"{where}.redemption_rate", 'write "0.8" for 80 %'))
    if point_value is None:
        what = "the program says nothing of what a point is worth"
        fix = 'write point_value="0.01", or Redemption(point_value="0.01") in the program'
        found.append(Problem(what, f"{where}.point_value", fix))
    else:
        found += rate_faults(point_value, f"{where}.point_value", above=False)
    return found + choice_faults(every, tuple(_EVERY), f"{where}.every")


def rolled(ledger: Ledger, every: Every) -> pl.DataFrame:
    """Moves of each period, all periods from the first to the last, and running sums.

    Returns:
        period (its first local day), opening, issued, redeemed, expired,
        clawed_back, forgiven, adjusted, closing and debt, in points.
    """
    lines, step = journal(ledger), _EVERY[every]
    period = local_times(lines, ledger.when.tz, ["at"])["at"].dt.truncate(step).dt.date()
    moves = [
        (sign * pl.col("points").filter(pl.col("account") == account).sum()).alias(name)
        for name, (account, sign) in _MOVES.items()
    ]
    owed = -pl.col("points").filter(pl.col("account") == "debt").sum()
    summed = lines.with_columns(period=period).group_by("period").agg(*moves, debt=owed)
    if summed.is_empty():
        rows = summed
    else:
        first, last = summed["period"].min(), summed["period"].max()
        periods = pl.select(period=pl.date_range(pl.lit(first), pl.lit(last), step))
        rows = periods.join(summed, on="period", how="left", maintain_order="left")
    rows = rows.with_columns(pl.exclude("period").fill_null(0))
    change = pl.sum_horizontal(sign * pl.col(name) for name, sign in _SIGNS.items())
    rows = rows.with_columns(closing=change.cum_sum(), debt=pl.col("debt").cum_sum())
    rows = rows.with_columns(opening=pl.col("closing").shift(1, fill_value=0))
    return rows.select("period", *_POINTS)


_SIGNS = {
    "issued": 1,
    "redeemed": -1,
    "expired": -1,
    "clawed_back": -1,
    "forgiven": 1,
    "adjusted": 1,
}
