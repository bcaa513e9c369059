"""A rule book: its policies, what it refuses, its labels in one pass, its reasons."""

from __future__ import annotations

import datetime as dt
import inspect
from decimal import Decimal

import polars as pl
import pytest

import custseg as cu

VIP = cu.Rule("vip", "spend > 1000")
OFTEN = cu.Rule("often", "orders >= 5")
NEAR = cu.Rule("near", "customer.region = 'north'")
ROWS = pl.DataFrame(
    {
        "spend": [1200.0, 1200.0, 5.0, None],
        "orders": [7, 1, 9, None],
        "customer": [{"region": "north"}, {"region": "south"}, None, {"region": None}],
    }
)


def refused(make, *rules, **options):
    with pytest.raises(cu.RuleError) as caught:
        make(*rules, **options)
    return caught.value


def test_first_takes_the_first_rule_that_hits():
    label = cu.RuleBook.first(VIP, OFTEN, otherwise="rest").label(ROWS)["segment"]
    assert label.to_list() == ["vip", "vip", "often", "rest"]
    assert label.dtype == pl.Enum(["vip", "often", "rest"])


def test_every_gives_all_rules_that_hit_in_order():
    label = cu.RuleBook.every(OFTEN, VIP, NEAR).label(ROWS)["tags"]
    assert label.to_list() == [["often", "vip", "near"], ["vip"], ["often"], []]
    assert label.dtype == pl.List(pl.Enum(["often", "vip", "near"]))


def test_best_takes_the_largest_worth_and_the_first_on_a_tie():
    book = cu.RuleBook.best(
        cu.Rule("low", "orders > 0", worth=-1),
        cu.Rule("tied", "spend > 1000", worth=2),
        cu.Rule("late", "spend > 1000", worth=2.0),
        otherwise="rest",
    )
    label = book.label(ROWS)["segment"]
    assert label.to_list() == ["tied", "tied", "low", "rest"]
    assert label.dtype == pl.Enum(["low", "tied", "late", "rest"])


def test_every_also_gives_a_flag_for_each_rule():
    labelled = cu.RuleBook.every(VIP, OFTEN, NEAR).label(ROWS)
    assert labelled.columns == ["spend", "tags", "vip", "often", "near"]
    assert labelled.select("vip", "often", "near").rows() == [
        (True, True, True),
        (True, False, False),
        (False, True, False),
        (False, False, False),
    ]


@pytest.mark.parametrize(("condition", "asked"), [("orders + 0 > {}", 100), ("orders > {}", 0)])
def test_all_rules_are_answered_in_one_pass_or_none(monkeypatch, condition, asked):
    passes = []

    def counted(select):
        def selected(frame, *expressions, **options):
            if frame.columns == ROWS.columns:
                passes.append(len(expressions[0]))
            return select(frame, *expressions, **options)

        return selected

    for name in ("select", "select_seq"):
        monkeypatch.setattr(pl.DataFrame, name, counted(getattr(pl.DataFrame, name)))
    rules = [cu.Rule(f"r{place}", condition.format(place)) for place in range(100)]
    passes.clear()
    label = cu.RuleBook.first(*rules, otherwise="rest").label(ROWS)["segment"]
    assert label.to_list() == ["r0", "r0", "r0", "rest"]
    assert passes == [asked] * (asked > 0)


@pytest.mark.parametrize("policy", ["first", "every", "best"])
def test_an_empty_frame_is_labelled_with_an_empty_frame(policy):
    rules = (cu.Rule("a", "spend > 1", worth=1),)
    book = cu.RuleBook(policy, rules, None if policy == "every" else "rest")
    label = book.label(ROWS.head(0))
    assert label.height == 0
    assert label.schema == book.label(ROWS).schema


def test_labels_stand_behind_the_first_column_and_replace_older_ones():
    labelled = cu.RuleBook.first(VIP, otherwise="rest").label(ROWS.with_columns(segment=pl.lit(1)))
    assert labelled.columns == ["spend", "segment", "orders", "customer"]
    assert labelled["segment"].to_list() == ["vip", "vip", "rest", "rest"]


def test_names_may_look_like_patterns_and_may_be_many():
    rules = [cu.Rule(name, "orders >= 0") for name in ("^a$", "*", "a b", "常客", "") if name]
    more = [cu.Rule(f"r{place}", "orders < 0") for place in range(300)]
    book = cu.RuleBook.first(*more, *rules, otherwise="rest")
    assert book.label(ROWS)["segment"].to_list() == ["^a$", "^a$", "^a$", "rest"]
    assert cu.RuleBook.every(*more, *rules).label(ROWS).width == 306


def test_an_empty_book_is_refused_with_the_cure():
    assert str(refused(cu.RuleBook.first, otherwise="rest")) == inspect.cleandoc(
        """
        a rule book needs rules
          where: RuleBook.first
          fix:   write Rule("vip", "orders >= 5")
        """
    )


def test_everything_wrong_with_a_book_is_told_at_once():
    error = refused(
        cu.RuleBook.best, VIP, cu.Rule("vip", "orders > 1", worth=1), 5, otherwise="vip"
    )
    assert str(error) == inspect.cleandoc(
        """
        4 things are wrong
        rule 'vip' has no worth, so best cannot compare it
          where: RuleBook.best[0]
          fix:   write Rule('vip', ..., worth=3)
        two rules are named 'vip'
          where: RuleBook.best[1]
          fix:   rename it, or join it to RuleBook.best[0] with OR
        a rule book holds rules, got 5
          where: RuleBook.best[2]
          fix:   write Rule("vip", "orders >= 5")
        otherwise is 'vip', which is also the name of a rule
          where: RuleBook.best.otherwise
          fix:   rename it or RuleBook.best[0]
        """
    )


@pytest.mark.parametrize("otherwise", ["", "  ", None, 5])
def test_rows_that_no_rule_hits_need_a_label(otherwise):
    error = refused(cu.RuleBook.first, VIP, otherwise=otherwise)
    assert str(error).startswith("rows that no rule hits need a label, got otherwise=")


def test_every_has_no_label_for_the_rest():
    with pytest.raises(cu.RuleError, match="every gives no label to rows that no rule hits"):
        cu.RuleBook("every", (VIP,), "rest")


def test_an_unknown_policy_is_refused():
    with pytest.raises(cu.RuleError, match="policy 'all' is not known"):
        cu.RuleBook("all", (VIP,), "rest")


def test_a_book_reads_what_its_rules_read():
    assert cu.RuleBook.every(VIP, NEAR).reads == ("spend", "region")


def test_rows_that_lack_columns_are_one_error_for_all_rules():
    error = refused(cu.RuleBook.first(VIP, OFTEN, otherwise="rest").label, pl.DataFrame({"x": [1]}))
    assert [problem.where for problem in error.problems] == [
        "RuleBook.first[0].when",
        "RuleBook.first[1].when",
    ]


def test_values_that_do_not_convert_name_their_rule():
    book = cu.RuleBook.every(VIP, cu.Rule("old", "age::int > 60"))
    error = refused(book.label, ROWS.with_columns(age=pl.lit("old")))
    assert str(error).startswith("rule 'old' cannot be answered for these rows: ")


def test_columns_that_are_null_throughout_do_not_stop_the_other_rules():
    book = cu.RuleBook.every(cu.Rule("named", "name LIKE 'A%'"), cu.Rule("some", "x > 1"))
    frame = pl.DataFrame({"name": [None, None], "x": [1, 2]})
    assert book.label(frame)["tags"].to_list() == [[], ["some"]]


def test_why_tells_the_rule_and_the_numbers_it_read():
    book = cu.RuleBook.first(
        cu.Rule("vip", "spend > 1000 AND orders >= 5"), NEAR, otherwise="ordinary"
    )
    assert [book.why(ROWS[place : place + 1]) for place in range(4)] == [
        "vip: spend = 1200.0, orders = 7 (spend > 1000 AND orders >= 5)",
        "ordinary: no rule hits; spend = 1200.0, orders = 1, customer.region = 'south'",
        "ordinary: no rule hits; spend = 5.0, orders = 9, customer.region = null",
        "ordinary: no rule hits; spend = null, orders = null, customer.region = null",
    ]


def test_why_tells_every_rule_that_hits_and_the_worth_of_the_best():
    every = cu.RuleBook.every(VIP, OFTEN)
    assert (
        every.why(ROWS[:1]) == "vip: spend = 1200.0 (spend > 1000)\noften: orders = 7 (orders >= 5)"
    )
    assert every.why(ROWS[3:]) == "no rule hits; spend = null, orders = null"
    best = cu.RuleBook.best(
        cu.Rule("a", "x > 1", worth=1), cu.Rule("b", pl.col("x") > 1, worth=2.5), otherwise="c"
    )
    assert best.why({"x": 2}) == 'b: x = 2 ([(col("x")) > (dyn int: 1)]; worth 2.5)'


def test_why_shows_values_as_a_reader_writes_them():
    row = {
        "at": dt.datetime(2026, 6, 1, 9, 30),
        "born": dt.date(1990, 2, 28),
        "total": Decimal("19.90"),
        "tags": ["a", None],
        "app": True,
        "region": "it's",
    }
    book = cu.RuleBook.first(
        cu.Rule("a", " OR ".join(f"{name} IS NULL" for name in row)), otherwise="b"
    )
    assert book.why(row) == (
        "b: no rule hits; at = 2026-06-01 09:30:00, born = 1990-02-28, total = 19.90, "
        "tags = ['a', None], app = True, region = \"it's\""
    )


def test_why_takes_a_mapping_with_more_and_with_null_parts():
    book = cu.RuleBook.first(cu.Rule("a", "customer.city LIKE 'A%' AND x > 1"), otherwise="b")
    assert book.why({"x": 2, "y": 0, "customer": {"city": "Aa", "z": 1}}).startswith("a: ")
    assert book.why({"x": 2, "customer": {"z": 1}}).startswith("b: ")
    assert book.why({"x": 2, "customer": None}).startswith("b: ")
    assert book.why({"x": None, "customer": {"city": None}}).startswith("b: ")


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (ROWS, "why explains one row, got 4"),
        (ROWS.head(0), "why explains one row, got 0"),
        ("vip", "why explains a row, got 'vip'"),
        ({"spent": 3}, "the row has no 'spend'"),
        ({"spend": object()}, "rule 'vip' "),
        ({"spend": "much"}, "rule 'vip' compares 'spend' (text) and 1000 (number)"),
    ],
)
def test_why_refuses_what_is_no_row_of_the_book(row, what):
    assert str(refused(cu.RuleBook.first(VIP, otherwise="rest").why, row)).startswith(what)


def test_why_refuses_values_that_no_frame_holds():
    error = refused(cu.RuleBook.first(VIP, otherwise="rest").why, {"spend": 2**200})
    assert "the row cannot be read" in str(error)


def test_books_are_values():
    book = cu.RuleBook.first(VIP, otherwise="rest")
    assert book == cu.RuleBook.first(VIP, otherwise="rest")
    assert hash(book) == hash(cu.RuleBook.first(VIP, otherwise="rest"))
    assert book != cu.RuleBook.first(VIP, otherwise="others")
    assert book != cu.RuleBook.every(VIP)
    assert cu.RuleBook.every(VIP, OFTEN) != cu.RuleBook.every(OFTEN, VIP)


def test_a_book_shows_as_it_is_declared():
    assert repr(cu.RuleBook.first(VIP, otherwise="rest")) == inspect.cleandoc(
        """
        RuleBook.first(
            Rule('vip', 'spend > 1000'),
            otherwise='rest',
        )
        """
    )
    assert repr(cu.RuleBook.every(VIP)) == inspect.cleandoc(
        """
        RuleBook.every(
            Rule('vip', 'spend > 1000'),
        )
        """
    )


@pytest.mark.parametrize("flag", [[0, 1], [0, None], [1.0, 0.0]])
def test_a_column_of_numbers_is_no_hit(flag):
    rows = pl.DataFrame({"customer_id": [1, 2], "flag": flag})
    for book in (
        cu.RuleBook.first(cu.Rule("a", "flag"), otherwise="b"),
        cu.RuleBook.every(cu.Rule("a", "flag")),
    ):
        with pytest.raises(cu.RuleError):
            book.label(rows)
