from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from custseg.base.customer_base import CustomerBase
from loyalty.programs_and_logs import INSTANTS, JOINED, base_of, logs, programs
from naive import lots as naive


def source_text(lot):
    rank, number = lot
    return f"{'order' if rank == naive.ORDER else 'event'}:{number}"


def twin_books(members):
    """What the twin posted, in the form of the frames."""
    entries, allocations, refusals = [], [], []
    for customer in sorted(members):
        member = members[customer]
        entries += [
            (customer, kind, at, points, source_text(lot) if lot and points else None, rule)
            for kind, at, points, lot, rule in member.entries
        ]
        allocations += [
            (f"Blue|redeem|event:{payer}", source_text(lot), at, points)
            for payer, lot, at, points in member.allocations
        ]
        refusals += [(number, customer, at, reason) for number, at, reason in member.refusals]
    return entries, allocations, refusals


@given(programs(), logs())
def test_a_run_posts_what_the_twin_posts(programs, rows):
    program, plain = programs
    base = base_of(rows, plain["tz"])
    ledger = program.run(base)
    members = naive.run(plain, rows, base.instant, JOINED)
    entries, allocations, refusals = twin_books(members)
    shown = ("customer_id", "kind", "at", "points", "lot_id", "rule")
    assert ledger.entries.select(shown).rows() == entries
    assert ledger.allocations.rows() == allocations
    assert ledger.refusals.rows() == refusals
    now = base.instant
    for row in ledger.balances().rows(named=True):
        lots = members[row["customer_id"]].lots if row["customer_id"] in members else []
        assert row["available"] == sum(lot["left"] for lot in lots if lot["opens"] <= now)
        assert row["pending"] == sum(lot["left"] for lot in lots if lot["opens"] > now)
    assert ledger.check().is_empty()
    assert program.run(base, entries=False).balances().equals(ledger.balances())


@given(programs(), logs(), st.data())
def test_the_past_of_a_ledger_is_the_ledger_of_the_past(programs, rows, drawn):
    program, plain = programs
    base = base_of(rows, plain["tz"])
    whole = program.run(base)
    then = drawn.draw(INSTANTS)
    past = program.run(base.as_of(then))
    assert past.entries.equals(whole.entries.filter(pl.col("at") <= then))
    assert past.allocations.equals(whole.allocations.filter(pl.col("at") <= then))
    assert past.refusals.equals(whole.refusals.filter(pl.col("at") <= then))
    assert past.balances().equals(whole.balances(then))
    assert past.lots().equals(whole.lots(then))
    assert past.check().is_empty()


@given(programs(), logs())
def test_entries_sum_to_what_is_held_at_every_instant(programs, rows):
    program, plain = programs
    ledger = program.run(base_of(rows, plain["tz"]))
    for at in ledger.entries["at"].unique().to_list():
        held = ledger.balances(at)
        sums = (
            ledger.entries.filter(pl.col("at") <= at)
            .group_by("customer_id")
            .agg(pl.col("points").sum())
        )
        both = held.join(sums, on="customer_id", how="left").with_columns(
            pl.col("points").fill_null(0)
        )
        assert (
            both["points"].to_list()
            == (both["available"] + both["pending"] - both["debt"]).to_list()
        )
        came, gone = both["earned"], both["redeemed"] + both["expired"]
        assert came.to_list() == (both["available"] + both["pending"] + gone).to_list()


@given(programs(), logs(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_repeated_rows_change_nothing(programs, rows, chance):
    program, plain = programs
    expected = program.run(base_of(rows, plain["tz"]))
    shuffled = rows + chance.sample(rows, len(rows) // 2)
    chance.shuffle(shuffled)
    assert program.run(doubled(shuffled, plain["tz"])) == expected


def doubled(rows, tz):
    """A base whose logs hold some rows twice, as no door would let through."""
    single = {(row["on"] == "order", row["id"]): row for row in rows}
    base = base_of(list(single.values()), tz)
    frames = {}
    for name, key, is_order in (("orders", "order_id", True), ("events", "event_id", False)):
        frame = getattr(base, name)
        wanted = [row["id"] for row in rows if (row["on"] == "order") == is_order]
        places = {one: place for place, one in enumerate(frame[key].to_list())}
        frames[name] = frame[[places[one] for one in wanted]]
    made = CustomerBase(**frames, customers=base.customers, tz=tz)
    return made.as_of(base.instant)


@given(programs(), logs())
@settings(max_examples=20)
def test_members_apart_are_the_parts_of_the_whole(programs, rows):
    program, plain = programs
    whole = program.run(base_of(rows, plain["tz"]))
    for customer in (1, 2, 3):
        own = program.run(
            base_of([row for row in rows if row["customer"] == customer], plain["tz"])
        )
        mine = pl.col("customer_id") == customer
        assert own.entries.equals(whole.entries.filter(mine))
        assert own.balances().equals(whole.balances().filter(mine))
