"""One entity whose values are what its table holds: the same row, without the door."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from custseg.schema.entities import columns_from
from custseg.schema.held import held_row

ORDERS = cu.table(cu.Order, tz="Europe/Paris")
AT = dt.datetime(2026, 3, 29, 2, 30, tzinfo=dt.UTC)
PLAIN = cu.Order(order_id=1, customer_id="a", ordered_at=AT, total=Decimal("19.99"), channel="app")
IDS = st.integers(-(2**63), 2**63 - 1) | st.text("ab^$ ", min_size=1)
MONEY = st.integers(-(10**12), 10**12) | st.decimals(-(10**12), 10**12, places=2)
TEXT = st.none() | st.text("ab '", min_size=1)


def held(order):
    return held_row(order, ORDERS.columns, ORDERS.scale)


@given(
    st.builds(
        cu.Order,
        order_id=IDS,
        customer_id=IDS,
        ordered_at=st.datetimes(
            dt.datetime(1901, 1, 1), dt.datetime(2190, 1, 1), timezones=st.just(dt.UTC)
        ),
        total=MONEY,
        channel=TEXT,
        store=TEXT,
        paid_with_points=st.none() | st.integers(0, 10**9),
    )
)
def test_it_is_the_row_that_the_door_reads(order):
    row = held(order)
    assert row is not None
    assert row.equals(ORDERS.require(columns_from([order], ORDERS.columns)))
    assert row.schema == ORDERS.require(columns_from([order], ORDERS.columns)).schema


@pytest.mark.parametrize(
    "change",
    [
        {"order_id": True},
        {"order_id": ""},
        {"order_id": 2**63},
        {"customer_id": None},
        {"ordered_at": "2026-05-01"},
        {"ordered_at": AT.replace(tzinfo=None)},
        {"ordered_at": AT.replace(year=1600)},
        {"total": 19.99},
        {"total": "19.99"},
        {"total": Decimal("19.999")},
        {"total": Decimal("NaN")},
        {"total": 10**16},
        {"channel": ""},
        {"paid_with_points": -1},
    ],
)
def test_all_else_is_left_to_the_door(change):
    assert held(PLAIN) is not None
    assert held(attrs.evolve(PLAIN, **change)) is None
