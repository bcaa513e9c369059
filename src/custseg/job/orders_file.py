"""A file of orders or order lines: how it is scanned, and which column is which."""

from __future__ import annotations

import difflib
from functools import partial
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from custseg.errors import Problem, SchemaError
from custseg.model.nouns import Order, OrderLine
from custseg.rules.rule import Rule
from custseg.rules.tokens import clocks
from custseg.schema.record import columns_of, key_of
from custseg.schema.source import first_line

if TYPE_CHECKING:
    from custseg.job.wishes import Faults, Wishes

__all__ = ["columns", "kept", "key_is_given", "noun", "scanned"]

_SHOWN = 12
_KINDS = {
    "csv": (".csv", ".csv.gz", ".tsv", ".tsv.gz"),
    "parquet": (".parquet", ".pq"),
    "ndjson": (".ndjson", ".jsonl"),
}


def noun(wishes: Wishes) -> type[Order | OrderLine]:
    """What the rows of the file are."""
    return Order if wishes.order_id is None else OrderLine


def scanned(wishes: Wishes) -> tuple[pl.LazyFrame, pl.Schema]:
    """The file as a lazy frame, by its ending, and its columns.

    Raises:
        SchemaError: when there is none, or none that can be read.
    """
    path = str(wishes.path)
    kind = next((kind for kind, ends in _KINDS.items() if path.lower().endswith(ends)), None)
    if kind is None:
        raise SchemaError(
            f"{path!r} is no kind of file that can be read",
            where="file",
            fix="give csv, csv.gz, parquet or ndjson",
        )
    # What lies elsewhere (s3://...) only polars can look up.
    if "://" not in path and not glob(path):  # noqa: PTH207 - folders may be patterns too
        what = f"no file matches {path!r}" if has_magic(path) else f"there is no file {path!r}"
        raise SchemaError(what, where="file", fix=_nearby(path))
    try:
        if kind == "csv":
            source = _scanned_csv(path, wishes)
        else:
            scan = {"parquet": pl.scan_parquet, "ndjson": _scanned_ndjson}[kind]
            source = scan(path)
        return source, source.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        told = first_line(error).replace(f": {path}", "")
        raise SchemaError(
            f"{path!r} cannot be read: {told}", where="file", fix="look at what the file holds"
        ) from error


def _nearby(path: str) -> str:
    names = [str(one) for one in Path(path).parent.glob("*") if one.is_file()]
    near = difflib.get_close_matches(path, names, n=1, cutoff=0.8)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"{hint}check the path; * and ? match several files of one kind"


def _scanned_ndjson(path: str) -> pl.LazyFrame:
    return pl.scan_ndjson(path, infer_schema_length=None)


def _scanned_csv(path: str, wishes: Wishes) -> pl.LazyFrame:
    """A csv whose columns that become ids are read as text: leading zeros stay."""
    separator = "\t" if ".tsv" in path.lower() else ","
    scan = partial(pl.scan_csv, path, infer_schema_length=None, separator=separator)
    given = dict(filter(None, map(_parts, wishes.columns)))
    ids = {given.get(name, name) for name in ("customer_id", "order_id", "product_id")}
    ids.add(wishes.order_id or "")
    names = scan().collect_schema().names()
    return scan(schema_overrides={name: pl.String for name in names if name in ids})


def columns(wishes: Wishes, schema: pl.Schema, faults: Faults) -> dict[str, str | pl.Expr]:
    """Where each column of the table comes from; what cannot be is noted in `faults`."""
    found: dict[str, str | pl.Expr] = {}
    named: set[str] = set()
    for text in wishes.columns:
        parts = _parts(text)
        if parts is None:
            what = f"{text!r} does not say which column is which"
            fix = 'write --column customer_id=CustomerID or --column "total=Quantity * UnitPrice"'
            faults.problems.append(Problem(what, "--column", fix))
            continue
        name, source = parts
        named.add(name)
        where = f"--column {name}"
        read = source if source in schema else faults.tried(partial(_sql, source, where))
        if read is not None:
            found[name] = read
            faults.problems.extend(_unread(source, read, schema, where))
    if wishes.order_id is not None:
        found["order_id"] = wishes.order_id
        named.add("order_id")
        faults.problems.extend(
            _unread(wishes.order_id, pl.col(wishes.order_id), schema, "--order-id")
        )
    made = key_of(noun(wishes))[-1]
    faults.problems.extend(
        Problem(
            f"nothing says which column is {column.name!r}",
            where="--column",
            fix=f"write --column {column.name}=NAME; the file has {_listed(schema)}",
        )
        for column in columns_of(noun(wishes))
        if not (column.optional or column.name in {*named, *schema, made})
    )
    return found


def key_is_given(wishes: Wishes, found: dict[str, str | pl.Expr], schema: pl.Schema) -> bool:
    """Whether rows have a number of their own, or are numbered."""
    return key_of(noun(wishes))[-1] in {*found, *schema}


def kept(wishes: Wishes, schema: pl.Schema, faults: Faults) -> pl.Expr | None:
    """Which rows to read: a rule like any other, without a clock or sums over rows."""
    if wishes.where is None:
        return None
    rule = faults.tried(partial(Rule, "--where", wishes.where))
    if rule is None:
        return None
    faults.problems.extend(_unread(wishes.where, rule.expression, schema, "--where"))
    return rule.expression


def _unread(text: str, source: str | pl.Expr, schema: pl.Schema, where: str) -> list[Problem]:
    """What keeps a source from being read, if anything does."""
    try:
        pl.LazyFrame(schema=schema).select(source).collect_schema()
    except pl.exceptions.PolarsError as error:
        near = difflib.get_close_matches(text, schema, n=1)
        fix = f"did you mean {near[0]!r}? " if near else ""
        return [
            Problem(
                f"{text!r} cannot be read: {first_line(error).partition(';')[0]}",
                where=where,
                fix=f"{fix}the file has {_listed(schema)}",
            )
        ]
    return []


def _listed(schema: pl.Schema) -> str:
    return ", ".join(list(schema)[:_SHOWN]) + (", ..." if len(schema) > _SHOWN else "")


def _parts(text: str) -> tuple[str, str] | None:
    """The two sides of `X=TEXT`; None when one is not there."""
    name, _, source = text.partition("=")
    return (name.strip(), source.strip()) if name.strip() and source.strip() else None


def _sql(text: str, where: str) -> pl.Expr:
    read = clocks(text)
    if read:
        raise SchemaError(
            f"{text!r} reads the clock: {', '.join(read)}",
            where=where,
            fix="write the instant out: the same file gives the same result on any day",
        )
    try:
        return pl.sql_expr(text)
    except pl.exceptions.PolarsError as error:
        raise SchemaError(
            f"{text!r} is neither a source column nor SQL: {first_line(error)}",
            where=where,
            fix="name a column of the file, or write an SQL expression over its columns",
        ) from error
