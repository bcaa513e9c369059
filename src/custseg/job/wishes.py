"""What the main job is asked for, and what can be found wrong with it before a row is read."""

from __future__ import annotations

import re
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from attrs import evolve, field, frozen

from custseg.base.instant import as_of_of
from custseg.datasets.programs import program as plain_program
from custseg.errors import CustsegError, Problem, SchemaError
from custseg.loyalty.program import Program
from custseg.schema.clock import clock
from custseg.schema.currency import minor_digits

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Faults", "Wishes", "program_of"]

_Made = TypeVar("_Made")
_FLAGS = {
    "tz": "--tz",
    "currency": "--currency",
    "as_of": "--as-of",
    "Rule('--where').when": "--where",
}
_COLUMN = re.compile(r"columns\['(?P<name>.+)'\]|table\(\w+\)\.(?P<of>.+)")


@frozen(kw_only=True)
class Wishes:
    """What the main job was asked for.

    Attributes:
        path: The file or pattern; None for the simulated shop.
        order_id: The source column that makes rows order lines, or None.
        columns: `X=TEXT` each.
        where: SQL that says which rows to read, or None.
        currency: ISO 4217 code.
        tz: The zone.
        as_of: A day or instant as text, or None.
        program: A file of a program, or None.
        out: A folder to write to, or None.
    """

    path: str | None = None
    order_id: str | None = None
    columns: tuple[str, ...] = ()
    where: str | None = None
    currency: str = "EUR"
    tz: str = "UTC"
    as_of: str | None = None
    program: str | None = None
    out: str | None = None
    started: float = field(factory=time.perf_counter, init=False, eq=False)

    def faults(self) -> Faults:
        """What is wrong with the options by themselves."""
        found = Faults()
        found.tried(partial(minor_digits, self.currency))
        known = found.tried(partial(clock, self.tz)) is not None
        if self.as_of is not None:
            found.tried(partial(as_of_of, self.as_of, self.tz if known else "UTC"))
        if self.out is not None:
            found.problems.extend(_unwritable(Path(self.out)))
        if self.path is None:
            unused = {
                "--order-id": self.order_id,
                "--column": self.columns,
                "--where": self.where,
            }
            found.problems.extend(
                Problem(f"{flag} says what a file holds, and there is no file", flag, "name a file")
                for flag, given in unused.items()
                if given
            )
        return found


@frozen(eq=False)
class Faults:
    """Everything that is wrong, in the words of the command line."""

    problems: list[Problem] = field(factory=list)

    def tried(self, look: Callable[[], _Made]) -> _Made | None:
        """What a look gives; None, and its problems noted, when it raises."""
        try:
            return look()
        except CustsegError as error:
            self.problems.extend(map(_worded, error.problems))
            return None

    def check(self) -> None:
        """Raise one error with all of them.

        Raises:
            SchemaError: when there is any.
        """
        SchemaError.check(self.problems)


def program_of(wishes: Wishes) -> Program:
    """The program that is asked for, or a plain one.

    Raises:
        CustsegError: when the file cannot be read, or holds no program.
    """
    if wishes.program is None:
        return plain_program()
    path = Path(wishes.program)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        told = error.strerror if isinstance(error, OSError) else error
        raise SchemaError(
            f"the program {wishes.program!r} cannot be read: {told}",
            where="--program",
            fix="give the path of a JSON or TOML file",
        ) from error
    return Program.from_toml(text) if path.suffix == ".toml" else Program.from_json(text)


def _worded(problem: Problem) -> Problem:
    """A problem with a Python argument, as the command line calls it."""
    column = _COLUMN.fullmatch(problem.where)
    if column is not None:
        name = column["name"] or column["of"]
        return evolve(problem, where=f"--column {name}", fix=_in_sql(name, problem.fix))
    return evolve(problem, where=_FLAGS.get(problem.where, problem.where))


def _in_sql(name: str, fix: str) -> str:
    """A fix that is written in Python, as SQL behind `--column`."""
    if "from_epoch" in fix:
        return f'of seconds since 1970: --column "{name}=CAST(NAME * 1000000 AS TIMESTAMP)"'
    if "columns=" in fix:
        return f'say how to read it in SQL: --column "{name}=CAST(NAME AS VARCHAR)"'
    return fix


def _unwritable(out: Path) -> list[Problem]:
    """Why a folder cannot be written to, found before the work is done."""
    there = next(folder for folder in (out, *out.parents, Path()) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            return []
    except OSError as error:
        what = f"{out} cannot be written to: {error.strerror}"
        return [Problem(what, "--out", "give a folder that can be")]
