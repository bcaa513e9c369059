"""Programs and logs as hypothesis draws them: plain values, with collisions on purpose.

The shape is that of the twin (`naive.points`); `loyalty.bridge` makes of it what the engine takes.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from hypothesis import settings
from hypothesis import strategies as st

UTC = dt.UTC
ZONES = ("UTC", "Europe/Paris", "America/New_York")

# Month ends, a leap day, ends of years, and nights on which Paris or New York move their clocks.
DAYS = [
    dt.datetime.fromisoformat(day).replace(tzinfo=UTC)
    for day in (
        "2023-12-31 2024-01-01 2024-01-30 2024-01-31 2024-02-28 2024-02-29 2024-03-01 2024-03-09 "
        "2024-03-10 2024-03-30 2024-03-31 2024-04-01 2024-06-30 2024-07-01 2024-10-26 2024-10-27 "
        "2024-11-03 2024-12-31 2025-01-01 2025-01-31 2025-02-28 2025-03-01"
    ).split()
]
# Local midnights of the three zones, and instants beside them.
HOURS = (0, 4, 5, 12, 22, 23)
GRID = [day + dt.timedelta(hours=hour) for day in DAYS for hour in HOURS]
LATEST = dt.datetime(2026, 3, 1, tzinfo=UTC)

RATES = ("1", "1.15", "1/3", "2", "0.5")
TOTALS = ("10.00", "5.00", "7.25", "20.00", "3.00", "12.00", "0.50", "1.00", "0.00", "-5.00")
LEVELS = {
    "points": {"member": "0", "silver": "5", "gold": "20"},
    "spend": {"member": "0", "silver": "10", "gold": "30"},
    "orders": {"member": "0", "silver": "1", "gold": "3"},
}


CUSTOMERS = (1, 2, 3)


def share(part):
    """A share of the profile's examples, for laws that cost much or follow from others."""
    most = settings.default.max_examples
    return settings(max_examples=min(most, max(most // part, 15)))


def one_of(*values):
    return st.sampled_from(values)


def parts(**strategies):
    return st.fixed_dictionaries(strategies)


# Programs

CONDITIONS = one_of(
    None,
    None,
    [("channel", "=", "app")],
    [("channel", "is null", None)],
    [("customer.region", "=", "n")],
    [("channel", "!=", "app"), ("customer.region", "=", "n")],
)
DURING = one_of(None, None, None, ("2024-02-29", "2024-03-30"), ("2024-01-01", "2024-12-31"))
LINES = one_of(None, None, [("category", "=", "coffee")], [("category", "!=", "tea")])
CAPS = one_of(
    *[None] * 5,
    *(
        {"points": points, "per": per}
        for points, per in (
            (3, "order"),
            (10, "day"),
            (15, "month"),
            (5, "month"),
            (25, "year"),
            (12, "lifetime"),
        )
    ),
)
RULES = parts(
    form=one_of("per", "per", "flat", "boost"),
    on=one_of("order", "order", "review", "referral"),
    when=CONDITIONS,
    during=DURING,
    tiers=one_of([], [], ["silver"], ["gold", "silver"]),
    points=one_of(*RATES),
    factor=one_of("1.5", "2", "1/3"),
    per=one_of("1.00", "0.75", "2.50"),
    lines=LINES,
    cap=CAPS,
    also=one_of(None, {"to": "referred_by", "points": "3"}),
)
# What each form of a rule says; the rest of what was drawn is dropped.
SAYS = {
    "flat": ("points", "cap", "also"),
    "per": ("points", "per", "lines", "cap", "also"),
    "boost": ("factor",),
}


def plain(**more):
    """A program of one rule, of what an order comes to."""
    return {"name": "Blue", "tz": "UTC", "earning": [{**BASE, "points": "1", **more}]}


def rule_of(drawn, name, ladder):
    shared = ("form", "on", "when", "during", "tiers", *SAYS[drawn["form"]])
    rule = {"name": name, **{key: drawn[key] for key in shared}}
    if drawn["on"] != "order" and "lines" in rule:
        rule["lines"] = None
    if rule.get("also") and rule["on"] == "referral":
        return rule | {"cap": None, "tiers": []}
    if "also" in rule:
        rule["also"] = None
    return rule if ladder else rule | {"tiers": []}


ENDS = one_of(None, None, "month", "quarter", "year")
EXPIRIES = st.one_of(
    st.none(),
    parts(form=st.just("after"), months=one_of(1, 2, 12), end_of=ENDS),
    parts(form=st.just("after"), days=one_of(3, 30), end_of=ENDS),
    parts(form=st.just("idle"), days=one_of(3, 30)),
    parts(form=st.just("on"), month=one_of(2, 12), day=one_of(28, 29), min_days=one_of(3, 90)),
)
LADDERS = parts(
    by=one_of("points", "spend", "orders"),
    review=one_of(None, "year", "quarter", "month", "month", "anniversary"),
    window=one_of({"months": 1}, {"months": 12}, {"days": 30}, "lifetime", "period"),
    keep=one_of(0, 0, 1, 2),
    downgrade=one_of("qualified", "one_level", "never"),
    grace_days=one_of(0, 0, 3, 40),
    upgrade=one_of("at_once", "at_once", "at_review"),
    on_refund=one_of("refold", "refold", "keep"),
    boost=one_of({}, {"silver": "1.25", "gold": "1.5"}),
)
UNREVIEWED = {"keep": 0, "downgrade": "qualified", "grace_days": 0, "upgrade": "at_once"}


def ladder_of(drawn):
    ladder = {**drawn, "levels": LEVELS[drawn["by"]]}
    if drawn["review"] is None:
        ladder |= UNREVIEWED
        ladder["window"] = "lifetime" if drawn["window"] == "period" else drawn["window"]
    return ladder


CARE = {
    "birthday": {"form": "birthday", "name": "birthday", "points": 4},
    "anniversary": {"form": "anniversary", "name": "anniversary", "of": "joined_at", "points": 2},
    "leap": {"form": "holiday", "name": "leap", "month": 2, "day": 29, "points": 1},
    "easter": {
        "form": "holiday",
        "name": "easter",
        "dates": ["2024-03-31", "2025-04-20"],
        "points": 3,
    },
}
BASE = {"form": "per", "name": "base", "per": "1.00", "on": "order", "when": None, "tiers": []}
PROGRAMS = parts(
    tz=one_of(*ZONES),
    base=one_of(*RATES),
    base_cap=CAPS,
    rules=st.lists(RULES, max_size=3),
    combine=one_of("sum", "sum", "best"),
    rounding=one_of("floor", "floor", "half_up", "half_even", "ceil"),
    cap=CAPS,
    tiers=st.one_of(st.none(), LADDERS, LADDERS),
    pending_days=one_of(0, 0, 1, 3),
    expiry=EXPIRIES,
    redemption=parts(minimum=one_of(0, 1, 3), order=one_of("expiring_first", "oldest_first")),
    refunds=parts(
        shortfall=one_of("debt", "debt", "forgive", "lot_only"),
        restored=one_of("original", "original", 1, 30),
    ),
    per_member=one_of(None, 1, 2),
    care=st.one_of(st.just([]), st.lists(one_of(*CARE), unique=True, max_size=2)),
)


def program_of(drawn):
    ladder = ladder_of(drawn["tiers"]) if drawn["tiers"] else None
    made = {key: value for key, value in drawn.items() if key in KEPT}
    base = {**BASE, "points": drawn["base"], "cap": drawn["base_cap"]}
    rules = [rule_of(rule, f"r{number}", ladder) for number, rule in enumerate(drawn["rules"])]
    return made | {
        "name": "Blue",
        "tiers": ladder,
        "earning": [base, *rules],
        "rewards": [{"name": "mug", "points": 5, "per_member": drawn["per_member"]}],
        "care": [CARE[name] for name in drawn["care"]],
    }


KEPT = ("tz", "combine", "rounding", "cap", "pending_days", "expiry", "redemption", "refunds")


def programs(*, ladder=True, **fixed):
    """Programs; what is given by name is not drawn. `ladder` may choose among ladders."""
    found = PROGRAMS if ladder is True else PROGRAMS.filter(lambda p: ladder(p["tiers"]))
    return found.map(lambda drawn: program_of(drawn) | fixed)


# Logs: steps in time, each an order or an event that mostly makes sense

WEIGHTS = {
    "order": 7,
    "review": 2,
    "referral": 1,
    "browse": 1,
    "redeem": 6,
    "redeemed": 2,
    "refund": 6,
    "cancel": 4,
    "adjust": 2,
    "opening": 1,
    "close": 1,
}
BAG = [kind for kind, weight in WEIGHTS.items() for _ in range(weight)]
AHEAD = (0, 0, 0, 1, 1, 2, 6)
STEPS = st.tuples(
    st.sampled_from(BAG),
    one_of(1, 1, 1, 2, 2, 3),
    one_of(*AHEAD),
    st.integers(0, 11),
    st.integers(0, 11),
    one_of(None, "app", "web"),
)
ASKED = (5, 3, 8, 2, 12, 1, 5, 3, 8, 20, None, 0)
PARTS = (1, 1, 1, "1/2", "1/2", "1/4", "1/4", "1.00", "0.25", 1, "0.00", None)
NAMES = parts(text_orders=st.booleans(), text_events=st.booleans())


def amount_of(part, total):
    """A whole order, a share of it in whole cents, or money as it is."""
    if part == 1 or part is None:
        return total if part else None
    if "/" in part:
        return f"{int(Fraction(total) * Fraction(part) * 100) / 100:.2f}"
    return part


def event_of(step, name, at, orders, asked):
    kind, customer, _, first, second, channel = step
    event = {"id": name, "customer": customer, "at": at, "kind": kind, "channel": channel}
    event |= dict.fromkeys(("points", "amount", "refers_to", "reward", "expires_at"))
    if kind in {"redeem", "redeemed"}:
        event["points"] = ASKED[first]
        if kind == "redeem" and second > 8:
            event["reward"] = "cup" if second == 11 else "mug"
    elif kind == "adjust":
        event["points"] = (5, -5, -12, 3, -2, 8, -8, -3, 4, 5, 0, None)[first]
    elif kind == "opening":
        event["points"] = (8, 5, 3, 0)[first % 4]
        event["expires_at"] = at + dt.timedelta(days=second * 5 - 5) if second > 3 else None
    elif kind == "refund" and orders:
        order = orders[-1 - first % len(orders)]
        event |= {"refers_to": order["id"], "amount": amount_of(PARTS[second], order["total"])}
        event["customer"] = order["customer"] if first < 11 else customer
    elif kind == "cancel" and asked:
        event["refers_to"] = asked[-1 - first % len(asked)]["id"]
        event["customer"] = asked[-1 - first % len(asked)]["customer"] if second < 11 else customer
    elif kind in {"review", "referral"}:
        event["amount"] = TOTALS[first % len(TOTALS)] if second < 6 else None
    return event


def order_of(step, name, at):
    _, customer, _, first, second, channel = step
    paid = {10: "1.00", 11: "10.00"}.get(second)
    order = {"id": name, "customer": customer, "at": at, "total": TOTALS[first % len(TOTALS)]}
    return order | {"paid_with_points": paid, "channel": channel}


def lines_of(order, second):
    """Lines that together are up to twice the order."""
    kinds = (["coffee"], ["tea", "coffee"], ["cake", None], [])[second % 4]
    shared = {"order": order["id"], "customer": order["customer"], "at": order["at"]}
    return [{**shared, "category": kind, "total": order["total"]} for kind in kinds]


def log_of(drawn):
    """Plain logs from what was drawn: the steps' instants go up, their ids do not."""
    names, first, steps, customers = drawn
    made = {"orders": [], "lines": [], "events": [], "customers": customers}
    place = first
    for number, step in enumerate(steps):
        place += step[2]
        at = GRID[min(place, len(GRID) - 1)]
        # Texts sort otherwise than the numbers in them: "10" stands before "9".
        name = (number * 7 + 5) % 23 if number < 23 else number
        asked = [row for row in made["events"] if row["kind"] in {"redeem", "redeemed"}]
        if step[0] == "order":
            order = order_of(step, f"0{name}" if names["text_orders"] else name, at)
            made["orders"].append(order)
            made["lines"] += lines_of(order, step[4])
        else:
            name = str(name) if names["text_events"] else name
            made["events"].append(event_of(step, name, at, made["orders"], asked))
    return made


def customer_of(one):
    return parts(
        id=st.just(one),
        joined_at=one_of(None, None, *GRID[:60:4]),
        birth_date=one_of(None, dt.date(1992, 2, 29), dt.date(1990, 1, 31)),
        region=one_of("n", "s", None),
        referred_by=one_of(None, *CUSTOMERS),
    )


KNOWN = st.one_of(
    st.none(),
    st.tuples(*map(customer_of, CUSTOMERS)).map(list),
    st.tuples(*map(customer_of, CUSTOMERS[:2])).map(list),
)
FIRST_ORDER = ("order", 1, 0, 0, 0, "app")
FIRSTS = st.integers(0, len(GRID) - 40)
LOGS = st.tuples(
    NAMES,
    FIRSTS,
    st.one_of(st.lists(STEPS, max_size=8), st.lists(STEPS, min_size=9, max_size=20)).map(
        lambda steps: [FIRST_ORDER, *steps]
    ),
    KNOWN,
).map(log_of)


def logs():
    """Orders, lines, events and (or not) customers, with ids that are numbers or texts."""
    return LOGS


def known_only(program):
    """A program for logs without customers: no rule reads what nobody says."""
    rules = [
        {**rule, "also": None, "when": None if reads_customers(rule) else rule["when"]}
        for rule in program["earning"]
    ]
    care = [one for one in program["care"] if one["form"] == "holiday"]
    return {**program, "earning": rules, "care": care}


def reads_customers(rule):
    return any(column.startswith("customer.") for column, *_ in rule["when"] or ())


def worlds(**options):
    """Programs with logs that have the columns the program reads; options as for `programs`."""

    def fit(world):
        program, logs = world
        return (program if logs["customers"] else known_only(program), logs)

    return st.tuples(programs(**options), LOGS).map(fit)


CHANGES = ("earning", "combine", "rounding", "pending_days", "expiry", "redemption", "refunds")


def versions():
    """Programs of two versions; the ladder, care and rewards stay."""

    def changed(drawn):
        (old, logs), new, day = drawn
        old, new = (dated(program) for program in (old, new))
        tiers = {} if old["tiers"] else {"tiers": []}
        new["earning"] = [{**rule, **tiers} for rule in new["earning"]]
        new = new if logs["customers"] else known_only(new)
        return {**old, "versions": [(day, {key: new[key] for key in CHANGES})]}, logs

    days = one_of("2024-01-31", "2024-03-10", "2024-03-31")
    return st.tuples(worlds(), programs(ladder=bool), days).map(changed)


def dated(program):
    """With points that end by their own dates."""
    idles = (program["expiry"] or {}).get("form") == "idle"
    expiry = None if idles else program["expiry"]
    return {**program, "expiry": expiry}


AS_OFS = one_of(*[LATEST] * (2 * len(GRID)), *GRID)
