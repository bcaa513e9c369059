"""Which flags are set, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from custseg._kernels._jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["set_flags"]


@kernel
def set_flags(
    packed: NDArray[np.uint8], counts: NDArray[np.int64], codes: NDArray[np.uint8 | np.uint32]
) -> int:
    """The flags that each row has set, one row after the other; one 0 for a row without any.

    Args:
        packed: uint8[ceil(n / 8), m]: bit b of byte [i, k] says whether row
            8 i + b has flag k.
        counts: int64[n], room for how many flags each row has.
        codes: uint8 or, of more than 256 flags, uint32[all flags that are set
            + n + 1], room for which they are, ascending within a row; the last
            is scratch.

    Returns:
        How many codes there are. Cost: a step for each row and flag, without
        a branch. Twin: naive.tags.set_flags.
    """
    at = 0
    for row in range(counts.size):
        start = at
        for flag in range(packed.shape[1]):
            # Written in any case, kept if the flag is set: a guess would often be wrong.
            codes[at] = flag
            at += np.int64((packed[row >> 3, flag] >> (row & 7)) & 1)
        counts[row] = at - start
        if at == start:
            codes[at] = 0
            at += 1
    return int(at)
