"""Programs and logs as hypothesis draws them: plain values, with collisions on purpose.

The shape is that of the twin (`naive.points`); `loyalty.bridge` makes of it what the engine takes.
"""

from __future__ import annotations

import datetime as dt

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

RATES = ("1", "1.15", "1/3", "7", "0.5")
MONEY = [f"{quarters // 4}.{quarters % 4 * 25:02}" for quarters in range(1, 81)]
LEVELS = {
    "points": {"member": "0", "silver": "5", "gold": "20"},
    "spend": {"member": "0", "silver": "10", "gold": "30"},
    "orders": {"member": "0", "silver": "1", "gold": "3"},
}


def one_of(*values):
    return st.sampled_from(values)


def maybe(strategy):
    return st.none() | strategy


CONDITIONS = one_of(
    [("channel", "=", "app")],
    [("channel", "is null", None)],
    [("customer.region", "=", "n")],
    [("channel", "!=", "app"), ("customer.region", "=", "n")],
)
DURING = one_of(("2024-02-29", "2024-03-30"), ("2024-01-01", "2024-12-31"))
LINES = one_of([("category", "=", "coffee")], [("category", "!=", "tea")])
PERIODS = one_of("order", "day", "month", "year", "lifetime")
CAPS = st.fixed_dictionaries({"points": one_of(1, 3, 10, 25), "per": PERIODS})


@st.composite
def rules(draw, name, tiers):
    """A flat, per-amount or line rule, or a boost."""
    form = draw(one_of("flat", "per", "per", "boost"))
    on = draw(one_of("order", "order", "review", "referral"))
    rule = {"form": form, "name": name, "on": on, "when": draw(maybe(CONDITIONS))}
    rule["during"] = draw(maybe(DURING))
    rule["tiers"] = draw(st.just([]) | one_of(["silver"], ["gold", "silver"])) if tiers else []
    if form == "boost":
        return rule | {"factor": draw(one_of("1.5", "2", "1/3"))}
    rule["points"] = draw(one_of(*RATES))
    if form == "per":
        rule["per"] = draw(one_of("1.00", "0.07", "2.50"))
        rule["lines"] = draw(maybe(LINES)) if on == "order" else None
    if on == "referral" and draw(st.booleans()):
        also = {"to": "referred_by", "points": draw(one_of("3", "2.5"))}
        return rule | {"also": also, "tiers": [], "cap": None}
    return rule | {"cap": draw(maybe(CAPS))}


ENDS = one_of(None, None, "month", "quarter", "year")
EXPIRIES = (
    st.none()
    | st.fixed_dictionaries({"form": st.just("after"), "months": one_of(1, 2, 12), "end_of": ENDS})
    | st.fixed_dictionaries({"form": st.just("after"), "days": one_of(3, 30), "end_of": ENDS})
    | st.fixed_dictionaries({"form": st.just("idle"), "days": one_of(3, 30)})
    | st.fixed_dictionaries({"form": st.just("idle"), "months": one_of(1, 2)})
    | st.fixed_dictionaries(
        {
            "form": st.just("on"),
            "month": one_of(2, 12),
            "day": one_of(28, 29),
            "min_days": one_of(3, 90),
        }
    )
)


@st.composite
def ladders(draw):
    by = draw(one_of("points", "spend", "orders"))
    review = draw(one_of(None, "year", "quarter", "month", "anniversary"))
    rolling = [{"months": 1}, {"months": 12}, {"days": 30}, "lifetime"]
    return {
        "levels": LEVELS[by],
        "by": by,
        "review": review,
        "window": draw(st.sampled_from([*rolling, "period"] if review else rolling)),
        "keep": draw(one_of(0, 0, 1, 2)) if review else 0,
        "downgrade": draw(one_of("qualified", "one_level", "never")) if review else "qualified",
        "grace_days": draw(one_of(0, 0, 3, 40)) if review else 0,
        "upgrade": draw(one_of("at_once", "at_once", "at_review")) if review else "at_once",
        "on_refund": draw(one_of("refold", "refold", "keep")),
        "boost": draw(one_of({}, {"silver": "1.25", "gold": "1.5"})),
    }


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


@st.composite
def programs(draw, **fixed):
    """A program; what is given by name is not drawn."""
    ladder = fixed["tiers"] if "tiers" in fixed else draw(maybe(ladders()))
    expiry = draw(EXPIRIES)
    care = draw(st.lists(one_of(*CARE), unique=True, max_size=2)) if draw(st.booleans()) else []
    names = [f"r{number}" for number in range(draw(st.integers(1, 4)))]
    made = {
        "name": "Blue",
        "tz": draw(st.sampled_from(ZONES)),
        "earning": [draw(rules(name, ladder)) for name in names],
        "combine": draw(one_of("sum", "sum", "best")),
        "rounding": draw(one_of("floor", "floor", "half_up", "half_even", "ceil")),
        "cap": draw(maybe(CAPS)),
        "tiers": ladder,
        "pending_days": draw(one_of(0, 0, 1, 3)),
        "expiry": expiry,
        "redemption": {
            "minimum": draw(one_of(0, 1, 3)),
            "order": draw(one_of("expiring_first", "oldest_first")),
        },
        "refunds": {
            "shortfall": draw(one_of("debt", "debt", "forgive", "lot_only")),
            "restored": draw(one_of("original", "original", 1, 30)),
        },
        "rewards": [{"name": "mug", "points": 5, "per_member": draw(one_of(None, 1, 2))}],
        "care": [CARE[name] for name in care],
    }
    return made | fixed


CUSTOMERS = (1, 2, 3)
KINDS = {
    "review": 2,
    "referral": 1,
    "browse": 1,
    "redeem": 5,
    "redeemed": 2,
    "refund": 5,
    "cancel": 4,
    "adjust": 2,
    "opening": 1,
    "close": 1,
}
CHANNELS = one_of(None, "app", "web")


@st.composite
def grids(draw):
    """The instants of one world: few, so that much happens at once."""
    first = draw(st.integers(0, len(GRID) - 1))
    step = draw(one_of(1, 1, 3, 7, 25))
    return GRID[first::step][:8] or GRID[-1:]


@st.composite
def orders(draw, name, instants):
    total = draw(st.sampled_from(MONEY) | one_of("10.00", "0.00", "-5.00"))
    paid = draw(st.none() | st.none() | one_of("1.00", "10.00"))
    return {
        "id": name,
        "customer": draw(st.sampled_from(CUSTOMERS)),
        "at": draw(instants),
        "total": total,
        "paid_with_points": paid,
        "channel": draw(CHANNELS),
    }


def lines_of(order, kinds):
    """Lines that sum to the order's total, or to twice of it."""
    return [
        {"order": order["id"], "customer": order["customer"], "at": order["at"]}
        | {"category": kind, "total": order["total"]}
        for kind in kinds
    ]


@st.composite
def events(draw, name, instants, kinds, orders_made, redemptions):
    """One event; what it refers to exists more often than not, and amounts often fit."""
    kind = draw(st.sampled_from(kinds))
    event = {"id": name, "customer": draw(st.sampled_from(CUSTOMERS)), "at": draw(instants)}
    event |= {"kind": kind, "points": None, "amount": None, "refers_to": None, "reward": None}
    event |= {"expires_at": None, "channel": draw(CHANNELS)}
    if kind in {"redeem", "redeemed"}:
        event["points"] = draw(st.integers(1, 12) | one_of(5, None, 0))
        event["reward"] = draw(one_of(None, None, "mug", "cup")) if kind == "redeem" else None
    elif kind == "adjust":
        event["points"] = draw(one_of(5, -5, -12, 0, None))
    elif kind == "opening":
        event["points"] = draw(one_of(8, 5, 0))
        event["expires_at"] = draw(maybe(st.sampled_from(GRID)))
    elif kind == "refund" and orders_made:
        order = draw(st.sampled_from(orders_made))
        event["refers_to"] = draw(st.just(order["id"]) | one_of(order["id"], None))
        event["amount"] = draw(one_of(order["total"], order["total"], "1.00", "0.25", None))
        event["customer"] = draw(st.just(order["customer"]) | st.just(event["customer"]))
        event["at"] = max(event["at"], draw(one_of(order["at"], event["at"])))
    elif kind == "cancel" and redemptions:
        redemption = draw(st.sampled_from(redemptions))
        event["refers_to"] = redemption["id"]
        event["customer"] = draw(st.just(redemption["customer"]) | st.just(event["customer"]))
        event["at"] = max(event["at"], draw(one_of(redemption["at"], event["at"])))
    elif kind in {"review", "referral"}:
        event["amount"] = draw(maybe(st.sampled_from(MONEY)))
    return event


@st.composite
def customers(draw, one, instants):
    return {
        "id": one,
        "joined_at": draw(st.none() | instants),
        "birth_date": draw(one_of(None, dt.date(1992, 2, 29), dt.date(1990, 1, 31))),
        "region": draw(one_of("n", "s", None)),
        "referred_by": draw(one_of(None, *CUSTOMERS)),
    }


@st.composite
def logs(draw, *, kinds=KINDS, most=12, known=None):
    """Orders, lines, events and (or not) customers, with ids that are numbers or texts."""
    instants = st.sampled_from(draw(grids()))
    text_orders, text_events = draw(st.booleans()), draw(st.booleans())
    made = {"orders": [], "lines": [], "events": [], "customers": None}
    for number in range(draw(st.integers(1, most // 2))):
        name = f"0{number}" if text_orders else number
        order = draw(orders(name, instants))
        made["orders"].append(order)
        categories = draw(st.lists(one_of("coffee", "tea", "cake", None), max_size=2))
        made["lines"] += lines_of(order, categories)
    bag = [kind for kind, weight in kinds.items() for _ in range(weight)]
    for number in range(draw(st.integers(0, most))):
        # Texts sort otherwise than the numbers in them: "10" stands before "9".
        name = str(number + 5) if text_events else number + 5
        redemptions = [
            event for event in made["events"] if event["kind"] in {"redeem", "redeemed"}
        ]
        made["events"].append(draw(events(name, instants, bag, made["orders"], redemptions)))
    if known is True or (known is None and draw(st.booleans())):
        here = CUSTOMERS if draw(st.booleans()) else CUSTOMERS[:2]
        made["customers"] = [draw(customers(one, instants)) for one in here]
    return made


AS_OFS = st.just(LATEST) | st.sampled_from(GRID)
