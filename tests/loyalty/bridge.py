"""What the engine takes, made of the plain values of the twin; and both results compared."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

import polars as pl

import custseg as cu

# Declarations


def sql(condition):
    if not condition:
        return None
    said = []
    for column, sign, value in condition:
        if sign == "is null":
            said.append(f"{column} IS NULL")
        else:
            shown = f"'{value}'" if isinstance(value, str) else value
            said.append(f"{column} {'<>' if sign == '!=' else sign} {shown}")
    return " AND ".join(said)


def cap_of(plain):
    return None if plain is None else cu.Cap(plain["points"], per=plain["per"])


def rule_of(plain):
    during = plain.get("during")
    options = {"on": plain.get("on", "order"), "when": sql(plain.get("when"))}
    options["during"] = None if during is None else cu.During(*during)
    options["tiers"] = tuple(plain.get("tiers") or ())
    if plain["form"] == "boost":
        return cu.Boost(plain["name"], plain["factor"], **options)
    also = plain.get("also")
    options["also"] = None if also is None else cu.Also(also["to"], also["points"])
    options["cap"] = cap_of(plain.get("cap"))
    if plain["form"] == "flat":
        return cu.Earn.flat(plain["name"], plain["points"], **options)
    options["lines"] = sql(plain.get("lines"))
    return cu.Earn.per(plain["name"], plain["points"], per=plain["per"], **options)


def expiry_of(plain):
    if plain is None:
        return cu.Expiry.never()
    options = {key: value for key, value in plain.items() if key != "form"}
    if plain["form"] == "on":
        return cu.Expiry.on(options.pop("month"), options.pop("day"), **options)
    return (cu.Expiry.idle if plain["form"] == "idle" else cu.Expiry.after)(**options)


def ladder_of(plain):
    if plain is None:
        return None
    options = {key: value for key, value in plain.items() if key != "levels"}
    if isinstance(options.get("window"), dict):
        options["window"] = cu.Window(**options["window"])
    return cu.Ladder(plain["levels"], **options)


def care_of(plain):
    options = {key: value for key, value in plain.items() if key not in {"form", "name", "dates"}}
    if plain["form"] == "holiday":
        if plain.get("dates"):
            options["days"] = plain["dates"]
        return cu.Holiday(plain["name"], **options)
    kind = cu.Birthday if plain["form"] == "birthday" else cu.Anniversary
    return kind(name=plain["name"], **options)


def program_of(plain):
    """A program, or the versions of one."""
    later = plain.get("versions", ())
    if not later:
        return version_of(plain, 1)
    versions = [("2000-01-01", version_of(plain, 1))]
    for number, (first, changes) in enumerate(later, 2):
        versions.append((first, version_of({**plain, **changes}, number)))
    return cu.Programs(versions)


def version_of(plain, number):
    rewards = [
        cu.Reward(one["name"], points=one["points"], per_member=one.get("per_member"))
        for one in plain.get("rewards", ())
    ]
    return cu.Program(
        plain["name"],
        version=number,
        earning=[rule_of(rule) for rule in plain["earning"]],
        combine=plain.get("combine", "sum"),
        rounding=plain.get("rounding", "floor"),
        cap=cap_of(plain.get("cap")),
        tiers=ladder_of(plain.get("tiers")),
        pending_days=plain.get("pending_days", 0),
        expiry=expiry_of(plain.get("expiry")),
        redemption=cu.Redemption(**plain.get("redemption", {})),
        refunds=cu.Refunds(**plain.get("refunds", {})),
        rewards=rewards,
        care=[care_of(one) for one in plain.get("care", ())],
    )


# Logs


def column(name, dtype, values):
    """Ids are numbers, or texts as soon as one of them is; all else is as the table has it."""
    if name.endswith("_id") or name in {"refers_to", "referred_by"}:
        text = any(isinstance(value, str) for value in values)
        values = [None if value is None else str(value) if text else value for value in values]
        dtype = pl.String if text else pl.Int64
    elif dtype is not None and dtype.is_decimal():
        values = [None if value is None else Decimal(value) for value in values]
    return pl.Series(name, values, dtype=dtype)


def rows_of(noun, rows, names, **extra):
    """Rows of a table from plain rows, by column -> key; they need no door."""
    schema = {**table_schema(noun), **extra}
    return pl.DataFrame(
        [
            column(name, dtype, [row.get(names.get(name, name)) for row in rows])
            for name, dtype in schema.items()
        ]
    )


@cache
def table_schema(noun):
    return cu.table(noun).schema


ORDER = {"order_id": "id", "customer_id": "customer", "ordered_at": "at"}
LINE = {"order_id": "order", "customer_id": "customer", "ordered_at": "at"}
EVENT = {"event_id": "id", "customer_id": "customer"}
CUSTOMER = {"customer_id": "id"}
INSTANT = pl.Datetime("us", "UTC")


def base_of(logs, tz="UTC", as_of=None):
    lines = [{**line, "line": n} for n, line in enumerate(logs.get("lines") or ())]
    frames = {
        "orders": rows_of(cu.Order, logs.get("orders") or [], ORDER),
        "lines": rows_of(cu.OrderLine, lines, LINE),
        "events": rows_of(cu.Event, logs.get("events") or [], EVENT, expires_at=INSTANT),
    }
    if logs.get("customers") is not None:
        frames["customers"] = rows_of(cu.Customer, logs["customers"], CUSTOMER)
    base = cu.CustomerBase(**frames, tz=tz)
    return base if as_of is None else base.as_of(as_of)


# Results

ENTRY = ("customer_id", "at", "kind", "points", "balance_after", "source", "source_kind")
EARNED = ("lot_id", "rule", "desired", "cap", "available_at", "expires_at")
BALANCE = (
    "available pending debt earned redeemed expired clawed_back adjusted forgiven "
    "next_expiry_at next_expiry_points"
).split()


def entry_rows_of_twin(outcome):
    found = []
    for entry in outcome.entries:
        row = {"customer_id": entry["customer"], **{key: entry[key] for key in ENTRY[1:]}}
        if entry["kind"] in {"earn", "care", "opening", "expire"} or entry.get("lot"):
            row["lot_id"] = entry["lot"]
        if entry["kind"] in {"earn", "care", "opening", "adjust"}:
            row |= {key: entry.get(key) for key in ("available_at", "expires_at")}
        if entry["kind"] == "earn":
            row |= {key: entry[key] for key in ("rule", "desired", "cap")}
        found.append(row)
    return found


def entry_rows_of_ledger(ledger):
    found = []
    for entry in ledger.entries.rows(named=True):
        row = {key: entry[key] for key in ENTRY}
        if entry["kind"] in {"earn", "care", "opening", "expire"} or (
            entry["kind"] == "adjust" and entry["points"] > 0
        ):
            row["lot_id"] = entry["lot_id"]
        if entry["kind"] in {"earn", "care", "opening", "adjust"}:
            row |= {key: entry[key] for key in ("available_at", "expires_at")}
        if entry["kind"] == "earn":
            row |= {key: entry[key] for key in ("rule", "desired", "cap")}
        found.append(row)
    return found


def at_one_event(rows):
    """Several expiries or reversals of one event have no order among them."""
    loose = ("expire", "forgive")
    found, place = [], 0
    for number, row in enumerate(rows):
        before = rows[number - 1] if number else None
        same = before and all(before[key] == row[key] for key in ("customer_id", "at", "source"))
        place = place if same and before["kind"] == row["kind"] in loose else number
        balance = None if row["kind"] in loose else row["balance_after"]
        found.append((place, {**row, "balance_after": balance}))
    return [row for _, row in sorted(found, key=lambda pair: (pair[0], str(pair[1])))]


def summed(rows):
    """Allocations by customer, taker, lot and instant; what was undone at once is not there."""
    sums = {}
    for *key, points in rows:
        sums[tuple(key)] = sums.get(tuple(key), 0) + points
    return {key: points for key, points in sums.items() if points}


def allocations_of_twin(outcome):
    return summed(
        (row["customer"], row["kind"], row["source"], row["lot"], row["at"], row["points"])
        for row in outcome.allocations
    )


def allocations_of_ledger(ledger):
    entries = {row["entry_id"]: row for row in ledger.entries.rows(named=True)}
    found = []
    for row in ledger.allocations.rows(named=True):
        entry = entries[row["entry_id"]]
        key = (entry["customer_id"], entry["kind"], entry["source"], row["lot_id"], row["at"])
        found.append((*key, row["points"]))
    return summed(found)


def refusals_of_twin(outcome):
    return [(row["event"], row["customer"], row["at"], row["reason"]) for row in outcome.refusals]


def refusals_of_ledger(ledger):
    rows = ledger.refusals.select("event_id", "customer_id", "at", "reason").rows()
    return [(str(event), *rest) for event, *rest in rows]


def balances_of_twin(outcome):
    return [(row["customer"], *(row[key] for key in BALANCE)) for row in outcome.balances]


LOT_OF_TWIN = ("customer", "lot", "points", "left", "earned_at", "available_at", "expires_at")


def lots_of_twin(outcome):
    return [tuple(row[key] for key in LOT_OF_TWIN) for row in outcome.lots if row["left"]]


LOT = ("customer_id", "lot_id", "points", "remaining", "earned_at", "available_at", "expires_at")


def lots_of_ledger(ledger, as_of=None):
    shown = ledger.lots(as_of).filter(pl.col("remaining") > 0)
    return sorted(shown.select(LOT).rows(), key=str)


def balances_of_ledger(ledger, as_of=None):
    return ledger.balances(as_of).select("customer_id", *BALANCE).rows()


def tiers_of_ledger(ledger):
    return ledger.tier_history().select("customer_id", "since", "until", "tier").rows()


def both(outcome, ledger):
    """Name -> (twin, engine) of everything that is compared."""
    found = {
        "entries": (entry_rows_of_twin(outcome), entry_rows_of_ledger(ledger)),
        "allocations": (allocations_of_twin(outcome), allocations_of_ledger(ledger)),
        "refusals": (refusals_of_twin(outcome), refusals_of_ledger(ledger)),
        "balances": (balances_of_twin(outcome), balances_of_ledger(ledger)),
        "lots": (sorted(lots_of_twin(outcome), key=str), lots_of_ledger(ledger)),
    }
    found["entries"] = tuple(at_one_event(rows) for rows in found["entries"])
    found["refusals"] = tuple(sorted(rows, key=str) for rows in found["refusals"])
    if any(row["tier"] for row in outcome.balances):
        tiers = [row["tier"] for row in outcome.balances]
        found["tier held"] = (tiers, ledger.balances()["tier"].to_list())
        found["tiers"] = (outcome.tiers, tiers_of_ledger(ledger))
    return found


def differences(outcome, ledger):
    """What differs, by name; empty when the two say the same."""
    pairs = both(outcome, ledger).items()
    return {name: apart(*pair) for name, pair in pairs if pair[0] != pair[1]}


def apart(twin, engine):
    """The first rows that only one of them has."""
    if isinstance(twin, dict):
        twin, engine = list(twin.items()), list(engine.items())
    only = [
        [row for row in ours if row not in theirs][:FEW]
        for ours, theirs in ((twin, engine), (engine, twin))
    ]
    return {"twin": only[0], "engine": only[1]} if any(only) else "the order of rows"


FEW = 3
