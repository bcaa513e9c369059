"""The kernels of whole programs: as plain Python they write the same books."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from custseg._kernels import books, grants
from loyalty import bridge, worlds

KNOWN = [
    {"id": one, "joined_at": None, "birth_date": None, "region": "n", "referred_by": None}
    for one in worlds.CUSTOMERS
]


@pytest.mark.compiled
@given(worlds.programs(), worlds.logs())
@settings(max_examples=20)
def test_compiled_kernels_and_their_originals_write_the_same_books(program, logs):
    declared = bridge.program_of(program)
    base = bridge.base_of({**logs, "customers": logs["customers"] or KNOWN}, program["tz"])
    ledger = declared.run(base)
    compiled = {books: "fold_books", grants: "fold_grants"}
    held = {module: getattr(module, name) for module, name in compiled.items()}
    try:
        for module, name in compiled.items():
            setattr(module, name, getattr(held[module], "py_func", held[module]))
        assert declared.run(base) == ledger
    finally:
        for module, name in compiled.items():
            setattr(module, name, held[module])


@given(worlds.programs(), worlds.logs())
@settings(max_examples=10)
def test_a_run_without_entries_has_the_same_balances(program, logs):
    declared = bridge.program_of(program)
    base = bridge.base_of({**logs, "customers": logs["customers"] or KNOWN}, program["tz"])
    ledger = declared.run(base)
    assert ledger.check().is_empty()
    assert declared.run(base, entries=False).balances().equals(ledger.balances())
