"""Rule books as text: JSON out and in, TOML in."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any, cast

from attrs import asdict, frozen

from custseg.errors import Problem, RuleError

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
    doubled: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        doubled.extend(key for key in dict.fromkeys(keys) if keys.count(key) > 1)
        return dict(pairs)

    try:
        held = json.loads(text, object_pairs_hook=once)
    except (ValueError, TypeError, RecursionError) as error:
        raise RuleError(
            f"a rule book is not JSON: {error}", where="RuleBook.from_json", fix=_SHAPE
        ) from error
    problems = [
        Problem(f"the key {key!r} is there twice", "RuleBook.from_json", "keep one of the two")
        for key in doubled
    ]
    return _shaped(
        held, problems, required=("format", "policy", "rules"), where="RuleBook.from_json"
    )


def read_toml(text: str) -> BookText:
    """A rule book from TOML text: `policy`, `otherwise` and `[[rules]]`.

    Raises:
        RuleError: with everything that is wrong with its shape.
    """
    try:
        held = tomllib.loads(text)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise RuleError(
            f"a rule book is not TOML: {error}",
            where="RuleBook.from_toml",
            fix=_TOML_SHAPE,
        ) from error
    return _shaped(
        held, [], required=("policy", "rules"), where="RuleBook.from_toml", shape=_TOML_SHAPE
    )


def _shaped(
    held: object,
    problems: list[Problem],
    *,
    required: Sequence[str],
    where: str,
    shape: str = _SHAPE,
) -> BookText:
    if not isinstance(held, dict):
        RuleError.check([Problem(f"a rule book is a mapping, got {held!r:.60}", where, shape)])
    book = cast("dict[str, Any]", held)
    problems += _key_problems(book, _KEYS, required, where, shape)
    if book.get("format", FORMAT) != FORMAT or isinstance(book.get("format"), bool):
        problems.append(
            Problem(
                f"format {book['format']!r} is not known",
                f"{where}: format",
                f"this version reads format {FORMAT}; a later custseg may read yours",
            )
        )
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
    for index, held in enumerate(cast("list[object]", listed)):
        place = f"{where}: {key}[{index}]"
        if not isinstance(held, dict):
            what = f"a {key.removesuffix('s')} is a mapping, got {held!r:.60}"
            problems.append(Problem(what, place, shape))
            continue
        one = cast("dict[str, Any]", held)
        wrong = _key_problems(one, known, required, place, shape)
        for each in known:
            wanted, fix = ((int, float), 'write "worth": 3') if each == "worth" else (str, shape)
            wrong += _type_problems(one, each, wanted, place, fix)
        problems += wrong
        if not wrong:
            yield one


def _key_problems(
    held: dict[str, Any], known: Sequence[str], required: Sequence[str], where: str, shape: str
) -> list[Problem]:
    unknown = [
        Problem(f"the key {key!r} is not known", where, f"known are {', '.join(known)}")
        for key in held
        if key not in known
    ]
    missing = [
        Problem(f"the key {key!r} is missing", where, shape) for key in required if key not in held
    ]
    return unknown + missing


def _type_problems(
    held: dict[str, Any], key: str, wanted: type | tuple[type, ...], where: str, fix: str
) -> list[Problem]:
    value = held.get(key)
    right = isinstance(value, wanted) and not isinstance(value, bool)
    if key not in held or right or (value is None and key in {"otherwise", "worth"}):
        return []
    kinds = "text" if wanted is str else "a number"
    return [Problem(f"{key} is {value!r:.60}, not {kinds}", f"{where}.{key}", fix)]
