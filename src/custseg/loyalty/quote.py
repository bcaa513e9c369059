"""Quote: what an order would earn, why, and the tier after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg._kernels import books
from custseg._kernels.grants import DESIRED, HELD_BEFORE
from custseg.base.span import AsOf
from custseg.errors import LedgerError, Problem
from custseg.loyalty.granting import effective
from custseg.loyalty.logs import Logs
from custseg.loyalty.naming import rule_names
from custseg.loyalty.plan import plan_of
from custseg.loyalty.posting import caps_bound
from custseg.loyalty.settlement import earned
from custseg.model.nouns import Order
from custseg.schema.table import table

if TYPE_CHECKING:
    from custseg.base.customer_base import CustomerBase
    from custseg.loyalty.ledger import Ledger
    from custseg.loyalty.program import Program
    from custseg.loyalty.settlement import Settled

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


def quote(program: Program, order: Order, ledger: Ledger) -> Quote:
    """What an order would earn after all that a ledger has seen.

    The order is settled with its member's own logs, by the very same steps as
    a run: there is no second reading of the program.

    Raises:
        LedgerError: when the order precedes the ledger's as_of, or the ledger
            was made without entries.
    """
    base = ledger._base  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    runs = ledger._runs  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    row = table(Order, currency=base.currency, tz=base.tz).frame([order])
    at = int(row["ordered_at"].to_physical()[0])
    LedgerError.check(_problems(order, at, base, runs))
    logs = _own(runs, row, base)
    plan = plan_of(program, base.scale)
    when = AsOf(at, base.when.today, base.tz)
    seen = base._changed(when=when)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    run = earned(plan, logs, seen, entries=True)
    place = np.flatnonzero((run.made.logs.orders["order_id"] == row["order_id"][0]).to_numpy())
    rows = run.made.rows_at(place)
    if effective(run.made, run.demand)[rows[0]] == books.NOTHING:
        # Who is unknown, or has left, is no member.
        return Quote(0, 0, None, None, None, None)
    points, told, held = int(run.grants.points[rows[0]]), run.grants.told, run.grants.held
    names = program.tiers.names if program.tiers is not None else ()
    after = names[int(held[0])] if held is not None else None
    before = names[int(told[rows[0], HELD_BEFORE])] if names and told is not None else None
    if points < 0:
        return Quote(0, 0, None, None, before, after)
    every = np.ones(1, np.bool_)
    return Quote(
        points,
        points if told is None else int(told[rows[0], DESIRED]),
        rule_names(run, rows, every)[0],
        caps_bound(run, rows, every)[0],
        before,
        after,
    )


def _problems(
    order: Order, at: int, base: CustomerBase, runs: tuple[Settled, ...]
) -> list[Problem]:
    where = "Program.quote"
    if not runs:
        what = "this ledger was made without entries"
        return [Problem(what, where, "run the program with entries=True")]
    if at < base.when.instant:
        what = f"order {order.order_id!r} lies before the ledger's as_of"
        fix = "quote orders at or after it, or run the program on base.as_of(...) earlier"
        return [Problem(what, where, fix)]
    return []


def _own(runs: tuple[Settled, ...], row: pl.DataFrame, base: CustomerBase) -> Logs:
    """The logs of the order's member with the order."""
    customer = row["customer_id"][0]
    held = runs[0].made.logs
    found = held.orders[:0], held.events[:0], held.act[:0]
    for run in runs:
        logs = run.made.logs
        (a, b), (c, d) = (
            [int(ids.search_sorted(customer, side=side)) for side in ("left", "right")]
            for ids in (logs.orders["customer_id"], logs.events["customer_id"])
        )
        if a < b or c < d:
            found = logs.orders[a:b], logs.events[c:d], logs.act[c:d]
    orders, events, act = found
    orders = pl.concat([orders, row.select(_known(row, orders))], how="diagonal_relaxed")
    orders = orders.sort("customer_id", "ordered_at", "order_id")
    people = base.customers
    if people is not None:
        people = people.filter(pl.col("customer_id") == customer)
    return Logs(orders, events, act, people)


def _known(row: pl.DataFrame, orders: pl.DataFrame) -> list[str]:
    return [name for name in row.columns if name in orders.columns]
