"""Programs as text: JSON out and in, TOML in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from custseg.errors import LedgerError, Problem, SchemaError
from custseg.loyalty.text_parts import LISTS, PARTS, Shape, without_nulls
from custseg.schema.documents import from_json as json_parts
from custseg.schema.documents import from_toml as toml_parts
from custseg.schema.documents import head_problems, unknown_keys

if TYPE_CHECKING:
    from custseg.loyalty.program import Program
    from custseg.loyalty.programs import Programs

__all__ = [
    "FORMAT",
    "from_json",
    "from_toml",
    "to_json",
    "versions_from_json",
    "versions_from_toml",
    "versions_to_json",
]

FORMAT = 1

_CALLED = "a program"
_PLAIN = ("name", "version", "combine", "rounding", "pending_days", "currency", "tz")
_PROGRAM = ("format", *_PLAIN, *LISTS, *PARTS)
_VERSIONS = ("format", "versions")
# The order in which a program is written.
_WRITTEN = (
    "name",
    "version",
    "earning",
    "combine",
    "rounding",
    "cap",
    "tiers",
    "pending_days",
    "expiry",
    "redemption",
    "refunds",
    "rewards",
    "care",
    "currency",
    "tz",
)


def to_json(program: Program) -> str:
    """The JSON of a program: one form for equal programs.

    Raises:
        RuleError: when a condition has no text.
    """
    return _dumped({"format": FORMAT, **_table(program)})


def versions_to_json(programs: Programs) -> str:
    """The JSON of the versions of a program.

    Raises:
        RuleError: when a condition has no text.
    """
    versions = [{"from": str(day), **_table(program)} for day, program in programs.versions]
    return _dumped({"format": FORMAT, "versions": versions})


def _dumped(held: dict[str, Any]) -> str:
    return json.dumps(held, indent=2, ensure_ascii=False) + "\n"


def _table(program: Program) -> dict[str, Any]:
    return without_nulls({name: _part_text(program, name) for name in _WRITTEN})


def _part_text(program: Program, name: str) -> object:
    part = getattr(program, name)
    if name in LISTS:
        return [LISTS[name].written(one) for one in part] or None
    if name in PARTS:
        return None if part is None else PARTS[name].written(part)
    return part


def from_json(text: str) -> dict[str, Any]:
    """The arguments of the program that JSON text declares.

    Raises:
        LedgerError: with everything that is wrong with its shape.
    """
    where = "Program.from_json"
    return _arguments(*_json(text, where), where)


def from_toml(text: str) -> dict[str, Any]:
    """The arguments of the program that TOML text declares.

    Raises:
        LedgerError: with everything that is wrong with its shape.
    """
    where, fix = "Program.from_toml", 'write name = "Blue" and an [[earning]] table for each rule'
    return _arguments(_toml(text, where, fix), [], where)


def versions_from_json(text: str) -> list[tuple[object, dict[str, Any]]]:
    """The days and the arguments of the programs that JSON text declares.

    Raises:
        LedgerError: with everything that is wrong with its shape.
    """
    where = "Programs.from_json"
    return _versions(*_json(text, where), where)


def versions_from_toml(text: str) -> list[tuple[object, dict[str, Any]]]:
    """The days and the arguments of the programs that TOML text declares.

    Raises:
        LedgerError: with everything that is wrong with its shape.
    """
    where = "Programs.from_toml"
    return _versions(_toml(text, where, "write a [[versions]] table for each version"), [], where)


def _versions(
    held: dict[str, Any], problems: list[Problem], where: str
) -> list[tuple[object, dict[str, Any]]]:
    problems += unknown_keys(held, _VERSIONS, what="the versions of a program", where=where)
    versions = held.get("versions")
    if not isinstance(versions, list):
        problems.append(Problem("versions is no list", f"{where}.versions", "write a list"))
        versions = []
    made: list[tuple[object, dict[str, Any]]] = []
    for place, version in enumerate(cast("list[dict[str, Any]]", versions)):
        at = f"{where}.versions[{place}]"
        if not isinstance(version, dict) or "from" not in version:  # pyright: ignore[reportUnnecessaryIsInstance] # text can hold anything
            fix = 'write "from": "2026-01-01", in TOML from = 2026-01-01'
            problems.append(Problem("the version has no day", at, fix))
            continue
        table = {key: value for key, value in version.items() if key != "from"}
        arguments, found = _read(table, at)
        problems += found
        made.append((version["from"], arguments))
    LedgerError.check(problems)
    return made


# Numbers with a point are read as they stand, not as floats.
def _json(text: str, where: str) -> tuple[dict[str, Any], list[Problem]]:
    fix = "give the text that to_json wrote"
    return json_parts(text, called=_CALLED, where=where, fix=fix, error=LedgerError, exact=True)


def _toml(text: str, where: str, fix: str) -> dict[str, Any]:
    return toml_parts(text, called=_CALLED, where=where, fix=fix, error=LedgerError, exact=True)


def _arguments(held: dict[str, Any], problems: list[Problem], where: str) -> dict[str, Any]:
    made, found = _read(held, where)
    LedgerError.check([*problems, *found])
    return made


def _read(table: dict[str, Any], where: str) -> tuple[dict[str, Any], list[Problem]]:
    """The arguments of a program, and everything that is wrong with its table."""
    problems = list(unknown_keys(table, _PROGRAM, what=_CALLED, where=where))
    if problems:
        return {}, problems
    fix = 'write name = "Blue", in JSON "name": "Blue"'
    problems += head_problems(table, FORMAT, ("name",), where=where, fix=fix)
    made: dict[str, Any] = {key: table[key] for key in _PLAIN if key in table}
    for name, shape in PARTS.items():
        if name in table:
            made[name] = _part(shape, table[name], f"{where}.{name}", problems)
    for name, shape in LISTS.items():
        listed = table.get(name, [])
        if not isinstance(listed, list):
            fix = "write a list of tables"
            problems.append(Problem(f"{name} is no list", f"{where}.{name}", fix))
            continue
        made[name] = tuple(
            _part(shape, one, f"{where}.{name}[{place}]", problems)
            for place, one in enumerate(cast("list[object]", listed))
        )
    return made, problems


def _part(shape: Shape, held: object, where: str, problems: list[Problem]) -> object:
    """One part of a program; what is wrong with it is added to the problems."""
    found = shape.problems(held, where)
    if not found:
        try:
            return shape.read(held)
        except SchemaError as error:
            found = [
                Problem(p.what, ".".join(filter(None, (where, p.where))), p.fix)
                for p in error.problems
            ]
    problems += found
    return None
