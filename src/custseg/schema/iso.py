"""ISO 8601 text as numbers: bytes go to the kernel that reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from custseg.schema.bridge import read_only

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

__all__ = ["IsoTimes", "iso_times"]

# Texts read at once: their bytes are copied, so that not all of them are held twice.
_AT_ONCE = 500_000
# So many texts are joined by Python before polars has begun.
_FEW = 1_000


@frozen(eq=False)
class IsoTimes:
    """What texts say, row by row.

    Attributes:
        micros: Microseconds since 1970-01-01 on the clock that the text means.
        ahead: Minutes by which that clock is ahead of UTC.
        zoned: Where a zone is named.
        days: Where the text is a day; it says its midnight.
        finer: Where digits beyond microseconds are left out.
        unread: Where the text is none of these.
    """

    micros: NDArray[np.int64]
    ahead: NDArray[np.int64]
    zoned: NDArray[np.bool_]
    days: NDArray[np.bool_]
    finer: NDArray[np.bool_]
    unread: NDArray[np.bool_]


def iso_times(source: pl.Series) -> IsoTimes:
    """Read texts, each by itself; a null is unread.

    >>> import polars as pl
    >>> told = iso_times(pl.Series(["1970-01-01T00:00:00.5+01:00", "01.01.1970"]))
    >>> told.micros.tolist(), told.ahead[0], told.unread.tolist()
    ([500000, 0], np.int64(60), [False, True])
    """
    from custseg._kernels import iso  # numba is loaded when it is needed

    rows = source.len()
    micros, ahead = np.empty(rows, np.int64), np.empty(rows, np.int64)
    forms = np.empty(rows, np.uint8)
    for low in range(0, rows, _AT_ONCE):
        some = slice(low, low + _AT_ONCE)
        text, ends = _bytes_of(source[some])
        iso.iso_times(text, ends, micros[some], ahead[some], forms[some])
    zoned = ahead != iso.NO_ZONE
    days, finer, unread = forms == iso.DAY, forms == iso.FINER, forms == iso.UNREAD
    return IsoTimes(micros, ahead, zoned, days, finer, unread)


def _bytes_of(source: pl.Series) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """All texts one behind the other, and where each ends; a null is empty."""
    if source.len() <= _FEW:
        texts = [(text or "").encode() for text in source.to_list()]
        joined, sizes = b"".join(texts), np.array([len(text) for text in texts], np.int64)
    else:
        joined = source.str.join("").item().encode()
        lengths = source.str.len_bytes()
        sizes = (lengths.fill_null(0) if lengths.has_nulls() else lengths).to_numpy()
    return read_only(np.frombuffer(joined, np.uint8)), read_only(np.cumsum(sizes, dtype=np.int64))
