"""Earn: what gives points, and how many."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl
from attrs import field, frozen

from custseg.errors import Problem, RuleError, SchemaError
from custseg.loyalty.kinds import ENGINE_KINDS, ORDER_KIND
from custseg.loyalty.rate import RateProblem, rate_of, rate_text
from custseg.model.window import During
from custseg.rules.rule import Rule

if TYPE_CHECKING:
    from custseg.loyalty.rate import Rate

__all__ = ["Earn"]


def _content(condition: str | pl.Expr | None) -> object:
    # An expression's `==` builds another expression.
    return condition.meta.serialize() if isinstance(condition, pl.Expr) else condition


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
        during: Local days on which the rule holds; None for all.

    >>> import custseg as cu
    >>> cu.Earn.flat("app", 25, when="channel = 'app'")
    Earn.flat('app', 25, when="channel = 'app'")
    """

    name: str
    points: Fraction
    unit: Fraction | None = field(default=None, kw_only=True)
    on: str = field(default=ORDER_KIND, kw_only=True)
    when: str | pl.Expr | None = field(default=None, kw_only=True, eq=_content)
    lines: str | pl.Expr | None = field(default=None, kw_only=True, eq=_content)
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
        during: During | None = None,
    ) -> Earn:
        """Points for each order or event that matches.

        Args:
            name: The rule's name.
            points: How many; whole, text, Decimal or Fraction.
            on: "order", or a kind of event.
            when: A condition on the order's or event's own columns and its
                customer's (`customer.region`).
            during: Local days on which it holds.

        >>> import custseg as cu
        >>> cu.Earn.flat("review", 20, on="review").points
        Fraction(20, 1)
        """
        read, faults = _positive(points, "points")
        return cls(name, read, on=on, when=when, during=during, faults=faults)

    @classmethod
    def per(
        cls,
        name: str,
        points: Rate,
        *,
        per: Rate,
        on: str = ORDER_KIND,
        when: str | pl.Expr | None = None,
        during: During | None = None,
        lines: str | pl.Expr | None = None,
    ) -> Earn:
        """Points in proportion to money: an order's total, an event's amount.

        Args:
            name: The rule's name.
            points: How many points `per` gives.
            per: An amount of money, in major units.
            on: "order", or a kind of event that has an amount.
            when: A condition on the order's or event's own columns and its
                customer's.
            during: Local days on which it holds.
            lines: Count only the lines for which this holds; the order
                matches when one of its lines does.

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
        if not isinstance(self.name, str) or not self.name.strip():  # pyright: ignore[reportUnnecessaryIsInstance] # callers are not all typed
            found.append(
                Problem(f"{self.name!r} is no name", f"{where}.name", 'write a text like "base"')
            )
        else:
            found += self._condition_problems(where)
        found += self._kind_problems(where)
        if self.during is not None and not isinstance(self.during, During):  # pyright: ignore[reportUnnecessaryIsInstance]
            fix = 'write during=cu.During("2026-06-01", "2026-08-31")'
            found.append(Problem(f"{self.during!r} is no period", f"{where}.during", fix))
        return found

    def _condition_problems(self, where: str) -> list[Problem]:
        found: list[Problem] = []
        for argument, condition in (("when", self.when), ("lines", self.lines)):
            if condition is None:
                continue
            try:
                Rule(self.name, condition)
            except (RuleError, SchemaError) as error:
                found += [Problem(p.what, f"{where}.{argument}", p.fix) for p in error.problems]
        return found

    def _kind_problems(self, where: str) -> list[Problem]:
        if not isinstance(self.on, str) or not self.on:  # pyright: ignore[reportUnnecessaryIsInstance]
            fix = 'write on="order", or the kind of event'
            return [Problem(f"{self.on!r} is no kind of event", f"{where}.on", fix)]
        if self.on in ENGINE_KINDS:
            what = f"{self.on!r} events belong to the engine and earn nothing"
            return [Problem(what, f"{where}.on", 'earn on "order" or on a kind of your own')]
        if self.lines is not None and self.on != ORDER_KIND:
            what = f"{self.on!r} events have no lines"
            return [Problem(what, f"{where}.lines", 'leave out lines=, or earn on "order"')]
        return []

    def __repr__(self) -> str:
        """The rule as it is declared."""
        points = _shown(self.points)
        if self.unit is None:
            said = f"Earn.flat({self.name!r}, {points}"
        else:
            said = f"Earn.per({self.name!r}, {points}, per={rate_text(self.unit)!r}"
        if self.on != ORDER_KIND:
            said += f", on={self.on!r}"
        for name, condition in (("when", self.when), ("lines", self.lines)):
            if condition is not None:
                said += (
                    f", {name}={condition!r}"
                    if isinstance(condition, str)
                    else f", {name}={condition}"
                )
        return said + (f", during={self.during!r})" if self.during is not None else ")")


def _shown(rate: Fraction) -> str:
    return str(rate) if rate.denominator == 1 else repr(rate_text(rate))


def _positive(given: object, argument: str) -> tuple[Fraction, tuple[Problem, ...]]:
    """A rate above 0; a stand-in and the problem where it is none."""
    try:
        rate = rate_of(given)
    except RateProblem as problem:
        return Fraction(1), (Problem(problem.what, argument, problem.fix),)
    if rate <= 0:
        fix = f"write a {argument} above 0"
        return Fraction(1), (Problem(f"{argument} is {given!r}, not above 0", argument, fix),)
    return rate, ()
