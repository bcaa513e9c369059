"""Keys: which rows are copies of each other, and which contradict each other."""

from __future__ import annotations

import polars as pl

__all__ = ["content_ids", "key_faults"]


def key_faults(rows: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame | None:
    """Rows whose key stands more than once, or None when there are none.

    A row with a null in its key cannot be recognised again and is left alone.

    Returns:
        `place` (row number) and `reason`: "duplicate" for exact copies beyond
        the first, "conflict" for every row of a key with differing content.
    """
    if _all_distinct(rows, key):
        return None
    numbered = rows.with_row_index("__place").filter(
        pl.all_horizontal(pl.col(name).is_not_null() for name in key)
    )
    repeated = numbered.filter(pl.struct(key).is_duplicated())
    if repeated.height == 0:
        return None
    content = [name for name in rows.columns if name not in key]
    # As text, contents compare exactly, lists and structs included.
    seen = repeated.select(
        *key,
        "__place",
        __content=pl.struct(content).struct.json_encode() if content else pl.lit(""),
    )
    contents = pl.col("__content").n_unique().over(key)
    first = pl.col("__place").min().over(key)
    return (
        seen.select(
            place=pl.col("__place"),
            reason=pl.when(contents > 1)
            .then(pl.lit("conflict"))
            .when(pl.col("__place") != first)
            .then(pl.lit("duplicate")),
        )
        .drop_nulls("reason")
        .sort("place")
    )


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
    return rows.select(pl.struct(pl.all()).struct.json_encode()).to_series()
