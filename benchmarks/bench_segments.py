"""Labels of customers beside DuckDB's SQL and polars, in one run.

    python benchmarks/bench_segments.py --orders 10_000_000 --customers 1_000_000 --rounds 5

ABC, the lifecycle, a book of 20 rules, 100 tags, and 24 months of an RFM scheme. Peers give the
same labels, customer by customer; that is checked before anything is timed. They get what is
fastest for them: no returns to look for (custseg does), a table of their own (DuckDB), flags
instead of lists of tags, labels as numbers. custseg's time includes the base, its measures and the
names. The single customer is a base of 40 orders that exists; what is timed is
`scheme.assign(base).frame` of RFM, ABC, a lifecycle in the customer's own gaps, five clusters and
the book, one after the other on a base that has measured nothing yet; then once more with all that
they read asked for at once. `--parts single` makes no other orders.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import duckdb
import polars as pl
from _bench import alternating, machine, told, with_threads
from bench_rfm import AS_OF, shop
from bench_track import month_ends

import custseg as cu

PARTS = ("abc", "lifecycle", "rules", "tags", "track", "single")
STAGES = ("prospect", "lost", "at_risk", "won_back", "new", "loyal", "repeat", "one_time")
RULES = (
    "orders_30d >= 3",
    "spend_365d > 3000 AND orders_365d >= 20",
    "spend > 1500 AND recency_days <= 30",
    "spend > 1000 AND recency_days <= 90",
    "recency_days > 365",
    "recency_days > 180 AND orders >= 10",
    "recency_days > 180",
    "tenure_days <= 30",
    "tenure_days <= 90 AND orders >= 3",
    "orders_90d >= 4",
    "spend_90d > 200",
    "orders_365d = 0 AND orders > 3",
    "average_order > 80",
    "average_order < 20 AND orders >= 5",
    "spend_30d > 100",
    "orders = 1",
    "orders >= 20",
    "spend > 500",
    "recency_days <= 7",
    "orders >= 2",
)


def book():
    rules = [cu.Rule(f"rule_{n}", when) for n, when in enumerate(RULES)]
    return cu.RuleBook.first(*rules, otherwise="none")


def tag_rules():
    """A hundred conditions on nine measures, each true of some."""
    cuts = {
        "orders": (2, 3, 4, 5, 7, 9, 12, 15, 20, 30, 40, 50),
        "spend": (50, 100, 150, 200, 300, 400, 500, 700, 900, 1200, 1500, 2000),
        "recency_days": (3, 7, 14, 30, 45, 60, 90, 120, 180, 270, 365),
        "tenure_days": (30, 60, 90, 120, 180, 270, 365, 500, 700, 900, 1000),
        "average_order": (10, 15, 20, 25, 30, 35, 40, 45, 50, 60, 80),
        "orders_30d": (1, 2, 3, 4),
        "orders_90d": (1, 2, 3, 4, 5, 6, 8),
        "orders_365d": (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20),
        "spend_30d": (10, 20, 40, 60, 80, 100, 150),
        "spend_365d": (50, 100, 150, 200, 250, 300, 400, 500, 600, 700, 800, 1000, 1200, 2000),
    }
    return [f"{name} > {cut}" for name, listed in cuts.items() for cut in listed][:100]


def tags():
    return cu.RuleBook.every(*(cu.Rule(f"t{n}", when) for n, when in enumerate(tag_rules())))


# What the peers measure: totals of orders as doubles, since rules compare with whole numbers.
WINDOWS = (30, 90, 365)
MEASURES_SQL = f"""
select customer_id, count(*) orders, sum(total)::double spend,
  sum(total)::double / count(*) average_order,
  date_diff('day', max(ordered_at)::date, date '{AS_OF}') recency_days,
  date_diff('day', min(ordered_at)::date, date '{AS_OF}') tenure_days,
  {
    ", ".join(
        f"count(*) filter (ordered_at >= date '{AS_OF}' - {days - 1}) orders_{days}d,"
        f" coalesce(sum(total) filter (ordered_at >= date '{AS_OF}' - {days - 1}), 0)::double"
        f" spend_{days}d"
        for days in WINDOWS
    )
}
from native group by 1
"""
ABC_SQL = """
with seen as (select customer_id, sum(total) spend from native group by 1),
each as (select spend, sum(count(*) * spend) over (order by spend desc) - count(*) * spend before
         from seen group by spend),
cut as (
  select min(spend) filter (before < 0.80 * total) a, min(spend) filter (before < 0.95 * total) b
  from each, (select sum(spend) total from seen))
select customer_id, case when spend >= a then 0 when spend >= b then 1 else 2 end segment
from seen, cut
"""
LIFECYCLE_SQL = f"""
with days as (
  select customer_id, ordered_at::date - date '1970-01-01' d, count(*) n from native group by 1, 2),
gaps as (
  select *, d - lag(d) over (partition by customer_id order by d) gap from days),
seen as (
  select customer_id, sum(n) orders, date '{AS_OF}' - date '1970-01-01' - max(d) recency,
    date '{AS_OF}' - date '1970-01-01' - min(d) tenure, arg_max(coalesce(gap, 0), d) gap
  from gaps group by 1)
select customer_id, case when recency > 365 then 1 when recency > 90 then 2 when gap > 365 then 3
  when tenure <= 30 then 4 when orders >= 5 then 5 when orders >= 2 then 6 else 7 end segment
from seen
"""
# The day before the last one needs no sort: it is the latest day that is not the last.
LIFECYCLE_SQL_2 = f"""
with seen as (
  select customer_id, count(*) orders, max(ordered_at)::date last, min(ordered_at)::date first
  from native group by 1),
before as (
  select customer_id, max(native.ordered_at)::date before from native join seen using (customer_id)
  where native.ordered_at < seen.last group by 1)
select customer_id,
  case when date '{AS_OF}' - last > 365 then 1 when date '{AS_OF}' - last > 90 then 2
  when last - before > 365 then 3 when date '{AS_OF}' - first <= 30 then 4
  when orders >= 5 then 5 when orders >= 2 then 6 else 7 end segment
from seen left join before using (customer_id)
"""
RULES_SQL = f"""
select customer_id, case {" ".join(f"when {when} then {n}" for n, when in enumerate(RULES))}
  else {len(RULES)} end segment from ({MEASURES_SQL})
"""
TAGS_SQL = f"""
select customer_id, {", ".join(f"{when} as t{n}" for n, when in enumerate(tag_rules()))}
from ({MEASURES_SQL})
"""


def duckdb_forms(rows, threads, queries):
    """DuckDB on a table of its own that is loaded beforehand."""
    connection = duckdb.connect()
    connection.execute(
        f"set threads={threads}; set timezone='UTC'; set preserve_insertion_order=false"
    )
    connection.register(
        "frame",
        rows.select(
            "customer_id", pl.col("ordered_at").dt.replace_time_zone(None), "total"
        ).to_arrow(),
    )
    connection.execute("create table native as select * from frame")
    return {
        name: lambda query=query: connection.sql(query).to_arrow_table()
        for name, query in queries.items()
    }


def measured(rows):
    """The measures of rules as polars expressions."""
    end, at = pl.lit(AS_OF).str.to_date(), pl.col("ordered_at").dt.date()
    since = {days: at >= end - pl.duration(days=days - 1) for days in WINDOWS}
    cents = pl.col("total").cast(pl.Float64)
    return (
        rows.lazy()
        .group_by("customer_id")
        .agg(
            orders=pl.len(),
            spend=cents.sum().round(2),
            recency_days=(end - at.max()).dt.total_days(),
            tenure_days=(end - at.min()).dt.total_days(),
            **{f"orders_{days}d": inside.sum() for days, inside in since.items()},
            **{
                f"spend_{days}d": cents.filter(inside).sum().round(2)
                for days, inside in since.items()
            },
        )
        .with_columns(average_order=pl.col("spend") / pl.col("orders"))
    )


def first_of(conditions):
    """The place of the first condition that holds."""
    held = [pl.when(each).then(n) for n, each in enumerate(conditions)]
    return pl.coalesce(*held, pl.lit(len(conditions)))


def abc_polars(rows):
    spend = pl.col("spend")
    seen = rows.lazy().group_by("customer_id").agg(spend=pl.col("total").sum())
    falling = spend.sort(descending=True)
    before = falling.cum_sum() - falling
    cuts = [falling.filter(before < spend.sum() * share).min() for share in (0.80, 0.95)]
    return seen.select("customer_id", segment=first_of([spend >= cut for cut in cuts]))


def lifecycle_polars(rows):
    end, at = pl.lit(AS_OF).str.to_date(), pl.col("ordered_at").dt.date()
    last = at.max()
    recency, tenure = (end - last).dt.total_days(), (end - at.min()).dt.total_days()
    gap = (last - at.filter(at < last).max()).dt.total_days()
    return (
        rows.lazy()
        .group_by("customer_id")
        .agg(orders=pl.len(), recency=recency, tenure=tenure, gap=gap)
        .select(
            "customer_id",
            segment=1
            + first_of(
                [
                    pl.col("recency") > 365,
                    pl.col("recency") > 90,
                    pl.col("gap") > 365,
                    pl.col("tenure") <= 30,
                    pl.col("orders") >= 5,
                    pl.col("orders") >= 2,
                ]
            ),
        )
    )


def polars_forms(query):
    return {
        "polars, in memory": lambda: query.collect(engine="in-memory"),
        "polars, streaming": lambda: query.collect(engine="streaming"),
    }


def base_of(rows):
    return cu.CustomerBase(orders=rows).as_of(AS_OF)


def forms(part, rows, threads):
    """What gives the labels, by name; custseg first."""
    if part == "abc":
        ours, query = cu.ABC(), abc_polars(rows)
        queries = {"duckdb": ABC_SQL}
    elif part == "lifecycle":
        ours, query = cu.Lifecycle(), lifecycle_polars(rows)
        queries = {"duckdb, lag": LIFECYCLE_SQL, "duckdb, join": LIFECYCLE_SQL_2}
    elif part == "rules":
        ours = book()
        query = measured(rows).select(
            "customer_id", segment=first_of([pl.sql_expr(when) for when in RULES])
        )
        queries = {"duckdb": RULES_SQL}
    else:
        ours = tags()
        query = measured(rows).select(
            "customer_id",
            *(pl.sql_expr(when).alias(f"t{n}") for n, when in enumerate(tag_rules())),
        )
        queries = {"duckdb": TAGS_SQL}
    return {
        "custseg": lambda: ours.segment(base_of(rows)).frame,
        **duckdb_forms(rows, threads, queries),
        **polars_forms(query),
    }


def labels_of(made):
    """Labels by customer as numbers, whatever made them."""
    frame = made if isinstance(made, pl.DataFrame) else pl.DataFrame(made)
    if "segment" in frame.columns:
        return frame.select("customer_id", pl.col("segment").to_physical().cast(pl.Int64)).sort(
            "customer_id"
        )
    flags = [f"t{n}" for n in range(len(tag_rules()))]
    return frame.select("customer_id", *flags).sort("customer_id")


def beside_peers(part, rows, options):
    """Equal first, then timed."""
    works = forms(part, rows, options.threads)
    ours = labels_of(works["custseg"]())
    for name, work in works.items():
        if not labels_of(work()).equals(ours):
            raise SystemExit(f"{name} gives other labels than custseg: {part}")
    medians = alternating(works, rounds=options.rounds)
    base = medians.pop("custseg")
    best = min(medians.values())
    print(f"\n{part}: {ours.height:,} customers, all labels equal")
    lines = [("custseg", f"{base:.3f}", f"{base / best:.2f}")]
    lines += [(name, f"{s:.3f}", f"{s / best:.2f}") for name, s in medians.items()]
    told(lines, ("", "seconds", "x best peer"))


def through_time(rows, options):
    """24 months at once, each by itself, and one."""
    days = month_ends(24)
    scheme = cu.RFM().fit(base_of(rows))
    history = scheme.track(base_of(rows), every=days)
    for day in (days[0], days[-1]):
        labels = scheme.assign(base_of(rows).as_of(day)).frame.select("customer_id", "segment")
        if not history.at(day).equals(labels):
            raise SystemExit(f"other labels on {day} than assigned then")
    works = {
        "one month": lambda: scheme.assign(base_of(rows)),
        "track, 24 months": lambda: scheme.track(base_of(rows), every=days),
        "assign, 24 times": lambda: [scheme.assign(base_of(rows).as_of(day)) for day in days],
    }
    medians = alternating(works, rounds=options.rounds)
    print(f"\ntrack: {history.customer_ids.len():,} customers, labels equal")
    one = medians["one month"]
    told(
        [(name, f"{s:.3f}", f"{s / one:.2f}") for name, s in medians.items()],
        ("", "seconds", "x one month"),
    )


def single(options):
    """One customer of 40 orders, against schemes that are fitted to 3,000."""
    crowd = cu.datasets.simulate(3_000, 900, seed=1).base()
    seen = crowd.measures("orders").sort("orders", "customer_id")
    (whose,) = seen.filter(pl.col("orders") >= 40)["customer_id"].head(1)
    orders = crowd.where(f"customer_id = {whose}").orders
    own = {"active_days": cu.Gaps(2), "lapse_days": cu.Gaps(4)}
    schemes = {
        "RFM": cu.RFM().fit(crowd),
        "ABC": cu.ABC().fit(crowd),
        "Lifecycle, own gaps": cu.Lifecycle(**own, fallback_days=90),
        "Clusters": cu.Clusters(5).fit(crowd),
        "RuleBook, 20 rules": book(),
    }
    one = cu.CustomerBase(orders=orders, tz=crowd.tz).as_of(crowd.day)

    def timed(asked, reads=()):
        """The median of calls, each on a base that has measured nothing yet."""
        spent = []
        for _ in range(40 * options.rounds):
            base = one.as_of(crowd.day)
            start = time.perf_counter()
            if reads:
                base.measures(*reads)
            for scheme in asked:
                scheme.assign(base).frame  # noqa: B018
            spent.append(time.perf_counter() - start)
        return 1e3 * statistics.median(spent[10:]), 1e3 * min(spent)

    lines = [(name, timed([scheme])) for name, scheme in schemes.items()]
    every = list(schemes.values())
    lines.append(("all on one base", timed(every)))
    reads = dict.fromkeys(name for scheme in every for name in scheme.reads)
    lines.append(("all, asked for at once", timed(every, tuple(reads))))
    print(f"\none customer, {orders.height} orders")
    told([(n, f"{m:.2f}", f"{least:.2f}") for n, (m, least) in lines], ("", "median ms", "least"))


def one_part(options):
    (part,) = options.parts
    (options.threads,) = options.threads
    if part == "single":
        single(options)
        return
    with Path(options.frames, "orders.arrow").open("rb") as file:
        rows = pl.read_ipc(file)
    if part == "track":
        through_time(rows, options)
    else:
        beside_peers(part, rows, options)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--orders", type=int, default=10_000_000)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--date", default="", help="printed with the figures")
    parser.add_argument("--frames", help="where the orders are; made by the first process")
    return parser.parse_args()


def main():
    options = arguments()
    if options.frames:
        one_part(options)
        return
    packages = machine("polars", "numpy", "numba", "duckdb", "scikit-learn")
    print(f"custseg {cu.__version__}", packages, options.date, sep=" · ", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        if options.parts != ["single"]:
            made = shop(options.orders, options.customers, "dense")
            made.write_ipc(Path(folder) / "orders.arrow")
            del made
        for count in options.threads:
            print(f"\n== threads: {count} ==", flush=True)
            for part in options.parts:
                with_threads(count, "--parts", part, "--frames", folder)


if __name__ == "__main__":
    main()
