"""Gamma-Gamma: what customers spend on a purchase."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from custseg.scoring.spend_fit import SpendFit, fitted_spend

if TYPE_CHECKING:
    from custseg.scoring.rows import Source

__all__ = ["GammaGamma"]


@frozen(kw_only=True)
class GammaGamma:
    """The Gamma-Gamma model of spend: purchases vary about a mean that differs by customer.

    Fader, Hardie and Lee (2005), "RFM and CLV: using iso-value curves". How
    often somebody buys is taken to say nothing of how much: see
    `SpendFit.correlation`.

    Attributes:
        unit: What histories made from a base are measured in.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(500, 730, seed=1).base()
    >>> fit = cu.GammaGamma().fit(shop)
    >>> fit.status, fit.score(shop).columns
    ('converged', ['customer_id', 'expected_spend'])
    """

    unit: str = "week"

    def fit(self, source: Source, /) -> SpendFit:
        """The model with the parameters that are most likely.

        Args:
            source: A base, or a frame of histories with x and spend_mean.
                Customers without repeat purchases, or with free ones only,
                do not take part.

        Raises:
            SchemaError: listing everything that is wrong with a frame.
            FitError: when nobody takes part.
        """
        return fitted_spend(source, unit=self.unit, where="GammaGamma.fit")
