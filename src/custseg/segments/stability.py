"""The population stability index: how far apart two distributions over segments are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["stability_index"]


def stability_index(before: NDArray[np.int64], after: NDArray[np.int64], /) -> float | None:
    """Σ (after − before) · ln(after / before) over the segments' shares.

    Siddiqi (2006), Credit Risk Scorecards; below 0.1 is read as stable, above
    0.25 as another population. A segment that is empty on one side counts as
    half a customer there. None when there is nobody on a side.

    Args:
        before: Customers by segment.
        after: The same at the other instant.

    >>> import numpy as np
    >>> round(stability_index(np.array([5, 5]), np.array([6, 4])), 4)
    0.0405
    """
    if not before.sum() or not after.sum():
        return None
    lived = (before > 0) | (after > 0)
    old, new = (np.maximum(side[lived], 0.5) / side.sum() for side in (before, after))
    return math.fsum((new - old) * np.log(new / old))
