"""Track: every period's labels are those of the scheme assigned as of its end."""

from __future__ import annotations

import datetime as dt
import math

import polars as pl
import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from base.logs_of import ZONES, base_of, days, everything, keyed
from base.logs_of import rows as listed
from custseg.base import folded as in_pieces
from custseg.segments import replay, replay_cells
from custseg.segments import stays as in_stays
from custseg.segments.clusters_space import Space
from custseg.segments.track import Track, track
from naive import segments as naive

SEGMENTS = ("none", "some", "more")

# A minute past midnight the clock went back an hour: local days did, too.
NEWFOUNDLAND = "America/St_Johns"
orders_only = everything.map(lambda logs: {"orders": logs["orders"]})
bases = orders_only | everything.filter(lambda logs: len(logs["customers"]) < 4) | everything
names = st.sampled_from([int, lambda each: each * 10**12 - 7, lambda each: f"{each:03}"])
limits = st.integers(-2, 40) | st.sampled_from([0.5, 19.99, 20.0, 150.0, math.inf])


@st.composite
def lists(draw, groups):
    """So many groups of four starts."""
    made = st.lists(limits, min_size=4, max_size=4).map(sorted)
    return draw(st.lists(made, min_size=groups, max_size=groups))


@st.composite
def rfm_schemes(draw):
    nested = draw(st.booleans())
    return cu.RFMScheme(
        recency_days=draw(st.lists(st.integers(0, 900), min_size=4, max_size=4).map(sorted)),
        orders=draw(lists(5 if nested else 1)),
        spend=draw(lists(25 if nested else 1)),
        grid=draw(st.sampled_from([cu.Grid.eleven_names(), cu.Grid.value_tiers()])),
        window=draw(st.sampled_from(["", "7d", "90d", "1m", "12m", "2024"])),
    )


@frozen
class Steps:
    """A scheme that labels a frame: how many of its measures exceed a number."""

    reads: tuple
    limit: float = 2.0

    def label(self, measures):
        above = [(pl.col(name) > self.limit).fill_null(value=False) for name in self.reads]
        most = pl.sum_horizontal(*(each.cast(pl.Int64) for each in above)).clip(0, 2)
        codes = measures.select(most).to_series()
        kinds = pl.Series("segment", SEGMENTS, dtype=pl.Enum(SEGMENTS))
        return measures.with_columns(kinds.gather(codes))

    def assign(self, base):
        return cu.Segmentation.of(self, base)

    def why(self, row):
        return str(row)


folded = st.lists(
    st.sampled_from(
        [
            "orders",
            "orders_30d",
            "spend_2024",
            "spend_3m",
            "average_order",
            "average_order_12m",
            "recency_days",
            "tenure_days",
        ]
    ),
    min_size=1,
    max_size=4,
    unique=True,
).map(lambda reads: Steps(tuple(reads)))
others = st.sampled_from(
    [
        Steps(("days_active", "orders")),
        cu.ABCScheme(by="spend", a=150, b=20),
        cu.ABCScheme(by="orders_90d", a=math.inf, b=2),
        cu.Lifecycle(),
        cu.Lifecycle(active_days=cu.Gaps(1.5), fallback_days=60),
        cu.RuleBook.first(
            cu.Rule("good", "spend_90d > 20 AND tenure_days > 40"),
            cu.Rule("late", "recency_days > 100"),
            otherwise="rest",
        ),
    ]
)
schemes = rfm_schemes() | folded | others
told = st.lists(days, min_size=1, max_size=5)


def assigned(scheme, base, day):
    """What the scheme says of the base as of a day."""
    seen = base if day == base.day else base.as_of(day)
    return scheme.assign(seen).frame.select("customer_id", "segment")


@given(bases, schemes, told, names, st.sampled_from(ZONES))
def test_labels_are_those_of_the_scheme_assigned_as_of_each_day(logs, scheme, when, named, tz):
    base = base_of(logs, tz=tz, named=named).as_of(max(when))
    found = track(scheme, base, every=when)
    assert found.days == tuple(sorted(set(when)))
    for day in found.days:
        assert found.at(day).equals(assigned(scheme, base, day))


@given(orders_only, schemes, st.sampled_from(["quarter", "year"]), st.sampled_from(ZONES))
def test_labels_at_the_ends_of_periods_are_those_assigned_then(logs, scheme, every, tz):
    base = base_of(logs, tz=tz)
    if not logs["orders"]:
        return
    found = track(scheme, base, every=every)
    for day in found.days:
        assert found.at(day).equals(assigned(scheme, base, day))


@given(
    listed(
        customer_id=st.integers(1, 4),
        ordered_at=st.integers(-120, 240).map(
            lambda m: dt.datetime(2010, 11, 7, 2, tzinfo=dt.UTC) + dt.timedelta(minutes=m)
        ),
        total=st.integers(-100, 900),
    ),
    rfm_schemes(),
)
def test_a_clock_that_takes_days_back_changes_nothing(orders, scheme):
    base = base_of({"orders": keyed("orders", orders)}, tz=NEWFOUNDLAND).as_of("2010-11-09")
    assert replay_cells.runs_straight(base, base.order_log) == (
        len(orders) == 0 or not turned(orders)
    )
    found = track(scheme, base, every=["2010-11-05", "2010-11-06", "2010-11-07", "2010-11-09"])
    for day in found.days:
        assert found.at(day).equals(assigned(scheme, base, day))


def turned(orders):
    """Whether orders begin before the clock went back, at 00:01 on 7 November."""
    first = min(row["ordered_at"] for row in orders)
    return first <= dt.datetime(2010, 11, 7, 2, 31, tzinfo=dt.UTC)


@given(bases, rfm_schemes(), told, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(logs, scheme, when, chance):
    shuffled = {name: chance.sample(rows, len(rows)) for name, rows in logs.items()}
    one, other = (base_of(each).as_of(max(when)) for each in (logs, shuffled))
    assert track(scheme, one, every=when) == track(scheme, other, every=when)


@given(bases, rfm_schemes() | folded, told, st.booleans())
def test_threads_and_parts_do_not_matter(logs, scheme, when, in_order):
    if in_order and "orders" in logs:
        logs["orders"].sort(key=lambda row: row["ordered_at"])
    whole = track(scheme, base_of(logs).as_of(max(when)), every=when)
    stays = whole.intervals()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CUSTSEG_THREADS", "3")
        for each in (replay, in_pieces, in_stays):
            patched.setattr(each, "_SMALL", 1)
        patched.setattr(replay, "_GUESSES", 4)
        found = track(scheme, base_of(logs).as_of(max(when)), every=when)
        assert found == whole
        assert found.intervals().equals(stays)


@given(bases, rfm_schemes(), told)
def test_intervals_are_disjoint_and_cover_the_track(logs, scheme, when):
    base = base_of(logs).as_of(max(when))
    found = track(scheme, base, every=when)
    stays = found.intervals()
    rows = [
        (who, day, segment)
        for who, segment, enter, leave, _ in stays.iter_rows()
        for day in found.days
        if enter <= day and (leave is None or day < leave)
    ]
    assert sorted(rows) == sorted(found.frame.rows())
    begun = {(who, enter): segment for who, segment, enter, _, _ in stays.iter_rows()}
    for who, segment, _, leave, _ in stays.filter(pl.col("leave").is_not_null()).iter_rows():
        assert begun[who, leave] != segment
    assert stays["dwell_days"].to_list() == [
        ((leave or found.days[-1]) - enter).days for _, _, enter, leave, _ in stays.iter_rows()
    ]
    assert stays.select("customer_id", "enter").equals(
        stays.select("customer_id", "enter").sort("customer_id", "enter")
    )


@given(bases, rfm_schemes(), told)
def test_the_frame_is_what_is_said_of_each_day_by_customer(logs, scheme, when):
    found = track(scheme, base_of(logs).as_of(max(when)), every=when)
    apart = [found.at(day).with_columns(at=pl.lit(day)) for day in found.days]
    expected = pl.concat(apart).select("customer_id", "at", "segment").sort("customer_id", "at")
    assert found.frame.equals(expected)


@given(bases, rfm_schemes(), told)
def test_flows_sizes_and_indices_are_those_of_the_days(logs, scheme, when):
    found = track(scheme, base_of(logs).as_of(max(when)), every=when)
    first, last = found.days[0], found.days[-1]
    assert found.flow(first, last) == cu.Flow.between(found.at(first), found.at(last))
    assert found.flow(str(last), first) == cu.Flow.between(found.at(last), found.at(first))
    sizes = found.sizes()
    for day in found.days:
        labels = found.at(day)["segment"].cast(pl.String).to_list()
        of_day = sizes.filter(pl.col("at") == day)
        assert of_day["segment"].to_list() == list(found.segments)
        assert of_day["customers"].to_list() == [labels.count(each) for each in found.segments]
        assert of_day["share"].to_list() == [
            labels.count(each) / len(labels) if labels else None for each in found.segments
        ]
    assert found.psi()["stability_index"].to_list() == indices(found, first)
    assert found.psi(last).rows() == list(zip(found.days, indices(found, last), strict=True))


def indices(found, against):
    """The stability index of each day by the twin, whose sum is rounded otherwise."""
    made = []
    for day in found.days:
        before, after = (dict(found.at(each).iter_rows()) for each in (against, day))
        known = naive.stability_index(before, after, found.segments) if before and after else None
        made.append(None if known is None else pytest.approx(known, abs=1e-12))
    return made


def of(*orders, tz="UTC"):
    """A base of (customer, day, cents)."""
    rows = [
        {"customer_id": who, "ordered_at": dt.datetime.fromisoformat(day + "T12:00Z"), "total": c}
        for who, day, c in orders
    ]
    return base_of({"orders": keyed("orders", rows)}, tz=tz)


SCHEME = cu.RFMScheme(
    recency_days=[10, 40, 80, 120],
    orders=[[2, 3, 4, 5]],
    spend=[[5, 10, 15, 20]],
    grid=cu.Grid.value_tiers(),
)
BASE = of((1, "2025-11-30", 900), (1, "2026-02-10", 2_100), (2, "2026-01-05", 100))


def test_periods_run_from_the_first_log_day_to_the_as_of():
    base = BASE.as_of("2026-02-28")
    shown = {
        every: [str(day) for day in SCHEME.track(base, every=every).days]
        for every in ("month", "quarter", "year")
    }
    assert shown == {
        "month": ["2025-11-30", "2025-12-31", "2026-01-31", "2026-02-28"],
        "quarter": ["2025-12-31", "2026-02-28"],
        "year": ["2025-12-31", "2026-02-28"],
    }
    weeks = SCHEME.track(base.as_of("2025-12-09"), every="week").days
    assert [str(day) for day in weeks] == ["2025-11-30", "2025-12-07", "2025-12-09"]


def test_the_running_period_is_tracked_as_of_the_base_and_nothing_leaks_in():
    base = of((1, "2026-01-05", 100), (2, "2026-01-31", 100)).as_of("2026-01-31T06:00:00")
    found = SCHEME.track(base)
    assert [str(day) for day in found.days] == ["2026-01-31"]
    assert found.customer_ids.to_list() == [1]
    assert found.at("2026-01-31").equals(assigned(SCHEME, base, base.day))


def test_the_last_week_of_all_has_no_sunday():
    base = of((1, "9999-12-27", 100)).as_of("9999-12-31")
    days = SCHEME.track(base, every="week").days
    assert [str(day) for day in days] == ["9999-12-31"] or days[-1] == dt.date.max


@pytest.mark.compiled
def test_sums_beyond_64_bits_are_tracked_by_assigning_anew():
    huge = 9 * 10**17
    base = of(*((1, f"2026-01-{day:02}", huge) for day in range(1, 13))).as_of("2026-02-01")
    for scheme in (SCHEME, Steps(("spend",))):
        found = track(scheme, base, every="month")
        for day in found.days:
            assert found.at(day).equals(assigned(scheme, base, day))


@pytest.mark.parametrize("scheme", [SCHEME, Steps(("spend",))], ids=["cells", "frames"])
def test_sums_too_large_for_a_fold_give_the_same_track(scheme, monkeypatch):
    base = BASE.as_of("2026-02-28")
    folded = track(scheme, base)
    monkeypatch.setattr(replay, "_MAX", 1_000)
    assert track(scheme, base) == folded


def test_ids_of_a_narrow_range_that_never_occur_are_nobody():
    orders = [(who, f"2026-01-{n % 28 + 1:02}", n) for n in range(100) for who in (1, 20)]
    base = of(*orders).as_of("2026-02-01")
    found = track(SCHEME, base, every=["2026-01-05", "2026-02-01"])
    assert found.customer_ids.to_list() == [1, 20]
    for day in found.days:
        assert found.at(day).equals(assigned(SCHEME, base, day))


def test_columns_of_customers_are_seen_as_they_are():
    region = pl.DataFrame({"customer_id": [1, 2], "seats": [9, 1]})
    customers = cu.table(cu.Customer).require(region)
    base = cu.CustomerBase(orders=BASE.log("orders"), customers=customers).as_of("2026-02-28")
    scheme = Steps(("seats", "orders"), limit=1.5)
    found = track(scheme, base)
    for day in found.days:
        assert found.at(day).equals(assigned(scheme, base, day))
    assert found.at("2026-02-28")["segment"].to_list() == ["more", "none"]


def test_schemes_of_many_bins_or_labels_are_tracked_through_frames():
    grid = cu.Grid({f"r{r}": f"r{r}" for r in range(1, 21)}, bins=20)
    starts = list(range(1, 20))
    fine = cu.RFMScheme(recency_days=starts, orders=[starts], spend=[starts], grid=grid)
    kinds = {f"r{r}f{f}": f"r{r} f{f}" for r in range(1, 17) for f in range(1, 17)}
    many = cu.Grid(kinds, bins=16)
    starts = list(range(1, 16))
    named = cu.RFMScheme(recency_days=starts, orders=[starts], spend=[starts], grid=many)
    for scheme in (fine, named):
        found = scheme.track(BASE.as_of("2026-02-28"))
        for day in found.days:
            assert found.at(day).equals(assigned(scheme, BASE, day))
    assert found.codes.dtype == "uint16"
    assert found.flow("2025-11-30", "2026-02-28").entered["r1f2"] == 1


def test_a_track_is_shown_by_its_sizes():
    assert repr(SCHEME.track(BASE.as_of("2026-02-28"))) == (
        "2 customers, 4 days tracked, population stability index 0.3466\n"
        "segment     2025-11-30  2025-12-31  2026-01-31  2026-02-28\n"
        "high_value           0           0           0           0\n"
        "potential            0           0           0           1\n"
        "ordinary             1           1           2           1\n"
        "prospect             0           0           0           0"
    )


def test_a_long_track_shows_five_days_and_a_page_two_dozen():
    found = SCHEME.track(of((1, "2024-01-01", 100)).as_of("2026-06-30"))
    assert repr(found).splitlines()[1].split() == [
        *("segment", "2024-01-31", "2024-08-31", "2025-03-31", "2025-10-31", "2026-06-30")
    ]
    page = found._repr_html_()
    assert page.count("<tr>") == 1 + 24
    assert ">2024-01-31<" in page
    assert ">2026-06-30<" in page
    assert ">high_value<" in page


def test_a_track_of_nobody_says_so():
    found = SCHEME.track(BASE.as_of("2026-02-28"), every=["2020-01-01"])
    assert repr(found).startswith(
        "0 customers, 1 day tracked, population stability index unknown\n"
    )
    assert found.frame.is_empty()
    assert found.intervals().is_empty()
    assert found.psi()["stability_index"].to_list() == [None]
    assert found.sizes()["share"].to_list() == [None] * 4


def test_tracks_compare_by_what_they_say_and_have_no_hash():
    found = SCHEME.track(BASE.as_of("2026-02-28"))
    assert found == SCHEME.track(BASE.as_of("2026-02-28"))
    assert found != SCHEME.track(BASE.as_of("2026-02-27"))
    assert found != "a track"
    with pytest.raises(TypeError, match="unhashable"):
        hash(found)
    assert isinstance(found, Track)


def refusal(call):
    with pytest.raises(cu.SchemaError) as caught:
        call()
    return str(caught.value)


def test_an_unknown_period_is_refused_with_the_nearest():
    assert refusal(lambda: SCHEME.track(BASE, every="monthly")) == (
        "'monthly' is no period\n  where: track(every=)\n  fix:   did you mean 'month'?"
    )
    assert refusal(lambda: SCHEME.track(BASE, every="1d")) == (
        "'1d' is no period\n"
        "  where: track(every=)\n"
        "  fix:   write one of week, month, quarter, year, or a list of days"
    )


def test_days_that_cannot_be_tracked_are_refused_together():
    noon = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
    given = ["2026-01-31", "January", noon, "2027-01-31"]
    told = refusal(lambda: SCHEME.track(BASE.as_of("2026-02-28"), every=given))
    assert told.startswith("3 things are wrong\n'January' is not a day\n")
    assert "datetime.datetime(2026, 1, 1, 12, 0, tzinfo=datetime.timezone.utc) is not a" in told
    assert told.endswith(
        "2027-01-31 lies after the base's as_of, 2026-02-28\n"
        "  where: track(every=)\n"
        "  fix:   move the as_of"
    )
    assert "there are no days" in refusal(lambda: SCHEME.track(BASE, every=[]))


def test_a_base_without_rows_has_no_first_day():
    fix = (
        "  fix:   track a base whose as_of lies after its first row, or give the days: every=[...]"
    )
    assert refusal(lambda: SCHEME.track(BASE.as_of("2020-01-01"))) == (
        f"the logs have no row by 2020-01-01\n  where: track(every=)\n{fix}"
    )
    empty = base_of({"orders": []})
    assert refusal(lambda: SCHEME.track(empty)).startswith("the logs have no row by 1970-01-01")
    assert SCHEME.track(empty, every=["1970-01-01"]).customer_ids.is_empty()


def test_periods_beyond_what_memory_holds_are_refused():
    old = of((1, "0001-02-01", 100), (1, "2026-01-01", 100))
    told = refusal(lambda: SCHEME.track(old))
    assert told == (
        "4,002 periods from 0001-02-28 on are more than 4,000\n"
        "  where: track(every=)\n"
        "  fix:   give longer periods, or the days: every=[...]"
    )
    assert len(SCHEME.track(old, every="year").days) == 2026


def test_a_day_that_is_not_tracked_is_refused_with_those_around_it():
    found = SCHEME.track(BASE.as_of("2026-02-28"))
    assert refusal(lambda: found.at("2026-01-15")) == (
        "2026-01-15 is not tracked\n"
        "  where: Track.at\n"
        "  fix:   give 2025-12-31 or 2026-01-31; all are in Track.days"
    )
    assert "fix:   give 2026-02-28; all" in refusal(lambda: found.flow("2025-11-30", "2030-01-01"))
    assert refusal(lambda: found.psi("May")).startswith("'May' is no day\n  where: Track.psi\n")


@frozen
class Tagging(Steps):
    """A scheme that gives no single label."""

    def label(self, measures):
        return measures.select("customer_id", tags=pl.lit(["a", "b"]))


NEAREST = cu.ClustersScheme(
    measures=("spend",),
    space=Space("standard", (15.0,), (10.0,)),
    names=("high_spend", "low_spend"),
    centres=((1.0,), (-1.0,)),
    customers=(1, 1),
)


@pytest.mark.parametrize(
    "scheme",
    [SCHEME, cu.ABCScheme(by="spend", a=20, b=10), cu.Lifecycle(), NEAREST],
    ids=lambda each: type(each).__name__,
)
def test_schemes_are_tracked_by_a_method_of_their_own(scheme):
    base = BASE.as_of("2026-02-28")
    found = scheme.track(base)
    assert found == track(scheme, base, every="month")
    for day in found.days:
        assert found.at(day).equals(assigned(scheme, base, day))


@pytest.mark.parametrize(("by", "cells"), [("orders_90d", 6), ("tenure_days", None)])
def test_classes_of_orders_and_spend_have_cells(by, cells):
    found = cu.ABCScheme(by=by, a=3, b=2).cells
    assert (found and len(found.labels)) == cells


def test_tags_are_refused():
    told = refusal(lambda: track(Tagging(("orders",)), BASE))
    assert told.startswith("the scheme does not give each customer one label\n  where: track\n")


@given(st.floats(allow_nan=False), st.integers(0, 4))
def test_the_least_units_are_the_first_that_reach_a_start(start, scale):
    found = replay_cells.least_units(start, scale)
    unit, most = 10**scale, 2**63 - 1
    assert found == most or found / unit >= start
    assert found == -most or (found - 1) / unit < start


def test_cells_are_refused_with_everything_that_is_wrong():
    from custseg.segments.cells import Axis, Cells

    axes = [Axis("tenure_days", [[1]]), Axis("orders", [[2, 1], [1, 2], [1, 2]]), Axis("spend", [])]
    with pytest.raises(cu.FitError) as caught:
        Cells(axes, labels=[1, 2])
    assert [problem.what for problem in caught.value.problems] == [
        "'tenure_days' has no cells",
        "3 lists of starts for 2 cells",
        "2 stands before 1",
        "0 lists of starts for 6 cells",
        "2 labels for 6 cells",
    ]


@pytest.mark.parametrize("customer", [-(2**63), 2**63 - 1])
def test_the_least_and_the_largest_id_have_a_history(customer):
    rows = {
        "order_id": [1, 2],
        "customer_id": [customer] * 2,
        "ordered_at": ["2026-01-05", "2026-02-05"],
        "total": [10, 20],
    }
    base = cu.CustomerBase(orders=cu.table(cu.Order).require(pl.DataFrame(rows)))
    told = cu.RFM().fit(base).track(base).intervals()
    assert told["customer_id"].unique().to_list() == [customer]
