"""Playbooks: what they plan, whom they leave out and why, what they refuse."""

from __future__ import annotations

import datetime as dt
import inspect
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from naive import plans as naive

REWARD = cu.Strategy("reward", "early access", ("push", "email"), 2)
WELCOME = cu.Strategy("welcome", "a guide", "email", 1)
BOOK = cu.Playbook({"buyer": REWARD, "prospect": WELCOME})
SEGMENTS = cu.RuleBook.first(cu.Rule("buyer", "orders > 0"), otherwise="prospect")
CONSENT = {
    1: ["email"],
    2: ["email", "push"],
    3: [],
    4: None,
    5: ["post"],
    6: ["email"],
    7: ["email"],
}
ORDERS = cu.table(cu.Order).frame(
    [
        cu.Order(order_id=who, customer_id=who, ordered_at="2026-06-01", total=5)
        for who in (1, 2, 3, 4, 5, 8)
    ]
)
CUSTOMERS = cu.table(cu.Customer).frame(
    [cu.Customer(customer_id=who, consent=said) for who, said in CONSENT.items()]
)
CONTACTS = ((6, "2026-05-31", "care"), (6, "2026-06-30", "campaign"), (7, "2026-06-01", "care"))
EVENTS = cu.table(cu.Event).frame(
    [
        cu.Event(event_id=place, customer_id=who, at=day, kind=kind)
        for place, (who, day, kind) in enumerate(CONTACTS)
    ]
)
SHOP = cu.CustomerBase(orders=ORDERS, customers=CUSTOMERS, events=EVENTS).as_of("2026-06-30")
NOW = SEGMENTS.assign(SHOP)


def planned(**options):
    return BOOK.plan(NOW, SHOP, **options)


def test_customers_are_reached_on_the_first_channel_they_consent_to():
    assert planned().frame.rows() == [
        (6, "prospect", "welcome", "a guide", "email", 1, "in prospect, consent to email given"),
        (7, "prospect", "welcome", "a guide", "email", 1, "in prospect, consent to email given"),
        (1, "buyer", "reward", "early access", "email", 2, "in buyer, consent to email given"),
        (2, "buyer", "reward", "early access", "push", 2, "in buyer, consent to push given"),
    ]


def test_those_left_out_are_returned_with_the_reason():
    assert planned().left_out.rows() == [
        (3, "buyer", "no consent"),
        (4, "buyer", "consent unknown"),
        (5, "buyer", "no consent"),
        (8, "buyer", "consent unknown"),
    ]


def test_assumed_consent_reaches_those_who_said_nothing_and_nobody_who_said_no():
    plan = planned(consent="assumed")
    assert plan.frame.filter(pl.col("customer_id").is_in([4, 8])).rows() == [
        (who, "buyer", "reward", "early access", "push", 2, "in buyer, consent to push assumed")
        for who in (4, 8)
    ]
    assert plan.left_out["customer_id"].to_list() == [3, 5]


@pytest.mark.parametrize(
    ("contacts", "days", "left"),
    [(1, 30, [6, 7]), (2, 30, []), (2, 31, [6]), (1, 29, [6]), (1, 1, [6]), (3, 31, [])],
)
def test_a_limit_counts_the_contacts_of_the_last_local_days(contacts, days, left):
    plan = planned(limit=cu.Limit(contacts=contacts, days=days))
    limited = plan.left_out.filter(pl.col("reason") == "contact limit")
    assert limited["customer_id"].to_list() == left


def test_only_the_kinds_of_a_limit_are_contacts():
    plan = planned(limit=cu.Limit(contacts=1, days=30, kinds="campaign"))
    assert plan.left_out.filter(pl.col("reason") == "contact limit")["customer_id"].to_list() == [6]


def test_nothing_planned_is_a_reason_of_its_own():
    plan = cu.Playbook({"buyer": None, "prospect": None}).plan(NOW, SHOP)
    assert plan.frame.height == 0
    assert plan.left_out["reason"].unique().to_list() == ["nothing planned"]


def test_customers_the_base_does_not_have_are_counted_too():
    plan = BOOK.plan(NOW, SHOP.where("orders = 0"))
    reasons = plan.left_out.filter(pl.col("reason") == "not in the base")
    assert reasons["customer_id"].to_list() == [1, 2, 3, 4, 5, 8]


def test_without_customers_nobody_has_consented():
    base = cu.CustomerBase(orders=ORDERS).as_of("2026-06-30")
    plan = BOOK.plan(SEGMENTS.assign(base), base)
    assert plan.left_out["reason"].unique().to_list() == ["consent unknown"]


def test_a_plan_is_counted_and_shown_by_segment():
    plan = planned(limit=cu.Limit(contacts=1, days=30))
    assert plan.counts().rows() == [
        ("buyer", 2, 0, 0, 2, 2, 0),
        ("prospect", 0, 0, 0, 0, 0, 2),
    ]
    assert repr(plan) == (
        "2 customers to contact as of 2026-06-30, 6 left out\n"
        "segment   goal    planned  consent unknown  no consent  contact limit\n"
        "buyer     reward        2                2           2              0\n"
        "prospect                0                0           0              2"
    )
    assert plan._repr_html_().startswith("<table")


def test_why_tells_of_the_segment_and_of_the_plan():
    assert planned().why("2") == (
        "buyer: orders = 1 (orders > 0)\n"
        "reward: early access, by push (in buyer, consent to push given)"
    )
    assert planned().why(3) == "buyer: orders = 1 (orders > 0)\nleft out: no consent"
    with pytest.raises(cu.SchemaError, match="no customer 99"):
        planned().why(99)


def test_plans_and_playbooks_are_values():
    assert planned() == planned()
    assert planned() != planned(consent="assumed")
    assert planned() != "plan"
    with pytest.raises(TypeError):
        hash(planned())
    assert cu.Playbook({"a": REWARD}) == cu.Playbook((("a", REWARD),))
    assert hash(BOOK) == hash(cu.Playbook({"buyer": REWARD, "prospect": WELCOME}))


@given(
    st.lists(
        st.none() | st.lists(st.sampled_from(["push", "email", "post"]), unique=True),
        min_size=8,
        max_size=8,
    ),
    st.permutations(["push", "email", "post"]).flatmap(
        lambda names: st.integers(1, 3).map(lambda n: tuple(names[:n]))
    ),
    st.sampled_from(["required", "assumed"]),
)
def test_every_customer_is_planned_or_left_out_once(said, channels, consent):
    customers = cu.table(cu.Customer).frame(
        [cu.Customer(customer_id=who, consent=each) for who, each in enumerate(said)]
    )
    base = cu.CustomerBase(orders=ORDERS, customers=customers).as_of("2026-06-30")
    book = cu.Playbook({"buyer": cu.Strategy("g", "o", channels), "prospect": WELCOME})
    plan = book.plan(SEGMENTS.assign(base), base, consent=consent)
    both = [*plan.frame["customer_id"], *plan.left_out["customer_id"]]
    assert sorted(both) == base.customer_ids.to_list()
    for who, segment, channel in plan.frame.select("customer_id", "segment", "channel").rows():
        wanted = channels if segment == "buyer" else ("email",)
        known = said[who] if who < len(said) else None
        agreed = [each for each in wanted if each in (known or ())]
        assert channel == (wanted[0] if known is None else agreed[0])
        assert known is not None or consent == "assumed"


PARIS = ZoneInfo("Europe/Paris")
channels = st.permutations(["push", "email", "post"]).flatmap(
    lambda names: st.integers(1, 3).map(lambda n: tuple(names[:n]))
)
chosen = st.none() | st.tuples(channels, st.integers(1, 3))
hours = st.integers(-80, 24 * 9).map(lambda back: dt.timedelta(hours=back))
happened = st.tuples(st.integers(1, 8), hours, st.sampled_from(["care", "campaign", "browse"]))
kinds = st.sampled_from([("care",), ("care", "campaign")])


@given(
    st.dictionaries(st.integers(1, 8), st.none() | st.sets(st.sampled_from(["push", "email"]))),
    chosen,
    chosen,
    st.lists(happened, min_size=1, max_size=25),
    st.none() | st.tuples(st.integers(1, 3), st.integers(1, 8), kinds),
    st.booleans(),
    st.integers(0, 8),
)
def test_a_plan_is_that_of_a_naive_reading(said, buyer, prospect, made, limit, assumed, upto):
    midnight = dt.datetime(2026, 7, 1, tzinfo=PARIS).astimezone(dt.UTC)
    events = [(who, midnight - back, kind) for who, back, kind in made]
    base = cu.CustomerBase(
        orders=ORDERS,
        customers=cu.table(cu.Customer, tz="Europe/Paris").frame(
            [
                cu.Customer(customer_id=who, consent=each if each is None else sorted(each))
                for who, each in said.items()
            ]
        ),
        events=cu.table(cu.Event, tz="Europe/Paris").frame(
            [
                cu.Event(event_id=place, customer_id=who, at=at, kind=kind)
                for place, (who, at, kind) in enumerate(events)
            ]
        ),
        tz="Europe/Paris",
    ).as_of("2026-06-30")
    now = SEGMENTS.assign(base)
    strategies = {"buyer": buyer, "prospect": prospect}
    some = base.where(f"customer_id <= {upto}") if upto else base
    plan = cu.Playbook(
        {
            name: None if own is None else cu.Strategy("g", "o", own[0], own[1])
            for name, own in strategies.items()
        }
    ).plan(
        now,
        some,
        limit=limit and cu.Limit(contacts=limit[0], days=limit[1], kinds=limit[2]),
        consent="assumed" if assumed else "required",
    )
    segments = dict(now.frame.select("customer_id", "segment").iter_rows())
    reached, left = naive.plan(
        segments,
        said,
        set(some.customer_ids),
        strategies,
        events,
        limit=limit,
        today=base.day,
        zone=PARIS,
        assumed=assumed,
    )
    assert plan.frame.select("priority", "customer_id", "channel").rows() == reached
    assert plan.left_out.select("customer_id", "reason").rows() == left


@pytest.mark.parametrize(
    ("book", "grid"),
    [
        (cu.Playbook.value_tiers(), cu.Grid.value_tiers()),
        (cu.Playbook.eleven_names(), cu.Grid.eleven_names()),
        (cu.Playbook.eleven_names(), cu.Grid.ten_names()),
    ],
)
@pytest.mark.parametrize("window", [None, "365d"])
def test_the_shipped_playbooks_fit_the_shipped_grids(book, grid, window):
    plan = book.plan(cu.RFM(grid=grid, window=window).segment(SHOP), SHOP)
    assert plan.frame.height + plan.left_out.height == 8


def test_everything_that_keeps_a_plan_from_being_made_is_told_at_once():
    base = cu.CustomerBase(orders=ORDERS).as_of("2026-06-29")
    limit = cu.Limit(contacts=1, days=30)
    book = cu.Playbook({"bayer": REWARD})
    with pytest.raises(cu.SchemaError) as caught:
        book.plan(NOW, base, limit=limit, consent="maybe")
    assert str(caught.value) == inspect.cleandoc(
        """
        5 things are wrong
        segment 'buyer' has no strategy
          where: Playbook.plan
          fix:   did you mean it by 'bayer'? None leaves its customers alone
        segment 'prospect' has no strategy
          where: Playbook.plan
          fix:   add it; None leaves its customers alone
        segments are as of 2026-06-30 23:59:59.999999+00:00, the base is as of 2026-06-29 23:59:59.999999+00:00
          where: Playbook.plan
          fix:   assign the scheme to this base
        a limit counts events, and the base has none
          where: Playbook.plan(limit=)
          fix:   build the base with events=
        consent is 'maybe'
          where: Playbook.plan(consent=)
          fix:   write "required" or "assumed"
        """  # noqa: E501
    )


def test_ids_of_another_type_are_refused():
    texts = ORDERS.with_columns(pl.col("customer_id").cast(pl.String))
    base = cu.CustomerBase(orders=texts).as_of("2026-06-30")
    with pytest.raises(cu.SchemaError, match="ids are Int64 in the segments, String in the base"):
        BOOK.plan(NOW, base)


def test_what_is_no_playbook_is_refused():
    with pytest.raises(cu.SchemaError, match="a playbook needs strategies"):
        cu.Playbook({})
    with pytest.raises(cu.SchemaError) as caught:
        cu.Playbook({"a": "reward", 5: REWARD})
    assert [(problem.what, problem.where) for problem in caught.value.problems] == [
        ("a playbook holds strategies, got 'reward'", "Playbook['a']"),
        ("a segment's name is text, got 5", "Playbook[5]"),
    ]


@pytest.mark.parametrize(
    ("made", "where"),
    [
        (lambda: cu.Strategy("", 5, (), 0), ["goal", "offer", "channel", "priority"]),
        (lambda: cu.Strategy("g", "o", ("email", "email"), True), ["channel", "priority"]),
        (lambda: cu.Strategy("g", "o", ("email", 3)), ["channel"]),
    ],
)
def test_everything_wrong_with_a_strategy_is_told_at_once(made, where):
    with pytest.raises(cu.SchemaError) as caught:
        made()
    places = [problem.where for problem in caught.value.problems]
    assert places == [f"Strategy.{name}" for name in where]


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"contacts": 0, "days": 0, "kinds": ()}, ["contacts", "days", "kinds"]),
        ({"contacts": True, "days": 100_000}, ["contacts", "days"]),
        ({"contacts": 1, "days": 1, "kinds": ("care", "care")}, ["kinds"]),
        ({"contacts": 1, "days": 1, "kinds": ("care", "")}, ["kinds"]),
    ],
)
def test_everything_wrong_with_a_limit_is_told_at_once(options, where):
    with pytest.raises(cu.SchemaError) as caught:
        cu.Limit(**options)
    places = [problem.where for problem in caught.value.problems]
    assert places == [f"Limit.{name}" for name in where]


TAGS = cu.RuleBook.every(cu.Rule("buyer", "orders > 0")).assign(SHOP)


@pytest.mark.parametrize(
    ("given", "options", "told"),
    [
        ((TAGS, SHOP), {}, ["is no segmentation"]),
        ((None, SHOP), {}, ["None is no segmentation"]),
        ((NOW, None), {}, ["None is no base of customers"]),
        ((NOW, TAGS), {}, ["is no base of customers"]),
        ((NOW, SHOP), {"limit": 2}, ["2 is no limit"]),
        ((NOW, SHOP), {"consent": []}, ["consent is []"]),
        ((3, 4), {"limit": 5}, ["3 is no segm", "4 is no base", "5 is no limit"]),
    ],
    ids=["tags", "no segments", "no base", "tags as a base", "no limit", "no consent", "all"],
)
def test_a_plan_of_the_wrong_things_says_which(given, options, told):
    with pytest.raises(cu.SchemaError) as caught:
        BOOK.plan(*given, **options)
    found = caught.value.problems
    assert len(found) == len(told)
    assert all(start in each.what for start, each in zip(told, found, strict=True))
    assert all(each.where.startswith("Playbook.plan") and each.fix for each in found)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (None, "a playbook needs strategies"),
        (7, "a playbook needs strategies"),
        ("buyer", "a playbook needs strategies"),
        ([("a", REWARD), 5], "5 is no segment with its strategy"),
        ([("a",)], "('a',) is no segment with its strategy"),
        ((("a", REWARD), ("a", None)), "segment 'a' is there twice"),
    ],
    ids=str,
)
def test_what_lists_no_strategies_is_refused(given, told):
    with pytest.raises(cu.SchemaError) as caught:
        cu.Playbook(given)
    (problem,) = caught.value.problems
    assert problem.what == told


def test_pairs_make_a_playbook_too():
    assert cu.Playbook([("a", REWARD), ["b", None]]) == cu.Playbook({"a": REWARD, "b": None})


@pytest.mark.parametrize(
    ("made", "where"),
    [
        (lambda: cu.Strategy("g", "o", None), "Strategy.channel"),
        (lambda: cu.Strategy("g", "o", {"email", "push"}), "Strategy.channel"),
        (lambda: cu.Limit(contacts=1, days=1, kinds=None), "Limit.kinds"),
        (lambda: cu.Limit(contacts=1, days=1, kinds=5), "Limit.kinds"),
    ],
    ids=["no channel", "a set", "no kinds", "a number"],
)
def test_what_is_no_row_of_names_is_refused(made, where):
    with pytest.raises(cu.SchemaError) as caught:
        made()
    assert [problem.where for problem in caught.value.problems] == [where]


@pytest.mark.parametrize(
    ("asked", "fix"),
    [("champion", "did you mean 'champions'?"), (5, "there are champions, loyal, ")],
)
def test_a_segment_the_playbook_lacks_is_refused_with_the_nearest(asked, fix):
    with pytest.raises(cu.SchemaError) as caught:
        cu.Playbook.eleven_names()[asked]
    (problem,) = caught.value.problems
    assert problem.what == f"no segment {asked!r} is in the playbook"
    assert problem.fix.startswith(fix)
