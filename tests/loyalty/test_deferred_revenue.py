"""IFRS 15, Illustrative Example 52, and what must hold beyond it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu

EXAMPLE = {
    "sales": 100_000,
    "points": 10_000,
    "point_price": "0.95",
    "redeemed": [4_500, 8_500],
    "expected": [9_500, 9_700],
}


def test_example_52_of_ifrs_15_comes_out():
    sale = cu.deferred_revenue(**EXAMPLE, currency="JPY")
    assert (sale.goods, sale.points) == (91_324, 8_676)
    assert sale.frame["revenue"].to_list() == [4_110, 3_493]
    assert sale.frame["liability"].to_list() == [4_566, 1_073]


def test_example_52_in_cents_rounds_to_the_printed_figures():
    sale = cu.deferred_revenue(**EXAMPLE)
    assert (sale.goods, sale.points) == (Decimal("91324.20"), Decimal("8675.80"))
    assert [round(each) for each in sale.frame["revenue"]] == [4_110, 3_493]
    assert [round(each) for each in sale.frame["liability"]] == [4_566, 1_073]


def test_a_changed_estimate_does_not_split_the_sale_anew():
    low, high = (
        cu.deferred_revenue(**{**EXAMPLE, "expected": [each, each]}) for each in (8_500, 10_000)
    )
    assert (low.goods, low.points) == (high.goods, high.points)
    assert low.frame["liability"][-1] == 0  # all that was expected is redeemed
    assert high.frame["liability"][-1] > 0


def test_goods_with_a_price_of_their_own_share_by_it():
    sale = cu.deferred_revenue(sales=90, points=10, point_price=1, goods_price=90)
    assert (sale.goods, sale.points) == (Decimal("81.00"), Decimal("9.00"))


@given(
    st.integers(1, 10**9),
    st.integers(0, 10**6),
    st.sampled_from(["0", "0.01", "1/3", "0.95"]),
    st.lists(st.integers(0, 10**6), max_size=5).map(sorted),
    st.sampled_from(["EUR", "JPY", "KWD"]),
)
def test_nothing_of_a_sale_is_lost(sales, points, price, redeemed, currency):
    redeemed = [min(each, points) for each in redeemed]
    expected = [max(each, points // 2) for each in redeemed]
    sale = cu.deferred_revenue(
        sales=sales,
        points=points,
        point_price=price,
        redeemed=redeemed,
        expected=expected,
        currency=currency,
    )
    assert sale.goods + sale.points == sales
    by_then = sale.frame["revenue"].cum_sum()
    assert all(
        revenue + owed == sale.points
        for revenue, owed in zip(by_then, sale.frame["liability"], strict=True)
    )
    if redeemed and redeemed[-1] == expected[-1]:
        assert sale.frame["liability"][-1] == 0


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"sales": 1.5}, "1.5 is a float"),
        ({"sales": 0}, "sales is 0"),
        ({"points": -1}, "points is -1"),
        ({"point_price": 0.95}, "0.95 is a float"),
        ({"goods_price": 0}, "goods_price is 0"),
        ({"currency": "EURO"}, "not a currency code"),
        ({"redeemed": [1]}, "1 periods of redeemed, 2 of expected"),
        ({"redeemed": [2, 1]}, "1 points are redeemed by then, 2 were before"),
        ({"redeemed": [1, "2"]}, "redeemed is '2'"),
        ({"expected": [9_500, 8_499]}, "8,499 points are expected, with 8,500 redeemed"),
        ({"expected": [9_500, 10_001]}, "10,001 points are expected"),
    ],
)
def test_what_is_no_sale_with_points_is_refused(changed, told):
    with pytest.raises(cu.LedgerError) as raised:
        cu.deferred_revenue(**{**EXAMPLE, **changed})
    assert told in str(raised.value)


def test_everything_wrong_is_said_together():
    with pytest.raises(cu.LedgerError) as raised:
        cu.deferred_revenue(sales=0.5, points="x", point_price=-1, redeemed=[1])
    assert len(raised.value.problems) == 4


def test_a_sale_shows_as_a_table_and_equals_its_like():
    sale = cu.deferred_revenue(**EXAMPLE)
    assert sale == cu.deferred_revenue(**EXAMPLE)
    assert sale != cu.deferred_revenue(**{**EXAMPLE, "points": 11_000})
    assert (sale == 12) is False
    assert repr(sale).splitlines()[0] == "goods 91,324.20, points 8,675.80"
    assert sale._repr_html_().count("<tr>") == 3
