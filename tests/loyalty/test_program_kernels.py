"""The kernels of whole programs: as plain Python they write the same books, as do one or two."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings

from custseg._kernels import books, grants, lots
from custseg.errors import LedgerError
from loyalty import bridge, worlds

KNOWN = [
    {"id": one, "joined_at": None, "birth_date": None, "region": "n", "referred_by": None}
    for one in worlds.CUSTOMERS
]
NAMES = {books: "fold_books", grants: "fold_grants", lots: "fold_lots"}


@contextmanager
def replaced(**kernels):
    """Other kernels for a while, by name."""
    held = {module: getattr(module, name) for module, name in NAMES.items()}
    for module, name in NAMES.items():
        setattr(module, name, kernels.get(name, held[module]))
    try:
        yield
    finally:
        for module, name in NAMES.items():
            setattr(module, name, held[module])


def original(kernel):
    """The Python of a kernel, also where nothing is compiled."""
    return getattr(kernel, "py_func", kernel)


def nobody(*arguments):
    """A kernel of lots that folds nobody."""
    *_, others, _ = arguments[-1]
    others[:] = np.arange(others.size)
    return 0, others.size, -1


def base_of(program, logs):
    return bridge.base_of({**logs, "customers": logs["customers"] or KNOWN}, program["tz"])


@pytest.mark.compiled
@given(worlds.programs(), worlds.logs())
@settings(max_examples=20)
def test_compiled_kernels_and_their_originals_write_the_same_books(program, logs):
    declared, base = bridge.program_of(program), base_of(program, logs)
    ledger = declared.run(base)
    with replaced(**{name: original(getattr(module, name)) for module, name in NAMES.items()}):
        assert declared.run(base) == ledger


@given(worlds.programs(), worlds.logs())
def test_whom_lots_are_enough_for_has_the_same_books_without_them(program, logs):
    declared, base = bridge.program_of(program), base_of(program, logs)
    ledger, slim = declared.run(base), declared.run(base, entries=False)
    with replaced(fold_lots=nobody):
        assert declared.run(base) == ledger
        assert declared.run(base, entries=False).balances().equals(slim.balances())


@given(worlds.programs(), worlds.logs())
@settings(max_examples=10)
def test_a_run_without_entries_has_the_same_balances(program, logs):
    declared, base = bridge.program_of(program), base_of(program, logs)
    ledger = declared.run(base)
    assert ledger.check().is_empty()
    assert declared.run(base, entries=False).balances().equals(ledger.balances())


LARGE = 2**62


def brought(name, at, kind, **more):
    return {"id": name, "customer": 1, "at": worlds.GRID[at], "kind": kind, **more}


def test_a_request_beyond_all_there_is_is_refused_whatever_was_spent_before():
    events = [
        brought(1, 0, "adjust", points=LARGE),
        brought(2, 1, "redeem", points=LARGE),
        brought(3, 2, "redeem", points=2**63 - 1),
    ]
    ledger = bridge.program_of(worlds.plain()).run(bridge.base_of({"events": events}))
    assert ledger.refusals["reason"].to_list() == ["insufficient"]
    assert ledger.entries["points"].to_list() == [LARGE, -LARGE]


def test_points_beyond_int64_are_an_error_in_lots_and_in_books():
    orders = [
        {"id": n, "customer": 1, "at": worlds.GRID[n], "total": f"{10**15}.00"} for n in (1, 2, 3)
    ]
    program = bridge.program_of(worlds.plain(points="4000"))
    base = bridge.base_of({"orders": orders})
    for kernel in (lots.fold_lots, nobody):
        with replaced(fold_lots=kernel), pytest.raises(LedgerError, match="order 3"):
            program.run(base)
