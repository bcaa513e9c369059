from __future__ import annotations

import os

import pytest

import custseg as cu
from custseg import threads as module
from custseg.threads import threads


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine of eight processors; the test writes its quota."""
    monkeypatch.delenv("CUSTSEG_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(module, "_QUOTA", tmp_path / "cpu.max")
    return tmp_path / "cpu.max"


def test_the_number_asked_for_comes_first(monkeypatch):
    monkeypatch.setenv("CUSTSEG_THREADS", "5")
    assert threads(3) == 3
    assert threads() == 5


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("150000 100000", 1), ("200000 100000", 2), ("50000 100000", 1), ("max 100000", 8)],
)
def test_else_the_quota_of_the_container_counts(machine, quota, expected):
    machine.write_text(quota, encoding="ascii")
    assert threads() == expected


def test_without_a_quota_all_processors_count(machine, monkeypatch):
    assert not machine.exists()
    assert threads() == 8
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert threads() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert threads() == 1


@pytest.mark.parametrize("given", [0, -1, 1.5, True])
def test_a_number_that_cannot_be_is_refused(given):
    with pytest.raises(cu.SchemaError) as caught:
        threads(given)
    assert str(caught.value) == (
        f"'{given}' threads cannot be used\n  where: threads\n"
        "  fix:   give a whole number from 1 on"
    )


def test_the_variable_is_named_when_it_is_wrong(monkeypatch):
    monkeypatch.setenv("CUSTSEG_THREADS", "many")
    with pytest.raises(cu.SchemaError, match="where: CUSTSEG_THREADS"):
        threads()
