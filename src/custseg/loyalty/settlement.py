"""Settling: a program, a base, a pass over each member's events, a ledger."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import evolve, frozen

from custseg._kernels import books, lots
from custseg.errors import LedgerError
from custseg.loyalty.calendar import calendar
from custseg.loyalty.earning import event_side, order_side, terms_of
from custseg.loyalty.fitting import misfits
from custseg.loyalty.granting import effective, folded, needs_order, unfolded
from custseg.loyalty.kinds import ORDER_KIND
from custseg.loyalty.ledger import Ledger
from custseg.loyalty.logs import Logs, admitted
from custseg.loyalty.others import with_also, with_care
from custseg.loyalty.posting import NOTHING_BOOKED, Booked, Posted, posted
from custseg.loyalty.requests import REASONS, demanded, limits_of
from custseg.loyalty.sequence import LONG_AGO, NEVER, sequence
from custseg.loyalty.standing import balance_columns
from custseg.loyalty.tiering import TierMoves, tier_moves
from custseg.loyalty.weighing import beyond_at
from custseg.schema.bridge import instants, read_only
from custseg.threads import threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase
    from custseg.loyalty.calendar import Calendar
    from custseg.loyalty.earning import Side, Terms
    from custseg.loyalty.granting import Demand, Grants
    from custseg.loyalty.program import Program
    from custseg.loyalty.programs import Programs
    from custseg.loyalty.sequence import Sequence

    Ints = NDArray[np.int64]
    _Log = tuple[Ints, Ints, Ints, Ints, Ints, Ints]

__all__ = ["Settled", "earned", "settle", "settled"]


@frozen(eq=False)
class Settled:
    """All that came of a run, as arrays.

    Attributes:
        terms: The versions of the program.
        made: The sequence.
        sides: Orders and events as rules see them.
        demand: What rows ask for.
        days: The calendar.
        day: int64[n], the rows' days, indexes of the calendar.
        grants: What rows were granted.
        booked: What was made of them.
    """

    terms: tuple[Terms, ...]
    made: Sequence
    sides: tuple[Side, Side]
    demand: Demand
    days: Calendar
    day: Ints
    grants: Grants
    booked: Booked

    def best(self, place: int) -> bool:
        """Whether only the best rule counts where a rule, by its place, holds."""
        rules = [(each.program, rule) for each in self.terms for rule in each.program.earning]
        program, rule = rules[place]
        return program.combine == "best" and hasattr(rule, "unit")

    def winners(self, rows: Ints) -> Ints:
        """The rule, by its place, that is best in each row."""
        assert self.grants.winner is not None  # noqa: S101 - asked for best only
        return self.grants.winner[rows]


def settle(program: Program | Programs, base: CustomerBase, *, entries: bool) -> Ledger:
    """The ledger of a program over a base.

    Members are independent: each thread settles some of them, and the parts
    stand one after the other.

    Raises:
        LedgerError: as `Program.run` says.
    """
    terms = terms_of(program, base.scale)
    LedgerError.check(misfits(terms, base))
    logs = with_care(terms, with_also(terms, admitted(base), base), base)
    parts = logs.parted(_parts(logs))

    def part(own: Logs) -> _Part:
        return _Part.of(settled(terms, own, base, entries=entries), base, entries=entries)

    if len(parts) == 1:
        done = [part(parts[0])]
    else:
        with ThreadPoolExecutor(threads()) as pool:
            done = list(pool.map(part, parts))
    return Ledger(
        program=program,
        when=base.when,
        currency=base.currency,
        entries=_joined([each.posted and each.posted.entries for each in done]),
        allocations=_joined([each.posted and each.posted.allocations for each in done]),
        refusals=pl.concat([each.refusals for each in done]),
        closing=pl.concat([each.closing for each in done]),
        members=pl.concat([each.members for each in done]),
        turns=_joined([each.posted and each.posted.turns for each in done]),
        moves=TierMoves.joined([each.moves for each in done if each.moves is not None]),
        base=base,
        runs=tuple(each.run for each in done) if entries else (),
    )


def _parts(logs: Logs) -> int:
    """How many parts there are to be: none larger than what fits well in memory."""
    rows = logs.orders.height + logs.events.height
    many = min(threads(), rows // _WORTH_A_THREAD + 1)
    return many * -(-rows // (many * _LARGEST_PART)) if rows else 1


def _joined(frames: list[pl.DataFrame | None]) -> pl.DataFrame | None:
    kept = [each for each in frames if each is not None]
    return pl.concat(kept) if kept else None


_WORTH_A_THREAD = 200_000
_LARGEST_PART = 1_500_000


@frozen(eq=False)
class _Part:
    """Some members' part of a ledger."""

    run: Settled
    posted: Posted | None
    refusals: pl.DataFrame
    closing: pl.DataFrame
    members: pl.DataFrame
    moves: TierMoves | None

    @classmethod
    def of(cls, run: Settled, base: CustomerBase, *, entries: bool) -> _Part:
        """The part that a run is shown as."""
        until, members = base.when.instant, run.made.members
        moves = tier_moves(run, until)
        whose = pl.DataFrame({"customer_id": members.ids, "since": members.since})
        return cls(
            run,
            posted(run) if entries else None,
            _refusals(run, base),
            _closing(run, moves, until),
            whose if members.known.all() else whose.filter(pl.Series(members.known)),
            moves,
        )


def settled(terms: tuple[Terms, ...], logs: Logs, base: CustomerBase, *, entries: bool) -> Settled:
    """What came of a run, before it is shown."""
    run = earned(terms, logs, base, entries=entries)
    booked = _booked(run, until=base.when.instant, entries=entries)
    return evolve(run, booked=booked)


def earned(terms: tuple[Terms, ...], logs: Logs, base: CustomerBase, *, entries: bool) -> Settled:
    """What rows of logs are granted, before anything is booked."""
    kinds = frozenset(rule.on for each in terms for rule in each.program.earning) - {ORDER_KIND}
    counts_all = any(each.program.tiers is not None for each in terms)
    made = sequence(logs, base.customers, None if counts_all else kinds)
    sides = order_side(terms, made.logs.orders, base), event_side(terms, made.logs.events, base)
    until = base.when.instant
    low = int(made.at.min()) if made.at.size else until
    if made.joined_some:
        joined = made.members.joined
        low = min(low, int(np.where(joined > LONG_AGO, joined, low).min()))
    days = calendar(terms, low, until, base.tz)
    day = days.days(made.at)
    demand = demanded(terms, sides, made, day + days.first)
    if needs_order(terms, demand, made.act):
        grants = folded(terms, sides, made, demand, days, day, until=until, entries=entries)
    else:
        grants = unfolded(terms, sides, made, demand)
    return Settled(terms, made, sides, demand, days, day, grants, NOTHING_BOOKED)


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
        (totals, reason, takings, others, np.empty((widest, lots.LOT), np.int64)),
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


def _refusals(run: Settled, base: CustomerBase) -> pl.DataFrame:
    """What was refused, by customer and order of things, and why."""
    reason = run.booked.reason
    rows = np.flatnonzero(reason)
    text = any(rule.also for each in run.terms for rule in each.program.rules)
    only = (
        None
        if base.has("orders") and base.has("events")
        else ("events", "orders")[base.has("orders")]
    )
    names = run.made.names(text=text, only=only)
    return pl.DataFrame(
        {
            "event_id": names.gather(run.made.places(rows)),
            "customer_id": run.made.members.ids.gather(run.made.member_of()[rows]),
            "at": instants(run.made.at[rows]),
            "reason": pl.Series(REASONS).gather(reason[rows]),
        }
    )


def _closing(run: Settled, moves: TierMoves | None, until: int) -> pl.DataFrame:
    """Balances at the as_of, from the kernel's totals."""
    totals, members = run.booked.totals, run.made.members
    columns = {
        "available": lots.AVAILABLE,
        "pending": lots.PENDING,
        "debt": books.DEBT,
        "earned": lots.EARNED,
        "redeemed": lots.REDEEMED,
        "expired": lots.EXPIRED,
        "clawed_back": books.CLAWED,
        "adjusted": books.ADJUSTED,
        "forgiven": books.FORGIVEN,
        "next_expiry_points": lots.NEXT_POINTS,
        "next": lots.NEXT_AT,
    }
    frame = pl.DataFrame(
        {
            "customer_id": members.ids,
            **{name: totals[:, place] for name, place in columns.items()},
            "tier": pl.repeat(None, members.ids.len(), dtype=pl.String, eager=True)
            if moves is None
            else moves.closing,
        }
    )
    frame = frame.with_columns(
        next_expiry_at=pl.when(pl.col("next") != NEVER)
        .then(pl.col("next"))
        .cast(pl.Datetime("us", "UTC"))
    )
    is_member = members.known & (members.since <= until)
    return balance_columns(frame if is_member.all() else frame.filter(pl.Series(is_member)))
