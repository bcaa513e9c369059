"""Lifetime models beside lifetimes 0.11.3 and clvkit 0.2.1, and histories beside RFM.

    python benchmarks/bench_lifetime.py --shared FOLDER --peer PYTHON_WITH_LIFETIMES_AND_CLVKIT \
        --pymc PYTHON_WITH_PYMC_MARKETING

Peers run in an environment of their own, one after the other with custseg, so that both see the
same machine. Agreement comes before time: log-likelihoods not lower than the peer's, sums of scores
equal to the digits the peer has. FOLDER holds the public CDNOW log (`data/cdnow`).

Expected before the first line was written: 1M customers are 110 thousand cells; a likelihood with
gradient 30 ns a cell, 1.6 ms on two threads; some 25 of them after a start from a sample, and
30 ms to find the cells: 0.1 s, where lifetimes takes 8.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from _bench import alternating, growth, machine, told
from bench_rfm import AS_OF, shop

import custseg as cu

PARAMS = {"r": 0.24259453, "alpha": 4.41360235, "a": 0.79292211, "b": 2.42590708}
COPIES = 20


def cdnow(folder, name, skip):
    """A CDNOW log: customer, day, dollars."""
    file = Path(folder, "data", "cdnow", name)
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="ascii") as lines:
        rows = [line.split() for line in lines if line.strip()][skip:]
    return pl.DataFrame(
        {
            "customer_id": [int(row[-4]) for row in rows],
            "date": [row[-3] for row in rows],
            "total": [float(row[-1]) for row in rows],
        }
    ).with_columns(pl.col("date").str.to_date("%Y%m%d"))


def base_of(log):
    orders = log.select("customer_id", "total", ordered_at="date")
    rows, _ = cu.table(cu.Order, currency="USD").admit(orders, ids="row")
    return cu.CustomerBase(orders=rows, currency="USD")


def drawn(customers):
    """Customers like those of CDNOW, whole days."""
    rng = np.random.default_rng(5)
    weeks = (272 - rng.integers(0, 84, customers)) / 7
    fit = cu.PurchaseFit(model="bgnbd", params=PARAMS)
    return fit.simulate(customers, seed=5, T=weeks, daily=True)


def peer(options, folder, work, rounds):
    return called(options.peer, "_peer_lifetime.py", folder, work, rounds)


def called(python, name, folder, work, rounds):
    script = Path(__file__).with_name(name)
    call = [python, str(script), str(folder), str(rounds), work]
    made = subprocess.run(call, capture_output=True, text=True, check=True)
    return json.loads(made.stdout.splitlines()[-1])


def likelihood(fit, frame, params):
    """The log-likelihood at the peer's parameters; its own is of times that it has scaled."""
    cells = fit.cells(frame)
    values = np.array([params[name] for name in fit.params])
    return float(fit.family.log_likelihood(cells, values)[0])


def beside(name, ours, theirs, rows):
    rows.append((name, f"{ours:.4f}", f"{theirs:.3f}", f"{theirs / ours:.0f}x"))


def checked(what, good):
    if not good:
        raise SystemExit(f"{what}: not the same as the peer")


def fits(options, folder, made, sample, rows):
    """The three fits, each beside the peer's."""
    works = {
        "BG/NBD, 1M customers": (cu.BGNBD(), made, "bgnbd", 3),
        "BG/NBD, CDNOW": (cu.BGNBD(), sample, "bgnbd_cdnow", 5),
        "Pareto/NBD, CDNOW": (cu.ParetoNBD(), sample, "paretonbd", 3),
    }
    for name, (model, frame, work, rounds) in works.items():
        seconds = alternating({name: lambda m=model, f=frame: m.fit(f)}, rounds=options.rounds)
        fit = model.fit(frame)
        if not options.peer:
            rows.append((name, f"{seconds[name]:.4f}", "", ""))
            continue
        other = peer(options, folder, work, rounds)
        theirs = likelihood(fit, frame, other["params"])
        print(f"{name}: log-likelihood {fit.log_likelihood:.4f}, peer {theirs:.4f}")
        checked(name, fit.log_likelihood >= theirs - 1e-3)
        beside(name, seconds[name], other["seconds"], rows)


def maps(options, folder, sample, rows):
    """The fit to CDNOW beside pymc-marketing's largest posterior under flat priors."""
    name = "BG/NBD, CDNOW, pymc-marketing"
    fit = cu.BGNBD().fit(sample)
    seconds = alternating({name: lambda: cu.BGNBD().fit(sample)}, rounds=options.rounds)
    other = called(options.pymc, "_peer_pymc.py", folder, "cdnow", 2)
    theirs = likelihood(fit, sample, other["params"])
    print(f"{name}: log-likelihood {fit.log_likelihood:.4f}, peer {theirs:.4f}")
    checked(name, fit.log_likelihood >= theirs - 1e-3)
    beside(name, seconds[name], other["seconds"], rows)


def scoring(options, folder, made, rows):
    """P(alive) and 52 weeks of purchases of every customer, from cells on and from rows on."""
    fit = cu.PurchaseFit(model="bgnbd", params=PARAMS)
    name = f"scores of {made.height:,} customers"
    cells = fit.cells(made)

    def from_cells():
        alive, bought = fit.alive(cells), fit.purchases(cells, np.array([52.0]))
        return alive[cells.place], bought[:, 0][cells.place]

    works = {name: lambda: fit.score(made, horizon=52), "the same, cells known": from_cells}
    seconds = alternating(works, rounds=options.rounds)
    print(f"{cells.x.size:,} cells")
    for each, spent in seconds.items():
        print(f"{each}: {made.height / spent / 1e6:.1f}M customers/s")
    if options.peer:
        other = peer(options, folder, "scores", 1)
        found = fit.score(made, horizon=52)
        checked(name, abs(found["p_alive"].sum() / other["alive"] - 1) < 1e-9)
        checked(name, abs(found["expected_purchases"].sum() / other["bought"] - 1) < 1e-6)
        beside(name, seconds[name], other["seconds"], rows)
    ten = pl.concat([made] * max(10_000_000 // made.height, 1))
    with growth() as peak:
        fit.score(ten, horizon=52)
    print(f"{ten.height:,} rows: memory grew by {peak[0] / ten.estimated_size():.2f} x their bytes")


def values(options, folder, rows):
    """From the log of CDNOW's master, so many times over, to a value for each customer.

    custseg's time includes the door, which the peer does not have.
    """
    log = pl.read_csv(Path(folder, "log.csv"), try_parse_dates=True).rename({"amount": "total"})
    name = f"CLV from a log, {log.height:,} rows"
    horizon = cu.Window(days=364)

    def work():
        base = base_of(log)
        return cu.CLV(horizon=horizon, annual_discount=0.10).fit(base).score(base)

    seconds = alternating({name: work}, rounds=options.rounds)
    if not options.peer:
        rows.append((name, f"{seconds[name]:.4f}", "", ""))
        return
    other = peer(options, folder, "clv", 1)
    checked(name, work().height == other["customers"])
    beside(name, seconds[name], other["seconds"], rows)


def histories(options):
    """10M orders of 1M customers to histories, beside RFM's measures of the same orders."""
    rows = shop(options.orders, options.customers, "dense")
    forms = {
        "sorted by customer": rows.sort("customer_id", "ordered_at"),
        "in order of time": rows,
        "in any order": rows.sample(fraction=1.0, shuffle=True, seed=7),
    }
    table = []
    for form, orders in forms.items():

        def base(orders=orders):
            # A base keeps what was measured: each round has one of its own.
            return cu.CustomerBase(orders=orders).as_of(AS_OF)

        seconds = alternating(
            {
                "rfm": lambda b=base: b().measures("recency_days", "orders", "spend"),
                "history": lambda b=base: cu.history(b()),
            },
            rounds=options.rounds,
        )
        ratio = seconds["history"] / seconds["rfm"]
        table.append((form, f"{seconds['rfm']:.3f}", f"{seconds['history']:.3f}", f"{ratio:.2f}"))
    print(f"\n{options.orders:,} orders")
    told(table, ("orders", "RFM measures s", "history s", "ratio"))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--shared", required=True, help="the folder that holds data/cdnow")
    parser.add_argument("--peer", help="a Python that has lifetimes and clvkit")
    parser.add_argument("--pymc", help="a Python that has pymc-marketing")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--orders", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--works", nargs="+", default=["fits", "scores", "clv", "histories"])
    parser.add_argument("--date", default="", help="printed with the figures")
    return parser.parse_args()


def main():
    options = arguments()
    packages = ("polars", "numpy", "numba", "scipy")
    print(f"custseg {cu.__version__}", machine(*packages), options.date, sep=" · ")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        made = drawn(options.customers)
        sample = cu.history(
            base_of(cdnow(options.shared, "CDNOW_sample.txt", 0)).as_of("1997-09-30")
        )
        made.write_csv(Path(folder, "drawn.csv"))
        sample.write_csv(Path(folder, "cdnow.csv"))
        Path(folder, "params.json").write_text(json.dumps(PARAMS), encoding="utf-8")
        if "fits" in options.works:
            fits(options, folder, made, sample, rows)
            if options.pymc:
                maps(options, folder, sample, rows)
        if "scores" in options.works:
            scoring(options, folder, made, rows)
        if "clv" in options.works:
            log = cdnow(options.shared, "CDNOW_master.txt.gz", 1)
            copies = [
                log.with_columns(customer_id=pl.col("customer_id") + 100_000 * copy)
                for copy in range(COPIES)
            ]
            pl.concat(copies).rename({"total": "amount"}).write_csv(Path(folder, "log.csv"))
            values(options, folder, rows)
    if rows:
        told(rows, ("work", "custseg s", "peer s", "faster"))
    if "histories" in options.works:
        histories(options)


if __name__ == "__main__":
    main()
