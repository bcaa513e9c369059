"""Slow obvious twins of the history fold: a set of days for each customer."""

from __future__ import annotations

DAY = 86_400_000_000


def day_of(at, since, offsets):
    """The local day of an instant: the offset of the last change at or before it."""
    held = max([place for place, start in enumerate(since) if start <= at], default=0)
    return (at + offsets[held]) // DAY


def fold(rows, seen, since, offsets, customers):
    """First day, last day, days, total of the first day, total of the others: of each customer.

    Rows are (customer, instant, total). Without an order all are 0.
    """
    found = []
    for customer in customers:
        bought = [
            (day_of(at, since, offsets), total)
            for who, at, total in rows
            if who == customer and at <= seen and total >= 0
        ]
        days = [day for day, _ in bought]
        if not days:
            found.append([0, 0, 0, 0, 0])
            continue
        first = sum(total for day, total in bought if day == min(days))
        rest = sum(total for day, total in bought if day > min(days))
        found.append([min(days), max(days), len(set(days)), first, rest])
    return found


def ascends(rows, seen, since, offsets):
    """Whether no customer's order lies on an earlier day than the one before it."""
    last = {}
    for who, at, total in rows:
        if at > seen or total < 0:
            continue
        day = day_of(at, since, offsets)
        if day < last.get(who, day):
            return False
        last[who] = day
    return True


def histories(rows, today, tz_day):
    """x, t_x, T in days and the mean spend of repeat days: {customer: ...}.

    Rows are (customer, instant, total); `tz_day` gives the local day of an instant.
    """
    days = {}
    for who, at, total in rows:
        if total >= 0 and tz_day(at) <= today:
            own = days.setdefault(who, {})
            own[tz_day(at)] = own.get(tz_day(at), 0) + total
    found = {}
    for who, own in days.items():
        first, last = min(own), max(own)
        repeat = [total for day, total in own.items() if day > first]
        mean = sum(repeat) / len(repeat) if repeat else None
        found[who] = (len(repeat), last - first, today - first, mean)
    return found
