"""The text form of fitted value."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from custseg.errors import FitError, SchemaError
from custseg.model.window import Window
from custseg.scoring.fit_text import FORMAT, opened
from custseg.scoring.purchase_fit import PurchaseFit
from custseg.scoring.spend_fit import SpendFit

if TYPE_CHECKING:
    from custseg.scoring.clv_fit import CLVFit

__all__ = ["read", "written"]

_WHERE = "CLVFit.from_json"
_FIX = "give the text that to_json() wrote"


def written(fit: CLVFit, /) -> str:
    """A fit as JSON, its two models within."""
    horizon = fit.horizon
    parts: dict[str, object] = {
        "fit": "clv",
        "format": FORMAT,
        "purchases": json.loads(fit.purchases.to_json()),
        "spend": json.loads(fit.spend.to_json()),
        "horizon": None if horizon is None else {"days": horizon.days, "months": horizon.months},
        "annual_discount": fit.annual_discount,
        "margin": fit.margin,
        "discounting": fit.discounting,
        "level": fit.level,
        "draws": fit.draws,
    }
    return json.dumps(parts, ensure_ascii=False)


def read(text: str, /) -> dict[str, Any]:
    """The parts of a fit.

    Raises:
        FitError: when the text is not JSON, or not such a fit.
    """
    parts = opened(text, where=_WHERE)
    if parts.pop("fit") != "clv":
        raise FitError("the text is no fit of value", where=_WHERE, fix=_FIX)
    try:
        return _parts(parts)
    except (AttributeError, KeyError, SchemaError, TypeError, ValueError) as fault:
        if isinstance(fault, FitError):
            raise
        raise FitError(f"the text is no fit: {fault}", where=_WHERE, fix=_FIX) from None


def _parts(parts: dict[str, Any]) -> dict[str, Any]:
    horizon = parts["horizon"]
    return {
        "purchases": PurchaseFit.from_json(json.dumps(parts["purchases"])),
        "spend": SpendFit.from_json(json.dumps(parts["spend"])),
        "horizon": None if horizon is None else Window(**horizon),
        **{name: parts[name] for name in ("annual_discount", "margin", "discounting", "level")},
        "draws": tuple((dict(first), dict(second)) for first, second in parts["draws"]),
    }
