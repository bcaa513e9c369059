"""The handful of errors: each says what is wrong, where, and how to mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "CustsegError",
    "FitError",
    "LedgerError",
    "MissingExtra",
    "Problem",
    "RowError",
    "RuleError",
    "SchemaError",
]


@frozen
class Problem:
    """One thing that is wrong.

    Attributes:
        what: The fault, with the value that shows it.
        where: The place a reader can go to: a column, a rule, an argument.
        fix: What to write instead.

    >>> import custseg as cu
    >>> print(cu.Problem("2.5 is no id", where="columns['customer_id']", fix="cast it"))
    2.5 is no id
      where: columns['customer_id']
      fix:   cast it
    """

    what: str
    where: str = ""
    fix: str = ""

    def __str__(self) -> str:
        """What, where and fix, a line each; empty ones are left out."""
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.fix:
            lines.append(f"  fix:   {self.fix}")
        return "\n".join(lines)


class CustsegError(Exception):
    """Any error of custseg: catch this to catch them all.

    Attributes:
        problems: Everything that is wrong, in the order it was found.
    """

    problems: tuple[Problem, ...]

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        """An error with a single problem."""
        self.problems = (Problem(what, where, fix),)
        super().__init__(what)

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> Self:
        """One error that lists every problem.

        A declaration is checked whole before it is refused, so that a user
        mends it in one round.
        """
        listed = tuple(problems)
        error = cls(listed[0].what, where=listed[0].where, fix=listed[0].fix)
        error.problems = listed
        return error

    @classmethod
    def check(cls, problems: Iterable[Problem]) -> None:
        """Raise one error that lists every problem, if there is any.

        Raises:
            CustsegError: (of this class) when `problems` is not empty.
        """
        listed = tuple(problems)
        if listed:
            raise cls.of(listed)

    def __str__(self) -> str:
        """The problem, or all of them under a line that counts them."""
        if len(self.problems) == 1:
            return str(self.problems[0])
        listed = "\n".join(str(problem) for problem in self.problems)
        return f"{len(self.problems)} things are wrong\n{listed}"

    def __reduce__(self) -> tuple[Any, ...]:
        """Rebuilt from its problems, so that errors cross process borders."""
        return (_rebuild, (type(self), self.problems, self.__dict__.copy()))


def _rebuild(
    cls: type[CustsegError], problems: tuple[Problem, ...], state: dict[str, Any]
) -> CustsegError:
    error = cls.of(problems)
    error.__dict__.update(state)
    return error


class SchemaError(CustsegError, ValueError):
    """A frame, column, type or option does not fit the declaration."""


class RowError(CustsegError, ValueError):
    """Rows were refused where all of them had to be good.

    Attributes:
        rejected: The refused rows with their reasons.
    """

    rejected: Any = None


class RuleError(CustsegError, ValueError):
    """A rule or rule book cannot mean what it says."""


class FitError(CustsegError, ValueError):
    """A recipe cannot be fitted to this base."""


class LedgerError(CustsegError, ValueError):
    """A program or its logs cannot give a ledger."""


class MissingExtra(CustsegError, ImportError):
    """An optional package is needed; the fix names the extra to install."""


for _error in (
    CustsegError,
    SchemaError,
    RowError,
    RuleError,
    FitError,
    LedgerError,
    MissingExtra,
):
    # Tracebacks name the class where users find it: custseg.RuleError.
    _error.__module__ = "custseg"
del _error
