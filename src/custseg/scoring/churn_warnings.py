"""Warnings: who slipped between two instants, and why that is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import polars as pl

from custseg.errors import Problem, RuleError, SchemaError
from custseg.rules.rule import Rule
from custseg.schema.clock import local_times

if TYPE_CHECKING:
    from collections.abc import Iterator

    from custseg.base.customer_base import CustomerBase

__all__ = ["Labelled", "Labelling", "warned"]

_WHERE = "ChurnRiskFit.warnings"


class Labelled(Protocol):
    """What labels are read from: a `Segmentation` has them."""

    @property
    def frame(self) -> pl.DataFrame:
        """`customer_id` and `segment`."""
        ...

    @property
    def segments(self) -> tuple[str, ...]:
        """The labels."""
        ...


class Labelling(Protocol):
    """What labels customers: a `Scheme` does."""

    def assign(self, base: CustomerBase, /) -> Labelled:
        """The label of each customer as of the base's instant."""
        ...


def warned(
    base: CustomerBase,
    before: CustomerBase,
    /,
    *,
    risks: tuple[pl.DataFrame, pl.DataFrame],
    threshold: float,
    scheme: Labelling | None,
    valued: tuple[str, ...],
    complaints: Rule | str | None,
) -> pl.DataFrame:
    """Customers who slipped between two instants: see `ChurnRiskFit.warnings`."""
    if before.when.instant >= base.when.instant:
        what = f"{before.day} is not before {base.day}"
        raise SchemaError(what, where=f"{_WHERE}(since=)", fix="give a day before the as_of")
    then = risks[0].select("customer_id", risk_before="churn_risk")
    rows = risks[1].join(then, on="customer_id", how="left", maintain_order="left")
    rows = rows.join(_left(base, before, scheme, valued), on="customer_id", how="left")
    rows = rows.join(_complaining(base, complaints), on="customer_id", how="left")
    rows = rows.join(base.measures("spend", "days_active"), on="customer_id", how="left")
    crossed = (pl.col("risk_before") < threshold) & (pl.col("churn_risk") >= threshold)
    slipped = crossed | pl.col("left").is_not_null()
    return (
        rows.filter(slipped.fill_null(value=False))
        .select("customer_id", "risk_before", "churn_risk", "spend", reasons=_reasons())
        .sort("spend", "customer_id", descending=[True, False])
    )


def _reasons() -> pl.Expr:
    """Why somebody is warned of, as texts."""
    own = pl.when(pl.col("days_active") > 1).then(pl.lit("own")).otherwise(pl.lit("usual"))
    ratio = pl.col("overdue_ratio")
    overdue = pl.format("overdue {} x {} gap", ratio.round(1), own)
    return pl.concat_list(
        pl.when(ratio > 1).then(overdue),
        pl.format("left {}", pl.col("left")),
        pl.when(pl.col("complains")).then(pl.lit("open complaint")),
    ).list.drop_nulls()


def _left(
    base: CustomerBase,
    before: CustomerBase,
    scheme: Labelling | None,
    valued: tuple[str, ...],
) -> pl.DataFrame:
    """The valued segment that each customer left for a lesser one."""
    if scheme is None:
        return pl.DataFrame(schema={"customer_id": base.id_type, "left": pl.String})
    then, now = scheme.assign(before), scheme.assign(base)
    SchemaError.check(_unknown(valued, now.segments))
    ranks = {name: place for place, name in enumerate(valued)}

    def ranked(labels: pl.DataFrame, name: str) -> pl.DataFrame:
        segment = pl.col("segment").cast(pl.String)
        rank = segment.replace_strict(ranks, default=len(valued), return_dtype=pl.Int64)
        return labels.select("customer_id", segment.alias(f"{name}_segment"), rank.alias(name))

    both = ranked(then.frame, "then").join(ranked(now.frame, "now"), on="customer_id")
    return both.filter(pl.col("then") < pl.col("now")).select("customer_id", left="then_segment")


def _unknown(valued: tuple[str, ...], segments: tuple[str, ...]) -> Iterator[Problem]:
    for name in valued:
        if name not in segments:
            what = f"the scheme has no segment {name!r}"
            yield Problem(what, f"{_WHERE}(valued=)", f"there are {', '.join(segments)}")


def _complaining(base: CustomerBase, complaints: Rule | str | None) -> pl.DataFrame:
    """Who has a ticket that is not settled, and is a complaint."""
    nobody = pl.DataFrame(schema={"customer_id": base.id_type, "complains": pl.Boolean})
    if not base.has("tickets"):
        return nobody
    waiting = base.view("tickets").filter(pl.col("resolved_at").is_null())
    if complaints is not None:
        rule = complaints if isinstance(complaints, Rule) else Rule("complaints", complaints)
        shown = local_times(waiting, base.tz)
        RuleError.check(rule.problems(shown.schema, where=f"{_WHERE}(complaints=)"))
        waiting = waiting.filter(rule.hits(shown))
    return waiting.select("customer_id", complains=pl.lit(value=True)).unique()
