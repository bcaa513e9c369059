"""Sizes: what segments and tags alike are told by, and found by name."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from custseg.errors import SchemaError
from custseg.segments.layout import Layout, amount, count, share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["named", "sizes_frame", "sizes_layout"]


def sizes_frame(
    labels: pl.Series,
    customers: NDArray[np.int64],
    shares: pl.Series,
    spend: NDArray[Any],
    spend_shares: pl.Series,
    /,
    *,
    scale: int,
) -> pl.DataFrame:
    """A row a label: customers, their share, their spend and its share.

    Args:
        labels: The labels, each once.
        customers: How many bear each.
        shares: Their shares of all customers.
        spend: What they spent, in whole minor units.
        spend_shares: Its shares of what all spent.
        scale: How many decimals the currency has.
    """
    return pl.DataFrame(
        [
            labels,
            pl.Series("customers", customers),
            shares.alias("share"),
            pl.Series("spend", (spend / 10**scale).astype(np.float64)),
            spend_shares.alias("spend_share"),
        ]
    )


def sizes_layout(sizes: pl.DataFrame, title: str, /, *, scale: int) -> Layout:
    """Sizes as a table to be read.

    Args:
        sizes: What `sizes_frame` made.
        title: One line above the table.
        scale: How many decimals the currency has.
    """
    rows = [
        (name, count(n), share(part), amount(spend, scale), share(spend_part))
        for name, n, part, spend, spend_part in sizes.iter_rows()
    ]
    head = (sizes.columns[0], "customers", "share", "spend", "spend share")
    return Layout(title=title, head=head, rows=tuple(rows))


def named(name: object, names: Sequence[str], /, *, noun: str, where: str) -> str:
    """A name that is one of those that there are.

    Raises:
        SchemaError: when it is none; the fix has the nearest.

    >>> from custseg.segments.sizes import named
    >>> named("often", ("big", "often"), noun="tag", where="Tags.members")
    'often'
    """
    if isinstance(name, str) and name in names:
        return name
    near = difflib.get_close_matches(str(name), names, n=1)
    raise SchemaError(
        f"no {noun} is named {name!r}",
        where=where,
        fix=f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}",
    )
