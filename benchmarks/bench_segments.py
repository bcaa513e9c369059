"""Labels of customers beside DuckDB's SQL and polars, in one run.

    python benchmarks/bench_segments.py --threads 2 --rounds 3 --parts abc lifecycle rules tags

ABC, the lifecycle, a book of 20 rules, 100 tags, 24 months of an RFM scheme, RFM within groups,
analysis of 100 rules, clusters, one customer. Peers give the same labels, customer by customer;
that is checked before anything is timed, and one that then took over twice as long as the best is
not asked again. They get what is fastest for them: no returns to look for (custseg does), a table
of their own (DuckDB), flags instead of lists of tags, labels as numbers. custseg's time includes
the base, its measures and the names. The single customer is a base of 40 orders that exists; what
is timed is `scheme.assign(base).frame` of RFM, ABC, a lifecycle in the customer's own gaps, five
clusters and the book, one after the other on a base that has measured nothing yet; then once more
with all that they read asked for at once.
"""

from __future__ import annotations

import statistics
import time

import polars as pl
from _bench import alternating, told
from _shop import (
    AS_OF,
    arguments,
    base_of,
    beside,
    connected,
    duckdb_forms,
    each_part,
    kept,
    polars_forms,
)
from bench_rfm import SQL, scores_of
from bench_track import through_months

import custseg as cu

PARTS = (
    *("abc", "lifecycle", "rules", "tags", "track"),
    *("groups", "analysis", "clusters", "single"),
)
CLUSTERED = 322_000
_TIMES = ("", "seconds")
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
from {{source}} group by 1
"""
ABC_SQL = """
with seen as (select customer_id, sum(total) spend from {source} group by 1),
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
  select customer_id, ordered_at::date - date '1970-01-01' d, count(*) n
  from {{source}} group by 1, 2),
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
  from {{source}} group by 1),
before as (
  select customer_id, max(native.ordered_at)::date before
  from {{source}} native join seen using (customer_id)
  where native.ordered_at < seen.last group by 1)
select customer_id,
  case when date '{AS_OF}' - last > 365 then 1 when date '{AS_OF}' - last > 90 then 2
  when last - before > 365 then 3 when date '{AS_OF}' - first <= 30 then 4
  when orders >= 5 then 5 when orders >= 2 then 6 else 7 end segment
from seen left join before using (customer_id)
"""
GROUPS_SQL = (
    SQL.format(source="native join people using (customer_id)")
    .replace("select customer_id, date_diff", "select customer_id, part, date_diff")
    .replace("group by 1)", "group by 1, 2)")
    .replace("select quantile_disc", "select part, quantile_disc")
    .replace("m from seen)", "m from seen group by part)")
    .replace("from seen, cut", "from seen join cut using (part)")
)
RULES_SQL = f"""
select customer_id, case {" ".join(f"when {when} then {n}" for n, when in enumerate(RULES))}
  else {len(RULES)} end segment from ({MEASURES_SQL})
"""
TAGS_SQL = f"""
select customer_id, {", ".join(f"{when} as t{n}" for n, when in enumerate(tag_rules()))}
from ({MEASURES_SQL})
"""


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


def forms(part, rows, threads):
    """What gives the labels, by name; custseg first."""
    if part == "abc":
        ours, query = cu.ABC(), abc_polars(rows)
        queries = {"duckdb": ABC_SQL}
    elif part == "lifecycle":
        ours, query = cu.Lifecycle(), lifecycle_polars(rows)
        queries = {"duckdb, by lag": LIFECYCLE_SQL, "duckdb, by join": LIFECYCLE_SQL_2}
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


def groups(rows, options):
    """RFM cut within each of a thousand cities, and within ten regions."""
    cu.RFM().segment(base_of(rows[:1_000]))  # compiles, so that memory is that of the call
    people = pl.DataFrame({"customer_id": rows["customer_id"].unique().sort()})
    for many in (10, 1_000):
        told_of = people.with_columns(
            region=((pl.col("customer_id") * 7919) % many).cast(pl.String)
        )
        base = base_of(rows, customers=cu.table(cu.Customer).cast(told_of))

        def ours(base=base):
            return cu.RFM(by="region").segment(base.as_of(AS_OF)).frame

        works = {"custseg": ours}
        connection = connected(
            options.threads,
            frame=rows.select("customer_id", pl.col("ordered_at").dt.date(), "total"),
            people=told_of.rename({"region": "part"}),
        )
        connection.execute("create table native as select * from frame")
        works["duckdb, own table"] = lambda asked=connection: asked.sql(GROUPS_SQL).to_arrow_table()
        beside(f"RFM by {many} groups", works, rows, scores_of, options)


def analysis(rows, options):
    """What 100 rules have in common, and what each hits."""
    base = base_of(rows)
    named = [cu.Rule(f"t{n}", when) for n, when in enumerate(tag_rules())]
    first = cu.RuleBook.first(*named, otherwise="none")
    works = {
        "100 rules, the first": lambda: first.segment(base.as_of(AS_OF)),
        "100 rules, analysed": lambda: first.analyse(base.as_of(AS_OF)),
    }
    told([(n, f"{s:.3f}") for n, s in alternating(works, rounds=options.rounds).items()], _TIMES)


def clusters(rows, options):
    """Five clusters of 300,000 customers, fitted and assigned."""
    some = rows.filter(pl.col("customer_id") < CLUSTERED)
    scheme = cu.Clusters(5).fit(base_of(some))
    works = {
        "fit, k=5": lambda: cu.Clusters(5).fit(base_of(some)),
        "assign": lambda: scheme.assign(base_of(some)),
    }
    print(f"\nclusters of {some['customer_id'].n_unique():,} customers")
    medians = alternating(works, rounds=options.rounds)
    told([(n, f"{s:.3f}") for n, s in medians.items()], _TIMES)


def part(name, options):
    """One part, in a process of its own."""
    if name == "single":
        single(options)
        return
    rows = kept(options)
    others = {"groups": groups, "analysis": analysis, "clusters": clusters}
    if name in others:
        others[name](rows, options)
    elif name == "track":
        options.months, options.again, options.peers = 24, True, True
        through_months("in order of time", rows, options)
    else:
        works = forms(name, rows, options.threads)
        # Compiled on a few rows, so that memory is that of the call.
        forms(name, rows[:1_000], options.threads)["custseg"]()
        beside(name, works, rows, labels_of, options)


def main():
    packages = ("polars", "numpy", "numba", "duckdb", "scikit-learn")
    each_part(arguments(__doc__, PARTS).parse_args(), part, packages)


if __name__ == "__main__":
    main()
