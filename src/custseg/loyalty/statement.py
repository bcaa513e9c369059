"""Statement: one member's postings, as they would be printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from attrs import field, frozen

from custseg.errors import LedgerError
from custseg.loyalty.showing import summed
from custseg.schema.clock import local_times
from custseg.segments.layout import Layout, count

if TYPE_CHECKING:
    import datetime as dt

    from custseg.loyalty.ledger import Ledger

__all__ = ["Statement", "statement"]


@frozen(eq=False, repr=False)
class Statement:
    """One member's postings in local times with a running balance.

    Attributes:
        customer_id: The member.
        program: The program's name.
        as_of: The local time at which it is drawn up.
        balance: The member's row of the ledger's balances.
        frame: at, kind, points, balance, about and usable_until (the last
            usable local day of points that end), in the order of things.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(20, 60, seed=1).base()
    >>> ledger = cu.datasets.program().run(shop)
    >>> statement = ledger.statement(ledger.entries["customer_id"][0])
    >>> statement.frame["balance"][-1] == statement.available + statement.pending - statement.debt
    True
    """

    customer_id: int | str
    program: str
    as_of: dt.datetime
    balance: dict[str, Any] = field(repr=False)
    frame: pl.DataFrame

    @property
    def available(self) -> int:
        """Points that can be spent."""
        return self.balance["available"]

    @property
    def pending(self) -> int:
        """Points that cannot be spent yet."""
        return self.balance["pending"]

    @property
    def debt(self) -> int:
        """Points that later ones will pay."""
        return self.balance["debt"]

    def __eq__(self, other: object) -> bool:
        """Whether member, instant, balance and postings are equal."""
        if not isinstance(other, Statement):
            return NotImplemented
        return (self.customer_id, self.program, self.as_of, self.balance) == (
            other.customer_id,
            other.program,
            other.as_of,
            other.balance,
        ) and self.frame.equals(other.frame)

    def __repr__(self) -> str:
        """The statement as text for a terminal."""
        return self._layout().text()

    def _repr_html_(self) -> str:
        return self._layout().html()

    def _layout(self) -> Layout:
        rows = tuple(
            (
                f"{row['at']:%Y-%m-%d %H:%M}",
                row["kind"],
                _line(row["about"]),
                "" if row["usable_until"] is None else str(row["usable_until"]),
                f"{row['points']:+,}" if row["points"] else "0",
                count(row["balance"]),
            )
            for row in self.frame.iter_rows(named=True)
        )
        held = [f"{count(points)} {_WORDS.get(name, name)}" for name, points in self._sums()]
        tier = self.balance.get("tier")
        held += [f"tier {tier}"] if tier else []
        title = (
            f"{_line(self.program)}: customer {_line(str(self.customer_id))}"
            f" as of {self.as_of:%Y-%m-%d %H:%M}\n{', '.join(held)}"
        )
        head = ("at", "kind", "about", "usable until", "points", "balance")
        return Layout(title, head, rows, texts=4)

    def _sums(self) -> list[tuple[str, int]]:
        """What is held and how it came about; only what is available may be 0."""
        sums = summed(self.balance)
        return [(name, points) for name, points in sums if points or name == "available"]


# A member owes points, a ledger counts debt.
_WORDS = {"debt": "owed"}


def _line(text: str) -> str:
    """A text in one line."""
    return " ".join(text.split())


def statement(ledger: Ledger, customer_id: int | str) -> Statement:
    """The statement of a member.

    Raises:
        LedgerError: when nobody has this id.
    """
    balances = ledger.balances()
    asked = id_like(customer_id, balances["customer_id"].dtype)
    own = balances.filter(pl.col("customer_id") == asked) if asked is not None else None
    if asked is None or own is None or own.is_empty():
        raise LedgerError(
            f"nobody has the id {customer_id!r}",
            where="Ledger.statement",
            fix="ask for a customer_id of ledger.balances()",
        )
    tz = ledger.when.tz
    drawn = pl.DataFrame({"at": [ledger.when.instant]}).cast(pl.Datetime("us", "UTC"))
    entries = ledger.entries.filter(pl.col("customer_id") == asked)
    usable = local_times(entries.select(pl.col("expires_at").dt.offset_by("-1us")), tz)
    rows = local_times(entries, tz, ["at"]).select(
        "at",
        "kind",
        "points",
        balance="balance_after",
        about=pl.format("{} {}", "source_kind", "source")
        + pl.when(pl.col("rule").is_null()).then(pl.lit("")).otherwise(": " + pl.col("rule")),
        usable_until=usable.to_series().dt.date(),
    )
    as_of = local_times(drawn, tz)["at"].item()
    return Statement(asked, ledger.program.name, as_of, own.row(0, named=True), rows)


def id_like(given: object, dtype: pl.DataType) -> int | str | None:
    """An id in the type of a column; None where it cannot be one."""
    if dtype == pl.String:
        return given if isinstance(given, str) else None
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    if isinstance(given, str) and given.strip().lstrip("-").isdecimal():
        return int(given)
    return None
