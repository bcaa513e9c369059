"""Windows are lengths, Durings are periods."""

from __future__ import annotations

import calendar
import datetime as dt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import custseg as cu
from custseg.model.window import months_later


@given(st.dates(), st.integers(-30_000, 30_000))
@example(dt.date(2024, 1, 31), 1)
@example(dt.date(2024, 2, 29), 12)
def test_a_month_is_a_calendar_month_clamped_at_its_end(day, months):
    later = months_later(day, months)
    ahead = (later.year - day.year) * 12 + later.month - day.month
    if later in {dt.date.min, dt.date.max}:
        assert abs(ahead) <= abs(months)
        return
    assert ahead == months
    last = calendar.monthrange(later.year, later.month)[1]
    assert later.day == min(day.day, last)


@given(st.dates(), st.integers(1, 10**7))
def test_a_window_of_days_counts_days(day, days):
    before = cu.Window(days=days).before(day)
    assert before == dt.date.min or (day - before).days == days


def test_a_window_ends_where_the_calendar_does():
    assert cu.Window(months=99_999).before(dt.date(2026, 5, 1)) == dt.date.min
    assert months_later(dt.date(2026, 5, 1), 99_999) == dt.date.max


def test_windows_read_as_they_are_declared():
    assert [repr(cu.Window(days=90)), cu.Window(days=90).suffix] == ["Window(days=90)", "90d"]
    assert [repr(cu.Window(months=12)), cu.Window(months=12).suffix] == ["Window(months=12)", "12m"]
    assert cu.Window(days=90) == cu.Window(days=90) != cu.Window(months=3)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {},
            (
                "a window has days or months, got days=None, months=None\n  where: Window\n"
                "  fix:   write Window(days=90) or Window(months=12)"
            ),
        ),
        (
            {"days": 1, "months": 1},
            (
                "a window has days or months, got days=1, months=1\n  where: Window\n"
                "  fix:   write Window(days=90) or Window(months=12)"
            ),
        ),
        *(
            (
                {unit: length},
                (
                    f"a window needs a whole positive length, got {unit}={length!r}\n"
                    f"  where: Window\n  fix:   write Window({unit}=12)"
                ),
            )
            for unit, length in (("days", 0), ("months", -1), ("days", 1.5), ("months", True))
        ),
    ],
)
def test_a_window_without_a_length_is_refused(given, told):
    with pytest.raises(cu.SchemaError) as caught:
        cu.Window(**given)
    assert str(caught.value) == told


@given(st.dates(), st.dates(), st.dates())
def test_a_period_holds_both_its_ends(first, last, day):
    if last < first:
        with pytest.raises(cu.SchemaError) as caught:
            cu.During(first, last)
        assert str(caught.value) == (
            f"the period ends on {last}, before it starts on {first}\n"
            "  where: During\n  fix:   swap the two days"
        )
        return
    period = cu.During(first, str(last))
    assert period == cu.During(str(first), last)
    assert first in period
    assert last in period
    assert (day in period) == (first <= day <= last)
    assert period.days == len(range(first.toordinal(), last.toordinal() + 1))
    assert eval(repr(period), {"During": cu.During}) == period


def test_days_that_are_none_are_told_together():
    with pytest.raises(cu.SchemaError) as caught:
        cu.During("1.6.2026", dt.datetime(2026, 8, 31))
    assert str(caught.value) == (
        "2 things are wrong\n"
        "'1.6.2026' is not a day\n"
        "  where: During.first\n"
        '  fix:   write a date or "2026-06-01"\n'
        "datetime.datetime(2026, 8, 31, 0, 0) is not a day\n"
        "  where: During.last\n"
        '  fix:   write a date or "2026-06-01"'
    )
