"""WinBack: lapsed customers by what their return is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import polars as pl
from attrs import field, frozen

from custseg.errors import FitError, Problem, RuleError
from custseg.rules.rule import Rule
from custseg.scoring.clv import CLV
from custseg.scoring.clv_fit import CLVFit
from custseg.scoring.numbers import is_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from custseg.base.customer_base import CustomerBase

__all__ = ["WinBack"]

_ALIVE = "p_alive"


@frozen(kw_only=True)
class WinBack:
    """A recipe that ranks lapsed customers by the expected value of their return.

    Who is back buys as a customer does who is alive: the value of a return is
    clv / p_alive. It is expected with the chance that a customer responds,
    less what contacting one costs.

    Attributes:
        value: What customers are worth: a recipe, or one that is fitted.
        lapsed: Who has lapsed: a rule over customers.
        response: The chance to win a customer back: a number, a column of
            customers or score by name, or `p_alive`: that nobody was lost.
        cost: What contacting one costs.

    Raises:
        FitError: listing everything at once.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(800, 730, seed=1).base()
    >>> ranked = cu.WinBack(lapsed="recency_days > 120", response=0.1, cost=0.5).score(shop)
    >>> ranked.columns
    ['customer_id', 'recency_days', 'p_alive', 'value_if_back', 'return_value']
    >>> ranked["return_value"].is_sorted(descending=True, nulls_last=True)
    True
    """

    value: CLV | CLVFit = field(factory=CLV)
    lapsed: Rule | str | pl.Expr = field(default="recency_days > 180", eq=str, hash=False)
    response: float | str = _ALIVE
    cost: float = 0.0

    def __attrs_post_init__(self) -> None:
        """Refuse a declaration that cannot be worked out for any base."""
        FitError.check(self._problems())

    def score(self, base: CustomerBase, /) -> pl.DataFrame:
        """The lapsed customers, the most valuable return first; null values last.

        Args:
            base: The base as of now.

        Returns:
            customer_id, recency_days, p_alive, value_if_back and
            return_value: response × value_if_back − cost.

        Raises:
            RuleError: when the rule reads what is not there.
            SchemaError: when no column has the name of the response.
            FitError: when there is nobody to learn value from.
        """
        valued = self.value.score(base)
        lapsed = base.where(self.lapsed).customer_ids.to_frame()
        asked = [self.response] if isinstance(self.response, str) else []
        named = [name for name in asked if name not in {_ALIVE, "recency_days"}]
        read = base.measures("recency_days", *named)
        rows = lapsed.join(valued, on="customer_id", how="left", maintain_order="left").join(
            read, on="customer_id", how="left", maintain_order="left"
        )
        response = pl.col(self.response) if isinstance(self.response, str) else self.response
        # Of who is surely gone nobody can tell.
        back = pl.when(pl.col(_ALIVE) > 0).then(pl.col("clv") / pl.col(_ALIVE))
        return (
            rows.filter(pl.col("recency_days").is_not_null())
            .with_columns(value_if_back=back)
            .with_columns(return_value=response * pl.col("value_if_back") - self.cost)
            .select("customer_id", "recency_days", _ALIVE, "value_if_back", "return_value")
            .sort("return_value", "customer_id", descending=[True, False], nulls_last=True)
        )

    def _problems(self) -> Iterator[Problem]:
        if not isinstance(cast("object", self.value), CLV | CLVFit):
            fix = "give cu.CLV(), or its fit"
            yield Problem(f"{self.value!r} says nothing of value", "WinBack.value", fix)
        if not isinstance(self.lapsed, Rule):
            try:
                Rule("lapsed", self.lapsed)
            except RuleError as error:
                yield from error.problems
        if not isinstance(self.response, str) and not is_number(self.response, 0, 1):
            fix = "give a share from 0 to 1, or the name of a column"
            yield Problem(f"response is {self.response!r}", "WinBack.response", fix)
        if not is_number(self.cost, 0):
            what = f"cost is {self.cost!r}"
            yield Problem(what, "WinBack.cost", "give an amount from 0 on")
