"""Bins: where values are cut, and which bin a value falls into.

A bin is `[start, next start)`. Cut points are observed values by the inverse
of the empirical distribution function (Hyndman and Fan 1996, definition 1),
so customers with equal values always share a bin: a heavy tie leaves bins
unused instead of being split.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from custseg.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = [
    "Starts",
    "between",
    "distinct",
    "grouped_reached",
    "grouped_starts",
    "number",
    "reached",
    "starts",
    "starts_problems",
]

Starts: TypeAlias = tuple[float, ...]
"""First values of the bins after the lowest one, ascending; inf where a bin has none."""

# Up to here a comparison per start (1 ms for a million values) beats the
# binary search of each value (19 ms).
_FEW = 16


def distinct(values: NDArray[Any], /) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The values that occur, ascending, and how often each does.

    >>> import numpy as np
    >>> from custseg.segments.bins import distinct
    >>> [part.tolist() for part in distinct(np.array([3, 1, 3]))]
    [[1, 3], [1, 2]]
    """
    if values.dtype.kind == "i" and values.size:
        lowest, highest = int(values.min()), int(values.max())
        # Days and order counts are small: counting is five times faster than a sort.
        if lowest >= 0 and highest <= values.size:
            counts = np.bincount(values)
            seen = np.flatnonzero(counts)
            return seen.astype(values.dtype), counts[seen].astype(np.int64)
    found, counts = np.unique(values, return_counts=True)
    return found, counts.astype(np.int64)


def starts(values: NDArray[Any], counts: NDArray[np.int64], /, *, bins: int) -> Starts:
    """Where each bin after the first one begins, from a table of counted values.

    For k = 1 .. bins-1 let q be the smallest value whose share of customers at
    or below it is at least k/bins; the next bin starts at the smallest value
    above q, or at inf when there is none.

    Args:
        values: The distinct values, ascending.
        counts: How many customers have each.
        bins: Into how many bins they are cut.

    >>> import numpy as np
    >>> from custseg.segments.bins import starts
    >>> starts(np.array([1, 2, 5, 9]), np.array([6, 2, 1, 1]), bins=5)
    (2.0, 2.0, 2.0, 5.0)
    """
    if not values.size:
        return (math.inf,) * (bins - 1)
    below = np.cumsum(counts)
    # Shares are compared as whole numbers: below/total >= k/bins without a division.
    shares = np.arange(1, bins) * below[-1]
    last = np.asarray((below * bins).searchsorted(shares), np.int64)
    following = np.append(values.astype(np.float64), math.inf)[last + 1]
    return tuple((following + 0.0).tolist())  # + 0.0 turns -0.0 into 0.0


def grouped_starts(
    values: NDArray[Any],
    counts: NDArray[np.int64],
    member: NDArray[np.int64],
    /,
    *,
    groups: int,
    bins: int,
) -> tuple[Starts, ...]:
    """The starts within each group; a group nobody is in has no bins but one.

    Args:
        values: Values in any order, repeats allowed.
        counts: How many customers each row stands for.
        member: The group of each row, from 0.
        groups: How many groups there are.
        bins: Into how many bins each is cut.

    >>> import numpy as np
    >>> from custseg.segments.bins import grouped_starts
    >>> values, ones = np.array([1, 2, 7]), np.array([1, 1, 1])
    >>> grouped_starts(values, ones, np.array([0, 0, 1]), groups=2, bins=2)
    ((2.0,), (inf,))
    """
    order = np.lexsort((values, member))
    inside, of, rows = values[order], member[order], counts[order]
    new = np.append(True, (inside[1:] != inside[:-1]) | (of[1:] != of[:-1]))[: of.size]
    first = np.flatnonzero(new)
    customers = np.add.reduceat(rows, first) if first.size else rows
    inside, of = inside[first], of[first]
    edges = np.searchsorted(of, np.arange(groups + 1))
    below = np.append(0, np.cumsum(customers))
    total = below[edges[1:]] - below[edges[:-1]]
    # How many shares those before reach rises within a group: who first reaches one starts a bin.
    before = below[:-1] - below[edges[of]]
    shares = of * bins + before * bins // total[of]
    at = shares.searchsorted(np.arange(groups)[:, None] * bins + np.arange(1, bins))
    following = np.append(inside.astype(np.float64), math.inf)[at]
    found = np.where(at < edges[1:, None], following, math.inf) + 0.0  # no -0.0
    return tuple(map(tuple, found.tolist()))


def reached(values: NDArray[Any], starts: Starts, /) -> NDArray[np.uint8]:
    """How many starts lie at or below each value, as a fresh array.

    >>> import math
    >>> import numpy as np
    >>> from custseg.segments.bins import reached
    >>> reached(np.array([0, 2, 7]), (2.0, 2.0, 5.0, math.inf)).tolist()
    [0, 2, 3]
    """
    cuts = _cuts(tuple(starts), values.dtype)
    if len(cuts) > _FEW:
        return np.searchsorted(cuts[:, 0], values, side="right").astype(np.uint8)
    return np.add.reduce((values >= cuts).view(np.uint8), axis=0, dtype=np.uint8)


@lru_cache(maxsize=1024)
def _cuts(starts: Starts, kind: np.dtype[Any], /) -> NDArray[Any]:
    """The starts that values of a type can reach, one below the other.

    Whole numbers are compared as such: no copy of them in Float64 is made.
    """
    finite = [start for start in starts if start < math.inf]
    if kind.kind == "i":
        within = [max(math.ceil(start), -(2**63)) for start in finite if start <= 2**63 - 1]
        return np.array(within, np.int64)[:, None]
    return np.array(finite, kind if kind.kind == "f" else np.float64)[:, None]


def grouped_reached(
    values: NDArray[Any], groups: NDArray[Any] | int, table: Sequence[Starts], /
) -> NDArray[np.uint8]:
    """How many starts of its own group lie at or below each value.

    Args:
        values: One value a customer.
        groups: The customer's place in `table`, or the one of all.
        table: The starts of each group, all equally many.

    >>> import numpy as np
    >>> from custseg.segments.bins import grouped_reached
    >>> grouped_reached(np.array([4, 4]), np.array([0, 1]), [(3.0,), (5.0,)]).tolist()
    [1, 0]
    """
    if len(table) == 1:
        return reached(values, table[0])
    count = np.zeros(values.size, np.uint8)
    for cuts in np.array(table).T:
        count += (values >= cuts[groups]).view(np.uint8)
    return count


def number(value: float, /) -> str:
    """A number as short as it can be written exactly.

    >>> from custseg.segments.bins import number
    >>> number(6.0), number(12.5)
    ('6', '12.5')
    """
    return f"{value:.0f}" if float(value).is_integer() else repr(float(value))


def between(value: float, starts: Starts, /, *, whole_days: bool = False) -> str:
    """The bounds of the bin that a value falls into.

    Args:
        value: The value.
        starts: The starts of the bins.
        whole_days: The upper bound is shown as the last day inside.

    >>> from custseg.segments.bins import between
    >>> between(7, (4.0, 5.0, 6.0, 8.0)), between(2, (18.0,), whole_days=True)
    ('≥ 6, < 8', '≤ 17')
    """
    edges = [-math.inf, *starts, math.inf]
    place = sum(start <= value for start in starts)
    low, high = edges[place], edges[place + 1]
    parts = [f"≥ {number(low)}"] if low > -math.inf else []
    if high < math.inf:
        parts.append(f"≤ {math.ceil(high) - 1}" if whole_days else f"< {number(high)}")
    return ", ".join(parts) or "in the only bin"


def starts_problems(starts: Starts, /, *, bins: int, where: str) -> Iterator[Problem]:
    """What is wrong with the starts of so many bins.

    Equal neighbours are right: a heavy tie leaves a bin empty.
    """
    if len(starts) != bins - 1:
        yield Problem(
            f"{len(starts)} starts for {bins} bins",
            where,
            f"give {bins - 1}: the first value of each bin after the lowest one",
        )
    broken = [start for start in starts if math.isnan(start) or start == -math.inf]
    if broken:
        yield Problem(f"{broken[0]} starts no bin", where, "give numbers, or inf for no such bin")
    for low, high in pairwise(starts):
        if low > high:
            yield Problem(
                f"{number(low)} stands before {number(high)}", where, "write the starts ascending"
            )
