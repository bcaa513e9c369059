"""The shop that is segmented, the peers that segment it too, and what is said of both."""

from __future__ import annotations

import argparse
import gc
import statistics
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
from _bench import growth, machine, timed, told, with_threads

import custseg as cu

AS_OF = "2026-06-30"
_READ = ("customer_id", "ordered_at", "total")
# A peer that needs so much more than the best one is not asked again.
_HOPELESS = 2.0


def shop(orders, customers, kind, *, seed=7):
    """Orders over three years, in order of time, as a frame of the Order table."""
    rng = np.random.default_rng(seed)
    ids = np.arange(customers)
    if kind == "spread":
        ids = np.sort(rng.choice(7 * customers, customers, replace=False))
    keen = rng.gamma(1.2, size=customers)
    buyer = np.searchsorted(np.cumsum(keen / keen.sum()), rng.random(orders)).clip(
        max=customers - 1
    )
    start = np.datetime64("2023-07-01").astype("datetime64[us]").astype(np.int64)
    when = np.sort(rng.integers(0, 1_095 * 86_400_000_000, orders)) + start
    cents = (rng.gamma(1.5, 2_500, orders) + 99).astype(np.int64)
    named = pl.Series("customer_id", ids[buyer])
    if kind == "text":
        named = "C" + named.cast(pl.String).str.zfill(8)
    rows = pl.DataFrame(
        {
            "order_id": np.arange(orders),
            "customer_id": named,
            "ordered_at": pl.Series(when).cast(pl.Datetime("us", "UTC")),
            "total": pl.Series(cents).cast(pl.Float64) / 100,
        }
    )
    return cu.table(cu.Order).cast(rows)


def kept(options, kind="dense"):
    """The shop that the first process made: reading it leaves no other memory behind."""
    with Path(options.frames, f"{kind}.arrow").open("rb") as file:
        return pl.read_ipc(file)


def base_of(rows, **others):
    """A base that has measured nothing yet."""
    return cu.CustomerBase(orders=rows, **others).as_of(AS_OF)


def month_ends(months):
    """The last days of so many months, the as_of being the last."""
    last = np.datetime64(AS_OF, "M")
    first = last - months + 1
    days = [(month + 1).astype("datetime64[D]") - 1 for month in np.arange(first, last + 1)]
    return [str(day) for day in days]


def connected(threads, **frames):
    """DuckDB with frames of polars, through Arrow, under their names."""
    connection = duckdb.connect()
    connection.execute(
        f"set threads={threads}; set timezone='UTC'; set preserve_insertion_order=false"
    )
    for name, frame in frames.items():
        connection.register(name, frame.to_arrow())
    return connection


def duckdb_forms(rows, threads, queries):
    """DuckDB on the polars frame, and on a table of its own that is loaded beforehand.

    Args:
        rows: Orders.
        threads: How many it may use.
        queries: SQL by name, `{source}` where it reads the orders.
    """
    plain = rows.select("customer_id", pl.col("ordered_at").dt.replace_time_zone(None), "total")
    connection = connected(threads, frame=plain)
    connection.execute("create table native as select * from frame")

    def ask(query, source):
        return lambda: connection.sql(query.format(source=source)).to_arrow_table()

    return {
        f"{name}, {called}": ask(query, source)
        for name, query in queries.items()
        for called, source in (("own table", "native"), ("Arrow", "frame"))
    }


def polars_forms(query):
    """A query by either of polars' engines."""
    return {
        "polars, in memory": lambda: query.collect(engine="in-memory"),
        "polars, streaming": lambda: query.collect(engine="streaming"),
    }


def grown(work, rows):
    """What a call makes, and how much memory it took beside the three columns it reads."""
    gc.collect()
    inputs = sum(rows[name].estimated_size() for name in _READ)
    with growth() as peak:
        made = work()
    return made, f"{peak[0] / 1e6:.0f} MB, {peak[0] / inputs:.2f} of the three columns read"


def beside(part, works, rows, read, options):
    """The first work beside the others: equal before they are timed, each round in turn.

    Args:
        part: What they do.
        works: By name, ours first.
        rows: Orders.
        read: What makes labels comparable; `equals` tells whether they are.
        options: How many rounds.
    """
    name, *others = works
    made, memory = grown(works[name], rows)
    ours = read(made)
    del made
    once = {}
    for other in others:
        once[other], made = timed(works[other])
        if not read(made).equals(ours):
            raise SystemExit(f"{part}: {other} gives other labels than {name}")
        del made
    best = min(once.values())
    kept_on = [name, *(each for each in others if once[each] <= _HOPELESS * best)]
    seconds = {each: [] for each in kept_on}
    for _ in range(options.rounds):
        for each in kept_on:
            spent, made = timed(works[each])
            del made
            seconds[each].append(spent)
    medians = {each: statistics.median(spent) for each, spent in seconds.items()}
    best = min(medians[each] for each in kept_on[1:])
    print(f"\n{part}: {ours.height:,} customers, all labels equal; memory grew by {memory}")
    lines = [(each, f"{s:.3f}", f"{s / best:.2f}", options.rounds) for each, s in medians.items()]
    slow = [each for each in others if each not in medians]
    lines += [(each, f"{once[each]:.3f}", f"{once[each] / best:.2f}", 1) for each in slow]
    told(lines, ("", "seconds", "of the best peer", "rounds"))


def arguments(about, parts, **defaults):
    """The options that all of these scripts have; more are added by the caller."""
    parser = argparse.ArgumentParser(description=about.split("\n", 1)[0])
    parser.add_argument("--orders", type=int, default=10_000_000)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=defaults.get("rounds", 3))
    parser.add_argument("--parts", nargs="+", choices=parts, default=list(parts))
    parser.add_argument("--threads", type=int, nargs="+", default=defaults.get("threads", [2]))
    parser.add_argument("--date", default="", help="printed with the figures")
    parser.add_argument("--frames", help="where the orders are; made by the first process")
    return parser


def each_part(options, part, packages, *, kinds=("dense",)):
    """Every part in a process of its own, for each number of threads."""
    if options.frames:
        (name,), (options.threads,) = options.parts, options.threads
        part(name, options)
        return
    print(f"custseg {cu.__version__}", machine(*packages), options.date, sep=" · ", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for kind in kinds:
            made = shop(options.orders, options.customers, kind)
            made.write_ipc(Path(folder) / f"{kind}.arrow")
        del made
        for count in options.threads:
            print(f"\n== threads: {count} ==", flush=True)
            for name in options.parts:
                with_threads(count, "--parts", name, "--frames", folder)
