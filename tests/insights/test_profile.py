"""A profile: what it tells of one customer, as of when, and how it is shown."""

from __future__ import annotations

import datetime as dt
import inspect

import polars as pl
import pytest

import custseg as cu
from custseg.insights import profile_pages

SHOP = cu.datasets.simulate(200, 365, seed=1).base()
LEDGER = cu.datasets.program().run(SHOP)
HABIT = cu.RuleBook.first(cu.Rule("regular", "orders >= 5"), otherwise="other")
LADDER = cu.Ladder({"member": 0, "silver": 10})
TAGS = cu.RuleBook.every(cu.Rule("big", "spend > 0"), cu.Rule("often", "orders >= 1"))


def small(**logs):
    orders = cu.table(cu.Order).frame(
        [
            cu.Order(order_id=1, customer_id="A-10", ordered_at="2026-06-01T22:30Z", total="20.50"),
            cu.Order(order_id=2, customer_id="A-10", ordered_at="2026-06-20", total="-5.00"),
            cu.Order(order_id=3, customer_id="B-11", ordered_at="2026-06-02", total="7.00"),
        ]
    )
    base = cu.CustomerBase(orders=orders, tz="Europe/Paris", **logs)
    return base.as_of("2026-06-30")


def test_measures_are_those_of_the_whole_base():
    for known in SHOP.customer_ids.sample(20, seed=1):
        found = cu.profile(SHOP, known).measures
        row = SHOP.measures(*found).filter(pl.col("customer_id") == known)
        assert found == row.drop("customer_id").row(0, named=True)


def test_only_what_is_seen_at_the_instant_is_told():
    earlier = SHOP.as_of("2024-06-30")
    for known in earlier.customer_ids.sample(20, seed=2):
        found = cu.profile(earlier, known, ledger=LEDGER)
        last = dt.datetime(2024, 7, 1)
        for log in (found.events["at"], found.postings["at"], found.feedback["at"]):
            assert (log < last).all()
        assert found.tickets.height == found.measures["open_tickets"]
        balances = LEDGER.balances("2024-06-30").filter(pl.col("customer_id") == known)
        told = found.points and found.points["available"]
        assert told == (balances["available"].item() if balances.height else None)


def test_segments_and_tags_are_told_with_the_reason():
    known = SHOP.measures("orders").filter(pl.col("orders") >= 5)["customer_id"][0]
    named = {"habit": HABIT.segment(SHOP), "tags": TAGS.segment(SHOP)}
    found = cu.profile(SHOP, str(known), segmentations=named).segments
    assert found["name"].to_list() == ["habit", "tags"]
    assert found["segment"].to_list() == ["regular", "big, often"]
    assert found["why"].to_list() == [each.why(known) for each in named.values()]


def test_segmentations_without_names_are_called_by_their_scheme():
    given = [cu.RFM().segment(SHOP), HABIT.segment(SHOP)]
    found = cu.profile(SHOP, 1, segmentations=given).segments
    assert found["name"].to_list() == ["RFM", "RuleBook"]


def test_a_customer_who_was_not_labelled_is_told_so():
    others = SHOP.where("customer_id <> 1")
    found = cu.profile(SHOP, 1, segmentations=[HABIT.segment(others)]).segments
    assert found.row(0) == ("RuleBook", None, "not among the customers who were labelled")


def test_scores_are_measures():
    scores = pl.DataFrame({"customer_id": SHOP.customer_ids}).with_columns(risk=0.25)
    assert cu.profile(SHOP.with_measures(scores), 1).measures["risk"] == 0.25


def test_points_are_none_without_a_ledger_or_for_no_member():
    assert cu.profile(SHOP, 1).points is None
    program = cu.Program("Blue", earning=cu.Earn.per("base", 1, per="1.00"))
    ledger = program.run(SHOP.where("customer_id = 2"))
    assert cu.profile(SHOP, 1, ledger=ledger).points is None


def test_a_ledger_of_balances_has_no_postings():
    found = cu.profile(SHOP, 1, ledger=cu.datasets.program().run(SHOP, entries=False))
    whole = cu.profile(SHOP, 1, ledger=LEDGER)
    assert found.points == whole.points
    assert found.postings.height == 0
    assert found.postings.schema == whole.postings.schema


def test_a_base_of_orders_alone_is_shown():
    found = cu.profile(small(), "A-10")
    assert found.identity == {}
    assert repr(found) == inspect.cleandoc(
        """
        Customer A-10 as of 2026-06-30, money in EUR

        Measures
        what           value
        orders         1
        spend          15.50
        spend_365d     15.50
        average_order  20.50
        recency_days   28
        tenure_days    28

        Last events
        at                kind    channel  amount  points
        2026-06-20 02:00  return  –         -5.00       –
        2026-06-02 00:30  order   –         20.50       –
        """
    )


def test_points_and_postings_are_shown():
    base = small()
    blue = cu.Program(
        "Blue",
        earning=cu.Earn.per("base", 1, per="1.00"),
        expiry=cu.Expiry.after(months=12),
        tiers=LADDER,
    )
    never = cu.Program("Blue", earning=cu.Earn.per("base", 1, per="1.00"))
    told = repr(cu.profile(base, "A-10", ledger=blue.run(base)))
    shown = told[told.index("Points") : told.index("Last events")].rstrip()
    assert shown == inspect.cleandoc(
        """
        Points
        what                value
        tier                silver
        available           20
        pending             0
        debt                0
        earned              20
        redeemed            0
        expired             0
        clawed_back         0
        adjusted            0
        forgiven            0
        next_expiry_points  20
        next_expiry_at      2027-06-03 00:00

        Last postings
        at                kind  about          usable_until  points  balance
        2026-06-02 00:30  earn  order 1: base  2027-06-02        20       20
        """
    )
    assert "next_expiry_at" not in repr(cu.profile(base, "A-10", ledger=never.run(base)))
    assert "Last postings" not in repr(
        cu.profile(base, "A-10", ledger=never.run(base, entries=False))
    )


def test_every_value_is_escaped_in_html():
    customers = cu.table(cu.Customer, tz="Europe/Paris").frame(
        [
            cu.Customer(
                customer_id="A-10", name="<b>Ada</b>", consent=["a&b"], joined_at="2026-01-01"
            )
        ]
    )
    feedback = cu.table(cu.Feedback).frame(
        [
            cu.Feedback(
                feedback_id=1,
                customer_id="A-10",
                at="2026-06-03",
                kind="nps",
                score=3,
                comment="<script>\n x",
            )
        ]
    )
    tickets = cu.table(cu.Ticket).frame(
        [
            cu.Ticket(ticket_id=1000, customer_id="A-10", opened_at="2026-06-04", reopened=True),
            cu.Ticket(
                ticket_id=2, customer_id="A-10", opened_at="2026-06-03", resolved_at="2026-06-05"
            ),
        ]
    )
    base = small(customers=customers, feedback=feedback, tickets=tickets)
    found = cu.profile(base, "A-10", segmentations={"<i>": HABIT.segment(base)})
    page = found._repr_html_()
    assert "<b>" not in page
    assert "<i>" not in page
    assert "<script>" not in page
    assert "&lt;script&gt; x" in page
    assert "a&amp;b" in page
    assert "background:transparent" in page
    assert found.tickets["ticket_id"].to_list() == [1000]
    assert "1000 " in repr(found)


def test_values_are_written_as_a_reader_would():
    found = cu.profile(small(), "A-10")
    shown = [
        profile_pages._shown(found, name, value)
        for name, value in {
            "tier": None,
            "vip": True,
            "plain": False,
            "consent": [],
            "age": 1234.5,
            "visits": 1234,
            "referred_by": 1234,
            "note": "a\nb",
        }.items()
    ]
    assert shown == ["–", "yes", "no", "none", "1,234", "1,234", "1234", "a b"]


def test_profiles_are_values_with_a_frame():
    found = cu.profile(SHOP, 1, ledger=LEDGER)
    assert found == cu.profile(SHOP, "1", ledger=LEDGER)
    assert found != cu.profile(SHOP, 1)
    assert found != cu.profile(SHOP, 2, ledger=LEDGER)
    assert found != "profile"
    assert found.frame.columns == ["customer_id", *found.measures]
    with pytest.raises(TypeError):
        hash(found)


@pytest.mark.parametrize(
    ("base", "asked", "fix"),
    [
        (SHOP, 100_000, "the nearest ids are 200, 199, 198"),
        (SHOP, -5, "the nearest ids are 1, 2, 3"),
        (SHOP, "x1", "the nearest ids are 1, 2, 3"),
        (small(), "A-01", "the nearest ids are 'A-10'"),
        (small(), "zzz", "the nearest ids are 'A-10', 'B-11'"),
        (small().as_of("2020-01-01"), "A-10", "the base has no customers"),
    ],
)
def test_an_unknown_customer_is_an_error_with_the_nearest_ids(base, asked, fix):
    with pytest.raises(cu.SchemaError) as caught:
        cu.profile(base, asked)
    assert str(caught.value) == (
        f"no customer {asked!r} by {base.day}\n  where: profile(customer_id)\n  fix:   {fix}"
    )


def test_who_comes_later_is_not_known_yet():
    with pytest.raises(cu.SchemaError, match=r"no customer 'B-11' by 2026-06-01"):
        cu.profile(small().as_of("2026-06-01"), "B-11")


def test_segmentations_of_another_instant_are_refused():
    earlier = HABIT.segment(SHOP.as_of("2024-06-30"))
    with pytest.raises(cu.SchemaError, match="habit is as of 2024-06-30"):
        cu.profile(SHOP, 1, segmentations={"habit": earlier})


def test_a_ledger_that_ends_earlier_is_refused():
    ledger = cu.datasets.program().run(SHOP.as_of("2024-06-30"))
    with pytest.raises(cu.LedgerError, match="lies after the ledger's as_of"):
        cu.profile(SHOP, 1, ledger=ledger)


NOW = HABIT.segment(SHOP)


@pytest.mark.parametrize(
    ("given", "options", "told"),
    [
        ((None, 2), {}, ["None is no base of customers"]),
        ((NOW, 2), {}, ["is no base of customers"]),
        ((SHOP, 2), {"segmentations": NOW}, ["segmentations are listed"]),
        ((SHOP, 2), {"segmentations": "now"}, ["segmentations are listed"]),
        ((SHOP, 2), {"segmentations": {"a": "b"}}, ["'a': 'b' is no segmentation"]),
        ((SHOP, 2), {"segmentations": {5: NOW}}, ["is no segmentation with a name"]),
        ((SHOP, 2), {"segmentations": [None]}, ["'NoneType': None is no segmentation"]),
        ((SHOP, 2), {"ledger": 3, "last": -1}, ["3 is no ledger", "last is -1"]),
        ((SHOP, 2), {"last": "all"}, ["last is 'all'"]),
    ],
)
def test_a_profile_of_the_wrong_things_says_which(given, options, told):
    with pytest.raises(cu.SchemaError) as caught:
        cu.profile(*given, **options)
    found = caught.value.problems
    assert len(found) == len(told)
    assert all(start in each.what for start, each in zip(told, found, strict=True))
    assert all(each.where.startswith("profile") and each.fix for each in found)


def test_segmentations_with_ids_of_another_type_are_refused():
    orders = cu.table(cu.Order).frame(
        [cu.Order(order_id=1, customer_id=1, ordered_at="2026-06-01", total=5)]
    )
    texts = orders.with_columns(pl.col("customer_id").cast(pl.String))
    one, other = (cu.CustomerBase(orders=each).as_of("2026-06-30") for each in (orders, texts))
    with pytest.raises(cu.SchemaError, match="ids are Int64 in now, String in the base"):
        cu.profile(other, "1", segmentations={"now": HABIT.segment(one)})


def test_a_name_cannot_steer_the_terminal():
    customers = cu.table(cu.Customer, tz="Europe/Paris").frame(
        [cu.Customer(customer_id="A-10", name="Ada\x1b[31m\nB\u202ec", region="\x07")]
    )
    told = repr(cu.profile(small(customers=customers), "A-10"))
    assert told.startswith("Ada\\x1b[31m\\nB\\u202ec (A-10) as of")
    assert not {"\x1b", "\u202e", "\x07"} & set(told)
