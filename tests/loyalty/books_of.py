"""The frames of a ledger made of the twin's rows: reports are tested on every kind of entry."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl

from custseg.base.instant import as_of_of
from loyalty.bridge import program_of
from naive.points import replay

INSTANT = pl.Datetime("us", "UTC")
ENTRIES = {
    "entry_id": pl.String,
    "customer_id": pl.Int64,
    "at": INSTANT,
    "kind": pl.String,
    "points": pl.Int64,
    "balance_after": pl.Int64,
    "lot_id": pl.String,
    "source": pl.String,
    "source_kind": pl.String,
    "rule": pl.String,
    "version": pl.Int64,
    "desired": pl.Int64,
    "cap": pl.String,
    "available_at": INSTANT,
    "expires_at": INSTANT,
}
ALLOCATIONS = {"entry_id": pl.String, "lot_id": pl.String, "at": INSTANT, "points": pl.Int64}
LOTS = {
    "customer_id": pl.Int64,
    "lot_id": pl.String,
    "points": pl.Int64,
    "earned_at": INSTANT,
    "available_at": INSTANT,
    "expires_at": INSTANT,
    "remaining": pl.Int64,
}
# Kinds that take points; each of their events makes one entry.
TAKERS = ("redeem", "clawback", "adjust")


def entry_id(kind, customer, source, more=""):
    return f"Blue|{kind}|{customer}:{source}|{more}"


def books(program, logs, as_of):
    """What the reports read of a ledger, from the twin, and the twin's own outcome."""
    outcome = replay(program, logs, as_of)
    entries = []
    for number, row in enumerate(outcome.entries):
        more = "" if row["kind"] in TAKERS else number
        known = {
            **{name: row.get(name) for name in ENTRIES},
            "entry_id": entry_id(row["kind"], row["customer"], row["source"], more),
            "customer_id": row["customer"],
            "source": str(row["source"]),
            "lot_id": row.get("lot"),
            "version": 1,
        }
        entries.append(known)
    allocations = [
        {
            "entry_id": entry_id(row["kind"], row["customer"], row["source"]),
            "lot_id": row["lot"],
            "at": row["at"],
            "points": row["points"],
        }
        for row in outcome.allocations
    ]
    lots = [
        {**{name: row.get(name) for name in LOTS}, "customer_id": row["customer"]}
        | {"lot_id": row["lot"], "remaining": row["left"]}
        for row in outcome.lots
    ]
    balances = [{**row, "customer_id": row["customer"]} for row in outcome.balances]
    since = {one: member.start for one, member in outcome.members.items() if member.start}
    ledger = SimpleNamespace(
        program=program_of(program),
        when=as_of_of(as_of, program["tz"]),
        currency="EUR",
        entries=pl.DataFrame(entries, schema=ENTRIES, orient="row"),
        allocations=pl.DataFrame(allocations, schema=ALLOCATIONS, orient="row"),
        balances=lambda: pl.DataFrame(balances),
        lots=lambda: pl.DataFrame(lots, schema=LOTS, orient="row"),
        _frames=SimpleNamespace(
            members=pl.DataFrame(
                {"customer_id": list(since), "since": list(since.values())},
                schema={"customer_id": pl.Int64, "since": INSTANT},
            ).with_columns(pl.col("since").to_physical())
        ),
    )
    return ledger, outcome
