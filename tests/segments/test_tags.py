"""Tags: frame, sizes, members, why, and how they are shown."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from custseg._kernels import tags as kernels
from custseg.segments import tag_lists as lists
from naive import tags as naive

BOUGHT = {1: ["90.00", "15.50"], 2: ["4.50"], 3: ["5.00", "5.00", "-10.00"]}
ORDERS = cu.table(cu.Order).frame(
    [
        cu.Order(order_id=10 * who + n, customer_id=who, ordered_at="2026-06-01", total=total)
        for who, totals in BOUGHT.items()
        for n, total in enumerate(totals)
    ]
)
SHOP = cu.CustomerBase(orders=ORDERS).as_of("2026-06-30")
BOOK = cu.RuleBook.every(
    cu.Rule("<big>", "spend > 50"), cu.Rule("often", "orders >= 2"), cu.Rule("rare", "orders > 9")
)
TAGS = BOOK.segment(SHOP)


def test_the_frame_has_a_list_and_a_flag_for_each_tag():
    kind = pl.Enum(["<big>", "often", "rare"])
    assert TAGS.frame.schema == {
        "customer_id": pl.Int64,
        "tags": pl.List(kind),
        **dict.fromkeys(TAGS.tags, pl.Boolean),
    }
    assert TAGS.frame.rows() == [
        (1, ["<big>", "often"], True, True, False),
        (2, [], False, False, False),
        (3, ["often"], False, True, False),
    ]
    assert TAGS.measures.columns == ["customer_id", "spend", "orders"]


def test_sizes_count_customers_and_spend_of_each_tag():
    assert TAGS.sizes().rows() == [
        ("<big>", 1, 1 / 3, 105.5, 105.5 / 110),
        ("often", 2, 2 / 3, 105.5, 105.5 / 110),
        ("rare", 0, 0.0, 0.0, 0.0),
    ]


def test_shares_of_spend_lie_between_nothing_and_all_of_it_whatever_came_back():
    bought = {1: ["100.00"], 2: ["10.00", "-90.00"], 3: ["25.00"]}
    orders = cu.table(cu.Order).frame(
        [
            cu.Order(order_id=10 * who + n, customer_id=who, ordered_at="2026-06-01", total=total)
            for who, totals in bought.items()
            for n, total in enumerate(totals)
        ]
    )
    book = cu.RuleBook.every(
        cu.Rule("big", "spend > 50"), cu.Rule("back", "spend < 0"), cu.Rule("all", "orders > 0")
    )
    found = book.segment(cu.CustomerBase(orders=orders).as_of("2026-06-30")).sizes()
    assert found["spend"].to_list() == [100.0, -80.0, 45.0]
    assert found["spend_share"].to_list() == [0.8, None, 0.36]


def test_members_are_the_rows_that_bear_a_tag():
    assert TAGS.members("often")["customer_id"].to_list() == [1, 3]
    assert TAGS.members("rare").height == 0


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("oftn", "did you mean 'often'?"),
        ("x", "there are <big>, often, rare"),
        (5, "there are <big>, often, rare"),
    ],
)
def test_a_tag_that_does_not_exist_is_an_error_that_helps(name, fix):
    with pytest.raises(cu.SchemaError) as caught:
        TAGS.members(name)
    assert str(caught.value) == f"no tag is named {name!r}\n  where: Tags.members\n  fix:   {fix}"


def test_why_tells_every_rule_that_hit():
    assert TAGS.why("1") == "<big>: spend = 105.5 (spend > 50)\noften: orders = 2 (orders >= 2)"
    assert TAGS.why(2) == "no rule hits; spend = 4.5, orders = 1"
    with pytest.raises(cu.SchemaError, match="no customer 9"):
        TAGS.why(9)


def test_tags_are_shown_as_a_table_that_lines_up():
    assert repr(TAGS) == (
        "3 customers as of 2026-06-30, 1 without a tag, spend in EUR\n"
        "tag    customers   share   spend  spend share\n"
        "<big>          1  33.3 %  105.50       95.9 %\n"
        "often          2  66.7 %  105.50       95.9 %\n"
        "rare           0   0.0 %    0.00        0.0 %"
    )
    assert "&lt;big&gt;" in TAGS._repr_html_()
    assert "<big>" not in TAGS._repr_html_()


def test_tags_are_values():
    assert BOOK.segment(SHOP) == TAGS
    assert BOOK.segment(SHOP.as_of("2026-06-29")) != TAGS
    assert TAGS != "tags"
    with pytest.raises(TypeError):
        hash(TAGS)


def test_nobody_has_no_tags_and_shares_of_nothing_are_null():
    nobody = BOOK.segment(SHOP.where("orders > 99"))
    assert nobody.frame.height == 0
    assert nobody.frame.schema == TAGS.frame.schema
    assert nobody.sizes().select("share", "spend_share").null_count().row(0) == (3, 3)


def both(kernel):
    """The compiled kernel and its Python original."""
    original = getattr(kernel, "py_func", kernel)
    return [pytest.param(kernel, id="compiled"), pytest.param(original, id="py_func")]


rows_of_flags = st.integers(1, 70).flatmap(
    lambda many: st.lists(st.lists(st.booleans(), min_size=many, max_size=many), max_size=20)
)


@pytest.mark.parametrize("kind", [np.uint8, np.uint32])
@pytest.mark.parametrize("set_flags", both(kernels.set_flags))
@given(rows=rows_of_flags)
def test_set_flags_is_its_twin(set_flags, kind, rows):
    flags = np.array(rows, np.uint8).reshape(len(rows), len(rows[0]) if rows else 1)
    packed = np.packbits(flags, 0, bitorder="little")
    packed.flags.writeable = False
    counts = np.empty(len(rows), np.int64)
    codes = np.empty(sum(map(sum, rows)) + len(rows) + 1, kind)
    found = set_flags(packed, counts, codes)
    expected = naive.set_flags(rows)
    assert counts.tolist() == [len(row) for row in expected]
    assert codes[:found].tolist() == [place for row in expected for place in row or [0]]


@given(rows_of_flags.filter(bool), st.integers(0, 9))
def test_lists_are_the_flags_of_each_row_wherever_they_begin(rows, start):
    names = [f"t{place}" for place in range(len(rows[0]))]
    hits = pl.DataFrame(rows, dict.fromkeys(names, pl.Boolean), orient="row")[start:]
    found = lists.tag_lists(hits, pl.Enum(names))
    assert found.to_list() == [
        [name for name, hit in zip(names, row, strict=True) if hit] for row in rows[start:]
    ]
    assert found.dtype == pl.List(pl.Enum(names))


def test_tags_beyond_a_byte_are_told_apart():
    names = [f"t{place}" for place in range(300)]
    hits = pl.DataFrame({name: [place >= 254, False] for place, name in enumerate(names)})
    found = lists.tag_lists(hits, pl.Enum(names))
    assert found.to_list() == [names[254:], []]


def test_threads_cut_lists_between_bytes(monkeypatch):
    monkeypatch.setenv("CUSTSEG_THREADS", "3")
    monkeypatch.setattr(lists, "_SMALL", 2)
    hit = np.arange(85) % 5 == 0
    hits = pl.DataFrame({"a": hit, "b": ~hit & (np.arange(85) % 2 == 0)})
    found = lists.tag_lists(hits, pl.Enum(hits.columns))
    assert found.to_list() == [["a"] * a + ["b"] * b for a, b in hits.iter_rows()]


def test_names_that_look_like_patterns_are_names():
    hit = np.arange(200) % 3 == 0
    hits = pl.DataFrame({"a": hit, "^b$": ~hit, "*": hit})
    found = lists.tag_lists(hits, pl.Enum(hits.columns))
    assert found[[0, 1, 198]].to_list() == [["a", "*"], ["^b$"], ["a", "*"]]
    assert found.list.len().sum() == 2 * hit.sum() + (~hit).sum()
