"""Tier mix: how many members held each tier, month by month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from custseg.loyalty.versions import current_of
from custseg.plots.canvas import BLUE, PALE, altair, hung, lines, rows
from custseg.plots.ledger_points import of_months, wide
from custseg.schema.clock import DAY, clock, day_number, local_times
from custseg.segments.layout import count, counted, share

if TYPE_CHECKING:
    from custseg.loyalty.ledger import Ledger
    from custseg.plots.canvas import Picture

__all__ = ["tier_mix"]


def tier_mix(ledger: Ledger, /) -> Picture:
    """The share of members in each tier at the end of each month, the lowest at the bottom.

    Raises:
        LedgerError: when the program has no tiers.
    """
    history = ledger.tier_history()
    ladder = current_of(ledger.program).tiers
    assert ladder is not None  # noqa: S101 - a history tells of one
    names = list(ladder.names)
    mix = _mix(history, names, ledger)
    now = mix.filter(pl.col("month") == mix["month"].max())
    told = [f"{name}: {count(many)}" for name, many in now.select("tier", "members").iter_rows()]
    members = counted(int(now["members"].sum()), "member")
    return hung(
        _bars(mix, lines(names)).properties(width=wide(mix["month"].n_unique()), height=240),
        f"Tiers of {current_of(ledger.program).name} until {ledger.when.day}, {members}",
        ", ".join(told),
    )


def _mix(history: pl.DataFrame, names: list[str], ledger: Ledger) -> pl.DataFrame:
    """A row a month and tier: its members at the end of the month, or at the as_of."""
    months, ends = _ends(history, ledger)
    parts: list[pl.DataFrame] = []
    for place, name in enumerate(names):
        own = history.filter(pl.col("tier") == name)
        since, until = (own[each].drop_nulls().to_physical().sort() for each in ("since", "until"))
        # Who came by then, less who went by then.
        came, gone = (each.search_sorted(ends, side="right") for each in (since, until))
        members = came.cast(pl.Int64) - gone.cast(pl.Int64)
        parts.append(
            pl.DataFrame({"month": months, "members": members}).with_columns(
                pl.lit(name).alias("tier"), pl.lit(place).alias("place")
            )
        )
    mix = pl.concat(parts).with_columns(whole=pl.col("members").sum().over("month"))
    mix = mix.with_columns(
        share=pl.when(pl.col("whole") > 0).then(pl.col("members") / pl.col("whole")),
        month=pl.col("month").dt.strftime("%Y-%m"),
    ).drop("whole")
    return mix.with_columns(
        pl.Series("told", [count(each) for each in mix["members"]], dtype=pl.String),
        pl.Series("part", [share(each) for each in mix["share"]], dtype=pl.String),
    ).sort("month", "place")


def _ends(history: pl.DataFrame, ledger: Ledger) -> tuple[pl.Series, pl.Series]:
    """The months from the first member on, and the last instant of each that is seen."""
    first = local_times(history.select(pl.col("since").min()), ledger.when.tz)["since"].item()
    last = ledger.when.day
    start = last if first is None else first.date()
    months = pl.date_range(start.replace(day=1), last, "1mo", eager=True)
    after = [day_number(each) for each in months.dt.offset_by("1mo")]
    zone = clock(ledger.when.tz, (min(after) - 40) * DAY, (max(after) + 2) * DAY)
    ends = np.minimum(zone.day_starts(np.array(after)) - 1, ledger.when.instant)
    return months, pl.Series(ends)


def _bars(mix: pl.DataFrame, names: list[str]) -> Any:  # noqa: ANN401 - a chart of Altair
    alt = altair()
    colours = alt.Scale(domain=names, range=_shades(len(names)))
    return (
        alt.Chart(rows(mix))
        .mark_bar()
        .encode(
            x=of_months(mix["month"].unique(maintain_order=True)),
            y=alt.Y(
                "share:Q",
                axis=alt.Axis(title="share of members", format=".0%", tickCount=5),
                scale=alt.Scale(domain=[0, 1]),
            ),
            # The legend stands as the bars do: the highest tier on top.
            color=alt.Color(
                "tier:N", scale=colours, legend=alt.Legend(title=None, values=names[::-1])
            ),
            order=alt.Order("place:Q"),
            tooltip=[
                alt.Tooltip("month:O"),
                alt.Tooltip("tier:N"),
                alt.Tooltip("told:N", title="members"),
                alt.Tooltip("part:N", title="share"),
            ],
        )
    )


def _shades(many: int) -> list[str]:
    """Colours from pale to deep."""
    pale, deep = (
        np.array([int(each[at : at + 2], 16) for at in (1, 3, 5)]) for each in (PALE, BLUE)
    )
    steps = [pale + (deep - pale) * place // max(many - 1, 1) for place in range(many)]
    return ["#" + "".join(f"{part:02x}" for part in each) for each in steps]
