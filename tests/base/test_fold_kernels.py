from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custseg._kernels import fold as kernels
from naive import fold as naive

rows = st.lists(
    st.tuples(
        st.integers(-3, 3) | st.integers(-300, 300),
        st.sampled_from([0, 0, 5]) | st.integers(-50, 50),
        st.sampled_from([0, -1, 1]) | st.integers(-(10**12), 10**12),
    ),
    max_size=30,
)
windows = st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), max_size=3)


def frozen(values, dtype=np.int64):
    made = np.array(values, dtype)
    made.flags.writeable = False
    return made


def both(kernel):
    """The compiled kernel and its Python original."""
    original = getattr(kernel, "py_func", kernel)
    return [pytest.param(kernel, id="compiled"), pytest.param(original, id="py_func")]


@pytest.mark.parametrize("mark", both(kernels.mark))
@given(ids=st.lists(st.integers(-130, 200), max_size=40))
def test_mark_is_its_twin(mark, ids):
    lowest = min(ids, default=0)
    size = max(ids, default=-1) - lowest + 1
    assert mark(frozen(ids), lowest, size).tolist() == naive.mark(ids, lowest, size)


@pytest.mark.parametrize("places", both(kernels.places))
@given(words=st.lists(st.integers(0, 2**64 - 1) | st.sampled_from([0, 1, 2**63]), max_size=6))
def test_places_is_its_twin(places, words):
    expected = naive.places(words)
    assert places(frozen(words, np.uint64), len(expected)).tolist() == expected


@pytest.mark.parametrize("number", both(kernels.number))
@given(keys=st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 9).map(lambda k: k * 4096)))
def test_number_is_its_twin(number, keys):
    numbers, firsts = number(frozen(keys, np.uint64))
    assert (numbers.tolist(), firsts.tolist()) == naive.number(keys)


@pytest.mark.parametrize("number", both(kernels.number))
@pytest.mark.parametrize("step", [1, 4096], ids=["spread", "in one place"])
def test_number_grows_with_its_keys(number, step):
    distinct = np.arange(2_500 if step == 1 else 1_500, dtype=np.uint64) * np.uint64(step)
    keys = frozen(np.concatenate([distinct, distinct[::-1]]), np.uint64)
    numbers, firsts = number(keys)
    assert firsts.tolist() == list(range(distinct.size))
    assert (distinct[numbers] == keys).all()


def coding(ids, *, ranked):
    """The customers that rows of a table stand for, and what tells a kernel."""
    lowest = min(ids, default=0)
    size = max(ids, default=-1) - lowest + 1
    customers = sorted(set(ids)) if ranked else list(range(lowest, lowest + size))
    words = naive.mark(ids, lowest, size) if ranked else []
    ranks = [sum(word.bit_count() for word in words[:at]) for at in range(len(words))]
    return customers, lowest, frozen(words, np.uint64), frozen(ranks)


def money(totals):
    """Totals in 128 bits, as polars keeps them."""
    return frozen([(total, -(total < 0)) for total in totals]).reshape(-1, 2)


BITS = 6


def room(customers, windows, *, gross, since):
    """A table as a fold finds it: nothing counted, and no first order."""
    sums = windows * (3 if gross else 2)
    out = np.zeros((customers, sums + since), np.int64)
    out[:, sums:] = kernels.LATEST
    return out


def read(out, start, *, since):
    """Rows of a table as the twin has them: last, first, then each window's sums."""
    rows = []
    for word, *rest in out.tolist():
        orders, last = word % 2**BITS, word >> BITS
        first = rest.pop() if since else None
        rows.append([start + last * 10**6 if orders else kernels.NEVER, first, orders, *rest])
    return rows


def told(listed, spans, customers, start, *, gross, since):
    """The same from the twin, its last order to the second below."""
    rows = naive.fold(listed, spans, customers, gross=gross)
    for row in rows:
        if row[0] != naive.NEVER:
            row[0] -= (row[0] - start) % 10**6
        if not since:
            row[1] = None
    return rows


def folded(fold, listed, spans, start, *, gross, ranked, since):
    """Arrays as the bridge makes them, and the customers that rows stand for."""
    ids, instants, totals = ([row[at] for row in listed] for at in range(3))
    customers, lowest, words, ranks = coding(ids, ranked=ranked)
    out = room(len(customers), len(spans), gross=gross, since=since)
    lows, highs = frozen([low for low, _ in spans]), frozen([high for _, high in spans])
    # In two calls: what is there is added to.
    for some in (slice(0, 3), slice(3, None)):
        orders = (frozen(ids[some]), frozen(instants[some]), money(totals[some]))
        fold(*orders, lowest, words, ranks, start, BITS, lows, highs, gross, out)
    return out, customers


seconds = rows.map(lambda rows: [(who, at * 400_000, total) for who, at, total in rows])
START = -(10**9)


@pytest.mark.parametrize("fold", both(kernels.fold))
@given(
    listed=rows | seconds,
    windows=windows,
    seen=st.integers(-50, 60) | st.just(2**62),
    gross=st.booleans(),
    ranked=st.booleans(),
    since=st.booleans(),
)
def test_fold_is_its_twin(fold, listed, windows, seen, gross, ranked, since):
    spans = [(-(2**62), seen), *windows]
    out, customers = folded(fold, listed, spans, START, gross=gross, ranked=ranked, since=since)
    expected = told(listed, spans, customers, START, gross=gross, since=since)
    assert read(out, START, since=since) == expected


@pytest.mark.parametrize("by_day", both(kernels.by_day))
@given(listed=rows)
def test_by_day_is_its_twin(by_day, listed):
    ids, days, totals = ([row[at] for row in listed] for at in range(3))
    first = min(days, default=0)
    many = max(days, default=0) - first + 1
    room = np.empty((2, len(ids)), np.int64), np.empty((len(ids), 2), np.int64)
    put, amounts = by_day(frozen(ids), frozen(days), money(totals), first, many, *room)
    found = zip(*put.tolist(), amounts[:, 0].tolist(), strict=True)
    assert list(found) == naive.by_day(listed)
    assert (amounts[:, 1] == np.where(amounts[:, 0] < 0, -1, 0)).all()


@pytest.mark.parametrize("rhythm", both(kernels.rhythm))
@given(listed=rows, windows=windows.filter(bool), ranked=st.booleans())
def test_rhythm_is_its_twin(rhythm, listed, windows, ranked):
    listed = sorted(listed, key=lambda row: row[1])
    ids, days, totals = ([row[at] for row in listed] for at in range(3))
    customers, lowest, words, ranks = coding(ids, ranked=ranked)
    out = rhythm(
        frozen(ids),
        frozen(days),
        money(totals),
        lowest,
        words,
        ranks,
        frozen([low for low, _ in windows]),
        frozen([high for _, high in windows]),
        np.empty((len(customers), 2 + 3 * len(windows)), np.int64),
    )
    assert out.tolist() == naive.rhythm(listed, windows, customers)


@pytest.mark.parametrize("merge", both(kernels.merge))
@given(left=rows, right=seconds, gross=st.booleans(), since=st.booleans())
def test_folds_of_parts_merge_to_the_fold_of_all(merge, left, right, gross, since):
    spans = [(-(2**62), 2**62), (0, 10)]
    every = [(who, 0, 0) for who in sorted({row[0] for row in left + right})]
    how = {"gross": gross, "ranked": True, "since": since}
    parts = [folded(kernels.fold, every + part, spans, START, **how)[0] for part in (left, right)]
    both, customers = folded(kernels.fold, every + every + left + right, spans, START, **how)
    assert merge(*parts, BITS, len(spans) * (3 if gross else 2)).tolist() == both.tolist()
    twins = [naive.fold(part, spans, customers, gross=gross) for part in (left, right)]
    assert naive.merge(*twins) == naive.fold(left + right, spans, customers, gross=gross)


@pytest.mark.parametrize("largest", both(kernels.largest))
@given(totals=st.lists(st.integers(-(10**18) + 1, 10**18 - 1)))
def test_largest_is_its_twin(largest, totals):
    assert largest(money(totals)) == naive.largest(totals)


@pytest.mark.parametrize("columns", both(kernels.columns))
@given(table=st.lists(st.tuples(*[st.integers(-9, 9)] * 4), min_size=1), drawn=st.data())
def test_columns_is_its_twin(columns, table, drawn):
    picked = drawn.draw(st.lists(st.integers(0, len(table) - 1)))
    turned = columns(frozen(table), frozen(picked), np.empty((4, len(picked)), np.int64))
    assert turned.tolist() == naive.columns(table, picked)


@pytest.mark.compiled
def test_a_kernel_has_one_compiled_signature():
    for kernel in (
        kernels.mark,
        kernels.places,
        kernels.number,
        kernels.fold,
        kernels.by_day,
        kernels.rhythm,
    ):
        assert len(kernel.signatures) <= 1
