from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from custseg._kernels import lots
from naive import lots as naive

DAYS = 6
RANKS = st.sampled_from(
    [lots.ORDER] * 3 + [lots.REDEEM] * 3 + [lots.ACTION, lots.CARE, lots.REFUND, lots.NOTHING, 10]
)
LIMITS = [-1, 2]


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


# (hours since the start, rank, points, then what a refund takes and which of its member's rows it
# is about, or a request's reward): few values, so that ties are common.
TIMED = st.tuples(st.integers(0, DAYS * 4 - 1), RANKS)
MORE = st.tuples(st.integers(-1, 9), st.integers(0, 9), st.integers(-1, 12))


def sensible(drawn):
    """Rows in order; a refund is about an order before it, a request about a reward or none."""
    rows = []
    for place, ((at, rank), (points, extra, about)) in enumerate(drawn):
        if rank == lots.REDEEM:
            points, about = max(points, 0), {1: 0, 2: 1}.get(about, -1)  # noqa: PLW2901
        elif rank == lots.REFUND and place:
            about %= place  # noqa: PLW2901
        elif rank == lots.REFUND:
            rank = lots.NOTHING  # noqa: PLW2901
        rows.append((at, rank, points, extra, about))
    return rows


ROWS = st.lists(st.tuples(TIMED, MORE), max_size=12).map(
    lambda drawn: sensible(zip(sorted(row[0] for row in drawn), [m for _, m in drawn], strict=True))
)
RAGGED = st.lists(ROWS, max_size=5)


def plain_rows(*rows):
    """Rows that only grant and ask."""
    return [(*row, 0, -1) for row in rows]


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
    plain_rows(
        (0, lots.ORDER, 5),
        (4, lots.ORDER, 3),
        (5, lots.REDEEM, 4),
        (8, lots.ORDER, 2),
        (9, lots.REDEEM, 6),
    )
]
# Some of one lot is spent, then refunds take what is left of it, and more than that of the other.
REFUNDS = [
    [
        (0, lots.ORDER, 5, 0, -1),
        (1, lots.ORDER, 5, 0, -1),
        (4, lots.REDEEM, 3, 0, -1),
        (5, lots.REFUND, 0, 2, 0),
        (5, lots.REFUND, 0, 2, 0),
        (6, lots.REFUND, 0, 4, 1),
        (7, lots.REDEEM, 2, 0, 0),
        (8, lots.REDEEM, 1, 0, -1),
    ],
    [(0, lots.ORDER, 5, 0, -1), (4, lots.REDEEM, 3, 0, -1), (5, lots.REFUND, 0, 3, 0)],
]


def rows_of(members):
    """Rows as the kernel and its twin take them: a refund's row counts from the first of all."""
    found, first = [], 0
    for member in members:
        found.append(
            [
                (at, rank, points, day_of(at), extra, about + first * (rank == lots.REFUND))
                for at, rank, points, extra, about in member
            ]
        )
        first += len(member)
    return found


def folded(members, calendar, oldest_first, *, record, kernel):
    rows = [row for member in rows_of(members) for row in member]
    at, rank, points, day, extra, refers = (
        fixed([row[column] for row in rows]) for column in range(6)
    )
    totals = np.zeros((len(members), lots.TOTALS), np.int64)
    refused, others = np.zeros(len(rows), np.int64), np.empty(len(members), np.int64)
    takings = np.empty((len(rows) if record else 0, 3), np.int64)
    taken, more, broken = kernel(
        fixed([0, *np.cumsum([len(member) for member in members])]),
        (at, rank, points, extra, refers, day),
        tuple(fixed(table) for table in calendar),
        fixed(LIMITS),
        DAYS * 4,
        oldest_first,
        (totals, refused, takings, others, np.empty(len(rows) * lots.LOT, np.int64)),
    )
    return totals, refused, takings[:taken], others[:more], broken


@given(RAGGED, calendars(), st.booleans())
@example([], ([0] * DAYS, [9] * DAYS), False)
@example([[]], ([0] * DAYS, [9] * DAYS), False)
@example([plain_rows((0, lots.ORDER, 5))], ([0] * DAYS, [9] * DAYS), True)
@example(
    [plain_rows(*[(3, lots.ORDER, 1)] * 9, *[(3, lots.REDEEM, 4)] * 3)],
    ([0] * DAYS, [9] * DAYS),
    True,
)
@example(LATER_ENDS_FIRST, ([0] * DAYS, [23, 11, 17, 9, 9, 9]), True)
@example(LATER_ENDS_FIRST, ([0] * DAYS, [23, 11, 17, 9, 9, 9]), False)
@example(REFUNDS, ([0] * DAYS, [23] * DAYS), False)
def test_the_kernel_its_python_original_and_the_twin_agree(members, calendar, oldest_first):
    twin = naive.fold_lots(
        rows_of(members), *calendar, DAYS * 4, oldest_first=oldest_first, limits=LIMITS
    )
    for kernel in (lots.fold_lots, plain(lots.fold_lots)):
        for record in (False, True):
            totals, refused, takings, others, broken = folded(
                members, calendar, oldest_first, record=record, kernel=kernel
            )
            assert broken == -1
            told = [tuple(row) for row in totals.tolist()]
            assert [None if k in twin[3] else row for k, row in enumerate(told)] == twin[0]
            assert np.flatnonzero(refused).tolist() == twin[1]
            assert [tuple(row) for row in takings.tolist()] == (twin[2] if record else [])
            assert others.tolist() == twin[3]


@pytest.mark.parametrize(
    "kernel", [lots.fold_lots, plain(lots.fold_lots)], ids=["kernel", "original"]
)
def test_a_sum_past_int64_is_found_before_it_is_added(kernel):
    members = [
        plain_rows((0, lots.ORDER, 5)),
        plain_rows((0, lots.ORDER, lots.NEVER), (1, lots.ACTION, 1)),
    ]
    broken = folded(
        members, ([0] * DAYS, [99] * DAYS), oldest_first=False, record=True, kernel=kernel
    )[4]
    assert broken == 2


def test_ten_lots_of_one_give_nine_when_nine_are_asked():
    members = [plain_rows(*[(0, lots.ORDER, 1)] * 10, (1, lots.REDEEM, 9))]
    totals, refused, takings, _, _ = folded(
        members, ([0] * DAYS, [99] * DAYS), oldest_first=False, record=True, kernel=lots.fold_lots
    )
    assert totals[0, [lots.AVAILABLE, lots.REDEEMED]].tolist() == [1, 9]
    assert not refused.any()
    assert takings[:, 1].tolist() == list(range(9))
