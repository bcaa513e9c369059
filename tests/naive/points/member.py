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
from naive.points.tiers import Path


class Member:
    """State of one member; `fold` moves it to an instant."""

    def __init__(self, program, customer, joined):
        self.program, self.customer, self.joined = program, customer, joined
        self.tz = program["tz"]
        self.refund_rules = program.get("refunds") or {}
        redemption = program.get("redemption") or {}
        self.minimum = redemption.get("minimum", 1)
        self.account = Account(redemption.get("order", "expiring_first"))
        self.caps = Caps()
        self.start, self.left_at, self.last_activity = None, None, None
        self.orders, self.redemptions, self.activity, self.refusals = {}, {}, [], []

    # Time

    def fold(self, rows, until):
        seen = sorted(rows, key=lambda row: (row["at"], row["rank"], row["key"]))
        enrolled = self.joined or next((row["at"] for row in seen if self.sees(row)), None)
        if enrolled is not None:
            for care in postings(self.program, self.customer, enrolled, until, self.tz):
                more = {"kind": "care", "what": "care", "rank": RANKS["care"]}
                seen.append({**care, **more})
        for row in sorted(seen, key=lambda row: (row["at"], row["rank"], row["key"])):
            self.advance(row["at"])
            if self.sees(row):
                self.start = self.start or row["at"]
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

    def ends_of(self, lot):
        """When a lot ends; an idle one moves with the member's last activity."""
        if not lot.idle or lot.over:
            return lot.ends
        last = max([lot.at, *([self.last_activity] if self.last_activity else [])])
        return ends_at(self.program["expiry"], local_day(last, self.tz), self.tz)

    def advance(self, until):
        """Activations and expiries by an instant, in their order."""
        lots = self.account.lots
        while True:
            for lot in lots:
                lot.ends = self.ends_of(lot)
            due = [lot.opens for lot in lots if not lot.open and not lot.over]
            due += [lot.ends for lot in lots if lot.ends is not None and not lot.over]
            due = [at for at in due if at <= until]
            if not due:
                return
            at = min(due)
            ending = [lot for lot in lots if not lot.over and lot.ends == at]
            for lot in ending:
                lot.over = True
            for lot in lots:
                lot.open = lot.open or lot.opens <= at
            self.account.pay_debts(at)
            for lot in sorted(ending, key=lambda lot: lot.identity()):
                self.account.lapse(lot, at)

    # Points that come

    def bring(self, row, points, opens, ends, *, idle):
        lot = Lot(row, row["at"], points, opens, ends, idle)
        lot.open = opens <= row["at"]
        self.account.lots.append(lot)
        return lot

    def dates(self, row, pending_days):
        expiry = self.program.get("expiry")
        idle = expiry is not None and expiry["form"] == "idle"
        opens = first_instant(row["day"] + pending_days * DAY, self.tz)
        opens = opens if pending_days else row["at"]
        return opens, ends_at(expiry, row["day"], self.tz), idle

    def credit(self, row, kind, points, ends=None, **more):
        """A lot that is available at once."""
        opens, normal_end, idle = self.dates(row, 0)
        idle = idle and ends is None
        ends = ends or normal_end
        self.bring(row, points, opens, ends, idle=idle)
        shown = {"available_at": opens, "expires_at": None if idle else ends}
        self.account.post(kind, row["at"], points, row, lot=row["lot"], **shown, **more)

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
        given = grant(self.program, row, self.customer, tier, self.caps)
        if given is None:
            return 0, None
        points = given["points"]
        opens, ends, idle = self.dates(row, self.program.get("pending_days", 0))
        lot = self.bring(row, points, opens, ends, idle=idle) if points else None
        shown = {"available_at": opens, "expires_at": None if idle else ends}
        shown = shown if points else {"available_at": None, "expires_at": None}
        more = {key: given[key] for key in ("desired", "rule", "cap")}
        more["lot"] = row["lot"] if points else None
        self.account.post(
            "earn", row["at"], points, row, tier=tier, parts=given["parts"], **more, **shown
        )
        return points, lot

    def order(self, row):
        points, lot = self.earn(row)
        self.last_activity = row["at"]
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
        elif ends is not None and ends <= row["at"]:
            self.refuse(row, "already expired")
        else:
            self.credit(row, "opening", points, ends)

    # Points that go

    def adjust(self, row):
        points = row.get("points")
        if not points:
            self.refuse(row, "no points")
        elif points > 0:
            self.credit(row, "adjust", points)
        else:
            taker = self.account.taker("adjust", row["at"], -points, row)
            due = self.account.take_from(
                taker, self.account.spendable(row["at"]), -points, row["at"]
            )
            policy = self.refund_rules.get("shortfall", "debt")
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
            claw(self.account, order, row, self.refund_rules.get("shortfall", "debt"))

    def redeem(self, row):
        rewards = {reward["name"]: reward for reward in self.program.get("rewards", ())}
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
        elif points < self.minimum:
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
        self.last_activity = at

    def cancel(self, row):
        redemption = self.redemptions.get(str(row.get("refers_to")))
        if redemption is None:
            self.refuse(row, "unknown redemption")
        elif redemption.cancelled:
            self.refuse(row, "already cancelled")
        else:
            restored = self.refund_rules.get("restored", "original")
            cancel(self.account, redemption, row, restored, self.tz)

    def close(self, row):
        if self.joined is None or row["at"] >= self.joined:
            self.left_at = self.left_at or row["at"]
        for lot in sorted(self.account.lots, key=lambda lot: lot.identity()):
            if not lot.over:
                lot.over, lot.closed, lot.ends = True, True, row["at"]
                self.account.lapse(lot, row["at"])
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
