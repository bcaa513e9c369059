"""A year of points: the lot kernel, its slow twin, and whole runs, in one process.

    python benchmarks/bench_ledger.py --events 10_000_000 --members 1_000_000

The log is sorted by customer and time: four in five are orders, one in five asks
for points. Before anything is timed, kernel and twin settle the members of a
sample and must agree on every total and taking. Entries are what a ledger posts:
grants, granted requests, lapses. Medians of `--rounds` calls.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

import numpy as np
import polars as pl
from _bench import alternating, growth, machine, timed, told

from custseg._kernels import books, grants, lots
from custseg.base.customer_base import CustomerBase
from custseg.loyalty import settlement
from custseg.loyalty.cap import Cap
from custseg.loyalty.earn import Earn
from custseg.loyalty.expiry import Expiry
from custseg.loyalty.ladder import Ladder
from custseg.loyalty.logs import admitted
from custseg.loyalty.plan import plan_of
from custseg.loyalty.program import Program
from custseg.model.nouns import Event, Order
from custseg.model.window import Window
from custseg.schema.table import table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from naive import lots as naive

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


def kernel_arguments(made, pending):
    offsets, _, at, rank, points = made
    opens, ends = calendar(pending)
    arrays = [offsets, at, rank, points, at // DAY - START, opens, ends]
    for each in arrays:
        each.flags.writeable = False
    return (*arrays, (START + DAYS) * DAY, False)


def folded(held, *, record):
    """Totals, refused and takings of the kernel, allocated as a run does."""
    members, events = held[0].size - 1, held[1].size
    room = (
        np.empty((members, lots.TOTALS), np.int64),
        np.zeros(events, np.bool_),
        np.empty((events if record else 0, 3), np.int64),
    )
    taken, _ = lots.fold_lots(*held, room)
    return room[0], room[1], room[2][:taken]


def entries(made, totals, refused, takings):
    """How many postings a ledger of this log has."""
    asked = made[3] == lots.REDEEM
    del totals
    return int((~asked).sum() + asked.sum() - refused.sum() + (takings[:, 0] < 0).sum())


def twin(made, pending, members):
    """Seconds the twin takes for the first members, and what it says of them."""
    offsets, _, at, rank, points = made
    opens, ends = calendar(pending)
    rows = [
        [
            (int(at[i]), int(rank[i]), int(points[i]), int(at[i] // DAY - START))
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
    seconds, (totals, refused, takings) = twin(made, pending, members)
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


FULL = Program(
    "Whole",
    earning=(
        Earn.per("base", 1, per="1.00"),
        Earn.per("app", "0.5", per="1.00", when="channel = 'app'"),
        Earn.flat("big", 25, when="total >= 200"),
        Earn.flat("store", 2, when="channel = 'store'", cap=Cap(20, per="month")),
        Earn.flat("gold_bonus", 5, tiers=("gold", "platinum")),
        Earn.flat("late", 3, when="total < 20", cap=Cap(9, per="day")),
    ),
    cap=Cap(5_000, per="year"),
    tiers=Ladder(
        {"member": 0, "silver": 300, "gold": 800, "platinum": 2_000},
        by="points",
        window=Window(months=12),
        review="year",
        keep=1,
        boost={"silver": "1.25", "gold": "1.5", "platinum": "2"},
    ),
    pending_days=14,
    expiry=Expiry.after(months=12, end_of="month"),
)
"""Six rules, four tiers on a rolling year, caps, everything that a log can ask for."""


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


def kernels_alone(base, rounds):
    """Rows and seconds of the two kernels of a whole program, on one core, and what they read."""
    run = settlement.settled(plan_of(FULL, base.scale), admitted(base), base, entries=False)
    seconds = {"grants": 0.0, "books": 0.0}
    originals = grants.fold_grants, books.fold_books
    for name, module, function in (
        ("grants", grants, "fold_grants"),
        ("books", books, "fold_books"),
    ):
        kernel = getattr(module, function)
        spent = []

        def watched(*given, kernel=kernel, spent=spent):
            one, made = timed(lambda: kernel(*given))
            spent.append(one)
            return made

        setattr(module, function, watched)
        for _ in range(rounds + 1):
            settlement.settled(plan_of(FULL, base.scale), admitted(base), base, entries=False)
        # The first call loads what was compiled.
        seconds[name] = statistics.median(spent[1:])
    grants.fold_grants, books.fold_books = originals
    return run.made.at.size, seconds


def whole(made, rounds):
    """The whole program: kernels alone, and frames to ledger."""
    base = whole_base(made)
    size = base.orders.estimated_size() + base.events.estimated_size()
    count, seconds = kernels_alone(base, rounds)
    both = sum(seconds.values())
    rows = [
        (f"kernel of {name}", f"{spent:.2f}", f"{count / spent / 1e6:.1f}", "")
        for name, spent in seconds.items()
    ]
    rows.append(("kernels together", f"{both:.2f}", f"{count / both / 1e6:.1f}", ""))
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
        rate = count / spent[what] / 1e6
        rows.append((what, f"{spent[what]:.2f}", f"{rate:.1f}", f"{grown[0] / size:.2f}x"))
    print()
    told(rows, ["whole program", "seconds", "M events/s", "memory / input"])


def shuffled(base):
    """The same base with its rows in no order."""
    frames = {
        name: getattr(base, name).sample(fraction=1, shuffle=True, seed=1)
        for name in ("orders", "events")
    }
    return CustomerBase(**frames).as_of(base.day)


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
        whole(made, asked.rounds)
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
    whole(made, asked.rounds)


if __name__ == "__main__":
    main()
