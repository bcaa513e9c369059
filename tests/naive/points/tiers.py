"""The tier path: a pure function of the activity as it stands."""

from __future__ import annotations

from fractions import Fraction
from math import floor

from naive.points.days import DAY, MONTHS, first_instant, local_day, months_on


class Periods:
    """Review periods: of the calendar, or counted from a member's first day."""

    def __init__(self, review, first_day, tz):
        self.review, self.first_day, self.tz = review, first_day, tz

    def number(self, day):
        if self.review != "anniversary":
            return (day.year * 12 + day.month - 1) // MONTHS[self.review]
        years = day.year - self.first_day.year
        return years if self.start(years) <= day else years - 1

    def start(self, number):
        """The first local day of a period."""
        if self.review != "anniversary":
            year, month = divmod(number * MONTHS[self.review], 12)
            return self.first_day.replace(year=year, month=month + 1, day=1)
        return months_on(self.first_day, 12 * number)

    def begins(self, number):
        return first_instant(self.start(number), self.tz)


def standing(ladder, item, refunded):
    """What an order or action adds to the metric, given what was refunded of it."""
    by = ladder["by"]
    if item["what"] != "order":
        return Fraction(item["granted"] if by == "points" else 0)
    left = item["total"] - refunded
    if by == "points":
        return Fraction(floor(item["granted"] * left / item["total"]))
    return left if by == "spend" else Fraction(left > 0)


class Path:
    """A member's tiers from the start to an instant.

    `activity` is in the order of things; each item has at, day, what, granted,
    total and refunds, a list of (place in the order of things, money).
    """

    def __init__(self, ladder, activity, start, first_day, until, tz):
        self.ladder, self.activity, self.tz = ladder, activity, tz
        self.thresholds = [Fraction(str(least)) for least in ladder["levels"].values()]
        self.periods = Periods(ladder.get("review"), first_day, tz)
        self.held = 0
        self.guaranteed = {}
        self.falls = []
        self.steps = [(start, 0)]
        for at, number, item in self.moments(start, until):
            self.fall(at)
            if item is None:
                self.review(at, number)
            else:
                self.after(item)
        self.fall(until)

    def moments(self, start, until):
        """(instant, period or None, item or None): reviews stand before all else."""
        found = [(item["at"], None, item) for item in self.activity]
        if self.ladder.get("review"):
            first = self.periods.number(local_day(start, self.tz))
            if self.ladder["review"] == "anniversary":
                first = max(first, 0)
            last = self.periods.number(local_day(until, self.tz))
            for number in range(first + 1, last + 1):
                at = self.periods.begins(number)
                found += [(at, number, None)] if start < at <= until else []
        return sorted(found, key=lambda moment: (moment[0], moment[2] is not None))

    def refunded(self, item, place):
        """Refunds count from the first, or with "keep" from their own place on."""
        keeps = self.ladder.get("on_refund", "refold") == "keep"
        return sum(
            (money for when, money in item["refunds"] if not keeps or when < place), Fraction(0)
        )

    def metric(self, items, place, counts):
        found = (
            standing(self.ladder, item, self.refunded(item, place))
            for item in items
            if counts(item["day"])
        )
        return sum(found, Fraction(0))

    def level(self, metric):
        return max(n for n, least in enumerate(self.thresholds) if least <= metric)

    def counted(self, day, *, at_review):
        """Which days count, seen from an order's day or from the day of a review."""
        window = self.ladder.get("window", "lifetime")
        if window == "lifetime":
            return lambda _: True
        if window == "period":
            wanted = self.periods.number(day) - at_review
            return lambda other: self.periods.number(other) == wanted
        if window.get("months"):
            edge = months_on(day, -window["months"])
        else:
            edge = day - window["days"] * DAY
        if at_review:
            return lambda other: edge <= other < day
        return lambda other: edge < other <= day

    def after(self, item):
        """An order or action qualifies for a level, unless it was refunded in full."""
        if item["what"] == "order" and self.refunded(item, item["place"]) >= item["total"]:
            return
        known = [other for other in self.activity if other["place"] <= item["place"]]
        counts = self.counted(item["day"], at_review=False)
        qualified = self.level(self.metric(known, item["place"], counts))
        if self.ladder.get("review"):
            after_next = self.periods.number(item["day"]) + self.ladder.get("keep", 0) + 1
            until = self.periods.begins(after_next)
            for level in range(qualified + 1):
                self.guaranteed[level] = max(self.guaranteed.get(level, until), until)
        self.reach(qualified)
        if self.ladder.get("upgrade", "at_once") == "at_once" and qualified > self.held:
            self.hold(qualified, item["at"])

    def review(self, at, number):
        day = self.periods.start(number)
        known = [item for item in self.activity if item["at"] < at]
        counts = self.counted(day, at_review=True)
        qualified = self.level(self.metric(known, (at, 0), counts))
        self.reach(qualified)
        if qualified >= self.held:
            self.hold(qualified, at)
        else:
            grace = self.ladder.get("grace_days", 0)
            self.falls.append((first_instant(day + grace * DAY, self.tz), qualified))
            self.fall(at)

    def reach(self, level):
        """Requalified: falls that wait lead no lower than a level that was reached since."""
        self.falls = [(due, max(q, level)) for due, q in self.falls if level < self.held]

    def fall(self, at):
        """The falls that are due by an instant."""
        while self.falls and self.falls[0][0] <= at:
            due, qualified = self.falls.pop(0)
            kept = [level for level, until in self.guaranteed.items() if until > due]
            lowest = min(self.held, max([qualified, *kept]))
            downgrade = self.ladder.get("downgrade", "qualified")
            if downgrade == "one_level":
                lowest = max(self.held - 1, lowest)
            elif downgrade == "never":
                lowest = self.held
            self.hold(lowest, due)

    def hold(self, level, at):
        self.held = level
        self.steps.append((at, level))

    def tier(self):
        return list(self.ladder["levels"])[self.held]

    def history(self, until=None):
        """[from, to (None: still), tier], without empty and repeated stretches."""
        names, found = list(self.ladder["levels"]), []
        for at, level in self.steps:
            if found and found[-1][0] == at:
                found.pop()
            if not found or found[-1][1] != names[level]:
                found.append((at, names[level]))
        ends = [at for at, _ in found[1:]] + [until]
        return [(at, end, name) for (at, name), end in zip(found, ends, strict=True) if at != end]
