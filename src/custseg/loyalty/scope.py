"""What a rule is for: orders or a kind of event, a condition, tiers, a period."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from custseg.errors import Problem
from custseg.loyalty.faults import condition_faults, during_faults, name_faults
from custseg.loyalty.kinds import ENGINE_KINDS, ORDER_KIND

if TYPE_CHECKING:
    from custseg.loyalty.boost import Boost
    from custseg.loyalty.earn import Earn

__all__ = ["condition_content", "names_of", "scope_faults", "scope_text"]


def condition_content(condition: str | pl.Expr | None) -> object:
    """What makes two conditions the same: an expression's `==` builds another."""
    return condition.meta.serialize() if isinstance(condition, pl.Expr) else condition


def names_of(given: object) -> tuple[str, ...]:
    """Names as a tuple; one alone is a tuple of one, what is none is kept, to be refused."""
    if isinstance(given, (list, tuple)):
        return tuple(given)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return (given,)  # type: ignore[return-value]


def scope_faults(rule: Earn | Boost, where: str) -> list[Problem]:
    """What is wrong with a rule's name, condition, kind of event, tiers and period."""
    unnamed = name_faults(rule.name, f"{where}.name", "base")
    found = unnamed or condition_faults(rule.name, rule.when, f"{where}.when")
    return [
        *found,
        *_kind_faults(rule.on, where),
        *(
            fault
            for place, tier in enumerate(rule.tiers)
            for fault in name_faults(tier, f"{where}.tiers[{place}]", "gold")
        ),
        *during_faults(rule.during, where),
    ]


def _kind_faults(kind: object, where: str) -> list[Problem]:
    if not isinstance(kind, str) or not kind:
        fix = 'write on="order", or the kind of event'
        return [Problem(f"{kind!r} is no kind of event", f"{where}.on", fix)]
    if kind in ENGINE_KINDS:
        what = f"{kind!r} events belong to the engine and earn nothing"
        return [Problem(what, f"{where}.on", 'earn on "order" or on a kind of your own')]
    return []


def scope_text(rule: Earn | Boost, **more: object) -> str:
    """The options of a rule as they are declared, each after a comma; defaults are left out."""
    options = {
        "on": None if rule.on == ORDER_KIND else rule.on,
        "when": rule.when,
        **more,
        "tiers": rule.tiers or None,
        "during": rule.during,
    }
    return "".join(
        f", {name}={value if isinstance(value, pl.Expr) else repr(value)}"
        for name, value in options.items()
        if value is not None
    )
