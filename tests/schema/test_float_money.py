"""Floats as money: the kernel, its Python original and the twin in fractions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from custseg._kernels import money
from naive import money as naive

LIMIT = 10**18
ULPS = 8 * 2.0**-52
KERNELS = [money.smallest_units, getattr(money.smallest_units, "py_func", money.smallest_units)]
UNITS = st.sampled_from([1, 100, 1_000, 10_000])


def fixed(values):
    made = np.array(values, np.float64)
    made.flags.writeable = False
    return made


def agree(values, unit, ulps=ULPS):
    twin = naive.smallest_units(values, unit, LIMIT, ulps)
    for kernel in KERNELS:
        units, status = kernel(fixed(values), unit, LIMIT, ulps)
        assert (units.tolist(), status.tolist()) == twin
        assert (units.dtype, status.dtype) == (np.int64, np.uint8)


def on_the_border(value, unit):
    """Whether a float is so near to 1e-6 of a unit that one rounding decides."""
    if not math.isfinite(value):
        return False
    return abs(float(naive.distance(value, unit)) - 1e-6) < 1e-10


@given(st.lists(st.floats(), max_size=20), UNITS, st.sampled_from([ULPS, 8 * 2.0**-23]))
@example([], 100, ULPS)
@example([0.0, -0.0, 5e-324, math.nan, math.inf, -math.inf], 100, ULPS)
@example([1e16, -1e16, 9_999_999_999_999_998.0, 1e300], 100, ULPS)
@example([float(np.float32(value)) for value in (0.5001, 0.2501, 0.75005)], 10_000, 8 * 2.0**-23)
@example([2.0**-24, -(2.0**-24)], 100, 8 * 2.0**-23)
@example([4_503_599_627_370_496.5, 1e15 + 0.125, -1e15 - 0.125], 100, ULPS)
def test_the_kernel_its_python_original_and_the_twin_agree(values, unit, ulps):
    assume(not any(on_the_border(value, unit) for value in values))
    agree(values, unit, ulps)


@given(st.integers(1 - LIMIT, LIMIT - 1), UNITS, st.integers(-12, 12))
def test_amounts_and_their_neighbours_are_told_as_fractions_tell_them(units, unit, steps):
    value = units / unit
    for _ in range(abs(steps)):
        value = math.nextafter(value, math.copysign(math.inf, steps))
    assume(not on_the_border(value, unit))
    agree([value], unit)


# From 2**52 on two amounts may share a float: its neighbours lie over a unit apart.
@given(st.integers(1 - 2**52, 2**52 - 1), UNITS)
def test_every_amount_that_a_float_stands_for_comes_back(units, unit):
    for kernel in KERNELS:
        found, status = kernel(fixed([units / unit]), unit, LIMIT, ULPS)
        assert (found.tolist(), status.tolist()) == ([units], [money.GOOD])


@given(st.floats(allow_nan=False, allow_infinity=False), UNITS)
def test_a_return_is_the_mirror_of_its_order(value, unit):
    (plus, minus), status = money.smallest_units(fixed([value, -value]), unit, LIMIT, ULPS)
    assert plus == -minus
    assert status[0] == status[1]


@pytest.mark.parametrize(
    ("value", "cents"),
    [
        (6 * 2.55, 1_530),
        (19.99, 1_999),
        (0.1 + 0.2, 30),
        (1e-9, 0),
        (-3.5, -350),
        (1.15 * 100, 11_500),
    ],
)
def test_what_arithmetic_leaves_behind_is_forgiven(value, cents):
    agree([value], 100)
    assert money.smallest_units(fixed([value]), 100, LIMIT, ULPS)[0].tolist() == [cents]


@pytest.mark.parametrize("value", [0.001, 0.005, 9.999, -0.011, 123_456.785])
def test_what_is_between_two_amounts_is_far_from_both(value):
    agree([value], 100)
    assert money.smallest_units(fixed([value]), 100, LIMIT, ULPS)[1].tolist() == [money.FAR]
