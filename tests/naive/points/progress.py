"""How far a member is from the next tier and from losing the present one."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from naive.points.days import DAY, first_instant, local_day
from naive.points.tiers import Path, Periods

LAST = 99
"""The rank of what comes after everything of its instant."""
TICK = dt.timedelta(microseconds=1)


class Prospect:
    """A member who holds a tier at an instant; `more` is what might come on top."""

    def __init__(self, member, now):
        self.member, self.now, self.tz = member, now, member.tz
        self.ladder = member.program["tiers"]
        self.levels = [Fraction(str(least)) for least in self.ladder["levels"].values()]
        self.unit = Fraction(1, 100) if self.ladder["by"] == "spend" else Fraction(1)
        self.activity = sorted(member.activity, key=lambda item: item["place"])
        self.first_day = local_day(member.joined or member.start, self.tz)
        self.held = self.path(now).held

    def items(self, more, at):
        """So much spent or granted at once, or so many orders."""
        many = int(more) if self.ladder["by"] == "orders" else 1
        for number in range(many if more > 0 else 0):
            item = {"at": at, "day": local_day(at, self.tz), "place": (at, LAST, number)}
            item |= {"what": "order", "granted": 0, "total": more, "refunds": []}
            if self.ladder["by"] == "points":
                item |= {"what": "event", "granted": more}
            yield item

    def path(self, until, more=0, at=None):
        """The tiers by an instant, with what comes on top at another."""
        activity = [*self.activity, *self.items(more, at)]
        return Path(self.ladder, activity, self.member.start, self.first_day, until, self.tz)

    def metric(self, day, *, at_review):
        """What counts on a day, of all that there is."""
        path = self.path(self.now)
        counts = path.counted(day, at_review=at_review)
        return path.metric(path.activity, (self.now, LAST), counts)

    def next_review(self):
        """Its instant, its day and its fall."""
        if not self.ladder.get("review"):
            return None
        periods = Periods(self.ladder["review"], self.first_day, self.tz)
        number = periods.number(local_day(self.now, self.tz))
        if self.ladder["review"] == "anniversary":
            number = max(number, 0)
        day = periods.start(number + 1)
        due = first_instant(day + self.ladder.get("grace_days", 0) * DAY, self.tz)
        return periods.begins(number + 1), day, due

    def fall(self, until):
        """When the tier falls by an instant, if nothing comes; None when it rises first."""
        moves = [step for step in self.path(until).steps if step[0] > self.now]
        moves = [(at, level) for at, level in moves if level != self.held]
        return moves[0][0] if moves and moves[0][1] < self.held else None

    def row(self):
        names = list(self.ladder["levels"])
        top = self.held == len(names) - 1
        counted = self.metric(local_day(self.now, self.tz), at_review=False)
        deadline, falls_at, missing = None, None, Fraction(0)
        if self.next_review():
            deadline, day, due = self.next_review()
            falls_at = self.fall(due)
            then = self.metric(day, at_review=True)
            if falls_at is not None and falls_at < due:
                deadline = falls_at
                then = self.metric(local_day(falls_at - TICK, self.tz), at_review=False)
            if falls_at is not None:
                missing = self.levels[self.held] - then
        return {
            "tier": names[self.held],
            "next_tier": None if top else names[self.held + 1],
            "counted": counted,
            "to_next": None if top else max(self.levels[self.held + 1] - counted, Fraction(0)),
            "to_keep": missing,
            "deadline": deadline,
            "falls_at": falls_at,
        }


def prospects(outcome, now):
    """Of each member of a replay who holds a tier."""
    return {
        one: Prospect(member, now)
        for one, member in outcome.members.items()
        if member.start is not None and member.left_at is None
    }
