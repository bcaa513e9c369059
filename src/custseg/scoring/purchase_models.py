"""Models of purchases as recipes: what to fit, to what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from custseg.scoring.bgbb_family import BGBB_FAMILY
from custseg.scoring.bgnbd_family import BGNBD_FAMILY, MBGNBD_FAMILY
from custseg.scoring.paretonbd_family import NBD_FAMILY, PARETONBD_FAMILY
from custseg.scoring.purchase_fit import PurchaseFit, fitted_purchases

if TYPE_CHECKING:
    from custseg.scoring.rows import Source

__all__ = ["BGBB", "BGNBD", "MBGNBD", "NBD", "ParetoNBD"]


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


@frozen(kw_only=True)
class ParetoNBD:
    """The Pareto/NBD model: purchases at random by customers who leave at random, unseen.

    Rates of purchase are gamma distributed (r, alpha), rates of leaving too
    (s, beta): Schmittlein, Morrison and Colombo (1987).

    Attributes:
        unit: What times of a base are measured in: `week` or `day`.
        covariates: Columns of the customers that change the rates of purchase
            and of leaving: alpha exp(−c z) and beta exp(−d z).

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(500, 730, seed=1).base()
    >>> list(cu.ParetoNBD().fit(shop).params)
    ['r', 'alpha', 's', 'beta']
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
            PARETONBD_FAMILY,
            source,
            unit=self.unit,
            covariates=self.covariates,
            where="ParetoNBD.fit",
        )


@frozen(kw_only=True)
class NBD:
    """The NBD model: purchases at random by customers who never leave (Ehrenberg 1959).

    The baseline: what another model says beyond it, it says about leaving.

    Attributes:
        unit: What times of a base are measured in: `week` or `day`.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(500, 730, seed=1).base()
    >>> nobody_leaves, some_leave = cu.NBD().fit(shop), cu.BGNBD().fit(shop)
    >>> some_leave.bic < nobody_leaves.bic
    True
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
        return fitted_purchases(NBD_FAMILY, source, unit=self.unit, covariates=(), where="NBD.fit")


@frozen(kw_only=True)
class BGBB:
    """The BG/BB model: in each of a row of periods a customer buys or does not, and may leave.

    Chances to buy are beta distributed (alpha, beta), chances to leave too
    (gamma, delta): Fader, Hardie and Shang (2010). It reads frames in which
    time is counted in periods: `x` periods with a purchase, `t_x` the last of
    them, `T` how many there were. The periods of a base are days.

    >>> import polars as pl
    >>> import custseg as cu
    >>> rows = {"x": [0, 1, 2, 6], "t_x": [0, 2, 4, 6], "T": [6] * 4, "customers": [60, 20, 15, 9]}
    >>> fit = cu.BGBB().fit(pl.DataFrame(rows))
    >>> list(fit.params)
    ['alpha', 'beta', 'gamma', 'delta']
    """

    def fit(self, source: Source, /) -> PurchaseFit:
        """The model with the parameters that are most likely.

        Args:
            source: A frame of histories in whole periods, or a base.

        Raises:
            SchemaError: listing everything that is wrong with a frame.
            FitError: when nobody is in it.
        """
        return fitted_purchases(BGBB_FAMILY, source, unit="day", covariates=(), where="BGBB.fit")
