"""Posting: from what the kernels wrote to entries and allocations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg._kernels import books, grants
from custseg.loyalty.kinds import ENTRY_KINDS
from custseg.loyalty.logs import ALSO, NAME
from custseg.loyalty.naming import Names, rule_names
from custseg.loyalty.requests import PROGRAMS_OWN
from custseg.loyalty.sequence import NEVER
from custseg.schema.bridge import framed, instants, masked, nulls, taken
from custseg.threads import in_threads

if TYPE_CHECKING:
    from collections.abc import Sequence as Listed

    from numpy.typing import NDArray

    from custseg.loyalty.sequence import Sequence
    from custseg.loyalty.settlement import Settled

    Ints = NDArray[np.int64]

__all__ = ["ENTRIES", "NOTHING_BOOKED", "Booked", "Posted", "cap_codes", "cap_names", "posted_all"]

ENTRIES = (
    "entry_id",
    "customer_id",
    "at",
    "kind",
    "points",
    "balance_after",
    "lot_id",
    "source",
    "source_kind",
    "rule",
    "version",
    "desired",
    "cap",
    "available_at",
    "expires_at",
)
"""The columns of entries."""

_ROW, _KIND, _POINTS, _LOT, _AT = range(5)


@frozen(eq=False)
class Booked:
    """What was made of the rows.

    Attributes:
        totals: int64[m, books.TOTALS].
        reason: int64[n], why each row is refused; 0 if not.
        takings: int64[p, 4]: taker's row, lot's row, units, instant.
        posts: int64[q, 5]: row, kind, points, lot's row or -1, instant.
    """

    totals: Ints
    reason: Ints
    takings: Ints
    posts: Ints

    @classmethod
    def of_lots(
        cls, totals: Ints, reason: Ints, takings: Ints, act: Ints, others: Ints, run: Settled
    ) -> Booked:
        """From what the kernel of lots wrote: takers, and lapses before a row.

        Args:
            totals: As above.
            reason: As above.
            takings: int64[p, 3], as the kernel says.
            act: What rows are.
            others: Members that it did not fold.
            run: All else.
        """
        made, days, day, given = run.made, run.days, run.day, run.grants.points
        lapses = takings[takings[:, 0] < 0]
        lapses = lapses[np.lexsort((days.ends[day[lapses[:, 1]]], -1 - lapses[:, 0]))]
        spent = takings[takings[:, 0] >= 0]
        claws = spent[act[spent[:, 0]] == books.REFUND]
        spends, grants = act == books.REDEEM, (act >= books.CARE) & (act <= books.ACTION)
        posts_one = (grants & (given >= 0)) | (spends & (reason == 0))
        posts_one[claws[:, 0]] = True
        for member in others:
            posts_one[made.offsets[member] : made.offsets[member + 1]] = False
        own = np.flatnonzero(posts_one)
        # A lapse before row i stands before the entry of row i.
        places = np.searchsorted(own, -1 - lapses[:, 0]) + np.arange(len(lapses))
        posts = np.empty((own.size + len(lapses), 5), np.int64)
        is_own = np.ones(len(posts), np.bool_)
        is_own[places] = False
        lot = lapses[:, 1]
        ending = (lot, books.EXPIRE, -lapses[:, 2], lot, days.ends[day[lot]])
        points = np.where(spends, -given, given)
        points[claws[:, 0]] = -claws[:, 2]
        about = np.where(grants & (given > 0), np.arange(act.size), -1)
        about[claws[:, 0]] = claws[:, 1]
        telling = (own, _POSTED_AS[act[own]], points[own], about[own], made.at[own])
        for column in range(5):
            posts[places, column], posts[is_own, column] = ending[column], telling[column]
        return cls(totals, reason, np.column_stack([spent, made.at[spent[:, 0]]]), posts)

    def beside(self, other: Booked, offsets: Ints) -> Booked:
        """Both, of members of which neither has another's; totals and reasons are shared."""

        def both(ours: Ints, theirs: Ints) -> Ints:
            rows = np.concatenate([ours, theirs])
            member = np.searchsorted(offsets, rows[:, 0], side="right")
            return rows[np.argsort(member, kind="stable")]

        takings = both(self.takings, other.takings)
        return Booked(self.totals, self.reason, takings, both(self.posts, other.posts))


# What rows are posted as, by what they are.
_POSTED_AS = np.zeros(books.REDEEMED + 1, np.int64)
for _act, _kind in (
    (books.CARE, books.CARED),
    (books.ORDER, books.EARN),
    (books.ACTION, books.EARN),
    (books.REFUND, books.CLAWBACK),
    (books.REDEEM, books.SPEND),
):
    _POSTED_AS[_act] = _kind

_NOTHING = np.zeros((0, 5), np.int64)

NOTHING_BOOKED = Booked(_NOTHING, _NOTHING[:, 0], _NOTHING[:, :4], _NOTHING)
"""Of a run that has only granted so far."""


@frozen(eq=False)
class Posted:
    """The books as frames: what lots and balances are folded from.

    Attributes:
        entries: Every posting, by customer and order of things.
        allocations: Which lots gave what to which entry.
        turns: customer_id, lot_id (null: all lots), at and expires_at: ends
            that changed, and to when idleness was put off.
    """

    entries: pl.DataFrame
    allocations: pl.DataFrame
    turns: pl.DataFrame


def posted_all(runs: Listed[Settled]) -> Posted:
    """Entries and allocations of all parts, one after the other."""
    done = in_threads(posted, runs)
    if len(done) == 1:
        return done[0]
    names = ("entries", "allocations", "turns")
    return Posted(*(pl.concat([getattr(each, name) for each in done]) for name in names))


def posted(run: Settled) -> Posted:
    """Entries and allocations, by customer and order of things."""
    made, posts = run.made, run.booked.posts
    turning = posts[:, _KIND] >= books.MOVED
    turned = posts[turning]
    posts = _ties_in_order(made, posts[~turning] if turning.any() else posts)
    names = Names(made)
    entries = _entries(run, names, posts)
    takes = np.flatnonzero(
        np.isin(posts[:, _KIND], (books.SPEND, books.CLAWBACK, books.ADJUSTMENT))
    )
    payer = np.full(made.at.size, -1)
    payer[posts[takes, _ROW]] = takes
    takings = run.booked.takings
    allocations = pl.DataFrame(
        {
            "entry_id": taken(entries["entry_id"], payer[takings[:, 0]]),
            "lot_id": names.lots(takings[:, 1]),
            "at": instants(np.ascontiguousarray(takings[:, 3])),
            "points": np.ascontiguousarray(takings[:, 2]),
        }
    )
    moved = turned[:, _KIND] == books.MOVED
    turns = pl.DataFrame(
        {
            "customer_id": taken(made.members.ids, made.member_of()[turned[:, _ROW]]),
            "lot_id": names.lots(turned[:, _LOT], moved),
            "at": instants(np.ascontiguousarray(turned[:, _AT])),
            "expires_at": instants(np.ascontiguousarray(turned[:, _POINTS])),
        }
    )
    return Posted(entries, allocations, turns)


def _ties_in_order(made: Sequence, posts: Ints) -> Ints:
    """Lapses of one instant by what made their lots: rank, then id."""
    expires = posts[:, _KIND] == books.EXPIRE
    member = made.member_of()[posts[:, _ROW]]
    again = expires[1:] & expires[:-1] & (np.diff(posts[:, _AT]) == 0) & (np.diff(member) == 0)
    # What an event of that very instant made lapse stays with the event.
    forced = made.at[posts[:, _ROW]] == posts[:, _AT]
    again &= (np.diff(posts[:, _ROW]) == 0) | ~(forced[1:] | forced[:-1])
    if not again.any():
        return posts
    run = np.concatenate([[0], np.cumsum(~again)])
    tied = np.flatnonzero(np.append(again, [False]) | np.concatenate([[False], again]))
    lots = made.places(posts[tied, _LOT])
    orders = made.logs.orders.height
    frame = pl.DataFrame({"run": run[tied], "rank": made.act[posts[tied, _LOT]]})
    of_order = np.where(lots < orders, lots, -1)
    of_event = np.where(lots >= orders, lots - orders, -1)
    keys = [
        _gathered(made.logs.orders["order_id"], of_order).alias("order_id"),
        *(
            _gathered(made.logs.events[name], of_event).alias(name)
            for name in ("event_id", ALSO, NAME)
            if name in made.logs.events.columns
        ),
    ]
    frame = frame.with_columns(keys)
    order = frame.select(pl.arg_sort_by(frame.columns)).to_series().to_numpy()
    arranged = posts.copy()
    arranged[tied] = posts[tied[order]]
    return arranged


def _gathered(values: pl.Series, places: Ints) -> pl.Series:
    """Values at places; null where a place is -1."""
    return taken(values, places, places >= 0)


def _entries(run: Settled, names: Names, posts: Ints) -> pl.DataFrame:
    """The frame of entries."""
    made, days = run.made, run.days
    rows, kind, points, lot = (np.ascontiguousarray(posts[:, each]) for each in range(4))
    at = np.ascontiguousarray(posts[:, _AT])
    member = made.member_of()[rows]
    earned = kind == books.EARN
    brings = np.isin(kind, (books.EARN, books.CARED, books.OPENED, books.ADJUSTMENT)) & (lot >= 0)
    today = run.day[rows]
    opens = np.where(earned, np.maximum(days.opens[today], at), at)
    ends = days.ends[today]
    told = run.demand.extra[rows]
    ends = np.where((kind == books.OPENED) & (told != PROGRAMS_OWN), np.maximum(told, at), ends)
    desired = points if run.grants.told is None else run.grants.told[rows, grants.DESIRED]
    columns = {
        "entry_id": names.entries(run.terms[-1].program.name, posts),
        "customer_id": taken(made.members.ids, member),
        "at": instants(at),
        "kind": taken(pl.Series(ENTRY_KINDS), kind),
        "points": pl.Series(points),
        "balance_after": pl.Series(_running(member, points)),
        "lot_id": names.lots(lot, brings | (kind == books.EXPIRE)),
        "source": names.sources(rows),
        "source_kind": names.kinds(rows),
        "rule": _rules(run, names, rows, kind),
        "version": _versions(run, today),
        "desired": masked(pl.Series(desired), earned),
        "cap": caps_bound(run, rows, earned),
        "available_at": masked(instants(opens), brings),
        "expires_at": masked(instants(ends), brings & (ends != NEVER)),
    }
    return framed([columns[name].alias(name) for name in ENTRIES])


def _running(member: Ints, points: Ints) -> Ints:
    """The running sum of each member's points.

    The sum over all members may wrap; the difference of two of them is exact
    nevertheless, since each member's own sum is within int64.
    """
    if points.size == 0:
        return points
    sums = np.cumsum(points)
    starts = np.flatnonzero(np.diff(member, prepend=-1))
    before = sums[starts] - points[starts]
    return sums - np.repeat(before, np.diff(starts, append=points.size))


def _versions(run: Settled, today: Ints) -> pl.Series:
    numbers = np.array([each.program.version for each in run.terms])
    if numbers.size == 1:
        return pl.Series(numbers).new_from_index(0, today.size)
    firsts = np.array([each.first for each in run.terms]) - run.days.first
    return pl.Series(numbers[np.searchsorted(firsts, today, side="right") - 1])


def _rules(run: Settled, names: Names, rows: Ints, kind: Ints) -> pl.Series:
    """Names of the rules that took part; the reward of a redemption; the care."""
    told = rule_names(run, rows, kind == books.EARN)
    events = run.made.logs.events
    others: list[tuple[NDArray[np.bool_], pl.Series]] = []
    if NAME in events.columns:
        others.append((kind == books.CARED, names.care(rows)))
    if run.terms.reward_names:
        rewards = np.where(kind == books.SPEND, run.demand.refers[rows], -1)
        rewards = np.where(run.made.act[rows] == books.REDEEM, rewards, -1)
        listed = pl.Series(run.terms.reward_names)
        others.append((rewards >= 0, taken(listed, np.maximum(rewards, 0))))
    for of, values in others:
        told = values.zip_with(pl.Series(of), told)
    return told


def caps_bound(run: Settled, rows: Ints, earned: NDArray[np.bool_]) -> pl.Series:
    """Which caps bound each grant, joined by +."""
    if run.grants.told is None:
        return nulls("cap", pl.String, rows.size)
    found, back = np.unique(cap_codes(run, rows, earned), return_inverse=True)
    spelled = [cap_names(run, int(code)) for code in found]
    return taken(pl.Series(spelled, dtype=pl.String), back)


def cap_codes(run: Settled, rows: Ints, earned: NDArray[np.bool_] | bool) -> Ints:  # noqa: FBT001
    """Which caps bound each grant: the program's is the last bit, then the rules'."""
    told = run.grants.told
    if told is None:
        return np.zeros(rows.size, np.int64)
    bits = np.where(earned, told[rows, grants.BOUND], 0)
    program = earned & (told[rows, grants.DESIRED] > run.grants.points[rows])
    return bits * 2 + program


def cap_names(run: Settled, code: int) -> str | None:
    """The caps that a code stands for, joined by +."""
    labels = [run.terms.placed[place].rule.name for place in run.grants.limited]
    named = [name for bit, name in enumerate(labels) if code >> bit + 1 & 1]
    return "+".join([*named, *(["program"] if code & 1 else [])]) or None
