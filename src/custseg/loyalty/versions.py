"""The versions of a program, whether it has one or many."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from custseg.loyalty.program import Program
    from custseg.loyalty.programs import Programs

__all__ = ["current_of", "versions_of"]


def versions_of(program: Program | Programs) -> tuple[Program, ...]:
    """A program alone, or all versions of one, the first in force first.

    >>> import custseg as cu
    >>> blue = cu.Program("Blue", version=3)
    >>> [each.version for each in versions_of(cu.Programs([("2026-01-01", blue)]))]
    [3]
    """
    # Told apart by what they have: either class would have to know the other here.
    held = cast("Programs", program).versions if hasattr(program, "versions") else None
    return (cast("Program", program),) if held is None else tuple(each for _, each in held)


def current_of(program: Program | Programs) -> Program:
    """A program alone, or the last of its versions.

    >>> import custseg as cu
    >>> current_of(cu.Program("Blue", version=3)).version
    3
    """
    return versions_of(program)[-1]
