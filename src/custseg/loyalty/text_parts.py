"""The parts of a program as plain tables of text, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from attrs import frozen

from custseg.errors import Problem, RuleError, SchemaError
from custseg.loyalty.also import Also
from custseg.loyalty.boost import Boost
from custseg.loyalty.cap import Cap
from custseg.loyalty.care import Anniversary, Birthday, Holiday
from custseg.loyalty.earn import Earn
from custseg.loyalty.expiry import Expiry
from custseg.loyalty.ladder import Ladder
from custseg.loyalty.rate import rate_text
from custseg.loyalty.redemption import Redemption
from custseg.loyalty.refunds import Refunds
from custseg.loyalty.reward import Reward
from custseg.model.window import During, Window
from custseg.rules.rule import Rule
from custseg.schema.documents import unknown_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction

    from custseg.loyalty.care import Care

__all__ = ["LISTS", "PARTS", "Shape", "without_nulls"]

_NEVER = "never"


@frozen
class Shape:
    """How a part stands in text: its keys, those it cannot lack, and both ways.

    Attributes:
        called: What errors call it: "a cap".
        keys: All keys it may have.
        needed: Those it must have.
        written: The table of a part.
        read: The part of a table whose keys are known.
        words: What it may be instead of a table.
    """

    called: str
    keys: tuple[str, ...]
    needed: tuple[str, ...]
    written: Callable[[Any], Any]
    read: Callable[[Any], Any]
    words: tuple[object, ...] = ()

    def problems(self, held: object, where: str) -> list[Problem]:
        """What is wrong with a table before it is read."""
        if held in self.words:
            return []
        if not isinstance(held, dict):
            fix = f"write a table of {', '.join(self.keys)}"
            return [Problem(f"{self.called} is a mapping, got {held!r:.60}", where, fix)]
        table = cast("dict[str, object]", held)
        return list(unknown_keys(table, self.keys, what=self.called, where=where)) or [
            Problem(f"{key!r} is missing", where, f"write {key}: ...")
            for key in self.needed
            if key not in table
        ]


def without_nulls(held: Mapping[str, Any]) -> dict[str, Any]:
    """A table without what is not there."""
    return {key: value for key, value in held.items() if value is not None}


def _rate(rate: Fraction | None) -> str | None:
    return None if rate is None else rate_text(rate)


def _scope(rule: Earn | Boost, lines: object = None) -> dict[str, Any]:
    """What an earning rule and a boost share.

    Raises:
        RuleError: when a condition has no text.
    """
    RuleError.check(
        [
            problem
            for argument, condition in (("when", rule.when), ("lines", lines))
            if condition is not None
            for problem in Rule(rule.name, cast("str", condition)).unwritable(
                where=f"{type(rule).__name__}({rule.name!r}).{argument}"
            )
        ]
    )
    during = rule.during
    return {
        "on": rule.on,
        "when": rule.when,
        "lines": lines,
        "tiers": list(rule.tiers) or None,
        "during": None if during is None else [str(during.first), str(during.last)],
    }


def _earn_text(rule: Earn | Boost) -> dict[str, Any]:
    if isinstance(rule, Boost):
        head = {"name": rule.name, "boost": _rate(rule.factor)}
        return without_nulls(head | _scope(rule))
    head = {"name": rule.name, "points": _rate(rule.points), "per": _rate(rule.unit)}
    tail = {
        key: None if part is None else _NESTED[key].written(part)
        for key, part in (("cap", rule.cap), ("also", rule.also))
    }
    return without_nulls(head | _scope(rule, rule.lines) | tail)


def _earn(table: dict[str, Any]) -> Earn | Boost:
    SchemaError.check(_earn_problems(table))
    options = {key: table[key] for key in ("on", "when", "tiers") if key in table}
    options["during"] = _during(table.get("during"))
    if "boost" in table:
        return Boost(table["name"], table["boost"], **options)
    options |= {key: _NESTED[key].read(table[key]) for key in _NESTED if key in table}
    if "per" in table:
        lines = table.get("lines")
        return Earn.per(table["name"], table["points"], per=table["per"], lines=lines, **options)
    return Earn.flat(table["name"], table["points"], **options)


def _earn_problems(table: dict[str, Any]) -> list[Problem]:
    found: list[Problem] = []
    if "boost" in table:
        found += [
            Problem(f"a boost has no {key}", key, "leave it out, or make it two rules")
            for key in ("points", "per", "lines", "cap", "also")
            if key in table
        ]
    elif "points" not in table:
        found.append(Problem("the rule has no points", "", "write points: ..., or boost: ..."))
    elif "lines" in table and "per" not in table:
        found.append(Problem("a flat rule has no lines", "lines", "leave it out, or give per"))
    for key, shape in _NESTED.items():
        found += shape.problems(table[key], key) if key in table else []
    return found


def _during(days: object) -> During | None:
    if days is None:
        return None
    if not isinstance(days, list) or len(cast("list[object]", days)) != 2:  # noqa: PLR2004
        raise SchemaError(
            f"{days!r} is no period", where="during", fix='write ["2026-06-01", "2026-08-31"]'
        )
    return During(*cast("list[Any]", days))


_NESTED = {
    "cap": Shape(
        "a cap",
        ("points", "per"),
        ("points", "per"),
        lambda cap: {"points": cap.points, "per": cap.per},
        lambda held: Cap(**held),
    ),
    "also": Shape(
        "points for another",
        ("member", "points"),
        ("member", "points"),
        lambda also: {"member": also.member, "points": rate_text(also.points)},
        lambda held: Also(**held),
    ),
}


def _expiry_text(expiry: Expiry) -> str | dict[str, Any]:
    if not expiry.ends:
        return _NEVER
    if expiry.date is not None:
        month, day = expiry.date
        return {"month": month, "day": day, "min_days": expiry.min_days}
    idle = True if expiry.idles else None
    length = {"months": expiry.months, "days": expiry.days, "end_of": expiry.end_of}
    return without_nulls({"idle": idle, **length})


def _expiry(table: Any) -> Expiry:  # noqa: ANN401 - a table, or the word
    if table == _NEVER:
        return Expiry.never()
    if "month" in table or "day" in table:
        least = {"min_days": table["min_days"]} if "min_days" in table else {}
        return Expiry.on(table.get("month"), table.get("day"), **least)
    length = {key: table[key] for key in ("months", "days") if key in table}
    if table.get("idle"):
        return Expiry.idle(**length)
    return Expiry.after(**length, end_of=table.get("end_of"))


def _ladder_text(ladder: Ladder) -> dict[str, Any]:
    window = ladder.window
    if isinstance(window, Window):
        unit = "days" if window.months is None else "months"
        spelled: object = {unit: getattr(window, unit)}
    else:
        spelled = window
    return without_nulls(
        {
            "levels": {name: rate_text(threshold) for name, threshold in ladder.levels},
            "by": ladder.by,
            "window": spelled,
            "review": ladder.review,
            "keep": ladder.keep,
            "downgrade": ladder.downgrade,
            "grace_days": ladder.grace_days,
            "upgrade": ladder.upgrade,
            "on_refund": ladder.on_refund,
            "boost": {name: rate_text(factor) for name, factor in ladder.boost} or None,
        }
    )


def _ladder(table: dict[str, Any]) -> Ladder:
    window = table.get("window")
    if isinstance(window, dict):
        held = cast("dict[str, Any]", window)
        known = ("days", "months")
        SchemaError.check(unknown_keys(held, known, what="a window", where="window"))
        table = table | {"window": Window(**held)}
    return Ladder(**table)


def _redemption_text(redemption: Redemption) -> dict[str, Any]:
    return without_nulls(
        {
            "point_value": _rate(redemption.point_value),
            "minimum": redemption.minimum,
            "order": redemption.order,
        }
    )


def _care_text(care: Care) -> dict[str, Any]:
    if isinstance(care, Birthday):
        return {"care": "birthday", "name": care.name, "points": care.points}
    if isinstance(care, Anniversary):
        return {"care": "anniversary", "of": care.of, "name": care.name, "points": care.points}
    days = [str(day) for day in care.days] or None
    when = {"month": care.month, "day": care.day, "days": days}
    return without_nulls({"care": "holiday", "name": care.name, **when, "points": care.points})


_CARE: dict[str, tuple[type, tuple[str, ...]]] = {
    "birthday": (Birthday, ()),
    "anniversary": (Anniversary, ("of",)),
    "holiday": (Holiday, ("month", "day", "days")),
}


def _care(table: dict[str, Any]) -> Care:
    kind = table["care"]
    if kind not in _CARE:
        fix = f"write one of {', '.join(_CARE)}"
        raise SchemaError(f"care is {kind!r}", where="care", fix=fix)
    made, own = _CARE[kind]
    strange = [key for key in table if key not in ("care", "name", "points", *own)]
    if strange:
        fix = "leave it out"
        raise SchemaError(f"a {kind} has no {strange[0]}", where=strange[0], fix=fix)
    if kind == "holiday" and "name" not in table:
        raise SchemaError("the holiday has no name", fix="write name: ...")
    return made(**{key: value for key, value in table.items() if key != "care"})


PARTS: dict[str, Shape] = {
    "cap": _NESTED["cap"],
    "tiers": Shape(
        "a ladder",
        (
            "levels",
            "by",
            "window",
            "review",
            "keep",
            "downgrade",
            "grace_days",
            "upgrade",
            "on_refund",
            "boost",
        ),
        ("levels",),
        _ladder_text,
        _ladder,
    ),
    "expiry": Shape(
        "an expiry",
        ("months", "days", "end_of", "month", "day", "min_days", "idle"),
        (),
        _expiry_text,
        _expiry,
        (_NEVER,),
    ),
    "redemption": Shape(
        "a redemption",
        ("point_value", "minimum", "order"),
        (),
        _redemption_text,
        lambda held: Redemption(**held),
    ),
    "refunds": Shape(
        "refunds",
        ("shortfall", "restored"),
        (),
        lambda part: {"shortfall": part.shortfall, "restored": part.restored},
        lambda held: Refunds(**held),
    ),
}
"""Parts that a program has one of."""

LISTS: dict[str, Shape] = {
    "earning": Shape(
        "an earning rule",
        (
            "name",
            "points",
            "per",
            "boost",
            "on",
            "when",
            "lines",
            "tiers",
            "cap",
            "also",
            "during",
        ),
        ("name",),
        _earn_text,
        _earn,
    ),
    "rewards": Shape(
        "a reward",
        ("name", "points", "per_member"),
        ("name", "points"),
        lambda part: without_nulls(
            {"name": part.name, "points": part.points, "per_member": part.per_member}
        ),
        lambda held: Reward(**held),
    ),
    "care": Shape(
        "care",
        ("care", "name", "of", "month", "day", "days", "points"),
        ("care", "points"),
        _care_text,
        _care,
    ),
}
"""Parts that a program lists."""
