"""Pictures of a ledger show its entries and its tiers, month by month."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
import pytest

import custseg as cu
from custseg.plots.ledger_points import of_months

pytest.importorskip("altair")

SHOP = cu.datasets.simulate(200, 400, seed=1).base()
STARS = cu.Program(
    "Stars",
    earning=cu.Earn.per("base", 2, per="1.00"),
    tiers=cu.Ladder({"green": 0, "gold": 500, "reserve": 2_500}),
    pending_days=20,
    expiry=cu.Expiry.after(months=2, end_of="month"),
)


def datasets(chart):
    """What a picture holds, one list of rows a source."""
    return list(chart.to_dict()["datasets"].values())


def told(chart):
    """The title and the lines under it."""
    title = chart.to_dict()["title"]
    return [title["text"], *title["subtitle"]]


@pytest.fixture(scope="module")
def ledger():
    return STARS.run(SHOP)


def month_of(instant):
    return f"{instant.astimezone(ZoneInfo('Europe/Paris')):%Y-%m}"


def test_the_bars_of_a_month_are_its_entries(ledger):
    flows, held = sorted(datasets(cu.plot(ledger)), key=lambda rows: "kind" not in rows[0])
    sums = {}
    for entry in ledger.entries.rows(named=True):
        kind = {"earn": "issued", "redeem": "redeemed", "expire": "expired"}[entry["kind"]]
        key = (month_of(entry["at"]), kind)
        sums[key] = sums.get(key, 0) + entry["points"]
    assert {(row["month"], row["kind"]): row["points"] for row in flows if row["points"]} == sums
    running = 0
    for row in held:
        running += sum(points for (month, _), points in sums.items() if month == row["month"])
        assert row["points"] == running
    assert running == ledger.totals.outstanding


@pytest.mark.parametrize(
    ("months", "named"),
    [
        (1, ["1999-11"]),
        (
            8,
            [
                "1999-11",
                "1999-12",
                "2000-01",
                "2000-02",
                "2000-03",
                "2000-04",
                "2000-05",
                "2000-06",
            ],
        ),
        (9, ["1999-11", "2000-01", "2000-03", "2000-05", "2000-07"]),
        (60, ["2000-01", "2001-01", "2002-01", "2003-01", "2004-01"]),
        (400, ["2000-01", "2005-01", "2010-01", "2015-01", "2020-01", "2025-01", "2030-01"]),
    ],
)
def test_no_more_months_are_named_than_there_is_room_for(months, named):
    days = pl.date_range(dt.date(1999, 11, 1), dt.date(2200, 1, 1), "1mo", eager=True)
    axis = of_months(days.head(months).dt.strftime("%Y-%m")).to_dict()["axis"]
    assert axis["values"] == named


def test_points_of_other_sources_are_drawn_where_there_are_any(ledger):
    kind = {
        row["kind"]
        for row in datasets(cu.plot(ledger))[0] + datasets(cu.plot(ledger))[1]
        if "kind" in row
    }
    assert kind == {"issued", "redeemed", "expired"}
    care = cu.Program("Care", care=cu.Holiday("may", month=5, day=1, points=9))
    chart = cu.plot(care.run(SHOP))
    rows = next(rows for rows in datasets(chart) if "kind" in rows[0])
    others = {
        row["month"]: row["points"] for row in rows if row["kind"] == "other" and row["points"]
    }
    assert others == {"2024-05": care.run(SHOP).totals.adjusted}
    assert told(chart)[-1].startswith("other: adjusted, care")


def test_debt_does_not_lessen_what_is_outstanding():
    orders = [
        cu.Order(order_id=n, customer_id=n, ordered_at="2026-01-01", total=10) for n in (1, 2)
    ]
    refund = cu.Event(event_id=1, customer_id=1, at="2026-01-03", kind="redeemed", points=25)
    base = cu.CustomerBase(
        orders=cu.table(cu.Order).frame(orders), events=cu.table(cu.Event).frame([refund])
    )
    ledger = cu.Program("Blue", earning=cu.Earn.per("base", 1, per="1.00")).run(base)
    held = next(rows for rows in datasets(cu.plot(ledger)) if "kind" not in rows[0])
    assert [row["points"] for row in held] == [10]
    assert ledger.totals.debt == 15


def test_the_mix_of_a_month_is_who_held_each_tier_at_its_end(ledger):
    (rows,) = datasets(cu.plot(ledger, kind="tiers"))
    history = ledger.tier_history().rows(named=True)
    zone = ZoneInfo("Europe/Paris")
    for row in rows:
        year, month = map(int, row["month"].split("-"))
        after = dt.datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone)
        end = min(after - dt.timedelta(microseconds=1), ledger.as_of)
        held = [
            each
            for each in history
            if each["tier"] == row["tier"]
            and each["since"] <= end
            and (each["until"] is None or each["until"] > end)
        ]
        assert row["members"] == len(held)
    last = rows[-3:]
    assert [row["tier"] for row in last] == ["green", "gold", "reserve"]
    assert sum(row["share"] for row in last) == pytest.approx(1)
    assert told(cu.plot(ledger, kind="tiers"))[1] == ", ".join(
        f"{row['tier']}: {row['members']}" for row in last
    )


def test_a_ledger_of_nobody_has_pictures_too():
    ledger = STARS.run(SHOP.as_of("2020-01-01"))
    assert told(cu.plot(ledger))[0].endswith("0 members")
    assert told(cu.plot(ledger, kind="tiers"))[1] == "green: 0, gold: 0, reserve: 0"


def test_a_ledger_without_tiers_or_entries_says_so():
    plain = cu.Program("Blue", earning=cu.Earn.per("base", 1, per="1.00"))
    with pytest.raises(cu.LedgerError, match="no tiers"):
        cu.plot(plain.run(SHOP), kind="tiers")
    with pytest.raises(cu.LedgerError, match="made without entries"):
        cu.plot(plain.run(SHOP, entries=False))
