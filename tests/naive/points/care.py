"""Birthdays, anniversaries and holidays of one member, as rows to post."""

from __future__ import annotations

import datetime as dt

from naive.points.days import day_of_year, first_instant, local_day


def dates(care, customer, first, last, tz):
    """Local days on which a care item is due, between two days."""
    years = range(first.year, last.year + 1)
    if care["form"] == "holiday":
        if care.get("dates"):
            return [dt.date.fromisoformat(day) for day in care["dates"]]
        return [day_of_year(year, care["month"], care["day"]) for year in years]
    born = customer.get("birth_date" if care["form"] == "birthday" else care["of"])
    if born is None:
        return []
    if isinstance(born, dt.datetime):
        born = local_day(born, tz)
    return [day_of_year(year, born.month, born.day) for year in years if year > born.year]


def postings(program, customer, enrolled, until, tz):
    """Rows for the first instants of the days that are due."""
    found = []
    for care in program.get("care", ()):
        days = dates(care, customer or {}, local_day(enrolled, tz), local_day(until, tz), tz)
        for day in days:
            at = first_instant(day, tz)
            if enrolled <= at <= until:
                name = f"{care['name']}|{day}"
                found.append({"care": care, "name": name, "key": name, "at": at, "day": day})
    return found
