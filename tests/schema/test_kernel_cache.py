"""Kernels compile also where nothing can be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from custseg._kernels import _jit

SRC = Path(_jit.__file__).parents[2]


def test_without_a_place_for_the_cache_a_kernel_compiles_in_memory(monkeypatch):
    asked = []
    real = numba.njit

    def njit(*args, **options):
        asked.append(options)
        if options.get("cache"):
            raise RuntimeError("cannot cache function 'one': no locator available")
        return real(*args, **options)

    monkeypatch.setattr(_jit.numba, "njit", njit)

    def one(x):
        return x + 1

    assert _jit.kernel(one)(1) == 2
    assert [bool(options.get("cache")) for options in asked] == [True, False]
    assert all(options["nogil"] and options["error_model"] == "numpy" for options in asked)


@pytest.mark.compiled
@pytest.mark.parametrize("locators", ["all", "none"])
def test_a_read_only_file_system_stops_no_one(tmp_path, locators):
    # A file where a directory should be: not even root can write below it.
    barred = tmp_path / "file"
    barred.touch()
    code = f"""
import numba.core.caching as caching
import os
if {locators!r} == "none":
    # Every place that numba knows, the user's own among them, refuses.
    for locator in caching.CacheImpl._locator_classes:
        def refuse(self):
            raise OSError(30, "Read-only file system")
        locator.ensure_cache_path = refuse
import numpy as np
from custseg._kernels.money import smallest_units
values = np.array([1.5])
values.flags.writeable = False
units, status = smallest_units(values, 100, 10**18, 8 * 2.0**-52)
assert units.tolist() == [150] and status.tolist() == [0]
cached = type(smallest_units._cache).__name__
assert cached == ("NullCache" if {locators!r} == "none" else "FunctionCache"), cached
"""
    home = {"HOME": str(barred / "home"), "XDG_CACHE_HOME": str(barred / "cache")}
    if locators == "none":
        home["NUMBA_CACHE_DIR"] = str(barred / "numba")
    else:
        home["NUMBA_CACHE_DIR"] = str(tmp_path / "numba")
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **home, "PYTHONPATH": str(SRC), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
