"""What fits share: standard errors, the form for a terminal, and the form as JSON."""

from __future__ import annotations

import json
import math
from html import escape
from typing import TYPE_CHECKING, Any, Protocol

import attrs
import polars as pl

from custseg.errors import FitError
from custseg.schema.documents import from_json, head_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["FORMAT", "framed", "html", "opened", "read", "standard_errors", "told", "written"]

FORMAT = 1
"""Raised when an older custseg could not read the text."""

_FIX = "give the text that to_json() wrote"


class Fit(Protocol):
    """What a fit can tell."""

    @property
    def params(self) -> dict[str, float]:
        """Parameters by name."""
        ...

    @property
    def standard_errors(self) -> dict[str, float | None]:
        """Their standard errors."""
        ...

    @property
    def log_likelihood(self) -> float:
        """At the parameters."""
        ...

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""
        ...

    @property
    def status(self) -> str:
        """How the fit ended."""
        ...

    @property
    def message(self) -> str:
        """The same in words."""
        ...


def standard_errors(
    params: Mapping[str, float], covariance: Sequence[Sequence[float]], /, *, logs: int
) -> dict[str, float | None]:
    """Standard errors of parameters, the first so many from those of their logarithms.

    >>> standard_errors({"r": 2.0, "c": 5.0}, [[0.04, 0.0], [0.0, 0.01]], logs=1)
    {'r': 0.4, 'c': 0.1}
    """
    if not len(covariance):
        return dict.fromkeys(params)
    return {
        name: math.sqrt(covariance[place][place]) * (value if place < logs else 1.0)
        for place, (name, value) in enumerate(params.items())
    }


def told(head: str, fit: Fit, /) -> str:
    """Parameters with standard errors, log-likelihood and status."""
    errors = fit.standard_errors
    width = max(len(name) for name in fit.params)
    lines = [
        f"{name:<{width}}  {value:>12.6g}{_plus_minus(errors[name])}"
        for name, value in fit.params.items()
    ]
    return "\n".join([head, *lines, _last(fit)])


def html(head: str, fit: Fit, /) -> str:
    """The same for a notebook, with a table of the parameters; every text is escaped."""
    table = pl.DataFrame(
        {
            "parameter": list(fit.params),
            "value": list(fit.params.values()),
            "standard_error": list(fit.standard_errors.values()),
        },
        schema_overrides={"value": pl.Float64, "standard_error": pl.Float64},
    )
    return f"{framed(head, table)}<p>{escape(_last(fit))}</p>"


def framed(head: str, frame: pl.DataFrame, /) -> str:
    """A frame under its title for a notebook, both escaped."""
    table = frame._repr_html_()  # pyright: ignore[reportPrivateUsage] # notebooks call it
    return f"<p>{escape(head)}</p>{table}"


def _last(fit: Fit) -> str:
    last = f"log-likelihood {fit.log_likelihood:,.3f}, AIC {fit.aic:,.1f}, {fit.status}"
    return last if fit.status == "converged" else f"{last}: {fit.message}"


def _plus_minus(error: float | None) -> str:
    return "" if error is None else f"  ± {error:.3g}"


def written(kind: str, fit: attrs.AttrsInstance, /) -> str:
    """A fit as JSON, under its kind and format."""
    parts = attrs.asdict(fit)
    return json.dumps({"fit": kind, "format": FORMAT, **parts}, ensure_ascii=False)


def opened(text: str, /, *, where: str) -> dict[str, Any]:
    """The parts of a fit as JSON has them, its kind among them.

    Raises:
        FitError: when the text is not JSON, of another format, or names a
            part twice.
    """
    parts, problems = from_json(text, called="a fit", where=where, fix=_FIX, error=FitError)
    if "fit" not in parts:
        raise FitError("the text is no fit", where=where, fix=_FIX)
    problems += head_problems(parts, FORMAT, ("format",), where=where, fix=_FIX)
    FitError.check(problems)
    return parts


def read(text: str, /, *, kind: str, of: type) -> dict[str, Any]:
    """The parts of a fit that `written` wrote.

    Raises:
        FitError: when the text is not JSON, or not such a fit.
    """
    where = f"{of.__name__}.from_json"
    parts = opened(text, where=where)
    names = [each.name for each in attrs.fields(of)]
    if parts.pop("fit") != kind or sorted([*names, "format"]) != sorted(parts):
        raise FitError(f"the text is no {of.__name__}", where=where, fix=_FIX)
    try:
        return {
            name: _TURNED[name](parts[name]) if name in _TURNED else parts[name] for name in names
        }
    except (AttributeError, TypeError, ValueError) as fault:
        raise FitError(f"the text is no fit: {fault}", where=where, fix=_FIX) from None


def _numbers(found: Any) -> tuple[float, ...]:  # noqa: ANN401 - as JSON has it
    return tuple(float(value) for value in found)


def _rows(found: Any) -> tuple[tuple[float, ...], ...]:  # noqa: ANN401
    return tuple(_numbers(row) for row in found)


def _by_name(found: Any) -> dict[str, float]:  # noqa: ANN401
    return {str(name): float(value) for name, value in found.items()}


_TURNED: dict[str, Callable[[Any], Any]] = {
    "params": _by_name,
    "covariance": _rows,
    "log_likelihood": float,
    "customers": float,
    "survivors": _numbers,
}
