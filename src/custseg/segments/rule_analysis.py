"""RuleAnalysis: which rules of a book never fire, are always shadowed, or overlap."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg.schema.bridge import array
from custseg.segments.labels import labelled
from custseg.segments.layout import Layout, count, counted
from custseg.segments.shares import ratio
from custseg.segments.tag_lists import flags

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

__all__ = ["RuleAnalysis"]

# Words of a hundred rules that stay in cache while each rule meets the others.
_BLOCK = 1_024
_FINDINGS = pl.Enum(["never fires", "always shadowed"])


@frozen(eq=False, repr=False, kw_only=True)
class RuleAnalysis:
    """How the rules of a book fare on the customers of a base.

    Attributes:
        frame: A row a rule, in order: `rule`, `hits` (customers for whom it
            is true), `wins` (those it labels), `shadowed` (those whom another
            rule labels), `overlaps` (rules that hit some of the same
            customers), `finding` (`never fires`, `always shadowed` or null),
            and `shadowed_by`, the rule that takes most of what it never wins.
        overlaps: A row a pair of rules that hit the same customers, the
            largest first: `rule`, `other`, `customers`, and `share`, that of
            the smaller rule's hits.
        customers: How many customers there are.
        unmatched: How many of them no rule hits.
        day: The local date as of which this holds.

    >>> import custseg as cu
    >>> book = cu.RuleBook.first(
    ...     cu.Rule("buyer", "orders > 0"), cu.Rule("vip", "spend > 250"), otherwise="rest"
    ... )
    >>> found = book.analyse(cu.datasets.simulate(500, 365, seed=1).base())
    >>> found.frame.select("rule", "finding", "shadowed_by").rows()
    [('buyer', None, None), ('vip', 'always shadowed', 'buyer')]
    """

    frame: pl.DataFrame
    overlaps: pl.DataFrame
    customers: int
    unmatched: int
    day: dt.date

    @classmethod
    def of(cls, hits: pl.DataFrame, winners: pl.Series | None, /, *, day: dt.date) -> RuleAnalysis:
        """The analysis of one boolean column a rule.

        Args:
            hits: Which rules hit each customer.
            winners: The place of the rule that labels each customer, the
                number of rules where none does; None when all that hit do.
            day: The local date as of which this holds.
        """
        names = hits.columns
        columns = flags(hits)
        both = _together(columns, hits.height)
        hit = np.diagonal(both).copy()
        won = hit if winners is None else _places(array(winners), len(names))
        meets = (both > 0).sum(axis=1) - (hit > 0)
        shadowed = (hit > 0) & (won == 0)
        takers: list[str | None] = [None] * len(names)
        if winners is not None:
            for place in np.flatnonzero(shadowed).tolist():
                among = _places(array(winners)[columns[place]], len(names))
                takers[place] = names[int(among.argmax())]
        finding = [
            "never fires" if none else "always shadowed" if dark else None
            for none, dark in zip((hit == 0).tolist(), shadowed.tolist(), strict=True)
        ]
        rules = labelled("rule", names)
        frame = pl.DataFrame(
            {
                "rule": rules,
                "hits": hit,
                "wins": won,
                "shadowed": hit - won,
                "overlaps": meets,
                "finding": pl.Series(finding, dtype=_FINDINGS),
                "shadowed_by": pl.Series(takers, dtype=rules.dtype),
            }
        )
        some = int(hits.select(pl.any_horizontal(pl.all())).to_series().sum())
        return cls(
            frame=frame,
            overlaps=_overlaps(rules, both),
            customers=hits.height,
            unmatched=hits.height - some,
            day=day,
        )

    def __eq__(self, other: object) -> bool:
        """Whether rules fare the same on as many customers of the same day."""
        if not isinstance(other, RuleAnalysis):
            return NotImplemented
        return (
            (self.customers, self.unmatched, self.day)
            == (other.customers, other.unmatched, other.day)
            and self.frame.equals(other.frame)
            and self.overlaps.equals(other.overlaps)
        )

    def __repr__(self) -> str:
        """A row a rule, and what was found."""
        return self._layout().text()

    def _repr_html_(self) -> str:
        return self._layout().html() + (self._pairs().html() if self.overlaps.height else "")

    def _layout(self) -> Layout:
        rows = [
            (
                rule,
                finding + (f" by {taker}" if taker else "") if finding else "",
                count(hits),
                count(wins),
                count(shadowed),
                count(overlaps),
            )
            for rule, hits, wins, shadowed, overlaps, finding, taker in self.frame.iter_rows()
        ]
        people = counted(self.customers, "customer")
        return Layout(
            title=f"{people} as of {self.day}, {count(self.unmatched)} hit by no rule",
            head=("rule", "finding", "hits", "wins", "shadowed", "overlaps"),
            rows=tuple(rows),
            texts=2,
        )

    def _pairs(self) -> Layout:
        rows = [
            (rule, other, count(customers), f"{100 * share:.1f} %")
            for rule, other, customers, share in self.overlaps.iter_rows()
        ]
        return Layout(
            title=f"{counted(self.overlaps.height, 'pair')} of rules hit the same customers",
            head=("rule", "other", "customers", "of the smaller"),
            rows=tuple(rows),
            texts=2,
        )


def _together(columns: list[NDArray[np.bool_]], rows: int) -> NDArray[np.int64]:
    """How many rows each two columns are both true in."""
    # 64 rows a word, with zeros behind the last: bits that two have in common are counted.
    room = np.zeros((len(columns), -(-rows // 64) * 8), np.uint8)
    for place, hit in enumerate(columns):
        room[place, : -(-rows // 8)] = np.packbits(hit)
    packed = room.view(np.uint64)
    both = np.zeros((len(columns), len(columns)), np.int64)
    for start in range(0, packed.shape[1], _BLOCK):
        block = packed[:, start : start + _BLOCK]
        for place, hit in enumerate(block):
            both[place, place:] += np.bitwise_count(hit & block[place:]).sum(axis=1, dtype=np.int64)
    return np.maximum(both, both.T)


def _places(winners: NDArray[np.int64], rules: int) -> NDArray[np.int64]:
    return np.bincount(winners, minlength=rules)[:rules].astype(np.int64)


def _overlaps(rules: pl.Series, both: NDArray[np.int64]) -> pl.DataFrame:
    pairs = [pair for pair in combinations(range(rules.len()), 2) if both[pair]]
    first, second = ([pair[side] for pair in pairs] for side in (0, 1))
    customers = both[first, second] if pairs else np.zeros(0, np.int64)
    hits = np.diagonal(both)
    smaller = np.minimum(hits[first], hits[second]) if pairs else customers
    frame = pl.DataFrame(
        {
            "rule": rules.gather(first),
            "other": rules.gather(second),
            "customers": customers,
            "share": ratio(customers, smaller),
        }
    )
    return frame.sort("customers", "rule", "other", descending=[True, False, False])
