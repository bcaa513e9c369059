"""The text form of a fitted model of purchases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from custseg.errors import FitError
from custseg.scoring.design import Design, Term
from custseg.scoring.families import FAMILIES
from custseg.scoring.fit_text import FORMAT, opened

if TYPE_CHECKING:
    from custseg.scoring.purchase_fit import PurchaseFit

__all__ = ["read", "written"]

_WHERE = "PurchaseFit.from_json"
_FIX = "give the text that to_json() wrote"


def written(fit: PurchaseFit, /) -> str:
    """A fit as JSON."""
    parts: dict[str, object] = {
        "fit": fit.model,
        "format": FORMAT,
        "params": fit.params,
        "covariance": fit.covariance,
        "log_likelihood": fit.log_likelihood,
        "customers": fit.customers,
        "status": fit.status,
        "message": fit.message,
        "unit": fit.unit,
        "terms": [[term.column, term.level] for term in fit.design.terms],
        "labels": fit.design.labels,
    }
    return json.dumps(parts, ensure_ascii=False)


def read(text: str, /) -> dict[str, Any]:
    """The parts of a fit.

    Raises:
        FitError: when the text is not JSON, or not a fit.
    """
    parts = opened(text, where=_WHERE)
    if parts["fit"] not in FAMILIES:
        raise FitError("the text is no fit of purchases", where=_WHERE, fix=_FIX)
    try:
        return _parts(parts)
    except (KeyError, TypeError, ValueError) as fault:
        raise FitError(f"the text is no fit: {fault}", where=_WHERE, fix=_FIX) from None


def _parts(parts: dict[str, Any]) -> dict[str, Any]:
    labels = tuple((name, tuple(known)) for name, known in parts["labels"])
    return {
        "model": parts["fit"],
        "params": {str(name): float(value) for name, value in parts["params"].items()},
        "covariance": tuple(tuple(map(float, row)) for row in parts["covariance"]),
        "log_likelihood": float(parts["log_likelihood"]),
        "customers": float(parts["customers"]),
        "status": parts["status"],
        "message": str(parts["message"]),
        "unit": str(parts["unit"]),
        "design": Design(tuple(Term(*term) for term in parts["terms"]), labels),
    }
