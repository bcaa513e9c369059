"""Programs as text: JSON out and in, TOML in."""

from __future__ import annotations

import difflib
import json
import tomllib
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from custseg.errors import LedgerError, Problem, RuleError, SchemaError
from custseg.loyalty.earn import Earn
from custseg.loyalty.expiry import Expiry
from custseg.loyalty.rate import rate_text
from custseg.loyalty.redemption import Redemption
from custseg.model.window import During
from custseg.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from custseg.loyalty.program import Program
__all__ = ["FORMAT", "from_json", "from_toml", "to_json"]

FORMAT = 1

_PLAIN = ("name", "version", "combine", "rounding", "pending_days", "currency", "tz")
_PROGRAM = (*_PLAIN, "format", "earning", "expiry", "redemption")
_EARN = ("name", "points", "per", "on", "when", "lines", "during")
_EXPIRY = ("months", "days", "end_of")
_REDEMPTION = ("point_value", "minimum", "order")
_NEVER = "never"


def to_json(program: Program) -> str:
    """The JSON of a program: one form for equal programs."""
    held: dict[str, Any] = {
        "format": FORMAT,
        "name": program.name,
        "version": program.version,
        "earning": [_earn_text(rule) for rule in program.earning],
        "combine": program.combine,
        "rounding": program.rounding,
        "pending_days": program.pending_days,
        "expiry": _expiry_text(program.expiry),
        "redemption": _redemption_text(program.redemption),
        "currency": program.currency,
        "tz": program.tz,
    }
    return json.dumps(_without_nulls(held), indent=2, ensure_ascii=False) + "\n"


def _earn_text(rule: Earn) -> dict[str, Any]:
    RuleError.check(
        [
            problem
            for argument, condition in (("when", rule.when), ("lines", rule.lines))
            if condition is not None
            for problem in Rule(rule.name, condition).unwritable(
                where=f"Earn({rule.name!r}).{argument}"
            )
        ]
    )
    during = rule.during
    return _without_nulls(
        {
            "name": rule.name,
            "points": rate_text(rule.points),
            "per": None if rule.unit is None else rate_text(rule.unit),
            "on": rule.on,
            "when": cast("str | None", rule.when),
            "lines": cast("str | None", rule.lines),
            "during": None if during is None else [str(during.first), str(during.last)],
        }
    )


def _expiry_text(expiry: Expiry) -> str | dict[str, Any]:
    if not expiry.ends:
        return _NEVER
    return _without_nulls({"months": expiry.months, "days": expiry.days, "end_of": expiry.end_of})


def _redemption_text(redemption: Redemption) -> dict[str, Any]:
    value = redemption.point_value
    return _without_nulls(
        {
            "point_value": None if value is None else rate_text(value),
            "minimum": redemption.minimum,
            "order": redemption.order,
        }
    )


def _without_nulls(held: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in held.items() if value is not None}


def from_json(text: str) -> dict[str, Any]:
    """The arguments of the program that JSON text declares."""
    try:
        # Numbers with a point are read as they stand, not as floats.
        held = json.loads(text, parse_float=Decimal)
    except (ValueError, TypeError, RecursionError) as error:
        fix = "give the text that Program.to_json wrote"
        raise LedgerError(
            f"this is not JSON: {error}", where="Program.from_json", fix=fix
        ) from error
    return _arguments(held, "Program.from_json")


def from_toml(text: str) -> dict[str, Any]:
    """The arguments of the program that TOML text declares."""
    try:
        held = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, TypeError, RecursionError) as error:
        fix = 'write name = "Blue" and an [[earning]] table for each rule'
        raise LedgerError(
            f"this is not TOML: {error}", where="Program.from_toml", fix=fix
        ) from error
    return _arguments(held, "Program.from_toml")


def _arguments(held: object, where: str) -> dict[str, Any]:
    problems = _key_problems(held, _PROGRAM, where)
    if not problems:
        table = cast("dict[str, Any]", held)
        if table.get("format", FORMAT) != FORMAT:
            fix = f"this version reads format {FORMAT}"
            problems.append(Problem(f"format is {table['format']!r}", f"{where}.format", fix))
        if "name" not in table:
            problems.append(Problem("the program has no name", f"{where}.name", 'write "Blue"'))
        problems += _part_problems(table, where)
    LedgerError.check(problems)
    table = cast("dict[str, Any]", held)
    made: dict[str, Any] = {key: table[key] for key in _PLAIN if key in table}
    made["earning"] = tuple(_earn(rule) for rule in table.get("earning", ()))
    if "expiry" in table:
        expiry = table["expiry"]
        made["expiry"] = Expiry.never() if expiry == _NEVER else Expiry.after(**expiry)
    if "redemption" in table:
        made["redemption"] = Redemption(**table["redemption"])
    return made


def _part_problems(table: dict[str, Any], where: str) -> list[Problem]:
    found: list[Problem] = []
    rules = table.get("earning", [])
    if not isinstance(rules, list):
        found.append(Problem("earning is no list", f"{where}.earning", "write a list of rules"))
        rules = []
    for place, rule in enumerate(cast("list[object]", rules)):
        found += _earn_problems(rule, f"{where}.earning[{place}]")
    if table.get("expiry", _NEVER) != _NEVER:
        found += _key_problems(table["expiry"], _EXPIRY, f"{where}.expiry")
    if "redemption" in table:
        found += _key_problems(table["redemption"], _REDEMPTION, f"{where}.redemption")
    return found


def _earn_problems(rule: object, where: str) -> list[Problem]:
    found = _key_problems(rule, _EARN, where)
    if found:
        return found
    table = cast("dict[str, Any]", rule)
    found += [
        Problem(f"the rule has no {key}", where, f"write {key}: ...")
        for key in ("name", "points")
        if key not in table
    ]
    if "lines" in table and "per" not in table:
        found.append(
            Problem("a flat rule has no lines", f"{where}.lines", "leave it out, or give per")
        )
    try:
        _during(table)
    except SchemaError as error:
        found += [Problem(p.what, f"{where}.during", p.fix) for p in error.problems]
    return found


def _earn(table: dict[str, Any]) -> Earn:
    options: dict[str, Any] = {key: table[key] for key in ("on", "when", "lines") if key in table}
    options["during"] = _during(table)
    if "per" in table:
        return Earn.per(table["name"], table["points"], per=table["per"], **options)
    return Earn.flat(table["name"], table["points"], **options)


def _during(table: dict[str, Any]) -> During | None:
    days = table.get("during")
    if days is None:
        return None
    if not isinstance(days, list) or len(cast("list[object]", days)) != 2:  # noqa: PLR2004
        raise SchemaError(f"{days!r} is no period", fix='write ["2026-06-01", "2026-08-31"]')
    return During(*cast("list[Any]", days))


def _key_problems(held: object, known: tuple[str, ...], where: str) -> list[Problem]:
    if not isinstance(held, dict):
        fix = f"write a table of {', '.join(known)}"
        return [Problem(f"{held!r} is no table", where, fix)]
    found: list[Problem] = []
    for key in cast("dict[str, object]", held):
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            fix = f"did you mean {near[0]!r}?" if near else f"the keys are {', '.join(known)}"
            found.append(Problem(f"the key {key!r} is unknown", where, fix))
    return found
