"""Tags: any number of labels a customer, as of an instant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from attrs import frozen

from custseg.segments.labels import labelled
from custseg.segments.layout import count, counted
from custseg.segments.lookup import place_of
from custseg.segments.shares import minor_spend, shares, spend_shares
from custseg.segments.sizes import named, sizes_frame, sizes_layout
from custseg.segments.tag_lists import flags

if TYPE_CHECKING:
    import datetime as dt

    import polars as pl

    from custseg.base.customer_base import CustomerBase
    from custseg.segments.layout import Layout
    from custseg.segments.rule_book import RuleBook
    from custseg.segments.scheme import Reasons

__all__ = ["Tags"]


@frozen(eq=False, repr=False, kw_only=True)
class Tags:
    """The tags of customers: what `RuleBook.every` assigns.

    Every customer of the base stands in `frame` exactly once, sorted by id.

    Attributes:
        frame: `customer_id`, `tags` (a list of an Enum, in the book's order,
            empty for who has none), and one boolean column a tag.
        measures: `customer_id` and what the rules read, `orders` and `spend`
            among it; instants are local times.
        reasons: What can say why a customer bears its tags: the book.
        instant: The instant as of which the tags hold.
        day: Its local date.
        currency: The currency of spend.
        scale: How many decimals the currency has.

    >>> import custseg as cu
    >>> book = cu.RuleBook.every(cu.Rule("big", "spend > 250"), cu.Rule("often", "orders >= 5"))
    >>> found = book.segment(cu.datasets.simulate(500, 365, seed=1).base())
    >>> found
    500 customers as of 2024-12-30, 421 without a tag, spend in EUR
    tag    customers   share      spend  spend share
    big           66  13.2 %  39,552.25       58.3 %
    often         49   9.8 %  30,581.92       45.1 %
    >>> found.why(2)
    'often: orders = 6 (orders >= 5)'
    """

    frame: pl.DataFrame
    measures: pl.DataFrame
    reasons: Reasons
    instant: dt.datetime
    day: dt.date
    currency: str
    scale: int

    @classmethod
    def of(cls, book: RuleBook[Any], base: CustomerBase, /, *, measures: pl.DataFrame) -> Tags:
        """The tags that a book gives the customers of a base.

        Args:
            book: What tags them.
            base: Who they are, and as of when.
            measures: What the book reads of each, orders and spend too.
        """
        return cls(
            frame=book.label(measures),
            measures=measures,
            reasons=book,
            instant=base.instant,
            day=base.day,
            currency=base.currency,
            scale=base.scale,
        )

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags in order, those that nobody bears included."""
        return tuple(self.frame.columns[2:])

    def sizes(self) -> pl.DataFrame:
        """A row a tag: customers, their share, their spend and its share of all spend.

        All spend is that of customers who bought more than they returned.
        Customers may bear several tags, so neither share adds up to the
        whole; a share of nothing is null, and so is the spend share of a tag
        whose customers returned more than they bought.
        """
        minor = minor_spend(self.measures, self.scale)
        bears = flags(self.frame[:, 2:])
        customers = np.array([np.count_nonzero(tag) for tag in bears], np.int64)
        spend = np.array([minor[tag].sum() for tag in bears], minor.dtype)
        return sizes_frame(
            labelled("tag", self.tags),
            customers,
            shares(customers, self.frame.height),
            spend,
            spend_shares(spend, int(np.maximum(minor, 0).sum())),
            scale=self.scale,
        )

    def members(self, tag: str, /) -> pl.DataFrame:
        """The rows of `frame` of customers who bear a tag.

        Raises:
            SchemaError: when no tag has this name.
        """
        bears = self.frame[named(tag, self.tags, noun="tag", where="Tags.members")]
        return self.frame.filter(bears)

    def why(self, customer_id: int | str, /) -> str:
        """Why a customer bears its tags: a line a rule that hit, with the numbers it read.

        Args:
            customer_id: The id; of an integer id the text will do.

        Raises:
            SchemaError: when there is no such customer.
        """
        place = place_of(customer_id, self.frame["customer_id"], where="Tags.why")
        return self.reasons.why(self.measures.row(place, named=True))

    def __eq__(self, other: object) -> bool:
        """Whether the same customers bear the same tags as of the same instant."""
        if not isinstance(other, Tags):
            return NotImplemented
        return self.instant == other.instant and self.frame.equals(other.frame)

    def __repr__(self) -> str:
        """The sizes as a table."""
        return self._layout().text()

    def _repr_html_(self) -> str:
        return self._layout().html()

    def _layout(self) -> Layout:
        people = counted(self.frame.height, "customer")
        bare = count(int((self.frame["tags"].list.len() == 0).sum()))
        title = f"{people} as of {self.day}, {bare} without a tag, spend in {self.currency}"
        return sizes_layout(self.sizes(), title, scale=self.scale)
