"""How many threads may be used, and work that is shared out among them."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from custseg.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["in_threads", "slices", "threads"]

_Part = TypeVar("_Part")
_Made = TypeVar("_Made")

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def threads(given: int | None = None) -> int:
    """The number asked for, else CUSTSEG_THREADS, else the container's quota.

    Raises:
        SchemaError: when the number is no positive whole one.

    >>> threads(3)
    3
    """
    wanted = str(given) if given is not None else os.environ.get("CUSTSEG_THREADS", "")
    if not wanted:
        return _allowed()
    if wanted.isdecimal() and int(wanted) > 0:
        return int(wanted)
    raise SchemaError(
        f"{wanted!r} threads cannot be used",
        where="threads" if given is not None else "CUSTSEG_THREADS",
        fix="give a whole number from 1 on",
    )


def slices(rows: int, least: int, /) -> list[slice]:
    """Rows cut into a part for each thread; fewer parts where they would be small.

    Args:
        rows: How many there are.
        least: How many are worth a thread.

    >>> slices(10, 100)
    [slice(0, 10, None)]
    """
    # A few rows ask nobody how many threads there are: that takes longer than they do.
    many = 1 if rows < 2 * least else min(threads(), rows // least)
    edges = [rows * part // many for part in range(many + 1)]
    return [slice(low, high) for low, high in pairwise(edges)]


def in_threads(work: Callable[[_Part], _Made], parts: Sequence[_Part], /) -> list[_Made]:
    """What each part makes, in order; a single one starts no thread.

    >>> in_threads(len, ["one", "fifteen"])
    [3, 7]
    """
    if len(parts) == 1:
        return [work(parts[0])]
    with ThreadPoolExecutor(len(parts)) as pool:
        return list(pool.map(work, parts))


def _allowed() -> int:
    if hasattr(os, "sched_getaffinity"):
        usable = len(os.sched_getaffinity(0))
    else:
        usable = os.cpu_count() or 1
    try:
        quota, period = _QUOTA.read_text(encoding="ascii").split()
        return max(1, min(usable, int(quota) // int(period)))
    except (OSError, ValueError):
        # No such file outside of Linux; "max" where there is no quota.
        return usable
