"""What an order or action earns."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from math import ceil, floor

from naive.points.caps import limited
from naive.points.conditions import holds

ROUND = {
    "floor": floor,
    "ceil": ceil,
    "half_up": lambda points: floor(points + Fraction(1, 2)),
    "half_even": round,
}
PROGRAM = ("program", "cap")


def matches(rule, row, customer, tier):
    if row["on"] != rule.get("on", "order"):
        return False
    if rule.get("during"):
        first, last = (dt.date.fromisoformat(day) for day in rule["during"])
        if not first <= row["day"] <= last:
            return False
    if rule.get("tiers") and tier not in rule["tiers"]:
        return False
    if rule.get("lines") and not matching_lines(rule, row, customer):
        return False
    return holds(rule.get("when"), row, customer)


def matching_lines(rule, row, customer):
    return [line for line in row["lines"] if holds(rule["lines"], line, customer)]


def contribution(rule, row, customer):
    """What a rule gives, exact, whatever its cap."""
    if rule["form"] == "flat":
        return Fraction(rule["points"])
    money = row["money"]
    if rule.get("lines"):
        lines = matching_lines(rule, row, customer)
        money = min(money, sum((Fraction(str(line["total"])) for line in lines), Fraction(0)))
    return Fraction(rule["points"]) / Fraction(rule["per"]) * max(money, Fraction(0))


def contributions(program, row, customer, tier):
    """(rule, exact contribution) of every matching rule, and the matching boosts."""
    if row.get("also"):
        return [(rule, Fraction(rule["also"]["points"])) for rule in row["also"]], []
    hits = [rule for rule in program["earning"] if matches(rule, row, customer, tier)]
    rules = [rule for rule in hits if rule["form"] != "boost"]
    boosts = [rule for rule in hits if rule["form"] == "boost"]
    return [(rule, contribution(rule, row, customer)) for rule in rules], boosts


def grant(program, row, customer, tier, caps):
    """Points with the reasons for them, or None where no rule matched; caps are used."""
    given, boosts = contributions(program, row, customer, tier)
    if not given:
        return None
    source, day = (row["what"], row["name"]), row["day"]
    rows = []
    for rule, whole in given:
        cap = None if row.get("also") else rule.get("cap")
        part = limited(whole, caps.room(rule["name"], cap, day))
        rows.append({"rule": rule, "cap": cap, "whole": whole, "part": part})
    if program.get("combine", "sum") == "best":
        best = max(each["part"] for each in rows)
        rows = [next(each for each in rows if each["part"] == best)]
    for each in rows:
        caps.use(each["rule"]["name"], each["cap"], day, each["part"], source)
    points = sum((each["part"] for each in rows), Fraction(0))
    for boost in boosts:
        points *= Fraction(boost["factor"])
    ladder = program.get("tiers")
    if ladder:
        points *= Fraction(ladder.get("boost", {}).get(tier, 1))
    desired = ROUND[program.get("rounding", "floor")](points)
    granted = int(limited(Fraction(desired), caps.room(PROGRAM, program.get("cap"), day)))
    caps.use(PROGRAM, program.get("cap"), day, granted, source)
    took_part = [each["rule"]["name"] for each in rows] + [boost["name"] for boost in boosts]
    bound = [each["rule"]["name"] for each in rows if each["part"] < each["whole"]]
    bound += ["program"] if granted < desired else []
    return {
        "points": granted,
        "desired": desired,
        "rule": "+".join(rule["name"] for rule in program["earning"] if rule["name"] in took_part),
        "cap": "+".join(bound) or None,
        "parts": [(each["rule"]["name"], each["part"]) for each in rows],
    }
