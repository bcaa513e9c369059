"""Slow obvious twins of the measures: one customer, one name, one list of rows at a time.

Logs are lists of mappings; instants are aware datetimes, money is whole smallest
units, and a value that is no whole number is a Fraction (a float only for a root).
"""

from __future__ import annotations

import calendar
import datetime as dt
import itertools
import math
from fractions import Fraction
from zoneinfo import ZoneInfo


def local_day(instant, tz):
    return instant.astimezone(ZoneInfo(tz)).date()


def months_before(day, months):
    """So many calendar months earlier, clamped to the month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    if year < 1:
        return dt.date.min
    last = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(day.day, last))


def split(name):
    """A name taken apart: what is measured, and the window as a text."""
    base, _, suffix = name.rpartition("_")
    is_length = suffix[-1:] in {"d", "m"} and suffix[:-1].isdigit()
    is_year = len(suffix) == 4 and suffix.isdigit()
    return (base, suffix) if is_length or is_year else (name, "")


def inside(day, window, today):
    """Whether a local day lies in a window that ends today."""
    if day > today:
        return False
    if window == "":
        return True
    if window.isdigit():
        return day.year == int(window)
    length = int(window[:-1])
    after = today - dt.timedelta(length) if window[-1] == "d" else months_before(today, length)
    return day > after


def measure(name, logs, customer, as_of, tz, scale):
    """One measure of one customer, as of an instant."""
    base, window = split(name)
    today = local_day(as_of, tz)

    def rows(log, at):
        own = [row for row in logs[log] if row["customer_id"] == customer and row[at] <= as_of]
        return [row for row in own if inside(local_day(row[at], tz), window, today)]

    if base.startswith("events_"):
        return sum(f"events_{row['kind']}" == base for row in rows("events", "at"))
    if base in {"category_count", "top_category"}:
        return category(base, rows("lines", "ordered_at"))
    if base == "nps_last":
        answers = [row for row in rows("feedback", "at") if row["kind"] == "nps"]
        last = max(answers, key=lambda row: (row["at"], row["feedback_id"]), default=None)
        return None if last is None else last["score"]
    if base == "csat_mean":
        scores = [row["score"] for row in rows("feedback", "at") if row["kind"] == "csat"]
        return Fraction(sum(scores), len(scores)) if scores else None
    if base == "open_tickets":
        return sum(
            row["resolved_at"] is None or row["resolved_at"] > as_of
            for row in rows("tickets", "opened_at")
        )
    return purchase(base, rows("orders", "ordered_at"), today, tz, 10**scale)


def category(base, rows):
    known = [row for row in rows if row["category"] is not None]
    bought = {row["category"] for row in known if row["total"] >= 0}
    if base == "category_count":
        return len(bought)
    sums = {each: sum(r["total"] for r in known if r["category"] == each) for each in bought}
    best = [each for each in bought if sums[each] == max(sums.values())]
    return min(best, default=None)


def purchase(base, rows, today, tz, unit):
    """A measure of orders and returns."""
    bought = [row for row in rows if row["total"] >= 0]
    days = sorted({local_day(row["ordered_at"], tz) for row in bought})
    gaps = [(b - a).days for a, b in itertools.pairwise(days)]
    mean = Fraction(sum(gaps), len(gaps)) if gaps else None
    if base == "orders":
        return len(bought)
    if base == "spend":
        return Fraction(sum(row["total"] for row in rows), unit)
    if base == "days_active":
        return len(days)
    if not days:
        return None
    if base == "average_order":
        return Fraction(sum(row["total"] for row in bought), unit * len(bought))
    if base == "recency_days":
        return (today - days[-1]).days
    if base == "tenure_days":
        return (today - days[0]).days
    if not gaps:
        return None
    if base == "last_gap_days":
        return gaps[-1]
    if base == "gap_days":
        return mean
    if base == "overdue":
        return (today - days[-1]).days / mean
    variance = sum((gap - mean) ** 2 for gap in gaps) / len(gaps)
    return math.sqrt(variance) / mean


def population(logs, as_of):
    """Who had joined by then, and who had a row in any log."""
    found = {
        row["customer_id"]
        for log, at in INSTANTS.items()
        for row in logs.get(log, [])
        if row[at] <= as_of and row["customer_id"] is not None
    }
    for row in logs.get("customers", []):
        if row["joined_at"] is None or row["joined_at"] <= as_of:
            found.add(row["customer_id"])
    return sorted(found)


INSTANTS = {
    "orders": "ordered_at",
    "lines": "ordered_at",
    "events": "at",
    "feedback": "at",
    "tickets": "opened_at",
    "opportunities": "opened_at",
}
