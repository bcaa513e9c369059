"""Program: how points are earned, kept and spent."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from attrs import field, frozen

from custseg.errors import LedgerError
from custseg.loyalty.boost import Boost
from custseg.loyalty.earn import Earn
from custseg.loyalty.expiry import Expiry
from custseg.loyalty.program_faults import program_faults
from custseg.loyalty.redemption import Redemption
from custseg.loyalty.refunds import Refunds

if TYPE_CHECKING:
    from typing import TypeAlias

    from custseg.base.customer_base import CustomerBase
    from custseg.loyalty.cap import Cap
    from custseg.loyalty.care import Care
    from custseg.loyalty.ladder import Ladder
    from custseg.loyalty.ledger import Ledger
    from custseg.loyalty.reward import Reward

__all__ = ["Combine", "Program", "Rounding"]

Combine = Literal["sum", "best"]
Rounding = Literal["floor", "half_up", "half_even", "ceil"]
Earning: TypeAlias = "Earn | Boost"


def _listed(given: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a part, or a list of parts
    """One alone is a list of one; what is none is kept, to be refused."""
    return tuple(given) if isinstance(given, (list, tuple)) else (given,)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


@frozen
class Program:
    """A points program: a pure function from logs to a ledger.

    Attributes:
        name: The program's name; part of every entry id.
        version: Stands in every entry.
        earning: The earning rules, in the order in which they win ties, and the
            boosts.
        combine: "sum" adds what matching rules give, "best" takes the largest.
        rounding: How the exact sum becomes points, once, at the end.
        cap: The most that all rules together give in a period; None for no
            limit.
        tiers: The ladder of tiers; None for none.
        pending_days: Local days until points can be spent; 0 for at once.
        expiry: How long points live.
        redemption: How they are spent.
        refunds: What happens to points of what comes back.
        rewards: The price list.
        care: Points for birthdays, anniversaries and holidays.
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
    earning: tuple[Earning, ...] = field(default=(), kw_only=True, converter=_listed)
    combine: Combine = field(default="sum", kw_only=True)
    rounding: Rounding = field(default="floor", kw_only=True)
    cap: Cap | None = field(default=None, kw_only=True)
    tiers: Ladder | None = field(default=None, kw_only=True)
    pending_days: int = field(default=0, kw_only=True)
    expiry: Expiry = field(factory=Expiry.never, kw_only=True)
    redemption: Redemption = field(factory=Redemption, kw_only=True)
    refunds: Refunds = field(factory=Refunds, kw_only=True)
    rewards: tuple[Reward, ...] = field(default=(), kw_only=True, converter=_listed)
    care: tuple[Care, ...] = field(default=(), kw_only=True, converter=_listed)
    currency: str | None = field(default=None, kw_only=True)
    tz: str | None = field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Refuse a program with everything that is wrong with it."""
        LedgerError.check(program_faults(self, f"Program({self.name!r})"))

    @cached_property
    def rules(self) -> tuple[Earn, ...]:
        """The earning rules without the boosts."""
        return tuple(rule for rule in self.earning if isinstance(rule, Earn))

    @cached_property
    def boosts(self) -> tuple[Boost, ...]:
        """The boosts."""
        return tuple(rule for rule in self.earning if isinstance(rule, Boost))

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
