"""Maximum: where a log-likelihood is highest, how sharply, and whether that is a place at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Objective = Callable[[Floats], tuple[float, Floats]]

__all__ = ["Maximum", "Status", "maximum"]

Status = Literal["converged", "boundary", "not_identified", "failed"]

# Nothing is looked for beyond e to this power, on either side of a start.
_REACH = 25.0
# A parameter of more than a million, or less than a millionth, is on its way out.
_FAR = 14.0
# A standard error of a logarithm beyond which a factor of twenty either way is as good.
_VAGUE = 3.0
# A curvature below which factors are too large to be told: 22,026 and more.
_FLAT = 0.01
# What a log-likelihood may lose before a direction counts as falling.
_LEVEL = 0.5
_STEPS = (3.0, 6.0, 9.0)
_STEP = 1e-4
# Newton's last steps shrink the error so fast that more are a sign of something else.
_POLISHES = 6
# What a step would still gain, in units of log-likelihood: nothing, and what is told.
_SETTLED = 1e-12
_TOLD = 1e-3
# A step, in logarithms of parameters, over which curvature moves by less than a part in ten
# thousand.
_NEAR = 1e-5
# What it may gain where Newton finishes with a curvature of his own.
_CLOSE = 0.1
# A slope beside the log-likelihood from which Newton finishes in a few steps.
_SLOPE = 2e-6
# Starts that are followed, until one leads to a top.
_FOLLOWED = 3


@frozen(eq=False)
class Maximum:
    """The highest point that was found.

    Attributes:
        at: Where: logarithms of parameters, then coefficients.
        value: The log-likelihood there.
        covariance: The inverse of the curvature; empty where it has none.
        status: What kind of point it is.
        message: The same in words.
    """

    at: Floats
    value: float
    covariance: Floats
    status: Status
    message: str


def maximum(
    objective: Objective,
    sample: Objective,
    starts: Sequence[Sequence[float]],
    names: Sequence[str],
    *,
    covariance: Floats | None = None,
) -> Maximum:
    """Climb from the best of several starts, on a sample first.

    Args:
        objective: The log-likelihood of everyone with its gradient.
        sample: The same of some, on which starts are compared and climbs begin.
        starts: Where to begin; all are of one length. The next best are
            followed only where the best leads to no top.
        names: What the coordinates are called.
        covariance: That of another log-likelihood which is much like this
            one, at the first start: from there a few steps may be enough.
    """
    if covariance is not None and covariance.size:
        near = _stepped(objective, np.array(starts[0], np.float64), covariance, names)
        if near is not None:
            return near
    tried = sorted(starts, key=lambda start: -_finite(sample(np.array(start, np.float64))[0]))
    found: list[Maximum] = []
    for start in tried[:_FOLLOWED]:
        top = _climbed(sample, np.array(start, np.float64))
        if sample is not objective:
            top = _climbed(objective, top, like=sample)
        found.append(_judged(objective, top, names))
        if found[-1].status == "converged":
            break
    return max(found, key=lambda each: _finite(each.value))


def _stepped(
    objective: Objective, start: Floats, covariance: Floats, names: Sequence[str]
) -> Maximum | None:
    """The top, if steps with a curvature that is nearly right lead to it."""
    top, _, _, left = _polished(objective, start, covariance)
    if not left < _CLOSE:
        return None
    found = _judged(objective, top, names)
    return found if found.status == "converged" else None


def _finite(value: float) -> float:
    return value if np.isfinite(value) else -np.inf


def _inside(at: Floats) -> Floats:
    return np.clip(at, -_REACH, _REACH)


def _climbed(objective: Objective, start: Floats, *, like: Objective | None = None) -> Floats:
    """Where quasi-Newton steps (BFGS) end; `like` has the curvature that is begun with."""
    # Used to fit, never to score; it has no types.
    from scipy.optimize import minimize  # pyright: ignore[reportUnknownVariableType]

    scale = max(abs(objective(start)[0]), 1.0)

    def falling(at: Floats) -> tuple[float, Floats]:
        value, gradient = objective(_inside(at))
        if not np.isfinite(value):
            return 1e10, np.zeros_like(at)
        return -value / scale, -gradient / scale

    options: dict[str, object] = {"gtol": _SLOPE, "maxiter": 500}
    if like is not None:
        options["hess_inv0"] = _start_inverse(like, start)
    found = minimize(falling, start, jac=True, method="BFGS", options=options)  # pyright: ignore[reportUnknownVariableType]
    return _inside(np.asarray(found.x, np.float64))  # pyright: ignore[reportUnknownMemberType]


def _start_inverse(like: Objective, at: Floats) -> Floats:
    """The inverse curvature of the sample, in the scale of the objective."""
    scale = max(abs(like(at)[0]), 1.0)
    values, vectors = np.linalg.eigh(-_curvature(like, at) / scale)
    square = vectors @ np.diag(1.0 / np.clip(values, 1e-6, None)) @ vectors.T
    # To the last bit the same on both sides, or it is not taken.
    return (square + square.T) / 2


def _curvature(objective: Objective, at: Floats) -> Floats:
    """Second derivatives, by differences of gradients."""
    rows: list[Floats] = []
    for place in range(at.size):
        step = np.zeros_like(at)
        step[place] = _STEP
        rows.append((objective(at + step)[1] - objective(at - step)[1]) / (2 * _STEP))
    square = np.array(rows)
    return (square + square.T) / 2


def _judged(objective: Objective, top: Floats, names: Sequence[str]) -> Maximum:
    """Newton's last steps, and what kind of point they end in."""
    value, gradient = objective(top)
    covariance, left = _NOTHING, np.inf
    far = [(name, part) for name, part in zip(names, top, strict=True) if abs(part) > _FAR]
    if far:
        return Maximum(top, value, _NOTHING, "boundary", _runs(far))
    for _ in range(_POLISHES):
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            break
        curvature = -_curvature(objective, top)
        values, vectors = np.linalg.eigh(curvature)
        if not values[0] > 1 / _VAGUE**2:
            return _flat(objective, top, names, vectors[:, 0], values[0])
        covariance = vectors @ np.diag(1 / values) @ vectors.T
        near = float(np.abs(covariance @ gradient).max())
        top, value, gradient, left = _polished(objective, top, covariance)
        # Taken near enough to the top, the curvature is that of the top.
        if left < _SETTLED and near < _NEAR:
            return Maximum(top, value, covariance, "converged", _CONVERGED)
    if left < _TOLD:
        return Maximum(top, value, covariance, "converged", _CONVERGED)
    message = "the search ended before the top: the gradient is not 0 where it stopped"
    return Maximum(top, value, _NOTHING, "failed", message)


def _polished(
    objective: Objective, top: Floats, covariance: Floats
) -> tuple[Floats, float, Floats, float]:
    """A few steps of Newton with one curvature: where they end, and what they have left."""
    value, gradient = objective(top)
    left = float(gradient @ covariance @ gradient)
    for _ in range(_POLISHES):
        if left < _SETTLED:
            break
        at = _inside(top + covariance @ gradient)
        moved, sloped = objective(at)
        remains = float(sloped @ covariance @ sloped)
        if not (moved >= value - _SETTLED * abs(value) and remains < left):
            break
        top, value, gradient, left = at, moved, sloped, remains
    return top, value, gradient, left


def _flat(
    objective: Objective, top: Floats, names: Sequence[str], along: Floats, curve: float
) -> Maximum:
    """A point on a ridge: does it end somewhere, or run off to infinity?"""
    value = objective(top)[0]
    moved = [(name, part) for name, part in zip(names, along, strict=True) if abs(part) > 0.3]  # noqa: PLR2004 - a third of the way
    for sign in (1.0, -1.0):
        walk = [objective(_inside(top + sign * step * along))[0] for step in _STEPS]
        if min(walk) >= value - _LEVEL:
            runs = [(name, sign * part) for name, part in moved]
            return Maximum(top, value, _NOTHING, "boundary", _runs(runs))
    width = f"a factor of {np.exp(1 / np.sqrt(curve)):,.0f}" if curve > _FLAT else "any factor"
    told = ", ".join(name for name, _ in moved)
    message = f"too little is known: {width} either way of {told} fits nearly as well"
    return Maximum(top, value, _NOTHING, "not_identified", message)


def _runs(ways: Sequence[tuple[str, float]]) -> str:
    runs = ", ".join(f"{name} {_WAYS[way > 0]}" for name, way in ways)
    return f"no interior optimum: the log-likelihood does not fall as {runs} for ever"


_WAYS = {True: "grows", False: "shrinks"}
_NOTHING = np.empty((0, 0))
_CONVERGED = "the gradient is 0 and the log-likelihood falls in all directions"
