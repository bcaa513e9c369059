"""Which version of a program is in force."""

from __future__ import annotations

import datetime as dt


def terms(program, day):
    """The program in force on a local day."""
    held = program
    for first, changes in program.get("versions", ()):
        if dt.date.fromisoformat(first) <= day:
            held = {**program, **changes}
    return held
