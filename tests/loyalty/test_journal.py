from __future__ import annotations

import polars as pl
from hypothesis import given

from custseg.loyalty.journal import ACCOUNTS, journal
from loyalty.books_of import books
from loyalty.worlds import AS_OFS, logs, programs


def sums(lines, account):
    found = lines.filter(pl.col("account") == account).group_by("customer_id").agg(pl.sum("points"))
    return dict(found.rows())


TIES = {
    "available": ("available", 1),
    "pending": ("pending", 1),
    "debt": ("debt", -1),
    "issued": ("earned", -1),
    "redeemed": ("redeemed", 1),
    "breakage": ("expired", 1),
    "clawback": ("clawed_back", 1),
    "forgiven": ("forgiven", -1),
    "adjustment": ("adjusted", -1),
}


@given(programs(), logs(), AS_OFS)
def test_every_line_comes_from_somewhere_and_ties_to_the_balances(program, log, as_of):
    ledger, outcome = books(program, log, as_of)
    lines = journal(ledger)
    assert lines.columns == ["customer_id", "at", "entry_id", "account", "points"]
    each = lines.group_by("entry_id", "at").agg(pl.sum("points"))
    assert each.filter(pl.col("points") != 0).is_empty()
    assert set(TIES) == set(ACCOUNTS)
    for account, (name, sign) in TIES.items():
        held = {row["customer"]: sign * row[name] for row in outcome.balances if row[name]}
        found = {one: points for one, points in sums(lines, account).items() if points}
        assert found == held, account


@given(programs(), logs(), AS_OFS)
def test_no_account_of_a_member_is_ever_on_the_wrong_side(program, log, as_of):
    lines = journal(books(program, log, as_of)[0])
    running = (
        lines.filter(pl.col("account").is_in(["pending", "available", "debt"]))
        .group_by("customer_id", "account", "at", maintain_order=True)
        .agg(pl.sum("points"))
        .with_columns(pl.col("points").cum_sum().over("customer_id", "account"))
    )
    debt = running.filter(pl.col("account") == "debt")
    assert (debt["points"] <= 0).all()
    assert (running.filter(pl.col("account") != "debt")["points"] >= 0).all()
    assert lines["at"].is_sorted() or lines["customer_id"].n_unique() > 1
