"""Tiers over time, from what the kernel noted of each change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg.loyalty.sequence import NEVER
from custseg.schema.bridge import instants

if TYPE_CHECKING:
    from custseg.loyalty.settlement import Settled

__all__ = ["TierMoves", "held_at", "history", "tier_moves"]

_PATH, _FELT, _BOTH = range(3)


@frozen(eq=False)
class TierMoves:
    """Tier changes of all members.

    Attributes:
        names: The tiers, lowest first.
        closing: Each member's tier at the end, null where it has left.
        spans: customer_id, since and left (null: still a member) of members.
        path: customer_id, at and tier: changes of the path as it stands.
        felt: customer_id, at and tier: what was held at the time.
    """

    names: tuple[str, ...]
    closing: pl.Series
    spans: pl.DataFrame
    path: pl.DataFrame
    felt: pl.DataFrame

    @classmethod
    def joined(cls, parts: list[TierMoves]) -> TierMoves | None:
        """The changes of all members, from those of some each."""
        if len(parts) < 2:  # noqa: PLR2004 - one part is the whole
            return parts[0] if parts else None
        return cls(
            parts[0].names,
            pl.concat([each.closing for each in parts]),
            *(
                pl.concat([getattr(each, name) for each in parts])
                for name in ("spans", "path", "felt")
            ),
        )


def tier_moves(run: Settled, until: int) -> TierMoves | None:
    """The tier changes of a run; None without tiers."""
    ladder = run.terms[-1].program.tiers
    grants, members = run.grants, run.made.members
    if ladder is None or grants.held is None or grants.moves is None:
        return None
    names = pl.Series(ladder.names)
    gone = (members.left <= until) | (members.since > until) | ~members.known
    closing = (
        names[grants.held]
        .to_frame("tier")
        .select(pl.when(pl.Series(~gone)).then("tier").alias("tier"))["tier"]
    )
    left = pl.Series(np.where(members.left <= until, members.left, NEVER))
    spans = pl.DataFrame(
        {"customer_id": members.ids, "since": instants(members.since), "left": left}
    ).with_columns(left=pl.when(pl.col("left") < NEVER).then("left").cast(pl.Datetime("us", "UTC")))
    spans = spans.filter(pl.Series(members.known & (members.since <= until)))
    moves = grants.moves
    known = members.known[moves[:, 0]]

    def of(other: int) -> pl.DataFrame:
        kept = moves[((moves[:, 3] == _BOTH) | (moves[:, 3] == other)) & known]
        return pl.DataFrame(
            {
                "customer_id": members.ids[kept[:, 0]],
                "at": instants(np.ascontiguousarray(kept[:, 1])),
                "tier": names[kept[:, 2]],
            }
        )

    return TierMoves(ladder.names, closing, spans, of(_PATH), of(_FELT))


def history(moves: TierMoves) -> pl.DataFrame:
    """The path of each member: customer_id, since, until (null: still) and tier."""
    first = moves.spans.select("customer_id", at="since", tier=pl.lit(moves.names[0]))
    steps = pl.concat([first, moves.path]).sort("customer_id", "at", maintain_order=True)
    # Of several changes at one instant the last stays; one that changes nothing is none.
    steps = steps.unique(["customer_id", "at"], keep="last", maintain_order=True)
    before = pl.col("tier").shift(1).over("customer_id")
    steps = steps.filter(before.is_null() | (pl.col("tier") != before))
    steps = steps.join(moves.spans.select("customer_id", "left"), on="customer_id", how="left")
    steps = steps.with_columns(
        until=pl.coalesce(pl.col("at").shift(-1).over("customer_id"), pl.col("left"))
    ).filter(pl.col("until").is_null() | (pl.col("until") > pl.col("at")))
    return steps.select(
        "customer_id",
        pl.col("at").alias("since"),
        "until",
        pl.col("tier").cast(pl.Enum(moves.names)),
    )


def held_at(moves: TierMoves, instant: int) -> pl.DataFrame:
    """customer_id and tier of who was a member at an instant, as it was held then."""
    by_then = pl.col("at").to_physical() <= instant
    members = moves.spans.filter(
        (pl.col("since").to_physical() <= instant)
        & (pl.col("left").is_null() | (pl.col("left").to_physical() > instant))
    )
    last = moves.felt.filter(by_then).unique("customer_id", keep="last", maintain_order=True)
    held = members.select("customer_id").join(
        last.select("customer_id", "tier"), on="customer_id", how="left", maintain_order="left"
    )
    return held.with_columns(pl.col("tier").fill_null(moves.names[0]))
