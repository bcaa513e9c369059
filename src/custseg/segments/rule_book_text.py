"""Rule books as text: JSON out and in, TOML in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from attrs import asdict, frozen

from custseg.errors import Problem, RuleError
from custseg.schema.documents import from_json, from_toml, head_problems, unknown_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "FORMAT",
    "POLICIES",
    "BookText",
    "MeasureText",
    "RuleText",
    "read_json",
    "read_toml",
    "written",
]

FORMAT = 1
POLICIES = ("first", "every", "best")

_CALLED = "a rule book"
_KEYS = ("format", "policy", "measures", "rules", "otherwise")
_RULE_KEYS = ("name", "when", "worth")
_MEASURE_KEYS = ("name", "value", "over", "how")
_SHAPE = 'write {"format": 1, "policy": "first", "rules": [...], "otherwise": "rest"}'
_TOML_SHAPE = 'write policy = "first", otherwise = "rest" and a [[rules]] table for each rule'
_RULE_SHAPE = 'write {"name": "vip", "when": "orders >= 5"}'
_MEASURE_SHAPE = (
    'write {"name": "app_share", "value": "channel = \'app\'", "over": "orders", "how": "mean"}'
)


@frozen
class RuleText:
    """A rule as its text has it; only the shape is checked."""

    name: str
    when: str
    worth: float | None = None


@frozen
class MeasureText:
    """A measure as its text has it; only the shape is checked."""

    name: str
    value: str
    over: str = "orders"
    how: str = "mean"


@frozen
class BookText:
    """A rule book as its text has it; only the shape is checked."""

    policy: str
    rules: tuple[RuleText, ...]
    otherwise: str | None = None
    measures: tuple[MeasureText, ...] = ()


def written(book: BookText) -> str:
    """The JSON of a rule book: one form for equal books."""
    held: dict[str, Any] = {"format": FORMAT, "policy": book.policy}
    if book.measures:
        held["measures"] = [asdict(measure) for measure in book.measures]
    held["rules"] = [
        {"name": rule.name, "when": rule.when}
        | ({} if rule.worth is None else {"worth": rule.worth})
        for rule in book.rules
    ]
    if book.otherwise is not None:
        held["otherwise"] = book.otherwise
    return json.dumps(held, indent=2, ensure_ascii=False) + "\n"


def read_json(text: str) -> BookText:
    """A rule book from JSON text.

    Raises:
        RuleError: with everything that is wrong with its shape.
    """
    where = "RuleBook.from_json"
    book, problems = from_json(text, called=_CALLED, where=where, fix=_SHAPE, error=RuleError)
    return _shaped(book, problems, required=("format", "policy", "rules"), where=where)


def read_toml(text: str) -> BookText:
    """A rule book from TOML text: `policy`, `otherwise` and `[[rules]]`.

    Raises:
        RuleError: with everything that is wrong with its shape.
    """
    where = "RuleBook.from_toml"
    book = from_toml(text, called=_CALLED, where=where, fix=_TOML_SHAPE, error=RuleError)
    return _shaped(book, [], required=("policy", "rules"), where=where, shape=_TOML_SHAPE)


def _shaped(
    book: dict[str, Any],
    problems: list[Problem],
    *,
    required: Sequence[str],
    where: str,
    shape: str = _SHAPE,
) -> BookText:
    problems += head_problems(book, FORMAT, required, where=where, fix=shape)
    problems += unknown_keys(book, _KEYS, what=_CALLED, where=where)
    if "policy" in book and book["policy"] not in POLICIES:
        what = f"policy {book['policy']!r} is not known"
        problems.append(Problem(what, f"{where}: policy", f"write one of {', '.join(POLICIES)}"))
    problems += _type_problems(book, "otherwise", str, where, 'write "otherwise": "rest"')
    rules = [
        RuleText(**held)
        for held in _each(book, "rules", _RULE_KEYS, ("name", "when"), where, _RULE_SHAPE, problems)
    ]
    measures = [
        MeasureText(**held)
        for held in _each(
            book, "measures", _MEASURE_KEYS, ("name", "value"), where, _MEASURE_SHAPE, problems
        )
    ]
    RuleError.check(problems)
    return BookText(book["policy"], tuple(rules), book.get("otherwise"), tuple(measures))


def _each(
    book: dict[str, Any],
    key: str,
    known: Sequence[str],
    required: Sequence[str],
    where: str,
    shape: str,
    problems: list[Problem],
) -> Iterator[dict[str, Any]]:
    """The mappings of a list that have the right shape; what is wrong is added to problems."""
    listed = book.get(key, [])
    if not isinstance(listed, list):
        problems.append(Problem(f"{key} is not a list", f"{where}: {key}", shape))
        return
    noun = key.removesuffix("s")
    for index, held in enumerate(cast("list[object]", listed)):
        place = f"{where}: {key}[{index}]"
        if not isinstance(held, dict):
            what = f"a {noun} is a mapping, got {held!r:.60}"
            problems.append(Problem(what, place, shape))
            continue
        one = cast("dict[str, Any]", held)
        wrong = list(unknown_keys(one, known, what=f"a {noun}", where=place))
        wrong += [
            Problem(f"{each!r} is missing", place, shape) for each in required if each not in one
        ]
        for each in known:
            wanted, fix = ((int, float), 'write "worth": 3') if each == "worth" else (str, shape)
            wrong += _type_problems(one, each, wanted, place, fix)
        problems += wrong
        if not wrong:
            yield one


def _type_problems(
    held: dict[str, Any], key: str, wanted: type | tuple[type, ...], where: str, fix: str
) -> list[Problem]:
    value = held.get(key)
    right = isinstance(value, wanted) and not isinstance(value, bool)
    if key not in held or right or (value is None and key in {"otherwise", "worth"}):
        return []
    kinds = "text" if wanted is str else "a number"
    return [Problem(f"{key} is {value!r:.60}, not {kinds}", f"{where}.{key}", fix)]
