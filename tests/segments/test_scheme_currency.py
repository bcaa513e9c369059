"""A scheme whose limits are money labels bases in its own currency only."""

from __future__ import annotations

import json
from functools import cache

import pytest

import custseg as cu
from base import logs_of
from custseg.errors import FitError, SchemaError
from custseg.segments.rfm_scheme import RFMScheme

RECIPES = {
    "RFM": cu.RFM(),
    "RFM in groups": cu.RFM(by="days_active"),
    "ABC": cu.ABC(by="spend_365d"),
    "Clusters": cu.Clusters(2, measures=("orders", "average_order")),
}


@cache
def shop(currency):
    listed = [
        {"order_id": place, "customer_id": place % 5, "ordered_at": at, "total": place * 100}
        for place, at in enumerate([logs_of.at(logs_of.dt.date(2024, 5, 1), 12)] * 12)
    ]
    return logs_of.base_of({"orders": listed}, currency=currency)


def fitted(recipe, base):
    if isinstance(recipe, cu.Clusters):
        pytest.importorskip("sklearn")
    return recipe.fit(base)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_base_in_another_currency_is_refused(recipe):
    scheme = fitted(recipe, shop("EUR"))
    assert scheme.currency == "EUR"
    for call in ("assign", "track"):
        with pytest.raises(SchemaError) as error:
            getattr(scheme, call)(shop("USD"))
        (problem,) = error.value.problems
        assert problem.what == "the scheme was fitted in EUR, and the money of this base is USD"
        assert problem.where == f"{type(scheme).__name__}.{call}"
        assert problem.fix == "fit one to a base in USD, or admit the logs in EUR"
    assert scheme.assign(shop("EUR")) == recipe.segment(shop("EUR"))
    assert recipe.segment(shop("EUR")).reasons == scheme


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_scheme_of_unknown_currency_labels_any_base(recipe):
    of_base = fitted(recipe, shop("EUR"))
    measures = shop("EUR").measures(*recipe.reads)
    scheme = recipe.settle(recipe.tally(measures))
    assert scheme.currency is None
    assert scheme.assign(shop("USD")).currency == "USD"
    assert recipe.settle(recipe.tally(measures), currency="EUR") == of_base


@pytest.mark.parametrize(
    "recipe", [cu.ABC(by="orders"), cu.Clusters(2, measures=("orders", "recency_days"))]
)
def test_limits_that_are_no_money_have_no_currency(recipe):
    base = (
        shop("EUR") if isinstance(recipe, cu.ABC) else cu.datasets.simulate(50, 90, seed=1).base()
    )
    assert fitted(recipe, base).currency is None


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_the_text_holds_the_currency_and_old_texts_have_none(recipe):
    scheme = fitted(recipe, shop("JPY"))
    made = type(scheme)
    assert made.from_json(scheme.to_json()) == scheme
    parts = json.loads(scheme.to_json())
    assert parts.pop("currency") == "JPY"
    old = made.from_json(json.dumps(parts))
    assert old != scheme
    assert old.currency is None
    assert "currency" not in old.to_json()


@pytest.mark.parametrize("wrong", ["EURO", 3, ["EUR"]])
@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_currency_that_is_none_is_refused(recipe, wrong):
    scheme = fitted(recipe, shop("EUR"))
    text = json.dumps({**json.loads(scheme.to_json()), "currency": wrong})
    with pytest.raises(FitError, match="is not a currency code") as error:
        type(scheme).from_json(text)
    assert error.value.problems[0].where == f"{type(scheme).__name__}.currency"


def test_groups_share_the_currency_of_the_whole():
    scheme = RECIPES["RFM in groups"].fit(shop("EUR"))
    assert isinstance(scheme, RFMScheme)
    assert {own.currency for _, own in scheme.groups.schemes} == {None}
