"""A member's lots, and the entries that took from them or still owe."""

from __future__ import annotations

import datetime as dt

NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)


class Lot:
    """Points of one source; `left` is what nobody took and nothing lapsed."""

    def __init__(self, source, at, points, opens, ends):
        self.rank, self.key, self.name = source["rank"], source["key"], source["lot"]
        self.at, self.points, self.left = at, points, points
        self.opens, self.ends = opens, ends
        self.order = None
        self.lapsed = 0
        self.revived_by = None
        self.open, self.over, self.closed = False, False, False

    def identity(self):
        return (self.rank, self.key)


class Taker:
    """An entry that takes points, with what lots gave it and what none gave yet."""

    def __init__(self, kind, source, points):
        self.kind, self.source, self.points = kind, source, points
        self.takings = []
        self.debt = 0
        self.forgiven = 0
        self.cancelled = False


class Taking:
    """Units that a lot gave; a payment when they paid a debt."""

    def __init__(self, number, lot, units, payment):
        self.number, self.lot, self.units, self.payment = number, lot, units, payment


class Account:
    """Lots and takers, in the order of things, and what was posted of them."""

    def __init__(self):
        self.order = None
        self.lots, self.takers = [], []
        self.entries, self.allocations = [], []

    def post(self, kind, at, points, source, **more):
        self.entries.append({"kind": kind, "at": at, "points": points, "source": source, **more})

    # Lots

    def spendable(self, at):
        """Lots that can be spent, in spending order."""
        lots = [lot for lot in self.lots if lot.left and lot.open and not lot.over]
        assert all(lot.opens <= at and (lot.ends is None or at < lot.ends) for lot in lots)
        return self.in_spending_order(lots)

    def in_spending_order(self, lots):
        def place(lot):
            ends = NEVER if lot.ends is None else lot.ends
            return (ends if self.order == "expiring_first" else None, lot.at, lot.identity())

        if self.order == "expiring_first":
            return sorted(lots, key=place)
        return sorted(lots, key=lambda lot: place(lot)[1:])

    def available(self, at):
        return sum(lot.left for lot in self.spendable(at))

    def lapse(self, lot, at, source=None):
        """What is left lapses, by itself or because of an event."""
        if lot.left:
            what, _, name = lot.name.partition(":")
            # An entry id names kind, source and lot: a lot that was revived ends by that event.
            source = source or lot.revived_by or {"name": name, "what": what}
            self.post("expire", at, -lot.left, source, lot=lot.name)
            lot.lapsed += lot.left
            lot.left = 0

    # Takings

    def taker(self, kind, at, points, source, **more):
        made = Taker(kind, source, points)
        self.takers.append(made)
        self.post(kind, at, -points, source, **more)
        return made

    def take(self, taker, lot, units, at, *, payment=False):
        if units:
            lot.left -= units
            taker.takings.append(Taking(len(self.allocations), lot, units, payment))
            self.note(taker, lot, units, at)

    def give_back(self, taker, taking, units, at):
        if units:
            taking.lot.left += units
            taking.units -= units
            self.note(taker, taking.lot, -units, at)

    def note(self, taker, lot, units, at):
        self.allocations.append(
            {
                "kind": taker.kind,
                "source": taker.source["name"],
                "lot": lot.name,
                "at": at,
                "points": units,
            }
        )

    def take_from(self, taker, lots, due, at, *, payment=False):
        """As much as is due from lots in turn; returns what is still due."""
        for lot in lots:
            units = min(due, lot.left)
            self.take(taker, lot, units, at, payment=payment)
            due -= units
        return due

    def pay_debts(self, at):
        self.pay_debts_from(self.spendable(at), at)

    def pay_debts_from(self, lots, at):
        """Oldest indebted entry first."""
        for taker in self.takers:
            taker.debt = self.take_from(taker, lots, taker.debt, at, payment=True)

    def short(self, taker, due, at, policy):
        """What nobody gave: owed, or forgiven."""
        if not due:
            return
        if policy == "debt":
            taker.debt += due
        else:
            taker.forgiven += due
            self.post("forgive", at, due, taker.source)
