"""Laws of the door: the same rows as a plain Python reader lets in, in any order."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal

import polars as pl
from hypothesis import assume, example, given
from hypothesis import strategies as st

import custseg as cu
from naive import door as naive
from naive.clock import microseconds
from naive.money import distance

FORMS = ["order_id", "customer_id", "ordered_at", "total"]
INT_IDS = st.integers(0, 3) | st.none()
TEXT_IDS = st.sampled_from(["7", "07", "", "A", None])
FLOAT_IDS = st.sampled_from([1.0, 2.0, 2.5, float("nan"), float("inf"), 1e17, None])
WIDE_IDS = st.sampled_from([1, 2, 2**63 - 1, 2**63, -(2**63) - 1, None])
TIMES = st.sampled_from(
    [
        "2026-03-29 01:30",
        "2026-03-29T01:30Z",
        "2026-10-25 01:30:00",
        "2026-10-25T01:30:00.5+00:00",
        "2026-05-01",
        "2026-05-01T10:00:00,123456789",
        "2026-05-01T10:00-0330",
        "2026-05-01T10:00+05",
        "2026-02-30",
        "2026-05-01T24:00",
        "2026-05-01T10:00+24:00",
        "2026-05-01T10",
        "01.05.2026",
        "20260501",
        "",
        "\uff12026-05-01",
        "0001-01-01",
        "9999-12-31T12:00",
        None,
    ]
)
NAIVE = st.none() | st.datetimes(dt.datetime(2026, 3, 28, 22), dt.datetime(2026, 3, 29, 4))
AWARE = st.none() | st.datetimes(
    dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30), timezones=st.just(dt.UTC)
)
DAYS = st.none() | st.dates(dt.date(1800, 1, 1), dt.date(2099, 1, 1))
AMOUNTS = st.sampled_from(
    (
        "0 -0 +5 5. .5 . - 1e5 1,5 0.10 9.999 -9.990 NaN 007.50 \u0663 0.000 -0.001"
        " 9999999999999999.99 10000000000000000 123456789012345678901234567890"
    ).split()
) | st.sampled_from(["", " 5", None])
FLOATS = st.none() | st.floats() | st.integers(-(10**9), 10**9).map(lambda cents: cents / 100)
INTEGERS = st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(-9, 9)
WIDE = st.none() | st.integers(-(10**30), 10**30) | st.integers(-9, 9)
DECIMALS = st.none() | st.decimals(-(10**6), 10**6, places=4, allow_nan=False, allow_infinity=False)
DTYPES = {
    id(INT_IDS): pl.Int64,
    id(TEXT_IDS): pl.String,
    id(FLOAT_IDS): pl.Float64,
    id(WIDE_IDS): pl.Int128,
    id(TIMES): pl.String,
    id(NAIVE): pl.Datetime("us"),
    id(AWARE): pl.Datetime("us", "UTC"),
    id(DAYS): pl.Date,
    id(AMOUNTS): pl.String,
    id(FLOATS): pl.Float64,
    id(INTEGERS): pl.Int64,
    id(WIDE): pl.Int128,
    id(DECIMALS): pl.Decimal(30, 4),
}
COLUMNS = {
    "order_id": [INT_IDS, TEXT_IDS, FLOAT_IDS, WIDE_IDS],
    "customer_id": [INT_IDS, TEXT_IDS, FLOAT_IDS, WIDE_IDS],
    "ordered_at": [TIMES, NAIVE, AWARE, DAYS],
    "total": [AMOUNTS, FLOATS, INTEGERS, WIDE, DECIMALS],
}
CURRENCY = {"EUR": 2, "JPY": 0, "KWD": 3, "CLF": 4}
ZONES = st.sampled_from(["UTC", "Europe/London", "America/Sao_Paulo"])


@st.composite
def frames(draw, most=12):
    """A frame of orders in any dtypes, and the same rows in plain Python."""
    values = {name: draw(st.sampled_from(forms)) for name, forms in COLUMNS.items()}
    rows = draw(st.lists(st.fixed_dictionaries(values), max_size=most))
    # Copies and rows of equal key are what keys are about.
    if rows:
        rows += draw(st.lists(st.sampled_from(rows), max_size=3))
    schema = {name: DTYPES[id(form)] for name, form in values.items()}
    return pl.DataFrame(rows, schema=schema, orient="row"), rows


def told(admitted):
    """Good rows as the twin tells them, and the refused ones with their place."""
    good = admitted.rows.select(FORMS).with_columns(
        pl.col("ordered_at").to_physical(), pl.col("total").to_physical()
    )
    return good.rows(named=True), admitted.rejected.frame


@given(frames(), st.sampled_from(sorted(CURRENCY)), ZONES)
def test_the_door_lets_in_what_a_plain_reader_lets_in(drawn, currency, tz):
    frame, rows = drawn
    scale = CURRENCY[currency]
    for row in rows:
        if isinstance(row["total"], float) and abs(row["total"]) < 1e20:
            assume(abs(float(distance(row["total"], 10**scale)) - 1e-6) > 1e-10)
    good, refused = naive.admit(rows, scale=scale, tz=tz)
    admitted = cu.table(cu.Order, currency=currency, tz=tz).admit(frame.with_row_index("place"))
    # `place` makes no two rows equal, so copies are looked for without it.
    alone = cu.table(cu.Order, currency=currency, tz=tz).admit(frame)
    rows_told, frame_told = told(alone)
    assert rows_told == good
    assert frame_told.select("reason", "column").rows() == [fault[1:] for fault in refused]
    by_row = [fault for fault in refused if fault[1] not in {"duplicate", "conflict"}]
    marked = admitted.rejected.frame.filter(~pl.col("reason").is_in(["duplicate", "conflict"]))
    assert marked.select("place", "reason", "column").rows() == by_row
    counts = alone.rejected.counts()
    assert counts == Counter(reason for _, reason, _ in refused)
    assert sum(counts.values()) == len(alone.rejected) == frame.height - alone.rows.height
    # The rejected keep their source values.
    places = [place for place, _, _ in refused]
    assert frame_told.drop("reason", "column").equals(frame[places])


@given(frames(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_row_and_no_count(drawn, chance):
    frame, _ = drawn
    order = list(range(frame.height))
    chance.shuffle(order)
    orders = cu.table(cu.Order, tz="Europe/London")
    one, other = orders.admit(frame), orders.admit(frame[order])
    assert one.rejected.counts() == other.rejected.counts()
    by = FORMS
    assert one.rows.sort(by).equals(other.rows.sort(by))


@given(frames(), st.data())
def test_two_admitted_tables_together_are_the_admitted_whole(drawn, choice):
    frame, _ = drawn
    keys = frame["order_id"].unique(maintain_order=True)
    chosen = choice.draw(st.lists(st.booleans(), min_size=keys.len(), max_size=keys.len()))
    here = frame["order_id"].is_in(keys.filter(pl.Series(chosen, dtype=pl.Boolean)).implode())
    left = frame.filter(here.fill_null(value=False))
    right = frame.filter(~here.fill_null(value=False))
    orders = cu.table(cu.Order)
    parts = [orders.admit(each) for each in (left, right)]
    whole = orders.admit(pl.concat([left, right]))
    assert pl.concat([part.rows for part in parts]).equals(whole.rows)
    counts = Counter(parts[0].rejected.counts()) + Counter(parts[1].rejected.counts())
    assert counts == whole.rejected.counts()


@given(frames())
def test_lazy_and_eager_rows_are_the_same(drawn):
    frame, _ = drawn
    orders = cu.table(cu.Order, tz="Europe/London")
    eager, lazy = orders.admit(frame), orders.admit(frame.lazy())
    assert isinstance(lazy.rows, pl.LazyFrame)
    assert lazy.rows.collect_schema() == eager.rows.schema
    assert lazy.rows.collect().equals(eager.rows)
    assert lazy.rejected.frame.equals(eager.rejected.frame)
    assert orders.cast(frame.lazy()).collect().equals(orders.cast(frame))


@given(frames())
def test_what_came_in_goes_in_again_unchanged(drawn):
    orders = cu.table(cu.Order, tz="Europe/London")
    good = orders.admit(drawn[0]).rows
    again = orders.admit(good)
    assert again.rows.equals(good)
    assert not again.rejected
    assert orders.require(good).equals(good)
    assert orders.problems(good) == ()
    assert orders.cast(good).equals(good)


@given(frames())
def test_trusted_rows_are_read_as_checked_ones_are(drawn):
    frame = drawn[0]
    orders = cu.table(cu.Order, tz="Europe/London")
    trusted = orders.cast(frame.with_row_index("place"))
    checked = orders.admit(frame.with_row_index("place"), unique=False).rows
    assert trusted.filter(pl.col("place").is_in(checked["place"].implode())).equals(checked)


@given(frames(most=6))
@example((pl.DataFrame(schema=dict.fromkeys(FORMS, pl.Null)), []))
def test_entities_go_to_a_frame_and_back(drawn):
    orders = cu.table(cu.Order, tz="Europe/London")
    good = orders.admit(drawn[0]).rows
    # Python's calendar ends with the year 9999, before that of polars.
    assume(good.filter(~pl.col("ordered_at").dt.year().is_between(1, 9999)).is_empty())
    made = orders.entities(good)
    assert [order.total for order in made] == good["total"].to_list()
    assert all(isinstance(order.total, Decimal) for order in made)
    assert [microseconds(order.ordered_at) for order in made] == (
        good["ordered_at"].to_physical().to_list()
    )
    again = orders.frame(made)
    ids = good.schema["order_id"], good.schema["customer_id"]
    if made:
        assert (again.schema["order_id"], again.schema["customer_id"]) == ids
        assert again.equals(good)
    else:
        assert again.height == 0
