"""The log of each member as rows in the order of things."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from naive.points.conditions import holds
from naive.points.days import local_day
from naive.points.earning import matches
from naive.points.terms import terms

RANKS = {"opening": 3, "care": 4, "order": 5, "action": 6, "adjust": 7, "refund": 8}
RANKS |= {"redeem": 9, "redeemed": 9, "cancel": 10, "close": 11}
ENGINE = set(RANKS) - {"care", "order", "action"}


class Clash(Exception):
    """The same id with other content."""


def single(rows):
    """Rows without their copies."""
    found = {}
    for row in rows:
        if found.setdefault(row["id"], row) != row:
            raise Clash(row["id"])
    return list(found.values())


def money(given):
    return Fraction(0) if given is None else Fraction(str(given))


def order_row(order, lines, tz):
    return {
        **order,
        "what": "order",
        "on": "order",
        "kind": "order",
        "rank": RANKS["order"],
        "key": (order["id"], 0),
        "name": str(order["id"]),
        "day": local_day(order["at"], tz),
        "whole": money(order["total"]),
        "money": money(order["total"]) - money(order.get("paid_with_points")),
        "lines": [line for line in lines if line["order"] == order["id"]],
    }


def event_row(event, tz):
    kind = event["kind"] if event["kind"] in ENGINE else "action"
    return {
        **event,
        "what": "event",
        "on": event["kind"],
        "kind": kind,
        "rank": RANKS[kind],
        "key": (event["id"], 0),
        "name": str(event["id"]),
        "day": local_day(event["at"], tz),
        "money": money(event.get("amount")),
        "lines": [],
    }


def also_rows(program, row, customer):
    """Actions of others that an event of this member makes."""
    targets = {}
    for rule in terms(program, row["day"])["earning"]:
        if not rule.get("also") or rule.get("on", "order") != row["on"]:
            continue
        column = rule["also"]["to"]
        other = row[column] if column in row else (customer or {}).get(column)
        if rule.get("during"):
            first, last = (dt.date.fromisoformat(day) for day in rule["during"])
            if not first <= row["day"] <= last:
                continue
        if other is not None and holds(rule.get("when"), row, customer):
            targets.setdefault(other, []).append(rule)
    key, _ = row["key"]
    for other, rules in targets.items():
        name = f"{row['name']}|also"
        yield {
            **row,
            "id": name,
            "name": name,
            "key": (key, 1) if isinstance(key, int) else (name, 0),
            "customer": other,
            "what": "event",
            "kind": "action",
            "rank": RANKS["action"],
            "on": None,
            "also": rules,
        }


def rows_of(program, logs, as_of):
    """Every row of the logs by an instant, `also` expanded, orders of nothing left out."""
    tz = program["tz"]
    customers = {each["id"]: each for each in logs.get("customers") or ()}
    lines = logs.get("lines") or []
    rows = [order_row(order, lines, tz) for order in single(logs.get("orders") or [])]
    rows = [row for row in rows if row["whole"] > 0]
    rows += [event_row(event, tz) for event in single(logs.get("events") or [])]
    rows += [
        made for row in rows for made in also_rows(program, row, customers.get(row["customer"]))
    ]
    return [row for row in rows if row["at"] <= as_of]


def matters(program, row):
    """Whether a stranger's row is worth a refusal: it would earn, or it asks for something."""
    if row.get("also") or row["kind"] not in {"order", "action"}:
        return True
    rules = [rule for rule in terms(program, row["day"])["earning"] if rule["form"] != "boost"]
    return any(matches({**rule, "tiers": None}, row, None, None) for rule in rules)
