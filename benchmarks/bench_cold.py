"""How long a first import and a first run take: seconds a user waits before anything is seen.

    python benchmarks/bench_cold.py [--rounds 7]

Each figure is a process of its own. Bytecode is written, as on a user's machine, even if the
environment says otherwise: the first round compiles it and is not counted. The main job runs on a
kernel cache that is empty, then on the one it has just filled.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _bench import machine, told

SOURCE = Path(__file__).parents[1] / "src"
NOTHING = "pass"


def environment(**more):
    """This environment, with the checkout on the path and bytecode written."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(SOURCE), **more}


def seconds(arguments, variables):
    """How long a Python process takes from its start to its end."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments], env=variables, check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - start


def imports(rounds):
    """Median seconds of importing each package, the interpreter's own start taken off."""
    variables = environment()
    codes = {
        "(nothing)": NOTHING,
        "polars": "import polars",
        "custseg": "import custseg",
        "custseg, every name": "import custseg; [getattr(custseg, name) for name in dir(custseg)]",
    }
    spent = {name: [] for name in codes}
    for count in range(rounds + 1):
        for name, code in codes.items():
            one = seconds(["-c", code], variables)
            if count:
                spent[name].append(one)
    medians = {name: statistics.median(each) for name, each in spent.items()}
    start = medians.pop("(nothing)")
    return {name: median - start for name, median in medians.items()}


def main_job(rounds):
    """Median seconds of the main job without arguments: no kernel cache, then a filled one."""
    cold, warm = [], []
    seconds(["-m", "custseg"], environment())  # bytecode
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as cache:
            variables = environment(NUMBA_CACHE_DIR=cache)
            cold.append(seconds(["-m", "custseg"], variables))
            warm.append(seconds(["-m", "custseg"], variables))
    return statistics.median(cold), statistics.median(warm)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(machine("numba", "polars"))
    spent = imports(options.rounds)
    told(
        [(name, f"{one:.3f}", f"{one / spent['polars']:.2f}") for name, one in spent.items()],
        ("import", "seconds", "of polars"),
    )
    cold, warm = main_job(options.rounds)
    told([("no kernel cache", f"{cold:.2f}"), ("filled", f"{warm:.2f}")], ("main job", "seconds"))


if __name__ == "__main__":
    main()
