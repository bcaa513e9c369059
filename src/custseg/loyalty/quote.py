"""Quote: what an order would earn, why, and the tier after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from attrs import frozen

from custseg._kernels import books
from custseg._kernels.grants import DESIRED, HELD_BEFORE
from custseg.base.span import AsOf
from custseg.errors import LedgerError, Problem
from custseg.loyalty.earning import with_lines
from custseg.loyalty.granting import effective
from custseg.loyalty.logs import Logs
from custseg.loyalty.naming import took_part
from custseg.loyalty.plan import plan_of
from custseg.loyalty.posting import cap_codes, cap_names
from custseg.loyalty.settlement import earned
from custseg.schema.bridge import array, framed, located, nulls, occurrences

if TYPE_CHECKING:
    from custseg.loyalty.frames import Frames
    from custseg.loyalty.ledger import Ledger
    from custseg.loyalty.program import Program
    from custseg.loyalty.programs import Programs
    from custseg.model.nouns import Order

__all__ = ["Quote", "quote"]


@frozen
class Quote:
    """What an order would earn.

    Attributes:
        points: How many points.
        desired: How many, were there no cap of the program's.
        rule: The rules that would take part, joined by +; None where none would.
        cap: The caps that would bind, joined by +; None where none would.
        tier_before: The tier held before, or None without tiers.
        tier_after: The tier held after.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(20, 60, seed=1).base()
    >>> blue = cu.Program("Blue", earning=cu.Earn.per("base", 2, per="1.00"))
    >>> customer = shop.orders["customer_id"][0]
    >>> order = cu.Order(order_id=10**9, customer_id=customer, ordered_at=shop.instant, total=12)
    >>> blue.quote(order, blue.run(shop)).points
    24
    """

    points: int
    desired: int
    rule: str | None
    cap: str | None
    tier_before: str | None
    tier_after: str | None


def quote(program: Program | Programs, order: Order, ledger: Ledger) -> Quote:
    """What an order would earn after all that a ledger has seen.

    The order is settled with its member's own logs, by the very same steps as
    a run: there is no second reading of the program.

    Raises:
        LedgerError: when the order precedes the ledger's as_of or is in it
            already, its customer's id is of another type, or the ledger was
            made without entries.
    """
    frames = ledger._frames  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    base = frames.base
    row = frames.door.frame([order])
    at = int(array(row["ordered_at"])[0])
    LedgerError.check(_problems(order, row, at, frames))
    logs = _own(frames, row, at)
    when = AsOf(at, base.when.today, base.tz)
    seen = base._changed(when=when)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    plan = plan_of(program, base.scale)
    run = earned(plan, with_lines(plan, logs, seen), seen, entries=True)
    ladder, tiers = plan[-1].program.tiers, run.grants.held
    names = () if ladder is None else ladder.names
    after = names[int(tiers[0])] if tiers is not None and tiers.size else None
    found = occurrences(run.made.logs.orders["order_id"], row["order_id"][0])
    if not found.size:
        # An order of nothing counts nowhere.
        return Quote(0, 0, None, None, after, after)
    if found.size > 1:
        raise LedgerError(
            f"order {order.order_id!r} is in the ledger already",
            where=_WHERE,
            fix="quote an order that has not come yet",
        )
    rows = run.made.of_orders[found]
    if effective(run.made, run.demand)[rows[0]] == books.NOTHING:
        # Who is unknown, or has left, is no member.
        return Quote(0, 0, None, None, None, None)
    points, told = int(run.grants.points[rows[0]]), run.grants.told
    before = names[int(told[rows[0], HELD_BEFORE])] if names and told is not None else None
    if points < 0:
        return Quote(0, 0, None, None, before, after)
    return Quote(
        points,
        points if told is None else int(told[rows[0], DESIRED]),
        "+".join(name for name, took in took_part(run, rows) if took[0]),
        cap_names(run, int(cap_codes(run, rows, earned=True)[0])),
        before,
        after,
    )


_WHERE = "Program.quote"


def _problems(order: Order, row: pl.DataFrame, at: int, frames: Frames) -> list[Problem]:
    if not frames.has_entries:
        what = "this ledger was made without entries"
        return [Problem(what, _WHERE, "run the program with entries=True")]
    if row["customer_id"].dtype != frames.base.id_type:
        what = f"customer {order.customer_id!r} is of another type than the ids of the base"
        return [Problem(what, _WHERE, "write it as the base does")]
    if at < frames.base.when.instant:
        what = f"order {order.order_id!r} lies before the ledger's as_of"
        fix = "quote orders at or after it, or run the program on base.as_of(...) earlier"
        return [Problem(what, _WHERE, fix)]
    return []


def _own(frames: Frames, row: pl.DataFrame, at: int) -> Logs:
    """The logs of the order's member with the order."""
    customer = row["customer_id"]
    made, people = frames.run_of(customer[0]).made, frames.people
    logs, own = made.logs, _own_rows(made.members.ids, customer)
    (a, b), (c, d) = ((int(each[own.start]), int(each[own.stop])) for each in made.firsts)
    orders = logs.orders.slice(a, b - a)
    if row["total"][0] > 0:
        orders = _with(orders, row)
    if b > a and made.at[made.of_orders[b - 1]] >= at:
        orders = orders.sort("customer_id", "ordered_at", "order_id")
    if people is not None:
        people = people[_own_rows(people["customer_id"], customer)]
    return Logs(orders, logs.events.slice(c, d - c), logs.act[c:d], people)


def _own_rows(ids: pl.Series, customer: pl.Series) -> slice:
    """Where a customer stands among distinct, sorted ids; nowhere if it does not."""
    place = int(located(ids, customer)[0])
    return slice(0, 0) if place < 0 else slice(place, place + 1)


def _with(orders: pl.DataFrame, row: pl.DataFrame) -> pl.DataFrame:
    """Orders and one more, with the columns that orders have."""
    if (row.columns, row.dtypes) != (orders.columns, orders.dtypes):
        have, want = (dict(zip(each.columns, each.dtypes, strict=True)) for each in (row, orders))
        shared = [name for name in have if name in want]
        if any(have[name] != want[name] for name in shared):
            return pl.concat([orders, row.select(shared)], how="diagonal_relaxed")
        row = framed(
            [row[name] if name in have else nulls(name, dtype, 1) for name, dtype in want.items()]
        )
    # Unlike a stack of frames it is in one piece; the clone alone is longer.
    return orders.clone().extend(row)
