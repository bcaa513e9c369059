"""The history kernels are their slow twins, compiled and in plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custseg._kernels import track as kernels
from custseg.base.span import Span
from custseg.segments import replay
from naive import track as naive

rows = st.lists(
    st.tuples(
        st.integers(-3, 3) | st.integers(-200, 200),
        st.integers(-50, 50),
        st.sampled_from([0, -1, 1]) | st.integers(-(10**12), 10**12),
    ),
    max_size=30,
)
cuts = st.lists(st.integers(-60, 60), min_size=1, max_size=8, unique=True).map(sorted)
# Ends of periods, and how far each window reaches back from them.
histories = st.tuples(
    st.lists(st.integers(-55, 55), min_size=1, max_size=5, unique=True).map(sorted),
    st.lists(st.integers(0, 60), max_size=2),
)


def frozen(values, dtype=np.int64):
    made = np.array(values, dtype)
    made.flags.writeable = False
    return made


def wide(totals):
    """Amounts in 128 bits: the low word and the sign."""
    return frozen(np.stack([totals, np.array(totals) >> 63], axis=1))


def both(kernel):
    """The compiled kernel and its Python original."""
    original = getattr(kernel, "py_func", kernel)
    return [pytest.param(kernel, id="compiled"), pytest.param(original, id="py_func")]


def guesses(found, shift):
    """For slots of time from the first cut on, the cuts reached where each begins."""
    slots = (found[-1] - found[0] >> shift) + 1
    begins = [found[0] + (slot << shift) for slot in range(slots)]
    return frozen([sum(cut <= begin for cut in found) for begin in begins])


@pytest.mark.parametrize("count", both(kernels.count))
@given(instants=st.lists(st.integers(-70, 70), max_size=30), found=cuts, shift=st.integers(0, 7))
def test_count_is_its_twin(count, instants, found, shift):
    counted = count(frozen(instants), frozen(found), guesses(found, shift), shift)
    assert counted.tolist() == naive.count(instants, found)


@pytest.mark.parametrize("part", both(kernels.part))
@given(listed=rows, found=cuts, shift=st.integers(0, 7))
def test_part_is_its_twin(part, listed, found, shift):
    ids, instants, totals = (frozen([row[at] for row in listed]) for at in range(3))
    counted = naive.count(instants.tolist(), found)
    places = frozen([sum(counted[:bucket]) for bucket in range(len(counted))])
    kept = sum(counted[:-1])
    table = (frozen(found), guesses(found, shift), shift)
    free = np.zeros((2, kept), np.int64), np.zeros((kept, 1), np.int64)
    parted, amounts = part(ids, instants, wide(totals), *table, places, *free)
    made = zip(*parted.tolist(), amounts[:, 0].tolist(), strict=True)
    assert list(made) == naive.part(listed, found)


def spans_of(history):
    """The spans of each period: all time, then a window for each length."""
    ends, lengths = history
    return [[(-(2**62), end), *((end - length, end) for length in lengths)] for end in ends]


def ordered(listed, spans):
    """Rows by time, and the moves of the periods, found by counting."""
    listed = sorted(listed, key=lambda row: row[1])
    instants = [row[1] for row in listed]

    def before(bounds):
        counted = [sum(at < bound for at in instants) for bound in bounds.ravel().tolist()]
        return np.array(counted, np.int64).reshape(bounds.shape)

    made = [[Span(low, high, 0, 0) for low, high in each] for each in spans]
    return listed, replay.moves_of(made, before)


def table(listed, *, ranked):
    """The numbers that rows of the table stand for, and how a kernel finds them."""
    ids = [row[0] for row in listed]
    lowest, highest = min(ids, default=0), max(ids, default=-1)
    if not ranked:
        customers = list(range(lowest, highest + 1))
        return customers, (lowest, frozen([], np.uint64), frozen([]))
    customers = sorted(set(ids))
    words = [0] * ((highest - lowest + 64) // 64)
    for each in customers:
        words[(each - lowest) // 64] |= 1 << ((each - lowest) % 64)
    ranks = [sum(word.bit_count() for word in words[:at]) for at in range(len(words))]
    return customers, (lowest, frozen(words, np.uint64), frozen(ranks))


def nothing(customers, width):
    """A table before anything is folded."""
    state = np.zeros((customers, width), np.int64)
    state[:, 0], state[:, 1] = kernels.NEVER, kernels.LATEST
    return state


@pytest.mark.parametrize("advance", both(kernels.advance))
@given(listed=rows, history=histories, gross=st.booleans(), ranked=st.booleans())
def test_advance_is_its_twin_after_each_period(advance, listed, history, gross, ranked):
    spans = spans_of(history)
    listed, moves = ordered(listed, spans)
    customers, found = table(listed, ranked=ranked)
    width = 2 + len(spans[0]) * (3 if gross else 2)
    state = nothing(len(customers), width)
    *columns, totals = (frozen([row[at] for row in listed]) for at in range(3))
    columns.append(wide(totals))
    for period, each in enumerate(spans):
        made = advance(state, *columns, *found, frozen(moves[period]))
        expected = naive.advance(listed, each, customers, gross=gross)
        assert made.tolist() == expected


@st.composite
def cut_axes(draw, columns):
    """Axes as the twin takes them, and how many cells they make."""
    axes, made = [], 1
    for _ in range(draw(st.integers(1, 3))):
        groups = made if draw(st.booleans()) else 1
        many = draw(st.integers(1, 2) if axes else st.integers(0, 6))
        starts = st.lists(st.integers(-60, 60), min_size=many, max_size=many).map(sorted)
        axes.append(
            (
                draw(st.sampled_from(columns)),
                draw(st.lists(starts, min_size=groups, max_size=groups)),
            )
        )
        made *= many + 1
    return axes, made


def flattened(axes):
    """Axes as the kernel takes them."""
    slots = frozen([slot for slot, _ in axes])
    starts = [cut for _, groups in axes for group in groups for cut in group]
    sides, first = [], 0
    for _, groups in axes:
        many = len(groups[0])
        sides.append((many, first, many if len(groups) > 1 else 0))
        first += many * len(groups)
    return slots, frozen(sides), frozen(starts)


@pytest.mark.parametrize(
    ("advance", "label"),
    [
        pytest.param(*pair, id=name)
        for name, pair in {
            "compiled": (kernels.advance, kernels.label),
            "py_func": [
                getattr(each, "py_func", each) for each in (kernels.advance, kernels.label)
            ],
        }.items()
    ],
)
@given(st.data(), rows, histories, st.booleans(), st.booleans())
def test_labels_are_their_twins(advance, label, chance, listed, history, ranked, alone):
    spans = spans_of(history)
    listed, moves = ordered(listed, spans)
    customers, (lowest, words, ranks) = table(listed, ranked=ranked)
    axes, made = chance.draw(cut_axes([0, *range(2, 2 + 2 * len(spans[0]))]))
    names = chance.draw(st.lists(st.integers(0, 254), min_size=made, max_size=made))
    first = st.integers(0, len(spans))
    entered = chance.draw(st.lists(first, min_size=len(customers), max_size=len(customers)))
    entered = [len(spans) for _ in customers] if alone else entered
    *columns, totals = (frozen([row[at] for row in listed]) for at in range(3))
    columns.append(wide(totals))
    found = np.zeros((len(spans), len(customers)), np.uint8)
    low = chance.draw(st.integers(0, len(customers)))
    # Customers are told to threads by ranges: rows of others are nobody's.
    for begin, end in ((0, low), (low, len(customers))):
        state = nothing(end - begin, 2 + 2 * len(spans[0]))
        own = lowest if ranked else lowest + begin, words, frozen(ranks - begin)
        came = frozen([] if alone else entered[begin:end])
        for period in range(len(spans)):
            advance(state, *columns, *own, frozen(moves[period]))
            cuts = flattened(axes), frozen(names, np.uint8)
            label(state, period, came, *cuts[0], cuts[1], found[period, begin:end])
    for period, each in enumerate(spans):
        expected = naive.label(listed, each, period, customers, entered, axes, names)
        assert found[period].tolist() == expected


@pytest.mark.parametrize("stays", both(kernels.stays))
@given(st.data(), st.integers(1, 5), st.integers(0, 6), st.sampled_from([255, 65_535]))
def test_stays_are_their_twins(stays, chance, periods, customers, absent):
    row = st.lists(st.sampled_from([0, 1, absent]), min_size=customers, max_size=customers)
    codes = chance.draw(st.lists(row, min_size=periods, max_size=periods))
    day = st.integers(-800_000, 800_000)
    days = st.lists(day, min_size=periods, max_size=periods, unique=True).map(sorted)
    days = chance.draw(days)
    expected = naive.stays(codes, absent, days)
    whose, spans = (np.zeros((2, len(expected)), kind) for kind in (np.uint32, np.int32))
    dwells = np.zeros(len(expected), np.int64)
    given = frozen(np.array(codes).reshape(periods, customers), np.uint16), absent, frozen(days)
    low = chance.draw(st.integers(0, customers))
    place = 0
    for begin, end in ((0, low), (low, customers)):
        place = stays(*given, begin, end, place, whose, spans, dwells)
    left = [None if day == kernels.STILL else day for day in spans[1].tolist()]
    made = zip(*whose.tolist(), spans[0].tolist(), left, dwells.tolist(), strict=True)
    assert list(made) == expected


@pytest.mark.compiled
def test_a_history_kernel_has_one_compiled_signature():
    for kernel in (kernels.count, kernels.part, kernels.advance, kernels.label, kernels.stays):
        assert len(kernel.signatures) <= 1, kernel.signatures
