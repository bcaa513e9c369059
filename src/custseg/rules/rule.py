"""A Rule: true or false of one row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeGuard

import polars as pl
from attrs import field, frozen

from custseg.errors import Problem, RuleError
from custseg.rules.language import read
from custseg.rules.meeting import meet
from custseg.rules.probe import typed
from custseg.rules.tree import FAILURES, each_row, evaluated

if TYPE_CHECKING:
    from custseg.rules.language import Condition

__all__ = ["Rule", "is_plain_name"]


def _content(when: str | pl.Expr) -> object:
    """What makes two conditions the same: an expression's `==` would build another."""
    return when.meta.serialize() if isinstance(when, pl.Expr) else when


@frozen(repr=False)
class Rule:
    """A named condition that is true or false of one row; null is no.

    Attributes:
        name: What rows that hit are called.
        when: SQL text, or a boolean polars expression. It names the row's own
            columns, measures (`spend_365d`) and the customer's columns
            (`customer.region`). A column named like a keyword is quoted.
        worth: How much a hit is worth where `RuleBook.best` has to choose.

    Raises:
        RuleError: with everything that is wrong: syntax, not true or false,
            aggregates, windows, randomness, constants, several columns, Python
            functions, the clock, misspelt measures, division by zero.

    >>> import custseg as cu
    >>> import polars as pl
    >>> vip = cu.Rule("vip", "spend_365d > 1000 AND orders >= 5")
    >>> vip.hits(pl.DataFrame({"spend_365d": [1200.0, 90.0, None], "orders": [7, 9, 6]})).to_list()
    [True, False, False]
    >>> cu.Rule("vip", "SUM(spend) > 1000")
    Traceback (most recent call last):
    custseg.RuleError: rule 'vip' aggregates over rows (Sum)
      where: Rule('vip').when
      fix:   a rule sees one row: name a measure such as spend_365d instead
    """

    name: str
    when: str | pl.Expr = field(eq=_content)
    worth: float | None = field(default=None, kw_only=True)
    _condition: Condition = field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Read the condition; refuse the rule with everything that is wrong."""
        where = f"Rule({self.name!r})"
        problems = [
            *_name_problems(self.name, where),
            *_worth_problems(self.worth, self.name, where),
        ]
        condition, unread = read(self.name, self.when, where=f"{where}.when")
        RuleError.check([*problems, *unread])
        object.__setattr__(self, "_condition", condition)

    @property
    def expression(self) -> pl.Expr:
        """The condition as a polars expression without nulls, named after the rule.

        >>> import custseg as cu
        >>> import polars as pl
        >>> pl.DataFrame({"orders": [3, None]}).select(cu.Rule("known", "orders > 0").expression)[
        ...     "known"
        ... ].to_list()
        [True, False]
        """
        return self._condition.expression.alias(self.name)

    @property
    def answer(self) -> pl.Expr:
        """The condition as a polars expression named after the rule, null where it is not known.

        >>> import custseg as cu
        >>> import polars as pl
        >>> pl.DataFrame({"orders": [3, None]}).select(cu.Rule("known", "orders > 0").answer)[
        ...     "known"
        ... ].to_list()
        [True, None]
        """
        return self._condition.plain.alias(self.name)

    @property
    def reads(self) -> frozenset[str]:
        """The columns it reads: the row's own by name, its customer's as `customer.region`.

        >>> import custseg as cu
        >>> sorted(cu.Rule("near", "customer.region = 'north' AND total > 5").reads)
        ['customer.region', 'total']
        """
        return frozenset(self._condition.reads)

    @property
    def reads_in_order(self) -> tuple[str, ...]:
        """What `reads` holds, in the order in which the rule names it.

        >>> import custseg as cu
        >>> cu.Rule("vip", "spend > 10 AND orders > 2").reads_in_order
        ('spend', 'orders')
        """
        return self._condition.reads

    @property
    def text(self) -> str:
        """The condition as SQL text.

        Raises:
            RuleError: when the rule was given as a polars expression.

        >>> import custseg as cu
        >>> cu.Rule("near", "region = 'north'").text
        "region = 'north'"
        """
        RuleError.check(self.unwritable(where=f"Rule({self.name!r}).when"))
        return str(self.when)

    def unwritable(self, *, where: str = "") -> tuple[Problem, ...]:
        """Why the rule has no text form: empty when it has one.

        >>> import custseg as cu
        >>> import polars as pl
        >>> [problem.what for problem in cu.Rule("near", pl.col("region") == "north").unwritable()]
        ["rule 'near' is a polars expression, which has no text form"]
        """
        if isinstance(self.when, str):
            return ()
        what = f"rule {self.name!r} is a polars expression, which has no text form"
        return (Problem(what, where, "write it as SQL text: \"region = 'north'\""),)

    def hits(self, frame: pl.DataFrame, /) -> pl.Series:
        """Whether each row hits: boolean without nulls, one per row.

        Args:
            frame: Rows with the columns it reads; the customer's columns in a
                struct column `customer`.

        Raises:
            RuleError: when the rows are no frame, lack a column, or have it in
                another type.

        >>> import custseg as cu
        >>> import polars as pl
        >>> cu.Rule("big", "orders > 2").hits(pl.DataFrame({"orders": [3, None]})).to_list()
        [True, False]
        """
        if not isinstance(frame, pl.DataFrame):  # pyright: ignore[reportUnnecessaryIsInstance] # not all callers are typed
            raise RuleError(
                f"rule {self.name!r} looks at rows of a frame, got {frame!r:.60}",
                where=f"Rule({self.name!r}).hits",
                fix="give a pl.DataFrame with the columns it reads",
            )
        try:
            return each_row(frame.select(self.expression).to_series(), frame.height)
        except FAILURES as error:
            RuleError.check(self.problems(frame.schema))
            for changed in typed(frame, self._condition.tree):
                hits = evaluated(self._condition.tree, changed)
                if hits is not None:
                    return each_row(hits.fill_null(value=False).alias(self.name), frame.height)
            raise _unrunnable(self.name, error) from error

    def problems(self, schema: pl.Schema, /, *, where: str = "") -> tuple[Problem, ...]:
        """What is wrong when the rule meets rows of this schema; empty when nothing is.

        Args:
            schema: Names and types of the rows' columns.
            where: The place to name in each problem.

        >>> import custseg as cu
        >>> import polars as pl
        >>> rows = pl.Schema({"spend_365d": pl.Float64(), "orders": pl.Int64()})
        >>> vip = cu.Rule("vip", "spent > 1000 AND orders = '5'")
        >>> for problem in vip.problems(rows):
        ...     print(problem)
        rule 'vip' reads 'spent', which no column, measure or score provides
          where: Rule('vip').when
          fix:   did you mean 'spend'? measures end in _30d, _12m or _2026
        rule 'vip' compares 'orders' (number) and '5' (text)
          where: Rule('vip').when
          fix:   text values have single quotes, numbers have none; or cast: CAST(column AS DOUBLE)
        """
        place = where or f"Rule({self.name!r}).when"
        return tuple(meet(self._condition, schema, name=self.name, where=place))

    def __repr__(self) -> str:
        """The rule as it is declared."""
        when = repr(self.when) if isinstance(self.when, str) else str(self.when)
        worth = "" if self.worth is None else f", worth={self.worth!r}"
        return f"Rule({self.name!r}, {when}{worth})"


def _unrunnable(name: str, error: BaseException) -> RuleError:
    line = str(error).strip().partition("\n")[0]
    return RuleError(
        f"rule {name!r} cannot be answered for these rows: {line}",
        where=f"Rule({name!r}).when",
        fix="where a value may not convert, write TRY_CAST instead of CAST",
    )


def is_plain_name(found: object, /) -> TypeGuard[str]:
    """Whether something is a text that a line can show: no controls, no space around it.

    >>> from custseg.rules.rule import is_plain_name
    >>> is_plain_name("vip"), is_plain_name(" vip"), is_plain_name("v" + chr(27))
    (True, False, False)
    """
    return isinstance(found, str) and bool(found) and found == found.strip() and found.isprintable()


def _name_problems(name: object, where: str) -> list[Problem]:
    if is_plain_name(name):
        return []
    what = f"a rule needs a name in plain text, got {name!r}"
    return [Problem(what, f"{where}.name", 'name what the rows are: "vip"')]


def _worth_problems(worth: object, name: object, where: str) -> list[Problem]:
    if worth is None:
        return []
    if isinstance(worth, (int, float)) and not isinstance(worth, bool) and math.isfinite(worth):
        return []
    what = f"rule {name!r} needs a finite number as its worth, got {worth!r}"
    return [Problem(what, f"{where}.worth", "write worth=3, or leave it out")]
