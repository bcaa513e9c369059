"""Playbooks as text: JSON out and in, TOML in."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from custseg.actions.strategy import Strategy
from custseg.errors import Problem, SchemaError
from custseg.schema.documents import (
    from_json,
    from_toml,
    head_problems,
    keyed,
    listed,
    made,
    unknown_keys,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["FORMAT", "read_json", "read_toml", "written"]

FORMAT = 1
"""Raised when an older custseg could not read the text."""

_CALLED = "a playbook"
_KEYS = ("format", "strategies")
_PARTS = ("goal", "offer", "channel", "priority")
_NOTHING = "nothing"
_SHAPE = 'write {"format": 1, "strategies": [{"segment": "new", "goal": "welcome", ...}]}'
_ROW = 'write segment, goal, offer and channel; or segment and "nothing": true'

_Pairs = tuple[tuple[str, Strategy | None], ...]


def written(strategies: Iterable[tuple[str, Strategy | None]]) -> str:
    """The JSON of a playbook: one form for equal books."""
    rows = [
        {"segment": name} | ({_NOTHING: True} if own is None else _parts(own))
        for name, own in strategies
    ]
    return json.dumps({"format": FORMAT, "strategies": rows}, indent=2, ensure_ascii=False) + "\n"


def read_json(text: str) -> _Pairs:
    """The strategies that a JSON text holds.

    Raises:
        SchemaError: with everything that is wrong.
    """
    where, fix = "Playbook.from_json", "give the text of to_json()"
    book, problems = from_json(text, called=_CALLED, where=where, fix=fix, error=SchemaError)
    return _read(book, problems, where)


def read_toml(text: str) -> _Pairs:
    """The strategies that a TOML text holds: a `[[strategies]]` table for each segment.

    Raises:
        SchemaError: with everything that is wrong.
    """
    where, fix = "Playbook.from_toml", "write a [[strategies]] table for each segment"
    book = from_toml(text, called=_CALLED, where=where, fix=fix, error=SchemaError)
    # A file that a person writes needs no format.
    return _read({"format": FORMAT, **book}, [], where)


def _parts(own: Strategy) -> dict[str, Any]:
    return {
        "goal": own.goal,
        "offer": own.offer,
        "channel": list(own.channel),
        "priority": own.priority,
    }


def _read(book: dict[str, Any], problems: list[Problem], where: str) -> _Pairs:
    problems += head_problems(book, FORMAT, _KEYS, where=where, fix=_SHAPE)
    problems += unknown_keys(book, _KEYS, what=_CALLED, where=where)
    rows = listed(book.get("strategies", []))
    if rows is None:
        what = f"strategies are a list, got {book['strategies']!r:.60}"
        problems.append(Problem(what, f"{where}: strategies", _SHAPE))
    pairs = [
        _row(row, f"{where}: strategies[{place}]", problems) for place, row in enumerate(rows or [])
    ]
    names = [name for name, _ in pairs]
    for name in dict.fromkeys(names):
        if names.count(name) > 1 and name:
            what = f"segment {name!r} is there twice"
            problems.append(Problem(what, f"{where}: strategies", "keep one of the two"))
    SchemaError.check(problems)
    return tuple(pairs)


def _row(found: object, where: str, problems: list[Problem]) -> tuple[str, Strategy | None]:
    """A segment and its strategy; what is wrong is added to the problems."""
    row = keyed(found)
    name = row.get("segment") if row else None
    if row is None or not isinstance(name, str) or not name:
        problems.append(Problem(f"{found!r:.60} names no segment", where, _ROW))
        return "", None
    parts = {key: value for key, value in row.items() if key != "segment"}
    if _NOTHING in parts:
        if parts != {_NOTHING: True}:
            what = f"segment {name!r} has a strategy, or nothing"
            problems.append(Problem(what, where, 'write "nothing": true alone'))
        return name, None
    wrong = list(unknown_keys(parts, _PARTS, what="a strategy", where=where))
    wrong += [Problem(f"{key!r} is missing", where, _ROW) for key in _PARTS[:3] if key not in parts]
    channel = parts.get("channel", "")
    if not isinstance(channel, str) and listed(channel) is None:
        wrong.append(Problem(f"channel is {channel!r:.60}", where, 'write ["push", "email"]'))
    problems += wrong
    if wrong:
        return name, None
    return name, made(partial(Strategy, **cast("dict[str, Any]", parts)), where, problems)
