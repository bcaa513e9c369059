"""Boost: what multiplies the points of an order or event."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from attrs import field, frozen

from custseg.loyalty.faults import rate_faults
from custseg.loyalty.kinds import ORDER_KIND
from custseg.loyalty.rate import rate_or_given, shown
from custseg.loyalty.scope import condition_content, names_of, scope_faults, scope_text
from custseg.rules.rule import Rule

if TYPE_CHECKING:
    from fractions import Fraction

    import polars as pl

    from custseg.errors import Problem
    from custseg.model.window import During

__all__ = ["Boost"]


@frozen
class Boost:
    """A factor on what matching rules give together; a boost alone gives nothing.

    Attributes:
        name: The boost's name in the ledger.
        factor: What points are multiplied by; exact.
        on: "order", or the kind of event it boosts.
        when: The condition, in the rule language; None for always.
        tiers: The tiers whose members it is for; empty for all.
        during: Local days on which it holds; None for all.

    >>> import custseg as cu
    >>> cu.Boost("summer", "1.5", during=cu.During("2026-06-01", "2026-08-31"))
    Boost('summer', '1.5', during=During("2026-06-01", "2026-08-31"))
    """

    name: str
    factor: Fraction = field(converter=rate_or_given)
    on: str = field(default=ORDER_KIND, kw_only=True)
    when: str | pl.Expr | None = field(default=None, kw_only=True, eq=condition_content)
    tiers: tuple[str, ...] = field(default=(), kw_only=True, converter=names_of)
    during: During | None = field(default=None, kw_only=True)

    @cached_property
    def rule(self) -> Rule | None:
        """The condition as a rule, or None where there is none."""
        return None if self.when is None else Rule(self.name, self.when)

    def problems(self, where: str) -> list[Problem]:
        """All that is wrong with it, at a place in its program."""
        return [*rate_faults(self.factor, f"{where}.factor"), *scope_faults(self, where)]

    def __repr__(self) -> str:
        """The boost as it is declared."""
        return f"Boost({self.name!r}, {shown(self.factor)}{scope_text(self)})"
