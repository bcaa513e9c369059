"""Ledger: what a program made of the logs, entry by entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from attrs import field, frozen

from custseg.base.instant import as_of_of
from custseg.errors import LedgerError
from custseg.loyalty import audit, showing
from custseg.loyalty.standing import balances_at, lots_at
from custseg.loyalty.tiering import history
from custseg.loyalty.tiers import segmented
from custseg.loyalty.totals import totals_of
from custseg.schema.clock import instant_of

if TYPE_CHECKING:
    import datetime as dt

    from custseg.base.customer_base import CustomerBase
    from custseg.base.span import AsOf
    from custseg.loyalty.explanation import Explanation
    from custseg.loyalty.frames import Frames
    from custseg.loyalty.kpis import Kpis
    from custseg.loyalty.liability import Every, Liability
    from custseg.loyalty.posting import Posted
    from custseg.loyalty.program import Program
    from custseg.loyalty.programs import Programs
    from custseg.loyalty.rate import Rate
    from custseg.loyalty.settlement import Settled
    from custseg.loyalty.statement import Statement
    from custseg.loyalty.tiering import TierMoves
    from custseg.loyalty.totals import Totals
    from custseg.model.window import During, Window
    from custseg.segments.segmentation import Segmentation

__all__ = ["Ledger"]


@frozen(eq=False, repr=False)
class Ledger:
    """Points of all members up to an instant; everything is a fold of its entries.

    Attributes:
        program: The program that was run.
        when: The as_of of the base it was run on.

    >>> import custseg as cu, polars as pl
    >>> orders = cu.table(cu.Order).require(
    ...     pl.DataFrame(
    ...         {
    ...             "order_id": [1, 2],
    ...             "customer_id": [7, 7],
    ...             "ordered_at": ["2026-05-01", "2026-05-03"],
    ...             "total": ["20.00", "5.50"],
    ...         }
    ...     )
    ... )
    >>> blue = cu.Program("Blue", earning=cu.Earn.per("base", 1, per="1.00"))
    >>> blue.run(cu.CustomerBase(orders=orders))
    Ledger of Blue, version 1, as of 2026-05-03 00:00:00 (UTC)
      members    1
      issued    25
      redeemed   0
      expired    0
      pending    0
      available 25
    """

    program: Program | Programs
    when: AsOf
    currency: str
    _frames: Frames = field(alias="frames")

    @property
    def refusals(self) -> pl.DataFrame:
        """What was refused, by customer and order of things: event_id, customer_id, at, reason."""
        return self._frames.refusals

    @property
    def _base(self) -> CustomerBase:
        return self._frames.base

    @property
    def _closing(self) -> pl.DataFrame:
        return self._frames.closing

    @property
    def _runs(self) -> tuple[Settled, ...]:
        """The runs with their rows; none without entries."""
        return self._frames.runs if self._frames.has_entries else ()

    @property
    def entries(self) -> pl.DataFrame:
        """Every posting, by customer and order of things.

        Raises:
            LedgerError: when the ledger was made without entries.
        """
        return self._posted("entries").entries

    @property
    def allocations(self) -> pl.DataFrame:
        """Which lots gave how many points to which entry.

        Raises:
            LedgerError: when the ledger was made without entries.
        """
        return self._posted("allocations").allocations

    @property
    def frame(self) -> pl.DataFrame:
        """The entries."""
        return self.entries

    @property
    def as_of(self) -> dt.datetime:
        """The last instant that counts."""
        return instant_of(self.when.instant)

    def balances(self, as_of: dt.date | dt.datetime | str | None = None) -> pl.DataFrame:
        """A row for each member with an order or event by then, sorted by customer_id.

        Args:
            as_of: A day counts through its local end; the ledger's as_of when
                left out.

        Raises:
            LedgerError: when it lies after the ledger's as_of, or the ledger
                was made without entries and it lies before.

        >>> import custseg as cu, polars as pl
        >>> orders = cu.table(cu.Order).require(
        ...     pl.DataFrame(
        ...         {
        ...             "order_id": [1],
        ...             "customer_id": [7],
        ...             "ordered_at": ["2026-05-01"],
        ...             "total": [20],
        ...         }
        ...     )
        ... )
        >>> blue = cu.Program("Blue", earning=cu.Earn.per("base", 1, per="1.00"))
        >>> ledger = blue.run(cu.CustomerBase(orders=orders).as_of("2026-06-01"))
        >>> ledger.balances("2026-05-01").select("customer_id", "available").rows()
        [(7, 20)]
        """
        instant = self._instant(as_of)
        if instant == self.when.instant:
            return self._closing
        return balances_at(
            self._posted("entries"), self._frames.members, self._frames.moves, instant
        )

    def lots(self, as_of: dt.date | dt.datetime | str | None = None) -> pl.DataFrame:
        """Every lot made by then, and what became of its points, in the order of things.

        Args:
            as_of: As for `balances`.

        Raises:
            LedgerError: as for `balances`.
        """
        return lots_at(self._posted("entries"), self._instant(as_of))

    def tiers(self, as_of: dt.date | dt.datetime | str | None = None) -> Segmentation:
        """The tier of each customer by then: `none` before the first order or event.

        Args:
            as_of: As for `balances`.

        Raises:
            LedgerError: when the program has no tiers, or as for `balances`.

        >>> import custseg as cu
        >>> shop = cu.datasets.simulate(50, 200, seed=1).base()
        >>> ladder = cu.Ladder({"member": 0, "gold": 200})
        >>> base = cu.Earn.per("base", 1, per="1.00")
        >>> cu.Program("Blue", earning=base, tiers=ladder).run(shop).tiers().segments
        ('none', 'member', 'gold')
        """
        return segmented(self._tiered(), self._base, self._instant(as_of))

    def tier_history(self) -> pl.DataFrame:
        """Each member's tiers: customer_id, since, until (null: still) and tier.

        Raises:
            LedgerError: when the program has no tiers.
        """
        return history(self._tiered())

    def progress(self) -> pl.DataFrame:
        """How far each member is from the next tier, and from losing the present one.

        Returns:
            A row for each member who holds a tier: customer_id; tier;
            next_tier and to_next, what it takes to reach it (null at the
            top); counted, what counts for tiers now; to_keep, what it takes
            to keep the tier, 0 where nothing threatens it; deadline, until
            when it must have come: the next review, or a fall that waits;
            falls_at, when the tier falls if nothing comes, null where it
            stays. Points, orders or money, as the ladder counts.

        Raises:
            LedgerError: when the program has no tiers, or the ledger was made
                without entries.

        >>> import custseg as cu
        >>> shop = cu.datasets.simulate(50, 200, seed=1).base()
        >>> ladder = cu.Ladder({"member": 0, "gold": 200}, by="spend", review="year")
        >>> row = cu.Program("Blue", tiers=ladder).run(shop).progress().row(0, named=True)
        >>> row["tier"], row["next_tier"], row["counted"] + row["to_next"]
        ('member', 'gold', Decimal('200.00'))
        """
        from custseg.loyalty.progress import progress

        return progress(self)

    def _tiered(self) -> TierMoves:
        if self._frames.moves is None:
            raise LedgerError(
                "this program has no tiers",
                where="Program.tiers",
                fix='declare tiers=cu.Ladder({"member": 0, "silver": 500})',
            )
        return self._frames.moves

    def _posted(self, name: str) -> Posted:
        if self._frames.posted is None:
            raise LedgerError(
                f"this ledger was made without {name}",
                where="Program.run(entries=False)",
                fix="run the program with entries=True",
            )
        return self._frames.posted

    def statement(self, customer_id: int | str, /) -> Statement:
        """One member's postings as they would be printed: local times, a running balance.

        Args:
            customer_id: The member; the text of an integer id is understood.

        Raises:
            LedgerError: when nobody has this id.

        >>> import custseg as cu
        >>> ledger = cu.datasets.program().run(cu.datasets.simulate(20, 60, seed=1).base())
        >>> ledger.statement(ledger.balances()["customer_id"][0]).debt
        0
        """
        from custseg.loyalty.statement import statement

        return statement(self, customer_id)

    def explain(self, entry_id: str, /) -> Explanation:
        """Why an entry stands here: its rules, its cap, its lots, its source.

        Raises:
            LedgerError: when no entry has this id.

        >>> import custseg as cu
        >>> ledger = cu.datasets.program().run(cu.datasets.simulate(20, 60, seed=1).base())
        >>> ledger.explain(ledger.entries["entry_id"][0]).entry["source_kind"]
        'order'
        """
        from custseg.loyalty.explanation import explain

        return explain(self, entry_id)

    def journal(self) -> pl.DataFrame:
        """Every movement twice: out of one account, into another; the sum is 0.

        Returns:
            customer_id, at, entry_id, account and points. `pending`,
            `available` and `debt` are the member's accounts; `issued`,
            `redeemed`, `breakage`, `clawback`, `forgiven` and `adjustment`
            the program's.

        >>> import custseg as cu
        >>> ledger = cu.datasets.program().run(cu.datasets.simulate(20, 60, seed=1).base())
        >>> ledger.journal()["points"].sum()
        0
        """
        from custseg.loyalty.journal import journal

        return journal(self)

    def kpis(self, between: During, /) -> Kpis:
        """What a program is judged by, in a period.

        Args:
            between: Local days, both included.

        >>> import custseg as cu
        >>> ledger = cu.datasets.program().run(cu.datasets.simulate(20, 60, seed=1).base())
        >>> ledger.kpis(cu.During("2024-01-01", "2024-01-31")).indebted
        0
        """
        from custseg.loyalty.kpis import kpis

        return kpis(self, between)

    def liability(
        self,
        *,
        redemption_rate: Rate,
        point_value: Rate | None = None,
        every: Every = "month",
    ) -> Liability:
        """What the points still owed are worth, rolled forward from period to period.

        Args:
            redemption_rate: The share of points that will be redeemed, exact.
            point_value: What a point is worth; the program's when left out.
            every: "month", "quarter" or "year".

        >>> import custseg as cu
        >>> ledger = cu.datasets.program().run(cu.datasets.simulate(20, 60, seed=1).base())
        >>> ledger.liability(redemption_rate="0.8").frame["period"].dt.year().unique().to_list()
        [2024]
        """
        from custseg.loyalty.liability import liability

        return liability(
            self, redemption_rate=redemption_rate, point_value=point_value, every=every
        )

    def expiring(self, within: Window | int, /) -> pl.DataFrame:
        """Points that lapse soon, by customer and lot.

        Args:
            within: Days, or a window, from the as_of on.

        >>> import custseg as cu
        >>> ledger = cu.datasets.program().run(cu.datasets.simulate(20, 60, seed=1).base())
        >>> ledger.expiring(30).is_empty()
        True
        """
        from custseg.loyalty.expiring import expiring

        return expiring(self, within)

    def vouchers(self, key: bytes, /) -> pl.DataFrame:
        """A code for each redemption of a reward: the same logs and key, the same codes.

        Args:
            key: The caller's secret.

        >>> import custseg as cu
        >>> ledger = cu.datasets.program().run(cu.datasets.simulate(20, 60, seed=1).base())
        >>> ledger.vouchers(b"sixteen bytes or more").columns[-1]
        'code'
        """
        from custseg.loyalty.vouchers import vouchers

        return vouchers(self, key)

    def check(self) -> pl.DataFrame:
        """What is wrong with the ledger: law, customer_id, subject and finding.

        An auditor that shares nothing with the engine: it reads the frames
        and recomputes what must hold between them. Empty when every law holds.

        Raises:
            LedgerError: when the ledger was made without entries.

        >>> import custseg as cu
        >>> shop = cu.datasets.simulate(100, 200, seed=1).base()
        >>> cu.Program("Blue", earning=cu.Earn.per("base", 1, per="1.00")).run(shop).check().height
        0
        """
        return audit.findings(
            entries=self.entries,
            allocations=self.allocations,
            refusals=self.refusals,
            balances=self._closing,
            instant=self.when.instant,
            moved=self._posted("entries").turns.filter(pl.col("lot_id").is_not_null()),
            lots=self.lots(),
        )

    @property
    def totals(self) -> Totals:
        """The sums over all members."""
        return totals_of(self._closing, self.refusals.height)

    def _instant(self, as_of: dt.date | dt.datetime | str | None) -> int:
        if as_of is None:
            return self.when.instant
        instant = as_of_of(as_of, self.when.tz).instant
        if instant > self.when.instant:
            raise LedgerError(
                f"{as_of} lies after the ledger's as_of, {self.as_of:%Y-%m-%d %H:%M:%S} UTC",
                where="as_of",
                fix="run the program on base.as_of(...) of that day",
            )
        return instant

    def __eq__(self, other: object) -> bool:
        """Whether programs, instants and all frames are equal."""
        if not isinstance(other, Ledger):
            return NotImplemented
        return (
            (self.program, self.when) == (other.program, other.when)
            and self._frames.has_entries == other._frames.has_entries
            and all(
                getattr(self, name).equals(getattr(other, name))
                for name in (("entries", "allocations") if self._frames.has_entries else ())
            )
            and self.refusals.equals(other.refusals)
            and self._closing.equals(other._closing)
        )

    def __repr__(self) -> str:
        """A few lines that sum it up."""
        return showing.as_text(self)

    def _repr_html_(self) -> str:
        return showing.as_html(self)
