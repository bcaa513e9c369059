"""KPIs: how a program does in a period, each figure with what it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from attrs import fields, frozen

from custseg.errors import LedgerError
from custseg.loyalty.breakage import cohorts_of, earned_lots
from custseg.loyalty.journal import movements
from custseg.model.window import During
from custseg.schema.clock import DAY, clock, day_number, local_times
from custseg.segments.layout import Layout, count, share

if TYPE_CHECKING:
    from custseg.loyalty.ledger import Ledger

__all__ = ["Kpis", "kpis"]


@frozen(eq=False, repr=False)
class Kpis:
    """Figures of a period; shares are in 0..1, and None over nothing.

    Attributes:
        between: The period, both local days included.
        members: Members at its end.
        enrolled: Members that joined in it.
        active_rate: Members with an earn or redeem entry in it, of the members
            at its end.
        issued: Points earned in it.
        redeemed: Points spent in it, less what was cancelled in it.
        expired: Points that lapsed in it: realised breakage.
        redemption_rate_by_period: redeemed / issued, whichever points were
            spent.
        redemption_rate_by_cohort: Of the points issued in it, the share that
            was spent by the ledger's as_of.
        redemption_rate_by_member: Members who spent in it, of the members at
            its end.
        earn_burn: issued / redeemed: above 1, points pile up.
        realised_breakage: Of the points issued in it, the share that had
            lapsed by the ledger's as_of.
        expected_breakage: Of the points issued in it, the share that is
            expected never to be spent: 1 less the ultimate redemption rate
            of the chain ladder over monthly issue cohorts (Mack 1993).
        capped_share: Earn entries that a cap cut, of all earn entries in it.
        indebted: Members in debt at its end.
        debt: Points they owe.
        debt_age_days: Days for which they have been in debt, on average.
        oldest_debt_days: Days for the one that has been longest.
        cohorts: month (its first day), issued, redeemed, expired, remaining, ultimate (points
            expected to be spent at all) and expected_breakage of each monthly
            issue cohort up to the as_of.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(50, 400, seed=1).base()
    >>> figures = cu.datasets.program().run(shop).kpis(cu.During("2024-01-01", "2024-12-31"))
    >>> figures.issued > figures.redeemed
    True
    """

    between: During
    members: int
    enrolled: int
    active_rate: float | None
    issued: int
    redeemed: int
    expired: int
    redemption_rate_by_period: float | None
    redemption_rate_by_cohort: float | None
    redemption_rate_by_member: float | None
    earn_burn: float | None
    realised_breakage: float | None
    expected_breakage: float | None
    capped_share: float | None
    indebted: int
    debt: int
    debt_age_days: float | None
    oldest_debt_days: int | None
    cohorts: pl.DataFrame

    @property
    def frame(self) -> pl.DataFrame:
        """Kpi and value: every figure, as a number."""
        names = [each.name for each in fields(Kpis) if each.name not in ("between", "cohorts")]
        values = [getattr(self, name) for name in names]
        numbers = [None if value is None else float(value) for value in values]
        return pl.DataFrame({"kpi": names, "value": pl.Series(numbers, dtype=pl.Float64)})

    def __eq__(self, other: object) -> bool:
        """Whether all figures and cohorts are equal."""
        if not isinstance(other, Kpis):
            return NotImplemented
        return self.between == other.between and all(
            getattr(self, name).equals(getattr(other, name)) for name in ("frame", "cohorts")
        )

    def __repr__(self) -> str:
        """The figures, one a line."""
        return self._layout().text()

    def _repr_html_(self) -> str:
        return self._layout().html()

    def _layout(self) -> Layout:
        rows = tuple(
            (each.name.replace("_", " "), _shown(each.name, getattr(self, each.name)))
            for each in fields(Kpis)
            if each.name not in ("between", "cohorts")
        )
        title = f"{self.between.first} through {self.between.last}"
        return Layout(title, ("figure", "value"), rows)


def _shown(name: str, value: float | None) -> str:
    if isinstance(value, int):
        return count(value)
    if name in ("earn_burn", "debt_age_days"):
        return "–" if value is None else f"{value:,.2f}"
    return share(value)


def kpis(ledger: Ledger, between: During) -> Kpis:
    """The figures of a ledger in a period that ends by its as_of.

    Raises:
        LedgerError: when `between` is no period, or reaches beyond the as_of.
    """
    _check(ledger, between)
    low, high = _instants(ledger, between)
    when = pl.col("at").to_physical()
    inside = ledger.entries.filter(when.is_between(low, high))
    since = ledger._frames.members["since"]  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] # it is ours
    members = int((since <= high).sum())
    sums = {kind: _points(inside, kind) for kind in ("earn", "redeem", "restore", "expire")}
    redeemed = -sums["redeem"] - sums["restore"]
    earned = inside.filter(pl.col("kind") == "earn")
    lots = earned_lots(ledger)
    cohorts = cohorts_of(ledger, lots)
    own = _own(lots, cohorts, low, high)
    owed = _debts(ledger, between, high)
    return Kpis(
        between=between,
        members=members,
        enrolled=int(since.is_between(low, high).sum()),
        active_rate=_ratio(_who(inside, "earn", "redeem"), members),
        issued=sums["earn"],
        redeemed=redeemed,
        expired=-sums["expire"],
        redemption_rate_by_period=_ratio(redeemed, sums["earn"]),
        redemption_rate_by_cohort=_ratio(own["redeemed"], own["issued"]),
        redemption_rate_by_member=_ratio(_who(inside, "redeem"), members),
        earn_burn=_ratio(sums["earn"], redeemed),
        realised_breakage=_ratio(own["expired"], own["issued"]),
        expected_breakage=_ratio(own["issued"] - own["ultimate"], own["issued"]),
        capped_share=_ratio(earned["cap"].count(), earned.height),
        indebted=owed.height,
        debt=int(owed["debt"].sum()),
        debt_age_days=owed["days"].mean(),  # type: ignore[arg-type] # days are numbers
        oldest_debt_days=owed["days"].max(),  # type: ignore[arg-type]
        cohorts=cohorts.with_columns(
            month=pl.date(pl.col("month") // 12, pl.col("month") % 12 + 1, 1)
        ),
    )


def _check(ledger: Ledger, between: During) -> None:
    where = "Ledger.kpis"
    if not isinstance(between, During):  # pyright: ignore[reportUnnecessaryIsInstance] # callers are not all typed
        fix = 'write cu.During("2026-01-01", "2026-12-31")'
        raise LedgerError(f"{between!r} is no period", where=where, fix=fix)
    if between.last > ledger.when.day:
        raise LedgerError(
            f"the period ends on {between.last}, after the ledger's as_of on {ledger.when.day}",
            where=where,
            fix="end it by then, or run the program on base.as_of(...) of its last day",
        )


def _instants(ledger: Ledger, between: During) -> tuple[int, int]:
    """The first and the last instant of a period, as far as the ledger goes."""
    first, last = day_number(between.first), day_number(between.last)
    zone = clock(ledger.when.tz, (first - 1) * DAY, (last + 2) * DAY)
    return zone.day_start(first), min(zone.day_start(last + 1) - 1, ledger.when.instant)


def _points(entries: pl.DataFrame, kind: str) -> int:
    return int(entries.filter(pl.col("kind") == kind)["points"].sum())


def _who(entries: pl.DataFrame, *kinds: str) -> int:
    return entries.filter(pl.col("kind").is_in(kinds))["customer_id"].n_unique()


def _ratio(part: float, whole: float) -> float | None:
    return None if whole == 0 else part / whole


def _own(lots: pl.DataFrame, cohorts: pl.DataFrame, low: int, high: int) -> dict[str, float]:
    """What became, and is expected to become, of points that were earned in a period."""
    inside = lots.filter(pl.col("at").to_physical().is_between(low, high))
    rates = cohorts.select("month", rate=pl.col("ultimate") / pl.col("issued"))
    by_month = inside.group_by("month").agg(pl.col("issued").sum()).join(rates, on="month")
    spent = by_month.sort("month").select((pl.col("issued") * pl.col("rate")).sum()).item()
    sums = inside.select(pl.col("issued", "redeemed", "expired").sum()).row(0, named=True)
    return {**sums, "ultimate": spent}


def _debts(ledger: Ledger, between: During, high: int) -> pl.DataFrame:
    """Members in debt at an instant: how much, and for how many days without a break."""
    lines = movements(ledger.entries, ledger.allocations, high)
    owed = lines.filter(pl.col("account") == "debt")
    steps = owed.group_by("customer_id", "at").agg(pl.col("points").sum())
    steps = steps.sort("customer_id", "at").with_columns(
        debt=-pl.col("points").cum_sum().over("customer_id")
    )
    steps = steps.with_columns(before=pl.col("debt").shift(1, fill_value=0).over("customer_id"))
    began = pl.col("at").filter((pl.col("debt") > 0) & (pl.col("before") <= 0)).last()
    last = steps.group_by("customer_id").agg(pl.col("debt").last(), began=began)
    indebted = last.filter(pl.col("debt") > 0).sort("customer_id")
    day = local_times(indebted, ledger.when.tz, ["began"])["began"].dt.date()
    days = (
        (pl.Series([between.last]) - day).dt.total_days() if indebted.height else day.cast(pl.Int64)
    )
    return indebted.with_columns(days=days)
