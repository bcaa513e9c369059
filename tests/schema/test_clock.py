"""Clocks of zones: kernels against their twins, tables against zoneinfo."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import custseg as cu
from custseg._kernels import clock as kernels
from custseg.schema import clock as clocks
from naive import clock as naive

HOUR = 3_600_000_000
ZONES = [
    "UTC",
    "Europe/London",
    "Europe/Dublin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Kathmandu",
    "Asia/Shanghai",
    "Africa/Monrovia",
    "Australia/Lord_Howe",
    "Pacific/Apia",
]


def fixed(values):
    made = np.array(values, np.int64)
    made.flags.writeable = False
    return made


def plain(function):
    return getattr(function, "py_func", function)


@st.composite
def tables(draw):
    """Offsets up to a day, at least three days apart: local times keep their order."""
    count = draw(st.integers(1, 6))
    gaps = draw(st.lists(st.integers(72, 900), min_size=count, max_size=count))
    hours = draw(st.lists(st.integers(-24, 24), min_size=count, max_size=count))
    return [int(at) for at in np.cumsum(gaps) * 2], [hour * 2 for hour in hours]


@given(tables(), st.lists(st.integers(-200, 11_000), max_size=40))
@example(([0], [5]), [])
@example(([144, 288], [0, 2]), [287, 288, 289, 290, 291, 143, 0])
@example(([144, 288], [2, 0]), [287, 288, 289, 290, 291, 290, 287])
def test_kernels_their_python_originals_and_the_twins_agree(table, times):
    since, offsets = table
    told = naive.to_local(times, since, offsets), naive.from_local(times, since, offsets)
    arrays = fixed(times), fixed(since), fixed(offsets)
    for made in (lambda kernel: kernel, plain):
        assert made(kernels.to_local)(*arrays).tolist() == told[0]
        assert made(kernels.from_local)(*arrays).tolist() == told[1]


def test_the_sign_for_skipped_is_the_kernels():
    assert clocks.SKIPPED == kernels.SKIPPED == naive.SKIPPED


INSTANTS = st.datetimes(dt.datetime(1850, 1, 1), dt.datetime(2099, 12, 30)).map(
    lambda at: naive.microseconds(at.replace(tzinfo=dt.UTC))
)
# Half hours around the changes of a few years, where all the trouble is.
CHANGES = st.tuples(
    st.integers(2007, 2024), st.sampled_from([3, 4, 10, 11, 12]), st.integers(0, 31 * 48)
).map(lambda at: naive.microseconds(dt.datetime(*at[:2], 1, tzinfo=dt.UTC)) + at[2] * HOUR // 2)


@given(st.sampled_from(ZONES), st.lists(INSTANTS | CHANGES, min_size=1, max_size=30))
def test_local_times_are_those_of_zoneinfo(tz, instants):
    told = clocks.clock(tz, min(instants), max(instants))
    assert told.local(fixed(instants)).tolist() == [naive.zone_local(at, tz) for at in instants]
    days = [naive.zone_local(at, tz) // clocks.DAY for at in instants]
    assert told.days(fixed(instants)).tolist() == days
    assert [told.day(at) for at in instants] == days


@given(st.sampled_from(ZONES), st.lists(INSTANTS | CHANGES, min_size=1, max_size=30))
def test_instants_of_local_times_are_those_of_zoneinfo(tz, local):
    told = clocks.clock(tz, min(local) - clocks.DAY, max(local) + clocks.DAY)
    assert told.instants(fixed(local)).tolist() == [naive.zone_instant(at, tz) for at in local]


@given(st.sampled_from(ZONES), st.dates(dt.date(1900, 1, 3), dt.date(2099, 12, 29)))
@example("America/Sao_Paulo", dt.date(2018, 11, 4))
@example("America/Havana", dt.date(2019, 3, 10))
@example("America/Havana", dt.date(2019, 11, 3))
@example("Pacific/Apia", dt.date(2011, 12, 31))
def test_a_local_day_starts_at_its_first_instant(tz, day):
    number = clocks.day_number(day)
    told = clocks.clock(tz, (number - 1) * clocks.DAY, (number + 1) * clocks.DAY)
    assert told.day_start(number) == naive.zone_day_start(day, tz)


def test_far_years_have_the_last_offset_known():
    tz = "Europe/London"
    far = naive.microseconds(dt.datetime(9000, 7, 1, tzinfo=dt.UTC))
    assert clocks.clock(tz, far, far).local(fixed([far])).tolist() == [far]


def test_numbers_of_days_and_microseconds_go_there_and_back():
    at = dt.datetime(2026, 5, 1, 10, tzinfo=dt.UTC)
    assert clocks.instant_of(clocks.epoch_us(at)) == at
    assert clocks.day_number(dt.date(1970, 1, 2)) == 1


@pytest.mark.parametrize("tz", ["Europe/Lndon", "", None, ["UTC"]])
def test_an_unknown_zone_is_an_error(tz):
    with pytest.raises(cu.SchemaError) as caught:
        clocks.clock(tz)
    assert str(caught.value) == (
        f'{tz!r} is not a time zone\n  where: tz\n  fix:   write a name like "Europe/London"'
    )


def test_rules_see_instants_as_naive_local_times():
    at = [dt.datetime(2026, 3, 29, 0, 30, tzinfo=dt.UTC), None]
    rows = pl.DataFrame(
        {"at": at, "gone": pl.Series([None, None], dtype=pl.Datetime("us", "UTC")), "n": [1, 2]}
    )
    shown = clocks.local_times(rows, "Europe/Athens")
    assert shown["at"].to_list() == [dt.datetime(2026, 3, 29, 2, 30), None]
    assert shown["gone"].to_list() == [None, None]
    assert shown["gone"].dtype == pl.Datetime("us")
    assert clocks.local_times(rows, "Europe/Athens", ["n"]).equals(rows)
    whole = clocks.local_times(rows.head(1), "UTC", ["at"])
    assert whole["at"].to_list() == [dt.datetime(2026, 3, 29, 0, 30)]
