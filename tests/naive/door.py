"""The slow obvious twin of the door: one row at a time, in plain Python."""

from __future__ import annotations

import datetime as dt
import math
import re
from decimal import Decimal
from fractions import Fraction

from naive.clock import SKIPPED, microseconds, zone_day_start, zone_instant
from naive.money import GOOD, NOT_FINITE, TOO_LARGE, smallest_units

REASONS = (
    "missing",
    "unreadable",
    "not_finite",
    "scale",
    "range",
    "other_currency",
    "duplicate",
    "conflict",
)
TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)


class Bad(Exception):
    """A value that cannot be read; its text is the reason."""


def read_id(value):
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        raise Bad("missing")
    return value if isinstance(value, str) else whole(value)


def whole(value):
    if isinstance(value, float):
        if math.isinf(value):
            raise Bad("not_finite")
        if value != int(value):
            raise Bad("unreadable")
        if abs(value) > 2**53:
            raise Bad("range")
    if isinstance(value, Decimal) and value != int(value):
        raise Bad("unreadable")
    if not -(2**63) <= int(value) < 2**63:
        raise Bad("range")
    return int(value)


def read_money(value, scale):
    if value is None:
        raise Bad("missing")
    if isinstance(value, float):
        units, status = smallest_units([value], 10**scale, 10**18, 8 * 2.0**-52)
        if status[0] != GOOD:
            raise Bad({NOT_FINITE: "not_finite", TOO_LARGE: "range"}.get(status[0], "scale"))
        return units[0]
    if isinstance(value, str) and not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", value, re.ASCII):
        raise Bad("unreadable")
    units = Fraction(value) * 10**scale
    if units.denominator != 1:
        raise Bad("scale")
    if abs(units) >= 10**18:
        raise Bad("range")
    return int(units)


def read_instant(value, tz):
    """Microseconds of UTC."""
    if value is None:
        raise Bad("missing")
    if isinstance(value, str):
        return instant_of_text(value, tz)
    if isinstance(value, dt.datetime):
        if value.tzinfo is not None:
            return microseconds(value)
        return of_local(value, tz)
    return zone_day_start(value, tz)


UNREAD, STAMP, DAY, FINER = range(4)
NO_ZONE = -10_000


def iso_time(text):
    """(microseconds on the clock the text means, minutes it is ahead of UTC, form)."""
    match = TIME.fullmatch(text)
    if match is None:
        return 0, NO_ZONE, UNREAD
    year, month, day, hour, minute, second, part, zone = match.groups()
    try:
        date = dt.date(int(year), int(month), int(day))
        if hour is None:
            midnight = dt.datetime.combine(date, dt.time(), dt.UTC)
            return microseconds(midnight), NO_ZONE, DAY
        nano = int((part or "0").ljust(9, "0"))
        time = dt.time(int(hour), int(minute), int(second or 0), nano // 1000, dt.UTC)
        ahead = minutes_ahead(zone)
    except ValueError:
        return 0, NO_ZONE, UNREAD
    local = microseconds(dt.datetime.combine(date, time))
    return local, NO_ZONE if ahead is None else ahead, FINER if nano % 1000 else STAMP


def iso_times(texts):
    """`iso_time` of each text."""
    return [iso_time(text) for text in texts]


def instant_of_text(text, tz):
    local, ahead, form = iso_time(text)
    if form == UNREAD:
        raise Bad("unreadable")
    wall = dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=local)
    if form == DAY:
        return zone_day_start(wall.date(), tz)
    instant = of_local(wall, tz) if ahead == NO_ZONE else local - ahead * 60_000_000
    if form == FINER:
        raise Bad("scale")
    return instant


def minutes_ahead(zone):
    if zone is None:
        return None
    if zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(zone)
    return (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)


def of_local(local, tz):
    found = zone_instant(microseconds(local.replace(tzinfo=dt.UTC)), tz)
    if found == SKIPPED:
        raise Bad("unreadable")
    return found


def read_row(row, scale, tz, currency):
    """(what the row says, None), or (None, its reason and column)."""
    readers = {
        "order_id": read_id,
        "customer_id": read_id,
        "ordered_at": lambda value: read_instant(value, tz),
        "total": lambda value: read_money(value, scale),
    }
    said, wrong = dict(row), []
    for name, reader in readers.items():
        try:
            said[name] = reader(row[name])
        except Bad as bad:
            wrong.append((REASONS.index(str(bad)), name))
    if row.get("currency", currency) != currency:
        wrong.append((REASONS.index("other_currency"), "currency"))
    if wrong:
        order, name = min(wrong, key=lambda fault: fault[0])
        return None, (REASONS[order], name)
    return said, None


def admit(rows, *, scale, tz, currency="EUR"):
    """Orders: the good rows in their order, and (row number, reason, column) of the others."""
    read = [read_row(row, scale, tz, currency) for row in rows]
    good, refused = [], []
    for place, (said, fault) in enumerate(read):
        if said is None:
            refused.append((place, *fault))
            continue
        same_key = [
            other
            for other, _ in read
            if other is not None and other["order_id"] == said["order_id"]
        ]
        earlier = [other for other, _ in read[:place]]
        if any(other != said for other in same_key):
            refused.append((place, "conflict", "order_id"))
        elif said in earlier:
            refused.append((place, "duplicate", "order_id"))
        else:
            good.append(said)
    return good, refused
