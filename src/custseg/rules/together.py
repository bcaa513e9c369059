"""Rules that are asked together: one pass over the rows."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from attrs import frozen

from custseg.rules.tree import FAILURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

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
    def _expressions(self) -> list[pl.Expr]:
        # By number: two rules may bear one name.
        return [rule.expression.alias(str(place)) for place, rule in enumerate(self.rules)]

    def hits(
        self, frame: pl.DataFrame, more: Sequence[pl.Expr] = ()
    ) -> tuple[list[pl.Series], list[pl.Series]]:
        """What `Rule.hits` says of each rule, and other columns by the way.

        Args:
            frame: As for `Rule.hits`.
            more: Columns made of the frame.

        Raises:
            RuleError: as `Rule.hits`.
        """
        if not (self.rules or more):
            return [], []
        try:
            made = frame.select_seq(*self._expressions, *more).get_columns()
        except FAILURES:
            # Which rule it was, and why, they say themselves.
            hits = [rule.hits(frame) for rule in self.rules]
            return hits, frame.select(*more).get_columns() if more else []
        return made[: len(self.rules)], made[len(self.rules) :]
