"""A stand-in for a base: measures that are given instead of reduced from logs."""

from __future__ import annotations

import datetime as dt

import polars as pl
from attrs import field, frozen
from hypothesis import strategies as st

NOON = dt.datetime(2026, 6, 30, 12, tzinfo=dt.UTC)


@frozen
class Shelf:
    """What a scheme asks of a base, and nothing else."""

    frame: pl.DataFrame
    instant: dt.datetime = NOON
    currency: str = "EUR"
    scale: int = 2
    asked: list = field(factory=list)

    @property
    def day(self):
        return self.instant.date()

    def measures(self, *names):
        self.asked.append(names)
        return self.frame.select("customer_id", *names)


def measured(customers, *, ids=None, window=""):
    """A measure frame of (recency, orders, spend), or with a window also (orders, spend) in it."""
    names = ["recency_days", "orders", "spend"]
    types = [pl.Int64, pl.Int64, pl.Float64]
    if window:
        names += [f"orders_{window}", f"spend_{window}"]
        types += [pl.Int64, pl.Float64]
    frame = pl.DataFrame(customers, dict(zip(names, types, strict=True)), orient="row")
    ids = pl.int_range(1, len(customers) + 1, eager=True) if ids is None else pl.Series(ids)
    return frame.insert_column(0, ids.alias("customer_id"))


# Few distinct values make heavy ties; cents as the base gives them.
buyers = st.tuples(
    st.integers(0, 12) | st.integers(0, 800),
    st.integers(1, 4) | st.integers(1, 60),
    st.integers(-500, 500).map(lambda cents: cents / 100) | st.sampled_from([0.0, 10.0, 19.99]),
)
strangers = st.tuples(st.none(), st.just(0), st.sampled_from([0.0, -5.0]))
populations = st.lists(buyers | strangers, max_size=40)
