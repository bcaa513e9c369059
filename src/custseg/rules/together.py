"""Rules that are asked together: one pass over the rows."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from attrs import frozen

from custseg.rules.tree import FAILURES

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from custseg.rules.rule import Rule

__all__ = ["Together"]


@frozen(eq=False)
class Together:
    """Rules over the same rows.

    Attributes:
        rules: The rules.
    """

    rules: tuple[Rule, ...]

    @cached_property
    def reads(self) -> frozenset[str]:
        """The columns that any of them reads."""
        return frozenset(name for rule in self.rules for name in rule.reads)

    @cached_property
    def _hits(self) -> list[pl.Expr]:
        # By number: two rules may bear one name. Null is no, in half the time of `fill_null`.
        return [
            rule.answer.eq_missing(other=True).alias(str(place))
            for place, rule in enumerate(self.rules)
        ]

    def hits(self, frame: pl.DataFrame) -> list[NDArray[np.bool_]]:
        """What `Rule.hits` says of each rule.

        Args:
            frame: As for `Rule.hits`.

        Raises:
            RuleError: as `Rule.hits`.
        """
        if not self.rules:
            return []
        try:
            found = frame.select_seq(*self._hits)
        except FAILURES:
            # Which rule it was, and why, they say themselves.
            found = None
        if found is None or found.height != frame.height:
            hits = [rule.hits(frame) for rule in self.rules]
        else:
            hits = found.get_columns()
        return [each.to_numpy() for each in hits]
