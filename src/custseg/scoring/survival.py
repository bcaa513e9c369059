"""Survival: how long customers stay, from tenures of which some have not ended yet."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg.errors import Problem, SchemaError
from custseg.scoring.log_rank import LogRank, compared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Survival", "survival"]

_WHERE = "survival"
_COLUMNS = (
    "time",
    "at_risk",
    "ended",
    "censored",
    "share",
    "standard_error",
    "low",
    "high",
    "customers",
    "expected",
    "median",
)
# Products of shares may miss a half by the last digits.
_HALF = 0.5 + 1e-12


@frozen(eq=False, repr=False)
class Survival:
    """Kaplan–Meier curves: the share that is still there, time after time.

    Attributes:
        frame: A row for each group and time at which a tenure ended or was
            last seen: the group (when there are any), `time`, `at_risk`,
            `ended`, `censored`, `share` still there, its `standard_error`
            and the limits `low` and `high`.
        by: The column of groups, or None.
        level: The confidence of the limits.

    >>> import custseg as cu, polars as pl
    >>> tenures = pl.DataFrame({"months": [2, 3, 3, 5, 8], "left": [1, 1, 0, 1, 0]})
    >>> staying = cu.survival(tenures, time="months", ended="left")
    >>> staying
    5 customers, 3 ended: half are gone after 5
    >>> round(staying.at(4)["share"].item(), 2)
    0.6
    """

    frame: pl.DataFrame
    by: str | None
    level: float

    def at(self, *times: float) -> pl.DataFrame:
        """The shares that are still there after some times.

        After the last time that was seen of a group there is no share, unless
        it was 0 by then.

        Returns:
            A row for each group and time: the group, `time`, `share`, `low`
            and `high`.
        """
        asked = np.asarray(times, np.float64)
        rows: list[pl.DataFrame] = []
        for name, curve in self._curves():
            seen = curve["time"].to_numpy()
            places = np.searchsorted(seen, asked, side="right")
            beyond = (asked > seen[-1]) & (curve["share"][-1] > 0)
            found = [pl.Series("time", asked)]
            for column, before in (("share", 1.0), ("low", None), ("high", None)):
                values = pl.concat([pl.Series([before], dtype=pl.Float64), curve[column]])
                found.append(values.gather(places).set(pl.Series(beyond), None).alias(column))
            rows.append(self._of(name, pl.DataFrame(found)))
        return pl.concat(rows)

    @property
    def medians(self) -> pl.DataFrame:
        """After how long half are gone: a row a group, null where most are still there."""
        rows: list[pl.DataFrame] = []
        for name, curve in self._curves():
            gone = curve.filter(pl.col("share") <= _HALF)["time"]
            median = gone[0] if gone.len() else None
            counted = {
                "customers": int(curve["at_risk"][0]),
                "ended": int(curve["ended"].sum()),
            }
            shown = pl.DataFrame({**counted, "median": pl.Series([median], dtype=pl.Float64)})
            rows.append(self._of(name, shown))
        return pl.concat(rows)

    def log_rank(self) -> LogRank:
        """Whether the groups leave at different rates (Mantel 1966).

        Raises:
            SchemaError: when there are fewer than two groups.
        """
        groups = [name for name, _ in self._curves()]
        if self.by is None or len(groups) < 2:  # noqa: PLR2004 - a pair
            what = f"{len(groups)} group cannot be compared"
            raise SchemaError(what, where="Survival.log_rank", fix="give by= a column of groups")
        return compared([curve for _, curve in self._curves()], groups, self.by)

    def _curves(self) -> Iterator[tuple[object, pl.DataFrame]]:
        if self.by is None:
            yield None, self.frame
            return
        for (name,), curve in self.frame.group_by(self.by, maintain_order=True):
            yield name, curve

    def _of(self, name: object, rows: pl.DataFrame) -> pl.DataFrame:
        return rows if self.by is None else _named(rows, name, self.frame[self.by])

    def __eq__(self, other: object) -> bool:
        """Whether the curves are the same."""
        if not isinstance(other, Survival):
            return NotImplemented
        return self.level == other.level and self.frame.equals(other.frame)

    def __repr__(self) -> str:
        """How many there are in each group, how many ended, and the medians."""
        lines: list[str] = []
        for row in self.medians.iter_rows(named=True):
            group = "" if self.by is None else f"{self.by} {row[self.by]}: "
            gone = f"half are gone after {row['median'] or 0:g}"
            median = "most are still there" if row["median"] is None else gone
            people = "customer" if row["customers"] == 1 else "customers"
            lines.append(f"{group}{row['customers']:,} {people}, {row['ended']:,} ended: {median}")
        return "\n".join(lines)


def survival(
    tenures: pl.DataFrame,
    /,
    *,
    time: str = "days",
    ended: str = "churned",
    by: str | None = None,
    level: float = 0.95,
) -> Survival:
    """Kaplan–Meier curves of tenures, of which some have not ended (are censored).

    The share still there is the product of (1 − ended / at risk) over the
    times so far (Kaplan and Meier 1958); its variance is Greenwood's (1926);
    the limits are taken on the scale of log(−log share), where they stay
    within 0 and 1 (Kalbfleisch and Prentice 1980).

    Args:
        tenures: A row a customer, in any order.
        time: The column of times, in any unit, from 0 on.
        ended: The column that says whether the tenure ended then: Boolean, or
            0 and 1. Null is not ended, as in `cu.churn_labels`.
        by: A column of groups, a curve for each.
        level: The confidence of the limits.

    Raises:
        SchemaError: listing everything at once: columns that are not there,
            times that are none, groups that are null.

    >>> import custseg as cu, polars as pl
    >>> tenures = pl.DataFrame(
    ...     {"days": [1, 4, 6, 9], "churned": [True, True, False, None], "plan": list("abab")}
    ... )
    >>> cu.survival(tenures, by="plan").frame["share"].to_list()
    [0.5, 0.5, 0.5, 0.5]
    """
    SchemaError.check(_problems(tenures, time, ended, by, level))
    known = tenures.select(
        *([] if by is None else [by]),
        pl.col(time).cast(pl.Float64).alias("time"),
        pl.col(ended).cast(pl.Boolean).fill_null(value=False).alias("ended"),
    )
    if by is None:
        return Survival(_curve(known, level), None, level)
    curves = [
        _named(_curve(rows, level), name, rows[by])
        for (name,), rows in known.sort(by, maintain_order=True).group_by(by, maintain_order=True)
    ]
    return Survival(pl.concat(curves), by, level)


def _named(rows: pl.DataFrame, name: object, groups: pl.Series) -> pl.DataFrame:
    """Rows of one group, its name before them."""
    return rows.insert_column(0, pl.Series(groups.name, [name] * rows.height, groups.dtype))


def _curve(rows: pl.DataFrame, level: float) -> pl.DataFrame:
    """The curve of one group."""
    times, place = np.unique(rows["time"].to_numpy(), return_inverse=True)
    died = rows["ended"].to_numpy()
    ended = np.bincount(place[died], minlength=times.size)
    left = np.bincount(place, minlength=times.size)
    at_risk = left[::-1].cumsum()[::-1]
    share = np.cumprod(1 - ended / at_risk, dtype=np.float64)
    error, low, high = _limits(share, ended, at_risk, level)
    return pl.DataFrame(
        {
            "time": times,
            "at_risk": at_risk,
            "ended": ended,
            "censored": left - ended,
            "share": share,
            "standard_error": error,
            "low": low,
            "high": high,
        },
        nan_to_null=True,
    )


def _limits(share: Floats, ended: Ints, at_risk: Ints, level: float) -> tuple[Floats, ...]:
    """Greenwood's standard error and log(−log) limits; NaN where all or none are there."""
    inside = (share > 0) & (share < 1)
    staying = np.where(inside, at_risk - ended, 1)
    sums = np.cumsum(np.where(inside, ended / (at_risk * staying), 0.0))
    error = np.where(share == 1, 0.0, np.where(inside, share * np.sqrt(sums), np.nan))
    logs = np.log(np.where(inside, share, 0.5))
    reach = NormalDist().inv_cdf((1 + level) / 2) * np.sqrt(sums) / logs
    low, high = (share ** np.exp(sign * reach) for sign in (-1, 1))
    return error, np.where(inside, low, np.nan), np.where(inside, high, np.nan)


def _problems(
    tenures: pl.DataFrame, time: str, ended: str, by: str | None, level: float
) -> Iterator[Problem]:
    for option, name in (("time", time), ("ended", ended), ("by", by)):
        if name is not None and name not in tenures.columns:
            columns = ", ".join(tenures.columns)
            yield Problem(
                f"no column is called {name!r}", f"{_WHERE}.{option}", f"one of {columns}"
            )
    if tenures.height == 0:
        yield Problem("there are no tenures", _WHERE, "give a row a customer")
    if time in tenures.columns:
        yield from _time_problems(tenures[time])
    if ended in tenures.columns:
        values = tenures[ended].drop_nulls()
        fits = values.dtype == pl.Boolean or (
            values.dtype.is_numeric() and ((values == 0) | (values == 1)).all()
        )
        if not fits:
            what = f"{ended!r} holds more than ended or not"
            yield Problem(what, f"{_WHERE}.ended", "give Booleans, or 0 and 1")
    if by in _COLUMNS:
        yield Problem(f"{by!r} is a column of the result", f"{_WHERE}.by", "rename the column")
    if by in tenures.columns and tenures[by].null_count():
        what = f"{by!r} is null for {tenures[by].null_count()}"
        yield Problem(what, f"{_WHERE}.by", "name their group, or leave them out")
    if not 0 < level < 1:
        yield Problem(f"the level is {level!r}", f"{_WHERE}.level", "give a share like 0.95")


def _time_problems(times: pl.Series) -> Iterator[Problem]:
    where = f"{_WHERE}.time"
    if not times.dtype.is_numeric():
        yield Problem(f"{times.name!r} is {times.dtype}", where, "give numbers")
        return
    values = times.cast(pl.Float64)
    bad = values.len() - int((values.is_finite() & (values >= 0)).sum())
    if bad:
        what = f"{times.name!r} is no time from 0 on for {bad}"
        yield Problem(what, where, "correct these rows, or leave them out")
