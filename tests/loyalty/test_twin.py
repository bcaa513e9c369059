"""The engine posts what the slow twin posts, entry for entry."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from loyalty import worlds
from loyalty.bridge import (
    balances_of_ledger,
    balances_of_twin,
    base_of,
    differences,
    lots_of_ledger,
    lots_of_twin,
    program_of,
)
from naive.points import replay


@given(worlds.worlds(), worlds.AS_OFS)
def test_a_run_posts_what_the_twin_posts(world, as_of):
    program, logs = world
    outcome = replay(program, logs, as_of)
    base = base_of(logs, program["tz"], as_of)
    ledger = program_of(program).run(base)
    assert differences(outcome, ledger) == {}
    assert ledger.check().is_empty()
    slim = program_of(program).run(base, entries=False)
    assert slim.balances().equals(ledger.balances())
    assert slim.refusals.equals(ledger.refusals)


@worlds.share(8)
@given(worlds.versions())
def test_versions_of_a_program_post_what_the_twin_posts(world):
    program, logs = world
    outcome = replay(program, logs, worlds.LATEST)
    base = base_of(logs, program["tz"], worlds.LATEST)
    assert differences(outcome, program_of(program).run(base)) == {}


@worlds.share(8)
@given(worlds.worlds(), worlds.AS_OFS)
def test_the_past_of_a_ledger_is_the_ledger_of_the_past(world, then):
    program, logs = world
    base = base_of(logs, program["tz"], worlds.LATEST)
    whole = program_of(program).run(base)
    past = program_of(program).run(base.as_of(then))
    for name in ("entries", "allocations", "refusals"):
        rows = getattr(whole, name).filter(pl.col("at") <= then)
        assert getattr(past, name).equals(rows)
    outcome = replay(program, logs, then)
    assert balances_of_ledger(whole, then) == balances_of_twin(outcome)
    assert lots_of_ledger(whole, then) == sorted(lots_of_twin(outcome), key=str)
    tiers = [ledger.balances(then)["tier"].to_list() for ledger in (whole, past)]
    assert tiers[0] == tiers[1]


@worlds.share(8)
@given(worlds.worlds(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(world, chance):
    program, logs = world
    expected = program_of(program).run(base_of(logs, program["tz"], worlds.LATEST))
    mixed = {}
    for name in ("orders", "events"):
        mixed[name] = logs[name] + chance.sample(logs[name], len(logs[name]) // 2)
        chance.shuffle(mixed[name])
    found = program_of(program).run(base_of({**logs, **mixed}, program["tz"], worlds.LATEST))
    assert found == expected


@worlds.share(8)
@given(worlds.worlds())
def test_members_apart_are_the_parts_of_the_whole(world):
    program, logs = world
    # Whoever is brought by another has points of that other's event.
    program = {**program, "earning": [{**rule, "also": None} for rule in program["earning"]]}
    whole = program_of(program).run(base_of(logs, program["tz"], worlds.LATEST))
    for customer in worlds.CUSTOMERS:
        own = {
            name: [row for row in logs[name] if row["customer"] == customer]
            for name in ("orders", "lines", "events")
        }
        own["customers"] = logs["customers"]
        part = program_of(program).run(base_of(own, program["tz"], worlds.LATEST))
        mine = pl.col("customer_id") == customer
        for name in ("entries", "refusals"):
            # Ids are text where those of orders and events are of two types, which a part may lack.
            text = pl.col("^event_id$").cast(pl.String)
            expected, found = (getattr(ledger, name).with_columns(text) for ledger in (whole, part))
            assert found.filter(mine).rows() == expected.filter(mine).rows()
        assert part.balances().filter(mine).equals(whole.balances().filter(mine))


class Till(RuleBasedStateMachine):
    """A log that grows by one row at a time; after each, engine and twin say the same."""

    @initialize(world=worlds.worlds(), names=worlds.NAMES, first=worlds.FIRSTS)
    def opens(self, world, names, first):
        self.program, logs = world
        self.start = (names, first)
        self.customers = logs["customers"]
        self.steps = [worlds.FIRST_ORDER]

    @rule(step=worlds.STEPS)
    def happens(self, step):
        self.steps.append(step)

    @rule(place=st.integers(0, 20))
    def never_happened(self, place):
        if place < len(self.steps):
            del self.steps[-1 - place]

    @invariant()
    def engine_and_twin_agree(self):
        if not hasattr(self, "steps"):
            return
        names, first = self.start
        logs = worlds.log_of((names, first, self.steps, self.customers))
        outcome = replay(self.program, logs, worlds.LATEST)
        base = base_of(logs, self.program["tz"], worlds.LATEST)
        assert differences(outcome, program_of(self.program).run(base)) == {}


def test_a_log_that_grows_row_by_row_is_folded_alike():
    examples = max(settings.default.max_examples // 10, 3)
    chosen = settings(max_examples=examples, stateful_step_count=12)
    run_state_machine_as_test(Till, settings=chosen)
