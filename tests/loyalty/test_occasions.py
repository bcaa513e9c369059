from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from custseg.loyalty.occasions import occasions

DAYS = st.dates(dt.date(1980, 1, 1), dt.date(2030, 12, 31)) | st.sampled_from(
    [dt.date(1992, 2, 29), dt.date(2024, 2, 29), dt.date(2023, 12, 31)]
)
CARE = (
    cu.Birthday(points=100),
    cu.Anniversary(of="joined_at", points=50),
    cu.Holiday("leap", month=2, day=29, points=3),
    cu.Holiday("new_year", days=["2024-02-10", "2025-01-29"], points=88),
)


def is_occasion(day, own):
    """Whether a day is somebody's: the same day of a later year, 28 for 29 February."""
    if own is None or day.year <= own.year:
        return False
    leap = day.year % 4 == 0
    same = (28 if (own.month, own.day) == (2, 29) and not leap else own.day, own.month)
    return (day.day, day.month) == same


@given(
    st.lists(
        st.tuples(
            st.none() | DAYS,
            st.none() | st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2030, 1, 1)),
        ),
        max_size=4,
    ),
    DAYS,
    st.integers(0, 800),
    st.sampled_from(["UTC", "America/New_York"]),
)
def test_occasions_are_the_days_that_walking_the_calendar_finds(people, first, length, tz):
    customers = pl.DataFrame(
        {
            "customer_id": range(len(people)),
            "birth_date": [born for born, _ in people],
            "joined_at": [None if at is None else at.replace(tzinfo=dt.UTC) for _, at in people],
        },
        schema={
            "customer_id": pl.Int64,
            "birth_date": pl.Date,
            "joined_at": pl.Datetime("us", "UTC"),
        },
    )
    last = first + dt.timedelta(days=length)
    found = occasions(CARE, customers, tz, first, last)
    walked = set()
    for number in range(length + 1):
        day = first + dt.timedelta(days=number)
        leap = dt.date(day.year, 2, 29 if day.year % 4 == 0 else 28)
        for one, (born, joined) in enumerate(people):
            local = joined and joined.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(tz)).date()
            held = {
                "birthday": is_occasion(day, born),
                "anniversary": is_occasion(day, local),
                "leap": day == leap,
                "new_year": str(day) in ("2024-02-10", "2025-01-29"),
            }
            walked |= {(one, day, name) for name, due in held.items() if due}
    assert found.height == len(walked)
    assert set(found.select("customer_id", "on", "care").rows()) == walked
    assert found.height == found.unique(["customer_id", "care", "of"]).height


def base(**columns):
    customers = cu.table(cu.Customer).require(pl.DataFrame({"customer_id": [1, 2], **columns}))
    orders = cu.table(cu.Order).require(
        pl.DataFrame(
            {"order_id": [1], "customer_id": [1], "ordered_at": ["2026-01-01"], "total": [1]}
        )
    )
    return cu.CustomerBase(orders=orders, customers=customers)


def test_who_joins_later_has_no_occasion_before():
    shop = base(joined_at=["2026-01-01", "2026-11-12"]).as_of("2026-12-31")
    program = cu.Program("x", care=cu.Holiday("singles_day", month=11, day=11, points=111))
    due = program.care_due(shop, cu.During("2026-11-01", "2026-11-30"))
    assert due.rows() == [(1, dt.date(2026, 11, 11), "singles_day", 111)]


def test_care_lies_ahead_too():
    shop = base(birth_date=["1992-02-29", None]).as_of("2026-01-01")
    program = cu.Program("x", care=cu.Birthday(points=10))
    due = program.care_due(shop, cu.During("2027-01-01", "2028-12-31"))
    assert due["on"].to_list() == [dt.date(2027, 2, 28), dt.date(2028, 2, 29)]


def test_care_that_reads_what_is_not_there_is_refused():
    program = cu.Program(
        "x",
        care=(
            cu.Anniversary(of="wedding", points=1),
            cu.Anniversary(of="region", points=1, name="r"),
        ),
    )
    with pytest.raises(cu.LedgerError) as raised:
        program.care_due(base(), cu.During("2026-01-01", "2026-12-31"))
    told = [problem.what for problem in raised.value.problems]
    assert told == [
        "'anniversary' reads 'wedding', which customers do not have",
        "'r' reads 'region', which is String and no day",
    ]
    with pytest.raises(cu.LedgerError, match="is no period"):
        program.care_due(base(), "2026")
