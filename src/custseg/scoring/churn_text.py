"""The text form of a trained churn model."""

from __future__ import annotations

import datetime as dt
import json
import math
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from custseg.base.measure_text import as_texts, from_text
from custseg.errors import FitError, Problem
from custseg.model.window import Window
from custseg.schema.documents import head_problems, keyed, listed, made, unknown_keys
from custseg.scoring.churn_trees import Forest
from custseg.scoring.engagement import Engagement
from custseg.scoring.fit_text import FORMAT, opened
from custseg.scoring.numbers import is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from custseg.scoring.churn_model import ChurnFit, ChurnModel, Told
    from custseg.scoring.churn_trees import Node

__all__ = ["read", "written"]

_WHERE = "ChurnFit.from_json"
_FIX = "give the text that to_json() wrote"
_OPTIONS = ("trees", "leaves", "learning_rate", "seed")
_NUMBERS = ("customers", "churned_share", "calibration", "base")
_KEYS = ("fit", "format", "horizon", "measures", *_OPTIONS, "day", "until", *_NUMBERS, "forest")
_ENGAGEMENT = {"weights", "half_life_days", "name"}
_NODE = 6
_LEAF = -1


def written(fit: ChurnFit, /) -> str:
    """A fit as JSON.

    Raises:
        FitError: listing measures that are polars expressions: those have no text.
    """
    recipe = fit.recipe
    measures = as_texts(recipe.measures, where="ChurnFit.to_json")
    trees = [[_finite(node) for node in tree] for tree in fit.forest.trees]
    parts: dict[str, object] = {
        "fit": "churn",
        "format": FORMAT,
        "horizon": {"days": recipe.horizon.days, "months": recipe.horizon.months},
        "measures": [_told(each) for each in measures],
        **{name: getattr(recipe, name) for name in _OPTIONS},
        "day": str(fit.day),
        "until": str(fit.until),
        "customers": fit.customers,
        "churned_share": fit.churned_share,
        "calibration": fit.calibration,
        "base": fit.forest.base,
        "forest": trees,
    }
    return json.dumps(parts, ensure_ascii=False)


def read(text: str, /, model: Callable[..., ChurnModel]) -> dict[str, Any]:
    """The parts of a fit.

    Args:
        text: What `written` wrote.
        model: What makes a recipe of its parts.

    Raises:
        FitError: when the text is not JSON, or not such a fit: then with
            everything that keeps it from being one.
    """
    parts = opened(text, where=_WHERE)
    if parts["fit"] != "churn":
        raise FitError("the text is no churn model", where=_WHERE, fix=_FIX)
    problems = list(head_problems(parts, FORMAT, _KEYS, where=_WHERE, fix=_FIX))
    problems += unknown_keys(parts, _KEYS, what="a churn model", where=_WHERE)
    FitError.check(problems)
    recipe, measures = _recipe(parts, model, problems)
    day, until = (_day(parts, name, problems) for name in ("day", "until"))
    problems += _number_problems(parts)
    trees = _trees(parts, measures, problems)
    FitError.check(problems)
    intercept, slope = parts["calibration"]
    return {
        "recipe": recipe,
        "day": day,
        "until": until,
        "customers": parts["customers"],
        "churned_share": float(parts["churned_share"]),
        "calibration": (float(intercept), float(slope)),
        "forest": Forest(float(parts["base"]), trees),
    }


def _told(measure: str | dict[str, Any] | Engagement) -> object:
    if isinstance(measure, Engagement):
        half_life = measure.half_life_days
        told = {"weights": dict(measure.weights), "half_life_days": half_life}
        return {"engagement": {**told, "name": measure.name}}
    return measure if isinstance(measure, str) else {"measure": measure}


def _finite(node: tuple[Any, ...]) -> list[object]:
    """JSON knows no infinity: a threshold that parts the missing from all others."""
    return [None if each == math.inf else each for each in node]


def _odd(what: str, part: str) -> Problem:
    return Problem(what, f"{_WHERE}: {part}", _FIX)


def _list(parts: dict[str, Any], name: str, problems: list[Problem]) -> list[object]:
    found = listed(parts[name])
    if found is None:
        problems.append(_odd(f"{parts[name]!r:.60} is no list", name))
    return found or []


def _recipe(
    parts: dict[str, Any], model: Callable[..., ChurnModel], problems: list[Problem]
) -> tuple[ChurnModel | None, int]:
    """The recipe, and how many measures it reads."""
    measures = [
        _measure(each, f"measures[{place}]", problems)
        for place, each in enumerate(_list(parts, "measures", problems))
    ]
    length = keyed(parts["horizon"])
    if length is None or not length.keys() <= {"days", "months"}:
        problems.append(_odd(f"{parts['horizon']!r:.60} is no window", "horizon"))
    if problems:
        # A recipe of such parts would only say it again.
        return None, len(measures)
    options = {name: parts[name] for name in _OPTIONS}
    window = made(partial(Window, **cast("Any", length)), f"{_WHERE}: horizon", problems)
    recipe = partial(model, window, measures=measures, **options)
    return window and made(recipe, _WHERE, problems), len(measures)


def _measure(found: object, part: str, problems: list[Problem]) -> Told | None:
    """What is read of each buyer; what is wrong with it is added to the problems."""
    if isinstance(found, str):
        return found
    told = keyed(found) or {}
    measure, touches = (keyed(told.get(name)) for name in ("measure", "engagement"))
    place = f"{_WHERE}: {part}"
    if len(told) == 1 and measure:
        return from_text(measure, where=place, problems=problems)
    if len(told) == 1 and touches and touches.keys() == _ENGAGEMENT:
        return made(partial(Engagement, **cast("Any", touches)), place, problems)
    problems.append(_odd(f"{found!r:.60} is no measure", part))
    return None


def _day(parts: dict[str, Any], name: str, problems: list[Problem]) -> dt.date | None:
    try:
        return dt.date.fromisoformat(parts[name])
    except (TypeError, ValueError):
        problems.append(_odd(f"{parts[name]!r:.60} is no day", name))
        return None


def _number_problems(parts: dict[str, Any]) -> Iterator[Problem]:
    customers, share, calibration, base = (parts[name] for name in _NUMBERS)
    pair = listed(calibration) or []
    good = (
        _is_whole(customers, 0),
        is_number(share, 0, 1),
        len(pair) == 2 and all(map(_is_finite, pair)),  # noqa: PLR2004 - an intercept and a slope
        _is_finite(base),
    )
    kinds = ("whole number", "share", "pair of numbers", "number")
    for name, fine, kind in zip(_NUMBERS, good, kinds, strict=True):
        if not fine:
            yield _odd(f"{parts[name]!r:.60} is no {kind}", name)


def _is_whole(found: object, least: int) -> bool:
    return isinstance(found, int) and is_number(found, least, 2**63 - 1)


def _is_finite(found: object) -> bool:
    return is_number(found, -sys.float_info.max, sys.float_info.max)


def _trees(
    parts: dict[str, Any], measures: int, problems: list[Problem]
) -> tuple[tuple[Node, ...], ...]:
    """Trees in which every way leads on; the first that is none is added to the problems."""
    trees: list[tuple[Node, ...]] = []
    for place, tree in enumerate(_list(parts, "forest", problems)):
        nodes = [_node(each) for each in listed(tree) or []]
        wrong = next(_node_problems(nodes, measures), None) if nodes else ("a tree has no root", "")
        if wrong:
            what, inner = wrong
            problems.append(_odd(what, f"forest[{place}]{inner}"))
            break
        trees.append(tuple(cast("list[Node]", nodes)))
    return tuple(trees)


def _node_problems(nodes: list[Node | None], measures: int) -> Iterator[tuple[str, str]]:
    """What is wrong with nodes of a tree, and where in it."""
    for place, node in enumerate(nodes):
        if node is None:
            yield "a node is none", f"[{place}]"
            continue
        feature, left, right, *_ = node
        leads = place < min(left, right) and max(left, right) < len(nodes)
        if feature >= measures:
            yield f"a tree reads measure {feature + 1} of {measures}", f"[{place}]"
        elif feature != _LEAF and not leads:
            yield "a tree leads nowhere", f"[{place}]"


def _node(found: object) -> Node | None:
    """A node as JSON has it; None for anything else."""
    parts = cast("list[Any]", listed(found) or [])
    if len(parts) != _NODE:
        return None
    feature, left, right, missing, threshold, value = parts
    whole = all(_is_whole(each, _LEAF) for each in (feature, left, right))
    if not whole or not isinstance(missing, bool) or not _is_finite(value):
        return None
    if threshold is not None and not _is_finite(threshold):
        return None
    most = math.inf if threshold is None else float(threshold)
    return feature, left, right, missing, most, float(value)
