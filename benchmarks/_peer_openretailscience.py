"""Times openretailscience on a Parquet file, in its own environment: prints seconds as JSON.

    PYTHON _peer_openretailscience.py FILE AS_OF ROUNDS THREADS

It imports nothing but the peer. Quintiles by ntile: ties are split, so its
scores are not those of the others and are not compared.
"""

from __future__ import annotations

import json
import sys
import time

import ibis
from openretailscience.segmentation.rfm import RFMSegmentation


def main(file, as_of, rounds, threads):
    seconds = []
    for _ in range(int(rounds) + 1):
        start = time.perf_counter()
        connection = ibis.duckdb.connect(threads=int(threads))
        table = connection.read_parquet(file)
        made = RFMSegmentation(table, as_of, r_segments=5, f_segments=5, m_segments=5).df
        seconds.append(time.perf_counter() - start)
        customers = len(made)
        del made
    print(json.dumps({"seconds": seconds[1:], "customers": customers}))


if __name__ == "__main__":
    main(*sys.argv[1:])
