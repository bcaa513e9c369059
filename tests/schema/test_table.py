"""Tables of nouns: how they are declared, what they tell of themselves, entities."""

from __future__ import annotations

import copy
import datetime as dt
import pickle  # noqa: TID251 - errors cross the border of a process so
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest

import custseg as cu
from custseg.schema.currency import minor_digits

ORDERS = cu.table(cu.Order)
NOUNS = [
    cu.Customer,
    cu.Order,
    cu.OrderLine,
    cu.Event,
    cu.Feedback,
    cu.Ticket,
    cu.Opportunity,
    cu.Entry,
]


def test_everything_wrong_with_a_table_is_told_together():
    with pytest.raises(cu.SchemaError) as caught:
        cu.table(dict, currency="EURO", tz="Europe/Lndon")
    assert str(caught.value) == (
        "3 things are wrong\n"
        "dict is not a record\n"
        "  where: table\n"
        "  fix:   give cu.Order or another noun, or decorate the class with cu.record\n"
        "'EURO' is not a currency code of ISO 4217\n"
        "  where: currency\n"
        "  fix:   did you mean 'EUR'?\n"
        "'Europe/Lndon' is not a time zone\n"
        "  where: tz\n"
        '  fix:   write a name like "Europe/London"'
    )
    with pytest.raises(cu.SchemaError, match="'Order' is not a record"):
        cu.table("Order")


@pytest.mark.parametrize("currency", [None, 978, "§§"])
def test_what_is_no_currency_has_an_example_for_its_cure(currency):
    with pytest.raises(cu.SchemaError) as caught:
        minor_digits(currency)
    assert caught.value.problems[0].fix == 'write a code like "EUR"'


def test_a_table_is_a_value_that_reads_well():
    assert repr(cu.table(cu.Order, currency="GBP", tz="Europe/London")) == (
        "Table(Order, currency='GBP', tz='Europe/London')"
    )
    assert cu.table(cu.Order) == ORDERS
    assert cu.table(cu.Order, currency="JPY") != ORDERS
    assert ORDERS.key == ("order_id",)
    assert cu.table(cu.OrderLine).key == ("order_id", "line")


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.__name__)
def test_every_column_of_every_noun_is_described(noun):
    told = cu.table(noun, currency="JPY").describe()
    table = cu.table(noun, currency="JPY")
    assert told["column"].to_list() == list(table.schema)
    assert told["holds"].str.ends_with(".").all()
    for name, dtype, optional in told.select("column", "dtype", "optional").rows():
        is_id = name.endswith("_id") or name in {"referred_by", "refers_to", "session"}
        expected = "Int64 or String" if is_id and name != "lot_id" else str(table.schema[name])
        assert dtype == expected
        assert optional == next(each.optional for each in table.columns if each.name == name)


def test_problems_are_dtypes_that_are_not_the_tables():
    good = ORDERS.frame([cu.Order(order_id="1", customer_id=7, ordered_at="2026-05-01", total=5)])
    assert ORDERS.problems(good) == ()
    assert ORDERS.problems(good.drop("channel").lazy()) == ()
    bad = good.drop("customer_id").with_columns(pl.col("total").cast(pl.Float64))
    admit = "admit it first: cu.table(...).admit(frame)"
    assert ORDERS.problems(bad) == (
        cu.Problem("column 'customer_id' is missing", "Order frame", admit),
        cu.Problem("column 'total' is Float64, not Decimal(18, 2)", "Order frame", admit),
    ) or str(ORDERS.problems(bad)[1].what).startswith("column 'total' is Float64, not Decimal")
    with pytest.raises(cu.SchemaError, match="2 things are wrong"):
        ORDERS.entities(bad)


def test_entities_may_say_the_same_in_different_types():
    at = dt.datetime(2026, 5, 1, 10, tzinfo=ZoneInfo("Europe/Paris"))
    made = [
        cu.Order(order_id=1, customer_id=7, ordered_at=at, total=Decimal("5.5")),
        cu.Order(order_id=2, customer_id="007", ordered_at="2026-05-01T08:00Z", total="5.50"),
        cu.Order(order_id=3, customer_id="7", ordered_at=dt.date(2026, 5, 1), total=5.5),
        cu.Order(order_id=4, customer_id=7, ordered_at=dt.datetime(2026, 5, 1, 8), total=1e3),
    ]
    rows = ORDERS.frame(made)
    assert rows["customer_id"].to_list() == ["7", "007", "7", "7"]
    assert [str(total) for total in rows["total"]] == ["5.50", "5.50", "5.50", "1000.00"]
    assert rows["ordered_at"].dt.hour().to_list() == [8, 8, 0, 8]
    assert ORDERS.entities(rows)[1] == cu.Order(
        order_id=2,
        customer_id="007",
        ordered_at=dt.datetime(2026, 5, 1, 8, tzinfo=dt.UTC),
        total=Decimal("5.50"),
    )


def test_an_instant_from_before_railway_time_is_read():
    at = dt.datetime(1890, 5, 1, tzinfo=ZoneInfo("Europe/Amsterdam"))
    order = cu.Order(order_id=1, customer_id=7, ordered_at=at, total=0)
    assert ORDERS.frame([order])["ordered_at"].item() == at


def test_customers_go_to_a_frame_and_back():
    people = cu.table(cu.Customer)
    made = [
        cu.Customer(customer_id=7, consent=["mail", "app"], birth_date=dt.date(2000, 2, 29)),
        cu.Customer(customer_id=8),
    ]
    assert people.entities(people.frame(made)) == made
    assert people.entities(people.frame(made).drop("region")) == made
    assert people.frame([]).schema == people.schema


def test_an_entity_that_does_not_fit_is_told():
    with pytest.raises(cu.RowError, match="1 of 1 rows rejected"):
        ORDERS.frame([cu.Order(order_id=1, customer_id=7, ordered_at="x", total=0)])


def test_a_row_error_crosses_the_border_of_a_process():
    rows = pl.DataFrame({"order_id": [1], "customer_id": [7], "ordered_at": ["x"], "total": [5.0]})
    for source in (rows, rows.lazy()):
        with pytest.raises(cu.RowError) as caught:
            ORDERS.require(source)
        for again in (pickle.loads(pickle.dumps(caught.value)), copy.deepcopy(caught.value)):
            assert str(again) == str(caught.value)
            assert again.rejected.frame.equals(caught.value.rejected.frame)
            assert (again.rejected.rows, again.rejected.counts()) == (1, {"unreadable": 1})


@pytest.mark.parametrize(
    ("given", "what", "where"),
    [
        ([3], "3 is no Order", "table(Order).frame[0]"),
        (3, "3 is no list of entities", "table(Order).frame"),
        (
            cu.Order(order_id=1, customer_id=7, ordered_at="2026-05-01", total="5"),
            "one Order is no list of entities",
            "table(Order).frame",
        ),
    ],
)
def test_what_is_no_list_of_entities_is_told(given, what, where):
    with pytest.raises(cu.SchemaError) as caught:
        cu.table(cu.Order).frame(given)
    fix = "give a list of them: [Order(...), Order(...)]"
    assert str(caught.value) == f"{what}\n  where: {where}\n  fix:   {fix}"
