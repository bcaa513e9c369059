"""The door: good orders in memory, let in.

    python benchmarks/bench_door.py --rows 10_000_000 --rounds 5

Every row is good, so what is timed is the price of knowing it: with and without
a test of the keys, for the forms in which people have ids, money and times.
Medians of alternating rounds. The last table is the latency of a single row.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
import polars as pl
from _bench import alternating, growth, machine, told

import custseg as cu

START = 1_688_169_600_000_000
SPAN = 1_095 * 86_400_000_000


def sales(rows, *, ids="integers", money="floats", times="UTC", seed=7):
    """Good orders, ids and money and times in the forms asked for."""
    rng = np.random.default_rng(seed)
    who = pl.Series("customer_id", rng.integers(0, max(rows // 10, 1), rows))
    number = pl.Series("order_id", np.arange(rows))
    if ids == "text":
        who = ("C" + who.cast(pl.String)).alias("customer_id")
        number = ("S" + number.cast(pl.String)).alias("order_id")
    cents = pl.Series("total", rng.integers(0, 50_000, rows))
    total = cents / 100
    if money != "floats":
        total = total.cast(pl.Decimal(12, 2))
    if money == "text":
        total = total.cast(pl.String)
    zone = None if times == "local" else "UTC"
    at = pl.Series("ordered_at", START + rng.integers(0, SPAN, rows)).cast(pl.Datetime("us", zone))
    if times == "local":
        # An hour that the clock skips would be refused: nobody buys at night.
        at = _by_day(at)
    if times == "text":
        at = at.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return pl.DataFrame([number, who, at, total])


def _by_day(at):
    return pl.select(
        at.dt.truncate("1d") + pl.duration(hours=9, minutes=at.dt.minute())
    ).to_series()


FORMS = {
    "integer ids, float money, UTC": {},
    "text ids": {"ids": "text"},
    "decimal money": {"money": "decimals"},
    "text money": {"money": "text"},
    "local times of Europe/London": {"times": "local"},
    "ISO 8601 text times": {"times": "text"},
}


def latency(rows, count):
    """Median milliseconds of letting in one row, warm."""
    table = cu.table(cu.Order, currency="GBP", tz="Europe/London")
    spent = []
    for _ in range(count):
        start = time.perf_counter()
        table.admit(rows)
        spent.append(time.perf_counter() - start)
    return statistics.median(spent) * 1_000


def main():
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--rows", type=int, default=10_000_000)
    asked.add_argument("--rounds", type=int, default=5)
    given = asked.parse_args()
    print(machine("polars", "numba", "numpy"))
    table = cu.table(cu.Order, currency="GBP", tz="Europe/London")
    lines = []
    for name, form in FORMS.items():
        rows = sales(given.rows, **form)
        assert table.admit(rows).rows.height == given.rows, "every row is good"
        with growth() as peak:
            table.admit(rows)
        works = {
            "keys not tested": lambda rows=rows: table.admit(rows, unique=False),
            "keys tested": lambda rows=rows: table.admit(rows),
        }
        seconds = alternating(works, rounds=given.rounds)
        size = peak[0] / rows.estimated_size()
        lines.append([name, *(f"{spent:.3f}" for spent in seconds.values()), f"{size:.1f}"])
    print(f"\n{given.rows:,} good orders, medians of {given.rounds} rounds, seconds")
    told(lines, ["form", "unique=False", "unique=True", "memory / input"])
    print("\none row, warm, milliseconds")
    told(
        [[name, f"{latency(sales(1, **form), 300):.2f}"] for name, form in FORMS.items()],
        ["form", "admit"],
    )


if __name__ == "__main__":
    main()
