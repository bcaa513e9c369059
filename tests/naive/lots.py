"""Points as lots, in lists: the twin of the lot kernel."""

from __future__ import annotations

NEVER = 2**63 - 1
NOTHING, CARE, ORDER, ACTION, REFUND, REDEEM = -1, 4, 5, 6, 8, 9
INSUFFICIENT = 6


class MoreThanLots(Exception):
    """A member whose events take debts, limits or cancels to fold."""


def fold_lots(members, opens, ends, until, *, oldest_first, limits=()):
    """Each member is a list of (at, rank, points, day, extra, refers); rows are numbered through.

    Returns the totals (a tuple a member, None for those who need more), the rows refused, the
    takings, and who needs more.
    """
    totals, refused, takings, others, row = [], [], [], [], 0
    for number, rows in enumerate(members):
        member = Member(opens, ends, row)
        try:
            for each in rows:
                member.happens(*each, oldest_first=oldest_first, limits=limits)
            member.lapse(until)
        except MoreThanLots:
            totals.append(None)
            others.append(number)
        else:
            totals.append(member.totals(until))
            refused += member.refused
            takings += member.takings
        row += len(rows)
    return totals, refused, takings, others


class Member:
    """The lots of one member, in a list."""

    def __init__(self, opens, ends, row):
        self.opens, self.ends, self.row = opens, ends, row
        self.lots, self.refused, self.takings = [], [], []
        self.sums = dict.fromkeys(("earned", "redeemed", "expired", "clawed", "adjusted"), 0)

    def lapse(self, at):
        for lot in sorted(self.lots, key=lambda lot: (lot["ends"], lot["row"])):
            if lot["ends"] <= at and lot["left"]:
                self.takings.append((-1 - self.row, lot["row"], lot["left"]))
                self.sums["expired"] += lot["left"]
                lot["left"] = 0

    def happens(self, at, rank, points, day, extra, refers, *, oldest_first, limits):
        self.lapse(at)
        if rank in {CARE, ORDER, ACTION}:
            if points > 0:
                self.brings(at, rank, points, day)
        elif rank == REFUND:
            if extra > 0:
                self.claw(refers, extra)
        elif rank == REDEEM:
            if refers >= 0 and limits[refers] >= 0:
                raise MoreThanLots
            self.spend(at, points, oldest_first=oldest_first)
        elif rank != NOTHING:
            raise MoreThanLots
        self.row += 1

    def brings(self, at, rank, points, day):
        self.sums["adjusted" if rank == CARE else "earned"] += points
        opens = at if rank == CARE else self.opens[day]
        lot = {"row": self.row, "opens": opens, "ends": self.ends[day]}
        self.lots.append({**lot, "points": points, "left": points, "clawed": 0})

    def claw(self, order, owed):
        """Only what its order's own lot still has, or nothing when nothing is due."""
        for lot in self.lots:
            if lot["row"] == order:
                due = max(owed - lot["clawed"], 0)
                if due > lot["left"] or lot["left"] == 0:
                    raise MoreThanLots
                lot["clawed"] += due
                lot["left"] -= due
                self.sums["clawed"] += due
                self.takings += [(self.row, order, due)] if due else []
                return
        raise MoreThanLots

    def spend(self, at, points, *, oldest_first):
        usable = [lot for lot in self.lots if lot["opens"] <= at]
        if points > sum(lot["left"] for lot in usable):
            self.refused.append(self.row)
            return
        self.sums["redeemed"] += points
        keys = ("row",) if oldest_first else ("ends", "row")
        for lot in sorted(usable, key=lambda lot: tuple(lot[key] for key in keys)):
            part = min(points, lot["left"])
            if part:
                self.takings.append((self.row, lot["row"], part))
            lot["left"] -= part
            points -= part

    def totals(self, until):
        pending = sum(lot["left"] for lot in self.lots if lot["opens"] > until)
        live = [lot for lot in self.lots if lot["left"] and lot["ends"] < NEVER]
        next_at = min((lot["ends"] for lot in live), default=NEVER)
        return (
            sum(lot["left"] for lot in self.lots) - pending,
            pending,
            self.sums["earned"],
            self.sums["redeemed"],
            self.sums["expired"],
            next_at,
            sum(lot["left"] for lot in live if lot["ends"] == next_at),
            0,
            self.sums["clawed"],
            self.sums["adjusted"],
            0,
        )
