"""How a ledger is shown: in a terminal and in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from attrs import asdict

from custseg.loyalty.versions import current_of
from custseg.schema.clock import local_times
from custseg.segments.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from custseg.loyalty.ledger import Ledger

__all__ = ["as_html", "as_text", "summed"]

_ALWAYS = ("issued", "redeemed", "expired", "pending", "available")
_SUMS = {
    "issued": "issued",
    "earned": "earned",
    "adjusted": "adjusted",
    "redeemed": "redeemed",
    "expired": "expired",
    "clawed_back": "clawed back",
    "forgiven": "forgiven",
    "pending": "pending",
    "available": "available",
    "debt": "debt",
}


def summed(balance: Mapping[str, Any]) -> list[tuple[str, int]]:
    """What a balance is made of, with names; what is 0 and rare is left out.

    Earned or issued + adjusted + forgiven − redeemed − expired − clawed back =
    pending + available − debt.
    """
    held = [(name, label) for name, label in _SUMS.items() if name in balance]
    return [(label, balance[name]) for name, label in held if name in _ALWAYS or balance[name]]


def as_text(ledger: Ledger) -> str:
    """A few lines: the program, the as_of, the sums, what was refused."""
    rows = _rows(ledger)
    name = max(len(label) for label, _ in rows)
    figure = max(len(value) for _, value in rows)
    lines = [f"  {label:<{name}} {value:>{figure}}" for label, value in rows]
    return "\n".join([_title(ledger), *lines])


def as_html(ledger: Ledger) -> str:
    """The same as a table; every value is escaped."""
    return Layout(_title(ledger), ("", ""), tuple(_rows(ledger))).html()


def _title(ledger: Ledger) -> str:
    instant = pl.DataFrame({"at": [ledger.when.instant]}).cast(pl.Datetime("us", "UTC"))
    local = local_times(instant, ledger.when.tz)["at"].dt.strftime("%Y-%m-%d %H:%M:%S").item()
    program = current_of(ledger.program)
    return f"Ledger of {program.name}, version {program.version}, as of {local} ({ledger.when.tz})"


def _rows(ledger: Ledger) -> list[tuple[str, str]]:
    totals = ledger.totals
    sums = [("members", totals.members), *summed(asdict(totals))]
    reasons = (
        ledger.refusals["reason"].value_counts().sort("count", "reason", descending=[True, False])
    )
    refused = [(f"refused: {reason}", count) for reason, count in reasons.rows()]
    return [(label, f"{count:,}") for label, count in [*sums, *refused]]
