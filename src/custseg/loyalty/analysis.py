"""Analysis: what a program comes to at worst, before anybody has bought anything."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl
from attrs import frozen

from custseg.errors import LedgerError
from custseg.loyalty.earn import Earn
from custseg.loyalty.kinds import ORDER_KIND
from custseg.loyalty.rate import RateProblem, rate_of, rate_text
from custseg.model.window import Window
from custseg.segments.layout import Layout

if TYPE_CHECKING:
    from custseg.loyalty.ladder import Ladder
    from custseg.loyalty.program import Program
    from custseg.loyalty.rate import Rate

__all__ = ["ProgramAnalysis", "analyse"]


@frozen(eq=False, repr=False)
class ProgramAnalysis:
    """What a program gives at worst, and what in it looks like a mistake.

    Attributes:
        points_per_unit: Points that a unit of money gives at worst: every rule
            and boost matches, in the highest tier.
        points_per_order: Points that an order gives at worst beside that.
        cost_per_unit: points_per_unit in money: the worst discount; None when
            points have no value.
        frame: subject, where, finding and fix, a row for each.

    >>> import custseg as cu
    >>> cu.datasets.program().analyse()
    1 point for each 1 of money at worst, beside 5 for the order; cost 0.01
    subject  where  finding  fix
    """

    points_per_unit: Fraction
    points_per_order: Fraction
    cost_per_unit: Fraction | None
    frame: pl.DataFrame

    def __eq__(self, other: object) -> bool:
        """Whether all figures and findings are equal."""
        if not isinstance(other, ProgramAnalysis):
            return NotImplemented
        names = ("points_per_unit", "points_per_order", "cost_per_unit")
        return all(getattr(self, name) == getattr(other, name) for name in names) and (
            self.frame.equals(other.frame)
        )

    def __repr__(self) -> str:
        """The figures, and the findings as a table."""
        return self._layout().text()

    def _repr_html_(self) -> str:
        return self._layout().html()

    def _layout(self) -> Layout:
        per, flat = rate_text(self.points_per_unit), rate_text(self.points_per_order)
        noun = "point" if self.points_per_unit == 1 else "points"
        title = f"{per} {noun} for each 1 of money at worst, beside {flat} for the order"
        if self.cost_per_unit is not None:
            title += f"; cost {rate_text(self.cost_per_unit)}"
        rows = tuple(self.frame.rows())
        return Layout(title, tuple(self.frame.columns), rows, texts=4)


_Finding = tuple[str, str, str, str]


def analyse(program: Program, margin: Rate | None) -> ProgramAnalysis:
    """What a program comes to.

    Args:
        program: The program.
        margin: The share of an order's money that is left after its goods.
    """
    kept = None if margin is None else _margin(margin)
    per, flat = _worst(program)
    value = program.redemption.point_value
    cost = None if value is None else per * value
    found = [
        *_cost_findings(program, cost, kept),
        *_loop_findings(program, cost),
        *_ladder_findings(program),
        *_rule_findings(program),
        *_cap_findings(program),
    ]
    schema = [(name, pl.String) for name in ("subject", "where", "finding", "fix")]
    return ProgramAnalysis(per, flat, cost, pl.DataFrame(found, schema=schema, orient="row"))


def _margin(given: Rate) -> Fraction:
    try:
        return rate_of(given)
    except RateProblem as problem:
        raise LedgerError(problem.what, where="Program.analyse.margin", fix=problem.fix) from None


def _worst(program: Program) -> tuple[Fraction, Fraction]:
    """Points for a unit of money and for an order, when all that can match does.

    Caps per order bound what a rule gives at once; they do not lower the rate
    at which small orders earn.
    """
    rules = [rule for rule in program.rules if rule.on == ORDER_KIND]
    rates = [rule.points / rule.unit for rule in rules if rule.unit is not None]
    flats = [_at_once(rule) for rule in rules if rule.unit is None]
    together = max if program.combine == "best" else sum
    factor = _factor(program)
    return (
        factor * Fraction(together(rates) if rates else 0),
        factor * Fraction(together(flats) if flats else 0),
    )


def _at_once(rule: Earn) -> Fraction:
    return rule.points if rule.cap is None else min(rule.points, Fraction(rule.cap.points))


def _factor(program: Program) -> Fraction:
    """All boosts on orders above 1 at once, and the best of the tiers'."""
    factor = Fraction(1)
    for boost in program.boosts:
        if boost.on == ORDER_KIND:
            factor *= max(boost.factor, Fraction(1))
    return factor * (1 if program.tiers is None else max(program.tiers.boosts))


def _cost_findings(
    program: Program, cost: Fraction | None, margin: Fraction | None
) -> list[_Finding]:
    if cost is None or margin is None or cost <= margin:
        return []
    what = f"points cost {rate_text(cost)} of each unit of money, the margin is {rate_text(margin)}"
    return [(program.name, "redemption.point_value", what, "give fewer points, or of less value")]


def _loop_findings(program: Program, cost: Fraction | None) -> list[_Finding]:
    """Points that pay for orders which earn points."""
    found: list[_Finding] = []
    if cost is not None and cost >= 1:
        what = "an order gives points that are worth as much as the order"
        found.append((program.name, "earning", what, "give fewer points, or of less value"))
    for place, rule in enumerate(program.earning):
        text = rule.when if isinstance(rule.when, str) else ""
        if rule.on == ORDER_KIND and "paid_with_points" in text:
            what = "orders paid with points earn more for it: points breed points"
            fix = "what is paid with points earns nothing by itself; leave out the condition"
            found.append((rule.name, f"earning[{place}].when", what, fix))
    for place, reward in enumerate(program.rewards):
        for number, rule in enumerate(program.rules):
            flat = rule.unit is None and rule.cap is None and rule.on == ORDER_KIND
            if flat and rule.points >= reward.points and rule.when is None:
                what = f"every order gives it for nothing: rule {rule.name!r} gives its price"
                where = f"rewards[{place}], earning[{number}]"
                found.append((reward.name, where, what, "raise its price, or cap the rule"))
    return found


def _ladder_findings(program: Program) -> list[_Finding]:
    ladder = program.tiers
    if ladder is None:
        return []
    most = _most_in_window(program, ladder)
    return [
        (
            name,
            f"tiers.levels[{name!r}]",
            f"it takes {rate_text(threshold)} points, and caps leave {most:,} in its window",
            "lower the level, or widen the cap",
        )
        for name, threshold in ladder.levels
        if most is not None and threshold > most
    ]


def _most_in_window(program: Program, ladder: Ladder) -> int | None:
    """The most points that count for a tier under the program's cap; None for no limit."""
    cap = program.cap
    if ladder.by != "points":
        return None
    if not program.earning:
        return 0
    if cap is None or cap.per == "order":
        return None
    if cap.per == "lifetime":
        return cap.points
    days = _days_of(ladder)
    if days is None:
        return None
    # So many periods that begin or end within the window can be touched.
    periods = days if cap.per == "day" else days // _LEAST_DAYS[cap.per] + 2
    return cap.points * periods


_LEAST_DAYS = {"month": 28, "year": 365}
_MOST_DAYS = {"month": 31, "quarter": 92, "year": 366, "anniversary": 366}


def _days_of(ladder: Ladder) -> int | None:
    """The most local days that a ladder's window has; None for all time."""
    if isinstance(ladder.window, Window):
        months = ladder.window.months
        return ladder.window.days if months is None else months * _MOST_DAYS["month"]
    if ladder.window == "lifetime" or ladder.review is None:
        return None
    return _MOST_DAYS[ladder.review]


def _rule_findings(program: Program) -> list[_Finding]:
    """Rules and boosts that nothing, or nobody, can ever make apply."""
    found: list[_Finding] = []
    reached = _reached(program)
    kinds = {rule.on for rule in program.rules}
    for place, rule in enumerate(program.earning):
        where = f"earning[{place}]"
        if rule.tiers and not set(rule.tiers) & reached:
            what = "it is for tiers that nobody reaches"
            found.append((rule.name, f"{where}.tiers", what, "see the findings on the ladder"))
        if not isinstance(rule, Earn) and rule.on not in kinds:
            what = f"it multiplies what {rule.on!r} earns, and no rule is on that"
            found.append((rule.name, f"{where}.on", what, "leave it out, or add a rule"))
    return found + _beaten(program)


def _reached(program: Program) -> set[str]:
    if program.tiers is None:
        return set()
    out_of_reach = {subject for subject, *_ in _ladder_findings(program)}
    return set(program.tiers.names) - out_of_reach


def _beaten(program: Program) -> list[_Finding]:
    """With combine="best": rules that another one always beats."""
    if program.combine != "best":
        return []
    found: list[_Finding] = []
    for place, rule in enumerate(program.rules):
        for other in program.rules:
            if other is not rule and _always_beats(program, other, rule):
                what = f"{other.name!r} applies whenever it does and never gives less"
                fix = "leave it out, or let rules add up with combine='sum'"
                found.append((rule.name, f"earning[{place}]", what, fix))
                break
    return found


def _always_beats(program: Program, other: Earn, rule: Earn) -> bool:
    """Whether a rule without conditions gives at least as much, and wins the tie."""
    free = other.when is None and other.lines is None and not other.tiers and other.cap is None
    same = other.on == rule.on and (other.unit is None) == (rule.unit is None)
    if not free or other.during is not None or not same:
        return False
    gives = other.points / (other.unit or 1), rule.points / (rule.unit or 1)
    first = program.rules.index(other) < program.rules.index(rule)
    return gives[0] > gives[1] or (gives[0] == gives[1] and first)


def _cap_findings(program: Program) -> list[_Finding]:
    """Caps that let a rule give nothing but a part of what it says, each time."""
    found: list[_Finding] = []
    for place, rule in enumerate(program.earning):
        if not isinstance(rule, Earn) or rule.unit is not None:
            continue
        for cap, where in ((rule.cap, f"earning[{place}].cap"), (program.cap, "cap")):
            if cap is not None and rule.points > cap.points:
                what = f"it gives {rate_text(rule.points)} at once, and the cap is {cap.points:,}"
                found.append((rule.name, where, what, "raise the cap, or give fewer points"))
    return found
