"""What every recipe is given sooner or later: equal customers, misspelt names, the wrong file."""

from __future__ import annotations

import datetime as dt
import itertools

import polars as pl
import pytest

import custseg as cu

EQUAL = cu.CustomerBase(
    orders=cu.table(cu.Order).frame(
        [
            cu.Order(order_id=10 * who + n, customer_id=who, ordered_at=day, total=25)
            for who in range(9)
            for n, day in enumerate(("2026-01-05", "2026-03-05"))
        ]
    )
).as_of("2026-03-31")
RECIPES = {
    "rfm": cu.RFM(),
    "nested": cu.RFM(nested=True),
    "windowed": cu.RFM(window="30d"),
    "tiers": cu.RFM(grid=cu.Grid.value_tiers()),
    "abc": cu.ABC(),
    "lifecycle": cu.Lifecycle(),
    "gaps": cu.Lifecycle(active_days=cu.Gaps(2), fallback_days=90),
    "rules": cu.RuleBook.first(cu.Rule("regular", "orders >= 2"), otherwise="rest"),
}
TEXTS = {
    cu.RFMScheme: cu.RFM().fit(EQUAL).to_json(),
    cu.ABCScheme: cu.ABC().fit(EQUAL).to_json(),
    cu.Lifecycle: cu.Lifecycle().to_json(),
    cu.RuleBook: RECIPES["rules"].to_json(),
    cu.Playbook: cu.Playbook.value_tiers().to_json(),
    cu.ClustersScheme: '{"scheme": "clusters", "format": 1}',
    cu.Bands: cu.Bands("spend", ("low", "high"), (25,)).to_json(),
}
NAMES = [kind.__name__ for kind in TEXTS]


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_customers_who_are_all_equal_are_in_one_segment(recipe):
    now = recipe.segment(EQUAL)
    assert now.frame["segment"].n_unique() == 1
    assert sorted(now.sizes()["customers"])[-2:] == [0, 9]
    assert now.why(3).endswith(now.frame["segment"][0]) or "regular" in now.why(3)
    assert now.flow_to(now).stability_index == 0
    history = cu.track(recipe.fit(EQUAL), EQUAL)
    assert history.at("2026-03-31")["segment"].to_list() == now.frame["segment"].to_list()


def test_equal_customers_share_equally():
    now = cu.ABC().segment(EQUAL)
    assert now.reasons.gini(now) == 0


def test_equal_customers_cannot_be_parted_into_clusters():
    pytest.importorskip("sklearn")
    with pytest.raises(cu.FitError, match="2 clusters of 9 customers, 1 of them different"):
        cu.Clusters(2).fit(EQUAL)


def test_more_clusters_than_customers_are_refused():
    pytest.importorskip("sklearn")
    with pytest.raises(cu.FitError, match="20 clusters of 9 customers"):
        cu.Clusters(20).fit(EQUAL)


@pytest.mark.parametrize(
    ("when", "fix"),
    [
        ("spend_3d65 >= 10", "did you mean 'spend_365d'?"),
        ("recency_day > 3", "did you mean 'recency_days'?"),
    ],
)
def test_a_rule_on_an_unknown_measure_suggests_the_nearest(when, fix):
    with pytest.raises(cu.RuleError) as caught:
        cu.RuleBook.first(cu.Rule("vip", when), otherwise="rest").segment(EQUAL)
    assert caught.value.problems[0].fix.startswith(fix)


def test_an_unknown_measure_is_told_wherever_it_is_named():
    with pytest.raises(cu.SchemaError, match="spend_365d"):
        cu.ABC(by="spend_3d65").fit(EQUAL)
    with pytest.raises(cu.SchemaError, match="spend_365d"):
        cu.RFM().segment(EQUAL).profile(EQUAL, "spend_3d65")


@pytest.mark.parametrize(
    ("kind", "text"),
    [(kind, text) for (kind, _), (_, text) in itertools.permutations(TEXTS.items(), 2)],
)
def test_the_text_of_another_kind_is_refused(kind, text):
    with pytest.raises(cu.CustsegError) as caught:
        kind.from_json(text)
    assert all(problem.where and problem.fix for problem in caught.value.problems)


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", "12", '"rfm"', '{"format": 99}'])
@pytest.mark.parametrize("kind", TEXTS, ids=lambda kind: kind.__name__)
def test_a_file_of_nonsense_is_refused(kind, text):
    with pytest.raises(cu.CustsegError) as caught:
        kind.from_json(text)
    assert all(problem.where and problem.fix for problem in caught.value.problems)


@pytest.mark.parametrize(("kind", "text"), TEXTS.items(), ids=NAMES)
def test_a_key_that_is_there_twice_is_refused(kind, text):
    doubled = text.rstrip().removesuffix("}") + ', "format": 1}'
    with pytest.raises(cu.CustsegError) as caught:
        kind.from_json(doubled)
    assert "the key 'format' is there twice" in str(caught.value)


@pytest.mark.parametrize(("kind", "text"), TEXTS.items(), ids=NAMES)
def test_a_flag_is_no_format(kind, text):
    edited = text.replace('"format": 1', '"format": true')
    with pytest.raises(cu.CustsegError) as caught:
        kind.from_json(edited)
    assert "format True is not known" in str(caught.value)


@pytest.mark.parametrize(("kind", "text"), TEXTS.items(), ids=NAMES)
def test_half_a_character_is_refused(kind, text):
    edited = text.rstrip().removesuffix("}") + r', "note": ["\ud83d"]}'
    with pytest.raises(cu.CustsegError, match=r"is not JSON: .* surrogates not allowed"):
        kind.from_json(edited)


OWN = cu.Measure("app_share", "channel = 'app'", over="orders", how="mean")
WRONG = {
    "flags": (lambda: cu.RFM(cuts={"orders": [True, 2, 3, 4]}), "(True, 2.0, 3.0, 4.0) are not"),
    "a grid by name": (lambda: cu.RFM(grid="value_tiers"), "write grid=Grid.value_tiers()"),
    "by orders": (lambda: cu.RFM(by="orders"), "by is 'orders', which RFM scores"),
    "by recency": (lambda: cu.RFM(by="recency_days"), "by is 'recency_days', which RFM scores"),
    "by spend": (lambda: cu.RFM(by="spend_30d", window="30d"), "which RFM scores"),
    "by id": (lambda: cu.RFM(by="customer_id"), "which is a column of the result"),
    "by a label": (lambda: cu.RFM(by="segment"), "which is a column of the result"),
    "by a path": (lambda: cu.RFM(by="customer.region"), "write 'region'"),
    "fallback": (lambda: cu.Lifecycle(fallback_days={1: 3}), "1 is no part of a lifecycle"),
    "names": (lambda: cu.Bands("a", ["b", {"x": 1}], (2,)), "{'x': 1} is no name"),
    "half a name": (lambda: cu.Bands("a", ["b", "\ud83d"], (2,)), "'\\ud83d' is no name"),
    "a measure": (
        lambda: cu.RuleBook.first(cu.Rule("a", "x > 1"), otherwise="b", measures=OWN),
        "write measures=(measure,)",
    ),
    "no measures": (
        lambda: cu.RuleBook.first(cu.Rule("a", "x > 1"), otherwise="b", measures=None),
        "measures holds measures, got None",
    ),
    "otherwise": (
        lambda: cu.RuleBook.first(cu.Rule("a", "x > 1"), otherwise="b\x1b[2Jc\nd"),
        "need a label, got otherwise='b\\x1b[2Jc\\nd'",
    ),
    "half a measure": (lambda: cu.Measure("\ud83d", "total"), "needs a name in plain text"),
    "no name": (lambda: cu.Measure(5, "total"), "needs a name in plain text"),
    "analyse": (lambda: RECIPES["rules"].analyse(None), "where: RuleBook.analyse"),
    "track": (lambda: cu.RFM().fit(EQUAL).track(None), "where: RFMScheme.track"),
    "a recipe": (lambda: cu.track(cu.RFM(), EQUAL), "give what a recipe's fit() returned"),
    "every": (lambda: cu.Lifecycle().track(EQUAL, every=5), "5 is no period"),
    "no every": (lambda: cu.Lifecycle().track(EQUAL, every=None), "None is no period"),
    "a day": (
        lambda: cu.Lifecycle().track(EQUAL, every=dt.date(2026, 3, 1)),
        'a list of days: every=["2026-03-01"]',
    ),
    "a text": (
        lambda: cu.Lifecycle().track(EQUAL, every="2026-03-01"),
        "a list of days: every=['2026-03-01']",
    ),
    "at an instant": (
        lambda: cu.Lifecycle().track(EQUAL).at(dt.datetime(2026, 2, 28, 12)),
        "give 2026-02-28;",
    ),
    "at nothing": (
        lambda: cu.Lifecycle().track(EQUAL).at(None),
        'give a date or its text, "2026-03-31";',
    ),
    "tags": (
        lambda: cu.RuleBook.every(cu.Rule("a", "orders > 1")).track(EQUAL),
        "does not give each customer one label",
    ),
}


@pytest.mark.parametrize(("made", "told"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_in_our_words(made, told):
    with pytest.raises(cu.CustsegError) as caught:
        made()
    assert told in str(caught.value)
    assert all(problem.where and problem.fix for problem in caught.value.problems)


@pytest.mark.parametrize(
    "scheme", [RECIPES["rules"], cu.Bands("spend", ("low", "high"), (30,))], ids=["rules", "bands"]
)
def test_every_scheme_has_a_history(scheme):
    history = scheme.track(EQUAL)
    assert history == cu.track(scheme, EQUAL)
    assert history.at("2026-02-28")["segment"].n_unique() == 1


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_nobody_is_segmented_without_complaint(recipe):
    nobody = EQUAL.where("orders > 99")
    now = recipe.fit(EQUAL).assign(nobody)
    assert now.frame.height == 0
    assert now.sizes()["share"].null_count() == len(now.segments)
    assert isinstance(now.sizes(), pl.DataFrame)
