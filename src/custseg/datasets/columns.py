"""Columns of the tables, made from arrays of whole numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["by_time", "instants", "money", "some", "words"]


def by_time(seconds: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows in order of time; equal times stay in the order they have.

    Times and rows are packed into one number each: sorting values is several times
    faster than sorting indices by them.
    """
    if not len(seconds):
        return np.zeros(0, np.int64)
    bits = len(seconds).bit_length()
    packed = ((seconds - seconds.min()) << bits) | np.arange(len(seconds))
    packed.sort()
    return packed & ((1 << bits) - 1)


def instants(seconds: NDArray[np.int64]) -> pl.Series:
    """UTC instants from seconds since 1970."""
    return pl.Series(seconds * 1_000_000, dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))


def money(minor: NDArray[np.int64], digits: int) -> pl.Series:
    """Money from whole numbers of the currency's smallest unit."""
    wide = pl.Series("", minor, dtype=pl.Int64).cast(pl.Int128)
    # The same bits under another type: dividing as decimals takes 40 times as long.
    return pl.select(pl.lit(wide).reinterpret(dtype=pl.Decimal(18, digits))).to_series()


def words(lexicon: Sequence[str | None], choice: NDArray[Any]) -> pl.Series:
    """The word of each choice; a choice may be a None of the lexicon."""
    return pl.Series("", lexicon, dtype=pl.String).gather(pl.Series(choice))


def some(column: pl.Series, present: NDArray[np.bool_]) -> pl.Series:
    """The column with nulls where `present` is false."""
    return pl.select(pl.when(pl.lit(pl.Series(present))).then(pl.lit(column))).to_series()
