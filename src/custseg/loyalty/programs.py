"""Programs: the versions of one program, each in force from a day on."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import TYPE_CHECKING, cast

from attrs import field, frozen

from custseg.errors import LedgerError, Problem
from custseg.loyalty.program import Program

if TYPE_CHECKING:
    from custseg.base.customer_base import CustomerBase
    from custseg.loyalty.ledger import Ledger
    from custseg.loyalty.plan import Plan
    from custseg.loyalty.quote import Quote
    from custseg.model.nouns import Order

__all__ = ["Programs"]


def _versions(given: object) -> tuple[tuple[dt.date, Program], ...]:
    """Pairs of a day and a program; what is none is kept, to be refused."""
    if not isinstance(given, (list, tuple)):
        return (given,)  # type: ignore[return-value]
    return tuple(_version(one) for one in cast("list[object]", given))


def _version(given: object) -> tuple[dt.date, Program]:
    if not isinstance(given, (list, tuple)) or len(cast("list[object]", given)) != 2:  # noqa: PLR2004
        return given  # type: ignore[return-value]
    day, program = cast("tuple[object, Program]", given)
    if isinstance(day, str):
        try:
            return dt.date.fromisoformat(day), program
        except ValueError:
            pass
    return day, program  # type: ignore[return-value]


@frozen
class Programs:
    """The versions of one program: each event falls under the one in force at its instant.

    A refund falls under the version that earned. Before the first day, the
    first version is in force. What a rule of the same name, or the program,
    used of its cap in a period counts in all versions.

    Attributes:
        versions: Pairs of the first local day (a date or ISO text) and the
            program in force from its start; days ascend.

    Raises:
        LedgerError: with everything that is wrong.

    >>> import custseg as cu
    >>> old = cu.Program("Blue", version=1, earning=cu.Earn.per("base", 1, per="1.00"))
    >>> new = cu.Program("Blue", version=2, earning=cu.Earn.per("base", 2, per="1.00"))
    >>> blue = cu.Programs([("2025-01-01", old), ("2026-01-01", new)])
    >>> cu.Programs.from_json(blue.to_json()) == blue
    True
    >>> blue.current.version
    2
    """

    versions: tuple[tuple[dt.date, Program], ...] = field(converter=_versions)

    def __attrs_post_init__(self) -> None:
        """Refuse versions with everything that is wrong with them."""
        found = self._pair_problems()
        LedgerError.check(found or self._order_problems())

    @property
    def current(self) -> Program:
        """The last version."""
        return self.versions[-1][1]

    @property
    def name(self) -> str:
        """The name that all versions share."""
        return self.current.name

    @cached_property
    def plans(self) -> dict[int, Plan]:
        """What follows from the versions alone, by decimals of money: worked out once."""
        return {}

    def in_force(self, day: dt.date, /) -> Program:
        """The program in force on a local day.

        >>> import custseg as cu, datetime as dt
        >>> old, new = cu.Program("Blue", version=1), cu.Program("Blue", version=2)
        >>> blue = cu.Programs([("2025-01-01", old), ("2026-01-01", new)])
        >>> blue.in_force(dt.date(2025, 12, 31)).version
        1
        """
        held = self.versions[0][1]
        for first, program in self.versions:
            if first <= day:
                held = program
        return held

    def run(self, base: CustomerBase, /, *, entries: bool = True) -> Ledger:
        """The ledger of everything in a base up to its as_of, under all versions.

        Args:
            base: The logs, as for `Program.run`.
            entries: False for balances and refusals only.

        Raises:
            LedgerError: as for `Program.run`.
        """
        from custseg.loyalty.settlement import settle

        return settle(self, base, entries=entries)

    def quote(self, order: Order, ledger: Ledger, /) -> Quote:
        """What an order would earn under the version in force at its instant, as `Program.quote`.

        Args:
            order: The order, not earlier than the ledger's as_of.
            ledger: A ledger of these versions, with entries.

        Raises:
            LedgerError: as for `Program.quote`.

        >>> import custseg as cu
        >>> shop = cu.datasets.simulate(20, 60, seed=1).base()
        >>> old, new = (
        ...     cu.Program("Blue", version=rate, earning=cu.Earn.per("base", rate, per="1.00"))
        ...     for rate in (1, 2)
        ... )
        >>> blue = cu.Programs([("2020-01-01", old), ("2030-01-01", new)])
        >>> order = cu.Order(order_id=10**9, customer_id=1, ordered_at="2030-01-02", total=12)
        >>> blue.quote(order, blue.run(shop)).points
        24
        """
        from custseg.loyalty.quote import quote

        return quote(self, order, ledger)

    def to_json(self) -> str:
        """The versions as JSON text; equal versions have equal texts.

        Raises:
            RuleError: when a condition is a polars expression, which has no text.
        """
        from custseg.loyalty.text import versions_to_json

        return versions_to_json(self)

    @classmethod
    def from_json(cls, text: str, /) -> Programs:
        """Versions from the text that `to_json` gives, equal to the first.

        Raises:
            LedgerError: with everything that is wrong with them.
        """
        from custseg.loyalty.text import versions_from_json

        return cls([(day, Program(**made)) for day, made in versions_from_json(text)])

    @classmethod
    def from_toml(cls, text: str, /) -> Programs:
        """Versions from TOML with the keys of `to_json`: a `[[versions]]` table for each.

        Raises:
            LedgerError: with everything that is wrong with them.

        >>> import custseg as cu
        >>> blue = cu.Programs.from_toml('''
        ... [[versions]]
        ... from = 2025-01-01
        ... name = "Blue"
        ... [[versions]]
        ... from = 2026-01-01
        ... name = "Blue"
        ... version = 2
        ... pending_days = 14
        ... ''')
        >>> blue.current.pending_days
        14
        """
        from custseg.loyalty.text import versions_from_toml

        return cls([(day, Program(**made)) for day, made in versions_from_toml(text)])

    def _pair_problems(self) -> list[Problem]:
        if not self.versions:
            fix = 'write cu.Programs([("2026-01-01", program)])'
            return [Problem("there is no program", "Programs", fix)]
        found: list[Problem] = []
        for place, pair in enumerate(self.versions):
            at = f"Programs[{place}]"
            if not isinstance(pair, tuple) or not isinstance(pair[1], Program):  # pyright: ignore[reportUnnecessaryIsInstance] # callers are not all typed
                fix = 'write ("2026-01-01", program)'
                found.append(Problem(f"{pair!r} is no day with a program", at, fix))
            elif not isinstance(pair[0], dt.date) or isinstance(pair[0], dt.datetime):  # pyright: ignore[reportUnnecessaryIsInstance]
                fix = 'write a date or "2026-01-01"'
                found.append(Problem(f"{pair[0]!r} is not a day", at, fix))
        return found

    def _order_problems(self) -> list[Problem]:
        found: list[Problem] = []
        first = self.versions[0][1]
        numbers = [program.version for _, program in self.versions]
        for place, (day, program) in enumerate(self.versions[1:], start=1):
            at = f"Programs[{place}]"
            before = self.versions[place - 1][0]
            if day <= before:
                what = f"the version of {day} does not follow that of {before}"
                found.append(Problem(what, at, "list versions by their days"))
            if program.name != first.name:
                what = f"{program.name!r} is another program than {first.name!r}"
                found.append(Problem(what, f"{at}.name", "keep the name over all versions"))
            if program.version in numbers[:place]:
                what = f"version {program.version} is there twice"
                found.append(Problem(what, f"{at}.version", "count versions up"))
            for argument in ("tiers", "currency", "tz"):
                if getattr(program, argument) != getattr(first, argument):
                    what = f"{argument} is not that of the first version"
                    found.append(
                        Problem(what, f"{at}.{argument}", f"keep {argument} over all versions")
                    )
        return found
