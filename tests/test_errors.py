"""Errors say what, where and how to mend, and are what a caller would guess."""

from __future__ import annotations

import copy
import pickle  # noqa: TID251 - errors cross the border of a process so

import pytest

import custseg as cu

KINDS = {
    cu.SchemaError: ValueError,
    cu.RowError: ValueError,
    cu.RuleError: ValueError,
    cu.FitError: ValueError,
    cu.LedgerError: ValueError,
    cu.MissingExtra: ImportError,
}
TWO = (cu.Problem("a is wrong", "here", "mend it"), cu.Problem("b too"))


def test_an_error_has_three_lines_and_leaves_out_empty_ones():
    assert str(cu.SchemaError("a is wrong", where="here", fix="mend it")) == (
        "a is wrong\n  where: here\n  fix:   mend it"
    )
    assert str(cu.SchemaError("a is wrong")) == "a is wrong"
    assert str(cu.Problem("a is wrong", fix="mend it")) == "a is wrong\n  fix:   mend it"


@pytest.mark.parametrize(("error", "builtin"), KINDS.items())
def test_an_error_is_ours_and_the_builtin_that_a_caller_would_guess(error, builtin):
    with pytest.raises(cu.CustsegError) as caught:
        error.check(TWO)
    assert isinstance(caught.value, error)
    assert isinstance(caught.value, builtin)
    assert caught.value.problems == TWO
    assert str(caught.value) == (
        "2 things are wrong\na is wrong\n  where: here\n  fix:   mend it\nb too"
    )
    assert error.__module__ == "custseg"
    assert getattr(cu, error.__name__) is error


def test_no_problem_is_no_error():
    assert cu.RuleError.check(()) is None
    assert cu.RuleError.check(iter(())) is None


@pytest.mark.parametrize("error", KINDS)
def test_an_error_crosses_the_border_of_a_process(error):
    made = error.of(TWO)
    made.rejected = "rows"
    for again in (pickle.loads(pickle.dumps(made)), copy.copy(made)):
        assert type(again) is error
        assert str(again) == str(made)
        assert again.problems == TWO
        assert again.rejected == "rows"


def test_a_row_error_has_no_rows_until_it_is_given_some():
    assert cu.RowError("x").rejected is None
