"""Earn: what gives points, and how many."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from attrs import field, frozen

from custseg.errors import Problem
from custseg.loyalty.also import Also
from custseg.loyalty.cap import Cap
from custseg.loyalty.faults import condition_faults, rate_faults
from custseg.loyalty.kinds import ORDER_KIND
from custseg.loyalty.rate import rate_of, rate_text, shown
from custseg.loyalty.scope import condition_content, names_of, scope_faults, scope_text
from custseg.rules.rule import Rule

if TYPE_CHECKING:
    import polars as pl

    from custseg.loyalty.rate import Rate
    from custseg.model.window import During

__all__ = ["Earn"]


@frozen
class Earn:
    """An earning rule, made by `Earn.flat` or `Earn.per`.

    What is wrong with it is said by the program that holds it, together with
    all else that is wrong there.

    Attributes:
        name: The rule's name in the ledger.
        points: Points: once, or for each `unit` of money.
        unit: The amount of money that gives `points`; None for a flat rule.
        on: "order", or the kind of event that earns.
        when: The condition, in the rule language; None for always.
        lines: The condition on order lines whose totals count; None for the
            order's total.
        tiers: The tiers whose members it is for; empty for all.
        cap: The most it gives in a period; None for no limit.
        also: What another member gets for the same event; None for nothing.
        during: Local days on which the rule holds; None for all.

    >>> import custseg as cu
    >>> cu.Earn.flat("app", 25, when="channel = 'app'")
    Earn.flat('app', 25, when="channel = 'app'")
    """

    name: str
    points: Fraction
    unit: Fraction | None = field(default=None, kw_only=True)
    on: str = field(default=ORDER_KIND, kw_only=True)
    when: str | pl.Expr | None = field(default=None, kw_only=True, eq=condition_content)
    lines: str | pl.Expr | None = field(default=None, kw_only=True, eq=condition_content)
    tiers: tuple[str, ...] = field(default=(), kw_only=True, converter=names_of)
    cap: Cap | None = field(default=None, kw_only=True)
    also: Also | None = field(default=None, kw_only=True)
    during: During | None = field(default=None, kw_only=True)
    _faults: tuple[Problem, ...] = field(default=(), kw_only=True, eq=False, alias="faults")

    @classmethod
    def flat(
        cls,
        name: str,
        points: Rate,
        *,
        on: str = ORDER_KIND,
        when: str | pl.Expr | None = None,
        tiers: tuple[str, ...] = (),
        cap: Cap | None = None,
        also: Also | None = None,
        during: During | None = None,
    ) -> Earn:
        """Points for each order or event that matches.

        Args:
            name: The rule's name.
            points: How many; whole, text, Decimal or Fraction.
            on: "order", or a kind of event.
            when: A condition on the order's or event's own columns and its
                customer's (`customer.region`).
            tiers: The tiers whose members it is for.
            cap: The most it gives in a period.
            also: What another member gets for the same event.
            during: Local days on which it holds.

        >>> import custseg as cu
        >>> cu.Earn.flat("review", 20, on="review").points
        Fraction(20, 1)
        """
        read, faults = _positive(points, "points")
        return cls(
            name,
            read,
            on=on,
            when=when,
            tiers=tiers,
            cap=cap,
            also=also,
            during=during,
            faults=faults,
        )

    @classmethod
    def per(
        cls,
        name: str,
        points: Rate,
        *,
        per: Rate,
        on: str = ORDER_KIND,
        when: str | pl.Expr | None = None,
        lines: str | pl.Expr | None = None,
        tiers: tuple[str, ...] = (),
        cap: Cap | None = None,
        also: Also | None = None,
        during: During | None = None,
    ) -> Earn:
        """Points in proportion to money: an order's total, an event's amount.

        Args:
            name: The rule's name.
            points: How many points `per` gives.
            per: An amount of money, in major units.
            on: "order", or a kind of event that has an amount.
            when: A condition on the order's or event's own columns and its
                customer's.
            lines: Count only the lines for which this holds; the order
                matches when one of its lines does.
            tiers: The tiers whose members it is for.
            cap: The most it gives in a period.
            also: What another member gets for the same event.
            during: Local days on which it holds.

        >>> import custseg as cu
        >>> cu.Earn.per("base", "1.5", per="1.00")
        Earn.per('base', '1.5', per='1')
        """
        read, faults = _positive(points, "points")
        unit, more = _positive(per, "per")
        return cls(
            name,
            read,
            unit=unit,
            on=on,
            when=when,
            lines=lines,
            tiers=tiers,
            cap=cap,
            also=also,
            during=during,
            faults=(*faults, *more),
        )

    @cached_property
    def rule(self) -> Rule | None:
        """The condition as a rule, or None where there is none."""
        return None if self.when is None else Rule(self.name, self.when)

    @cached_property
    def line_rule(self) -> Rule | None:
        """The condition on lines as a rule, or None where there is none."""
        return None if self.lines is None else Rule(self.name, self.lines)

    def problems(self, where: str) -> list[Problem]:
        """All that is wrong with the rule, at a place in its program."""
        found = [Problem(p.what, f"{where}.{p.where}", p.fix) for p in self._faults]
        found += scope_faults(self, where)
        if isinstance(self.name, str) and self.name.strip():  # pyright: ignore[reportUnnecessaryIsInstance] # callers are not all typed
            found += condition_faults(self.name, self.lines, f"{where}.lines")
        if self.lines is not None and self.on != ORDER_KIND:
            what = f"{self.on!r} events have no lines"
            found.append(Problem(what, f"{where}.lines", 'leave out lines=, or earn on "order"'))
        return found + self._cap_problems(where) + self._also_problems(where)

    def _cap_problems(self, where: str) -> list[Problem]:
        if self.cap is None or isinstance(self.cap, Cap):  # pyright: ignore[reportUnnecessaryIsInstance]
            return [] if self.cap is None else self.cap.problems(f"{where}.cap")
        fix = 'write cap=cu.Cap(100, per="month")'
        return [Problem(f"{self.cap!r} is no cap", f"{where}.cap", fix)]

    def _also_problems(self, where: str) -> list[Problem]:
        if self.also is None:
            return []
        if not isinstance(self.also, Also):  # pyright: ignore[reportUnnecessaryIsInstance]
            fix = 'write also=cu.Also("referred_by", 250)'
            return [Problem(f"{self.also!r} is nothing that another gets", f"{where}.also", fix)]
        found = self.also.problems(f"{where}.also")
        for name, given in (("tiers", self.tiers), ("cap", self.cap)):
            if given:
                what = f"a rule that gives to another member too has no {name}"
                fix = f"leave out {name}=, or make it two rules"
                found.append(Problem(what, f"{where}.{name}", fix))
        return found

    def __repr__(self) -> str:
        """The rule as it is declared."""
        how = "flat" if self.unit is None else "per"
        unit = "" if self.unit is None else f", per={rate_text(self.unit)!r}"
        options = scope_text(self, lines=self.lines, cap=self.cap, also=self.also)
        return f"Earn.{how}({self.name!r}, {shown(self.points)}{unit}{options})"


def _positive(given: object, argument: str) -> tuple[Fraction, tuple[Problem, ...]]:
    """A rate above 0; a stand-in and the problem where it is none."""
    faults = tuple(rate_faults(given, argument))
    return (Fraction(1) if faults else rate_of(given)), faults
