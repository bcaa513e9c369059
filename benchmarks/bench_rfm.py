"""RFM of a frame of orders, beside what else could do it, in one run.

    python benchmarks/bench_rfm.py --orders 10_000_000 --customers 1_000_000 --rounds 5 \
        --peer PYTHON_WITH_OPENRETAILSCIENCE --rows sweep

All but openretailscience give the same tie-respecting quintiles; that is
checked, customer by customer, before anything is timed. Peers get what is
fastest for them: no returns to look for (custseg does), totals in whole cents
where decimals are slow (pandas), a table of their own (DuckDB), the faster of
two forms. custseg's time includes the base, the segment names and the texts.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
from _bench import alternating, told
from _shop import (
    AS_OF,
    arguments,
    base_of,
    duckdb_forms,
    each_part,
    grown,
    kept,
    polars_forms,
    shop,
)

import custseg as cu

KINDS = ("dense", "spread", "text")
PARTS = (*KINDS, "parquet")
BINS = 5


def custseg(rows):
    return cu.RFM().segment(base_of(rows)).frame


def _sql_score(name, start, sign):
    above = " + ".join(f"({name} > {name[0]}[{k}])::int" for k in range(1, BINS))
    return f"{start} {sign} ({above}) {name[0]}"


SQL = f"""
with seen as (
  select customer_id, date_diff('day', max(ordered_at)::date, date '{AS_OF}') recency,
         count(*) frequency, sum(total) money
  from {{source}} group by 1),
cut as (
  select quantile_disc(recency, [.2, .4, .6, .8]) r, quantile_disc(frequency, [.2, .4, .6, .8]) f,
         quantile_disc(money, [.2, .4, .6, .8]) m from seen)
select customer_id, {_sql_score("recency", BINS, "-")},
  {_sql_score("frequency", 1, "+")}, {_sql_score("money", 1, "+")}
from seen, cut
"""


def scored(name, *, falling=False):
    """A polars expression for the score of a column by the inverse distribution function."""
    column, n = pl.col(name), pl.len()
    cuts = [column.sort().get((n * k + BINS - 1) // BINS - 1) for k in range(1, BINS)]
    above = sum((column > cut).cast(pl.Int64) for cut in cuts)
    return BINS - above if falling else 1 + above


def with_polars(rows):
    """polars expressions, by either of its engines."""
    end = pl.lit(AS_OF).str.to_date()
    query = (
        rows.lazy()
        .group_by("customer_id")
        .agg(last=pl.col("ordered_at").max(), orders=pl.len(), spend=pl.col("total").sum())
        .with_columns(recency=(end - pl.col("last").dt.date()).dt.total_days())
        .select(
            "customer_id", r=scored("recency", falling=True), f=scored("orders"), m=scored("spend")
        )
    )
    return polars_forms(query)


def pandas_form(rows):
    """pandas on cents and instants of its own, converted beforehand."""
    cents = (rows["total"] * 100).cast(pl.Int64).to_numpy()
    at = rows["ordered_at"].dt.replace_time_zone(None).to_numpy()
    ids = rows["customer_id"]
    ids = ids.to_pandas() if ids.dtype == pl.String else ids.to_numpy()
    frame = pd.DataFrame({"customer_id": ids, "ordered_at": at, "total": cents})

    def score(values):
        kept = np.sort(values)
        cuts = [kept[(kept.size * k + BINS - 1) // BINS - 1] for k in range(1, BINS)]
        return sum((values > cut).astype(np.int64) for cut in cuts)

    def ask():
        seen = frame.groupby("customer_id", sort=False).agg(
            last=("ordered_at", "max"), orders=("total", "size"), spend=("total", "sum")
        )
        recency = (np.datetime64(AS_OF) - seen["last"].dt.normalize()).dt.days.to_numpy()
        scores = {"r": BINS - score(recency)}
        scores["f"] = 1 + score(seen["orders"].to_numpy())
        scores["m"] = 1 + score(seen["spend"].to_numpy())
        return pd.DataFrame(scores, index=seen.index)

    return {"pandas": ask}


def scores_of(made):
    """Scores by customer, whatever made them."""
    if isinstance(made, pd.DataFrame):
        made = made.reset_index()
    frame = made if isinstance(made, pl.DataFrame) else pl.DataFrame(made)
    return frame.select("customer_id", pl.col("r", "f", "m").cast(pl.Int64)).sort("customer_id")


def in_memory(options, kind):
    """One frame, all peers: equal first, then timed."""
    custseg(shop(10_000, 1_000, kind))
    rows = kept(options, kind)
    made, memory = grown(lambda: custseg(rows), rows)
    ours = scores_of(made)
    del made
    works = {
        "custseg": lambda: custseg(rows),
        **duckdb_forms(rows, options.threads, {"duckdb": SQL}),
        **with_polars(rows),
        **pandas_form(rows),
    }
    for name, work in works.items():
        if not scores_of(work()).equals(ours):
            raise SystemExit(f"{name} gives other scores than custseg on {kind} ids")
    medians = alternating(works, rounds=options.rounds)
    print(f"\n{kind} ids, {ours.height:,} customers with an order; all scores equal")
    base = medians["custseg"]
    told(
        [(name, f"{s:.3f}", f"{s / base:.2f}") for name, s in medians.items()],
        ("", "seconds", "x custseg"),
    )
    print(f"memory grew by {memory}")


def openretailscience(options, file):
    """The peer's median seconds, timed by itself in its own environment."""
    script = Path(__file__).with_name("_peer_openretailscience.py")
    call = [options.peer, script, file, AS_OF, str(options.rounds), str(options.threads)]
    answer = subprocess.run(call, check=True, capture_output=True, text=True).stdout
    return float(np.median(json.loads(answer)["seconds"]))


def from_parquet(options):
    """From a file through the door, against openretailscience in its own environment."""
    names = {"transaction_id": "order_id", "transaction_date": "ordered_at", "unit_spend": "total"}
    rows = kept(options, "dense").select(
        "customer_id",
        pl.col("order_id").alias("transaction_id"),
        pl.col("ordered_at").dt.replace_time_zone(None).alias("transaction_date"),
        pl.col("total").cast(pl.Float64).alias("unit_spend"),
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "orders.parquet"
        rows.write_parquet(file)
        del rows
        columns = {ours: theirs for theirs, ours in names.items()}

        def ask():
            orders, _ = cu.table(cu.Order).admit(pl.scan_parquet(file), columns=columns)
            return custseg(orders)

        medians = alternating({"custseg, door included": ask}, rounds=options.rounds)
        if options.peer:
            medians["openretailscience"] = openretailscience(options, file)
        print(f"\nfrom Parquet, {file.stat().st_size / 1e6:.0f} MB")
    base = medians["custseg, door included"]
    told(
        [(name, f"{s:.3f}", f"{s / base:.2f}") for name, s in medians.items()],
        ("", "seconds", "x custseg"),
    )


def sweep(options):
    """How the time grows with the rows, a tenth of both against the whole."""
    seconds = {}
    for part in (10, 1):
        rows = shop(options.orders // part, options.customers // part, "dense")
        work = {"custseg": lambda rows=rows: custseg(rows)}
        seconds[part] = alternating(work, rounds=options.rounds)["custseg"]
    print(
        f"\n{options.orders // 10:,} orders {seconds[10]:.3f} s, {options.orders:,} orders ", end=""
    )
    print(f"{seconds[1]:.3f} s: {seconds[1] / seconds[10]:.1f} x")


def part(name, options):
    if name == "parquet":
        from_parquet(options)
        if options.rows == "sweep":
            sweep(options)
    else:
        in_memory(options, name)


def main():
    parser = arguments(__doc__, PARTS, rounds=5, threads=[1, 2])
    parser.add_argument("--peer", help="a Python that has openretailscience")
    parser.add_argument("--rows", choices=("one", "sweep"), default="one")
    packages = ("polars", "numpy", "numba", "duckdb", "pandas")
    each_part(parser.parse_args(), part, packages, kinds=KINDS)


if __name__ == "__main__":
    main()
