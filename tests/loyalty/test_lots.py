from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from custseg._kernels import lots
from naive import lots as naive

DAYS = 6
RANKS = st.sampled_from([lots.ORDER, lots.ACTION, lots.REDEEM, 3])


def fixed(values, width=None):
    """A read-only int64 array, as the bridge makes them."""
    made = np.array(values, np.int64)
    if width is not None:
        made = made.reshape(-1, width)
    made.flags.writeable = False
    return made


def plain(function):
    """The Python original of a kernel, also where nothing is compiled."""
    return getattr(function, "py_func", function)


def day_of(hour):
    """The day of an hour; on the fourth, clocks go back from just past midnight."""
    return {12: 3, 13: 2}.get(hour, hour // 4)


# (hours since the start, rank, points): few values, so that ties are common.
ROW = st.tuples(st.integers(0, DAYS * 4 - 1), RANKS, st.integers(0, 9))
RAGGED = st.lists(st.lists(ROW, max_size=12).map(sorted), max_size=5)


@st.composite
def calendars(draw):
    """When points of each day open and end, after the day; ends need not ascend."""
    wait = draw(st.integers(0, 2))
    opens = [(day + wait) * 4 for day in range(DAYS)]
    spans = draw(
        st.lists(st.integers(1, 8) | st.none(), min_size=DAYS, max_size=DAYS) | st.just([4] * DAYS)
    )
    ends = [
        lots.NEVER if span is None else 5 + at + span for at, span in zip(opens, spans, strict=True)
    ]
    return opens, ends


# Each lot ends before the one that was made before it.
LATER_ENDS_FIRST = [
    [
        (0, lots.ORDER, 5),
        (4, lots.ORDER, 3),
        (5, lots.REDEEM, 4),
        (8, lots.ORDER, 2),
        (9, lots.REDEEM, 6),
    ]
]


def folded(members, calendar, oldest_first, *, record, kernel):
    opens, ends = calendar
    rows = [row for member in members for row in member]
    totals = np.empty((len(members), lots.TOTALS), np.int64)
    refused = np.zeros(len(rows), np.bool_)
    takings = np.empty((len(rows) if record else 0, 3), np.int64)
    taken, broken = kernel(
        fixed([0, *np.cumsum([len(member) for member in members])]),
        fixed([at for at, _, _ in rows]),
        fixed([rank for _, rank, _ in rows]),
        fixed([points for _, _, points in rows]),
        fixed([day_of(at) for at, _, _ in rows]),
        fixed(opens),
        fixed(ends),
        DAYS * 4,
        oldest_first,
        (totals, refused, takings),
    )
    return totals, refused, takings[:taken], broken


@given(RAGGED, calendars(), st.booleans())
@example([], ([0] * DAYS, [9] * DAYS), False)
@example([[]], ([0] * DAYS, [9] * DAYS), False)
@example([[(0, lots.ORDER, 5)]], ([0] * DAYS, [9] * DAYS), True)
@example([[(3, lots.ORDER, 1)] * 9 + [(3, lots.REDEEM, 4)] * 3], ([0] * DAYS, [9] * DAYS), True)
@example(LATER_ENDS_FIRST, ([0] * DAYS, [23, 11, 17, 9, 9, 9]), True)
@example(LATER_ENDS_FIRST, ([0] * DAYS, [23, 11, 17, 9, 9, 9]), False)
def test_the_kernel_its_python_original_and_the_twin_agree(members, calendar, oldest_first):
    twin = naive.fold_lots(
        [[(at, rank, points, day_of(at)) for at, rank, points in member] for member in members],
        *calendar,
        DAYS * 4,
        oldest_first=oldest_first,
    )
    for kernel in (lots.fold_lots, plain(lots.fold_lots)):
        for record in (False, True):
            totals, refused, takings, broken = folded(
                members, calendar, oldest_first, record=record, kernel=kernel
            )
            assert broken == -1
            assert [tuple(row) for row in totals.tolist()] == twin[0]
            assert np.flatnonzero(refused).tolist() == twin[1]
            assert [tuple(row) for row in takings.tolist()] == (twin[2] if record else [])


@given(RAGGED, RAGGED)
@example([], [])
@example([[]], [[]])
@example([[(1, 5, 0)] * 3], [[(1, 5, 0)] * 2])
def test_two_logs_interleave_as_one_sort_would_place_them(left, right):
    size = max(len(left), len(right))
    logs = []
    for log in (left, right):
        keys = [sorted((at, rank) for at, rank, _ in member) for member in log]
        logs.append(keys + [[]] * (size - len(keys)))
    arrays = []
    for log in logs:
        rows = [key for member in log for key in member]
        arrays += [
            fixed([0, *np.cumsum([len(member) for member in log])]),
            fixed([at for at, _ in rows]),
            fixed([rank for _, rank in rows]),
        ]
    expected = naive.interleave(*logs)
    for kernel in (lots.interleave, plain(lots.interleave)):
        offsets, order = kernel(*arrays)
        assert (offsets.tolist(), order.tolist()) == expected


@pytest.mark.parametrize(
    "kernel", [lots.fold_lots, plain(lots.fold_lots)], ids=["kernel", "original"]
)
def test_a_sum_past_int64_is_found_before_it_is_added(kernel):
    members = [[(0, lots.ORDER, 5)], [(0, lots.ORDER, lots.NEVER), (1, lots.ACTION, 1)]]
    broken = folded(
        members, ([0] * DAYS, [99] * DAYS), oldest_first=False, record=True, kernel=kernel
    )[3]
    assert broken == 2


def test_ten_lots_of_one_give_nine_when_nine_are_asked():
    members = [[(0, lots.ORDER, 1)] * 10 + [(1, lots.REDEEM, 9)]]
    totals, refused, takings, _ = folded(
        members, ([0] * DAYS, [99] * DAYS), oldest_first=False, record=True, kernel=lots.fold_lots
    )
    assert totals[0, [lots.AVAILABLE, lots.REDEEMED]].tolist() == [1, 9]
    assert not refused.any()
    assert takings[:, 1].tolist() == list(range(9))
