"""Settling: a program, a base, one pass of the kernel, a ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from custseg._kernels import lots
from custseg.errors import LedgerError, Problem
from custseg.loyalty.activity import REASONS, beyond_int64
from custseg.loyalty.ledger import Ledger
from custseg.loyalty.posting import posted
from custseg.loyalty.sequence import sequence
from custseg.loyalty.standing import balance_columns
from custseg.schema.bridge import instants, read_only
from custseg.schema.clock import DAY, clock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase
    from custseg.loyalty.program import Program
    from custseg.loyalty.sequence import Sequence

__all__ = ["settle"]

_INSUFFICIENT = REASONS.index("insufficient")
_AT_ONCE = -(2**63)


def settle(program: Program, base: CustomerBase, *, entries: bool) -> Ledger:
    """The ledger of a program over a base.

    Raises:
        LedgerError: as `Program.run` says.
    """
    LedgerError.check(_misfits(program, base))
    made = sequence(program, base)
    day, opens, ends = _calendar(program, made.at, base.tz)
    oldest_first = program.redemption.order == "oldest_first"
    totals, refused, takings = room = _room(made, entries=entries)
    taken, broken = lots.fold_lots(
        made.offsets,
        made.at,
        made.rank,
        made.points,
        day,
        opens,
        ends,
        base.when.instant,
        oldest_first,
        room,
    )
    if broken >= 0:
        row = np.array([broken], np.int64)
        noun = "order_id" if made.rank[broken] == lots.ORDER else "event_id"
        names = [made.column(name, row).item() for name in ("customer_id", noun, "rank")]
        raise beyond_int64(*names)
    books = posted(program, made, refused, takings[:taken], (day, opens, ends)) if entries else None
    return Ledger(
        program=program,
        when=base.when,
        entries=None if books is None else books[0],
        allocations=None if books is None else books[1],
        refusals=_refusals(base, made, refused),
        closing=_closing(made, totals, base.when.instant),
        members=made.members.filter("known").select("customer_id", "since"),
    )


def _room(
    made: Sequence, *, entries: bool
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]:
    """What the kernel writes: totals, refused, takings."""
    rows = made.at.size
    return (
        np.empty((made.offsets.size - 1, lots.TOTALS), np.int64),
        np.zeros(rows, np.bool_),
        np.empty((rows if entries else 0, 3), np.int64),
    )


def _misfits(program: Program, base: CustomerBase) -> list[Problem]:
    """Where program and base do not fit together: money, zone, conditions."""
    where = f"Program({program.name!r})"
    found = [
        Problem(
            f"the program's {name} is {meant!r}, the base's is {have!r}",
            f"{where}.{name}",
            f"run it on a base with {name}={meant!r}, or leave it out of the program",
        )
        for name, meant, have in (
            ("currency", program.currency, base.currency),
            ("tz", program.tz, base.tz),
        )
        if meant is not None and meant != have
    ]
    for place, rule in enumerate(program.earning):
        at = f"{where}.earning[{place}]"
        log = "orders" if rule.on == "order" else "events"
        if rule.rule is not None and base.has(log):
            found += rule.rule.problems(_schema(base, log), where=f"{at}.when")
        if rule.lines is not None and not base.has("lines"):
            what = f"rule {rule.name!r} counts order lines, and the base has none"
            found.append(
                Problem(what, f"{at}.lines", "give the base lines=, or leave out the rule")
            )
        elif rule.line_rule is not None:
            found += rule.line_rule.problems(_schema(base, "lines"), where=f"{at}.lines")
    return found


def _schema(base: CustomerBase, log: str) -> pl.Schema:
    """Names and types of a log's rows as rules see them."""

    def local(schema: pl.Schema) -> dict[str, pl.DataType]:
        return {
            name: pl.Datetime("us") if isinstance(dtype, pl.Datetime) else dtype
            for name, dtype in schema.items()
        }

    seen = local(base.log(log).schema)
    if base.customers is not None:
        seen["customer"] = pl.Struct(local(base.customers.schema))
    return pl.Schema(seen)


def _calendar(
    program: Program, at: NDArray[np.int64], tz: str
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Each row's local day, counted from the first, and when points of each day open and end."""
    if at.size == 0:
        nothing = read_only(np.zeros(0, np.int64))
        return nothing, nothing, nothing
    low, high = int(at.min()), int(at.max())
    days = clock(tz, low - DAY, high + DAY).days(at)
    first, last = int(days.min()), int(days.max())
    numbers = np.arange(first, last + 1)
    opens = np.full(numbers.size, _AT_ONCE)
    if program.pending_days:
        usable = numbers + program.pending_days
        opens = clock(tz, low - DAY, int(usable[-1] + 2) * DAY).day_starts(usable)
    ends = np.full(numbers.size, lots.NEVER)
    if program.expiry.ends:
        earned = pl.Series(numbers).cast(pl.Int32).cast(pl.Date)
        over = program.expiry.last_days(earned).to_physical().cast(pl.Int64).to_numpy() + 1
        ends = clock(tz, low - DAY, int(over.max() + 2) * DAY).day_starts(over)
    return read_only(days - first), read_only(opens), read_only(ends)


def _refusals(base: CustomerBase, made: Sequence, refused: NDArray[np.bool_]) -> pl.DataFrame:
    """What was refused, by customer and order of things, and why."""
    reason = np.where(refused, _INSUFFICIENT, made.reason)
    rows = np.flatnonzero(reason)
    order_ids, event_ids = made.column("order_id", rows), made.column("event_id", rows)
    if not base.has("events"):
        ids = order_ids
    elif base.has("orders") and order_ids.dtype != event_ids.dtype:
        ids = event_ids.cast(pl.String).fill_null(order_ids.cast(pl.String))
    else:
        ids = event_ids.fill_null(order_ids.cast(event_ids.dtype))
    return pl.DataFrame(
        {
            "event_id": ids,
            "customer_id": made.column("customer_id", rows),
            "at": instants(made.at[rows]),
            "reason": pl.Series(REASONS).gather(reason[rows]),
        }
    )


def _closing(made: Sequence, totals: NDArray[np.int64], until: int) -> pl.DataFrame:
    """Balances at the as_of, from the kernel's totals."""
    held = {
        name: totals[:, place]
        for name, place in (
            ("available", lots.AVAILABLE),
            ("pending", lots.PENDING),
            ("earned", lots.EARNED),
            ("redeemed", lots.REDEEMED),
            ("expired", lots.EXPIRED),
            ("next_expiry_points", lots.NEXT_POINTS),
        )
    }
    frame = pl.DataFrame(
        {"customer_id": made.members["customer_id"], **held, "next": totals[:, lots.NEXT_AT]}
    )
    frame = frame.with_columns(
        next_expiry_at=pl.when(pl.col("next") != lots.NEVER)
        .then(pl.col("next"))
        .cast(pl.Datetime("us", "UTC"))
    )
    is_member = made.members.select(pl.col("known") & (pl.col("since") <= until)).to_series()
    return balance_columns(frame.filter(is_member))
