"""Matrix: what a model says of customers by how often and how recently they bought."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import evolve, frozen

from custseg.errors import Problem, SchemaError
from custseg.scoring.cells import Cells
from custseg.scoring.design import Design
from custseg.scoring.fit_text import framed
from custseg.scoring.numbers import is_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from custseg.scoring.purchase_fit import PurchaseFit

__all__ = ["PurchaseMatrix"]

_MOST = 1_000
# Columns of a picture that can be told apart.
_COLUMNS = 40


@frozen(eq=False, repr=False, kw_only=True)
class PurchaseMatrix:
    """P(alive) and expected purchases of customers by frequency and recency.

    Attributes:
        frame: For each `x` and `t_x` that can be: `p_alive`, and the
            `expected_purchases` within the horizon.
        model: The model, as papers call it.
        T: How long customers have been observed, in units.
        horizon: How far is looked, in units.
        unit: What times are measured in.

    >>> import custseg as cu
    >>> cdnow = {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}
    >>> fit = cu.PurchaseFit(model="bgnbd", params=cdnow)
    >>> cu.PurchaseMatrix.of(fit, T=39, horizon=39, most=10).frame.filter(x=10).row(-1)
    (10, 39.0, 0.935..., 6.787...)
    """

    frame: pl.DataFrame
    model: str
    T: float
    horizon: float
    unit: str

    @classmethod
    def of(
        cls,
        fit: PurchaseFit,
        /,
        *,
        T: float,  # noqa: N803 - as the column is called
        horizon: float,
        most: int = 25,
    ) -> PurchaseMatrix:
        """What a model says of customers who were observed for so long.

        Args:
            fit: The model; its covariates are taken as 0.
            T: How long customers have been observed, in units.
            horizon: How far to look, in units.
            most: The largest x.

        Raises:
            SchemaError: listing each number that is out of range.
        """
        SchemaError.check(_problems(T, horizon, most, steps=fit.family.steps))
        rows = _pairs(T, most, steps=fit.family.steps)
        own = dict(list(fit.params.items())[: len(fit.family.names)])
        plain = evolve(fit, design=Design(), params=own)
        cells = Cells.of_rows(rows.with_columns(T=pl.lit(float(T))))
        bought = plain.purchases(cells, np.array([float(horizon)]))[:, 0]
        frame = rows.with_columns(
            p_alive=pl.Series(plain.alive(cells)[cells.place]),
            expected_purchases=pl.Series(bought[cells.place]),
        )
        title = fit.family.title
        return cls(frame=frame, model=title, T=float(T), horizon=float(horizon), unit=fit.unit)

    def __repr__(self) -> str:
        """What is looked at, and the table."""
        return f"{self._title()}\n{self.frame}"

    def _repr_html_(self) -> str:
        return framed(self._title(), self.frame)

    def _title(self) -> str:
        return f"{self.model}: after {self.T:g} {self.unit}s, for {self.horizon:g} {self.unit}s"


def _pairs(observed: float, most: int, *, steps: bool) -> pl.DataFrame:
    """Each x and t_x that can be; times are counted back from the end, in whole units."""
    step = max(math.ceil(observed / _COLUMNS), 1)
    times = pl.DataFrame({"t_x": np.sort(observed - np.arange(0.0, observed, step))})
    some = pl.DataFrame({"x": np.arange(1, most + 1)}).join(times, how="cross")
    if steps:
        some = some.filter(pl.col("t_x") >= pl.col("x"))
    return pl.concat([pl.DataFrame({"x": [0], "t_x": [0.0]}), some])


def _problems(observed: object, horizon: object, most: object, *, steps: bool) -> Iterator[Problem]:
    where = "PurchaseMatrix.of"
    if not is_number(observed, 0) or observed == 0 or (steps and observed != int(observed)):
        yield Problem(f"T is {observed!r}", f"{where}(T=)", "give how long, in units, above 0")
    if not is_number(horizon, 0):
        yield Problem(f"horizon is {horizon!r}", f"{where}(horizon=)", "give a number of units")
    if not isinstance(most, int) or not is_number(most, 1, _MOST):
        fix = f"give a whole number from 1 to {_MOST:,}"
        yield Problem(f"most is {most!r}", f"{where}(most=)", fix)
