"""A year of points: the kernels, their slow twins, and whole runs, in one process.

    python benchmarks/bench_ledger.py --events 10_000_000 --members 1_000_000

The log is sorted by customer and time: four in five are orders, one in five asks
for points. Before anything is timed, kernel and twin settle the members of a
sample and must agree on every total and taking; of the whole program on every
entry. Entries are what a ledger posts: grants, granted requests, lapses. Medians of
`--rounds` calls; a tenth of the log tells how time grows with size.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
from _bench import alternating, growth, machine, timed, told
from attrs import evolve

from custseg._kernels import books, grants, lots
from custseg.base.customer_base import CustomerBase
from custseg.loyalty.earn import Earn
from custseg.loyalty.expiry import Expiry
from custseg.loyalty.program import Program
from custseg.model.nouns import Event, Order
from custseg.schema.table import table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from loyalty import bridge
from naive import lots as naive
from naive.points import replay

DAY = 86_400_000_000
START = 20_089  # 2025-01-01
DAYS = 730


def log(events, members, *, seed=7):
    """int64 arrays of a log sorted by member and time."""
    rng = np.random.default_rng(seed)
    member = np.sort(rng.integers(0, members, events))
    at = START * DAY + rng.integers(0, DAYS * DAY, events)
    at = at[np.lexsort((at, member))]
    rank = np.where(rng.random(events) < 0.2, lots.REDEEM, lots.ORDER).astype(np.int64)
    asked, earned = rng.integers(20, 120, events), rng.gamma(1.5, 40, events).astype(np.int64) + 1
    points = np.where(rank == lots.REDEEM, asked, earned)
    offsets = np.searchsorted(member, np.arange(members + 1)).astype(np.int64)
    return offsets, member, at, rank, points


def calendar(pending):
    """When points of each day open, and end: the month's end a year later, nearly."""
    days = np.arange(START, START + DAYS)
    return (days + pending) * DAY, ((days // 30 + 13) * 30) * DAY


def read_only(values):
    values.flags.writeable = False
    return values


def kernel_arguments(made, pending):
    offsets, _, at, rank, points = made
    nothing = np.zeros(at.size, np.int64)
    rows = (at, rank, points, nothing, nothing - 1, at // DAY - START)
    arrays = [[read_only(each) for each in group] for group in ([offsets], rows, calendar(pending))]
    limits = read_only(np.zeros(0, np.int64))
    return arrays[0][0], tuple(arrays[1]), tuple(arrays[2]), limits, (START + DAYS) * DAY, False


def folded(held, *, record):
    """Totals, refused and takings of the kernel, allocated as a run does."""
    members, events = held[0].size - 1, held[1][0].size
    room = (
        np.empty((members, lots.TOTALS), np.int64),
        np.zeros(events, np.int64),
        np.empty((events if record else 0, 3), np.int64),
        np.empty(members, np.int64),
        np.empty(int(np.diff(held[0]).max()) * lots.LOT, np.int64),
    )
    taken, left_over, _ = lots.fold_lots(*held, room)
    assert left_over == 0
    return room[0], room[1], room[2][:taken]


def entries(made, totals, refused, takings):
    """How many postings a ledger of this log has."""
    asked = made[3] == lots.REDEEM
    del totals
    return int((~asked).sum() + asked.sum() - (refused > 0).sum() + (takings[:, 0] < 0).sum())


def twin(made, pending, members):
    """Seconds the twin takes for the first members, and what it says of them."""
    offsets, _, at, rank, points = made
    opens, ends = calendar(pending)
    rows = [
        [
            (int(at[i]), int(rank[i]), int(points[i]), int(at[i] // DAY - START), 0, -1)
            for i in range(offsets[k], offsets[k + 1])
        ]
        for k in range(members)
    ]
    opens, ends = opens.tolist(), ends.tolist()
    return timed(
        lambda: naive.fold_lots(rows, opens, ends, (START + DAYS) * DAY, oldest_first=False)
    )


def checked(made, pending, members):
    """Events a second of the twin, after it and the kernel agreed."""
    seconds, (totals, refused, takings, _) = twin(made, pending, members)
    stop = made[0][members]
    cut = (made[0][: members + 1], made[1][:stop], *(each[:stop].copy() for each in made[2:]))
    ours = folded(kernel_arguments(cut, pending), record=True)
    assert [tuple(row) for row in ours[0].tolist()] == totals
    assert np.flatnonzero(ours[1]).tolist() == refused
    assert [tuple(row) for row in ours[2].tolist()] == takings
    return stop / seconds


def base_of(made):
    """The same log through the tables: orders in money, requests as events."""
    _, member, at, rank, points = made
    rows = pl.DataFrame({"customer_id": member, "rank": rank, "points": points}).with_columns(
        at=pl.Series(at).cast(pl.Datetime("us", "UTC")), id=pl.int_range(pl.len())
    )
    orders = rows.filter(pl.col("rank") == lots.ORDER).select(
        "customer_id", order_id="id", ordered_at="at", total="points"
    )
    events = rows.filter(pl.col("rank") == lots.REDEEM).select(
        "customer_id", "at", "points", event_id="id", kind=pl.lit("redeem")
    )
    return CustomerBase(orders=table(Order).cast(orders), events=table(Event).cast(events)).as_of(
        "2026-12-31"
    )


PROGRAM = Program(
    "Blue",
    earning=Earn.per("base", 1, per="1.00"),
    pending_days=14,
    expiry=Expiry.after(months=12, end_of="month"),
)


WHOLE = {
    "name": "Whole",
    "tz": "UTC",
    "earning": [
        {"form": "per", "name": "base", "points": "1", "per": "1.00"},
        {
            "form": "per",
            "name": "app",
            "points": "0.5",
            "per": "1.00",
            "when": [("channel", "=", "app")],
        },
        {"form": "flat", "name": "big", "points": "25", "when": [("total", ">=", 200)]},
        {
            "form": "flat",
            "name": "store",
            "points": "2",
            "when": [("channel", "=", "store")],
            "cap": {"points": 20, "per": "month"},
        },
        {"form": "flat", "name": "gold_bonus", "points": "5", "tiers": ["gold", "platinum"]},
        {
            "form": "flat",
            "name": "late",
            "points": "3",
            "when": [("total", "<", 20)],
            "cap": {"points": 9, "per": "day"},
        },
    ],
    "cap": {"points": 5_000, "per": "year"},
    "tiers": {
        "levels": {"member": "0", "silver": "300", "gold": "800", "platinum": "2000"},
        "by": "points",
        "window": {"months": 12},
        "review": "year",
        "keep": 1,
        "boost": {"silver": "1.25", "gold": "1.5", "platinum": "2"},
    },
    "pending_days": 14,
    "expiry": {"form": "after", "months": 12, "end_of": "month"},
}
"""Six rules, four tiers on a rolling year, caps, pending, month ends: as the twin takes it."""

FULL = bridge.program_of(WHOLE)


def whole_base(made, *, seed=11):
    """The log of `base_of` with channels, and 3 % refunds of the order before."""
    base = base_of(made)
    rng = np.random.default_rng(seed)
    orders = base.orders.with_columns(
        channel=pl.Series(np.array(["app", "store", "web"])[rng.integers(0, 3, base.orders.height)])
    )
    back = orders.filter(pl.Series(rng.random(orders.height) < 0.0375))
    refunds = back.select(
        "customer_id",
        at=pl.col("ordered_at") + pl.duration(days=9),
        kind=pl.lit("refund"),
        amount="total",
        refers_to="order_id",
        event_id=pl.col("order_id") + 10**9,
    )
    events = pl.concat([base.events, table(Event).cast(refunds)], how="diagonal_relaxed")
    events = events.sort("customer_id", "at", "event_id").select(base.events.columns)
    return CustomerBase(orders=orders, events=events).as_of("2026-12-31")


KERNELS = {"grants": (grants, "fold_grants"), "lots": (lots, "fold_lots")}
KERNELS["books"] = (books, "fold_books")


def kernels_alone(base, rounds):
    """Seconds of each kernel in a run of the whole program on one core, all parts together."""
    spent = {name: [] for name in KERNELS}

    def watched(name, kernel):
        def called(*given):
            start = time.thread_time()
            made = kernel(*given)
            spent[name].append(time.thread_time() - start)
            return made

        return called

    originals = {name: getattr(*place) for name, place in KERNELS.items()}
    seconds, threads = [], os.environ.get("CUSTSEG_THREADS")
    # What another core does takes from the memory and, on some machines, from this core.
    os.environ["CUSTSEG_THREADS"] = "1"
    for name, place in KERNELS.items():
        setattr(*place, watched(name, originals[name]))
    try:
        for _ in range(rounds + 1):
            FULL.run(base, entries=False)
            seconds.append({name: sum(calls) for name, calls in spent.items()})
            for calls in spent.values():
                calls.clear()
    finally:
        for name, place in KERNELS.items():
            setattr(*place, originals[name])
        os.environ.pop("CUSTSEG_THREADS")
        if threads is not None:
            os.environ["CUSTSEG_THREADS"] = threads
    # The first call loads what was compiled.
    return {name: statistics.median(each[name] for each in seconds[1:]) for name in KERNELS}


def whole_twin(base, members):
    """Events a second of the twin of the whole program, after it and the engine agreed."""
    few = {
        name: getattr(base, name).filter(pl.col("customer_id") < members)
        for name in ("orders", "events")
    }
    named = {"order_id": "id", "event_id": "id", "customer_id": "customer", "ordered_at": "at"}
    logs = {name: frame.rename(named, strict=False).to_dicts() for name, frame in few.items()}
    as_of = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=base.when.instant)
    seconds, outcome = timed(lambda: replay(WHOLE, logs, as_of))
    ledger = FULL.run(CustomerBase(**few).as_of(base.day))
    assert bridge.differences(outcome, ledger) == {}
    return sum(map(len, logs.values())) / seconds


def whole(made, rounds, sample):
    """The whole program: kernels alone, and frames to ledger."""
    base = whole_base(made)
    size = base.orders.estimated_size() + base.events.estimated_size()
    slow = whole_twin(base, sample)
    count, seconds = base.orders.height + base.events.height, kernels_alone(base, rounds)
    both = sum(seconds.values())

    def line(what, spent, memory=""):
        rate = count / spent
        return what, f"{spent:.3f}", f"{rate / 1e6:.1f}", f"{rate / slow:,.0f}x", memory

    # No member of this log needs the books: all refunds find their points in their own lots.
    rows = [line(f"kernel of {name}", spent) for name, spent in seconds.items() if spent]
    rows.append(line("kernels together", both))
    mixed = shuffled(base)
    works = {
        "run, balances only": lambda: FULL.run(base, entries=False).balances(),
        "run, with entries": lambda: FULL.run(base).entries,
        "run, balances only, unsorted": lambda: FULL.run(mixed, entries=False).balances(),
    }
    spent = alternating(works, rounds=rounds)
    for what, work in works.items():
        with growth() as grown:
            kept = work()
        del kept
        rows.append(line(what, spent[what], f"{grown[0] / size:.2f}x"))
    rows.append(("slow twin", "", f"{slow / 1e6:.4f}", "1x", ""))
    print()
    told(rows, ["whole program", "seconds", "M events/s", "to the twin", "memory / input"])
    return spent["run, balances only"]


def grown_tenfold(asked, seconds):
    """How much longer the whole program takes than for a tenth of the log."""
    tenth = whole_base(log(asked.events // 10, asked.members // 10))
    name = "run, balances only"
    spent = alternating(
        {name: lambda: FULL.run(tenth, entries=False).balances()}, rounds=asked.rounds
    )[name]
    print(
        f"\nten times the log takes {seconds / spent:.1f} times as long "
        f"({spent:.3f} s for {asked.events // 10:,} events)"
    )


def compared(made, rounds):
    """Two programs over one log beside one of them."""
    base = whole_base(made)
    other = evolve(FULL, version=2, pending_days=30)
    works = {
        "run": lambda: FULL.run(base, entries=False).balances(),
        "compare": lambda: FULL.compare(other, base),
    }
    spent = alternating(works, rounds=rounds)
    ratio = spent["compare"] / spent["run"]
    print(f"\ncompare of two programs: {spent['compare']:.2f} s, {ratio:.2f} of one run")


def small(calls=200):
    """One member of a hundred events, and one order quoted in the middle of a ledger."""
    one, many = whole_base(log(100, 1)), FULL.run(whole_base(log(20_000, 2_000)))
    late = dt.datetime(2027, 1, 2, tzinfo=dt.UTC)
    order = Order(order_id=10**10, customer_id=1_000, ordered_at=late, total=33)
    works = {
        "run": lambda: FULL.run(one),
        "run, balances": lambda: FULL.run(one).balances(),
        "run, entries": lambda: FULL.run(one).entries,
        "quote": lambda: FULL.quote(order, many),
    }
    rows = [(what, f"{1e3 * s:.2f}") for what, s in alternating(works, rounds=calls).items()]
    print()
    told(rows, ["one member of a hundred events", "ms"])


def shuffled(base):
    """The same base with its rows in no order."""
    frames = {
        name: getattr(base, name).sample(fraction=1, shuffle=True, seed=1)
        for name in ("orders", "events")
    }
    return CustomerBase(**frames).as_of(base.day)


def programs(asked, made):
    """All that is told of the whole program."""
    grown_tenfold(asked, whole(made, asked.rounds, asked.sample // 10))
    compared(log(asked.events // 5, asked.members // 5), asked.rounds)
    small()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--members", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only-whole", action="store_true", help="the whole program alone")
    parser.add_argument("--sample", type=int, default=5_000, help="members for the slow twin")
    asked = parser.parse_args()
    print(machine("numpy", "numba", "polars"))
    print(
        f"{asked.events:,} events, {asked.members:,} members, sorted, medians of {asked.rounds}\n"
    )
    made = log(asked.events, asked.members)
    if asked.only_whole:
        programs(asked, made)
        return
    rows = []
    for pending in (0, 14):
        slow = checked(made, pending, min(asked.sample, asked.members))
        held = kernel_arguments(made, pending)
        totals, refused, takings = folded(held, record=True)
        posted = entries(made, totals, refused, takings)
        del totals, refused, takings
        seconds = alternating(
            {
                False: lambda held=held: folded(held, record=False),
                True: lambda held=held: folded(held, record=True),
            },
            rounds=asked.rounds,
        )
        for record, spent in seconds.items():
            what = f"kernel, pending {pending:>2} days, {'with' if record else 'without'} takings"
            rate = asked.events / spent
            rows.append(
                (what, f"{posted / spent / 1e6:.1f}", f"{rate / 1e6:.1f}", f"{rate / slow:,.0f}x")
            )
        rows.append((f"slow twin, pending {pending:>2} days", "", f"{slow / 1e6:.3f}", "1x"))
    told(rows, ["one core", "M entries/s", "M events/s", "to the twin"])
    base = base_of(made)
    size = base.orders.estimated_size() + base.events.estimated_size()
    mixed = shuffled(base)
    works = {
        "run, balances only": lambda: PROGRAM.run(base, entries=False).balances(),
        "run, with entries": lambda: PROGRAM.run(base).entries,
        "run, balances only, unsorted": lambda: PROGRAM.run(mixed, entries=False).balances(),
    }
    seconds = alternating(works, rounds=asked.rounds)
    rows = []
    for what, work in works.items():
        with growth() as grown:
            kept = work()
        del kept
        rate = asked.events / seconds[what] / 1e6
        rows.append((what, f"{seconds[what]:.2f}", f"{rate:.1f}", f"{grown[0] / size:.2f}x"))
    print()
    told(rows, ["frames to ledger", "seconds", "M events/s", "memory / input"])
    programs(asked, made)


if __name__ == "__main__":
    main()
