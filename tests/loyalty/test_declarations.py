"""The parts of a program: what they are, what is wrong with them, their text."""

from __future__ import annotations

import datetime as dt
import json
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from loyalty import worlds
from loyalty.bridge import program_of

LEVELS = {"member": 0, "silver": 500, "gold": 2_000}
FULL = cu.Program(
    "Blue",
    version=2,
    earning=(
        cu.Earn.per("base", 1, per="1.00"),
        cu.Earn.per("coffee", 2, per="1.00", lines="category = 'coffee'"),
        cu.Earn.flat("app_first", 25, when="channel = 'app'"),
        cu.Boost(
            "summer", "1.5", when="channel = 'app'", during=cu.During("2026-06-01", "2026-08-31")
        ),
        cu.Boost("visits", "1/3", on="visit", tiers=("silver", "gold")),
        cu.Earn.flat("review", 20, on="review", cap=cu.Cap(100, per="month")),
        cu.Earn.flat("gold_bonus", 50, tiers=("gold",)),
        cu.Earn.flat("referral", 500, on="referral", also=cu.Also("referred_by", 250)),
    ),
    cap=cu.Cap(5_000, per="day"),
    tiers=cu.Ladder(
        LEVELS,
        by="points",
        window=cu.Window(months=12),
        review="year",
        keep=1,
        grace_days=30,
        boost={"silver": "1.25", "gold": "1.5"},
    ),
    pending_days=14,
    expiry=cu.Expiry.after(months=12, end_of="month"),
    redemption=cu.Redemption(point_value="0.01", minimum=100),
    refunds=cu.Refunds(shortfall="forgive", restored=30),
    rewards=(cu.Reward("mug", points=500, per_member=1), cu.Reward("cup", points=100)),
    care=(
        cu.Birthday(points=100),
        cu.Anniversary(of="joined_at", points=50),
        cu.Holiday("singles_day", month=11, day=11, points=111),
        cu.Holiday("new_year", days=["2026-02-17", dt.date(2027, 2, 6)], points=88),
    ),
)
EXPIRIES = [
    cu.Expiry.never(),
    cu.Expiry.after(days=30, end_of="quarter"),
    cu.Expiry.on(12, 31, min_days=90),
    cu.Expiry.on(2, 29),
    cu.Expiry.idle(months=18),
    cu.Expiry.idle(days=90),
]
LADDERS = [
    None,
    cu.Ladder({"a": 0}),
    cu.Ladder({"a": 0, "b": "99.50"}, by="spend", window=cu.Window(days=90)),
    cu.Ladder(
        [("a", 0), ("b", 3)],
        by="orders",
        window="period",
        review="anniversary",
        downgrade="one_level",
        upgrade="at_review",
        on_refund="keep",
    ),
]


@pytest.mark.parametrize("expiry", EXPIRIES, ids=repr)
@pytest.mark.parametrize("ladder", LADDERS, ids=repr)
def test_a_whole_program_is_equal_after_its_text(expiry, ladder):
    program = cu.Program("x", expiry=expiry, tiers=ladder)
    again = cu.Program.from_json(program.to_json())
    assert again == program
    assert hash(again) == hash(program)
    assert again.to_json() == program.to_json()
    assert eval(repr(expiry), vars(cu) | {"Expiry": cu.Expiry}) == expiry
    if ladder is not None:
        assert eval(repr(ladder), {"Ladder": cu.Ladder, "Window": cu.Window}) == ladder


def test_everything_a_program_can_say_is_equal_after_its_text():
    assert cu.Program.from_json(FULL.to_json()) == FULL
    assert [rule.name for rule in FULL.rules] == [
        "base",
        "coffee",
        "app_first",
        "review",
        "gold_bonus",
        "referral",
    ]
    assert [boost.factor for boost in FULL.boosts] == [Fraction(3, 2), Fraction(1, 3)]


def test_what_is_declared_shows_as_it_is_written():
    names = {name: getattr(cu, name) for name in cu.__all__ if name[0].isupper()}
    for part in (*FULL.earning, *FULL.rewards, *FULL.care, FULL.tiers, FULL.refunds, FULL.cap):
        assert eval(repr(part), dict(names)) == part
    named = (cu.Birthday(points=1, name="b"), cu.Anniversary(points=1, name="a"))
    assert tuple(eval(repr(part), dict(names)) for part in named) == named


def test_a_program_with_tiers_and_care_reads_from_toml():
    text = """
    name = "Blue"
    cap = { points = 10, per = "day" }
    expiry = { month = 12, day = 31, min_days = 90 }
    refunds = { shortfall = "lot_only" }

    [tiers]
    by = "spend"
    window = { months = 12 }
    review = "year"
    levels = { member = 0, silver = 99.50 }
    boost = { silver = 1.25 }

    [[earning]]
    name = "base"
    points = 1
    cap = { points = 5, per = "order" }

    [[earning]]
    name = "twice"
    boost = 2
    tiers = ["silver"]

    [[care]]
    care = "holiday"
    name = "new_year"
    days = [2026-02-17, "2027-02-06"]
    points = 88
    """
    assert cu.Program.from_toml(text) == cu.Program(
        "Blue",
        earning=(
            cu.Earn.flat("base", 1, cap=cu.Cap(5, per="order")),
            cu.Boost("twice", 2, tiers="silver"),
        ),
        cap=cu.Cap(10, per="day"),
        tiers=cu.Ladder(
            {"member": 0, "silver": "99.5"},
            by="spend",
            window=cu.Window(months=12),
            review="year",
            boost={"silver": "1.25"},
        ),
        expiry=cu.Expiry.on(12, 31, min_days=90),
        refunds=cu.Refunds(shortfall="lot_only"),
        care=cu.Holiday("new_year", days=["2026-02-17", "2027-02-06"], points=88),
    )


def program(**parts):
    return lambda: cu.Program("x", **parts)


def ladder(levels=None, **options):
    return lambda: cu.Program("x", tiers=cu.Ladder(LEVELS if levels is None else levels, **options))


def earn(**options):
    return lambda: cu.Program("x", earning=cu.Earn.flat("a", 1, **options))


BOTH = cu.Also("referred_by", 1)
WRONG = [
    (program(cap=100), "cap", "100 is no cap"),
    (program(cap=cu.Cap(0, per="day")), "cap.points", "points is 0"),
    (program(cap=cu.Cap(1.5, per="day")), "cap.points", "points is 1.5"),
    (program(cap=cu.Cap(9, per="week")), "cap.per", "per is 'week'"),
    (earn(cap=9), "earning[0].cap", "9 is no cap"),
    (earn(cap=cu.Cap(0, per="day")), "earning[0].cap.points", "points is 0"),
    (earn(also=9), "earning[0].also", "9 is nothing that another gets"),
    (earn(also=cu.Also("", 1)), "earning[0].also.member", "'' is no name"),
    (earn(also=cu.Also("referred_by", 0)), "earning[0].also.points", "not above 0"),
    (earn(also=BOTH, cap=cu.Cap(9, per="day")), "earning[0].cap", "has no cap"),
    (earn(tiers=("gold",)), "earning[0].tiers[0]", "the program has no tiers"),
    (program(earning=cu.Boost("b", 1.5)), "earning[0].factor", "1.5 is a float"),
    (program(earning=cu.Boost("b", 0)), "earning[0].factor", "factor is 0"),
    (program(earning=cu.Boost("b", 2, on="refund")), "earning[0].on", "belong to the engine"),
    (program(earning=cu.Boost("b", 2, when="1 >")), "earning[0].when", "b"),
    (
        program(earning=[cu.Earn.flat("a", 1), cu.Boost("a", 2)]),
        "earning[1].name",
        "stands at earning[0] too",
    ),
    (
        program(tiers=cu.Ladder(LEVELS), earning=cu.Boost("b", 2, tiers=("gold", "golden"))),
        "earning[0].tiers[1]",
        "there is no tier 'golden'",
    ),
    (program(tiers=LEVELS), "tiers", "is no ladder of tiers"),
    (ladder({}), "tiers.levels", "are no levels"),
    (ladder([1, 2]), "tiers.levels", "(1, 2) are no levels"),
    (ladder({"a": 1}), "tiers.levels['a']", "the lowest level, 'a', starts at 1"),
    (ladder({"a": 0, "b": 9, "c": 9}), "tiers.levels['c']", "'c' at 9 does not lie above 'b' at 9"),
    (ladder({"a": 0, "b": 1.5}), "tiers.levels['b']", "1.5 is a float"),
    (ladder({"a": 0, "b": "1.5"}), "tiers.levels['b']", "'b' starts at 1.5 points"),
    (ladder({"a": 0, "none": 1}), "tiers.levels['none']", "who is no member yet"),
    (ladder({"a": 0, "": 1}), "tiers.levels['']", "'' is no name"),
    (ladder([("a", 0), ("a", 1)]), "tiers.levels['a']", "is there twice"),
    (ladder(by="visits"), "tiers.by", "by is 'visits'"),
    (ladder(window="period"), "tiers.window", "there is no review"),
    (ladder(window=12), "tiers.window", "window is 12"),
    (ladder(review="week"), "tiers.review", "review is 'week'"),
    (ladder(upgrade="at_review"), "tiers.upgrade", "rise at a review"),
    (ladder(keep=-1), "tiers.keep", "keep is -1"),
    (ladder(grace_days=True), "tiers.grace_days", "grace_days is True"),
    (ladder(boost={"golden": 2}), "tiers.boost['golden']", "there is no level 'golden'"),
    (ladder(boost={"gold": 1.5}), "tiers.boost['gold']", "1.5 is a float"),
    (ladder(boost=2), "tiers.boost", "are no boosts"),
    (program(refunds="debt"), "refunds", "'debt' is no refund policy"),
    (program(refunds=cu.Refunds(shortfall="give")), "refunds.shortfall", "shortfall is 'give'"),
    (program(refunds=cu.Refunds(restored=0)), "refunds.restored", "restored is 0"),
    (program(rewards=cu.Reward("mug", points=0)), "rewards[0].points", "points is 0"),
    (program(rewards=cu.Reward("", points=1)), "rewards[0].name", "'' is no name"),
    (
        program(rewards=cu.Reward("mug", points=1, per_member=0)),
        "rewards[0].per_member",
        "per_member is 0",
    ),
    (program(rewards="mug"), "rewards[0]", "'mug' is no reward"),
    (
        program(rewards=(cu.Reward("mug", points=1), cu.Reward("mug", points=2))),
        "rewards[1].name",
        "stands at rewards[0] too",
    ),
    (
        program(rewards=cu.Reward("mug", points=1), redemption=cu.Redemption(minimum=9)),
        "rewards[0].points",
        "'mug' costs 1 points, less than the minimum of 9",
    ),
    (program(care=cu.Birthday(points=0)), "care[0].points", "points is 0"),
    (program(care=(cu.Birthday(points=1),) * 2), "care[1].name", "stands at care[0] too"),
    (program(care=cu.Anniversary(of="", points=1)), "care[0].of", "'' is no name"),
    (program(care=cu.Holiday("h", points=1)), "care[0].days", "has no day"),
    (program(care=cu.Holiday("h", month=2, day=30, points=1)), "care[0]", "is no day of any year"),
    (
        program(care=cu.Holiday("h", month=2, day=3, days=["2026-01-01"], points=1)),
        "care[0]",
        "not both",
    ),
    (program(care=cu.Holiday("h", days="x", points=1)), "care[0].days[0]", "'x' is not a day"),
    (
        program(care=cu.Holiday("h", days=["2026-01-01", "2026-02-02"], points=1)),
        "care[0].days[1]",
        "2026 has two days",
    ),
    (program(expiry=cu.Expiry.on(2, 30)), "expiry.on", "month 2 has no day 30"),
    (program(expiry=cu.Expiry.on(12, 31, min_days=-1)), "expiry.on.min_days", "min_days is -1"),
    (program(expiry=cu.Expiry.idle()), "expiry.idle", "months=None, days=None"),
    (program(expiry=cu.Expiry.on(12, 31), pending_days=1), "expiry", "can expire 0 days after"),
    (program(expiry=cu.Expiry.idle(days=5), pending_days=6), "expiry", "can expire 5 days after"),
]


@pytest.mark.parametrize(("made", "where", "told"), WRONG)
def test_what_is_wrong_with_a_part_is_said_at_its_place(made, where, told):
    with pytest.raises(cu.LedgerError) as raised:
        made()
    problem = raised.value.problems[0]
    assert problem.where == f"Program('x').{where}"
    assert told in problem.what
    assert problem.fix
    assert len(raised.value.problems) == 1


def test_a_rule_for_two_members_has_neither_tiers_nor_cap():
    rule = cu.Earn.flat("r", 1, tiers="gold", cap=cu.Cap(9, per="day"), also=BOTH)
    with pytest.raises(cu.LedgerError) as raised:
        cu.Program("x", earning=rule, tiers=cu.Ladder(LEVELS))
    assert [problem.where.rpartition(".")[2] for problem in raised.value.problems] == [
        "tiers",
        "cap",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"name": "x", "cap": {"points": 1}}', "'per' is missing"),
        ('{"name": "x", "tiers": {"by": "points"}}', "'levels' is missing"),
        (
            '{"name": "x", "tiers": {"levels": {"a": 0}, "window": {"weeks": 1}}}',
            "'weeks' is no part of a window",
        ),
        ('{"name": "x", "tiers": {"levels": {"a": 0}, "window": {"days": 0}}}', "whole positive"),
        ('{"name": "x", "earning": [{"name": "a", "boost": 2, "per": 1}]}', "a boost has no per"),
        ('{"name": "x", "earning": [{"name": "a", "points": 2, "cap": {"point": 1}}]}', "'point'"),
        ('{"name": "x", "care": [{"care": "easter", "points": 1}]}', "care is 'easter'"),
        ('{"name": "x", "care": [{"care": "birthday", "points": 1, "day": 1}]}', "has no day"),
        ('{"name": "x", "care": [{"care": "holiday", "points": 1, "day": 1}]}', "has no name"),
        ('{"name": "x", "expiry": "soon"}', "an expiry is a mapping, got 'soon'"),
        ('{"name": "x", "rewards": {}}', "rewards is no list"),
    ],
)
def test_a_text_whose_parts_are_wrong_says_where(text, told):
    with pytest.raises(cu.LedgerError) as raised:
        cu.Program.from_json(text)
    assert told in str(raised.value)


DAYS = st.dates(dt.date(1950, 1, 1), dt.date(2150, 12, 31))


@given(DAYS, st.integers(1, 12), st.integers(1, 28) | st.just(31), st.integers(0, 400))
def test_a_fixed_date_is_the_first_such_date_after_the_least_days(earned, month, day, least):
    try:
        expiry = cu.Expiry.on(month, day, min_days=least)
        dt.date(2024, month, day)
    except ValueError:
        return
    last = earned + dt.timedelta(days=least)
    while (last.month, last.day) != (month, day):
        last += dt.timedelta(days=1)
    assert expiry.last_day(earned) == last
    assert (last - earned).days >= expiry.shortest


def test_29_february_as_a_fixed_date_is_28_february_in_common_years():
    expiry = cu.Expiry.on(2, 29)
    assert str(expiry.last_day(dt.date(2023, 2, 28))) == "2023-02-28"
    assert str(expiry.last_day(dt.date(2024, 2, 29))) == "2024-02-29"
    assert str(expiry.last_day(dt.date(2024, 3, 1))) == "2025-02-28"


def versions(*numbers, **options):
    days = ("2025-01-01", "2026-01-01", "2027-01-01")
    return [
        (day, cu.Program("x", version=n, **options)) for day, n in zip(days, numbers, strict=False)
    ]


def test_versions_are_equal_after_their_text_and_in_force_from_their_day():
    programs = cu.Programs(versions(1, 2, 5, tiers=cu.Ladder(LEVELS)))
    assert cu.Programs.from_json(programs.to_json()) == programs
    forced = [programs.in_force(dt.date(year, 1, 1)).version for year in (1999, 2025, 2026, 2030)]
    assert forced == [1, 1, 2, 5]
    assert programs.in_force(dt.date(2025, 12, 31)).version == 1
    assert (programs.name, programs.current.version) == ("x", 5)


def inline(value):
    """What JSON held, as a value of TOML."""
    if isinstance(value, dict):
        held = ", ".join(f"{json.dumps(key)} = {inline(each)}" for key, each in value.items())
        return f"{{{held}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(inline, value))}]"
    return json.dumps(value)


def toml(text):
    """The text that `to_json` gave, as TOML."""
    held = json.loads(text)
    lines = [f"format = {held['format']}"]
    for version in held["versions"]:
        lines.append("[[versions]]")
        lines += [f"{key} = {inline(value)}" for key, value in version.items() if key != "from"]
        lines.append(f"from = {version['from']}")
    return "\n".join(lines)


@given(worlds.versions())
def test_versions_are_equal_after_a_trip_through_either_text(world):
    programs = program_of(world[0])
    assert cu.Programs.from_json(programs.to_json()) == programs
    assert cu.Programs.from_toml(toml(programs.to_json())) == programs


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[", "a program is not TOML"),
        ('[[versions]]\nname = "x"', "the version has no day"),
        ('[[versions]]\nfrom = 2025-01-01\nnamed = "x"', "did you mean 'name'"),
        ('[[versions]]\nfrom = 2025-01-01T00:00:00\nname = "x"', "is not a day"),
        ("versions = 1", "versions is no list"),
    ],
)
def test_toml_that_holds_no_versions_says_why(text, told):
    with pytest.raises(cu.LedgerError) as raised:
        cu.Programs.from_toml(text)
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        ([], "there is no program"),
        (12, "12 is no day with a program"),
        ([("2025-01-01", 12)], "is no day with a program"),
        ([("Monday", cu.Program("x"))], "'Monday' is not a day"),
        ([(dt.datetime(2025, 1, 1), cu.Program("x"))], "is not a day"),
        (versions(1, 1), "version 1 is there twice"),
        (versions(1, 2)[::-1], "does not follow"),
        ([*versions(1), ("2026-01-01", cu.Program("y", version=2))], "another program than 'x'"),
        ([*versions(1), ("2026-01-01", cu.Program("x", version=2, tz="UTC"))], "tz is not that"),
        (
            [*versions(1), ("2026-01-01", cu.Program("x", version=2, tiers=cu.Ladder(LEVELS)))],
            "tiers is not that",
        ),
    ],
)
def test_versions_that_do_not_fit_together_are_refused(given_, told):
    with pytest.raises(cu.LedgerError) as raised:
        cu.Programs(given_)
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[", "not JSON"),
        ("{}", "versions is no list"),
        ('{"versions": [{"name": "x"}]}', "has no day"),
        ('{"versions": [{"from": "2025-01-01", "named": "x"}]}', "did you mean 'name'"),
        ('{"versions": [], "versions": []}', "'versions' is there twice"),
        ('{"programs": []}', "'programs' is no part of the versions"),
    ],
)
def test_a_text_that_holds_no_versions_says_why(text, told):
    with pytest.raises(cu.LedgerError) as raised:
        cu.Programs.from_json(text)
    assert told in str(raised.value)


def test_a_condition_that_is_an_expression_makes_boosts_equal_and_textless():
    one, other = (cu.Boost("b", 2, when=pl.col("channel") == name) for name in ("app", "web"))
    assert one != other
    with pytest.raises(cu.RuleError, match="no text form"):
        cu.Program("x", earning=one).to_json()
