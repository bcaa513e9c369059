"""Scores of histories beside everyone of the base they came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from custseg.base.customer_base import CustomerBase

if TYPE_CHECKING:
    import polars as pl

    from custseg.scoring.rows import Source

__all__ = ["beside_everyone"]


def beside_everyone(source: Source, scored: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Scores with the id of each row; of a base, who never bought is in it with nulls.

    Args:
        source: A base, or where the histories were read.
        scored: A row for each history.
        rows: The histories.
    """
    if "customer_id" not in rows.columns:
        return scored
    scored = scored.insert_column(0, rows["customer_id"])
    if not isinstance(source, CustomerBase):
        return scored
    everyone = source.customer_ids.to_frame()
    if everyone.height == scored.height:
        # Histories are sorted by customer too: all of them have bought.
        return scored
    return everyone.join(scored, on="customer_id", how="left", maintain_order="left")
