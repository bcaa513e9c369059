"""Laws of rule books: what they label, and on what the labels may not depend."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import custseg as cu
from custseg.segments import rule_book
from naive import rules as naive
from rules.conditions import conditions, framed, rows


@given(
    st.sampled_from(["first", "every", "best"]),
    st.lists(st.tuples(conditions(), st.integers(-1, 1)), min_size=1, max_size=5),
    rows(),
    st.sampled_from([0, 5_000]),
)
def test_labels_are_those_of_the_rules_asked_one_by_one(policy, written, listed, few):
    rules = [(f"r{place}", condition, worth) for place, (condition, worth) in enumerate(written)]
    book = cu.RuleBook(
        policy,
        tuple(cu.Rule(name, naive.sql(condition), worth=worth) for name, condition, worth in rules),
        None if policy == "every" else "rest",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rule_book, "FEW", few)
        label = book.label(framed(listed))["tags" if policy == "every" else "segment"]
    assert label.to_list() == naive.labels(policy, rules, "rest", listed)
    kind = label.dtype.inner if policy == "every" else label.dtype
    assert kind.categories.to_list() == list(book.labels)


@given(
    st.sampled_from(["first", "every", "best"]),
    st.lists(
        st.tuples(conditions(), st.integers() | st.floats(allow_nan=False, allow_infinity=False)),
        min_size=1,
        max_size=4,
    ),
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1).filter(
        lambda text: not text.startswith("r")
    ),
)
def test_a_book_is_equal_after_the_trip_through_json(policy, written, otherwise):
    book = cu.RuleBook(
        policy,
        tuple(
            cu.Rule(f"r{place}", naive.sql(condition), worth=worth)
            for place, (condition, worth) in enumerate(written)
        ),
        None if policy == "every" else otherwise,
    )
    again = cu.RuleBook.from_json(book.to_json())
    assert again == book
    assert hash(again) == hash(book)
    assert again.to_json() == book.to_json()


NOBODY = dict.fromkeys(("orders", "order", "spend", "region", "app", "customer"))
CASE = (
    "case",
    ("column", "app"),
    ("=", ("column", "region"), ("literal", "north")),
    ("=", ("column", '"order"'), ("column", "customer.age")),
)


@example(CASE, [NOBODY])
@given(conditions(), rows().filter(bool))
def test_why_tells_the_rule_that_labels_the_row(condition, listed):
    book = cu.RuleBook.first(cu.Rule("hit", naive.sql(condition)), otherwise="rest")
    row = framed(listed)[:1]
    told = book.why(row)
    assert told.startswith(f"{book.label(row)['segment'][0]}: ")
    # A mapping has no types: what is null in it may have been anything.
    assert book.why(row.row(0, named=True)) == told


POLICIES = st.sampled_from(["first", "every", "best"])


def booked(policy, written):
    rules = tuple(
        cu.Rule(f"r{place}", naive.sql(condition), worth=place % 3)
        for place, condition in enumerate(written)
    )
    return cu.RuleBook(policy, rules, None if policy == "every" else "rest")


def numbered(listed):
    return framed(listed).with_row_index("id")


@given(POLICIES, st.lists(conditions(), min_size=1, max_size=4), rows(), st.data())
def test_labels_depend_on_their_own_row_only(policy, written, listed, drawn):
    book, frame = booked(policy, written), numbered(listed)
    whole = book.label(frame)
    order = drawn.draw(st.permutations(range(len(listed))))
    assert_frame_equal(book.label(frame[order]), whole[order])
    cut = drawn.draw(st.integers(0, len(listed)))
    assert_frame_equal(pl.concat([book.label(frame[:cut]), book.label(frame[cut:])]), whole)


@given(st.lists(conditions(), min_size=1, max_size=4), rows())
def test_tags_are_the_rules_own_hits(written, listed):
    book, frame = booked("every", written), numbered(listed)
    labelled = book.label(frame)
    for rule in book.rules:
        assert labelled[rule.name].to_list() == rule.hits(frame).to_list()
    flags = labelled.select(book.labels).rows(named=True)
    assert labelled["tags"].to_list() == [[tag for tag in row if row[tag]] for row in flags]


@given(POLICIES, st.lists(conditions(), min_size=1, max_size=4), rows())
def test_an_analysis_counts_what_the_labels_show(policy, written, listed):
    book, frame = booked(policy, written), numbered(listed)
    label = book.label(frame)
    bears = label["tags"].to_list() if policy == "every" else [[each] for each in label["segment"]]
    hits = {rule.name: rule.hits(frame).to_list() for rule in book.rules}
    winners = None if policy == "every" else label["segment"].to_physical()
    found = cu.RuleAnalysis.of(
        pl.DataFrame(hits, dict.fromkeys(hits, pl.Boolean)), winners, day=None
    )
    for name, hit, won, shadowed, _, finding, taker in found.frame.iter_rows():
        assert hit == sum(hits[name])
        assert won == sum(name in each for each in bears)
        assert shadowed == hit - won
        assert (finding == "never fires") == (hit == 0)
        assert (finding == "always shadowed") == (hit > 0 == won)
        assert (taker is not None) == (finding == "always shadowed")
    pairs = {(one, other): n for one, other, n, _ in found.overlaps.iter_rows()}
    names = list(hits)
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            both = sum(a and b for a, b in zip(hits[one], hits[other], strict=True))
            assert pairs.get((one, other), 0) == both
    assert found.customers == len(listed)
    assert found.unmatched == sum(not any(row) for row in zip(*hits.values(), strict=True))
