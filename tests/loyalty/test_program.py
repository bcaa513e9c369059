from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custseg.errors import LedgerError, RuleError
from custseg.loyalty.earn import Earn
from custseg.loyalty.expiry import Expiry
from custseg.loyalty.program import Program
from custseg.loyalty.rate import RateProblem, rate_of, rate_text
from custseg.loyalty.redemption import Redemption
from custseg.model.window import During

BLUE = Program(
    "Blue",
    version=3,
    earning=(
        Earn.per("base", "1.15", per="1.00"),
        Earn.per("coffee", 2, per="1.00", lines="category = 'coffee'"),
        Earn.flat("app", Fraction(1, 3), when="channel = 'app'"),
        Earn.flat("review", 20, on="review", during=During("2026-06-01", "2026-08-31")),
    ),
    combine="best",
    rounding="half_even",
    pending_days=14,
    expiry=Expiry.after(months=12, end_of="month"),
    redemption=Redemption(point_value="0.01", minimum=100, order="oldest_first"),
    currency="EUR",
    tz="Europe/Paris",
)


# With 36 digits at most: more are refused.
@given(
    st.fractions(-(10**18), 10**18, max_denominator=10**18)
    | st.decimals(-(10**30) + 1, 10**30 - 1, places=6)
)
def test_a_rate_is_read_back_from_its_text(given_):
    rate = Fraction(given_)
    assert rate_of(given_) == rate
    assert rate_of(rate_text(rate)) == rate


@pytest.mark.parametrize(
    "given_",
    [
        1.5,
        True,
        None,
        "one",
        "1e3",
        "nan",
        "1/0",
        "",
        Decimal("NaN"),
        Decimal("1e99"),
        10**40,
        "9" * 50,
    ],
    ids=repr,
)
def test_what_is_no_exact_number_is_refused(given_):
    with pytest.raises(RateProblem):
        rate_of(given_)


@pytest.mark.parametrize(
    "program",
    [BLUE, Program("Plain"), Program("Days", expiry=Expiry.after(days=30))],
    ids=lambda program: program.name,
)
def test_a_program_is_equal_after_its_text(program):
    again = Program.from_json(program.to_json())
    assert again == program
    assert hash(again) == hash(program)
    assert again.to_json() == program.to_json()


def test_a_program_reads_from_toml_with_exact_numbers():
    text = """
    format = 1
    name = "Blue"
    version = 3
    combine = "best"
    rounding = "half_even"
    pending_days = 14
    currency = "EUR"
    tz = "Europe/Paris"
    expiry = { months = 12, end_of = "month" }
    redemption = { point_value = 0.01, minimum = 100, order = "oldest_first" }

    [[earning]]
    name = "base"
    points = 1.15
    per = "1.00"

    [[earning]]
    name = "coffee"
    points = 2
    per = 1
    lines = "category = 'coffee'"

    [[earning]]
    name = "app"
    points = "1/3"
    when = "channel = 'app'"

    [[earning]]
    name = "review"
    points = 20
    on = "review"
    during = [2026-06-01, "2026-08-31"]
    """
    assert Program.from_toml(text) == BLUE
    assert Program.from_toml('name = "Plain"\nexpiry = "never"') == Program("Plain")


def test_a_condition_that_is_an_expression_has_no_text():
    program = Program("Blue", earning=Earn.flat("app", 1, when=pl.col("channel") == "app"))
    assert program == Program(
        "Blue", earning=[Earn.flat("app", 1, when=pl.col("channel") == "app")]
    )
    assert program != Program(
        "Blue", earning=[Earn.flat("app", 1, when=pl.col("channel") == "web")]
    )
    with pytest.raises(RuleError, match="no text form"):
        program.to_json()


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda: Program(""), "'' is no name"),
        (lambda: Program("x", version=1.5), "version is 1.5"),
        (lambda: Program("x", combine="max"), "combine is 'max'"),
        (lambda: Program("x", rounding="up"), "rounding is 'up'"),
        (lambda: Program("x", pending_days=-1), "pending_days is -1"),
        (lambda: Program("x", pending_days=True), "pending_days is True"),
        (lambda: Program("x", expiry=12), "is no expiry"),
        (lambda: Program("x", redemption=12), "is no redemption"),
        (lambda: Program("x", currency="EURO"), "not a currency code"),
        (lambda: Program("x", currency=978), "978 is not a currency code"),
        (lambda: Program("x", tz="Europe/Pari"), "not a time zone"),
        (lambda: Program("x", tz=["UTC"]), "['UTC'] is not a time zone"),
        (lambda: Program("x", earning="base"), "is no earning rule"),
        (lambda: Program("x", earning=Earn.flat("a", 1.5)), "1.5 is a float"),
        (lambda: Program("x", earning=Earn.flat("a", 0)), "points is 0, not above 0"),
        (lambda: Program("x", earning=Earn.per("a", 1, per="0")), "per is 0, not above 0"),
        (lambda: Program("x", earning=Earn.flat(" ", 1)), "' ' is no name"),
        (lambda: Program("x", earning=Earn.flat("a", 1, on="refund")), "belong to the engine"),
        (lambda: Program("x", earning=Earn.flat("a", 1, on="")), "no kind of event"),
        (lambda: Program("x", earning=Earn.flat("a", 1, during="June")), "is no period"),
        (lambda: Program("x", earning=Earn.flat("a", 1, when="NOW() > at")), "rule 'a'"),
        (
            lambda: Program("x", earning=Earn.per("a", 1, per=1, on="visit", lines="quantity > 1")),
            "have no lines",
        ),
        (
            lambda: Program("x", earning=[Earn.flat("a", 1), Earn.flat("a", 2)]),
            "stands at earning[0] too",
        ),
        (lambda: Program("x", expiry=Expiry.after(months=1, days=1)), "months=1, days=1"),
        (lambda: Program("x", expiry=Expiry.after()), "months=None, days=None"),
        (lambda: Program("x", expiry=Expiry.after(months=0)), "months is 0"),
        (lambda: Program("x", expiry=Expiry.after(days=1.5)), "days is 1.5"),
        (lambda: Program("x", expiry=Expiry.after(days=1, end_of="week")), "'week' is no period"),
        (lambda: Program("x", pending_days=29, expiry=Expiry.after(months=1)), "28 days"),
        (lambda: Program("x", pending_days=3, expiry=Expiry.after(days=2)), "2 days"),
        (lambda: Program("x", redemption=Redemption(point_value=0.01)), "0.01 is a float"),
        (
            lambda: Program("x", redemption=Redemption(point_value=-1)),
            "point_value is -1, not 0 or more",
        ),
        (lambda: Program("x", redemption=Redemption(minimum=-1)), "minimum is -1"),
        (lambda: Program("x", redemption=Redemption(order="newest")), "order is 'newest'"),
    ],
)
def test_what_is_wrong_with_a_program_is_said(made, told):
    with pytest.raises(LedgerError) as raised:
        made()
    assert told in str(raised.value)
    assert all(problem.where and problem.fix for problem in raised.value.problems)


def test_everything_that_is_wrong_is_said_together():
    with pytest.raises(LedgerError) as raised:
        Program(
            "x",
            combine="max",
            earning=(Earn.per("a", 1.5, per=0), Earn.flat("b", 1, when="SUM(total) > 1")),
            redemption=Redemption(minimum=-1),
        )
    places = [problem.where.removeprefix("Program('x').") for problem in raised.value.problems]
    assert places == [
        "combine",
        "earning[0].points",
        "earning[0].per",
        "earning[1].when",
        "redemption.minimum",
    ]


def test_points_may_open_on_the_last_day_of_the_shortest_month():
    Program("x", pending_days=28, expiry=Expiry.after(months=1))
    assert Expiry.after(months=1).shortest == 28
    assert Expiry.after(months=12).shortest == 365
    assert Expiry.after(days=9, end_of="year").shortest == 9
    assert Expiry.never().shortest is None


@pytest.mark.parametrize(
    ("expiry", "last"),
    [
        (Expiry.after(months=1), "2024-02-29"),
        (Expiry.after(months=13), "2025-02-28"),
        (Expiry.after(days=30), "2024-03-01"),
        (Expiry.after(days=1, end_of="month"), "2024-02-29"),
        (Expiry.after(months=2, end_of="quarter"), "2024-03-31"),
        (Expiry.after(months=12, end_of="year"), "2025-12-31"),
        (Expiry.never(), None),
    ],
    ids=repr,
)
def test_the_last_usable_day_of_points_earned_on_31_january(expiry, last):
    expected = None if last is None else dt.date.fromisoformat(last)
    assert expiry.last_day(dt.date(2024, 1, 31)) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "not JSON"),
        ("[]", "a program is a mapping, got []"),
        ("{}", "'name' is missing"),
        ('{"name": "x", "format": 2}', "format 2 is not known"),
        ('{"name": "x", "earnings": []}', "did you mean 'earning'?"),
        ('{"name": "x", "zzz": 1}', "'zzz' is no part of a program"),
        ('{"name": "x", "earning": {}}', "earning is no list"),
        ('{"name": "x", "earning": [1]}', "an earning rule is a mapping, got 1"),
        ('{"name": "x", "earning": [{"name": "a"}]}', "the rule has no points"),
        (
            '{"name": "x", "earning": [{"name": "a", "points": 1, "lines": "x > 1"}]}',
            "has no lines",
        ),
        ('{"name": "x", "earning": [{"name": "a", "points": 1, "during": ["x"]}]}', "no period"),
        (
            '{"name": "x", "earning": [{"name": "a", "points": 1, "during": ["x", "y"]}]}',
            "not a day",
        ),
        ('{"name": "x", "expiry": {"weeks": 1}}', "'weeks' is no part of an expiry"),
        ('{"name": "x", "redemption": 1}', "a redemption is a mapping, got 1"),
        ('{"name": "x", "pending_days": -1}', "pending_days is -1"),
        ('{"name": "x", "name": "y"}', "the key 'name' is there twice"),
        (
            '{"name": "x", "cap": {"points": 1, "points": 2, "per": "day"}}',
            "'points' is there twice",
        ),
        ('{"name": "x", "format": true}', "format True is not known"),
        (r'{"name": "\ud83d"}', "surrogates not allowed"),
        (None, "not JSON"),
    ],
)
def test_a_text_that_is_no_program_says_why(text, told):
    with pytest.raises(LedgerError) as raised:
        Program.from_json(text)
    assert told in str(raised.value)


def test_a_text_that_is_not_toml_says_so():
    with pytest.raises(LedgerError, match="not TOML"):
        Program.from_toml("name = ")


def test_declarations_show_as_they_are_written():
    assert repr(BLUE.earning) == (
        "(Earn.per('base', '1.15', per='1'), "
        "Earn.per('coffee', 2, per='1', lines=\"category = 'coffee'\"), "
        "Earn.flat('app', '1/3', when=\"channel = 'app'\"), "
        "Earn.flat('review', 20, on='review', during=During(\"2026-06-01\", \"2026-08-31\")))"
    )
    assert "when=[(col" in repr(Earn.flat("app", 1, when=pl.col("channel") == "app"))
    assert repr(Expiry.after(days=30)) == "Expiry.after(days=30)"
    assert repr(Redemption()) == "Redemption(minimum=1, order='expiring_first')"


def test_a_redemption_that_the_program_will_refuse_still_reads():
    told = repr(Redemption(point_value=0.01))
    assert told == "Redemption(point_value=0.01, minimum=1, order='expiring_first')"
