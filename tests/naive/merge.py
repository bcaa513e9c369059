"""Two sorted logs as one, in lists: the twin of the merging kernels."""

from __future__ import annotations


def unite(left, right):
    """The ids of two lists, and where those of each stand."""
    ids = sorted({*left, *right})
    return ids, [ids.index(one) for one in left], [ids.index(one) for one in right]


def interleave(left, right):
    """Rows of two logs as one: each log is a list (member) of lists of (at, rank)."""
    total = sum(len(rows) for rows in left)
    offsets, order = [0], []
    first_left = first_right = 0
    for ours, theirs in zip(left, right, strict=True):
        rows = [(key, 0, first_left + i) for i, key in enumerate(ours)]
        rows += [(key, 1, total + first_right + i) for i, key in enumerate(theirs)]
        order += [row for _, _, row in sorted(rows)]
        offsets.append(len(order))
        first_left += len(ours)
        first_right += len(theirs)
    return offsets, order
