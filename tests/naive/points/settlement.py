"""Refunds and cancels: how points that were given or taken go back."""

from __future__ import annotations

from math import floor

from naive.points.days import DAY, first_instant


def claw(account, order, row, policy):
    """The clawback after a refund that is already counted in order["refunded"]."""
    granted, lot, at = order["granted"], order["lot"], row["at"]
    kept = floor(granted * (order["total"] - order["refunded"]) / order["total"])
    lapsed = lot.lapsed if lot else 0
    due = max(0, min(granted - kept, granted - lapsed) - order["clawed"])
    if not due:
        return
    order["clawed"] += due
    taker = account.taker("clawback", at, due, row)
    order["clawbacks"].append(taker)
    due = account.take_from(taker, [lot], due, at)
    payments = [
        (other, taking)
        for other, taking in takings_in_time(account)
        if taking.lot is lot and taking.payment and other is not taker
    ]
    for other, taking in reversed(payments):
        units = min(due, taking.units)
        account.give_back(other, taking, units, at)
        other.debt += units
        account.take(taker, lot, units, at)
        due -= units
    if policy != "lot_only":
        due = account.take_from(taker, account.spendable(at), due, at)
    account.short(taker, due, at, policy)


def takings_in_time(account):
    """(taker, taking) of the whole account, in the order they were made."""
    found = [(other, taking) for other in account.takers for taking in other.takings]
    return sorted(found, key=lambda pair: pair[1].number)


def cancel(account, redemption, row, restored, tz):
    """Gives a redemption's points back to the lots that gave them."""
    at = row["at"]
    redemption.cancelled = True
    gave = []
    for taking in redemption.takings:
        if taking.units and taking.lot not in [lot for lot, _ in gave]:
            units = sum(each.units for each in redemption.takings if each.lot is taking.lot)
            gave.append((taking.lot, units))
    for taking in redemption.takings:
        account.give_back(redemption, taking, taking.units, at)
    redemption.debt = 0
    account.post("restore", at, redemption.points, row)
    touched = [lot for lot, _ in gave]
    for lot, units in gave:
        left = units
        for clawback in reversed(lot.order["clawbacks"] if lot.order else []):
            left = take_place(account, lot, left, clawback, row, touched)
    account.pay_debts_from(account.in_spending_order(touched), at)
    for lot in sorted(touched, key=lambda lot: lot.identity()):
        if not lot.over:
            continue
        if restored == "original" or lot.closed or not lot.left:
            account.lapse(lot, at, row)
        else:
            lot.over, lot.revived_by = False, row
            lot.ends = first_instant(row["day"] + (restored + 1) * DAY, tz)


def take_place(account, lot, units, clawback, row, touched):
    """A lot's units replace what others bore of a clawback; returns the units left over."""
    at = row["at"]
    forgiven = min(units, clawback.forgiven)
    if forgiven:
        clawback.forgiven -= forgiven
        account.post("forgive", at, -forgiven, {**row, "clawback": clawback.source["name"]})
        account.take(clawback, lot, forgiven, at)
    owed = min(units - forgiven, clawback.debt)
    clawback.debt -= owed
    account.take(clawback, lot, owed, at)
    units -= forgiven + owed
    for taking in reversed(list(clawback.takings)):
        if taking.lot is lot or not taking.units:
            continue
        given = min(units, taking.units)
        account.give_back(clawback, taking, given, at)
        account.take(clawback, lot, given, at)
        units -= given
        if given and taking.lot not in touched:
            touched.append(taking.lot)
    return units
