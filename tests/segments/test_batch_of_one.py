"""A single customer is labelled as in the company of all others."""

from __future__ import annotations

import datetime as dt
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from base import logs_of
from custseg.base import customer_base
from custseg.errors import SchemaError
from custseg.segments import labels, rule_hits
from custseg.segments.clusters_space import Space

DAY = dt.date(2024, 12, 31)
RULES = (
    cu.Rule("often", "orders_90d >= 2", worth=2),
    cu.Rule("dear", "average_order > 40", worth=3),
    # True of a null, so that a null is not only no.
    cu.Rule("unknown", "average_order IS NULL OR gap_days_cv > 0.5", worth=1),
    cu.Rule("late", "recency_days > 60 AND NOT (spend < 20)", worth=2),
)
BIG = cu.Measure("big", "total > 50", over="orders", how="count")


def clusters(measures, transform):
    """Three clusters, without a search for them."""
    return cu.ClustersScheme(
        measures=measures,
        space=Space(transform, (3.0, 2.0, 4.0), (1.5, 0.7, 2.0)),
        names=("one", "two", "three"),
        centres=((1.0, 0.5, -1.0), (-0.5, 0.1, 0.3), (0.2, -1.0, 0.9)),
        customers=(5, 6, 7),
    )


@cache
def schemes():
    """Every kind of scheme, fitted to a crowd or given."""
    crowd = cu.datasets.simulate(300, 500, seed=3).base()
    halves = cu.Grid({"top": "r2 f2", "rest": ["r1", "r2 f1"]}, bins=2)
    return (
        cu.RFM().fit(crowd),
        cu.RFM(window="365d").fit(crowd),
        cu.RFM(bins=2, grid=halves, nested=True).fit(crowd),
        cu.ABC().fit(crowd),
        cu.ABC(by="average_order").fit(crowd),
        cu.Lifecycle(),
        cu.Lifecycle(active_days=cu.Gaps(2), lapse_days=cu.Gaps(4.5), fallback_days=90),
        clusters(("recency_days", "orders", "spend_365d"), "log_standard"),
        clusters(("gap_days", "spend", "orders"), "standard"),
        cu.Bands("recency_days", ("fresh", "stale"), (100,)),
        cu.RuleBook.first(*RULES, otherwise="rest"),
        cu.RuleBook.best(*RULES, otherwise="rest"),
        cu.RuleBook.every(*RULES, cu.Rule("bigs", "big > 1"), measures=[BIG]),
    )


orders = logs_of.rows(
    customer_id=st.integers(1, 4) | st.integers(-(2**62), 2**62),
    ordered_at=logs_of.instants,
    total=logs_of.cents,
).filter(bool)


def shop(listed, tz, named):
    rows = logs_of.keyed("orders", listed)
    return logs_of.base_of({"orders": rows}, tz=tz, named=named).as_of(DAY)


@given(
    listed=orders,
    tz=st.sampled_from(logs_of.ZONES),
    named=st.sampled_from([int, str]),
    turn=st.integers(0, 3),
)
def test_a_batch_of_one_is_the_row_of_the_batch(listed, tz, named, turn):
    with pytest.MonkeyPatch.context() as patch:
        # All together are taken for many.
        for module in (customer_base, labels, rule_hits):
            patch.setattr(module, "_FEW", 0)
        together = shop(listed, tz, named)
        every = [scheme.assign(together).frame for scheme in schemes()]
    ids = together.customer_ids.to_list()
    for whose in ids[turn : turn + 1]:
        alone = shop([row for row in listed if named(row["customer_id"]) == whose], tz, named)
        for scheme, frame in zip(schemes(), every, strict=True):
            assert scheme.assign(alone).frame.equals(frame[turn])


@given(listed=orders)
def test_a_customer_is_labelled_alike_whatever_was_asked_before(listed):
    base = shop(listed, "UTC", int)
    for scheme in schemes():
        assert scheme.assign(base).frame.equals(scheme.assign(base.as_of(DAY)).frame)


@pytest.mark.parametrize("scheme", schemes())
def test_what_is_no_base_is_refused_by_assign(scheme):
    with pytest.raises(SchemaError, match="None is no base of customers"):
        scheme.assign(None)


@pytest.mark.parametrize("recipe", [cu.RFM(), cu.ABC(), cu.Clusters(2), *schemes()])
def test_what_is_no_base_is_refused_by_fit(recipe):
    if not hasattr(recipe, "fit"):
        pytest.skip("a fitted scheme is not fitted again")
    with pytest.raises(SchemaError, match="None is no base of customers") as error:
        recipe.fit(None)
    (problem,) = error.value.problems
    assert problem.where.endswith(".fit")
