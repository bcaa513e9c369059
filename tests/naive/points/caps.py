"""Caps: what was used of them, in which local period, and by which order."""

from __future__ import annotations

from fractions import Fraction


def period_of(cap, day):
    return {
        "day": (day.year, day.month, day.day),
        "month": (day.year, day.month),
        "year": (day.year,),
        "lifetime": (),
    }[cap["per"]]


class Caps:
    """One member's uses of every cap."""

    def __init__(self):
        self.uses = []

    def room(self, name, cap, day):
        """What is left of a cap; None where there is no cap."""
        if cap is None:
            return None
        if cap["per"] == "order":
            return Fraction(cap["points"])
        period = period_of(cap, day)
        used = [
            use["points"] for use in self.uses if use["name"] == name and use["period"] == period
        ]
        return cap["points"] - sum(used, Fraction(0))

    def use(self, name, cap, day, points, source):
        if cap is not None and cap["per"] != "order":
            period = period_of(cap, day)
            self.uses.append({"name": name, "period": period, "points": points, "source": source})

    def release(self, source):
        """An order that was refunded in full has used nothing."""
        self.uses = [use for use in self.uses if use["source"] != source]


def limited(points, room):
    return points if room is None else min(points, max(room, Fraction(0)))
