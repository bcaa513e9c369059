"""Layout: columns line up in a terminal, HTML is escaped and takes the page's colours."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from custseg.segments.layout import Layout

cells = st.text(st.characters(exclude_categories=["C", "Z", "M"]), max_size=8)


def test_wide_letters_take_two_columns_and_accents_none():
    shown = Layout("t", ("名", "n"), (("冠军", "1"), ("cafe\u0301", "22"))).text()
    assert shown == "t\n名     n\n冠军   1\ncafe\u0301  22"


@given(st.lists(st.tuples(cells, st.integers(0, 10**6).map(str)), max_size=5))
def test_numbers_end_in_one_column(rows):
    lines = Layout("t", ("abc", "n"), tuple(rows)).text().split("\n")
    assert len(lines) == len(rows) + 2
    assert all(line.endswith(number) for line, (_, number) in zip(lines[2:], rows, strict=True))


@given(st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9)), max_size=3))
def test_no_value_becomes_markup(rows):
    empty = Layout("t", ("a", "b"), (("", ""),) * len(rows)).html()
    shown = Layout("t", ("a", "b"), tuple(rows)).html()
    assert re.findall("<[^>]*>", shown) == re.findall("<[^>]*>", empty)


def test_no_colour_is_fixed_so_that_both_themes_work():
    shown = Layout("<t>", ("a", "b"), (("x", "1"),)).html()
    assert "&lt;t&gt;" in shown
    assert "color:inherit" in shown
    assert not re.search(r"#[0-9a-f]{3}|rgb\(|black|white(?!-space)", shown)


def test_controls_and_line_ends_are_spelt_out_in_a_terminal():
    rows = (("b\x1b[2Jc\nd", "1"), ("پیش\u200cفرض", "2"))
    shown = Layout("a\x07\u2028\ud800", ("n\u202ex", "n"), rows).text()
    assert [line.split() for line in shown.split("\n")] == [
        ["a\\x07\\u2028\\ud800"],
        ["n\\u202ex", "n"],
        ["b\\x1b[2Jc\\nd", "1"],
        ["پیش\u200cفرض", "2"],
    ]


@given(st.text(), st.lists(st.tuples(st.text(), st.text()), max_size=3))
def test_a_table_has_a_line_for_each_row_whatever_stands_in_it(title, rows):
    shown = Layout(title, ("a", "b"), tuple(rows)).text()
    # A title may have lines of its own, and no other end of a line than that.
    assert len(f"{shown}.".splitlines()) == len(rows) + 2 + title.count("\n")
    assert "\x1b" not in shown
