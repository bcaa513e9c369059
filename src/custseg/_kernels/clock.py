"""Between instants and local times, by a table of a zone's offsets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from custseg._kernels._jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

__all__ = ["SKIPPED", "from_local", "to_local"]

SKIPPED = -(2**63)
"""What `from_local` gives for a local time that the clock skips."""


@kernel
def to_local(instants: Ints, since: Ints, offsets: Ints) -> Ints:
    """Local times of instants.

    Args:
        instants: int64[n], microseconds of UTC.
        since: int64[k], ascending: the instant each offset holds from. The
            first one also holds for whatever lies before it.
        offsets: int64[k], microseconds to add.

    Returns:
        int64[n]. Cost: a comparison a row while rows stay within an offset,
        a binary search where they leave it. Twin: naive.clock.to_local.
    """
    local = np.empty(instants.size, np.int64)
    last = since.size - 1
    at = 0
    for i in range(instants.size):
        t = instants[i]
        if (t < since[at] and at > 0) or (at < last and t >= since[at + 1]):
            low, high = 0, last
            while low < high:
                middle = (low + high + 1) >> 1
                if since[middle] <= t:
                    low = middle
                else:
                    high = middle - 1
            at = low
        local[i] = t + offsets[at]
    return local


@kernel
def from_local(local: Ints, since: Ints, offsets: Ints) -> Ints:
    """Instants of local times: the first of two, SKIPPED where there is none.

    Args:
        local: int64[n], microseconds of local time.
        since: int64[k], ascending: the instant each offset holds from.
        offsets: int64[k], microseconds to add to an instant.

    Returns:
        int64[n]. Cost as `to_local`. Twin: naive.clock.from_local.
    """
    instants = np.empty(local.size, np.int64)
    last = since.size - 1
    at = 0
    for i in range(local.size):
        t = local[i]
        # The first offset whose stretch of local times ends after t.
        ends_after = at == last or t < since[at + 1] + offsets[at]
        if not ends_after or (at > 0 and t < since[at] + offsets[at - 1]):
            low, high = 0, last
            while low < high:
                middle = (low + high) >> 1
                if t < since[middle + 1] + offsets[middle]:
                    high = middle
                else:
                    low = middle + 1
            at = low
        if at > 0 and t < since[at] + offsets[at]:
            instants[i] = SKIPPED
        else:
            instants[i] = t - offsets[at]
    return instants
