from __future__ import annotations

from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.logs_of import base_of, frame, keyed, rows
from base.logs_of import instants as times
from custseg.base import coding, folded
from custseg.base.exact import major, quotient

ASKED = ("orders", "spend", "average_order", "recency_days", "tenure_days", "orders_2024")
orders = rows(
    customer_id=st.integers(1, 9) | st.integers(-400, 400) | st.integers(-(2**62), 2**62),
    ordered_at=times,
    total=st.integers(-900, 900),
).filter(bool)


def by_polars(monkeypatch, made):
    """The measures by way of polars, whatever the ids are."""
    with monkeypatch.context() as patch:
        patch.setattr(folded, "fold_orders", folded._by_polars)
        patch.setattr("custseg.base.reductions.fold_orders", folded._by_polars)
        return base_of({"orders": made}).measures(*ASKED)


@given(orders)
def test_every_way_of_folding_gives_the_same(made):
    made = keyed("orders", made)
    with pytest.MonkeyPatch.context() as monkeypatch:
        expected = by_polars(monkeypatch, made)
        assert base_of({"orders": made}).measures(*ASKED).equals(expected)
        # Two threads, however few the orders are.
        monkeypatch.setattr(coding, "_SMALL", 1)
        monkeypatch.setenv("CUSTSEG_THREADS", "3")
        assert base_of({"orders": made}).measures(*ASKED).equals(expected)
        # Every id a hash alike: told apart by polars.
        monkeypatch.setattr(
            coding, "_hashes", lambda ids: pl.zeros(ids.len(), pl.UInt64, eager=True)
        )
        text = base_of({"orders": made}, named=str).measures(*ASKED)
    ids = expected["customer_id"].cast(pl.String)
    assert text.equals(expected.with_columns(customer_id=ids).sort("customer_id"))


@given(orders)
def test_a_bitmap_gives_what_a_table_gives(made):
    made = keyed("orders", made)
    expected = base_of({"orders": made}).measures(*ASKED)
    with pytest.MonkeyPatch.context() as monkeypatch:
        # No range is so narrow that a table would do.
        monkeypatch.setattr(coding, "_DENSEST", 10**9)
        monkeypatch.setattr(coding, "_NARROW", 0)
        monkeypatch.setattr(coding, "_FULL", 0)
        monkeypatch.setattr(coding, "_COMPARED", 2)
        assert base_of({"orders": made}).measures(*ASKED).equals(expected)


def test_sums_beyond_int64_are_exact():
    largest = 10**18 - 1
    made = [
        {"order_id": i, "customer_id": 1, "ordered_at": when, "total": total}
        for i, (when, total) in enumerate(
            (base_of({"orders": []}).instant, each) for each in [largest] * 12 + [-1, 5]
        )
    ]
    found = base_of({"orders": made}).measures("spend", "average_order", "orders", "spend_1970")
    exact = Fraction(12 * largest + 4, 100)
    assert found.row(0) == (
        1,
        float(exact),
        float(Fraction(12 * largest + 5, 1300)),
        13,
        float(exact),
    )


@given(
    st.lists(
        st.tuples(
            st.integers(-(2**70), 2**70) | st.integers(-(10**6), 10**6), st.integers(0, 10**4)
        )
    )
)
def test_a_quotient_is_the_nearest_double(pairs):
    above = pl.Series("a", [a for a, _ in pairs], dtype=pl.Int128)
    below = pl.Series([b for _, b in pairs], dtype=pl.Int64)
    exact = [float(Fraction(a, b)) if b else None for a, b in pairs]
    assert quotient(above, below).to_list() == exact
    assert major(above, 3).to_list() == [float(Fraction(a, 1000)) for a, _ in pairs]


def test_many_sparse_ids_are_folded_over_threads(monkeypatch):
    rng = np.random.default_rng(3)
    numbers = np.sort(rng.choice(200_000, 3_000, replace=False)) - 90_000
    who = pl.Series(numbers[rng.integers(0, 3_000, 20_000)])
    cents = rng.integers(-500, 5_000, 20_000)
    made = pl.DataFrame(
        {
            "order_id": np.arange(20_000),
            "customer_id": who,
            "ordered_at": pl.Series(rng.integers(0, 10**15, 20_000)).cast(pl.Datetime("us", "UTC")),
            "total": pl.Series(cents).cast(pl.Decimal(18, 2)),
        }
    )
    from custseg import CustomerBase

    monkeypatch.setattr(coding, "_SMALL", 1_000)
    found = {}
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("CUSTSEG_THREADS", threads)
        found[threads] = CustomerBase(orders=made).measures("orders", "spend", "recency_days")
    assert found["1"].equals(found["2"])
    assert found["1"].equals(found["5"])
    expected = (
        made.group_by("customer_id")
        .agg(orders=(pl.col("total") >= 0).sum().cast(pl.Int64), spend=pl.col("total").sum())
        .sort("customer_id")
    )
    assert found["1"]["customer_id"].equals(expected["customer_id"])
    assert found["1"]["orders"].equals(expected["orders"])
    assert found["1"]["spend"].to_list() == [float(each) for each in expected["spend"]]


def test_a_customer_with_a_million_orders_is_one_row():
    n = 1_000_000
    day = 86_400_000_000
    many = pl.DataFrame(
        {
            "order_id": pl.int_range(n, eager=True),
            "customer_id": pl.repeat(7, n, dtype=pl.Int64, eager=True),
            "ordered_at": (pl.int_range(n, eager=True) % 1_000 * day).cast(
                pl.Datetime("us", "UTC")
            ),
            "total": pl.repeat(1, n, dtype=pl.Int64, eager=True).cast(pl.Decimal(18, 2)),
        }
    )
    from custseg import CustomerBase

    asked = ("orders", "spend", "days_active", "gap_days", "gap_days_cv", "overdue", "tenure_days")
    found = CustomerBase(orders=many).measures(*asked)
    assert found.rows() == [(7, n, float(n), 1_000, 1.0, 0.0, 0.0, 999)]


def test_orders_are_folded_whatever_their_chunks():
    one = frame("orders", [{"order_id": 1, "customer_id": 4, "ordered_at": None, "total": 5}])
    one = one.with_columns(ordered_at=pl.lit(0).cast(pl.Datetime("us", "UTC")))
    two = pl.concat([one, one.with_columns(order_id=pl.lit(2, pl.Int64))], rechunk=False)
    from custseg import CustomerBase

    assert CustomerBase(orders=two).measures("orders", "spend").rows() == [(4, 2, 0.1)]
