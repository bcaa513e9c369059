"""Two sorted logs as one: the kernels, their Python originals and the twins agree."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from custseg._kernels import merge
from naive import merge as naive

IDS = st.lists(st.integers(-5, 12), unique=True).map(sorted)
KEYS = st.tuples(st.integers(0, 9), st.integers(3, 10))
LOGS = st.lists(st.lists(KEYS, max_size=12), max_size=5)


def fixed(values):
    """A read-only int64 array, as the bridge makes them."""
    made = np.array(values, np.int64)
    made.flags.writeable = False
    return made


def both(function):
    """A kernel and its Python original."""
    return function, getattr(function, "py_func", function)


def blank(*sizes):
    return tuple(np.full(size, -7) for size in sizes)


@given(IDS, IDS)
@example([], [])
@example([1, 2], [1, 2])
@example([-(2**63), 2**63 - 1], [0])
def test_the_ids_of_either_column_are_found_once(left, right):
    for kernel in both(merge.unite):
        room = blank(len(left) + len(right), len(left), len(right))
        count = kernel(fixed(left), fixed(right), room)
        found = room[0][:count].tolist(), room[1].tolist(), room[2].tolist()
        assert found == naive.unite(left, right)


@given(LOGS, LOGS)
@example([], [])
@example([[]], [[]])
@example([[(1, 5)] * 3], [[(1, 5)] * 2])
def test_two_logs_interleave_as_one_sort_would_place_them(left, right):
    size = max(len(left), len(right))
    logs = [[sorted(member) for member in log] + [[]] * (size - len(log)) for log in (left, right)]
    flat = [[key for member in log for key in member] for log in logs]
    sides = [
        (
            fixed([0, *np.cumsum([len(member) for member in log])]),
            fixed([at for at, _ in keys]),
            fixed([rank for _, rank in keys]),
        )
        for log, keys in zip(logs, flat, strict=True)
    ]
    ours, theirs = map(len, flat)
    for kernel in both(merge.interleave):
        room = blank(size + 1, ours + theirs, ours + theirs, ours, theirs)
        kernel(*sides, room)
        offsets, rows, at, lefts, rights = (each.tolist() for each in room)
        assert (offsets, rows) == naive.interleave(*logs)
        assert at == [(*flat[0], *flat[1])[row][0] for row in rows]
        assert [rows[place] for place in (*lefts, *rights)] == list(range(ours + theirs))
