"""Times pymc-marketing in an environment of its own: prints JSON.

    PYTHON _peer_pymc.py FOLDER ROUNDS NAME

A BG/NBD by the largest posterior under flat priors, which is the largest likelihood, of the
histories in NAME.csv. The first fit, which compiles the model, is not counted. It imports nothing
of custseg.
"""

from __future__ import annotations

import json
import logging
import statistics
import sys
import time
import warnings
from pathlib import Path

import pandas as pd


def main(folder, rounds, name):
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    from pymc_extras.prior import Prior
    from pymc_marketing.clv import BetaGeoModel

    rows = pd.read_csv(Path(folder) / f"{name}.csv")
    data = rows.rename(columns={"x": "frequency", "t_x": "recency"})
    flat = {each: Prior("HalfFlat") for each in ("r", "alpha", "a", "b")}
    seconds = []
    for count in range(int(rounds) + 1):
        start = time.perf_counter()
        model = BetaGeoModel(
            data=data[["customer_id", "frequency", "recency", "T"]], model_config=flat
        )
        model.fit(method="map", progressbar=False)
        if count:
            seconds.append(time.perf_counter() - start)
    params = {each: float(model.fit_result[each].mean()) for each in flat}
    print(json.dumps({"seconds": statistics.median(seconds), "params": params}))


if __name__ == "__main__":
    main(*sys.argv[1:])
