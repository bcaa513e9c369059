"""Keys: which rows are copies of each other, and which contradict each other."""

from __future__ import annotations

import polars as pl
import polars.selectors as cs

__all__ = ["content_ids", "key_faults"]


def key_faults(rows: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame | None:
    """Rows whose key stands more than once, or None when there are none.

    A row with a null in its key, such as an order line without a number,
    cannot be recognised again and is left alone.

    Returns:
        `place` (row number) and `reason`: "duplicate" for exact copies beyond
        the first, "conflict" for every row of a key with differing content.
    """
    if _all_distinct(rows, key):
        return None
    numbered = rows.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias(_PLACE)).filter(
        pl.all_horizontal(pl.col(name).is_not_null() for name in key)
    )
    repeated = numbered.filter(
        pl.struct(key).is_duplicated() if key[1:] else pl.col(key[0]).is_duplicated()
    )
    if repeated.height == 0:
        return None
    # Rows that say the same share the first one's place; the rows of a key share one, or differ.
    shared = repeated.select(*key, _PLACE, _first_alike(repeated).alias(_SHARED))
    same = pl.col(_SHARED)
    return (
        shared.select(
            pl.col(_PLACE).alias("place"),
            reason=pl.when(same.min().over(key) != same.max().over(key))
            .then(pl.lit("conflict"))
            .when(pl.col(_PLACE) != same)
            .then(pl.lit("duplicate")),
        )
        .drop_nulls("reason")
        .sort("place")
    )


# No source column is called so.
_PLACE, _SHARED = "\0place", "\0shared"


def _first_alike(repeated: pl.DataFrame) -> pl.Series:
    """For each row the place of the first that says the same; the place is the last column."""
    *said, place = repeated.get_columns()
    # By number: a column of the source may be named like a pattern.
    numbered = [column.alias(str(number)) for number, column in enumerate(said)]
    names = [column.name for column in numbered]
    return pl.DataFrame([*numbered, place]).select(pl.col(_PLACE).min().over(names)).to_series()


def _all_distinct(rows: pl.DataFrame, key: tuple[str, ...]) -> bool:
    """Whether no key stands twice; False also when only a closer look can tell."""
    if rows.height < 2:  # noqa: PLR2004 - one row has no other
        return True
    if len(key) == 1:
        values = rows[key[0]]
        if values.dtype != pl.String:
            return values.n_unique() == rows.height
        hashes = values.hash()
    else:
        hashes = rows.select(key).hash_rows()
    # Distinct hashes prove distinct keys, at a fifth of the price of texts.
    return hashes.n_unique() == rows.height


def content_ids(rows: pl.DataFrame) -> pl.Series:
    """An id for each row made from all that it says: exact copies share it."""
    said = rows.with_columns(cs.binary().bin.encode("hex"))
    return said.to_struct("said").struct.json_encode()
