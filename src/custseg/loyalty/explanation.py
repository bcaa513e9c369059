"""Explanation: why an entry stands in the ledger, with the numbers behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from attrs import field, frozen

from custseg.errors import LedgerError
from custseg.loyalty.standing import BRINGS
from custseg.loyalty.steps import steps_of
from custseg.loyalty.versions import versions_of
from custseg.schema.clock import local_times
from custseg.segments.layout import Layout, count

if TYPE_CHECKING:
    import datetime as dt

    from custseg.loyalty.boost import Boost
    from custseg.loyalty.earn import Earn
    from custseg.loyalty.ledger import Ledger
    from custseg.loyalty.steps import Step

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
    """An entry in words: its source, its rules, what bound it, its lots.

    Attributes:
        entry: The entry's row; instants are local times.
        rules: The rules and boosts that took part, as they are declared.
        steps: What each rule gave and its cap left, what boosts and the tier
            added, what the rounding and the program's cap took: they add up
            to the points. Of entries that earned; empty for others.
        lots: how, name, at, points, available_at and expires_at: for an entry
            that took points, which lots gave how many, and the dates of these
            lots; for one that made a lot, which entries took from it.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(20, 60, seed=1).base()
    >>> ledger = cu.datasets.program().run(shop)
    >>> why = ledger.explain(ledger.entries["entry_id"][0])
    >>> sum(step.points for step in why.steps) == why.entry["points"]
    True
    """

    entry: dict[str, Any] = field(repr=False)
    rules: tuple[Earn | Boost, ...]
    steps: tuple[Step, ...]
    lots: pl.DataFrame

    @property
    def lines(self) -> tuple[str, ...]:
        """The explanation as text, line by line."""
        table = self._table("").text().splitlines() if self.steps else [self._title()]
        return (table[0], *(f"  {line}" for line in table[2:]), *self._after())

    def __eq__(self, other: object) -> bool:
        """Whether entry, rules, steps and lots are equal."""
        if not isinstance(other, Explanation):
            return NotImplemented
        return (self.entry, self.rules, self.steps) == (
            other.entry,
            other.rules,
            other.steps,
        ) and self.lots.equals(other.lots)

    def __repr__(self) -> str:
        """The explanation as text."""
        return "\n".join(self.lines)

    def _repr_html_(self) -> str:
        """The same as a table; every value is escaped."""
        rest = tuple(("", line, "") for line in self._after())
        table = self._table("points" if self.steps else "")
        return Layout(table.title, table.head, (*table.rows, *rest), texts=2).html()

    def _table(self, head: str) -> Layout:
        rows = tuple((_line(step.name), _line(step.said), step.text) for step in self.steps)
        return Layout(self._title(), ("", "", head), rows, texts=2)

    def _title(self) -> str:
        entry = self.entry
        points = count(abs(entry["points"]))
        about = f"{points} points {_SAID[entry['kind']]} at {_minute(entry['at'])}"
        source = _line(f"{entry['source_kind']} {entry['source']}")
        return f"{about} for {source} (version {entry['version']})"

    def _after(self) -> list[str]:
        """What becomes of the points."""
        entry = self.entry
        lines = [] if self.steps or entry["rule"] is None else [f"named: {_line(entry['rule'])}"]
        if entry["available_at"] is not None:
            lines.append(f"usable {_span(entry)}")
        for row in self.lots.iter_rows(named=True):
            dates = "" if row["available_at"] is None else f", usable {_span(row)}"
            told = f"{row['how']} {row['name']}: {count(row['points'])} at {_minute(row['at'])}"
            lines.append(_line(told) + dates)
        return lines


def _line(text: str) -> str:
    """A text in one line."""
    return " ".join(text.split())


def _span(lot: dict[str, Any]) -> str:
    until = lot["expires_at"]
    end = "for ever" if until is None else f"until before {_minute(until)}"
    return f"from {_minute(lot['available_at'])} {end}"


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
    lots = local_times(_lots(ledger, entry), tz)
    if entry["kind"] != "earn":
        return Explanation(entry, (), (), lots)
    programs = versions_of(ledger.program)
    program = next(each for each in programs if each.version == entry["version"])
    return Explanation(entry, *steps_of(ledger, entry, program), lots)


def _lots(ledger: Ledger, entry: dict[str, Any]) -> pl.DataFrame:
    """What the entry took of which lots, or what was taken of its own."""
    own = ledger.entries.filter(pl.col("customer_id") == entry["customer_id"])
    points = pl.col("points")
    dates = ("available_at", "expires_at")
    if entry["lot_id"] is None or entry["points"] <= 0:
        lots = own.filter(pl.col("kind").is_in(BRINGS)).select("lot_id", *dates)
        took = ledger.allocations.filter(pl.col("entry_id") == entry["entry_id"])
        if entry["kind"] == "expire":
            took = took.vstack(_lapse(ledger, entry))
        how = pl.when(points > 0).then(pl.lit("from lot")).otherwise(pl.lit("back to lot"))
        return took.join(lots, on="lot_id", how="left", maintain_order="left").select(
            how.alias("how"), pl.col("lot_id").alias("name"), "at", points.abs(), *dates
        )
    takers = own.select("entry_id", "kind", "source_kind", "source")
    given = ledger.allocations.filter(pl.col("lot_id") == entry["lot_id"]).join(
        takers, on="entry_id", maintain_order="left"
    )
    how = pl.when(points > 0).then(pl.lit("given to")).otherwise(pl.lit("back from"))
    nothing = (pl.lit(None, pl.Datetime("us", "UTC")).alias(name) for name in dates)
    return given.select(
        how.alias("how"),
        pl.format("{} of {} {}", "kind", "source_kind", "source").alias("name"),
        "at",
        points.abs(),
        *nothing,
    )


def _lapse(ledger: Ledger, entry: dict[str, Any]) -> pl.DataFrame:
    """What lapsed of a lot, as if the entry had taken it."""
    return ledger.entries.filter(pl.col("entry_id") == entry["entry_id"]).select(
        "entry_id", "lot_id", "at", -pl.col("points")
    )
