"""Plan: what follows from a program alone, worked out once and kept with it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from attrs import field, frozen

from custseg.loyalty.boost import Boost
from custseg.loyalty.calendar import calendar
from custseg.loyalty.earn import Earn
from custseg.loyalty.fitting import columns_of, misfits
from custseg.loyalty.kinds import ORDER_KIND
from custseg.loyalty.terms import Terms
from custseg.loyalty.versions import versions_of
from custseg.rules.together import Together
from custseg.schema.clock import DAY, day_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from fractions import Fraction

    from custseg.base.customer_base import CustomerBase
    from custseg.errors import Problem
    from custseg.loyalty.calendar import Calendar
    from custseg.loyalty.granting import Reckoning
    from custseg.loyalty.program import Program
    from custseg.loyalty.programs import Programs

__all__ = ["Asked", "Placed", "Plan", "plan_of"]

_EVER = 2**62
# Calendars of more days are made anew for each run: some log begins in the year 1.
_KEPT_DAYS = 100_000
_BEFORE, _AFTER = 31 * DAY, 400 * DAY
# A plan remembers a few kinds of bases that it fits.
_KEPT_FITS = 16


@frozen(eq=False)
class Placed:
    """A rule or boost at its place among those of all versions.

    Attributes:
        place: Its number.
        rule: The rule.
        best: Whether only the best of its version's rules counts.
        first: The first local day on which it can hold, numbered from 1970-01-01.
        last: The last.
        rate: Points at once, or for each smallest unit of money.
    """

    place: int
    rule: Earn | Boost
    best: bool
    first: int
    last: int
    rate: Fraction

    @property
    def is_dated(self) -> bool:
        """Whether there are days on which it does not hold."""
        return self.first > -_EVER or self.last < _EVER - 1


@frozen(eq=False)
class Asked:
    """Rules and boosts over the same log.

    Attributes:
        placed: What is asked.
    """

    placed: tuple[Placed, ...]

    @cached_property
    def conditions(self) -> Together:
        """The conditions of those that have one, in their order."""
        rules = [each.rule.rule for each in self.placed]
        return Together(tuple(rule for rule in rules if rule is not None))

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The kinds of events that they are on."""
        return frozenset(each.rule.on for each in self.placed)

    @cached_property
    def is_dated(self) -> bool:
        """Whether there are days on which one does not hold."""
        return any(each.is_dated for each in self.placed)

    @cached_property
    def counts_money(self) -> bool:
        """Whether one gives points for money."""
        return any(isinstance(each.rule, Earn) and each.rule.unit for each in self.placed)


@frozen(eq=False)
class Plan:
    """A program as it is run: its versions, and what follows from them alone.

    Attributes:
        versions: The versions in their order.
    """

    versions: tuple[Terms, ...]
    _calendars: dict[str, Calendar] = field(factory=dict, init=False)
    _fits: dict[object, None] = field(factory=dict, init=False)
    _reckonings: dict[object, Reckoning] = field(factory=dict, init=False)

    def __iter__(self) -> Iterator[Terms]:
        """The versions."""
        return iter(self.versions)

    def __len__(self) -> int:
        """How many versions there are."""
        return len(self.versions)

    def __getitem__(self, place: int, /) -> Terms:
        """A version."""
        return self.versions[place]

    @cached_property
    def placed(self) -> tuple[Placed, ...]:
        """The rules and boosts of all versions."""
        found = [(each, rule) for each in self.versions for rule in each.program.earning]
        return tuple(_placed(place, each, rule) for place, (each, rule) in enumerate(found))

    @cached_property
    def on_orders(self) -> Asked:
        """The rules and boosts that read orders."""
        return Asked(tuple(each for each in self.placed if each.rule.on == ORDER_KIND))

    @cached_property
    def on_events(self) -> Asked:
        """The rules and boosts that read events."""
        return Asked(tuple(each for each in self.placed if each.rule.on != ORDER_KIND))

    @cached_property
    def for_others(self) -> tuple[Placed, ...]:
        """The rules that give to another member too."""
        return tuple(
            each
            for each in self.placed
            if isinstance(each.rule, Earn) and each.rule.also is not None
        )

    @cached_property
    def cares(self) -> bool:
        """Whether anything is given for birthdays and the like."""
        return any(each.program.care for each in self.versions)

    @cached_property
    def counted(self) -> frozenset[str] | None:
        """The kinds of actions that matter; None where all do."""
        if any(each.program.tiers is not None for each in self.versions):
            return None
        rules = [each.rule for each in self.on_events.placed]
        return frozenset(rule.on for rule in rules if isinstance(rule, Earn))

    @cached_property
    def needs_order(self) -> bool:
        """Whether what is earned depends on what came before, or is more than a plain sum."""
        programs = [each.program for each in self.versions]
        if len(programs) > 1 or any(one.cap or one.tiers or one.boosts for one in programs):
            return True
        return any(rule.tiers or rule.cap is not None for one in programs for rule in one.rules)

    @cached_property
    def reward_names(self) -> tuple[str, ...]:
        """The rewards of all versions, each once."""
        programs = [each.program for each in self.versions]
        return tuple(dict.fromkeys(one.name for each in programs for one in each.rewards))

    def once(self, rules: object, reckon: Callable[[], Reckoning]) -> Reckoning:
        """What rules come to as numbers: worked out when it is first asked for."""
        if rules not in self._reckonings:
            self._reckonings[rules] = reckon()
        return self._reckonings[rules]

    def misfits(self, base: CustomerBase) -> list[Problem]:
        """Money, zone, conditions and columns that a base has not."""
        shape = columns_of(base)
        if shape in self._fits:
            return []
        found = misfits(self.versions, base)
        if not found and len(self._fits) < _KEPT_FITS:
            self._fits[shape] = None
        return found

    def calendar(self, low: int, high: int, tz: str) -> Calendar:
        """The tables for all instants from `low` to `high`, or of a longer time."""
        kept = self._calendars.get(tz)
        if kept is not None and kept.low <= low and high <= kept.high:
            return kept
        if (high - low) // DAY > _KEPT_DAYS:
            return calendar(self.versions, low, high, tz)
        # The next run may well be of another member, or a day later.
        low, high = low - _BEFORE, high + _AFTER
        if kept is not None:
            both = min(low, kept.low), max(high, kept.high)
            low, high = both if (both[1] - both[0]) // DAY <= _KEPT_DAYS else (low, high)
        self._calendars[tz] = made = calendar(self.versions, low, high, tz)
        return made


def _placed(place: int, terms: Terms, rule: Earn | Boost) -> Placed:
    first, last = terms.first, terms.last
    if rule.during is not None:
        first = max(first, day_number(rule.during.first))
        last = min(last, day_number(rule.during.last))
    if isinstance(rule, Boost):
        rate = rule.factor
    elif rule.unit is None:
        rate = rule.points
    else:
        rate = rule.points / rule.unit / terms.unit
    return Placed(place, rule, terms.program.combine == "best", first, last, rate)


def plan_of(program: Program | Programs, scale: int) -> Plan:
    """How a program is run where money has so many decimals."""
    plans = program.plans
    if scale not in plans:
        plans[scale] = Plan(_terms(program, scale))
    return plans[scale]


def _terms(program: Program | Programs, scale: int) -> tuple[Terms, ...]:
    """The versions of a program in their order; a program alone is always in force."""
    programs = versions_of(program)
    days = [day for day, _ in getattr(program, "versions", ())[1:]]
    firsts = [-_EVER, *(day_number(day) for day in days), _EVER]
    return tuple(
        Terms(each, first, after - 1, 10**scale)
        for each, first, after in zip(programs, firsts[:-1], firsts[1:], strict=True)
    )
