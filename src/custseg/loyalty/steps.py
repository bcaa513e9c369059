"""Steps: how the points of an entry came about, one after the other."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import evolve, frozen

from custseg._kernels import grants
from custseg.loyalty.rate import rate_text

if TYPE_CHECKING:
    from typing import Any

    from custseg.loyalty.boost import Boost
    from custseg.loyalty.cap import Cap
    from custseg.loyalty.earn import Earn
    from custseg.loyalty.earning import Offer, Side
    from custseg.loyalty.ledger import Ledger
    from custseg.loyalty.program import Program
    from custseg.loyalty.settlement import Settled

__all__ = ["Step", "steps_of"]


@frozen
class Step:
    """What a rule, a boost, a tier, the rounding or a cap adds to an entry's points.

    Attributes:
        name: The rule or boost, or "tier gold", "rounding", "program".
        said: Its numbers, in words.
        points: What it adds or takes, exact.
        given: What a rule gave before its own cap, exact; the points elsewhere.
        amount: The money that a rule counted; None where it counts none.

    >>> from fractions import Fraction
    >>> from custseg.loyalty.steps import Step
    >>> Step("rounding", "floor", Fraction("-0.99"), Fraction("-0.99")).text
    '-0.99'
    """

    name: str
    said: str
    points: Fraction
    given: Fraction
    amount: Decimal | None = None

    @property
    def text(self) -> str:
        """The points with their sign."""
        return f"{'' if self.points < 0 else '+'}{rate_text(self.points)}"


def steps_of(
    ledger: Ledger, entry: dict[str, Any], program: Program
) -> tuple[tuple[Earn | Boost, ...], tuple[Step, ...]]:
    """The rules and boosts that took part in an entry that earned, and how its points came about.

    Args:
        ledger: The ledger.
        entry: The entry's row.
        program: The version that was in force.
    """
    base, runs = ledger._base, ledger._runs  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    grant = _Grant.of(runs, entry)
    offers, boosts = grant.offers(), grant.boosts()
    took = {offer.place: offer.rule for offer in offers} | boosts
    steps = [grant.given(offer, base.scale) for offer in offers]
    factors = [(boost.name, boost.factor) for boost in boosts.values()]
    for name, factor in [*factors, *grant.of_tier(program)]:
        more = sum((each.points for each in steps), Fraction(0)) * (factor - 1)
        steps.append(Step(name, f"× {rate_text(factor)}", more, more))
    exact = sum((each.points for each in steps), Fraction(0))
    desired, points = Fraction(entry["desired"]), entry["points"]
    if desired != exact:
        steps.append(Step("rounding", program.rounding, desired - exact, desired - exact))
    if points != desired:
        assert program.cap is not None  # noqa: S101 - it is what took them
        less = points - desired
        steps.append(Step("program", _left(Fraction(points), program.cap), less, less))
    return tuple(took[place] for place in sorted(took)), tuple(steps)


@frozen(eq=False)
class _Grant:
    """One row of a run that earned.

    Attributes:
        run: The run.
        side: The orders or the events, as the rules see them.
        place: Where the row stands among them.
        row: Where it stands in the order of things.
    """

    run: Settled
    side: Side
    place: int
    row: int

    @classmethod
    def of(cls, runs: tuple[Settled, ...], entry: dict[str, Any]) -> _Grant:
        """The row that made an entry."""
        is_order = entry["source_kind"] == "order"
        for run in runs:
            logs = run.made.logs
            rows = logs.orders if is_order else logs.events
            customer: int | str = entry["customer_id"]
            low = rows["customer_id"].search_sorted(customer, side="left")
            own = rows[low : rows["customer_id"].search_sorted(customer, side="right")]
            # Only the member's own rows are named: ids of all events cost much.
            names = own["order_id"].cast(pl.String) if is_order else _names(run, own)
            hits = (names == entry["source"]).arg_true()
            if hits.len():
                place = low + int(hits[0])
                side = run.sides[0 if is_order else 1]
                at = run.made.of_orders if is_order else run.made.of_events
                return cls(run, side, place, int(at[place]))
        raise AssertionError(entry["entry_id"])

    @property
    def held(self) -> str | None:
        """The tier held before, None without tiers."""
        ladder, told = self.run.terms[-1].program.tiers, self.run.grants.told
        if ladder is None or told is None:
            return None
        return ladder.names[int(told[self.row, grants.HELD_BEFORE])]

    def offers(self) -> list[Offer]:
        """What took part, in the order of the rules."""
        took = [
            offer
            for offer in sorted(self.side.offers, key=lambda each: each.place)
            if offer.given.hits[self.place]
            and (not offer.rule.tiers or self.held in offer.rule.tiers)
        ]
        if not any(offer.best for offer in took):
            return took
        winner = int(self.run.winners(np.array([self.row]))[0])
        return [offer for offer in took if offer.place == winner]

    def given(self, offer: Offer, scale: int) -> Step:
        """What an offer came to, and what its cap left of it."""
        whole = offer.given.exact(self.place)
        said, money = f"{rate_text(whole)} at once", None
        if offer.given.amounts is not None:
            money = Decimal(int(offer.given.amounts[self.place])).scaleb(-scale)
            rule = offer.rule
            assert rule.unit is not None  # noqa: S101 - it counts money
            said = f"{rate_text(rule.points)} for each {rate_text(rule.unit)} of {money:,}"
        parts, limited = self.run.grants.parts, whole
        places = self.run.grants.limited
        if parts is not None and offer.rule.cap is not None and offer.place in places:
            units = int(parts[self.row, places.index(offer.place)])
            limited = Fraction(units, self.run.grants.denominator)
        if limited < whole:
            assert offer.rule.cap is not None  # noqa: S101 - it is what limits
            said += f", {_left(limited, offer.rule.cap)}"
        return Step(offer.rule.name, said, limited, whole, money)

    def boosts(self) -> dict[int, Boost]:
        """The boosts that matched, by their place."""
        return {
            place: boost
            for place, boost, hits in self.side.boosts
            if hits[self.place] and (not boost.tiers or self.held in boost.tiers)
        }

    def of_tier(self, program: Program) -> list[tuple[str, Fraction]]:
        """The factor of the tier held, where it has one."""
        held = self.held
        if program.tiers is None or held is None or held not in dict(program.tiers.boost):
            return []
        return [(f"tier {held}", dict(program.tiers.boost)[held])]


def _names(run: Settled, own: pl.DataFrame) -> pl.Series:
    """The ids of some events as text."""
    return evolve(run.made, logs=evolve(run.made.logs, events=own)).event_names()


def _left(points: Fraction, cap: Cap) -> str:
    period = "of all time" if cap.per == "lifetime" else f"per {cap.per}"
    return f"{rate_text(points)} left of {cap.points:,} {period}"
