"""Two sorted logs as one: whose rows they are, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from custseg._kernels._jit import bare

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

__all__ = ["interleave", "unite"]


@bare
def unite(left: Ints, right: Ints, room: tuple[Ints, Ints, Ints]) -> int:
    """Find the ids that are in either of two columns.

    Args:
        left: int64[m], ascending, each once.
        right: int64[p], the same.
        room: What is written. ids: int64[m + p], ascending, each once. lefts:
            int64[m] and rights: int64[p], where those of each column stand.

    Returns:
        How many ids there are. Cost: one comparison each. Twin: naive.merge.unite.
    """
    ids, lefts, rights = room
    i = j = count = 0
    while i < left.size or j < right.size:
        if j == right.size or (i < left.size and left[i] <= right[j]):
            ids[count] = left[i]
            if j < right.size and right[j] == left[i]:
                rights[j] = count
                j += 1
            lefts[i] = count
            i += 1
        else:
            ids[count] = right[j]
            rights[j] = count
            j += 1
        count += 1
    return count


@bare
def interleave(
    left: tuple[Ints, Ints, Ints],
    right: tuple[Ints, Ints, Ints],
    room: tuple[Ints, Ints, Ints, Ints, Ints],
) -> None:
    """Put two logs in one order, by (member, instant, rank); equal keys: left first.

    Args:
        left: offsets: int64[m + 1]; member k owns rows offsets[k]:offsets[k + 1].
            at: int64[n], ascending within a member, as is its rank at one
            instant; rank: int64[n]. Trusted.
        right: The same of p rows, of the same members.
        room: What is written. offsets: int64[m + 1]. rows: int64[n + p], the
            rows in their new order; those of the right log count from n on.
            at: int64[n + p], their instants. lefts: int64[n] and rights: int64[p],
            where the rows of each log stand.

    Cost: one comparison a row. Twin: naive.merge.interleave.
    """
    left_offsets, left_at, left_rank = left
    right_offsets, right_at, right_rank = right
    offsets, rows, at, lefts, rights = room
    place = 0
    for member in range(left_offsets.size - 1):
        offsets[member] = place
        i, left_stop = left_offsets[member], left_offsets[member + 1]
        j, right_stop = right_offsets[member], right_offsets[member + 1]
        while i < left_stop or j < right_stop:
            is_right = i == left_stop
            if i < left_stop and j < right_stop:
                is_right = right_at[j] < left_at[i] or (
                    right_at[j] == left_at[i] and right_rank[j] < left_rank[i]
                )
            if is_right:
                rows[place], at[place], rights[j] = left_at.size + j, right_at[j], place
                j += 1
            else:
                rows[place], at[place], lefts[i] = i, left_at[i], place
                i += 1
            place += 1
    offsets[left_offsets.size - 1] = place
