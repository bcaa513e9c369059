"""Settling: a program, a base, a pass over each member's events, a ledger."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve, frozen

from custseg._kernels import books, lots
from custseg.errors import LedgerError
from custseg.loyalty.closing import refusals
from custseg.loyalty.earn import Earn
from custseg.loyalty.earning import Side, event_side, order_side, with_lines
from custseg.loyalty.frames import Frames
from custseg.loyalty.granting import Demand, effective, folded, needs_order, unfolded
from custseg.loyalty.ledger import Ledger
from custseg.loyalty.logs import NO_LOGS, admitted
from custseg.loyalty.others import with_also, with_care
from custseg.loyalty.plan import plan_of
from custseg.loyalty.posting import NOTHING_BOOKED, Booked
from custseg.loyalty.requests import demanded, limits_of
from custseg.loyalty.sequence import LONG_AGO, sequence
from custseg.loyalty.weighing import beyond_at
from custseg.schema.bridge import read_only
from custseg.threads import threads

if TYPE_CHECKING:
    from collections.abc import Sequence as Listed

    import polars as pl
    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase
    from custseg.loyalty.calendar import Calendar
    from custseg.loyalty.granting import Grants
    from custseg.loyalty.logs import Logs
    from custseg.loyalty.plan import Plan
    from custseg.loyalty.program import Program
    from custseg.loyalty.programs import Programs
    from custseg.loyalty.sequence import Sequence

    Ints = NDArray[np.int64]
    _Log = tuple[Ints, Ints, Ints, Ints, Ints, Ints]

__all__ = ["Settled", "earned", "settle", "settle_each"]


@frozen(eq=False)
class Settled:
    """All that came of a run, as arrays.

    Attributes:
        terms: The versions of the program, and what follows from them.
        made: The sequence.
        sides: Orders and events as rules see them.
        demand: What rows ask for.
        days: The calendar.
        day: int64[n], the rows' days, indexes of the calendar.
        grants: What rows were granted.
        booked: What was made of them.
        refused: The refusals, where rows were let go; else None.
    """

    terms: Plan
    made: Sequence
    sides: tuple[Side, Side]
    demand: Demand
    days: Calendar
    day: Ints
    grants: Grants
    booked: Booked
    refused: pl.DataFrame | None = None

    def closed(self, base: CustomerBase) -> Settled:
        """The same without rows: what balances, tiers and refusals are made of."""
        none = np.zeros(0, np.int64)
        made = evolve(self.made, logs=NO_LOGS, source=None, of_orders=none, of_events=none)
        made = evolve(made, at=none, act=none, firsts=(none, none), outside=None, strange=None)
        return Settled(
            self.terms,
            made,
            (Side(none, (), ()), Side(none, (), ())),
            Demand(none, none, none, none, none),
            self.days,
            none,
            evolve(self.grants, points=none, winner=None),
            evolve(NOTHING_BOOKED, totals=self.booked.totals),
            refusals(self, base),
        )

    def best(self, place: int) -> bool:
        """Whether only the best rule counts where a rule, by its place, holds."""
        each = self.terms.placed[place]
        return each.best and isinstance(each.rule, Earn)

    def winners(self, rows: Ints) -> Ints:
        """The rule, by its place, that is best in each row."""
        assert self.grants.winner is not None  # noqa: S101 - asked for best only
        return self.grants.winner[rows]


def settle(program: Program | Programs, base: CustomerBase, *, entries: bool) -> Ledger:
    """The ledger of a program over a base.

    Raises:
        LedgerError: as `Program.run` says.
    """
    return settle_each((program,), base, entries=entries)[0]


def settle_each(
    programs: Listed[Program | Programs], base: CustomerBase, *, entries: bool
) -> list[Ledger]:
    """The ledgers of programs over one base, whose logs are read once.

    Members are independent: each thread settles some of them, and the parts
    stand one after the other.

    Raises:
        LedgerError: as `Program.run` says.
    """
    plans = [plan_of(program, base.scale) for program in programs]
    for plan in plans:
        LedgerError.check(plan.misfits(base))
    logs = admitted(base)
    owns = [
        with_care(plan, with_also(plan, with_lines(plan, logs, base), base), base) for plan in plans
    ]
    runs: list[tuple[Settled, ...]] = []
    if len(plans) > 1 and all(own is logs for own in owns):
        runs += _each_over(plans, logs, base, entries=entries)
    else:
        for plan, own in zip(plans, owns, strict=True):
            runs += _each_over([plan], own, base, entries=entries)
    return [
        Ledger(
            program=program,
            when=base.when,
            currency=base.currency,
            frames=Frames(made, base, entries),
        )
        for program, made in zip(programs, runs, strict=True)
    ]


def _each_over(
    plans: list[Plan], logs: Logs, base: CustomerBase, *, entries: bool
) -> list[tuple[Settled, ...]]:
    """What came of logs under each plan, in parts; those that share a sequence share it."""

    def part(own: Logs) -> list[Settled]:
        made: dict[frozenset[str] | None, Sequence] = {}
        done: list[Settled] = []
        for plan in plans:
            if plan.counted not in made:
                made[plan.counted] = sequence(own, plan.counted)
            run = _settled(plan, made[plan.counted], base, entries=entries)
            done.append(run if entries else run.closed(base))
        return done

    parts = logs.parted(_parts(logs.height))
    if len(parts) == 1:
        return [(run,) for run in part(parts[0])]
    with ThreadPoolExecutor(threads()) as pool:
        done = list(pool.map(part, parts))
    return list(zip(*done, strict=True))


def _parts(rows: int) -> int:
    """How many parts there are to be: small ones stay within the processor's cache."""
    return 1 if rows < 2 * _WORTH_A_PART else rows // _WORTH_A_PART


_WORTH_A_PART = 150_000


def earned(plan: Plan, logs: Logs, base: CustomerBase, *, entries: bool) -> Settled:
    """What rows of logs are granted, before anything is booked."""
    return _earned(plan, sequence(logs, plan.counted), base, entries=entries)


def _settled(plan: Plan, made: Sequence, base: CustomerBase, *, entries: bool) -> Settled:
    run = _earned(plan, made, base, entries=entries)
    booked = _booked(run, until=base.when.instant, entries=entries)
    return evolve(run, booked=booked)


def _earned(plan: Plan, made: Sequence, base: CustomerBase, *, entries: bool) -> Settled:
    """What rows of a sequence are granted."""
    until, logs = base.when.instant, made.logs
    sides = order_side(plan, logs, base.tz), event_side(plan, logs, base.tz)
    low = int(made.at.min()) if made.at.size else until
    joined = made.members.joined
    if made.joined_some:
        low = min(low, int(np.where(joined > LONG_AGO, joined, low).min()))
    days = plan.calendar(low, until, base.tz)
    day = days.days(made.at)
    demand = demanded(plan, sides, made, day + days.first)
    if needs_order(plan, demand, made.act):
        grants = folded(plan, sides, made, demand, days, day, until=until, entries=entries)
    else:
        grants = unfolded(plan.versions, sides, made, demand)
    return Settled(plan, made, sides, demand, days, day, grants, NOTHING_BOOKED)


def _booked(run: Settled, *, until: int, entries: bool) -> Booked:
    """Lots, debts and refusals: for each member the kernel that is needed, and no more."""
    made, demand, limits = run.made, run.demand, read_only(limits_of(run.terms))
    members, act = made.offsets.size - 1, effective(made, demand)
    at, extra, refers = (read_only(each) for each in (made.at, demand.extra, demand.refers))
    log = (at, act, run.grants.points, extra, refers, run.day)
    totals = np.empty((members, books.TOTALS), np.int64)
    reason = np.array(demand.reason)
    idle = any(each.program.expiry.idles for each in run.terms)
    orders = {each.program.redemption.order for each in run.terms}
    about = (run, log, limits, totals, reason, until)
    if idle or len(orders) > 1:
        return _in_books(*about, np.arange(members), entries=entries)
    booked, others = _in_lots(*about, entries=entries)
    if others.size == 0:
        return booked
    rest = _in_books(*about, others, entries=entries)
    return booked.beside(rest, made.offsets) if entries else booked


def _in_lots(
    run: Settled,
    log: _Log,
    limits: Ints,
    totals: Ints,
    reason: Ints,
    until: int,
    *,
    entries: bool,
) -> tuple[Booked, Ints]:
    """Whom lots are enough for, and the members who need more."""
    made, days, rows = run.made, run.days, run.made.at.size
    takings = np.empty((rows if entries else 0, 3), np.int64)
    others = np.empty(made.offsets.size - 1, np.int64)
    widest = int(np.diff(made.offsets).max(initial=1))
    taken, more, broken = lots.fold_lots(
        made.offsets,
        log,
        (days.opens, days.ends),
        limits,
        until,
        run.terms[0].program.redemption.order == "oldest_first",
        (totals, reason, takings, others, np.empty(widest * lots.LOT, np.int64)),
    )
    if broken >= 0:
        raise beyond_at(made, broken)
    others = others[:more]
    if not entries:
        return evolve(NOTHING_BOOKED, totals=totals, reason=reason), others
    return Booked.of_lots(totals, reason, takings[:taken], log[1], others, run), others


def _in_books(
    run: Settled,
    log: _Log,
    limits: Ints,
    totals: Ints,
    reason: Ints,
    until: int,
    members: Ints,
    *,
    entries: bool,
) -> Booked:
    """Some members, whatever the kinds."""
    made, days = run.made, run.days
    tables = (days.opens, days.ends, days.idles, days.terms, days.revivals)
    sizes = np.diff(made.offsets)[members]
    widest = int(sizes.max(initial=1))
    fixed = books.STATE + 2 * limits.size + books.DAY * days.opens.size
    fixed += (2 + books.ROW) * widest
    # Without entries, takings are those of one member at a time.
    room = 2 * (int(sizes.sum()) if entries else widest) + 64
    while True:
        spaces = (widest, room, room if entries else 0)
        written = fixed + books.TAKING * room
        desk = np.empty(written + books.POST * spaces[2], np.int64)
        out = (totals, reason, desk)
        taken, count, state = books.fold_books(
            made.offsets, read_only(members), log, tables, limits, until, spaces, out
        )
        if state != books.FULL:
            break
        room *= 4
    if state < made.at.size:
        raise beyond_at(made, state)
    takings = desk[fixed : fixed + books.TAKING * taken].reshape(-1, books.TAKING)
    posts = desk[written : written + books.POST * count].reshape(-1, books.POST)
    return Booked(totals, reason, takings[:, :4], posts)
