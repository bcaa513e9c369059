"""What the main job does, step by step."""

from __future__ import annotations

import os
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from attrs import frozen

from custseg.base.customer_base import CustomerBase
from custseg.datasets.simulate import simulate
from custseg.errors import SchemaError
from custseg.job import orders_file
from custseg.job.wishes import program_of
from custseg.schema.collapse import collapse
from custseg.schema.table import table
from custseg.segments.rfm import RFM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from custseg.job.wishes import Faults, Wishes
    from custseg.loyalty.ledger import Ledger
    from custseg.schema.rejected import Rejected
    from custseg.schema.table import LazilyAdmitted
    from custseg.segments.segmentation import Segmentation

__all__ = ["run"]

_CUSTOMERS, _DAYS = 20_000, 730


@frozen(eq=False)
class _Logs:
    """The base of a source, the rows it refused, and lines that say so."""

    base: CustomerBase
    rejected: pl.DataFrame
    told: tuple[str, ...]


def run(wishes: Wishes) -> Iterator[str]:
    """Do the main job; gives the lines to show as they come.

    Raises:
        CustsegError: when the options, the file, the columns or the program
            are wrong; everything that can be known before rows are read at once.
    """
    faults = wishes.faults()
    program = faults.tried(partial(program_of, wishes))
    door = None if wishes.path is None else _door(wishes, faults)
    faults.check()
    clock = _Stopwatch(wishes.started)
    logs = _simulated(wishes) if door is None else _from_file(wishes, door)
    base = logs.base if wishes.as_of is None else logs.base.as_of(wishes.as_of)
    yield clock.step("read", logs.told[0])
    yield from logs.told[1:]
    segments = RFM().segment(base)
    yield clock.step("segments", f"{segments.frame.height:,} customers")
    assert program is not None  # noqa: S101 - what is None has been told
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


def _simulated(wishes: Wishes) -> _Logs:
    shop = simulate(_CUSTOMERS, _DAYS, seed=0, currency=wishes.currency, tz=wishes.tz)
    told = f"a simulated shop: {_CUSTOMERS:,} customers, {shop.orders.height:,} orders"
    nothing = pl.DataFrame(schema={"reason": pl.String, "column": pl.String})
    return _Logs(shop.base(), nothing, (told,))


def _door(wishes: Wishes, faults: Faults) -> LazilyAdmitted | None:
    """The rows of the file at the door, not yet read; None when something is wrong."""
    found = faults.tried(partial(orders_file.scanned, wishes))
    if found is None:
        return None
    source, schema = found
    columns = orders_file.columns(wishes, schema, faults)
    kept = orders_file.kept(wishes, schema, faults)
    if faults.problems:
        return None
    # Rows that have a number of their own keep it; all others are numbered.
    ids = "given" if orders_file.key_is_given(wishes, columns, schema) else "row"
    of = table(orders_file.noun(wishes), currency=wishes.currency, tz=wishes.tz)
    rows = source if kept is None else source.filter(kept)
    return faults.tried(partial(of.admit, rows, columns=columns, ids=ids))


def _from_file(wishes: Wishes, door: LazilyAdmitted) -> _Logs:
    lazy, rejected = door
    rows = lazy.collect()
    if rows.height == 0:
        raise _nothing(wishes, rejected)
    told = [f"{rejected.rows:,} rows", *_indented(str(rejected))]
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


def _nothing(wishes: Wishes, rejected: Rejected) -> SchemaError:
    """The error for a file of which no row is let in."""
    path = str(wishes.path)
    if rejected.rows == 0:
        kept = "has no rows" if wishes.where is None else "has no row that --where keeps"
        return SchemaError(f"{path} {kept}", where="file", fix="look at what the file holds")
    told = rejected.by_column()
    fix = "mend the columns that are named, or say how to read them: --column X=SQL"
    if ("unreadable", "ordered_at") in told.select("reason", "column").rows():
        fix = "say how to read it: --column \"ordered_at=STRPTIME(NAME, '%d.%m.%Y %H:%M')\""
    elif "other_currency" in told["reason"]:
        fix = "name the currency of the file: --currency CODE"
    what = f"no row of {path} is good\n  {rejected!s}".replace("\n", "\n  ")
    return SchemaError(what, where="file", fix=fix)


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in text.splitlines()]


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
