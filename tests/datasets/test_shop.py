"""The Shop value."""

from __future__ import annotations

import attrs
import pytest

from custseg import datasets


@pytest.fixture(scope="module")
def shop():
    return datasets.simulate(400, 120, seed=1, currency="JPY", tz="Asia/Tokyo")


def test_a_shop_shows_the_rows_and_days_of_each_log(shop):
    lines = repr(shop).splitlines()
    assert lines[0] == "Shop in JPY, Asia/Tokyo"
    assert lines[1] == "  customers               400  2024-01-02 to 2024-04-29"
    assert [line.split()[0] for line in lines[1:]] == [
        *("customers", "orders", "lines", "events", "feedback", "tickets", "opportunities"),
    ]


def test_an_empty_log_has_no_days():
    shop = datasets.simulate(1, 1)
    assert shop.opportunities.is_empty()
    assert repr(shop).splitlines()[-1] == "  opportunities             0"


def test_shops_compare_by_what_is_in_them_and_do_not_hash(shop):
    assert shop == attrs.evolve(shop)
    assert shop != attrs.evolve(shop, orders=shop.orders.head(3))
    assert shop != attrs.evolve(shop, currency="KRW")
    with pytest.raises(TypeError):
        hash(shop)


def test_a_shop_does_not_change(shop):
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        shop.currency = "EUR"


def test_the_base_of_a_shop_has_all_its_logs(shop):
    base = shop.base()
    assert (base.currency, base.tz) == ("JPY", "Asia/Tokyo")
    assert base.customer_ids.to_list() == list(range(1, 401))
    for log in ("customers", "orders", "lines", "events", "feedback", "tickets", "opportunities"):
        assert getattr(base, log).height == getattr(shop, log).height
