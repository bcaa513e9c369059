"""Progress: how far each member is from the next tier, and from losing the present one."""

from __future__ import annotations

from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import evolve, frozen

from custseg._kernels import books
from custseg.errors import LedgerError, Problem
from custseg.loyalty.calendar import calendar, reviews_of
from custseg.loyalty.contributions import LARGEST
from custseg.loyalty.granting import effective, folded
from custseg.loyalty.sequence import LONG_AGO, NEVER
from custseg.loyalty.versions import current_of
from custseg.schema.bridge import instants
from custseg.schema.clock import DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.loyalty.calendar import Calendar, Reviews
    from custseg.loyalty.granting import Grants
    from custseg.loyalty.ladder import Ladder
    from custseg.loyalty.ledger import Ledger
    from custseg.loyalty.settlement import Settled

    Ints = NDArray[np.int64]

__all__ = ["progress"]

# Days from any instant to the end of the period after it, and some to spare.
_PERIODS = {"month": 34, "quarter": 95, "year": 370, "anniversary": 370}
_AT, _SINCE, _FALL, _DAY = range(4)


def progress(ledger: Ledger) -> pl.DataFrame:
    """How far each member is from the next tier, and from losing the present one.

    What comes if nothing happens is not foretold by a second reading of the
    rules: the same rows are folded once more, to beyond each next review.

    Raises:
        LedgerError: when the program has no tiers, or the ledger was made
            without entries.
    """
    base, runs = ledger._base, ledger._runs  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    ladder = current_of(ledger.program).tiers
    LedgerError.check(_problems(ladder, runs))
    assert ladder is not None  # noqa: S101 - it is a problem
    unit = 10**base.scale if ladder.by == "spend" else 1
    bars = np.array([min(ceil(each * unit), LARGEST) for each in ladder.thresholds], np.int64)
    found = [_Prospect.of(run, ladder, bars, base.when.instant) for run in runs]
    return pl.concat([_shown(each, base.scale) for each in found])


def _problems(ladder: Ladder | None, runs: tuple[Settled, ...]) -> list[Problem]:
    where = "Ledger.progress"
    if ladder is None:
        fix = 'declare tiers=cu.Ladder({"member": 0, "silver": 500})'
        return [Problem("this program has no tiers", where, fix)]
    if not runs:
        what = "this ledger was made without entries"
        return [Problem(what, where, "run the program with entries=True")]
    return []


@frozen(eq=False)
class _Prospect:
    """Some members at an instant, and what comes if nothing happens.

    Attributes:
        ladder: The tiers.
        bars: int64[levels], what each takes, in smallest units.
        run: What came of the logs by then.
        now: The instant.
        ahead: How far it is foretold.
        days: The calendar up to there.
        grants: What the rows were granted, and the tiers up to there.
    """

    ladder: Ladder
    bars: Ints
    run: Settled
    now: int
    ahead: int
    days: Calendar
    grants: Grants

    @classmethod
    def of(cls, run: Settled, ladder: Ladder, bars: Ints, now: int) -> _Prospect:
        """Of a part of a run."""
        if ladder.review is None:
            return cls(ladder, bars, run, now, now, run.days, run.grants)
        ahead = now + (_PERIODS[ladder.review] + ladder.grace_days + 3) * DAY
        # Days keep their numbers: the table begins where that of the run does.
        low = int(run.days.zone.day_starts(np.array([run.days.first + 1]))[0])
        days = calendar(run.terms.versions, low, ahead, run.days.zone.tz)
        demand = evolve(run.demand, extra=run.demand.extra.copy(), reason=run.demand.reason.copy())
        plan, day = run.terms, run.day
        grants = folded(plan, run.sides, run.made, demand, days, day, until=ahead, entries=False)
        return cls(ladder, bars, run, now, ahead, days, grants)

    @cached_property
    def held(self) -> Ints:
        """int64[m], the tier held."""
        assert self.run.grants.held is not None  # noqa: S101 - there is a ladder
        return self.run.grants.held

    @cached_property
    def values(self) -> Ints:
        """int64[n], what each order and action counts, as it stands."""
        return _values(self.run, self.ladder)

    @cached_property
    def reviews(self) -> Reviews:
        """Those of each member, also ahead."""
        members = self.run.made.members
        since = np.minimum(members.since, self.ahead)
        return reviews_of(self.ladder, self.days, since, members.joined, self.ahead)

    def counted(self, at: Ints, after: Ints) -> Ints:
        """int64[m], what would count if asked at an instant, after some of the reviews."""
        low = self.days.lows[np.maximum(self.days.days(at), 0)]
        if self.ladder.window == "period":
            begun = self.reviews.table[np.maximum(after - 1, 0), _DAY]
            low = np.where(after > self.reviews.starts, begun, LONG_AGO)
        return _sums(self.run, self.values, low)

    def before(self, at: Ints, first: Ints) -> Ints:
        """int64[m], the first review, from one on, that does not lie before an instant."""
        table, found = self.reviews.table, first
        while True:
            passed = table[np.minimum(found, len(table) - 1), _AT] < at
            passed &= found < self.reviews.stops
            if not passed.any():
                return found
            found = found + passed

    def falls(self) -> Ints:
        """int64[m], when the tier falls first, or NEVER where it rises or stays."""
        moves = self.grants.moves
        assert moves is not None  # noqa: S101 - there is a ladder
        ahead = moves[moves[:, 1] > self.now]
        whose, firsts = np.unique(ahead[:, 0], return_index=True)
        found = np.full(self.held.size, NEVER)
        lower = ahead[firsts, 2] < self.held[whose]
        found[whose[lower]] = ahead[firsts[lower], 1]
        return found

    def standing(self) -> tuple[Ints, Ints, Ints, Ints]:
        """What counts, what is missing to keep the tier, until when, and when it falls."""
        always = np.full(self.held.size, self.now)
        never = np.full(self.held.size, NEVER)
        following = self.before(always + 1, self.reviews.starts)
        counted = self.counted(always, following)
        if self.ladder.review is None:
            return counted, np.zeros(self.held.size, np.int64), never, never
        table = self.reviews.table
        upcoming = table[np.minimum(following, len(table) - 1)]
        falls = self.falls()
        # What a review after the next one does is not told.
        falls = np.where(falls <= upcoming[:, _FALL], falls, NEVER)
        waits = falls < upcoming[:, _FALL]
        if self.ladder.window == "period":
            then = counted
        else:
            then = _sums(self.run, self.values, upcoming[:, _SINCE])
        last = np.where(waits, falls - 1, self.now)
        then = np.where(waits, self.counted(last, self.before(last + 1, following)), then)
        missing = np.where(falls < NEVER, self.bars[self.held] - then, 0)
        return counted, missing, np.where(waits, falls, upcoming[:, _AT]), falls


def _shown(prospect: _Prospect, scale: int) -> pl.DataFrame:
    """The members who hold a tier, with where they stand."""
    ladder, members = prospect.ladder, prospect.run.made.members
    stands = members.known & (members.since <= prospect.now) & (members.left > prospect.now)
    held = prospect.held[stands]
    counted, missing, deadline, falls = (each[stands] for each in prospect.standing())
    names = pl.Series(ladder.names, dtype=pl.Enum(ladder.names))
    above = np.minimum(held + 1, len(ladder.names) - 1)
    rises = above > held
    measures = {
        "counted": counted,
        "to_next": np.maximum(prospect.bars[above] - counted, 0),
        "to_keep": missing,
    }
    shown = {"next_tier": rises, "to_next": rises}
    shown |= {"deadline": deadline < NEVER, "falls_at": falls < NEVER}
    return pl.DataFrame(
        {
            "customer_id": members.ids.filter(pl.Series(stands)),
            "tier": names.gather(held),
            "next_tier": names.gather(above),
            **{name: _measure(values, ladder, scale) for name, values in measures.items()},
            "deadline": instants(np.where(deadline < NEVER, deadline, 0)),
            "falls_at": instants(np.where(falls < NEVER, falls, 0)),
        }
    ).with_columns(pl.when(pl.Series(has)).then(name).alias(name) for name, has in shown.items())


def _measure(values: Ints, ladder: Ladder, scale: int) -> pl.Series:
    """What counts: points, orders, or money."""
    column = pl.Series(values)
    if ladder.by != "spend":
        return column
    return column.cast(pl.Int128).reinterpret(dtype=pl.Decimal(38, scale))


def _values(run: Settled, ladder: Ladder) -> Ints:
    """int64[n], what each order and action counts for a tier, as it stands."""
    act, demand = effective(run.made, run.demand), run.demand
    orders = act == books.ORDER
    if ladder.by == "points":
        earns = orders | (act == books.ACTION)
        values = np.where(earns, np.maximum(run.grants.points, 0), 0)
    else:
        values = np.where(orders, demand.value if ladder.by == "spend" else 1, 0)
    refunds = np.flatnonzero(act == books.REFUND)
    refunded = np.zeros(act.size, np.int64)
    np.add.at(refunded, demand.refers[refunds], demand.value[refunds])
    for row in np.flatnonzero((refunded > 0) & (values > 0)).tolist():
        whole = int(demand.value[row])
        left = whole - int(refunded[row])
        if ladder.by == "points":
            values[row] = int(values[row]) * left // whole
        else:
            values[row] = left if ladder.by == "spend" else min(left, 1)
    return values


def _sums(run: Settled, values: Ints, low: Ints) -> Ints:
    """Each member's sum over the rows from a day on."""
    offsets = run.made.offsets
    counts = run.day >= np.repeat(low, np.diff(offsets))
    # The running sum may wrap; a difference of two is exact nevertheless.
    sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.where(counts, values, 0))])
    return sums[offsets[1:]] - sums[offsets[:-1]]
