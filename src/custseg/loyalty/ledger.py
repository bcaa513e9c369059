"""Ledger: what a program made of the logs, entry by entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from attrs import field, frozen

from custseg.base.instant import as_of_of
from custseg.errors import LedgerError
from custseg.loyalty import audit, showing
from custseg.loyalty.standing import balances_at, lots_at
from custseg.schema.clock import clock, instant_of, local_times

if TYPE_CHECKING:
    import datetime as dt

    from custseg.base.span import AsOf
    from custseg.loyalty.program import Program

__all__ = ["Ledger", "Totals"]


@frozen
class Totals:
    """A ledger in a handful of sums, over all members.

    Attributes:
        members: Members with an order or event.
        issued: Points earned.
        redeemed: Points spent.
        expired: Points that lapsed.
        pending: Points that cannot be spent yet.
        available: Points that can be spent.
        refused: Refusals.

    >>> from custseg.loyalty.ledger import Totals
    >>> totals = Totals(
    ...     members=1, issued=9, redeemed=2, expired=1, pending=0, available=6, refused=0
    ... )
    >>> totals.outstanding
    6
    """

    members: int
    issued: int
    redeemed: int
    expired: int
    pending: int
    available: int
    refused: int

    @property
    def outstanding(self) -> int:
        """Points that are still owed: available and pending."""
        return self.available + self.pending


@frozen(eq=False, repr=False)
class Ledger:
    """Points of all members up to an instant; everything is a fold of its entries.

    Attributes:
        program: The program that was run.
        when: The as_of of the base it was run on.
        refusals: event_id, customer_id, at and reason of each request or fact
            that was refused, by customer and order of things.

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

    program: Program
    when: AsOf
    refusals: pl.DataFrame
    _entries: pl.DataFrame | None = field(alias="entries")
    _allocations: pl.DataFrame | None = field(alias="allocations")
    _closing: pl.DataFrame = field(alias="closing")
    _members: pl.DataFrame = field(alias="members")

    @property
    def entries(self) -> pl.DataFrame:
        """Every posting, by customer and order of things.

        Raises:
            LedgerError: when the ledger was made without entries.
        """
        return _there(self._entries, "entries")

    @property
    def allocations(self) -> pl.DataFrame:
        """Which lots gave how many points to which entry.

        Raises:
            LedgerError: when the ledger was made without entries.
        """
        return _there(self._allocations, "allocations")

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
        return balances_at(self.entries, self.allocations, self._members, instant)

    def lots(self, as_of: dt.date | dt.datetime | str | None = None) -> pl.DataFrame:
        """Every lot made by then, and what became of its points, in the order of things.

        Args:
            as_of: As for `balances`.

        Raises:
            LedgerError: as for `balances`.
        """
        return lots_at(self.entries, self.allocations, self._instant(as_of))

    def statement(self, customer_id: int | str, /) -> pl.DataFrame:
        """One member's postings as they would be printed: local times, a running balance.

        Args:
            customer_id: The member; the text of an integer id is understood.

        Raises:
            LedgerError: when nobody has this id.

        >>> import custseg as cu, polars as pl
        >>> orders = cu.table(cu.Order).require(
        ...     pl.DataFrame(
        ...         {
        ...             "order_id": [1],
        ...             "customer_id": [7],
        ...             "ordered_at": ["2026-05-01T10:00"],
        ...             "total": [20],
        ...         }
        ...     )
        ... )
        >>> blue = cu.Program("Blue", earning=cu.Earn.per("base", 1, per="1.00"))
        >>> blue.run(cu.CustomerBase(orders=orders)).statement("7").rows()
        [(datetime.datetime(2026, 5, 1, 10, 0), 'earn', 20, 20, 'order 1: base', None)]
        """
        known = self._members["customer_id"]
        asked = _id_like(customer_id, known.dtype)
        if asked is None or not (known == asked).any():
            raise LedgerError(
                f"nobody has the id {customer_id!r}",
                where="Ledger.statement",
                fix="ask for a customer_id of ledger.balances()",
            )
        own = self.entries.filter(pl.col("customer_id") == asked)
        ends = own["expires_at"]
        held = ends.drop_nulls().to_physical()
        high = int(held.max()) if held.len() else 0  # type: ignore[arg-type]
        clock(self.when.tz, 0, high)
        last = (
            local_times(own.select(ends.dt.offset_by("-1us")), self.when.tz).to_series().dt.date()
        )
        return local_times(own, self.when.tz, ["at"]).select(
            "at",
            "kind",
            "points",
            balance="balance_after",
            about=pl.format("{} {}", "source_kind", "source")
            + pl.when(pl.col("rule").is_null()).then(pl.lit("")).otherwise(": " + pl.col("rule")),
            usable_until=last,
        )

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
        )

    @property
    def totals(self) -> Totals:
        """The sums over all members."""
        closing = self._closing
        sums = {
            name: int(closing[name].cast(pl.Int128).sum())
            for name in ("earned", "redeemed", "expired", "pending", "available")
        }
        return Totals(
            members=closing.height,
            issued=sums["earned"],
            redeemed=sums["redeemed"],
            expired=sums["expired"],
            pending=sums["pending"],
            available=sums["available"],
            refused=self.refusals.height,
        )

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
            and _same(self._entries, other._entries)
            and _same(self._allocations, other._allocations)
            and self.refusals.equals(other.refusals)
            and self._closing.equals(other._closing)
        )

    def __repr__(self) -> str:
        """A few lines that sum it up."""
        return showing.as_text(self)

    def _repr_html_(self) -> str:
        return showing.as_html(self)


def _there(frame: pl.DataFrame | None, name: str) -> pl.DataFrame:
    if frame is None:
        raise LedgerError(
            f"this ledger was made without {name}",
            where="Program.run(entries=False)",
            fix="run the program with entries=True",
        )
    return frame


def _same(one: pl.DataFrame | None, other: pl.DataFrame | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.equals(other)


def _id_like(given: object, dtype: pl.DataType) -> int | str | None:
    """An id in the type of a column; None where it cannot be one."""
    if dtype == pl.String:
        return given if isinstance(given, str) else None
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    if isinstance(given, str) and given.strip().lstrip("-").isdecimal():
        return int(given)
    return None
