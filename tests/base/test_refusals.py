from __future__ import annotations

import pandas as pd
import polars as pl
import pytest

import custseg as cu
from base.logs_of import at, base_of, frame, keyed
from base.test_customer_base import DAY, order

ADMIT = "admit it first: cu.table(...).admit(frame)"


def refused(error, action, *args, **options):
    """Every problem that an action is refused with, as (what, where, fix)."""
    with pytest.raises(error) as caught:
        action(*args, **options)
    return [(each.what, each.where, each.fix) for each in caught.value.problems]


def test_a_base_needs_a_log():
    logs = "orders=, lines=, events=, feedback=, tickets=, opportunities="
    expected = [("a base needs a log", "CustomerBase", f"give at least one of {logs}")]
    assert refused(cu.SchemaError, cu.CustomerBase) == expected
    assert refused(cu.SchemaError, cu.CustomerBase, customers=frame("customers", [])) == expected


def test_frames_that_were_not_admitted_are_refused_all_at_once():
    orders = pl.DataFrame({"order_id": [1], "customer_id": [1], "ordered_at": ["2026"]})
    nobody = frame("events", []).vstack(
        pl.DataFrame(
            {"event_id": [1], "customer_id": [None], "at": [None], "kind": ["x"]},
            schema=frame("events", []).select("event_id", "customer_id", "at", "kind").schema,
        )
        .select(
            pl.all(),
            *(
                pl.lit(None).cast(d).alias(n)
                for n, d in frame("events", []).schema.items()
                if n not in {"event_id", "customer_id", "at", "kind"}
            ),
        )
        .select(frame("events", []).columns)
    )
    found = refused(cu.SchemaError, cu.CustomerBase, orders=orders, events=nobody)
    assert found == [
        (
            "column 'ordered_at' is String, not Datetime(time_unit='us', time_zone='UTC')",
            "CustomerBase(orders=)",
            ADMIT,
        ),
        ("column 'total' is missing", "CustomerBase(orders=)", ADMIT),
        ("column 'customer_id' has 1 nulls", "CustomerBase(events=)", ADMIT),
        ("column 'at' has 1 nulls", "CustomerBase(events=)", ADMIT),
    ]


def test_a_frame_of_another_library_is_refused():
    found = refused(cu.SchemaError, cu.CustomerBase, orders=pd.DataFrame())
    assert found == [
        ("orders are a pandas.DataFrame, not a polars frame", "CustomerBase(orders=)", ADMIT)
    ]


def test_money_of_another_currency_is_refused():
    yen = frame("orders", [order(1, 1)], currency="JPY")
    found = refused(cu.SchemaError, cu.CustomerBase, orders=yen)
    assert [what for what, _, _ in found] == [
        "column 'total' is Decimal(precision=18, scale=0), not Decimal(precision=18, scale=2)"
    ]


def test_ids_of_different_types_are_refused():
    events = keyed("events", [{"customer_id": 1, "at": at(DAY, 1), "kind": "x"}])
    logs = {"orders": frame("orders", [order(1, 1)]), "events": frame("events", events, named=str)}
    assert refused(cu.SchemaError, cu.CustomerBase, **logs) == [
        (
            "customer_id has different types: orders Int64, events String",
            "CustomerBase",
            'make them one, e.g. columns={"customer_id": pl.col("customer_id").cast(pl.String)}',
        )
    ]


def test_customers_named_like_measures_or_standing_twice_are_refused():
    known = pl.DataFrame({"customer_id": [1, 1], "spend": [1.0, 2.0]})
    found = refused(cu.SchemaError, cu.CustomerBase, orders=frame("orders", []), customers=known)
    where = "CustomerBase(customers=)"
    assert found == [
        (
            "the column 'spend' of customers is named like a measure",
            where,
            'rename it, e.g. columns={"given_spend": "spend"}',
        ),
        (
            "a customer stands more than once in customers",
            where,
            "admit them with unique=True, or merge the rows first",
        ),
    ]


def test_unknown_measures_are_refused_all_at_once_with_the_nearest_names():
    known = pl.DataFrame({"customer_id": [1], "region": ["x"]})
    base = cu.CustomerBase(orders=frame("orders", []), customers=known)
    where = "CustomerBase.measures"
    mine = cu.Measure("mine", "total")
    other = cu.Measure("mine", "total * 2")
    asked = ("spend_3d65", "regoin", "events_x", "nps_last", 7, mine, other)
    unknown = "is no measure, no column of customers and no score"
    assert refused(cu.SchemaError, base.measures, *asked) == [
        ("7 is not a name", where, 'write a measure as text: "spend_365d"'),
        (
            f"'spend_3d65' {unknown}",
            where,
            "did you mean 'spend_365d'? measures end in _30d, _12m or _2026",
        ),
        (f"'regoin' {unknown}", where, "did you mean 'region'?"),
        ("'events_x' needs events, and the base has none", where, "build the base with events="),
        (
            "'nps_last' needs feedback, and the base has none",
            where,
            "build the base with feedback=",
        ),
        ("two measures are named 'mine'", where, "give one of them another name"),
    ]


def test_a_rule_that_the_base_cannot_answer_is_refused_with_all_reasons():
    tier = pl.Enum(["gold", "none"])
    known = pl.DataFrame({"customer_id": [1], "tier": pl.Series(["gold"], dtype=tier)})
    base = cu.CustomerBase(orders=frame("orders", []), customers=known)
    text = (
        "customer.regoin = 'x' AND tier = 'gild' AND events_browse > 1 AND customer.tier = 'gold'"
    )
    where = "Rule('where').when"
    found = refused(cu.RuleError, base.where, text)
    assert [place for _, place, _ in found] == [where] * 3
    assert [what for what, _, _ in found] == [
        "'events_browse' needs events, and the base has none",
        "rule 'where' reads 'customer.regoin', which no column, measure or score provides",
        "rule 'where' compares 'tier' with 'gild', which is none of its values",
    ]
    assert base.where("customer.tier = 'gold'").customer_ids.to_list() == [1]


def test_a_misspelt_measure_in_a_rule_is_refused_with_the_nearest():
    found = refused(cu.RuleError, base_of({"orders": []}).where, "ordrs > 1 AND spend > 2")
    assert found[0][0] == "rule 'where' reads 'ordrs', which no column, measure or score provides"


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan"), "half"])
def test_a_share_beyond_0_and_1_is_refused(share):
    found = refused(cu.SchemaError, base_of({"orders": []}).sample, share)
    assert found == [
        (f"a share of {share!r} cannot be drawn", "sample", "give a number from 0 to 1")
    ]


def test_scores_that_do_not_fit_are_refused_with_all_reasons():
    base = base_of({"orders": [order(1, 1)]})
    wrong = pl.DataFrame({"customer_id": ["1", "1"], "spend": [1.0, 2.0]})
    where = "with_measures"
    assert refused(cu.SchemaError, base.with_measures, wrong) == [
        ("'spend' is a measure or a column of customers", where, "rename the column"),
        ("a customer stands more than once", where, "keep one row each"),
        ("customer_id is String, in the base Int64", where, "cast it to the base's type"),
    ]
    nobody = pl.DataFrame({"customer_id": [None, 1, 7, 9], "risk": 0.5})
    assert refused(cu.SchemaError, base.with_measures, nobody) == [
        ("1 rows are of nobody", where, 'leave them out: rows.drop_nulls("customer_id")'),
        (
            "2 customers are not in the base as of 2024-05-01, e.g. 7",
            where,
            'keep its own: rows.join(base.customer_ids.to_frame(), on="customer_id", how="semi")',
        ),
    ]
    assert refused(cu.SchemaError, base.with_measures, None) == [
        (
            "scores are a NoneType, not a polars frame",
            where,
            "give a pl.DataFrame of customer_id and the new measures",
        )
    ]
    assert refused(cu.SchemaError, base.with_measures, pl.DataFrame()) == [
        ("the frame has no customer_id", where, "add the column")
    ]


def test_a_key_that_comes_again_with_other_content_is_refused():
    base = base_of({"orders": [order(1, 1), order(2, 1)]})
    more = frame("orders", [order(2, 1, 7), order(3, 1)])
    assert refused(cu.SchemaError, base.append, orders=more) == [
        (
            "1 keys come again with other content, e.g. order_id 2",
            "append(orders=)",
            "correct the rows, or give them keys of their own",
        )
    ]


def test_what_cannot_be_appended_is_refused():
    base = base_of({"orders": [order(1, 1)]})
    assert refused(cu.SchemaError, base.append, order=1, xyz=2) == [
        ("no log is called 'order'", "append", "did you mean 'orders'?"),
        (
            "no log is called 'xyz'",
            "append",
            "one of orders, lines, events, feedback, tickets, opportunities, customers",
        ),
    ]
    texts = frame("orders", [order(2, 1)]).with_columns(pl.col("order_id").cast(pl.String))
    assert refused(cu.SchemaError, base.append, orders=texts) == [
        (
            "column 'order_id' is String, in the base Int64",
            "append(orders=)",
            "admit both with one type",
        )
    ]


def test_ids_merged_in_a_circle_or_of_another_type_are_refused():
    base = base_of({"orders": [order(1, 1)]})
    assert refused(cu.SchemaError, base.merged, {1: 2, 2: 3, 3: 1}) == [
        ("1 is merged in a circle: 1 -> 2 -> 3 -> 1", "merged", "name one id that stays")
    ]
    assert refused(cu.SchemaError, base.merged, {"a": True}) == [
        ("'a' is no id of this base", "merged", "ids are Int64 here"),
        ("True is no id of this base", "merged", "ids are Int64 here"),
    ]


def test_a_rule_about_customers_needs_customers():
    base = base_of({"orders": [order(1, 1)]})
    fix = "build the base with customers=, or read a measure such as spend_365d"
    told = "rule 'where' reads {!r}, and the base has no customers"
    where = "Rule('where').when"
    rule = "customer.region = 'north' AND gender = 'f' AND total > 5"
    assert refused(cu.RuleError, base.where, rule) == [
        (told.format("customer.region"), where, fix),
        (told.format("gender"), where, fix),
        (
            "rule 'where' reads 'total', which no column, measure or score provides",
            where,
            "of a customer read a measure, such as spend_365d or orders",
        ),
    ]
    assert refused(cu.RuleError, base.where, "total > 5")[0][2] == (
        "of a customer read a measure, such as spend_365d or orders"
    )
    book = cu.RuleBook.first(cu.Rule("near", "customer.region = 'north'"), otherwise="far")
    assert refused(cu.RuleError, book.assign, base) == [
        (
            "rule 'near' reads 'customer.region', and the base has no customers",
            "RuleBook.first[0].when",
            fix,
        )
    ]
    assert refused(cu.SchemaError, book.assign, None)[0][1] == "RuleBook.assign"
