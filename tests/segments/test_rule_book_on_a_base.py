"""Rule books as schemes: they label the customers of a base, or say why they cannot."""

from __future__ import annotations

import inspect

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import custseg as cu

SHOP = cu.datasets.simulate(300, 365, seed=3).base()
APP = cu.Measure("app_share", "channel = 'app'", over="orders", how="mean")
BUYER = cu.Rule("buyer", "orders > 0")
VIP = cu.Rule("vip", "spend_365d > 250 AND customer.region IS NOT NULL")
FAN = cu.Rule("fan", "app_share > 0.5")


def refused(book, base=SHOP):
    with pytest.raises(cu.RuleError) as caught:
        book.assign(base)
    return caught.value


@pytest.mark.parametrize("make", [cu.RuleBook.first, cu.RuleBook.best])
def test_every_customer_is_labelled_exactly_once(make):
    rules = [cu.Rule(rule.name, rule.when, worth=n) for n, rule in enumerate((VIP, FAN, BUYER))]
    found = make(*rules, otherwise="prospect", measures=[APP]).assign(SHOP)
    assert found.frame["customer_id"].to_list() == SHOP.customer_ids.to_list()
    assert found.frame["segment"].null_count() == 0
    assert found.segments == ("vip", "fan", "buyer", "prospect")
    assert found.sizes()["customers"].sum() == len(SHOP.customer_ids)


def test_the_frame_has_what_the_rules_read_and_orders_and_spend():
    found = cu.RuleBook.first(FAN, VIP, otherwise="rest", measures=(APP,)).segment(SHOP)
    assert found.frame.columns == [
        *("customer_id", "segment", "app_share", "spend_365d", "region", "orders", "spend")
    ]


def test_labels_are_those_of_the_expressions_over_the_measures():
    found = cu.RuleBook.first(VIP, BUYER, otherwise="rest").assign(SHOP).frame
    vip = (pl.col("spend_365d") > 250) & pl.col("region").is_not_null()
    wanted = pl.when(vip).then(pl.lit("vip")).when(pl.col("orders") > 0).then(pl.lit("buyer"))
    assert found["segment"].to_list() == (
        found.select(wanted.otherwise(pl.lit("rest")).alias("x"))["x"].to_list()
    )


def test_a_book_is_a_scheme_that_fits_to_itself():
    book: cu.Scheme = cu.RuleBook.first(BUYER, otherwise="rest")
    assert book.fit(SHOP) is book
    assert book.reads == ("orders",)
    assert book.segment(SHOP) == book.assign(SHOP)
    assert_frame_equal(book.label(SHOP.measures("orders", "spend")), book.assign(SHOP).frame)


def test_a_customer_alone_is_labelled_as_among_all():
    book = cu.RuleBook.first(VIP, FAN, otherwise="rest", measures=[APP])
    whole = book.assign(SHOP).frame
    known = whole["customer_id"][7]
    alone = book.assign(SHOP.where(f"customer_id = {known}")).frame
    assert_frame_equal(alone, whole[7:8])


def test_why_tells_what_the_rule_read_of_the_customer():
    found = cu.RuleBook.first(VIP, otherwise="rest").assign(SHOP)
    row = found.members("vip").row(0, named=True)
    assert found.why(row["customer_id"]) == (
        f"vip: spend_365d = {row['spend_365d']}, customer.region = {row['region']!r} ({VIP.when})"
    )


def test_instants_are_local_times_to_rules():
    early = cu.Rule("early", "joined_at < TIMESTAMP '2024-02-01 00:00:00'")
    found = cu.RuleBook.first(early, otherwise="late").assign(SHOP)
    assert found.frame.schema["joined_at"] == pl.Datetime("us")
    assert found.why(found.members("early")["customer_id"][0]).startswith("early: joined_at = 2024")


def test_scores_are_read_and_so_is_the_id():
    score = pl.DataFrame({"customer_id": SHOP.customer_ids, "risk": [0.5] * len(SHOP.customer_ids)})
    book = cu.RuleBook.first(cu.Rule("a", "risk > 0.4 AND customer_id = 7"), otherwise="b")
    assert book.assign(SHOP.with_measures(score)).members("a")["customer_id"].to_list() == [7]
    assert book.reads == ("risk",)


def test_everything_that_a_base_lacks_is_told_at_once_before_any_work(monkeypatch):
    orders_only = cu.CustomerBase(orders=SHOP.orders)
    monkeypatch.setattr(cu.CustomerBase, "measures", lambda *_: pytest.fail("work was done"))
    book = cu.RuleBook.first(
        cu.Rule("a", "orders > 1 OR open_tickets > 0"),
        cu.Rule("b", "scroe = 1 AND orders = 'x'"),
        cu.Rule("c", "visits > 1 AND odd > 2"),
        otherwise="rest",
        measures=[
            cu.Measure("visits", "kind = 'visit'", over="events", how="count"),
            cu.Measure("odd", "totl", over="orders"),
        ],
    )
    assert [(each.what, each.where) for each in refused(book, orders_only).problems] == [
        ("'visits' needs events, and the base has none", "RuleBook.first.measures[0]"),
        ("measure 'odd' reads 'totl', which is no column of orders", "Measure('odd')"),
        ("'open_tickets' needs tickets, and the base has none", "RuleBook.first[0].when"),
        (
            "rule 'b' reads 'scroe', which no column, measure or score provides",
            "RuleBook.first[1].when",
        ),
        ("rule 'b' compares 'orders' (number) and 'x' (text)", "RuleBook.first[1].when"),
    ]


def test_the_nearest_name_is_offered():
    error = refused(cu.RuleBook.every(cu.Rule("near", "regoin = 'north'")))
    assert str(error) == inspect.cleandoc(
        """
        rule 'near' reads 'regoin', which no column, measure or score provides
          where: RuleBook.every[0].when
          fix:   did you mean 'region'?
        """
    )


def test_a_measure_of_the_books_own_may_not_hide_a_column():
    region = cu.Measure("region", "channel", over="orders", how="first")
    error = refused(cu.RuleBook.every(cu.Rule("a", "region = 'x'"), measures=[region]))
    assert str(error) == inspect.cleandoc(
        """
        measure 'region' is also a column of customers or a score
          where: RuleBook.every.measures[0]
          fix:   give it another name
        """
    )


def test_wrong_measures_and_taken_names_are_refused_at_construction():
    with pytest.raises(cu.RuleError) as caught:
        cu.RuleBook.every(
            cu.Rule("tags", "orders > 1"),
            measures=[APP, APP, "spend", cu.Measure("segment", "total", over="orders")],
        )
    assert [(problem.what, problem.where) for problem in caught.value.problems] == [
        ("rule 'tags' is named like a column of Tags.frame", "RuleBook.every[0]"),
        ("two measures are named 'app_share'", "RuleBook.every.measures[1]"),
        ("measures holds measures, got 'spend'", "RuleBook.every.measures[2]"),
        (
            "a measure is named 'segment', which is the column of the labels",
            "RuleBook.every.measures[3]",
        ),
    ]


def test_the_column_of_labels_cannot_be_read():
    with pytest.raises(cu.RuleError, match="reads 'segment', which is the column of the labels"):
        cu.RuleBook.first(cu.Rule("a", "segment = 'x'"), otherwise="b")


def test_own_measures_make_the_trip_through_text():
    book = cu.RuleBook.first(FAN, otherwise="rest", measures=[APP])
    again = cu.RuleBook.from_json(book.to_json())
    assert again == book
    assert again.assign(SHOP) == book.assign(SHOP)
    text = """
    policy = "every"
    [[measures]]
    name = "app_share"
    value = "channel = 'app'"
    [[rules]]
    name = "fan"
    when = "app_share > 0.5"
    """
    assert cu.RuleBook.from_toml(text) == cu.RuleBook.every(FAN, measures=[APP])


def test_wrong_measures_in_a_text_are_told_with_the_rules():
    text = """
    policy = "every"
    [[measures]]
    name = "spend"
    value = "total"
    how = "guess"
    [[rules]]
    name = "a"
    when = "SUM(x) > 1"
    """
    with pytest.raises(cu.RuleError) as caught:
        cu.RuleBook.from_toml(text)
    assert [problem.where for problem in caught.value.problems] == [
        "RuleBook.from_toml: measures[0]",
        "RuleBook.from_toml: measures[0]",
        "RuleBook.from_toml: rules[0].when",
    ]


def test_measures_of_expressions_do_not_serialise():
    book = cu.RuleBook.every(
        FAN, measures=[cu.Measure("app_share", pl.col("channel") == "app", over="orders")]
    )
    with pytest.raises(cu.RuleError) as caught:
        book.to_json()
    assert str(caught.value) == inspect.cleandoc(
        """
        measure 'app_share' is a polars expression, which has no text form
          where: RuleBook.every.measures[0].value
          fix:   write it as SQL text: "channel = 'app'"
        """
    )


def test_a_book_shows_its_measures():
    assert "measures=(Measure(" in repr(cu.RuleBook.every(FAN, measures=[APP]))


@pytest.mark.parametrize("hit", [True, False])
def test_a_rule_that_says_the_same_of_all_rows_says_it_of_each(hit):
    answer = f"0 IS {'NOT ' if hit else ''}NULL"
    settled = f"CASE WHEN 0 = 0 THEN {answer} ELSE 0 BETWEEN spend AND 0 END"
    everyone = SHOP.customer_ids.len()
    for others in ((), (cu.Rule("more", settled),), (cu.Rule("many", "orders > 1000"),)):
        rules = (cu.Rule("all", settled), *others)
        found = cu.RuleBook.first(*rules, otherwise="none").segment(SHOP)
        assert found.frame["segment"].to_list() == ["all" if hit else "none"] * everyone
        tags = cu.RuleBook.every(*rules).assign(SHOP)
        assert tags.frame["all"].to_list() == [hit] * everyone
    assert SHOP.where(settled).customer_ids.len() == everyone * hit
