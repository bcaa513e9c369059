"""The grammar of measure names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from custseg.model.measure_name import WHOLE, WINDOWED, looks_like_measure

WINDOWS = st.integers(1, 99_999).flatmap(
    lambda length: st.sampled_from([f"{length}d", f"{length}m"])
) | st.integers(1_000, 9_999).map(str)
KINDS = st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True)
BASES = st.sampled_from(WINDOWED) | KINDS.map("events_{}".format)


@given(BASES, st.none() | WINDOWS)
def test_a_name_is_its_base_and_its_window_and_back(base, window):
    text = base if window is None else f"{base}_{window}"
    name = cu.MeasureName.parse(text)
    assert (name.base, name.window) == (base, window or "")
    assert str(name) == text
    length, unit = (window[:-1], window[-1]) if window and window[-1] in "dm" else (window, "y")
    assert (name.length, name.unit) == ((int(length), unit) if window else (0, ""))
    assert not looks_like_measure(text)


@given(st.sampled_from(WHOLE), WINDOWS)
def test_an_age_has_no_window(base, window):
    assert cu.MeasureName.parse(base) == cu.MeasureName(base)
    assert cu.MeasureName.parse(f"{base}_{window}") is None
    assert looks_like_measure(f"{base}_{window}")


def test_the_last_suffix_that_is_a_window_is_the_window():
    name = cu.MeasureName.parse("events_care_30d_12m")
    assert (name.base, name.window) == ("events_care_30d", "12m")
    assert cu.MeasureName.parse("orders_30d_12m") is None


@pytest.mark.parametrize(
    "text",
    "spend_0d spend_3d65 spend_ spend_d spend_123456d spend_0999 spend_12y"
    " events_ events_2026 spendd sped order recency_day".split(),
)
def test_what_was_meant_as_a_measure_but_is_none_is_known(text):
    assert cu.MeasureName.parse(text) is None
    assert looks_like_measure(text)


@pytest.mark.parametrize("text", ["region", "app_share", "", "spnd_365d", "total", "my_orders"])
def test_other_names_are_no_measures_and_do_not_look_like_one(text):
    assert cu.MeasureName.parse(text) is None
    assert not looks_like_measure(text)
