"""Slow obvious twins of the order fold: dictionaries and sets."""

from __future__ import annotations

import itertools

NEVER, LATEST = -(2**63), 2**63 - 1


def mark(ids, lowest, size):
    """The words of a bitmap, written out as text first."""
    present = set(ids)
    bits = ["1" if lowest + place in present else "0" for place in range(size)]
    bits += ["0"] * (-size % 64)
    return [int("".join(reversed(bits[at : at + 64])), 2) for at in range(0, len(bits), 64)]


def places(words):
    """Which bits of a bitmap are set."""
    return [64 * at + bit for at, word in enumerate(words) for bit in range(64) if word >> bit & 1]


def number(keys):
    """The number of each key, and where each number stands first."""
    known = list(dict.fromkeys(keys))
    return [known.index(key) for key in keys], [keys.index(key) for key in known]


def fold(rows, windows, customers, *, gross):
    """A row for each customer: last and first order, then each window's orders, spend, gross.

    Rows are (customer, instant, total); a window is (first, last) instant, the
    first window has no beginning.
    """
    folded = []
    for customer in customers:
        own = [(at, total) for who, at, total in rows if who == customer and at <= windows[0][1]]
        bought = [at for at, total in own if total >= 0]
        found = [max(bought, default=NEVER), min(bought, default=LATEST)]
        for k, (low, high) in enumerate(windows):
            inside = [total for at, total in own if k == 0 or low <= at <= high]
            sales = [total for total in inside if total >= 0]
            found += [len(sales), sum(inside)]
            found += [sum(sales)] if gross else []
        folded.append(found)
    return folded


def merge(left, right):
    """Two folds of parts as one."""
    return [
        [max(a[0], b[0]), min(a[1], b[1]), *(x + y for x, y in zip(a[2:], b[2:], strict=True))]
        for a, b in zip(left, right, strict=True)
    ]


def columns(table, rows):
    """Column by column, the values of some rows."""
    width = len(table[0]) if len(table) else 0
    return [[table[row][slot] for row in rows] for slot in range(width)]


def largest(totals):
    """How far from zero the totals reach."""
    return max((abs(total) for total in totals), default=0)


def by_day(rows):
    """Rows (customer, day, total) in order of their days."""
    return sorted(rows, key=lambda row: row[1])


def rhythm(rows, windows, customers):
    """A row for each customer: last order day, gap before it, each window's days and gaps.

    Rows are (customer, day, total); a window is (first, last) day.
    """
    found = []
    for customer in customers:
        days = sorted({day for who, day, total in rows if who == customer and total >= 0})
        gaps = [after - before for before, after in itertools.pairwise(days)]
        own = [days[-1] if days else NEVER, gaps[-1] if gaps else 0]
        for low, high in windows:
            inside = [day for day in days if low <= day <= high]
            between = [after - before for before, after in itertools.pairwise(inside)]
            own += [len(inside), sum(between), sum(gap * gap for gap in between)]
        found.append(own)
    return found
