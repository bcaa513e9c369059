"""What every benchmark needs: alternating rounds, peak memory, and a line about the machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def machine(*packages):
    """Processor, cores, Python and versions of installed packages, on one line."""
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor() or platform.machine()
    versions = [f"{each} {importlib.metadata.version(each)}" for each in packages]
    python = f"Python {platform.python_version()}"
    return " · ".join(
        [f"{processor}, {os.cpu_count()} cores", platform.system(), python, *versions]
    )


def timed(work):
    """Seconds that one call takes, and what it returns."""
    start = time.perf_counter()
    made = work()
    return time.perf_counter() - start, made


def alternating(works, *, rounds):
    """The median seconds of each work, a call of each in every round.

    Alternation spreads the noise of a shared machine over all of them alike.
    The first of each is not counted: it compiles and warms.
    """
    seconds = {name: [] for name in works}
    for count in range(rounds + 1):
        for name, work in works.items():
            spent, made = timed(work)
            del made
            if count:
                seconds[name].append(spent)
    return {name: statistics.median(all_) for name, all_ in seconds.items()}


def resident():
    """Bytes of memory that this process holds now (Linux)."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE


@contextmanager
def growth():
    """How far memory rises above where it stood: `[0]` of what is yielded, in bytes.

    The kernel keeps the peak where it lets us reset it; else it is sampled.
    """
    peak, before = [0], resident()
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        with _sampled(peak, before):
            yield peak
        return
    yield peak
    peak[0] = _high_water() - before


def _high_water():
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


@contextmanager
def _sampled(peak, before):
    done = threading.Event()

    def look():
        while not done.wait(0.001):
            peak[0] = max(peak[0], resident() - before)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def with_threads(count, *options):
    """Run this very command again with more options and so many threads everywhere.

    polars sizes its pool when it is imported, so threads need a process each;
    memory is seen to grow only in one that has not yet grown.
    """
    variables = ("POLARS_MAX_THREADS", "CUSTSEG_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(variables, str(count))}
    again = [sys.executable, *sys.argv, "--threads", str(count), *map(str, options)]
    subprocess.run(again, env=environment, check=True)


def told(rows, head):
    """Print rows as a table that lines up; all but the first column are numbers."""
    lines = [head, *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    for first, *rest in lines:
        numbers = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        print("  ".join([first.ljust(widths[0]), *numbers]).rstrip())
