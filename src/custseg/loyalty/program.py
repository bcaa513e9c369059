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

    import polars as pl

    from custseg.base.customer_base import CustomerBase
    from custseg.loyalty.analysis import ProgramAnalysis
    from custseg.loyalty.cap import Cap
    from custseg.loyalty.care import Care
    from custseg.loyalty.comparison import Comparison
    from custseg.loyalty.ladder import Ladder
    from custseg.loyalty.ledger import Ledger
    from custseg.loyalty.plan import Plan
    from custseg.loyalty.programs import Programs
    from custseg.loyalty.quote import Quote
    from custseg.loyalty.rate import Rate
    from custseg.loyalty.reward import Reward
    from custseg.model.nouns import Order
    from custseg.model.window import During

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

    @cached_property
    def plans(self) -> dict[int, Plan]:
        """What follows from the program alone, by decimals of money: worked out once."""
        return {}

    def run(self, base: CustomerBase, /, *, entries: bool = True) -> Ledger:
        """The ledger of everything in a base up to its as_of.

        Args:
            base: The logs. Orders earn; events earn by their kind, and
                `redeem` events ask for points.
            entries: False for balances and refusals only, in less time and
                memory.

        Raises:
            LedgerError: when a rule reads what is not there, an id stands for
                two different rows, or points leave int64; before anything is
                returned.

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

    def quote(self, order: Order, ledger: Ledger, /) -> Quote:
        """What an order would earn after all that a ledger has seen, why, and the tier after it.

        Args:
            order: The order, not earlier than the ledger's as_of.
            ledger: A ledger of this program, with entries.

        Raises:
            LedgerError: when the order comes too early, or the ledger has no
                entries.

        >>> import custseg as cu
        >>> shop = cu.datasets.simulate(20, 60, seed=1).base()
        >>> blue = cu.Program("Blue", earning=cu.Earn.per("base", 2, per="1.00"))
        >>> order = cu.Order(order_id=10**9, customer_id=1, ordered_at=shop.instant, total=12)
        >>> blue.quote(order, blue.run(shop)).rule
        'base'
        """
        from custseg.loyalty.quote import quote

        return quote(self, order, ledger)

    def compare(self, other: Program | Programs, base: CustomerBase, /) -> Comparison:
        """The same logs under this program and another: points, cost, tiers, who differs.

        Args:
            other: The other program, or versions of one.
            base: The logs.

        Raises:
            LedgerError: as for `run`, of either.

        >>> import custseg as cu
        >>> shop = cu.datasets.simulate(50, 200, seed=1).base()
        >>> plain = cu.Program("Plain", earning=cu.Earn.per("base", 1, per="1.00"))
        >>> rounded = cu.Program("Up", rounding="ceil", earning=plain.earning)
        >>> plain.compare(rounded, shop).difference("earned") > 0
        True
        """
        from custseg.loyalty.comparison import compare

        return compare(self, other, base)

    def care_due(self, base: CustomerBase, between: During, /) -> pl.DataFrame:
        """Birthdays, anniversaries and holidays of customers in a period, ahead or past.

        Args:
            base: Who they are; who has not joined by a day has none on it.
            between: Local days.

        Raises:
            LedgerError: when customers lack a column that care reads.

        >>> import custseg as cu
        >>> shop = cu.datasets.simulate(50, 200, seed=1).base()
        >>> blue = cu.Program("Blue", care=cu.Holiday("singles_day", month=11, day=11, points=111))
        >>> due = blue.care_due(shop, cu.During("2026-11-01", "2026-11-30"))
        >>> due.select("on", "care", "points").unique().rows()
        [(datetime.date(2026, 11, 11), 'singles_day', 111)]
        """
        from custseg.loyalty.occasions import care_due

        return care_due(self, base, between)

    def analyse(self, *, margin: Rate | None = None) -> ProgramAnalysis:
        """What the program gives at worst, and what in it looks like a mistake.

        Points that breed points, tiers out of reach, rules that never apply,
        points that cost more than the margin.

        Args:
            margin: The share of an order's money that is left after its goods.

        Raises:
            LedgerError: when the margin is no exact number.

        >>> import custseg as cu
        >>> blue = cu.Program(
        ...     "Blue",
        ...     earning=cu.Earn.per("base", 5, per="1.00"),
        ...     redemption=cu.Redemption(point_value="0.05"),
        ... )
        >>> blue.analyse(margin="0.2").frame["finding"].to_list()
        ['points cost 0.25 of each unit of money, the margin is 0.2']
        """
        from custseg.loyalty.analysis import analyse

        return analyse(self, margin)

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
