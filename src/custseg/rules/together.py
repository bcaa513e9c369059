"""Rules that are asked together: one pass over the rows."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl
from attrs import frozen

from custseg.rules.tree import FAILURES
from custseg.schema.arrow import true

if TYPE_CHECKING:
    import numpy as np
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
    def _answers(self) -> list[pl.Expr]:
        # By number: two rules may bear one name.
        return [rule.answer.alias(str(place)) for place, rule in enumerate(self.rules)]

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
            answers = frame.select_seq(*self._answers).get_columns()
        except FAILURES:
            # Which rule it was, and why, they say themselves.
            return [rule.hits(frame).to_numpy() for rule in self.rules]
        # Null is no; for what is of no type, or of another, the rule says it itself.
        return [
            true(answer) if answer.dtype == pl.Boolean else rule.hits(frame).to_numpy()
            for rule, answer in zip(self.rules, answers, strict=True)
        ]
