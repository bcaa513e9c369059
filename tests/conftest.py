"""What every test may use: the hypothesis profiles and the shared data sets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[1]

# No deadline anywhere: the first example of a law may compile a kernel.
settings.register_profile("dev", max_examples=30, deadline=None)
settings.register_profile(
    "ci",
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("laws", max_examples=2_000, deadline=None, print_blob=True)
# Plain Python kernels are some hundred times slower: fewer examples cover the same branches.
settings.register_profile("plain", settings.get_profile("ci"), max_examples=10)


def pytest_addoption(parser):
    parser.addoption("--laws", action="store_true", help="try every law on 2,000 examples")


def pytest_configure(config):
    if config.getoption("--hypothesis-profile", default=None):
        return
    if config.getoption("--laws"):
        profile = "laws"
    elif os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":
        profile = "plain"
    else:
        profile = "ci" if os.environ.get("CI") else "dev"
    settings.load_profile(profile)


def pytest_collection_modifyitems(items):
    if os.environ.get("NUMBA_DISABLE_JIT", "0") == "0":
        return
    skip = pytest.mark.skip(reason="needs compiled kernels (NUMBA_DISABLE_JIT is set)")
    for item in items:
        if "compiled" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def shared():
    """The folder of real data sets, beside the checkout or where CUSTSEG_SHARED points."""
    folder = Path(os.environ.get("CUSTSEG_SHARED") or ROOT.parent / "shared") / "data"
    if not folder.is_dir():
        pytest.skip(f"no data sets: {folder} is absent (set CUSTSEG_SHARED to the folder above it)")
    return folder
