"""Times lifetimes and clvkit in an environment of their own: prints JSON.

    PYTHON _peer_lifetime.py FOLDER ROUNDS WORK

WORK is what `bench_lifetime.py` asks for: `bgnbd`, `paretonbd`, `scores` or `clv`. The frames lie
in FOLDER as csv files. It imports nothing of custseg.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import warnings
from pathlib import Path

import pandas as pd


def history(folder, name):
    rows = pd.read_csv(Path(folder) / f"{name}.csv")
    return rows["x"], rows["t_x"], rows["T"]


def bgnbd(folder, name="drawn"):
    from lifetimes import BetaGeoFitter

    rows = history(folder, name)

    def work():
        return BetaGeoFitter().fit(*rows)

    def told(fit):
        return {"params": dict(fit.params_)}

    return work, told


def paretonbd(folder):
    from lifetimes import ParetoNBDFitter

    rows = history(folder, "cdnow")

    def told(fit):
        return {"params": dict(fit.params_)}

    return (lambda: ParetoNBDFitter().fit(*rows)), told


def scores(folder):
    from lifetimes import BetaGeoFitter

    x, t_x, until = history(folder, "drawn")
    params = json.loads((Path(folder) / "params.json").read_text())
    fit = BetaGeoFitter()
    fit.params_ = pd.Series(params)

    def work():
        alive = fit.conditional_probability_alive(x, t_x, until)
        return alive, fit.conditional_expected_number_of_purchases_up_to_time(52, x, t_x, until)

    return work, lambda made: {"alive": float(made[0].sum()), "bought": float(made[1].sum())}


def clv(folder):
    from clvkit import CLV, CustomerBase

    log = pd.read_csv(Path(folder) / "log.csv", parse_dates=["date"])

    def work():
        base = CustomerBase.from_transactions(log, time_unit="W", collapse="D")
        found = CLV().fit(base).predict(horizon=52, discount_rate=0.10 / 52)
        return found.to_pandas()

    return work, lambda made: {"customers": len(made), "clv": float(made["clv"].sum())}


WORKS = {
    "bgnbd": bgnbd,
    "bgnbd_cdnow": lambda folder: bgnbd(folder, "cdnow"),
    "paretonbd": paretonbd,
    "scores": scores,
    "clv": clv,
}


def main(folder, rounds, name):
    warnings.simplefilter("ignore")
    work, told = WORKS[name](folder)
    seconds = []
    for _ in range(int(rounds)):
        start = time.perf_counter()
        made = work()
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": statistics.median(seconds), **told(made)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
