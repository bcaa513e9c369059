"""Settling: a program, a base, a pass over each member's events, a ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg._kernels import books, lots
from custseg.errors import LedgerError
from custseg.loyalty.calendar import calendar
from custseg.loyalty.earning import event_side, order_side, terms_of
from custseg.loyalty.fitting import misfits
from custseg.loyalty.granting import beyond_at, effective, folded, needs_order, unfolded
from custseg.loyalty.kinds import ORDER_KIND
from custseg.loyalty.ledger import Ledger
from custseg.loyalty.logs import admitted
from custseg.loyalty.others import with_also, with_care
from custseg.loyalty.posting import Booked, posted
from custseg.loyalty.requests import REASONS, demanded, limits_of
from custseg.loyalty.sequence import NEVER, sequence
from custseg.loyalty.standing import balance_columns
from custseg.loyalty.tiering import TierMoves, tier_moves
from custseg.schema.bridge import instants, read_only

if TYPE_CHECKING:
    from collections.abc import Sequence as Listed

    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase
    from custseg.loyalty.calendar import Calendar
    from custseg.loyalty.earning import Side, Terms
    from custseg.loyalty.granting import Demand, Grants
    from custseg.loyalty.program import Program
    from custseg.loyalty.programs import Programs
    from custseg.loyalty.sequence import Sequence

    Ints = NDArray[np.int64]

__all__ = ["Settled", "settle", "settled"]

_INSUFFICIENT = REASONS.index("insufficient")


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

    Raises:
        LedgerError: as `Program.run` says.
    """
    run = settled(program, base, entries=entries)
    made, until = run.made, base.when.instant
    books_of = posted(run) if entries else None
    moves = tier_moves(run, until)
    members = pl.DataFrame({"customer_id": made.members.ids, "since": made.members.since})
    return Ledger(
        program=program,
        when=base.when,
        currency=base.currency,
        entries=None if books_of is None else books_of.entries,
        allocations=None if books_of is None else books_of.allocations,
        refusals=_refusals(run),
        closing=_closing(run, moves, until),
        members=members.filter(pl.Series(made.members.known)),
        turns=None if books_of is None else books_of.turns,
        moves=moves,
        base=base,
        run=run if entries else None,
    )


def settled(program: Program | Programs, base: CustomerBase, *, entries: bool) -> Settled:
    """What came of a run, before it is shown."""
    terms = terms_of(program, base.scale)
    LedgerError.check(misfits(terms, base))
    logs = with_care(terms, with_also(terms, admitted(base), base), base)
    kinds = frozenset(rule.on for each in terms for rule in each.program.earning) - {ORDER_KIND}
    counts_all = any(each.program.tiers is not None for each in terms)
    made = sequence(logs, base.customers, None if counts_all else kinds)
    sides = order_side(terms, made.logs.orders, base), event_side(terms, made.logs.events, base)
    until = base.when.instant
    low = int(made.at.min()) if made.at.size else until
    if base.customers is not None and made.at.size:
        low = min(low, int(np.where(made.members.joined > -(2**62), made.members.joined, low).min()))
    days = calendar(terms, low, until, base.tz)
    day = days.days(made.at)
    demand = demanded(terms, sides, made, day + days.first)
    if needs_order(terms, demand, made.act):
        grants = folded(terms, sides, made, demand, days, day, until=until, entries=entries)
    else:
        grants = unfolded(terms, sides, made, demand)
    booked = _booked(terms, made, demand, days, day, grants, until=until, entries=entries)
    return Settled(terms, made, sides, demand, days, day, grants, booked)


def _booked(
    terms: Listed[Terms],
    made: Sequence,
    demand: Demand,
    days: Calendar,
    day: Ints,
    grants: Grants,
    *,
    until: int,
    entries: bool,
) -> Booked:
    """Lots, debts and refusals: the kernel that the log needs, and no more."""
    act = effective(made, demand)
    plain = (act == books.NOTHING) | (act == books.ORDER) | (act == books.ACTION)
    plain |= act == books.REDEEM
    limits = limits_of(terms)
    if bool(plain.all()) and not limits.size and int(days.idles.min(initial=NEVER)) == NEVER:
        if len({int(each) & 1 for each in np.unique(days.terms)}) == 1:
            return _in_lots(made, demand, act, days, day, grants, until=until, entries=entries)
    return _in_books(
        made, demand, act, days, day, grants, read_only(limits), until=until, entries=entries
    )


def _in_lots(
    made: Sequence,
    demand: Demand,
    act: Ints,
    days: Calendar,
    day: Ints,
    grants: Grants,
    *,
    until: int,
    entries: bool,
) -> Booked:
    """Orders, actions and requests alone: nothing but lots."""
    rows = made.at.size
    totals = np.empty((made.offsets.size - 1, lots.TOTALS), np.int64)
    refused = np.zeros(rows, np.bool_)
    takings = np.empty((rows if entries else 0, 3), np.int64)
    taken, broken = lots.fold_lots(
        made.offsets,
        made.at,
        act,
        read_only(np.maximum(grants.points, 0)),
        day,
        days.opens,
        days.ends,
        until,
        bool(days.terms[0] & 1),
        (totals, refused, takings),
    )
    if broken >= 0:
        raise beyond_at(made, broken)
    wide = np.zeros((totals.shape[0], books.TOTALS), np.int64)
    wide[:, : lots.TOTALS] = totals
    reason = np.where(refused, _INSUFFICIENT, demand.reason)
    return Booked.of_lots(wide, reason, takings[:taken], act, made, days, day, grants)


def _in_books(
    made: Sequence,
    demand: Demand,
    act: Ints,
    days: Calendar,
    day: Ints,
    grants: Grants,
    limits: Ints,
    *,
    until: int,
    entries: bool,
) -> Booked:
    """Whatever the kinds."""
    rows = made.at.size
    totals = np.empty((made.offsets.size - 1, books.TOTALS), np.int64)
    reason = np.array(demand.reason)
    log = (made.at, act, grants.points, read_only(demand.extra), read_only(demand.refers), day)
    tables = (days.opens, days.ends, days.idles, days.terms, days.revivals)
    room = 2 * rows + 64
    while True:
        takings = np.empty((room, 6), np.int64)
        posts = np.empty((room if entries else 0, 5), np.int64)
        taken, count, state = books.fold_books(
            made.offsets, log, tables, limits, until, (totals, reason, takings, posts)
        )
        if state != books.FULL:
            break
        room *= 4
    if state < rows:
        raise beyond_at(made, state)
    reason = np.where(demand.reason != 0, demand.reason, reason)
    return Booked(totals, reason, takings[:taken, :4], posts[:count])


def _refusals(run: Settled) -> pl.DataFrame:
    """What was refused, by customer and order of things, and why."""
    reason = run.booked.reason
    rows = np.flatnonzero(reason)
    names = run.made.names(text=any(rule.also for each in run.terms for rule in each.program.rules))
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
