"""ABC: the definition in fractions, the laws of a segmentation, and what is refused."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from custseg.errors import FitError, SchemaError
from custseg.segments.abc import ABC
from custseg.segments.abc_lorenz import Lorenz
from custseg.segments.abc_scheme import ABCScheme
from custseg.segments.abc_sums import running, whole
from naive import abc as naive
from segments.shelf import Shelf, measured, populations

pairs = st.sampled_from([("0.8", "0.95"), ("0.5", "1.0"), ("0.25", "0.75"), ("0.333", "0.334")])
positive = st.floats(1e-9, 1e12) | st.integers(1, 10**6).map(lambda cents: cents / 100)


def recipe_of(shares):
    return ABC(shares=[float(share) for share in shares])


def fitted(recipe, frame):
    return recipe.settle(recipe.tally(frame))


def labelled(recipe, customers):
    frame = measured(customers)
    return fitted(recipe, frame).label(frame)


def spending(*values, **columns):
    return pl.DataFrame(
        {"customer_id": range(len(values)), "spend": values, "orders": [1] * len(values), **columns}
    )


@given(populations, pairs)
def test_classes_are_those_of_the_definition(customers, shares):
    exact = [(round(Fraction(spend) * 100), orders) for _, orders, spend in customers]
    found = labelled(recipe_of(shares), customers)["segment"].to_list()
    assert found == naive.classes(exact, shares)


@given(populations, pairs)
def test_every_customer_is_labelled_once_and_more_value_is_no_worse(customers, shares):
    frame = labelled(recipe_of(shares), customers)
    assert frame["customer_id"].to_list() == list(range(1, len(customers) + 1))
    assert frame["segment"].dtype == pl.Enum(["A", "B", "C"])
    assert frame["segment"].null_count() == 0
    bought = frame.filter(pl.col("orders") > 0).sort("spend", descending=True)
    assert bought["segment"].to_physical().is_sorted()
    for same in bought.partition_by("spend"):
        assert same["segment"].n_unique() == 1


@given(populations, pairs, st.randoms(use_true_random=False), st.integers(1, 5))
def test_order_and_partitions_make_no_difference(customers, shares, chance, parts):
    recipe, frame = recipe_of(shares), measured(customers)
    places = list(range(len(customers)))
    chance.shuffle(places)
    shuffled = frame[places]
    scheme = fitted(recipe, frame)
    assert fitted(recipe, shuffled) == scheme
    assert scheme.label(shuffled).sort("customer_id").equals(scheme.label(frame))
    partitions = [shuffled[part::parts] for part in range(parts)]
    tally, *rest = (recipe.tally(partition) for partition in partitions)
    for other in rest:
        tally += other
    assert tally == recipe.tally(frame)
    assert recipe.settle(tally) == scheme
    for place in places[:2]:
        assert scheme.label(frame[place]).equals(scheme.label(frame)[place])


@given(populations, pairs)
def test_a_scheme_is_equal_after_the_trip_through_text(customers, shares):
    scheme = fitted(recipe_of(shares), measured(customers))
    again = ABCScheme.from_json(scheme.to_json())
    assert again == scheme
    assert hash(again) == hash(scheme)
    assert again.to_json() == scheme.to_json()


def test_the_one_who_crosses_is_in_and_the_next_is_not():
    # 40 + 40 are 80 % of 100: the third has not less than 80 % before.
    frame = spending(40.0, 40.0, 15.0, 5.0)
    assert fitted(ABC(), frame).label(frame)["segment"].to_list() == ["A", "A", "B", "C"]
    frame = spending(40.0, 39.99, 15.01, 5.0)
    assert fitted(ABC(), frame).label(frame)["segment"].to_list() == ["A", "A", "A", "C"]


def test_a_share_is_met_exactly_where_float_sums_would_miss_it():
    values = [3.3, 3.2, 2.7, 2.3]
    assert (3.3 + 3.2 + 2.7) / sum(values) < 0.8
    # 9.20 are eight tenths of 11.50: the last is not A.
    assert fitted(ABC(), spending(*values)).a == 2.7


def test_ties_go_with_the_best_of_their_group():
    frame = spending(50.0, 10.0, 10.0, 10.0, 10.0, 10.0)
    assert fitted(ABC(), frame).label(frame)["segment"].to_list() == ["A"] * 6


def test_values_of_zero_or_less_and_customers_without_orders_are_outside_the_total():
    customers = [(1, 1, 80.0), (1, 1, 15.0), (1, 1, 5.0), (1, 2, 0.0), (1, 1, -9.0), (None, 0, 0.0)]
    assert "".join(labelled(ABC(), customers)["segment"]) == "ABCCCC"
    stranger = spending(80.0, 15.0, 5.0, 900.0).with_columns(orders=pl.Series([1, 1, 1, 0]))
    assert "".join(fitted(ABC(), stranger).label(stranger)["segment"]) == "ABCC"


@pytest.mark.parametrize("rows", [1, 40])
@pytest.mark.parametrize("unknown", [None, math.nan])
@pytest.mark.parametrize("by", ["spend", "orders"])
def test_orders_that_are_not_counted_are_no_orders_and_refused(by, unknown, rows):
    frame = spending(*[50.0] * rows).with_columns(orders=pl.Series([unknown] + [1.0] * (rows - 1)))
    for name, asked in (("ABC.tally", ABC(by=by).tally), ("ABCScheme.label", SCHEME.label)):
        with pytest.raises(FitError) as error:
            asked(frame)
        (problem,) = error.value.problems
        assert problem.what == "'orders' is null or NaN for 1 customer"
        assert problem.where == name
    with pytest.raises(FitError, match="'orders' is String, not a number"):
        SCHEME.label(frame.with_columns(pl.col("orders").cast(pl.String)))


@pytest.mark.parametrize("customers", [[], [(None, 0, 0.0)], [(3, 1, 0.0), (3, 1, -2.0)]], ids=str)
def test_with_nothing_to_share_out_later_customers_are_c(customers):
    scheme = fitted(ABC(), measured(customers))
    assert scheme == ABCScheme(by="spend", a=math.inf, b=math.inf)
    later = scheme.label(measured([(1, 1, 5.0)]))
    assert later["segment"].to_list() == ["C"]
    assert scheme.why(later.row(0, named=True)) == "spend 5, nothing was shared out; → C"


def test_one_customer_and_equal_customers_are_all_a():
    assert labelled(ABC(), [(3, 2, 9.0)])["segment"].to_list() == ["A"]
    assert set(labelled(ABC(), [(3, 2, 9.0)] * 7)["segment"]) == {"A"}


def test_any_measure_of_numbers_can_be_shared_out():
    frame = spending(1.0, 1.0, 1.0, score=[None, 7, 3])
    scheme = fitted(ABC(by="score"), frame)
    assert (scheme.reads, scheme.a, scheme.b) == (("score", "orders"), 3.0, 3.0)
    found = scheme.label(frame)
    assert found["segment"].to_list() == ["C", "A", "A"]
    assert scheme.why(found.row(0, named=True)) == "score unknown; → C"
    money = frame.with_columns(score=pl.Series([Decimal("0.10"), Decimal("9.00"), None]))
    assert fitted(ABC(by="score"), money).a == 9.0
    assert ABC(by="orders").reads == ("orders",)
    assert fitted(ABC(by="orders"), spending(1.0, 2.0)).a == 1.0


def test_whole_numbers_that_no_float_holds_still_reach_their_own_limit():
    frame = spending(1.0, 1.0, score=[2**53 + 1, 2**61 + 1])
    scheme = fitted(ABC(by="score", shares=(0.9, 1)), frame)
    assert scheme.label(frame)["segment"].to_list() == ["B", "A"]


@pytest.mark.parametrize(
    ("score", "told"),
    [
        (["n", "s"], "'score' is String, not a number"),
        ([True, False], "'score' is Boolean, not a number"),
        ([math.nan, 1.0], "'score' is NaN or infinite for 1 customer"),
        ([math.inf, -math.inf], "'score' is NaN or infinite for 2 customers"),
    ],
    ids=str,
)
def test_a_measure_that_cannot_be_summed_is_refused(score, told):
    with pytest.raises(FitError) as error:
        ABC(by="score").tally(spending(1.0, 2.0, score=score))
    (problem,) = error.value.problems
    assert (problem.what, problem.where) == (told, "ABC.by")
    assert problem.fix


def test_a_later_value_that_is_no_number_is_c():
    scheme = ABCScheme(by="score", a=5, b=2)
    found = scheme.label(spending(1.0, 1.0, score=[math.nan, math.inf]))
    assert found["segment"].to_list() == ["C", "A"]
    assert scheme.why(found.row(0, named=True)) == "score unknown; → C"


def test_why_shows_the_limits_and_the_value_that_met_them():
    scheme = ABCScheme(by="spend", a=300.0, b=150.25)
    frame = scheme.label(measured([(1, 1, 431.7), (1, 1, 150.25), (1, 1, 3.0), (None, 0, 0.0)]))
    assert [scheme.why(row) for row in frame.iter_rows(named=True)] == [
        "spend 431.7 ≥ 300; → A",
        "spend 150.25 ≥ 150.25, < 300; → B",
        "spend 3 < 150.25; → C",
        "no orders; → C",
    ]


def test_fit_assign_and_segment_read_a_base():
    shelf = Shelf(measured([(3, 2, 90.0), (40, 1, 5.0), (9, 1, 5.0), (None, 0, 0.0)]))
    scheme = ABC().fit(shelf)
    found = scheme.assign(shelf)
    assert found.segments == scheme.segments == ("A", "B", "C")
    assert found.frame.columns == ["customer_id", "segment", "spend", "orders"]
    assert ABC().segment(shelf) == found
    assert found.sizes()["customers"].to_list() == [1, 2, 1]
    assert scheme.gini(found) == scheme.lorenz(found).gini() == pytest.approx(17 / 30)
    assert found.why(1) == "spend 90 ≥ 90; → A"


amounts = st.lists(st.integers(1, 10**6), max_size=12)


@given(amounts)
def test_the_gini_coefficient_and_the_curve_are_those_of_the_definition(cents):
    values = np.array([each / 100 for each in cents])
    found = Lorenz.of_each(values, by="spend")
    exact = naive.gini(cents)
    assert found.gini() == (None if exact is None else float(exact))
    corners = found.frame.select("customer_share", "value_share").rows()
    assert corners == [(float(x), float(y)) for x, y in naive.lorenz(cents)]
    assert found.customers == len(cents)


@given(amounts, st.randoms(use_true_random=False))
def test_a_curve_is_convex_and_the_same_in_any_order(cents, chance):
    found = Lorenz.of_each(np.array(cents, np.float64))
    chance.shuffle(cents)
    assert Lorenz.of_each(np.array(cents, np.float64)) == found
    x, y = (found.frame[name].to_numpy() for name in ("customer_share", "value_share"))
    assert (y <= x + 1e-15).all()
    assert (np.diff(x) > 0).all()
    gini = found.gini()
    assert gini is None or 0 <= gini < 1


def test_the_best_part_has_its_share():
    curve = Lorenz.of_each(np.array([1.0, 1.0, 1.0, 5.0]))
    assert [curve.top_share(part) for part in (0, 0.25, 0.625, 1)] == [0.0, 0.625, 0.8125, 1.0]
    assert Lorenz.of_each(np.array([])).top_share(0.5) is None


def test_a_curve_is_shown_by_what_the_best_customers_have():
    curve = Lorenz.of_each(np.array([1.0, 1.0, 1.0, 5.0]), by="spend")
    assert repr(curve) == (
        "spend of 4 customers, Gini 0.3750\n"
        "best customers  share of spend\n"
        "1%                       2.5 %\n"
        "5%                      12.5 %\n"
        "10%                     25.0 %\n"
        "20%                     50.0 %\n"
        "50%                     75.0 %"
    )
    assert "<td" in curve._repr_html_()
    assert "Gini unknown" in repr(Lorenz.of_each(np.array([])))


def test_curves_compare_by_value_and_have_no_hash():
    one = Lorenz.of_each(np.array([1.0, 2.0]), by="spend")
    assert one != Lorenz.of_each(np.array([1.0, 2.0]), by="orders")
    assert one != Lorenz.of_each(np.array([1.0, 3.0]), by="spend")
    assert one != "a curve"
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


@given(st.lists(positive, max_size=8) | st.lists(st.floats(5e-324, 1.7e308), max_size=4))
def test_units_are_the_decimals_that_values_are_shown_as(values):
    units = whole(np.array(values, np.float64)).tolist()
    exact = [Fraction(repr(value)) for value in values]
    for one, value in zip(units, exact, strict=True):
        assert one * exact[0] == units[0] * value
    sums = running(whole(np.array(values, np.float64)), np.array([2] * len(values), np.int64))
    assert sums.tolist() == [2 * sum(units[: place + 1]) for place in range(len(units))]


def test_sums_beyond_64_bits_are_still_exact():
    units = np.array([2**62, 2**62], np.int64)
    assert running(units, np.array([3, 1])).tolist() == [3 * 2**62, 2**64]
    frame = spending(*[9e14] * 40_000, 9e14 + 1)
    assert fitted(ABC(shares=(0.5, 0.9)), frame).a == 9e14


REFUSED = {
    "too few shares": ({"shares": (0.8,)}, ["1 shares end A and B"]),
    "too many shares": ({"shares": (0.5, 0.8, 0.9)}, ["3 shares end A and B"]),
    "shares descend": ({"shares": (0.95, 0.8)}, ["0.95 stands before 0.8"]),
    "shares are equal": ({"shares": (0.8, 0.8)}, ["0.8 stands before 0.8"]),
    "percent": (
        {"shares": (80, 95)},
        ["80 is no share of the total", "95 is no share of the total"],
    ),
    "zero": ({"shares": (0, 0.9)}, ["0 is no share of the total"]),
    "nan": ({"shares": (math.nan, 0.9)}, ["nan is no share of the total"]),
    "a flag": ({"shares": (0.5, True)}, ["True is no share of the total"]),
    "everything": (
        {"shares": ("a",), "by": ""},
        ["1 shares end A and B", "'a' is no share of the total", "'' is no measure"],
    ),
    "no name": ({"by": 3}, ["3 is no measure"]),
}


@pytest.mark.parametrize(("options", "told"), REFUSED.values(), ids=REFUSED)
def test_a_declaration_that_cannot_be_fitted_is_refused_with_all_that_is_wrong(options, told):
    with pytest.raises(FitError) as error:
        ABC(**options)
    assert [problem.what for problem in error.value.problems] == told
    assert all(problem.where and problem.fix for problem in error.value.problems)


SCHEME = ABCScheme(by="spend", a=300, b=150.5)


def test_the_text_of_a_scheme_is_as_it_was_written_down():
    # A change here needs a new format number: texts are kept for years.
    assert SCHEME.to_json() == (
        '{"scheme": "abc", "format": 1, "by": "spend", "a": 300.0, "b": 150.5}'
    )


def edited(**changes):
    return json.dumps({**json.loads(SCHEME.to_json()), **changes})


NONSENSE = {
    "no text": (None, ["an ABC scheme is not JSON"]),
    "no JSON": ("{", ["an ABC scheme is not JSON"]),
    "deep": ("[" * 100_000, ["an ABC scheme is not JSON"]),
    "a list": ("[]", ["an ABC scheme is a mapping, got []"]),
    "another scheme": (edited(scheme="rfm"), ["the text is not an ABC scheme"]),
    "no scheme": ("{}", ["the text is not an ABC scheme"]),
    "a later format": (edited(format=2), ["format 2 is not known"]),
    "parts missing": (
        '{"scheme": "abc"}',
        [f"{k!r} is missing" for k in ("format", *"by a b".split())],
    ),
    "a part misspelt": (edited(bye=1), ["'bye' is no part of a scheme"]),
    "a foreign part": (edited(zzz=1), ["'zzz' is no part of a scheme"]),
    "limits no numbers": (edited(a="x", b=[]), ["a begins at 'x'", "b begins at []"]),
    "a limit below zero": (edited(b=-1), ["b begins at -1.0"]),
    "a flag": (edited(a=True), ["a begins at True"]),
    "a limit too large": (edited(a=10**400), [f"a begins at {10**400}"]),
    "b above a": (edited(b=900), ["b begins at 900, above a at 300"]),
    "no b": (edited(b=None), ["b begins at inf, above a at 300"]),
    "by no text": (edited(by=None, a=0), ["None is no measure", "a begins at 0.0"]),
}


@pytest.mark.parametrize(("text", "told"), NONSENSE.values(), ids=NONSENSE)
def test_a_text_edited_into_nonsense_is_refused_with_all_that_is_wrong(text, told):
    with pytest.raises(FitError) as error:
        ABCScheme.from_json(text)
    found = [problem.what for problem in error.value.problems]
    assert [what[: len(start)] for what, start in zip(found, told, strict=True)] == told
    assert all(problem.where.startswith("ABCScheme") for problem in error.value.problems)
    assert all(problem.fix for problem in error.value.problems)


SHOP = cu.datasets.simulate(80, 365, seed=1).base()
LARGEST = cu.Measure("largest_order", "total", how="max")


def test_a_measure_of_ones_own_is_shared_out_and_carried():
    recipe = ABC(by=LARGEST)
    assert recipe.reads == ("largest_order", "orders")
    scheme = recipe.fit(SHOP)
    found = recipe.segment(SHOP)
    assert scheme.assign(SHOP) == found
    told = SHOP.with_measures(SHOP.measures(LARGEST))
    named = ABC(by="largest_order").segment(told)
    assert found.frame.equals(named.frame)
    assert found.frame["segment"].n_unique() == 3
    assert scheme.lorenz(found) == named.reasons.lorenz(named)
    first = found.frame["customer_id"][0]
    assert found.why(first) == named.why(first)
    again = ABCScheme.from_json(scheme.to_json())
    assert again == scheme
    assert hash(again) == hash(scheme)
    assert again.assign(SHOP) == found
    assert found.profile(SHOP, LARGEST)["largest_order"][0] > 0


def test_a_scheme_with_its_own_measure_is_tracked():
    # A column of customers with the name of the measure is not mistaken for it.
    customers = SHOP.customers.with_columns(largest_order=pl.lit(0.0))
    base = cu.CustomerBase(orders=SHOP.log("orders"), customers=customers)
    track = cu.track(ABC(by=LARGEST).fit(SHOP), base, every="quarter")
    assert track.sizes().filter(pl.col("segment") == "A")["customers"].to_list()[-1] > 0


@pytest.mark.parametrize(
    ("by", "told"),
    [
        ({"name": "x"}, "{'name': 'x'} is no measure"),
        ({"name": "x", "value": 3}, "{'name': 'x', 'value': 3} is no measure"),
        ({"name": "x", "value": "total", "hwo": "sum"}, "{'name': 'x', 'value': 'total', 'hwo'"),
        ({"name": "x", "value": "total", "how": "add"}, "measure 'x' has how='add'"),
        ("\ud800", "an ABC scheme is not JSON"),
    ],
    ids=str,
)
def test_a_measure_edited_into_nonsense_is_refused(by, told):
    with pytest.raises(FitError) as error:
        ABCScheme.from_json(edited(by=by))
    (problem,) = error.value.problems
    assert problem.what.startswith(told)
    assert problem.where.startswith("ABCScheme")
    assert problem.fix


def test_a_measure_that_is_an_expression_has_no_text_form():
    measure = cu.Measure("fees", pl.col("total"), how="sum")
    with pytest.raises(FitError, match="'fees' is a polars expression, which has no text form"):
        ABCScheme(by=measure, a=2, b=1).to_json()
    with pytest.raises(FitError, match="named 'segment', which is the column of the labels"):
        ABC(by=cu.Measure("segment", "total"))


@pytest.mark.parametrize("shares", [0.8, None, "0.8", {0.8, 0.95}, {0.8: 1, 0.95: 2}], ids=repr)
def test_shares_that_are_no_row_of_numbers_are_refused(shares):
    with pytest.raises(FitError) as error:
        ABC(shares=shares)
    assert [problem.where for problem in error.value.problems] == ["ABC.shares"]
    assert ABC(shares=np.array([0.5, 0.9])) == ABC(shares=(0.5, 0.9))


def test_a_curve_of_what_does_not_have_the_value_is_refused():
    rfm = cu.RFM().segment(SHOP)
    for other in (SHOP, None, rfm):
        with pytest.raises(SchemaError) as error:
            ABCScheme(by="spend_365d", a=2, b=1).lorenz(other)
        (problem,) = error.value.problems
        assert problem.what.endswith("has no 'spend_365d' of each customer")
        assert (problem.where, bool(problem.fix)) == ("ABCScheme.lorenz", True)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([-1.0, 1.0], "a value is zero, negative, NaN or infinite"),
        ([math.nan, 1.0], "a value is zero, negative, NaN or infinite"),
        ([0, 0, 5], "a value is zero, negative, NaN or infinite"),
        ([1.0, math.inf], "a value is zero, negative, NaN or infinite"),
        ([[1.0], [2.0]], "values are no row of numbers"),
        (["1.0"], "values are no row of numbers"),
        ([None, 1.0], "values are no row of numbers"),
        (3, "values are no row of numbers"),
        (None, "values are no row of numbers"),
    ],
    ids=str,
)
def test_values_that_no_curve_has_are_refused(values, told):
    with pytest.raises(SchemaError) as error:
        Lorenz.of_each(values)
    (problem,) = error.value.problems
    assert problem.what == told
    assert problem.where.startswith("Lorenz.of")
    assert problem.fix


def test_everything_wrong_with_counted_values_is_told_at_once():
    for values, customers, told in (
        ([2.0, 1.0], [1], ["2 values of 1 count of customers", "values do not ascend, or one"]),
        ([1.0, 1.0], [1, 0], ["values do not ascend, or one", "0 customers have a value"]),
        ([1.0], [1.5], ["customers are no row of whole numbers"]),
        (["a"], "b", ["values are no row of numbers", "customers are no row of whole numbers"]),
    ):
        with pytest.raises(SchemaError) as error:
            Lorenz.of(values, customers)
        found = [problem.what for problem in error.value.problems]
        assert [what[: len(start)] for what, start in zip(found, told, strict=True)] == told


def test_plain_lists_make_a_curve():
    assert Lorenz.of_each([1.0, 2.0, 1.0]) == Lorenz.of([1.0, 2.0], [2, 1])


@pytest.mark.parametrize("part", [2, -0.1, math.nan, None, "0.2", True], ids=str)
def test_a_part_that_is_no_share_is_refused(part):
    for values in ([1.0], []):
        with pytest.raises(SchemaError, match=r"is no share\n  where: Lorenz.top_share"):
            Lorenz.of_each(values).top_share(part)
