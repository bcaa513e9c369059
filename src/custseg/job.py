"""What the main job does, step by step."""

from __future__ import annotations

import difflib
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from attrs import field, frozen

from custseg.base.customer_base import CustomerBase
from custseg.datasets.programs import program as plain_program
from custseg.datasets.simulate import simulate
from custseg.errors import Problem, SchemaError
from custseg.loyalty.program import Program
from custseg.model.nouns import Order, OrderLine
from custseg.rules.rule import Rule
from custseg.rules.tokens import clocks
from custseg.schema.collapse import collapse
from custseg.schema.record import columns_of, key_of
from custseg.schema.source import first_line
from custseg.schema.table import table
from custseg.segments.rfm import RFM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from custseg.loyalty.ledger import Ledger
    from custseg.segments.segmentation import Segmentation

__all__ = ["Wishes", "run"]

_CUSTOMERS, _DAYS = 20_000, 730
_SHOWN = 12


@frozen(kw_only=True)
class Wishes:
    """What the main job was asked for.

    Attributes:
        path: The file or pattern; None for the simulated shop.
        order_id: The source column that makes rows order lines, or None.
        columns: `X=TEXT` each.
        where: SQL that says which rows to read, or None.
        currency: ISO 4217 code.
        tz: The zone.
        as_of: A day or instant as text, or None.
        program: A file of a program, or None.
        out: A folder to write to, or None.
    """

    path: str | None = None
    order_id: str | None = None
    columns: tuple[str, ...] = ()
    where: str | None = None
    currency: str = "EUR"
    tz: str = "UTC"
    as_of: str | None = None
    program: str | None = None
    out: str | None = None
    started: float = field(factory=time.perf_counter, init=False, eq=False)


@frozen(eq=False)
class _Logs:
    """The base of a source, the rows it refused, and lines that say so."""

    base: CustomerBase
    rejected: pl.DataFrame
    told: tuple[str, ...]


def run(wishes: Wishes) -> Iterator[str]:
    """Do the main job; gives the lines to show as they come.

    Raises:
        CustsegError: when the file, the columns or the program are wrong.
    """
    program = _program(wishes)
    clock = _Stopwatch(wishes.started)
    logs = _simulated(wishes) if wishes.path is None else _from_file(wishes)
    base = logs.base if wishes.as_of is None else logs.base.as_of(wishes.as_of)
    yield clock.step("read", logs.told[0])
    yield from logs.told[1:]
    segments = RFM().segment(base)
    yield clock.step("segments", f"{segments.frame.height:,} customers")
    ledger = program.run(base)
    yield clock.step("points", f"{ledger.entries.height:,} entries")
    if wishes.out is not None:
        written = _written(Path(wishes.out), segments, ledger, logs.rejected)
        yield clock.step("written", written)
    yield f"\n{segments}\n\n{ledger}"
    if wishes.out is None:
        yield "\nNothing was written: --out DIR writes segments, ledger and rejected rows."


class _Stopwatch:
    """Seconds of each step, and of all."""

    def __init__(self, started: float) -> None:
        self._last = started

    def step(self, name: str, what: str) -> str:
        """A line for a step that has just ended."""
        now = time.perf_counter()
        seconds, self._last = now - self._last, now
        return f"{name:<9} {seconds:7.2f} s  {what}"


def _program(wishes: Wishes) -> Program:
    if wishes.program is None:
        return plain_program()
    path = Path(wishes.program)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SchemaError(
            f"the program cannot be read: {error}",
            where="--program",
            fix="give the path of a JSON or TOML file",
        ) from error
    return Program.from_toml(text) if path.suffix == ".toml" else Program.from_json(text)


def _simulated(wishes: Wishes) -> _Logs:
    unused = [
        Problem(
            f"{flag} says what a file holds, and there is no file", where=flag, fix="name a file"
        )
        for flag, given in (
            ("--order-id", wishes.order_id),
            ("--column", wishes.columns),
            ("--where", wishes.where),
        )
        if given
    ]
    SchemaError.check(unused)
    shop = simulate(_CUSTOMERS, _DAYS, seed=0, currency=wishes.currency, tz=wishes.tz)
    told = f"a simulated shop: {_CUSTOMERS:,} customers, {shop.orders.height:,} orders"
    nothing = pl.DataFrame(schema={"reason": pl.String, "column": pl.String})
    return _Logs(shop.base(), nothing, (told,))


def _from_file(wishes: Wishes) -> _Logs:
    source = _scanned(wishes)
    schema = _schema(source)
    noun = Order if wishes.order_id is None else OrderLine
    columns = _columns(wishes, schema, noun)
    if wishes.where is not None:
        # What to read is a rule like any other: no clock, no sums over rows.
        rows = Rule("--where", wishes.where).expression
        SchemaError.check(_unread(wishes.where, rows, schema, "--where"))
        source = source.filter(rows)
    of = table(noun, currency=wishes.currency, tz=wishes.tz)
    # Orders that have a number of their own keep it; all other rows are numbered.
    keyed = noun is Order and "order_id" in {*columns, *schema}
    lazy, rejected = of.admit(source, columns=columns, ids="given" if keyed else "row")
    rows = lazy.collect()
    told = [f"{rejected.rows:,} rows", *_indented(str(rejected))]
    if rows.height == 0 and rejected.rows == 0:
        kept = "has no rows" if wishes.where is None else "has no row that --where keeps"
        raise SchemaError(
            f"{wishes.path} {kept}", where=str(wishes.path), fix="look at what the file holds"
        )
    if rows.height == 0:
        raise SchemaError(
            f"no row of {wishes.path} is good\n  {rejected!s}".replace("\n", "\n  "),
            where=str(wishes.path),
            fix="say how to read it: --column \"ordered_at=STRPTIME(When, '%d.%m.%Y %H:%M')\"",
        )
    refused = rejected.frame
    if wishes.order_id is None:
        base = CustomerBase(orders=rows, currency=wishes.currency, tz=wishes.tz)
        return _Logs(base, refused, tuple(told))
    orders, mixed = collapse(rows)
    told.append(f"  {orders.height:,} orders of {rows.height:,} lines")
    if mixed:
        told.extend(_indented(str(mixed)))
        rows = rows.join(orders, on="order_id", how="semi", maintain_order="left")
        refused = pl.concat([refused, mixed.frame], how="diagonal_relaxed")
    base = CustomerBase(orders=orders, lines=rows, currency=wishes.currency, tz=wishes.tz)
    return _Logs(base, refused, tuple(told))


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in text.splitlines()]


def _scanned(wishes: Wishes) -> pl.LazyFrame:
    """The file as a lazy frame, by its ending."""
    path = str(wishes.path)
    name = path.lower()
    try:
        if name.endswith((".csv", ".csv.gz", ".tsv", ".tsv.gz")):
            return _scanned_csv(path, wishes)
        if name.endswith((".parquet", ".pq")):
            return pl.scan_parquet(path)
        if name.endswith((".ndjson", ".jsonl")):
            return pl.scan_ndjson(path, infer_schema_length=None)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(path, error) from error
    raise SchemaError(
        f"{path!r} is no kind of file that can be read",
        where="file",
        fix="give csv, csv.gz, parquet or ndjson",
    )


def _scanned_csv(path: str, wishes: Wishes) -> pl.LazyFrame:
    """A csv whose columns that become ids are read as text: leading zeros stay."""
    separator = "\t" if ".tsv" in path.lower() else ","
    scanned = pl.scan_csv(path, infer_schema_length=None, separator=separator)
    names = scanned.collect_schema().names()
    given = dict(_split(text) for text in wishes.columns)
    ids = {given.get("customer_id", "customer_id"), given.get("order_id", "order_id")}
    ids |= {given.get("product_id", "product_id"), wishes.order_id or ""}
    texts = {name: pl.String for name in names if name in ids}
    return pl.scan_csv(path, infer_schema_length=None, separator=separator, schema_overrides=texts)


def _schema(source: pl.LazyFrame) -> pl.Schema:
    try:
        return source.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable("the file", error) from error


def _unreadable(path: str, error: BaseException) -> SchemaError:
    return SchemaError(
        f"{path} cannot be read: {first_line(error)}",
        where="file",
        fix="check the path; * and ? match several files of one kind",
    )


def _columns(wishes: Wishes, schema: pl.Schema, noun: type) -> dict[str, str | pl.Expr]:
    """Where each column of the table comes from.

    Raises:
        SchemaError: for columns that are not there, all at once, in the words
            of the command line.
    """
    columns: dict[str, str | pl.Expr] = {}
    problems: list[Problem] = []
    for text in wishes.columns:
        name, source = _split(text)
        columns[name] = source if source in schema else _sql(source, f"--column {name}")
        problems.extend(_unread(source, columns[name], schema, f"--column {name}"))
    if wishes.order_id is not None:
        columns["order_id"] = wishes.order_id
        problems.extend(_unread(wishes.order_id, pl.col(wishes.order_id), schema, "--order-id"))
    made = key_of(noun)[-1]
    problems.extend(
        Problem(
            f"nothing says which column is {column.name!r}",
            where="--column",
            fix=f"write --column {column.name}=NAME; the file has {_listed(schema)}",
        )
        for column in columns_of(noun)
        if not (column.optional or column.name in columns or column.name in schema)
        and column.name != made
    )
    SchemaError.check(problems)
    return columns


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


def _split(text: str) -> tuple[str, str]:
    name, equals, source = text.partition("=")
    if not (name.strip() and equals and source.strip()):
        raise SchemaError(
            f"{text!r} does not say which column is which",
            where="--column",
            fix='write --column customer_id=CustomerID or --column "total=Quantity * UnitPrice"',
        )
    return name.strip(), source.strip()


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


def _written(out: Path, segments: Segmentation, ledger: Ledger, rejected: pl.DataFrame) -> str:
    frames = {"segments": segments.frame, "ledger": ledger.entries, "rejected": rejected}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, frame in frames.items():
            _write(out / f"{name}.parquet", frame)
    except OSError as error:
        raise SchemaError(
            f"{out} cannot be written to: {error}", where="--out", fix="give a folder that can be"
        ) from error
    return f"{', '.join(f'{name}.parquet' for name in frames)} in {out}"


def _write(path: Path, frame: pl.DataFrame) -> None:
    """Write a file whole or not at all."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        frame.write_parquet(draft)
        Path(draft).chmod(0o644)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
