"""Days, hours and instants of a simulated shop."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from custseg.datasets.almanac import Almanac

ZONES = ("Europe/Paris", "UTC", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu")


def generator(seed=0):
    return np.random.Generator(np.random.PCG64(seed))


@given(
    first=st.dates(dt.date(2001, 1, 1), dt.date(2030, 1, 1)),
    days=st.integers(1, 60),
    tz=st.sampled_from(ZONES),
    in_store=st.booleans(),
    seed=st.integers(0, 1_000),
)
def test_an_instant_lies_on_its_local_day(first, days, tz, in_store, seed):
    almanac = Almanac.of(first, days, tz, generator(seed))
    day = np.arange(days)
    for number, instant in zip(
        day, almanac.instants(generator(seed), day, in_store=in_store), strict=True
    ):
        local = dt.datetime.fromtimestamp(int(instant), ZoneInfo(tz))
        assert local.date() == first + dt.timedelta(days=int(number))
        assert not in_store or 9 <= local.hour < 20


def test_a_quarter_that_the_clock_skips_begins_an_hour_later():
    almanac = Almanac.of(dt.date(2024, 3, 31), 1, "Europe/Paris", generator())
    quarter = [
        dt.datetime.fromtimestamp(int(at), ZoneInfo("Europe/Paris")) for at in almanac.begins
    ]
    assert [f"{at:%H:%M}" for at in quarter[7:13]] == [
        "01:45",
        "03:00",
        "03:15",
        "03:30",
        "03:45",
        "03:00",
    ]


def test_a_quarter_that_the_clock_repeats_is_the_first_of_the_two():
    almanac = Almanac.of(dt.date(2024, 10, 27), 1, "Europe/Paris", generator())
    assert list(np.diff(almanac.begins[8:14])) == [900, 900, 900, 4_500, 900]


def test_a_day_of_the_clock_change_is_as_long_as_it_is():
    spring = Almanac.of(dt.date(2024, 3, 31), 1, "Europe/Paris", generator())
    autumn = Almanac.of(dt.date(2024, 10, 27), 1, "Europe/Paris", generator())
    assert (spring.end - spring.start, autumn.end - autumn.start) == (23 * 3_600, 25 * 3_600)


def test_a_day_that_never_was_is_lived_by_the_clock_of_the_day_before():
    almanac = Almanac.of(dt.date(2011, 12, 30), 1, "Pacific/Apia", generator())
    start = dt.datetime.fromtimestamp(almanac.start, ZoneInfo("Pacific/Apia"))
    assert start == dt.datetime(2011, 12, 31, tzinfo=ZoneInfo("Pacific/Apia"))


@given(days=st.integers(1, 800), seed=st.integers(0, 1_000))
def test_a_position_is_on_the_day_that_it_falls_on(days, seed):
    almanac = Almanac.of(dt.date(2024, 1, 1), days, "UTC", generator(seed))
    middles = (almanac.elapsed[1:] + almanac.elapsed[:-1]) / 2
    assert np.array_equal(almanac.day_at(middles), np.arange(days))
    assert almanac.elapsed[-1] == days
    assert np.all(np.diff(almanac.elapsed) > 0)
    assert almanac.day_at(np.array([float(days)])) == [days - 1]
