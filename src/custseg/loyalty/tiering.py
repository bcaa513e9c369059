"""Tiers over time, from what the kernel noted of each change."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg.schema.bridge import framed, instants, joined, masked, taken

if TYPE_CHECKING:
    from collections.abc import Sequence as Listed

    from numpy.typing import NDArray

    from custseg.loyalty.sequence import Members
    from custseg.loyalty.settlement import Settled

    Ints = NDArray[np.int64]

__all__ = ["TierMoves", "held_at", "history", "tier_moves"]

_PATH, _FELT, _BOTH = range(3)


@frozen(eq=False)
class TierMoves:
    """Tier changes of all members, each frame made when it is first looked at.

    Attributes:
        names: The tiers, lowest first.
        runs: What came of each part of the members.
        until: The last instant that counts.
    """

    names: tuple[str, ...]
    runs: Listed[Settled]
    until: int

    @cached_property
    def closing(self) -> pl.Series:
        """Each member's tier at the end, null where it has left."""
        return joined([self._closing(run.made.members, run.grants.held) for run in self.runs])

    def _closing(self, members: Members, held: Ints | None) -> pl.Series:
        assert held is not None  # noqa: S101 - there is a ladder
        stays = members.known & (members.since <= self.until) & (members.left > self.until)
        return taken(pl.Series("tier", self.names), held, stays)

    @cached_property
    def spans(self) -> pl.DataFrame:
        """customer_id, since and left (null: still a member) of members."""
        return pl.concat([self._spans(run.made.members) for run in self.runs])

    def _spans(self, members: Members) -> pl.DataFrame:
        left = masked(instants(members.left, "left"), members.left <= self.until)
        spans = framed([members.ids.alias("customer_id"), instants(members.since, "since"), left])
        begun = members.known & (members.since <= self.until)
        return spans if begun.all() else spans.filter(pl.Series(begun))

    @cached_property
    def path(self) -> pl.DataFrame:
        """customer_id, at and tier: changes of the path as it stands."""
        return self._changes(_PATH)

    @cached_property
    def felt(self) -> pl.DataFrame:
        """customer_id, at and tier: what was held at the time."""
        return self._changes(_FELT)

    def _changes(self, of: int) -> pl.DataFrame:
        names, found = pl.Series("tier", self.names), list[pl.DataFrame]()
        for run in self.runs:
            members, moves = run.made.members, run.grants.moves
            assert moves is not None  # noqa: S101 - there is a ladder
            counts = (moves[:, 3] == _BOTH) | (moves[:, 3] == of)
            whose, at, tier, _ = np.ascontiguousarray(moves[counts & members.known[moves[:, 0]]].T)
            ids = taken(members.ids.alias("customer_id"), whose)
            found.append(framed([ids, instants(at, "at"), taken(names, tier)]))
        return pl.concat(found)


def tier_moves(runs: Listed[Settled], until: int) -> TierMoves | None:
    """The tier changes of runs of one program; None without tiers."""
    ladder = runs[0].terms[-1].program.tiers
    return None if ladder is None else TierMoves(ladder.names, runs, until)


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
