"""Tiers as a segmentation of the customers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from attrs import frozen

from custseg.loyalty.ladder import NO_TIER
from custseg.loyalty.tiering import held_at
from custseg.schema.clock import instant_of
from custseg.segments.segmentation import Segmentation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from custseg.base.customer_base import CustomerBase
    from custseg.loyalty.tiering import TierMoves

__all__ = ["segmented"]

_READ = ("orders", "spend")


@frozen
class _Held:
    """Says why a customer bears a tier."""

    names: tuple[str, ...]

    @property
    def reads(self) -> tuple[str, ...]:
        """The measures that stand beside the tiers."""
        return _READ

    def label(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Tiers are folded from the logs; rows keep theirs."""
        return frame

    def why(self, row: Mapping[str, object], /) -> str:
        """The tier that was held."""
        held = row["segment"]
        return "no order or event yet" if held == NO_TIER else f"held the tier {held!r}"


def segmented(moves: TierMoves, base: CustomerBase, instant: int) -> Segmentation:
    """The tier of each customer of the base as of an instant."""
    seen = base.as_of(instant_of(instant))
    held = held_at(moves, instant)
    names = (NO_TIER, *moves.names)
    frame = seen.measures(*_READ).join(held, on="customer_id", how="left", maintain_order="left")
    label = pl.col("tier").fill_null(NO_TIER).cast(pl.Enum(names)).alias("segment")
    return Segmentation(
        frame=frame.select("customer_id", label, *_READ),
        reasons=_Held(names),
        instant=seen.instant,
        day=seen.day,
        currency=seen.currency,
        scale=seen.scale,
    )
