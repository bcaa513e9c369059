"""One passing of rows through the door."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

import polars as pl
from attrs import field, frozen, mutable

from custseg.errors import Problem, SchemaError
from custseg.schema.keys import content_ids, key_faults
from custseg.schema.reading import fix_for, fix_for_cents, read
from custseg.schema.reads import REASONS, Read, Unit, dtype_of, faults
from custseg.schema.rejected import Sorted, refused_rows
from custseg.schema.source import first_line, unreadable

if TYPE_CHECKING:
    from custseg.schema.record import Column, Within
    from custseg.schema.source import Source
    from custseg.schema.table import Table

__all__ = ["Admission", "Once"]


@frozen(eq=False)
class Admission:
    """What is needed to sort rows: the source, the table and the caller's wishes."""

    source: Source
    table: Table[Any]
    ids: str
    unique: bool

    @property
    def schema(self) -> pl.Schema:
        """Dtypes of the good rows: the table's columns, then those passed through."""
        schema = pl.Schema()
        for column in self.table.columns:
            schema[column.name] = self._dtype(column)
        for name, dtype in self.source.schema.items():
            if name not in schema:
                schema[name] = dtype
        return schema

    def _dtype(self, column: Column) -> pl.DataType:
        given = self.source.schema.get(column.name)
        if column.kind == "id" and isinstance(given, pl.String | pl.Categorical | pl.Enum):
            return pl.String()
        if column.name in self.table.key and given is None and self.ids == "content":
            return pl.String() if column.kind == "id" else pl.Int64()
        return dtype_of(column.kind, self.table.scale)

    def problems(self) -> list[Problem]:
        """Columns whose dtype the table never reads."""
        found: list[Problem] = []
        for column in self.table.columns:
            given = self.source.schema.get(column.name)
            if given is not None:
                found.extend(self._unfit(column, given))
        currency = self.source.schema.get("currency")
        if self._has_money and currency is not None and fix_for("text", currency, "currency"):
            what = f"column 'currency' is {currency}, which is no currency code"
            fix = 'give it as text, or under another name: columns={"paid_in": "currency"}'
            found.append(Problem(what, f"table({self.table.noun.__name__}).currency", fix))
        known = {column.name for column in self.table.columns}
        for name in sorted(self.source.cents - known):
            fix = "minor_units() is for columns that are money: leave it out"
            what = f"{name!r} is no column of {self.table.noun.__name__}"
            found.append(Problem(what, f"columns[{name!r}]", fix))
        return found

    def _unfit(self, column: Column, given: pl.DataType) -> list[Problem]:
        cents = column.name in self.source.cents
        kind = column.kind
        fix = fix_for_cents(kind, given) if cents else fix_for(kind, given, column.name)
        what = f"column {column.name!r} is {given}, which is never read as {kind}"
        if cents:
            what = f"column {column.name!r} is {given}, which does not count smallest units"
            if kind != "money":
                what = f"column {column.name!r} is {kind}, not money"
        where = f"table({self.table.noun.__name__}).{column.name}"
        return [Problem(what, where, fix)] if fix else []

    @property
    def _has_money(self) -> bool:
        return any(column.kind == "money" for column in self.table.columns)

    def cast(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows in the table's dtypes, whatever could not be read null."""
        picked = self._pick(rows)
        return self._assembled(picked, self._reads(picked))

    def sort(self) -> Sorted:
        """Good rows, and the others with their reasons."""
        rows = self.source.rows
        if isinstance(rows, pl.LazyFrame):
            rows = _collected(rows)
        picked = self._pick(rows)
        reads = self._reads(picked)
        reasons = self._reasons(picked, reads)
        good = self._assembled(picked, reads)
        if reasons is not None:
            good = good.filter(reasons["reason"].is_null())
        good, later = self._keyed(good, reasons)
        reasons = later if later is not None else reasons
        if reasons is None:
            return Sorted(good, refused_rows(rows.clear(), _NO_REASONS), rows.height)
        bad = reasons["reason"].is_not_null()
        return Sorted(good, refused_rows(rows.filter(bad), reasons.filter(bad)), rows.height)

    def _pick(self, rows: pl.DataFrame) -> pl.DataFrame:
        if self.source.is_plain:
            return rows
        try:
            picked = rows.select(self.source.picked.values())
        except pl.exceptions.PolarsError as error:
            raise SchemaError(
                f"an expression of columns= fails: {first_line(error)}",
                where="columns",
                fix="mend the expression, or cast with strict=False so that bad values are null",
            ) from error
        if picked.height == rows.height:
            SchemaError.check(self._summed(rows.head(2)))
            return picked
        raise SchemaError(
            f"the expressions of columns= make {picked.height} rows of {rows.height}",
            where="columns",
            fix="use expressions that give one value a row",
        )

    def _summed(self, two: pl.DataFrame) -> list[Problem]:
        """Expressions that make one value of all rows: polars would repeat it in each."""
        if two.height < 2:  # noqa: PLR2004 - of one row every value is one
            return []
        return [
            Problem(
                f"the expression for {name!r} makes one value of all rows",
                where=f"columns[{name!r}]",
                fix="write it over one row; leave sums to cu.collapse and to measures",
            )
            for name, expression in self.source.picked.items()
            if not expression.meta.is_literal(allow_aliasing=True)
            and two.select(expression).height == 1
        ]

    def _reads(self, picked: pl.DataFrame) -> dict[str, Read]:
        unit = Unit(self.table.scale, self.table.tz)
        reads: dict[str, Read] = {}
        for column in self.table.columns:
            if column.name in picked.columns:
                cents = column.name in self.source.cents
                reads[column.name] = read(picked[column.name], column, unit, cents=cents)
        for column in self.table.columns:
            if column.within is not None and column.name in reads:
                reads[column.name] = _limited(reads, column.name, column.within)
        return reads

    def _assembled(self, picked: pl.DataFrame, reads: dict[str, Read]) -> pl.DataFrame:
        # As they are: an expression would cost a single row more than all else.
        columns: list[pl.Series] = []
        for column in self.table.columns:
            if column.name in reads:
                columns.append(reads[column.name].values.alias(column.name))
            elif self.ids == "row" and column.name == self.table.key[-1]:
                columns.append(pl.int_range(picked.height, eager=True).alias(column.name))
            else:
                nulls = _NULL.new_from_index(0, picked.height).cast(self._dtype(column))
                columns.append(nulls.alias(column.name))
        taken = {column.name for column in self.table.columns}
        columns.extend(picked[name] for name in picked.columns if name not in taken)
        return pl.DataFrame(columns)

    def _reasons(self, picked: pl.DataFrame, reads: dict[str, Read]) -> pl.DataFrame | None:
        """The first reason of each row and its column; None when all are good."""
        found = [
            (REASONS.index(reason), name, mask)
            for name, done in reads.items()
            for reason, mask in done.faults
        ]
        found.extend(self._other_currency(picked))
        if not found:
            return None
        found.sort(key=lambda fault: fault[0])
        masks = pl.DataFrame([mask.alias(str(i)) for i, (_, _, mask) in enumerate(found)])
        reason = pl.coalesce(
            pl.when(pl.col(str(i))).then(pl.lit(REASONS[order]))
            for i, (order, _, _) in enumerate(found)
        )
        name = pl.coalesce(
            pl.when(pl.col(str(i))).then(pl.lit(name)) for i, (_, name, _) in enumerate(found)
        )
        return masks.select(reason=reason, column=name)

    def _other_currency(self, picked: pl.DataFrame) -> list[tuple[int, str, pl.Series]]:
        if "currency" not in picked.columns or not self._has_money:
            return []
        given = picked["currency"].cast(pl.String, strict=False)
        other = (given != self.table.currency).fill_null(value=True)
        order = REASONS.index("other_currency")
        return [(order, "currency", other)] if other.any() else []

    def _keyed(
        self, good: pl.DataFrame, reasons: pl.DataFrame | None
    ) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """Good rows whose keys are their own, and the reasons of all others."""
        key = self.table.key
        if self.ids == "content":
            good = _with_content_id(good, next(c for c in self.table.columns if c.name == key[-1]))
        faults = key_faults(good, key) if self.unique and self.ids != "row" else None
        if faults is None:
            return good, reasons
        places = faults["place"]
        kept = good.filter(~pl.int_range(good.height, eager=True).is_in(places.implode()))
        if reasons is None:
            none = pl.repeat(None, good.height, dtype=pl.String, eager=True)
            reasons = pl.DataFrame({"reason": none, "column": none})
        else:
            # Places among the good rows become places in the source.
            passed = reasons["reason"].is_null().arg_true()
            places = passed.gather(places)
        return kept, reasons.with_columns(
            reason=reasons["reason"].scatter(places, faults["reason"]),
            column=reasons["column"].scatter(
                places, pl.repeat("+".join(key), places.len(), eager=True)
            ),
        )


_NULL = pl.Series([None], dtype=pl.Null)
_NO_REASONS = pl.DataFrame(schema={"reason": pl.String, "column": pl.String})


def _with_content_id(good: pl.DataFrame, key: Column) -> pl.DataFrame:
    """The made key column: what a row says, or that text's place among all."""
    content = content_ids(good.drop(key.name))
    if key.kind != "id":
        content = content.rank("dense").cast(pl.Int64)
    return good.with_columns(content.alias(key.name))


def _limited(reads: dict[str, Read], name: str, limits: Within) -> Read:
    """A read whose values beyond the column's limits are out of range."""
    done = reads[name]
    values = done.values
    if not isinstance(limits[1], dict):
        low, high = limits[0], limits[1]
        if done.values.null_count() == values.len():
            return done
        fine = values >= low
        if high is not None:
            fine &= values <= high
    else:
        of, scales = str(limits[0]), limits[1]
        low, high = (
            reads[of].values.replace_strict(
                list(scales), [scale[end] for scale in scales.values()], default=None
            )
            for end in (0, 1)
        )
        fine = ((values >= low) & (values <= high)).fill_null(value=False)
    return Read(values, (*done.faults, *faults(range=~fine & values.is_not_null())))


def _collected(rows: pl.LazyFrame) -> pl.DataFrame:
    try:
        return rows.collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(error) from error


@mutable(eq=False)
class Once:
    """Sorts when first asked, and remembers: the source is read once."""

    admission: Admission
    _done: Sorted | None = field(default=None, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def __call__(self) -> Sorted:
        """The sorted rows."""
        with self._lock:
            if self._done is None:
                self._done = self.admission.sort()
            return self._done
