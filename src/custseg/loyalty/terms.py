"""Terms: a version of a program and its days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from custseg.loyalty.program import Program

__all__ = ["Terms"]


@frozen(eq=False)
class Terms:
    """A program in one of its versions, and the local days on which it is in force.

    Attributes:
        program: The version.
        first: Its first local day, numbered from 1970-01-01.
        last: Its last.
        unit: Smallest units of one of money.
    """

    program: Program
    first: int
    last: int
    unit: int
