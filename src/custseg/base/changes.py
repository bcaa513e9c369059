"""Logs changed: rows added, customers merged, customers left out, scores added."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import polars as pl

from custseg.base.logs import LOGS
from custseg.base.trust import CUSTOMERS
from custseg.errors import Problem, SchemaError
from custseg.model.measure_name import MeasureName
from custseg.schema.keys import key_faults

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from custseg.base.customer_base import CustomerBase

__all__ = ["appended", "known_logs", "merged_ids", "of_customers", "one_each", "renamed", "scored"]


def known_logs(names: Iterable[str]) -> None:
    """Refuse names that are no logs.

    Raises:
        SchemaError: with all of them, and the nearest names.
    """
    known = (*LOGS, CUSTOMERS)
    SchemaError.check(
        Problem(
            f"no log is called {name!r}",
            "append",
            f"did you mean {near[0]!r}?" if near else f"one of {', '.join(known)}",
        )
        for name in names
        if name not in known
        for near in [difflib.get_close_matches(name, known, n=1)]
    )


def appended(
    rows: pl.DataFrame, more: pl.DataFrame, key: tuple[str, ...], where: str
) -> pl.DataFrame:
    """Both frames as one; exact copies of known rows count once.

    Raises:
        SchemaError: when types differ, or a key comes again with other content.
    """
    if rows.height == 0 or more.height == 0:
        return more if rows.height == 0 else rows
    SchemaError.check(
        Problem(
            f"column {name!r} is {more.schema[name]}, in the base {dtype}",
            where,
            "admit both with one type",
        )
        for name, dtype in rows.schema.items()
        if name in more.columns and more.schema[name] != dtype
    )
    # A row with a null in its key cannot be recognised: joins leave it alone.
    again = more.join(rows, on=key, how="semi")
    if again.height:
        before = rows.join(again, on=key, how="semi")
        faults = key_faults(pl.concat([before, again], how="diagonal"), key)
        clash = pl.DataFrame() if faults is None else faults.filter(pl.col("reason") == "conflict")
        if clash.height:
            raise _conflict(pl.concat([before, again], how="diagonal"), clash, key, where)
        more = more.join(rows, on=key, how="anti", maintain_order="left")
    return pl.concat([rows, more], how="diagonal")


def _conflict(
    rows: pl.DataFrame, clash: pl.DataFrame, key: tuple[str, ...], where: str
) -> SchemaError:
    keys = rows[clash["place"]].select(key).unique().sort(key)
    told = ", ".join(f"{name} {value!r}" for name, value in zip(key, keys.row(0), strict=True))
    return SchemaError(
        f"{keys.height} keys come again with other content, e.g. {told}",
        where=where,
        fix="correct the rows, or give them keys of their own",
    )


def merged_ids(given: Mapping[Any, Any], dtype: pl.DataType) -> dict[Any, Any]:
    """Each old id with the id it ends up as.

    Raises:
        SchemaError: when ids are merged in a circle or are of another type.
    """
    wanted = int if dtype.is_integer() else str
    moved = {old: new for old, new in given.items() if old != new}
    SchemaError.check(
        Problem(f"{one!r} is no id of this base", "merged", f"ids are {dtype} here")
        for one in dict.fromkeys(one for pair in given.items() for one in pair)
        if not isinstance(one, wanted) or isinstance(one, bool)
    )
    ends: dict[Any, Any] = {}
    for old in moved:
        passed = [old]
        while passed[-1] in moved:
            passed.append(moved[passed[-1]])
            if passed[-1] in passed[:-1]:
                raise SchemaError(
                    f"{old!r} is merged in a circle: {' -> '.join(map(repr, passed))}",
                    where="merged",
                    fix="name one id that stays",
                )
        ends[old] = passed[-1]
    return ends


def renamed(rows: pl.DataFrame, ends: Mapping[Any, Any], *names: str) -> pl.DataFrame:
    """Rows in which old ids have become new ones."""
    # Only what has the type of the ids can be one of them.
    ids = rows.schema["customer_id"]
    present = [name for name in names if rows.schema[name] == ids]
    return rows.with_columns(pl.col(name).replace(dict(ends)) for name in present)


def one_each(customers: pl.DataFrame, ends: Mapping[Any, Any]) -> pl.DataFrame:
    """Customers after a merge: the row of the id that stays, else of the smallest old id."""
    moved = renamed(customers, ends, "customer_id", "referred_by")
    ranked = pl.DataFrame(
        {
            "customer_id": moved["customer_id"],
            "was": customers["customer_id"],
            "old": customers["customer_id"] != moved["customer_id"],
        }
    ).with_row_index("row")
    kept = ranked.sort("old", "was").unique("customer_id", keep="first", maintain_order=True)
    return moved[kept["row"].sort()]


def of_customers(rows: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    """The rows of some customers, in the order they came."""
    return rows.join(pl.DataFrame([ids]), on="customer_id", how="semi", maintain_order="left")


def scored(base: CustomerBase, rows: pl.DataFrame) -> pl.DataFrame:
    """The scores of a base with those of a frame, which take the place of like-named ones.

    Raises:
        SchemaError: with everything that keeps the frame from being scores.
    """
    SchemaError.check(_score_problems(base, rows))
    added = [name for name in rows.columns if name != "customer_id"]
    ordered = rows.select("customer_id", *added)
    if base.scores is None:
        return ordered
    kept = base.scores.select(name for name in base.scores.columns if name not in added)
    return kept.join(ordered, on="customer_id", how="full", coalesce=True)


def _score_problems(base: CustomerBase, rows: pl.DataFrame) -> list[Problem]:
    where = "with_measures"
    if not isinstance(rows, pl.DataFrame):  # pyright: ignore[reportUnnecessaryIsInstance] # not all callers are typed
        what = f"scores are a {type(rows).__name__}, not a polars frame"
        return [Problem(what, where, "give a pl.DataFrame of customer_id and the new measures")]
    if "customer_id" not in rows.columns:
        return [Problem("the frame has no customer_id", where, "add the column")]
    problems = [
        Problem(f"{name!r} is a measure or a column of customers", where, "rename the column")
        for name in rows.columns
        if MeasureName.parse(name) is not None or name in base.customer_columns
    ]
    nulls, known = rows["customer_id"].null_count(), rows["customer_id"].drop_nulls()
    if nulls:
        fix = 'leave them out: rows.drop_nulls("customer_id")'
        problems.append(Problem(f"{nulls} rows are of nobody", where, fix))
    if known.is_duplicated().any():
        problems.append(Problem("a customer stands more than once", where, "keep one row each"))
    have = rows.schema["customer_id"]
    if have != base.id_type:
        what = f"customer_id is {have}, in the base {base.id_type}"
        return [*problems, Problem(what, where, "cast it to the base's type")]
    others = known.filter(~known.is_in(base.customer_ids.implode()))
    if others.len():
        what = f"{others.len()} customers are not in the base as of {base.day}, e.g. {others[0]!r}"
        fix = 'keep its own: rows.join(base.customer_ids.to_frame(), on="customer_id", how="semi")'
        problems.append(Problem(what, where, fix))
    return problems
