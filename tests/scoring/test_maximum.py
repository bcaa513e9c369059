"""What a climb ends in is told: a top, a ridge that ends, one that does not, or nothing."""

from __future__ import annotations

import numpy as np
import pytest

from custseg.scoring.maximum import maximum

NAMES = ("up", "down")


def bowl(*curves):
    """−½ Σ c (x − 1)²: its top is at 1."""

    def climb(at):
        return -0.5 * float(np.sum(curves * (at - 1) ** 2)), -np.array(curves) * (at - 1)

    return climb


def top_of(climb, starts=((3.0, -2.0),), **options):
    return maximum(climb, climb, starts, NAMES, **options)


def test_a_bowl_has_a_top_and_a_covariance():
    found = top_of(bowl(2.0, 8.0))
    assert found.status == "converged"
    assert found.at.tolist() == pytest.approx([1, 1], abs=1e-5)
    np.testing.assert_allclose(found.covariance, [[0.5, 0], [0, 0.125]], atol=1e-6)


def test_a_curvature_that_is_nearly_right_leads_to_the_same_top():
    near = top_of(bowl(2.0, 8.0), covariance=np.diag([0.6, 0.1]))
    wrong = top_of(bowl(2.0, 8.0), covariance=np.diag([1e-6, 1e-6]))
    for found in (near, wrong):
        assert found.status == "converged"
        assert found.at.tolist() == pytest.approx([1, 1], abs=1e-4)


def test_a_ridge_that_falls_off_in_the_end_is_not_identified():
    found = top_of(bowl(2.0, 0.1))
    assert found.status == "not_identified"
    assert "a factor of 24 either way of down fits nearly as well" in found.message
    assert found.covariance.size == 0


def test_a_top_without_curvature_is_not_identified():
    def climb(at):
        value = -0.5 * (at[0] - 1) ** 2 - at[1] ** 4 / 40
        return float(value), np.array([1 - at[0], -(at[1] ** 3) / 10])

    found = top_of(climb, [(0.0, 0.0)])
    assert found.status == "not_identified"
    assert "any factor either way of down" in found.message


def test_a_ridge_without_end_is_a_boundary():
    found = top_of(bowl(2.0, 1e-4))
    assert found.status == "boundary"
    assert "down" in found.message


def test_what_runs_far_off_is_a_boundary():
    def climb(at):
        return -0.5 * (at[0] - 1) ** 2 + at[1], np.array([1 - at[0], 1.0])

    found = top_of(climb)
    assert found.status == "boundary"
    assert "down grows" in found.message


def test_a_search_that_ends_on_an_edge_has_failed():
    def climb(at):
        value = -0.5 * (at[0] - 1) ** 2 - 50 * abs(at[1]) - at[1] ** 2
        return float(value), np.array([1 - at[0], -50 * np.sign(at[1] + 1e-9) - 2 * at[1]])

    found = top_of(climb, [(1.0, 0.3)])
    assert found.status == "failed"
    assert "the gradient is not 0" in found.message


def test_what_is_no_number_is_not_climbed():
    def climb(at):
        value, slope = bowl(2.0, 8.0)(at)
        return (value, slope) if at[0] < 2 else (np.nan, slope)

    found = top_of(climb, [(5.0, 0.0), (0.0, 0.0)])
    assert found.status == "converged"
    assert found.at.tolist() == pytest.approx([1, 1], abs=1e-5)


def test_nothing_but_what_is_no_number_has_no_top():
    def climb(at):
        return np.nan, np.full_like(at, np.nan)

    assert top_of(climb).status == "failed"
