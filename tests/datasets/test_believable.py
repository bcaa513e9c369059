"""A simulated shop looks like one: the figures that a merchant would look at first."""

from __future__ import annotations

import polars as pl
import pytest

from custseg import datasets

TZ = "Europe/Paris"


@pytest.fixture(scope="module")
def shop():
    return datasets.simulate(20_000, 731)


@pytest.fixture(scope="module")
def buys(shop):
    local = pl.col("ordered_at").dt.convert_time_zone(TZ)
    return shop.orders.filter(pl.col("total") >= 0).with_columns(
        pl.col("total").cast(pl.Float64),
        hour=local.dt.hour(),
        weekday=local.dt.weekday(),
        day=local.dt.date(),
        month=local.dt.strftime("%Y-%m"),
    )


@pytest.fixture(scope="module")
def buyers(buys):
    return buys.group_by("customer_id").agg(orders=pl.len(), spend=pl.col("total").sum())


def share(rows, condition):
    return rows.select(condition.mean()).item()


def test_half_of_the_buyers_come_back(buyers):
    assert 0.40 < share(buyers, pl.col("orders") > 1) < 0.60


def test_about_one_in_ten_never_buys(shop, buyers):
    assert 0.85 < buyers.height / shop.customers.height < 0.95


def test_customers_order_three_to_five_times_on_average(shop, buys):
    assert 3 < buys.height / shop.customers.height < 5


def test_spend_is_as_unequal_as_in_shops(buyers):
    spend = buyers["spend"].sort()
    ranks = pl.int_range(1, len(spend) + 1, eager=True)
    gini = 2 * (ranks * spend).sum() / (len(spend) * spend.sum()) - (len(spend) + 1) / len(spend)
    assert 0.5 < gini < 0.7


def test_one_order_in_twenty_five_comes_back(shop):
    assert 0.03 < share(shop.orders, pl.col("total") < 0) < 0.055


def test_free_orders_are_rare_but_there(shop):
    assert 0 < share(shop.orders, pl.col("total") == 0) < 0.005


def test_saturday_is_the_best_day_and_sunday_the_worst(buys):
    by_day = buys["weekday"].value_counts().sort("count")["weekday"].to_list()
    assert (by_day[-1], by_day[0]) == (6, 7)


def test_november_and_december_are_the_best_months_and_august_dips(buys):
    revenue = dict(buys.group_by("month").agg(pl.col("total").sum()).rows())
    for year in ("2024", "2025"):
        best = sorted((m for m in revenue if m.startswith(year)), key=revenue.__getitem__)[-2:]
        assert set(best) == {f"{year}-11", f"{year}-12"}
        assert revenue[f"{year}-08"] < revenue[f"{year}-07"]
        assert revenue[f"{year}-08"] < revenue[f"{year}-09"]


def test_the_day_after_the_fourth_thursday_of_november_stands_out(buys):
    best = buys.group_by("day").agg(pl.col("total").sum()).sort("total")["day"][-1]
    assert str(best) == "2025-11-28"


def test_few_order_at_night_and_none_in_a_closed_store(buys):
    assert share(buys, pl.col("hour") < 6) < 0.05
    store = buys.filter(pl.col("channel") == "store")
    # The till closes at eight; who stands in the queue is still served.
    assert store["hour"].is_between(9, 20).all()
    assert share(store, pl.col("hour") == 20) < 0.01


def test_stores_have_names_and_online_has_none(shop):
    is_store = shop.orders["channel"] == "store"
    assert (shop.orders["store"].is_not_null() == is_store).all()
    assert shop.orders["store"].n_unique() == 10


def test_the_usual_product_sells_far_better_than_the_middling_one(shop):
    sold = shop.lines["product_id"].value_counts()["count"].sort()
    assert sold[-1] > 10 * sold.median()
    assert shop.lines["category"].n_unique() == 12


def test_gardens_are_for_spring_and_toys_for_christmas(shop):
    month = shop.lines.with_columns(month=pl.col("ordered_at").dt.month())
    mix = month.group_by("month").agg(
        toys=(pl.col("category") == "toys").mean(), garden=(pl.col("category") == "garden").mean()
    )
    toys, garden = (dict(mix.select("month", name).rows()) for name in ("toys", "garden"))
    assert toys[12] > 2 * toys[6]
    assert garden[4] > 3 * garden[12]


def test_paid_attention_brings_worse_customers_than_friends_do(shop, buyers):
    orders = (
        shop.customers.join(buyers, on="customer_id", how="left")
        .group_by("acquired_via")
        .agg(pl.col("orders").fill_null(0).mean())
    )
    by_channel = dict(orders.rows())
    assert by_channel["referral"] > by_channel["organic"] > by_channel["social"]
    assert by_channel["social"] > by_channel["affiliate"]


def test_people_are_of_all_ages_and_some_have_their_birthday_on_29_february(shop):
    born = shop.customers["birth_date"].drop_nulls()
    age = 2024 - born.dt.year()
    assert age.min() == 16
    assert age.max() > 80
    assert 38 < age.median() < 48
    assert ((born.dt.month() == 2) & (born.dt.day() == 29)).sum() > 3


def test_contacts_are_made_up_unique_and_sometimes_missing(shop):
    people = shop.customers
    assert people["email"].drop_nulls().str.contains(r"^[a-z.]+\d+@example\.(com|net|org)$").all()
    assert people["phone"].drop_nulls().str.contains(r"^\+99988\d{8}$").all()
    for column in ("email", "phone"):
        assert people[column].drop_nulls().is_unique().all()
    for column in ("birth_date", "name", "email", "phone", "region", "gender", "consent"):
        assert 0 < people[column].null_count() < people.height / 2
    assert people["acquired_via"].null_count() == 0
    assert set(people["consent"].explode().drop_nulls()) == {"email", "sms", "push", "post"}


def test_regions_are_of_unequal_size(shop):
    sizes = shop.customers["region"].drop_nulls().value_counts()["count"].sort()
    assert len(sizes) == 7
    assert sizes[-1] > 5 * sizes[0]


def test_most_tickets_are_answered_within_a_day(shop):
    waited = (shop.tickets["first_response_at"] - shop.tickets["opened_at"]).dt.total_hours()
    assert 0.85 < (waited < 24).sum() / len(waited) < 0.95
    assert 0.9 < shop.tickets["resolved_at"].count() / len(waited) < 0.97
    assert 0.03 < shop.tickets["reopened"].mean() < 0.1


def test_scores_are_mostly_good_and_use_the_whole_scale(shop):
    ends = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
    for kind, (lowest, highest) in ends.items():
        scores = shop.feedback.filter(pl.col("kind") == kind)["score"]
        assert scores.is_between(lowest, highest).all()
        assert scores.mean() > (lowest + highest) / 2
        assert scores.max() == highest
    nps = shop.feedback.filter(pl.col("kind") == "nps")["score"]
    assert 0.05 < (nps >= 9).mean() - (nps <= 6).mean() < 0.4


def test_comments_follow_the_score(shop):
    by_comment = shop.feedback.filter(pl.col("kind") == "nps", pl.col("comment").is_not_null())
    praise = by_comment.filter(pl.col("comment") == "Very fast delivery")["score"]
    blame = by_comment.filter(pl.col("comment") == "Arrived a week late")["score"]
    assert praise.min() >= 9
    assert blame.max() <= 6


def test_who_sent_something_back_is_less_content(shop):
    returns = shop.orders.filter(pl.col("total") < 0)["customer_id"].unique()
    csat = shop.feedback.filter(pl.col("kind") != "ces", pl.col("touchpoint") != "support")
    unhappy = csat.group_by(pl.col("customer_id").is_in(returns.implode()), "kind").agg(
        pl.col("score").mean()
    )
    for kind in ("nps", "csat"):
        by_return = dict(unhappy.filter(kind=kind).select("customer_id", "score").rows())
        assert by_return[True] < by_return[False]
