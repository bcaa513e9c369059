"""One member, folded through time."""

from __future__ import annotations

from fractions import Fraction

from naive.points.account import Account, Lot
from naive.points.caps import Caps
from naive.points.care import postings
from naive.points.days import DAY, first_instant, local_day
from naive.points.earning import grant
from naive.points.expiry import ends_at
from naive.points.log import ENGINE, RANKS
from naive.points.settlement import cancel, claw
from naive.points.terms import terms
from naive.points.tiers import Path


class Member:
    """State of one member; `fold` moves it to an instant."""

    def __init__(self, program, customer, joined):
        self.program, self.customer, self.joined = program, customer, joined
        self.tz = program["tz"]
        self.account = Account()
        self.caps = Caps()
        self.start, self.left_at = None, None
        self.idles = (program.get("expiry") or {}).get("form") == "idle"
        self.clock = None
        self.orders, self.redemptions, self.activity, self.refusals = {}, {}, [], []

    # Terms

    def terms(self, day):
        """The program in force on a local day."""
        return terms(self.program, day)

    def policy(self, day, name, default):
        return (self.terms(day).get("refunds") or {}).get(name, default)

    def spending(self, day, name, default):
        return (self.terms(day).get("redemption") or {}).get(name, default)

    # Time

    def fold(self, rows, until):
        seen = sorted(rows, key=lambda row: (row["at"], row["rank"], row["key"]))
        enrolled = self.joined or (seen[0]["at"] if seen else None)
        if enrolled is not None:
            for care in postings(self.program, self.customer, enrolled, until, self.tz):
                more = {"kind": "care", "what": "care", "rank": RANKS["care"]}
                seen.append({**care, **more})
        if seen and self.joined is not None and self.joined <= until:
            self.start = max(self.joined, min(row["at"] for row in seen))
        for row in sorted(seen, key=lambda row: (row["at"], row["rank"], row["key"])):
            self.advance(row["at"])
            self.account.order = self.spending(row["day"], "order", "expiring_first")
            if self.sees(row):
                self.start = min(self.start or row["at"], row["at"])
                row["lot"] = f"{row['what']}:{row['name']}"
                getattr(self, row["kind"])(row)
                self.account.pay_debts(row["at"])
            elif row["kind"] == "order":
                self.outside(row)
        self.advance(until)

    def sees(self, row):
        """Orders and actions count from joining to leaving; all else always."""
        if row["kind"] in ENGINE:
            return True
        joined = self.joined is None or row["at"] >= self.joined
        return joined and self.left_at is None

    def outside(self, row):
        self.orders[row["name"]] = self.known(row, 0)

    def idle_end(self):
        """When everything lapses unless there is an order or redemption before."""
        if self.clock is None:
            return None
        return ends_at(self.program["expiry"], self.clock, self.tz)

    def touch(self, row):
        """An order or redemption: points live on."""
        if self.idles:
            self.clock = row["day"]

    def advance(self, until):
        """Activations and expiries by an instant, in their order."""
        lots = self.account.lots
        while True:
            alive = [lot for lot in lots if not lot.over]
            due = [lot.opens for lot in alive if not lot.open]
            due += [lot.ends for lot in alive if lot.ends is not None]
            due += [self.idle_end()] if self.clock else []
            due = [at for at in due if at <= until]
            if not due:
                return
            at = min(due)
            idle = self.clock is not None and self.idle_end() == at
            ending = [lot for lot in alive if lot.ends == at or idle]
            for lot in ending:
                lot.over, lot.ends = True, at
            if idle:
                self.clock = None
            for lot in alive:
                lot.open = lot.open or lot.opens <= at
            day = local_day(at, self.tz)
            self.account.order = self.spending(day, "order", "expiring_first")
            self.account.pay_debts(at)
            for lot in sorted(ending, key=lambda lot: lot.identity()):
                self.account.lapse(lot, at)

    # Points that come

    def bring(self, row, points, opens, ends):
        lot = Lot(row, row["at"], points, opens, ends)
        lot.open = opens <= row["at"]
        self.account.lots.append(lot)
        if self.idles and self.clock is None:
            self.clock = row["day"]
        return lot

    def dates(self, row, pending_days):
        opens = first_instant(row["day"] + pending_days * DAY, self.tz)
        opens = opens if pending_days else row["at"]
        expiry = None if self.idles else self.terms(row["day"]).get("expiry")
        ends = ends_at(expiry, row["day"], self.tz)
        return opens, ends

    def credit(self, row, kind, points, ends=None, **more):
        """A lot that is available at once."""
        opens, normal_end = self.dates(row, 0)
        ends = ends or normal_end
        lot = self.bring(row, points, opens, ends)
        shown = {"available_at": opens, "expires_at": ends}
        self.account.post(kind, row["at"], points, row, lot=row["lot"], **shown, **more)
        if ends is not None and ends <= row["at"]:
            lot.over = True
            self.account.lapse(lot, row["at"], row)

    def known(self, row, granted, lot=None):
        return {
            "what": "order",
            "at": row["at"],
            "day": row["day"],
            "place": (row["at"], row["rank"], row["key"]),
            "total": row["whole"],
            "granted": granted,
            "lot": lot,
            "refunds": [],
            "refunded": Fraction(0),
            "clawed": 0,
            "clawbacks": [],
        }

    def earn(self, row):
        """The entry and the lot of an order or action; returns points and lot."""
        tier = self.tier(row["at"])
        given = grant(self.terms(row["day"]), row, self.customer, tier, self.caps)
        if given is None:
            return 0, None
        points = given["points"]
        opens, ends = self.dates(row, self.terms(row["day"]).get("pending_days", 0))
        lot = self.bring(row, points, opens, ends) if points else None
        shown = {"available_at": opens, "expires_at": ends}
        shown = shown if points else {"available_at": None, "expires_at": None}
        more = {key: given[key] for key in ("desired", "rule", "cap")}
        more["lot"] = row["lot"] if points else None
        self.account.post(
            "earn", row["at"], points, row, tier=tier, parts=given["parts"], **more, **shown
        )
        return points, lot

    def order(self, row):
        points, lot = self.earn(row)
        self.touch(row)
        order = self.known(row, points, lot)
        if lot:
            lot.order = order
        self.orders[row["name"]] = order
        self.activity.append(order)

    def action(self, row):
        points, _ = self.earn(row)
        place = (row["at"], row["rank"], row["key"])
        item = {"what": "event", "at": row["at"], "day": row["day"], "place": place}
        self.activity.append({**item, "granted": points, "refunds": [], "total": Fraction(0)})

    def care(self, row):
        self.credit(row, "care", row["care"]["points"], rule=row["care"]["name"])

    def opening(self, row):
        points, ends = row.get("points"), row.get("expires_at")
        if points is None or points <= 0:
            self.refuse(row, "not positive")
        else:
            self.credit(row, "opening", points, ends)

    # Points that go

    def adjust(self, row):
        points = row.get("points")
        if not points:
            self.refuse(row, "not positive")
        elif points > 0:
            self.credit(row, "adjust", points)
        else:
            taker = self.account.taker("adjust", row["at"], -points, row)
            due = self.account.take_from(
                taker, self.account.spendable(row["at"]), -points, row["at"]
            )
            policy = self.policy(row["day"], "shortfall", "debt")
            self.account.short(taker, due, row["at"], policy)

    def refund(self, row):
        amount = Fraction(str(row["amount"])) if row.get("amount") is not None else Fraction(0)
        order = self.orders.get(str(row.get("refers_to")))
        if amount <= 0:
            self.refuse(row, "amount not positive")
        elif order is None:
            self.refuse(row, "unknown order")
        elif order["refunded"] + amount > order["total"]:
            self.refuse(row, "exceeds what is left of the order")
        else:
            order["refunded"] += amount
            order["refunds"].append(((row["at"], row["rank"], row["key"]), amount))
            if order["refunded"] == order["total"]:
                self.caps.release(("order", str(row["refers_to"])))
            claw(self.account, order, row, self.policy(order["day"], "shortfall", "debt"))

    def redeem(self, row):
        rewards = {reward["name"]: reward for reward in self.terms(row["day"]).get("rewards", ())}
        reward, points = row.get("reward"), row.get("points")
        known = rewards.get(reward)
        if reward is not None:
            points = known["points"] if known else None
        same = [taker for taker in self.redemptions.values() if taker.reward == reward]
        held = sum(not taker.cancelled for taker in same)
        limit = known.get("per_member") if known else None
        if reward is None and (points is None or points <= 0):
            self.refuse(row, "not positive")
        elif reward is not None and known is None:
            self.refuse(row, "unknown reward")
        elif points < self.spending(row["day"], "minimum", 1):
            self.refuse(row, "below minimum")
        elif limit is not None and held >= limit:
            self.refuse(row, "per-member limit")
        elif points > self.account.available(row["at"]):
            self.refuse(row, "insufficient")
        else:
            self.spend(row, "redeem", points, reward)

    def redeemed(self, row):
        points = row.get("points")
        if points is None or points <= 0:
            self.refuse(row, "not positive")
        else:
            self.spend(row, "redeem", points, None)

    def spend(self, row, kind, points, reward):
        at = row["at"]
        taker = self.account.taker(kind, at, points, row)
        taker.reward = reward
        taker.debt = self.account.take_from(taker, self.account.spendable(at), points, at)
        self.redemptions[row["name"]] = taker
        self.touch(row)

    def cancel(self, row):
        redemption = self.redemptions.get(str(row.get("refers_to")))
        if redemption is None:
            self.refuse(row, "unknown redemption")
        elif redemption.cancelled:
            self.refuse(row, "already cancelled")
        else:
            restored = self.policy(row["day"], "restored", "original")
            cancel(self.account, redemption, row, restored, self.tz)

    def close(self, row):
        if self.joined is None or row["at"] >= self.joined:
            self.left_at = self.left_at or row["at"]
        for lot in sorted(self.account.lots, key=lambda lot: lot.identity()):
            if not lot.over:
                lot.over, lot.closed, lot.ends = True, True, row["at"]
                self.account.lapse(lot, row["at"], row)
            lot.closed = True

    def refuse(self, row, reason):
        self.refusals.append({"event": row["name"], "at": row["at"], "reason": reason})

    # Tiers

    def path(self, until):
        first_day = local_day(self.joined or self.start, self.tz)
        activity = sorted(self.activity, key=lambda item: item["place"])
        return Path(self.program["tiers"], activity, self.start, first_day, until, self.tz)

    def tier(self, until):
        if self.program.get("tiers") is None or self.start is None or self.left_at is not None:
            return None
        return self.path(until).tier()

    def history(self, until):
        if self.program.get("tiers") is None or self.start is None:
            return []
        if self.left_at is not None:
            return self.path(self.left_at).history(self.left_at)
        return self.path(until).history()

    def end(self, lot):
        """When a lot ends as things stand; None for never."""
        if lot.over:
            return lot.ends
        return min((at for at in (lot.ends, self.idle_end()) if at is not None), default=None)
