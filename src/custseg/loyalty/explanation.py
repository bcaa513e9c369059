"""Explanation: why an entry stands in the ledger, with the numbers behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from attrs import field, frozen

from custseg.errors import LedgerError
from custseg.loyalty.versions import versions_of
from custseg.schema.clock import local_times
from custseg.segments.layout import count

if TYPE_CHECKING:
    import datetime as dt

    from custseg.loyalty.boost import Boost
    from custseg.loyalty.earn import Earn
    from custseg.loyalty.ledger import Ledger

__all__ = ["Explanation", "explain"]

_SAID = {
    "earn": "earned",
    "redeem": "spent",
    "expire": "lapsed",
    "clawback": "taken back",
    "restore": "given back",
    "adjust": "adjusted",
    "forgive": "forgiven",
    "care": "given as care",
    "opening": "brought from elsewhere",
}


@frozen(eq=False, repr=False)
class Explanation:
    """An entry in words: its source, its rules, the cap that bound, its lots.

    Attributes:
        entry: The entry's row; instants are local times.
        rules: The rules and boosts that took part, as they are declared.
        lots: For an entry that took points, which lots gave how many and
            when; for one that made a lot, which entries took from it.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(20, 60, seed=1).base()
    >>> ledger = cu.datasets.program().run(shop)
    >>> why = ledger.explain(ledger.entries["entry_id"][0])
    >>> why.entry["kind"]
    'earn'
    """

    entry: dict[str, Any] = field(repr=False)
    rules: tuple[Earn | Boost, ...]
    lots: pl.DataFrame

    @property
    def lines(self) -> tuple[str, ...]:
        """The explanation, a sentence a line."""
        entry = self.entry
        said = _SAID[entry["kind"]]
        points = count(abs(entry["points"]))
        head = f"{points} points {said} at {_minute(entry['at'])}"
        head += f" for {entry['source_kind']} {entry['source']}"
        lines = [f"{head} (version {entry['version']})"]
        lines += [f"rule: {rule!r}" for rule in self.rules]
        if entry["desired"] is not None and entry["desired"] != entry["points"]:
            lines.append(f"the rules gave {count(entry['desired'])} points")
        if entry["cap"] is not None:
            lines.append(f"cap that bound: {entry['cap']}")
        if entry["available_at"] is not None:
            until = entry["expires_at"]
            end = "for ever" if until is None else f"until before {_minute(until)}"
            lines.append(f"usable from {_minute(entry['available_at'])} {end}")
        lines += [
            f"{row['how']} {row['name']}: {count(row['points'])} at {_minute(row['at'])}"
            for row in self.lots.iter_rows(named=True)
        ]
        return tuple(lines)

    def __eq__(self, other: object) -> bool:
        """Whether entry, rules and lots are equal."""
        if not isinstance(other, Explanation):
            return NotImplemented
        return (self.entry, self.rules) == (other.entry, other.rules) and self.lots.equals(
            other.lots
        )

    def __repr__(self) -> str:
        """The explanation as text."""
        return "\n".join(self.lines)


def _minute(at: dt.datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def explain(ledger: Ledger, entry_id: str) -> Explanation:
    """Why an entry stands there.

    Raises:
        LedgerError: when there is no such entry.
    """
    found = ledger.entries.filter(pl.col("entry_id") == entry_id)
    if found.is_empty():
        raise LedgerError(
            f"there is no entry {entry_id!r}",
            where="Ledger.explain",
            fix="ask for an entry_id of ledger.entries",
        )
    tz = ledger.when.tz
    entry = local_times(found, tz).row(0, named=True)
    rules = _rules(ledger, entry) if entry["kind"] == "earn" else ()
    return Explanation(entry, rules, local_times(_lots(ledger, entry), tz))


def _rules(ledger: Ledger, entry: dict[str, Any]) -> tuple[Earn | Boost, ...]:
    """The rules that took part, of the version that was in force."""
    names = (entry["rule"] or "").split("+")
    return tuple(
        rule
        for program in versions_of(ledger.program)
        if program.version == entry["version"]
        for rule in program.earning
        if rule.name in names
    )


def _lots(ledger: Ledger, entry: dict[str, Any]) -> pl.DataFrame:
    """What the entry took of which lots, or what was taken of its own."""
    took = ledger.allocations.filter(pl.col("entry_id") == entry["entry_id"])
    gave = took.select(
        pl.when(pl.col("points") > 0)
        .then(pl.lit("from lot"))
        .otherwise(pl.lit("back to lot"))
        .alias("how"),
        pl.col("lot_id").alias("name"),
        "at",
        pl.col("points").abs(),
    )
    if entry["lot_id"] is None or entry["points"] <= 0:
        return gave
    own = ledger.allocations.filter(pl.col("lot_id") == entry["lot_id"])
    takers = ledger.entries.select("entry_id", "customer_id", "kind", "source_kind", "source")
    given = own.join(takers, on="entry_id", maintain_order="left").filter(
        pl.col("customer_id") == entry["customer_id"]
    )
    how = pl.when(pl.col("points") > 0).then(pl.lit("given to")).otherwise(pl.lit("back from"))
    return given.select(
        how.alias("how"),
        pl.format("{} of {} {}", "kind", "source_kind", "source").alias("name"),
        "at",
        pl.col("points").abs(),
    )
