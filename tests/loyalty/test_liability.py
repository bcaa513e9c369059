from __future__ import annotations

from collections import Counter
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu
from custseg.loyalty.liability import liability
from loyalty.books_of import books
from loyalty.worlds import AS_OFS, logs, programs

# How each kind of entry moves the roll-forward.
MOVES = {
    "earn": ("issued", 1),
    "redeem": ("redeemed", -1),
    "restore": ("redeemed", -1),
    "expire": ("expired", -1),
    "clawback": ("clawed_back", -1),
    "forgive": ("forgiven", 1),
    "adjust": ("adjusted", 1),
    "care": ("adjusted", 1),
    "opening": ("adjusted", 1),
}
NAMES = ("issued", "redeemed", "expired", "clawed_back", "forgiven", "adjusted")


def first_day(at, tz, every):
    day = at.astimezone(ZoneInfo(tz)).date().replace(day=1)
    month = {"month": day.month, "quarter": (day.month - 1) // 3 * 3 + 1, "year": 1}[every]
    return day.replace(month=month)


@given(programs(), logs(), AS_OFS, st.sampled_from(["month", "quarter", "year"]))
def test_the_roll_forward_ties_to_the_entries(program, log, as_of, every):
    ledger, outcome = books(program, log, as_of)
    book = liability(ledger, redemption_rate="0.8", point_value="0.01", every=every)
    moves = Counter()
    for entry in outcome.entries:
        name, sign = MOVES[entry["kind"]]
        moves[first_day(entry["at"], program["tz"], every), name] += sign * entry["points"]
    rows = book.frame.rows(named=True)
    before = 0
    for row in rows:
        assert row["opening"] == before
        assert {name: row[name] for name in NAMES} == {
            name: moves.pop((row["period"], name), 0) for name in NAMES
        }
        signs = (1, -1, -1, -1, 1, 1)
        before += sum(sign * row[name] for sign, name in zip(signs, NAMES, strict=True))
        assert row["closing"] == before
        exact = Fraction(row["closing"] + row["debt"], 100) * Fraction(4, 5)
        cents = Decimal(exact.numerator) / Decimal(exact.denominator)
        assert row["liability"] == cents.quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    assert not any(moves.values())
    held = [(one["available"] + one["pending"], one["debt"]) for one in outcome.balances]
    last = rows[-1] if rows else {"closing": 0, "debt": 0}
    assert last["closing"] + last["debt"] == sum(points for points, _ in held)
    assert last["debt"] == sum(debt for _, debt in held)
    assert book.closing == (rows[-1]["liability"] if rows else 0)


@pytest.fixture(scope="module")
def ledger():
    return cu.datasets.program().run(cu.datasets.simulate(30, 300, seed=2).base())


def test_the_value_of_a_point_is_the_programs(ledger):
    book = ledger.liability(redemption_rate="0.8")
    assert book.point_value == Fraction(1, 100)
    assert book == ledger.liability(redemption_rate="0.8", point_value="0.01")
    assert book != ledger.liability(redemption_rate="0.9")
    assert (book == 12) is False
    assert book.closing <= book.frame["closing"][-1] * Decimal("0.01")


def test_a_book_shows_as_a_table_in_terminal_and_notebook(ledger):
    book = ledger.liability(redemption_rate="0.8", every="year")
    assert repr(book).splitlines()[0] == "0.01 EUR a point, 0.8 of points redeemed"
    assert repr(book).count("\n") == 1 + book.frame.height
    assert book._repr_html_().count("<tr>") == 1 + book.frame.height


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"redemption_rate": 0.8}, "0.8 is a float"),
        ({"redemption_rate": "1.1"}, "more than all points"),
        ({"redemption_rate": "-1"}, "redemption_rate is -1"),
        ({"redemption_rate": 1, "point_value": 0.1}, "0.1 is a float"),
        ({"redemption_rate": 1, "every": "week"}, "every is 'week'"),
    ],
)
def test_what_makes_no_liability_is_refused(ledger, options, told):
    with pytest.raises(cu.LedgerError) as raised:
        ledger.liability(**options)
    assert told in str(raised.value)


def test_points_without_a_value_need_one():
    ledger = cu.Program("x").run(cu.datasets.simulate(5, 30, seed=1).base())
    with pytest.raises(cu.LedgerError, match="what a point is worth"):
        ledger.liability(redemption_rate=1)
    assert ledger.liability(redemption_rate=1, point_value=1).frame.is_empty()


def test_no_file_of_polars_is_needed_to_read_a_book(ledger):
    frame = ledger.liability(redemption_rate=1).frame
    assert frame.schema["liability"] == pl.Decimal(38, 2)
    assert frame.schema["period"] == pl.Date
