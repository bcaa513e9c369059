"""What is wrong with a program: each of its parts, and what they are to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from custseg.errors import Problem, SchemaError
from custseg.loyalty.boost import Boost
from custseg.loyalty.cap import Cap
from custseg.loyalty.care import Anniversary, Birthday, Holiday
from custseg.loyalty.earn import Earn
from custseg.loyalty.expiry import Expiry
from custseg.loyalty.faults import (
    choice_faults,
    is_whole,
    name_faults,
    repeated_faults,
    whole_faults,
)
from custseg.loyalty.ladder import Ladder
from custseg.loyalty.redemption import Redemption
from custseg.loyalty.refunds import Refunds
from custseg.loyalty.reward import Reward
from custseg.schema.clock import clock
from custseg.schema.currency import minor_digits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from custseg.loyalty.program import Program

__all__ = ["program_faults"]

_LONGEST_PENDING = 36_525
_COMBINE = ("sum", "best")
_ROUNDING = ("floor", "half_up", "half_even", "ceil")

# Parts that a program has one of: their type, whether they may be missing, how to write one.
_PARTS: dict[str, tuple[type, bool, str]] = {
    "cap": (Cap, True, 'write cu.Cap(100, per="month")'),
    "tiers": (Ladder, True, 'write cu.Ladder({"member": 0, "silver": 500})'),
    "expiry": (Expiry, False, "write Expiry.after(months=12) or Expiry.never()"),
    "redemption": (Redemption, False, "write Redemption(minimum=100)"),
    "refunds": (Refunds, False, 'write Refunds(shortfall="debt")'),
}
# Parts that it lists: their types, what one is called, how to write one.
_LISTS: dict[str, tuple[tuple[type, ...], str, str]] = {
    "earning": ((Earn, Boost), "earning rule", "write Earn.flat(...), Earn.per(...) or Boost(...)"),
    "rewards": ((Reward,), "reward", 'write cu.Reward("mug", points=500)'),
    "care": ((Birthday, Anniversary, Holiday), "care", "write cu.Birthday(points=100)"),
}


def program_faults(program: Program, where: str) -> list[Problem]:
    """Everything that is wrong, in the order of the arguments."""
    pending = is_whole(program.pending_days, most=_LONGEST_PENDING)
    return [
        *name_faults(program.name, f"{where}.name", "Blue"),
        *whole_faults(program.version, f"{where}.version"),
        *choice_faults(program.combine, _COMBINE, f"{where}.combine"),
        *choice_faults(program.rounding, _ROUNDING, f"{where}.rounding"),
        *_list_faults(program, where, "earning"),
        *_tier_faults(program, where),
        *_part_faults(program, where, "cap"),
        *_part_faults(program, where, "tiers"),
        *whole_faults(program.pending_days, f"{where}.pending_days", most=_LONGEST_PENDING),
        *_part_faults(program, where, "redemption"),
        *_part_faults(program, where, "expiry"),
        *(_lapse_faults(program, where) if pending else ()),
        *_part_faults(program, where, "refunds"),
        *_list_faults(program, where, "rewards"),
        *_price_faults(program, where),
        *_list_faults(program, where, "care"),
        *_place_faults(program, where),
    ]


def _part_faults(program: Program, where: str, name: str) -> list[Problem]:
    kind, optional, fix = _PARTS[name]
    part = getattr(program, name)
    if isinstance(part, kind):
        return part.problems(f"{where}.{name}")
    if part is None and optional:
        return []
    noun = {"tiers": "ladder of tiers", "refunds": "refund policy"}.get(name, name)
    return [Problem(f"{part!r} is no {noun}", f"{where}.{name}", fix)]


def _list_faults(program: Program, where: str, name: str) -> list[Problem]:
    kinds, noun, fix = _LISTS[name]
    listed = getattr(program, name)
    found: list[Problem] = []
    for place, part in enumerate(listed):
        at = f"{where}.{name}[{place}]"
        if isinstance(part, kinds):
            found += part.problems(at)
        else:
            found.append(Problem(f"{part!r} is no {noun}", at, fix))
    names = [getattr(part, "name", place) for place, part in enumerate(listed)]
    return found + repeated_faults(names, f"{where}.{name}", noun)


def _tier_faults(program: Program, where: str) -> Iterator[Problem]:
    """Tiers that rules name and the ladder does not have."""
    ladder = program.tiers
    if ladder is not None and (not isinstance(ladder, Ladder) or ladder.problems("")):  # pyright: ignore[reportUnnecessaryIsInstance] # callers are not all typed
        return
    known = () if ladder is None else ladder.names
    for place, rule in enumerate(program.earning):
        tiers = rule.tiers if isinstance(rule, (Earn, Boost)) else ()  # pyright: ignore[reportUnnecessaryIsInstance]
        for number, tier in enumerate(tiers):
            if tier in known or not isinstance(tier, str):  # pyright: ignore[reportUnnecessaryIsInstance]
                continue
            what = f"there is no tier {tier!r}" if known else "the program has no tiers"
            fix = f"the tiers are {', '.join(known)}" if known else "give tiers=cu.Ladder(...)"
            yield Problem(what, f"{where}.earning[{place}].tiers[{number}]", fix)


def _lapse_faults(program: Program, where: str) -> list[Problem]:
    expiry = program.expiry
    if not isinstance(expiry, Expiry) or expiry.problems(""):  # pyright: ignore[reportUnnecessaryIsInstance]
        return []
    shortest = expiry.shortest
    if shortest is None or shortest >= program.pending_days:
        return []
    what = (
        f"points can expire {shortest} days after they are earned,"
        f" before they are available on day {program.pending_days}"
    )
    fix = "shorten pending_days, or let points live longer"
    return [Problem(what, f"{where}.expiry", fix)]


def _price_faults(program: Program, where: str) -> Iterator[Problem]:
    """Rewards that cost less than a request must ask for."""
    redemption = program.redemption
    if not isinstance(redemption, Redemption) or not is_whole(redemption.minimum):  # pyright: ignore[reportUnnecessaryIsInstance]
        return
    for place, reward in enumerate(program.rewards):
        if not isinstance(reward, Reward) or not is_whole(reward.points, least=1):  # pyright: ignore[reportUnnecessaryIsInstance]
            continue
        if reward.points < redemption.minimum:
            what = (
                f"{reward.name!r} costs {reward.points:,} points,"
                f" less than the minimum of {redemption.minimum:,}"
            )
            fix = "raise its price, or lower the minimum"
            yield Problem(what, f"{where}.rewards[{place}].points", fix)


def _place_faults(program: Program, where: str) -> list[Problem]:
    found: list[Problem] = []
    for argument, check in (("currency", minor_digits), ("tz", clock)):
        given = getattr(program, argument)
        try:
            if given is not None:
                check(given)
        except SchemaError as error:
            found += [Problem(p.what, f"{where}.{argument}", p.fix) for p in error.problems]
    return found
