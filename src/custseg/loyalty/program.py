"""Program: how points are earned, kept and spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attrs import field, frozen

from custseg.errors import LedgerError, Problem, SchemaError
from custseg.loyalty.earn import Earn
from custseg.loyalty.expiry import Expiry
from custseg.loyalty.redemption import Redemption
from custseg.schema.clock import clock
from custseg.schema.currency import minor_digits

if TYPE_CHECKING:
    from custseg.base.customer_base import CustomerBase
    from custseg.loyalty.ledger import Ledger

__all__ = ["Combine", "Program", "Rounding"]

Combine = Literal["sum", "best"]
Rounding = Literal["floor", "half_up", "half_even", "ceil"]
_COMBINE = ("sum", "best")
_ROUNDING = ("floor", "half_up", "half_even", "ceil")


def _rules(given: object) -> tuple[Earn, ...]:
    """A rule alone is a program of one; what is none is kept, to be refused."""
    if isinstance(given, (list, tuple)):
        return tuple(given)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return (given,)  # type: ignore[return-value]


@frozen
class Program:
    """A points program: a pure function from logs to a ledger.

    Attributes:
        name: The program's name; part of every entry id.
        version: Stands in every entry.
        earning: The earning rules, in the order in which they win ties.
        combine: "sum" adds what matching rules give, "best" takes the largest.
        rounding: How the exact sum becomes points, once, at the end.
        pending_days: Local days until points can be spent; 0 for at once.
        expiry: How long points live.
        redemption: How they are spent.
        currency: The currency it is meant for; None for the base's.
        tz: The zone of its local days; None for the base's.

    Raises:
        LedgerError: with everything that is wrong.

    >>> import custseg as cu
    >>> blue = cu.Program(
    ...     "Blue",
    ...     earning=(cu.Earn.per("base", 1, per="1.00"), cu.Earn.flat("review", 20, on="review")),
    ...     expiry=cu.Expiry.after(months=12, end_of="month"),
    ... )
    >>> cu.Program.from_json(blue.to_json()) == blue
    True
    >>> cu.Program("Blue", earning=cu.Earn.per("base", 1.5, per=1))
    Traceback (most recent call last):
    custseg.LedgerError: 1.5 is a float, which is not the number it looks like
      where: Program('Blue').earning[0].points
      fix:   write it as text: "1.5"
    """

    name: str
    version: int = field(default=1, kw_only=True)
    earning: tuple[Earn, ...] = field(default=(), kw_only=True, converter=_rules)
    combine: Combine = field(default="sum", kw_only=True)
    rounding: Rounding = field(default="floor", kw_only=True)
    pending_days: int = field(default=0, kw_only=True)
    expiry: Expiry = field(factory=Expiry.never, kw_only=True)
    redemption: Redemption = field(factory=Redemption, kw_only=True)
    currency: str | None = field(default=None, kw_only=True)
    tz: str | None = field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Refuse a program with everything that is wrong with it."""
        where = f"Program({self.name!r})"
        LedgerError.check(
            [
                *self._head_problems(where),
                *self._earning_problems(where),
                *self._life_problems(where),
                *self._place_problems(where),
            ]
        )

    def _head_problems(self, where: str) -> list[Problem]:
        found: list[Problem] = []
        if not isinstance(self.name, str) or not self.name.strip():  # pyright: ignore[reportUnnecessaryIsInstance] # callers are not all typed
            found.append(Problem(f"{self.name!r} is no name", f"{where}.name", 'write "Blue"'))
        if not _whole(self.version, least=0):
            fix = "write a whole number, 0 or more"
            found.append(Problem(f"version is {self.version!r}", f"{where}.version", fix))
        for argument, given, known in (
            ("combine", self.combine, _COMBINE),
            ("rounding", self.rounding, _ROUNDING),
        ):
            if given not in known:
                fix = f"write one of {', '.join(known)}"
                found.append(Problem(f"{argument} is {given!r}", f"{where}.{argument}", fix))
        return found

    def _earning_problems(self, where: str) -> list[Problem]:
        found: list[Problem] = []
        seen: dict[object, int] = {}
        for place, rule in enumerate(self.earning):
            at = f"{where}.earning[{place}]"
            if not isinstance(rule, Earn):  # pyright: ignore[reportUnnecessaryIsInstance]
                fix = "write Earn.flat(...) or Earn.per(...)"
                found.append(Problem(f"{rule!r} is no earning rule", at, fix))
                continue
            found += rule.problems(at)
            if seen.setdefault(rule.name, place) != place:
                what = f"the name {rule.name!r} stands at earning[{seen[rule.name]}] too"
                found.append(Problem(what, f"{at}.name", "give each rule a name of its own"))
        return found

    def _life_problems(self, where: str) -> list[Problem]:
        found: list[Problem] = []
        pending = _whole(self.pending_days, least=0) and self.pending_days <= _LONGEST_PENDING
        if not pending:
            fix = f"write whole days from 0 to {_LONGEST_PENDING:,}"
            found.append(
                Problem(f"pending_days is {self.pending_days!r}", f"{where}.pending_days", fix)
            )
        if not isinstance(self.redemption, Redemption):  # pyright: ignore[reportUnnecessaryIsInstance]
            fix = "write Redemption(minimum=100)"
            what = f"{self.redemption!r} is no redemption"
            found.append(Problem(what, f"{where}.redemption", fix))
        else:
            found += self.redemption.problems(f"{where}.redemption")
        if not isinstance(self.expiry, Expiry):  # pyright: ignore[reportUnnecessaryIsInstance]
            fix = "write Expiry.after(months=12) or Expiry.never()"
            return [*found, Problem(f"{self.expiry!r} is no expiry", f"{where}.expiry", fix)]
        unsound = self.expiry.problems(f"{where}.expiry")
        if not unsound and pending:
            found += self._order_problems(where)
        return found + unsound

    def _order_problems(self, where: str) -> list[Problem]:
        shortest = self.expiry.shortest
        if shortest is None or shortest >= self.pending_days:
            return []
        what = (
            f"points can expire {shortest} days after they are earned,"
            f" before they are available on day {self.pending_days}"
        )
        return [Problem(what, f"{where}.expiry", "shorten pending_days, or let points live longer")]

    def _place_problems(self, where: str) -> list[Problem]:
        found: list[Problem] = []
        for argument, check in (("currency", minor_digits), ("tz", clock)):
            given = getattr(self, argument)
            try:
                if given is not None:
                    check(given)
            except SchemaError as error:
                found += [Problem(p.what, f"{where}.{argument}", p.fix) for p in error.problems]
        return found

    def run(self, base: CustomerBase, /, *, entries: bool = True) -> Ledger:
        """The ledger of everything in a base up to its as_of.

        Args:
            base: The logs. Orders earn; events earn by their kind, and
                `redeem` events ask for points.
            entries: False for balances and refusals only, in less time and
                memory.

        Raises:
            LedgerError: when a rule reads what is not there, an id stands for
                two different rows, an event is of a kind that cannot be
                settled, or points leave int64; before anything is returned.

        >>> import custseg as cu, polars as pl
        >>> orders = cu.table(cu.Order).require(
        ...     pl.DataFrame(
        ...         {
        ...             "order_id": [1],
        ...             "customer_id": [7],
        ...             "ordered_at": ["2026-05-01"],
        ...             "total": ["19.99"],
        ...         }
        ...     )
        ... )
        >>> blue = cu.Program("Blue", earning=cu.Earn.per("base", 1, per="1.00"))
        >>> blue.run(cu.CustomerBase(orders=orders)).entries["points"].to_list()
        [19]
        """
        from custseg.loyalty.settlement import settle

        return settle(self, base, entries=entries)

    def to_json(self) -> str:
        """The program as JSON text; equal programs have equal texts.

        Raises:
            RuleError: when a condition is a polars expression, which has no text.
        """
        from custseg.loyalty.text import to_json

        return to_json(self)

    @classmethod
    def from_json(cls, text: str, /) -> Program:
        """A program from the text that `to_json` gives, equal to the first.

        Raises:
            LedgerError: with everything that is wrong with it.
        """
        from custseg.loyalty.text import from_json

        return cls(**from_json(text))

    @classmethod
    def from_toml(cls, text: str, /) -> Program:
        """A program from TOML with the keys of `to_json`.

        Raises:
            LedgerError: with everything that is wrong with it.

        >>> import custseg as cu
        >>> cu.Program.from_toml('''
        ... name = "Blue"
        ... pending_days = 14
        ... [[earning]]
        ... name = "base"
        ... points = 1
        ... per = "1.00"
        ... ''').earning
        (Earn.per('base', 1, per='1'),)
        """
        from custseg.loyalty.text import from_toml

        return cls(**from_toml(text))


_LONGEST_PENDING = 36_525


def _whole(given: object, *, least: int) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given >= least
