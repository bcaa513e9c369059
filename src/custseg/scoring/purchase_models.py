"""Models of purchases as recipes: what to fit, to what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from custseg.scoring.bgnbd_family import BGNBD_FAMILY, MBGNBD_FAMILY
from custseg.scoring.purchase_fit import PurchaseFit, fitted_purchases

if TYPE_CHECKING:
    from custseg.scoring.rows import Source

__all__ = ["BGNBD", "MBGNBD"]


@frozen(kw_only=True)
class BGNBD:
    """The BG/NBD model: purchases at random, and a chance to leave after each repeat purchase.

    Rates of purchase are gamma distributed (r, alpha), chances to leave beta
    distributed (a, b): Fader, Hardie and Lee (2005). Who has not come back
    yet had no chance to leave: P(alive) of one-time buyers is 1. Where that
    is not believed, take `MBGNBD` or `ParetoNBD`.

    Attributes:
        unit: What times of a base are measured in: `week` or `day`.
        covariates: Columns of the customers that change the rate of purchase
            and the chance to leave: alpha exp(−c z) and a exp(d z).

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(500, 730, seed=1).base()
    >>> fit = cu.BGNBD().fit(shop)
    >>> fit.status
    'converged'
    >>> fit.score(shop, horizon=cu.Window(months=12)).columns
    ['customer_id', 'p_alive', 'expected_purchases']
    """

    unit: str = "week"
    covariates: tuple[str, ...] = field(default=(), converter=tuple)

    def fit(self, source: Source, /) -> PurchaseFit:
        """The model with the parameters that are most likely.

        Args:
            source: A base, or a frame of histories (see `cu.history`).

        Raises:
            SchemaError: listing everything that is wrong with a frame.
            FitError: when nobody is in it.
        """
        return fitted_purchases(
            BGNBD_FAMILY, source, unit=self.unit, covariates=self.covariates, where="BGNBD.fit"
        )


@frozen(kw_only=True)
class MBGNBD:
    """The MBG/NBD model: as `BGNBD`, with a chance to leave after the first purchase too.

    Batislam, Denizel and Filiztekin (2007).

    Attributes:
        unit: What times of a base are measured in: `week` or `day`.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(500, 730, seed=1).base()
    >>> cu.MBGNBD().fit(shop).status
    'converged'
    """

    unit: str = "week"

    def fit(self, source: Source, /) -> PurchaseFit:
        """The model with the parameters that are most likely.

        Args:
            source: A base, or a frame of histories (see `cu.history`).

        Raises:
            SchemaError: listing everything that is wrong with a frame.
            FitError: when nobody is in it.
        """
        return fitted_purchases(
            MBGNBD_FAMILY, source, unit=self.unit, covariates=(), where="MBGNBD.fit"
        )
