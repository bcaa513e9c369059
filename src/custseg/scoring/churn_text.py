"""The text form of a trained churn model."""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import TYPE_CHECKING, Any

from custseg.base.measure import Measure
from custseg.errors import CustsegError, FitError, Problem
from custseg.model.window import Window
from custseg.scoring.churn_trees import Forest, Node
from custseg.scoring.engagement import Engagement
from custseg.scoring.fit_text import FORMAT, opened

if TYPE_CHECKING:
    from custseg.scoring.churn_model import ChurnFit, Told

__all__ = ["read", "written"]

_WHERE = "ChurnFit.from_json"
_FIX = "give the text that to_json() wrote"
_OPTIONS = ("trees", "leaves", "learning_rate", "seed")


def written(fit: ChurnFit, /) -> str:
    """A fit as JSON.

    Raises:
        FitError: when a measure is an expression, which has no text.
    """
    recipe = fit.recipe
    FitError.check(
        Problem(
            f"measure {each.name!r} is a polars expression, which has no text form",
            "ChurnFit.to_json",
            "write its value as SQL text",
        )
        for each in recipe.measures
        if isinstance(each, Measure) and not isinstance(each.value, str)
    )
    trees = [[_finite(node) for node in tree] for tree in fit.forest.trees]
    parts: dict[str, object] = {
        "fit": "churn",
        "format": FORMAT,
        "horizon": {"days": recipe.horizon.days, "months": recipe.horizon.months},
        "measures": [_told(each) for each in recipe.measures],
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


def read(text: str, /) -> dict[str, Any]:
    """The parts of a fit, `recipe` as the parts of one.

    Raises:
        FitError: when the text is not JSON, or not such a fit.
    """
    parts = opened(text, where=_WHERE)
    if parts["fit"] != "churn":
        raise FitError("the text is no churn model", where=_WHERE, fix=_FIX)
    try:
        return _parts(parts)
    except (CustsegError, AttributeError, KeyError, TypeError, ValueError) as fault:
        raise FitError(f"the text is no fit: {fault}", where=_WHERE, fix=_FIX) from None


def _parts(parts: dict[str, Any]) -> dict[str, Any]:
    intercept, slope = map(float, parts["calibration"])
    trees = tuple(tuple(map(_node, tree)) for tree in parts["forest"])
    measures = tuple(_measure(each) for each in parts["measures"])
    return {
        "recipe": {
            "horizon": Window(**parts["horizon"]),
            "measures": measures,
            **{name: parts[name] for name in _OPTIONS},
        },
        "day": dt.date.fromisoformat(parts["day"]),
        "until": dt.date.fromisoformat(parts["until"]),
        "customers": int(parts["customers"]),
        "churned_share": float(parts["churned_share"]),
        "calibration": (intercept, slope),
        "forest": Forest(float(parts["base"]), _sound(trees, len(measures))),
    }


def _told(measure: Told) -> object:
    if isinstance(measure, Measure):
        names = ("name", "value", "over", "how")
        return {"measure": {name: getattr(measure, name) for name in names}}
    if isinstance(measure, Engagement):
        half_life = measure.half_life_days
        told = {"weights": dict(measure.weights), "half_life_days": half_life}
        return {"engagement": {**told, "name": measure.name}}
    return measure


def _measure(told: Any) -> Told:  # noqa: ANN401 - as JSON has it
    if isinstance(told, str):
        return told
    ((kind, given),) = told.items()
    return {"measure": Measure, "engagement": Engagement}[kind](**given)


def _finite(node: tuple[Any, ...]) -> list[object]:
    """JSON knows no infinity: a threshold that parts the missing from all others."""
    return [None if each == math.inf else each for each in node]


def _node(told: Any) -> Node:  # noqa: ANN401 - as JSON has it
    feature, left, right, missing, threshold, value = told
    most = math.inf if threshold is None else float(threshold)
    return int(feature), int(left), int(right), bool(missing), most, float(value)


def _sound(trees: tuple[tuple[Node, ...], ...], measures: int) -> tuple[tuple[Node, ...], ...]:
    """Trees in which every way leads on to a later node of the same tree."""
    for tree in trees:
        for place, (feature, left, right, *_) in enumerate(tree):
            leads = place < min(left, right) and max(left, right) < len(tree)
            if feature >= measures or (feature >= 0 and not leads):
                message = "a tree leads nowhere"
                raise ValueError(message)
        if not tree:
            message = "a tree has no root"
            raise ValueError(message)
    return trees
