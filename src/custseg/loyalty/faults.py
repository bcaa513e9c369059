"""What is wrong with the parts of a declaration, said in the same words everywhere."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, cast

from custseg.errors import Problem, RuleError, SchemaError
from custseg.loyalty.rate import RateProblem, rate_of
from custseg.model.window import During
from custseg.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

__all__ = [
    "LARGEST_POINTS",
    "choice_faults",
    "condition_faults",
    "during_faults",
    "is_day_of_year",
    "is_whole",
    "name_faults",
    "rate_faults",
    "repeated_faults",
    "whole_faults",
]

LARGEST_POINTS = 2**63 - 1
"""The most points that an int64 holds."""

_LEAP_YEAR = 2024


def is_whole(given: object, *, least: int = 0, most: int = LARGEST_POINTS) -> bool:
    """Whether it is a whole number of a range; truth is no number."""
    return isinstance(given, int) and not isinstance(given, bool) and least <= given <= most


def is_day_of_year(month: object, day: object) -> bool:
    """Whether some year has the day."""
    if not (is_whole(month, least=1, most=12) and is_whole(day, least=1, most=31)):
        return False
    try:
        dt.date(_LEAP_YEAR, cast("int", month), cast("int", day))
    except ValueError:
        return False
    return True


def whole_faults(
    given: object, where: str, *, least: int = 0, most: int = LARGEST_POINTS
) -> list[Problem]:
    """What is wrong with what should be a whole number."""
    if is_whole(given, least=least, most=most):
        return []
    above = "or more" if most == LARGEST_POINTS else f"to {most:,}"
    name = where.rpartition(".")[2]
    return [Problem(f"{name} is {given!r}", where, f"write a whole number, {least} {above}")]


def rate_faults(given: object, where: str, *, above: bool = True) -> list[Problem]:
    """What is wrong with what should be an exact number: above 0, or 0 at least."""
    try:
        rate = rate_of(given)
    except RateProblem as problem:
        return [Problem(problem.what, where, problem.fix)]
    if rate > 0 or (rate == 0 and not above):
        return []
    name, limit = where.rpartition(".")[2], "above 0" if above else "0 or more"
    return [Problem(f"{name} is {rate}, not {limit}", where, f"write a number {limit}")]


def choice_faults(given: object, known: Sequence[object], where: str) -> list[Problem]:
    """What is wrong with what should be one of a few words."""
    if given in known:
        return []
    name = where.rpartition(".")[2]
    told = ", ".join(str(one) for one in known)
    return [Problem(f"{name} is {given!r}", where, f"write one of {told}")]


def name_faults(given: object, where: str, example: str) -> list[Problem]:
    """What is wrong with what should be a name."""
    if isinstance(given, str) and given.strip():
        return []
    return [Problem(f"{given!r} is no name", where, f'write "{example}"')]


def repeated_faults(names: Sequence[object], where: str, noun: str) -> list[Problem]:
    """Names of a list that stand there before."""
    found: list[Problem] = []
    for place, name in enumerate(names):
        first = names.index(name)
        if first != place:
            what = f"the name {name!r} stands at {where.rpartition('.')[2]}[{first}] too"
            fix = f"give each {noun} a name of its own"
            found.append(Problem(what, f"{where}[{place}].name", fix))
    return found


def during_faults(given: object, where: str) -> list[Problem]:
    """What is wrong with a period that may be left out."""
    if given is None or isinstance(given, During):
        return []
    fix = 'write during=cu.During("2026-06-01", "2026-08-31")'
    return [Problem(f"{given!r} is no period", f"{where}.during", fix)]


def condition_faults(name: str, condition: str | pl.Expr | None, where: str) -> list[Problem]:
    """What is wrong with a condition that may be left out."""
    if condition is None:
        return []
    try:
        Rule(name, condition)
    except (RuleError, SchemaError) as error:
        return [Problem(p.what, where, p.fix) for p in error.problems]
    return []
