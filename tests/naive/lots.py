"""Points as lots, in lists and Fractions: the twin of the lot kernel and of a whole run."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from math import ceil, floor
from zoneinfo import ZoneInfo

NEVER = 2**63 - 1
ORDER, ACTION, REDEEM = 5, 6, 9


def interleave(left, right):
    """Rows of two logs as one: each log is a list (member) of lists of (at, rank)."""
    total = sum(len(rows) for rows in left)
    offsets, order = [0], []
    first_left = first_right = 0
    for ours, theirs in zip(left, right, strict=True):
        rows = [(key, 0, first_left + i) for i, key in enumerate(ours)]
        rows += [(key, 1, total + first_right + i) for i, key in enumerate(theirs)]
        order += [row for _, _, row in sorted(rows)]
        offsets.append(len(order))
        first_left += len(ours)
        first_right += len(theirs)
    return offsets, order


def fold_lots(members, opens, ends, until, *, oldest_first):
    """Each member is a list of (at, rank, points, day); rows are numbered through.

    Returns the totals (a tuple a member), the rows refused, the takings.
    """
    totals, refused, takings, row = [], [], [], 0
    for rows in members:
        lots, sums = [], {"earned": 0, "redeemed": 0, "expired": 0}
        for at, rank, points, day in [*rows, (until, None, 0, 0)]:
            for lot in sorted(lots, key=lambda lot: (lot["ends"], lot["row"])):
                if lot["ends"] <= at and lot["left"]:
                    takings.append((-1 - row, lot["row"], lot["left"]))
                    sums["expired"] += lot["left"]
                    lot["left"] = 0
            usable = [lot for lot in lots if lot["opens"] <= at]
            if rank in {ORDER, ACTION} and points:
                sums["earned"] += points
                lots.append({"row": row, "left": points, "opens": opens[day], "ends": ends[day]})
            elif rank == REDEEM and points > sum(lot["left"] for lot in usable):
                refused.append(row)
            elif rank == REDEEM:
                sums["redeemed"] += points
                keys = ("row",) if oldest_first else ("ends", "row")
                due = points
                for lot in sorted(usable, key=lambda lot: tuple(lot[key] for key in keys)):
                    part = min(due, lot["left"])
                    if part:
                        takings.append((row, lot["row"], part))
                    lot["left"] -= part
                    due -= part
            row += rank is not None
        pending = sum(lot["left"] for lot in lots if lot["opens"] > until)
        live = [lot for lot in lots if lot["left"] and lot["ends"] < NEVER]
        next_at = min((lot["ends"] for lot in live), default=NEVER)
        totals.append(
            (
                sum(lot["left"] for lot in lots) - pending,
                pending,
                sums["earned"],
                sums["redeemed"],
                sums["expired"],
                next_at,
                sum(lot["left"] for lot in live if lot["ends"] == next_at),
            )
        )
    return totals, refused, takings


UTC = dt.UTC
DAY = dt.timedelta(days=1)
ROUND = {
    "floor": floor,
    "ceil": ceil,
    "half_up": lambda points: floor(points + Fraction(1, 2)),
    "half_even": round,
}


def months_on(day, months):
    """The day `months` later; the last of its month where it has no such day."""
    month = day.year * 12 + day.month - 1 + months
    for number in range(day.day, 0, -1):
        try:
            return dt.date(month // 12, month % 12 + 1, number)
        except ValueError:
            continue
    raise AssertionError


def last_usable(day, expiry):
    """The last local day on which points of a local day can be spent."""
    unit, length, end_of = expiry
    day = months_on(day, length) if unit == "months" else day + length * DAY
    if end_of is None:
        return day
    size = {"month": 1, "quarter": 3, "year": 12}[end_of]
    start = dt.date(day.year, (day.month - 1) // size * size + 1, 1)
    return months_on(start, size) - DAY


def first_instant(day, zone):
    """The first instant of a local day, found by looking at every second around it."""
    tz = ZoneInfo(zone)
    midnight = dt.datetime(day.year, day.month, day.day, tzinfo=UTC)
    guess = midnight - dt.datetime.combine(day, dt.time(), tz).utcoffset()
    for shift in range(-4 * 3600, 4 * 3600 + 1, 1800):
        instant = guess + dt.timedelta(seconds=shift)
        before = instant - dt.timedelta(microseconds=1)
        if instant.astimezone(tz).date() == day != before.astimezone(tz).date():
            return instant
    raise AssertionError(day)


def contribution(rule, row):
    """What a rule gives for an order or action, exact."""
    if rule["per"] is None:
        return Fraction(rule["points"])
    return (
        Fraction(rule["points"]) / Fraction(rule["per"]) * max(Fraction(row["amount"]), Fraction(0))
    )


def granted(program, row):
    """Points and names of the rules that took part, or None if none matched.

    A rule is a dict with a plain Python `hits(row)`; a row's `amount` is the
    money it earns on.
    """
    hits = [rule for rule in program["earning"] if rule["on"] == row["on"] and rule["hits"](row)]
    if not hits:
        return None
    values = [contribution(rule, row) for rule in hits]
    if program["combine"] == "best":
        best = values.index(max(values))
        hits, values = [hits[best]], [values[best]]
    return ROUND[program["rounding"]](sum(values)), "+".join(rule["name"] for rule in hits)


RANKS = {"order": ORDER, "redeem": REDEEM}


class Member:
    """One member's lots and postings, moved through time."""

    def __init__(self, program, joined_at):
        self.program, self.joined_at = program, joined_at
        self.lots, self.entries, self.allocations, self.refusals = [], [], [], []

    def lapse(self, now):
        ended = [lot for lot in self.lots if lot["left"] and lot["ends"] and lot["ends"] <= now]
        for lot in sorted(ended, key=lambda lot: (lot["ends"], lot["id"])):
            self.post("expire", lot["ends"], -lot["left"], lot["id"])
            lot["left"] = 0

    def post(self, kind, at, points, lot=None, rule=None):
        self.entries.append((kind, at, points, lot, rule))

    def grant(self, row):
        result = granted(self.program, row)
        if result is None or (self.joined_at and row["at"] < self.joined_at):
            return
        points, names = result
        lot = (RANKS.get(row["on"], ACTION), row["id"])
        self.post("earn", row["at"], points, lot, names)
        if not points:
            return
        zone = self.program["tz"]
        day = row["at"].astimezone(ZoneInfo(zone)).date()
        pending, expiry = self.program["pending_days"], self.program["expiry"]
        opens = first_instant(day + pending * DAY, zone) if pending else row["at"]
        ends = first_instant(last_usable(day, expiry) + DAY, zone) if expiry else None
        self.lots.append(
            {
                "id": lot,
                "at": row["at"],
                "points": points,
                "left": points,
                "opens": opens,
                "ends": ends,
            }
        )

    def redeem(self, row):
        points = row["points"]
        usable = [lot for lot in self.lots if lot["opens"] <= row["at"]]
        reason = None
        if points is None or points <= 0:
            reason = "not positive"
        elif points < self.program["minimum"]:
            reason = "below minimum"
        elif points > sum(lot["left"] for lot in usable):
            reason = "insufficient"
        if reason:
            self.refusals.append((row["id"], row["at"], reason))
            return
        self.post("redeem", row["at"], -points, None)
        never = dt.datetime.max.replace(tzinfo=UTC)
        for lot in sorted(
            usable,
            key=lambda lot: (
                (
                    (lot["ends"] or never) if self.program["order"] == "expiring_first" else None,
                    lot["at"],
                    lot["id"],
                )
                if self.program["order"] == "expiring_first"
                else (lot["at"], lot["id"])
            ),
        ):
            part = min(points, lot["left"])
            lot["left"] -= part
            points -= part
            if part:
                self.allocations.append((row["id"], lot["id"], row["at"], part))


def run(program, rows, until, joined=None):
    """Members by id after a fold of `rows` (dicts of id, customer, at, on, ...)."""
    members = {}
    for row in sorted(rows, key=lambda row: (row["at"], RANKS.get(row["on"], ACTION), row["id"])):
        if row["at"] > until or (row["on"] == "order" and row["total"] <= 0):
            continue
        customer = row["customer"]
        member = members.setdefault(customer, Member(program, (joined or {}).get(customer)))
        member.lapse(row["at"])
        if row["on"] == "redeem":
            member.redeem(row)
        else:
            member.grant(row)
    for member in members.values():
        member.lapse(until)
    return members
