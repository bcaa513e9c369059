"""ISO 8601 text: the kernel against its twin, on good texts and on almost good ones."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from custseg._kernels import iso as kernels
from custseg.schema import iso
from naive import door as naive

digits = st.sampled_from("0123456789")
days = st.dates().map(str) | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True)
clocks = st.from_regex(r"[0-2][0-9]:[0-6][0-9](:[0-6][0-9]([.,][0-9]{0,10})?)?", fullmatch=True)
zones = st.sampled_from(["", "Z", "z", "+01", "-0130", "+01:30", "+24", "+0160", "+1:300", "+"])
stamps = st.builds("{}{}{}{}".format, days, st.sampled_from("T tx"), clocks, zones)
texts = st.lists(days | stamps | st.text(max_size=30) | clocks | zones, max_size=8)


def read(function, listed):
    """Each text as the kernel reads it."""
    encoded = [text.encode() for text in listed]
    joined = np.frombuffer(b"".join(encoded), np.uint8)
    ends = np.cumsum([len(text) for text in encoded], dtype=np.int64)
    micros, ahead = np.empty(len(listed), np.int64), np.empty(len(listed), np.int64)
    forms = np.empty(len(listed), np.uint8)
    function(joined, ends, micros, ahead, forms)
    return list(zip(micros.tolist(), ahead.tolist(), forms.tolist(), strict=True))


@given(texts)
@example(["1900-02-29", "2000-02-29", "2024-02-29", "0000-01-01", "0001-01-01", "9999-12-31"])
@example(["2026-05-01T10:00:00.000000001", "2026-05-01T10:00:00.000001000Z", "2026-05-01 10:00-01"])
@example(["2026-05-01T10:00:00.", "2026-05-01T10:00:", "2026-05-01T10:00Z0", "2026-05-01T10:0٣"])
def test_the_kernel_its_python_original_and_the_twin_agree(listed):
    told = naive.iso_times(listed)
    original = getattr(kernels.iso_times, "py_func", kernels.iso_times)
    for function in (kernels.iso_times, original):
        assert read(function, listed) == told


def test_the_signs_are_those_of_the_kernel():
    signs = (kernels.UNREAD, kernels.TIME, kernels.DAY, kernels.FINER, kernels.NO_ZONE)
    assert signs == (naive.UNREAD, naive.STAMP, naive.DAY, naive.FINER, naive.NO_ZONE)


@pytest.mark.parametrize("few", [0, 1_000])
def test_texts_are_read_in_parts_and_nulls_are_unread(few, monkeypatch):
    monkeypatch.setattr(iso, "_FEW", few)
    monkeypatch.setattr(iso, "_AT_ONCE", 2)
    listed = ["2026-05-01", None, "2026-05-01T10:00:00,5+01:30", "é2026-05-01", ""]
    told = iso.iso_times(pl.Series(listed))
    assert told.micros.tolist() == [row[0] for row in naive.iso_times([t or "" for t in listed])]
    assert told.ahead[told.zoned].tolist() == [90]
    assert told.days.tolist() == [True, False, False, False, False]
    assert told.unread.tolist() == [False, True, False, True, True]
    assert iso.iso_times(pl.Series([], dtype=pl.String)).micros.size == 0
