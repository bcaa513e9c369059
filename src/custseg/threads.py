"""How many threads may be used."""

from __future__ import annotations

import os
from pathlib import Path

from custseg.errors import SchemaError

__all__ = ["threads"]

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
