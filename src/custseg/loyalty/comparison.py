"""Comparison: the same logs under two programs."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl
from attrs import frozen

from custseg.loyalty.money import in_currency
from custseg.loyalty.versions import current_of
from custseg.segments.layout import Layout, count

if TYPE_CHECKING:
    from decimal import Decimal

    from custseg.base.customer_base import CustomerBase
    from custseg.loyalty.ledger import Ledger
    from custseg.loyalty.program import Program
    from custseg.loyalty.programs import Programs

__all__ = ["Comparison", "compare"]

_POINTS = (
    "earned",
    "adjusted",
    "redeemed",
    "expired",
    "clawed_back",
    "forgiven",
    "available",
    "pending",
    "debt",
)


@frozen(eq=False, repr=False)
class Comparison:
    """What differs between two programs over the same logs.

    Attributes:
        names: What the two programs are called.
        frame: figure, one, other and difference (other less one), in points;
            members and refusals are counts.
        cost: What points issued and not lapsed cost at each program's point
            value, in the base's currency; None where it has none.
        tiers: tier, one and other: members of each tier under each.
        members: One row for each member whose points or tier differ:
            customer_id, and every figure and tier under both.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(50, 200, seed=1).base()
    >>> plain = cu.Program("Plain", earning=cu.Earn.per("base", 1, per="1.00"))
    >>> twice = cu.Program("Twice", earning=cu.Earn.per("base", 2, per="1.00"))
    >>> plain.compare(twice, shop).difference("earned") > 0
    True
    """

    names: tuple[str, str]
    frame: pl.DataFrame
    cost: tuple[Decimal | None, Decimal | None]
    tiers: pl.DataFrame
    members: pl.DataFrame

    def difference(self, figure: str, /) -> int:
        """How much more of a figure the other program has.

        >>> import custseg as cu
        >>> shop = cu.datasets.simulate(50, 200, seed=1).base()
        >>> plain = cu.Program("Plain", earning=cu.Earn.per("base", 1, per="1.00"))
        >>> plain.compare(plain, shop).difference("earned")
        0
        """
        return self.frame.row(by_predicate=pl.col("figure") == figure, named=True)["difference"]

    def __eq__(self, other: object) -> bool:
        """Whether names, costs and all frames are equal."""
        if not isinstance(other, Comparison):
            return NotImplemented
        return (self.names, self.cost) == (other.names, other.cost) and all(
            getattr(self, name).equals(getattr(other, name))
            for name in ("frame", "tiers", "members")
        )

    def __repr__(self) -> str:
        """The figures beside each other."""
        return self._layout().text()

    def _repr_html_(self) -> str:
        return self._layout().html()

    def _layout(self) -> Layout:
        rows = [
            (figure, count(one), count(other), f"{difference:+,}")
            for figure, one, other, difference in self.frame.iter_rows()
        ]
        rows += [
            (f"tier {tier}", count(one), count(other), f"{other - one:+,}")
            for tier, one, other in self.tiers.iter_rows()
        ]
        one, other = self.cost
        if one is not None and other is not None:
            rows.append(("cost", f"{one:,}", f"{other:,}", f"{other - one:+,}"))
        title = f"{count(self.members.height)} members differ"
        return Layout(title, ("figure", *self.names, "difference"), tuple(rows))


def compare(one: Program | Programs, other: Program | Programs, base: CustomerBase) -> Comparison:
    """The balances of two programs over the same base, beside each other."""
    from custseg.loyalty.settlement import settle_each

    ledgers = settle_each((one, other), base, entries=False)
    sums = [_figures(ledger) for ledger in ledgers]
    frame = pl.DataFrame(
        [(name, sums[0][name], sums[1][name], sums[1][name] - sums[0][name]) for name in sums[0]],
        schema={"figure": pl.String, "one": pl.Int64, "other": pl.Int64, "difference": pl.Int64},
        orient="row",
    )
    programs = [current_of(program) for program in (one, other)]
    names = [f"{program.name} {program.version}" for program in programs]
    if names[0] == names[1]:
        names = ["one", "other"]
    return Comparison(
        (names[0], names[1]),
        frame,
        (_cost(ledgers[0], sums[0], base.currency), _cost(ledgers[1], sums[1], base.currency)),
        _tiers(ledgers[0], ledgers[1]),
        _differing(ledgers[0], ledgers[1]),
    )


def _figures(ledger: Ledger) -> dict[str, int]:
    balances = ledger.balances()
    points = {name: int(balances[name].cast(pl.Int128).sum()) for name in _POINTS}
    return {"members": balances.height, **points, "refused": ledger.refusals.height}


def _cost(ledger: Ledger, figures: dict[str, int], currency: str) -> Decimal | None:
    """What points came to that were not lost: redeemed or still there."""
    value = current_of(ledger.program).redemption.point_value
    if value is None:
        return None
    kept = figures["redeemed"] + figures["available"] + figures["pending"]
    return in_currency(Fraction(value) * kept, currency)


def _tiers(one: Ledger, other: Ledger) -> pl.DataFrame:
    """Members of each tier, lowest first; those of the first program's ladder come first."""
    ladders = [current_of(ledger.program).tiers for ledger in (one, other)]
    names = [name for ladder in ladders if ladder is not None for name in ladder.names]
    rows: list[tuple[str, int, int]] = []
    for name in dict.fromkeys(names):
        held = [int((ledger.balances()["tier"] == name).sum()) for ledger in (one, other)]
        rows.append((name, held[0], held[1]))
    schema = {"tier": pl.String, "one": pl.Int64, "other": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _differing(one: Ledger, other: Ledger) -> pl.DataFrame:
    figures = (*_POINTS, "tier")
    frames = [ledger.balances() for ledger in (one, other)]
    if frames[0]["customer_id"].equals(frames[1]["customer_id"]):
        # Most members do not differ: they need not be joined.
        apart = pl.select(
            pl.any_horizontal(
                pl.lit(frames[0][name]).ne_missing(pl.lit(frames[1][name])) for name in figures
            )
        ).to_series()
        frames = [frame.filter(apart) for frame in frames]
    sides = [
        frame.select("customer_id", pl.col(figures).name.suffix(f"_{side}"))
        for frame, side in zip(frames, ("one", "other"), strict=True)
    ]
    both = sides[0].join(sides[1], on="customer_id", how="full", coalesce=True)
    differs = [pl.col(f"{name}_one").ne_missing(pl.col(f"{name}_other")) for name in figures]
    columns = [f"{name}_{side}" for name in figures for side in ("one", "other")]
    return (
        both.filter(pl.any_horizontal(differs)).sort("customer_id").select("customer_id", *columns)
    )
