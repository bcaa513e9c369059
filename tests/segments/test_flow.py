"""Flow: every customer moves once, and nobody is lost."""

from __future__ import annotations

import math
import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custseg.segments.flow import Flow
from naive import segments as naive

NAMES = ("gold", "silver", "none")
labels = st.dictionaries(st.integers(1, 12), st.sampled_from(NAMES), max_size=12)


def frame(of):
    return pl.DataFrame(
        {"customer_id": list(of), "segment": list(of.values())},
        {"customer_id": pl.Int64, "segment": pl.Enum(NAMES)},
    )


def flow(before, after):
    return Flow.between(frame(before), frame(after))


@given(labels, labels)
def test_every_pair_is_counted_as_the_twin_counts_it(before, after):
    found = {(a, b): n for a, b, n in flow(before, after).frame.iter_rows()}
    assert found == naive.moves(before, after, NAMES)


@given(labels, labels)
def test_who_stayed_left_and_entered_adds_up(before, after):
    found = flow(before, after)
    for name in NAMES:
        was, now = (list(side.values()).count(name) for side in (before, after))
        assert found.stayed[name] + found.left[name] == was
        assert found.stayed[name] + found.entered[name] == now
    matrix = found.matrix
    assert matrix.columns == ["before", *NAMES]
    assert matrix["before"].to_list() == list(NAMES)
    assert matrix.select(NAMES).sum_horizontal().sum() == len({*before} & {*after})


@given(labels, labels)
def test_the_way_back_is_the_transpose(before, after):
    there, back = flow(before, after), flow(after, before)
    assert there.entered == back.left
    assert there.stayed == back.stayed
    swapped = back.frame.select(before="after", after="before", customers="customers")
    order = ["before", "after"]
    assert there.frame.sort(order).equals(swapped.sort(order))


@given(labels)
def test_a_flow_to_itself_is_a_diagonal(of):
    found = flow(of, of)
    apart = found.frame.filter(pl.col("before").ne_missing(pl.col("after")))
    assert apart["customers"].sum() == 0
    assert set(found.left.values()) | set(found.entered.values()) == {0}
    assert found.stability_index == (0 if of else None)


@given(labels, labels)
def test_the_stability_index_is_that_of_the_definition_and_never_negative(before, after):
    found = flow(before, after).stability_index
    if before and after:
        assert math.isclose(found, naive.stability_index(before, after, NAMES), abs_tol=1e-12)
        assert found >= 0
    else:
        assert found is None


def test_the_stability_index_of_a_published_form_comes_out():
    # 50/50 to 60/40: (.6 − .5) ln(.6/.5) + (.4 − .5) ln(.4/.5)
    before = {n: "gold" if n <= 5 else "silver" for n in range(1, 11)}
    after = {n: "gold" if n <= 6 else "silver" for n in range(1, 11)}
    assert flow(before, after).stability_index == pytest.approx(0.040546510810816444, abs=1e-15)


def test_a_flow_is_shown_as_what_each_segment_lost_and_won():
    found = flow({1: "gold", 2: "gold", 3: "none"}, {1: "gold", 2: "silver", 4: "none"})
    assert repr(found) == (
        "3 customers before, 3 after, population stability index 0.3466\n"
        "segment  before  left  entered  after\n"
        "gold          2     1        0      1\n"
        "silver        0     0        1      1\n"
        "none          1     1        1      1"
    )


def test_a_notebook_shows_the_whole_matrix_with_those_outside_last():
    found = flow({1: "gold", 2: "gold", 3: "none"}, {1: "gold", 2: "silver", 4: "none"})
    cells = re.findall(r"<t[hd] [^>]*>([^<]*)<", found._repr_html_())
    assert cells == [
        *["before \\ after", "gold", "silver", "none", "–"],
        *["gold", "1", "1", "0", "0"],
        *["silver", "0", "0", "0", "0"],
        *["none", "0", "0", "0", "1"],
        *["–", "0", "0", "1", "0"],
    ]


def test_a_flow_from_nobody_has_no_index():
    assert "population stability index unknown" in repr(flow({}, {1: "gold"}))


def test_flows_compare_by_their_frames_and_have_no_hash():
    one = flow({1: "gold"}, {1: "none"})
    assert one == flow({9: "gold"}, {9: "none"})
    assert one != flow({1: "gold"}, {1: "gold"})
    assert one != "a flow"
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)
