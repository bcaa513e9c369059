"""Plot: a picture of any result that has one."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, TypeAlias

from custseg.errors import SchemaError
from custseg.loyalty.ledger import Ledger
from custseg.plots.flow_matrix import flow_matrix
from custseg.plots.ledger_points import ledger_points
from custseg.plots.lorenz_curve import abc_curve, lorenz_curve
from custseg.plots.purchase_lines import holdout_lines, tracking_lines
from custseg.plots.purchase_map import alive_map, purchases_map
from custseg.plots.score_map import score_map
from custseg.plots.segment_sizes import segment_sizes
from custseg.plots.tier_mix import tier_mix
from custseg.plots.track_sizes import track_shares, track_sizes
from custseg.scoring.purchase_holdout import Holdout
from custseg.scoring.purchase_matrix import PurchaseMatrix
from custseg.scoring.purchase_tracking import Tracking
from custseg.segments.abc_lorenz import Lorenz
from custseg.segments.flow import Flow
from custseg.segments.segmentation import Segmentation
from custseg.segments.track import Track

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from custseg.plots.canvas import Picture

    Kinds: TypeAlias = Mapping[str, Callable[[Any], Picture]]

__all__ = ["PICTURES", "plot"]

PICTURES: Mapping[type, Kinds] = {
    Segmentation: {"sizes": segment_sizes, "rfm": score_map, "lorenz": abc_curve},
    Flow: {"matrix": flow_matrix},
    Track: {"sizes": track_sizes, "shares": track_shares},
    Lorenz: {"lorenz": lorenz_curve},
    Holdout: {"calibration": holdout_lines},
    Tracking: {"tracking": tracking_lines},
    PurchaseMatrix: {"alive": alive_map, "purchases": purchases_map},
    Ledger: {"points": ledger_points, "tiers": tier_mix},
}
"""What is drawn of which result: the kinds of pictures by name, the usual one first."""


Drawn: TypeAlias = (
    Segmentation | Flow | Track | Lorenz | Holdout | Tracking | PurchaseMatrix | Ledger
)


def plot(result: Drawn, /, *, kind: str | None = None) -> Picture:
    """A picture of a result: a chart of Altair.

    It is shown in a notebook as it is; `.save("sizes.png")` writes it, as svg
    and html too. It has no background, and its colours read on light and dark
    pages. Equal results give equal charts.

    Needs Altair: `pip install "custseg[plot]"`.

    | result | kind |
    |---|---|
    | Segmentation | `sizes`: customers and spend of each segment |
    | | `rfm`: a heat map of the scores that RFM gave |
    | | `lorenz`: what ABC shared out, with the ends of its classes |
    | Flow | `matrix`: who went from where to where |
    | Track | `sizes`: customers of each segment, period after period |
    | | `shares`: the same as shares of all customers |
    | Lorenz | `lorenz`: the curve |
    | Holdout | `calibration`: purchases that came beside those that were expected |
    | Tracking | `tracking`: the same for everybody, week after week |
    | PurchaseMatrix | `alive`: P(alive) by frequency and recency |
    | | `purchases`: expected purchases by frequency and recency |
    | Ledger | `points`: issued, redeemed, expired and outstanding, month after month |
    | | `tiers`: the share of members in each tier, month after month |

    Args:
        result: What is shown.
        kind: Which picture; the first of its kinds when left out.

    Raises:
        SchemaError: when there is no such picture, or none of this result.
        LedgerError: when the ledger has no entries, or no tiers to show.
        MissingExtra: when Altair is not installed.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(200, 365, seed=1).base()
    >>> now = cu.RFM().segment(shop)
    >>> cu.plot(now, kind="rfm").to_dict()["title"]["text"]
    'RFM scores of 183 customers as of 2024-12-30'
    """
    kinds = PICTURES.get(type(result))
    if kinds is None:
        known = ", ".join(each.__name__ for each in PICTURES)
        raise SchemaError(
            f"there is no picture of {result!r:.60}", where="plot", fix=f"give one of {known}"
        )
    wanted = next(iter(kinds)) if kind is None else kind
    drawn = kinds.get(wanted) if isinstance(wanted, str) else None  # pyright: ignore[reportUnnecessaryIsInstance] # not all callers are typed
    if drawn is None:
        near = difflib.get_close_matches(str(kind), kinds, n=1)
        fix = f"did you mean {near[0]!r}?" if near else f"give one of {', '.join(kinds)}"
        what = f"there is no picture {kind!r} of a {type(result).__name__}"
        raise SchemaError(what, where="plot(kind=)", fix=fix)
    return drawn(result)
