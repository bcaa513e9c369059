"""The door: the table of a noun, and the three verbs by which rows enter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Generic, Literal, NamedTuple, TypeVar, cast, overload

import polars as pl
from attrs import frozen
from polars.io.plugins import register_io_source

from custseg.errors import Problem, RowError, SchemaError
from custseg.schema.admission import Admission, Once
from custseg.schema.clock import clock
from custseg.schema.currency import minor_digits
from custseg.schema.entities import columns_from, entities_from
from custseg.schema.held import held_row
from custseg.schema.reads import dtype_of
from custseg.schema.record import columns_of, key_of
from custseg.schema.rejected import Rejected
from custseg.schema.source import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from custseg.schema.record import Column
    from custseg.schema.source import ArrowStream, MinorUnits

    Of = str | pl.Expr | MinorUnits

__all__ = ["Admitted", "Ids", "LazilyAdmitted", "Table", "table"]

Ids = Literal["given", "content", "row"]
_Noun = TypeVar("_Noun")


class Admitted(NamedTuple):
    """What `admit` gives: good rows, and the rejected ones."""

    rows: pl.DataFrame
    rejected: Rejected


class LazilyAdmitted(NamedTuple):
    """What `admit` gives for a lazy source: read when either is looked at."""

    rows: pl.LazyFrame
    rejected: Rejected


@frozen(repr=False)
class Table(Generic[_Noun]):
    """The table of a noun: what rows must be, and how they get in.

    `cu.table` makes it. Three verbs of rising force bring rows in: `cast`
    trusts them, `admit` splits them, `require` refuses all when one is bad.

    Attributes:
        noun: The record whose table it is.
        currency: What its money is, an ISO 4217 code.
        tz: The zone in which times without one are read.
        columns: What the record says of each column.
        scale: Decimals of the currency.

    >>> import custseg as cu
    >>> cu.table(cu.Order, currency="JPY", tz="Asia/Tokyo").schema["total"]
    Decimal(precision=18, scale=0)
    """

    noun: type[_Noun]
    currency: str
    tz: str
    columns: tuple[Column, ...]
    scale: int

    def __repr__(self) -> str:
        """The table as it is declared."""
        return f"Table({self.noun.__name__}, currency={self.currency!r}, tz={self.tz!r})"

    @property
    def schema(self) -> pl.Schema:
        """Names and dtypes of the table; ids may be String instead of Int64."""
        return pl.Schema({c.name: dtype_of(c.kind, self.scale) for c in self.columns})

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that tell one row from another."""
        return key_of(self.noun)

    @overload
    def cast(
        self, rows: pl.LazyFrame, /, *, columns: Mapping[str, Of] | None = None
    ) -> pl.LazyFrame: ...
    @overload
    def cast(
        self, rows: ArrowStream, /, *, columns: Mapping[str, Of] | None = None
    ) -> pl.DataFrame: ...

    def cast(
        self, rows: pl.LazyFrame | ArrowStream, /, *, columns: Mapping[str, Of] | None = None
    ) -> pl.DataFrame | pl.LazyFrame:
        """The rows in the table's dtypes, unchecked: what cannot be read is null.

        Args:
            rows: A DataFrame, a LazyFrame, or anything with `__arrow_c_stream__`.
            columns: Table column to source column or expression.

        Raises:
            SchemaError: when columns are not there or can never be read.
        """
        admission = self._admission(rows, columns, "given", unique=False)
        if isinstance(admission.source.rows, pl.LazyFrame):
            return admission.source.rows.map_batches(admission.cast, schema=admission.schema)
        return admission.cast(admission.source.rows)

    @overload
    def admit(
        self,
        rows: pl.LazyFrame,
        /,
        *,
        columns: Mapping[str, Of] | None = None,
        ids: Ids = "given",
        unique: bool = True,
    ) -> LazilyAdmitted: ...
    @overload
    def admit(
        self,
        rows: ArrowStream,
        /,
        *,
        columns: Mapping[str, Of] | None = None,
        ids: Ids = "given",
        unique: bool = True,
    ) -> Admitted: ...

    def admit(
        self,
        rows: pl.LazyFrame | ArrowStream,
        /,
        *,
        columns: Mapping[str, Of] | None = None,
        ids: Ids = "given",
        unique: bool = True,
    ) -> Admitted | LazilyAdmitted:
        """Split rows into good ones, in the table's dtypes, and rejected ones.

        A lazy source stays lazy: its schema is looked at now, its rows are
        read once, when the good or the rejected ones are first looked at.

        Ids that a csv reader has taken for numbers have lost their leading
        zeros before they come here: read those columns as text, e.g.
        `pl.scan_csv(path, schema_overrides={"CustNo": pl.String})`.

        Args:
            rows: A DataFrame, a LazyFrame, or anything with `__arrow_c_stream__`.
            columns: Table column to source column or expression; new names
                become extra columns. Source columns not named pass through.
            ids: "given"; "content" makes the key from what a row says, so that
                exact copies count once; "row" numbers the rows from 0.
            unique: Whether keys are tested.

        Raises:
            SchemaError: when columns are not there or can never be read.

        >>> import custseg as cu, polars as pl
        >>> sales = pl.DataFrame({"No": [1, 2, 2], "customer_id": 7, "Sum": [9.99, 0.001, 5]})
        >>> sales = sales.with_columns(ordered_at=pl.lit("2026-05-01T10:00"))
        >>> orders, rejected = cu.table(cu.Order).admit(
        ...     sales, columns={"order_id": "No", "total": "Sum"}
        ... )
        >>> orders.height, rejected.counts()
        (2, {'scale': 1})
        """
        admission = self._admission(rows, columns, ids, unique=unique)
        once = Once(admission)
        if isinstance(admission.source.rows, pl.DataFrame):
            return Admitted(once().good, Rejected(once))
        return LazilyAdmitted(_scan(once, admission.schema), Rejected(once))

    def require(
        self,
        rows: pl.LazyFrame | ArrowStream,
        /,
        *,
        columns: Mapping[str, Of] | None = None,
        ids: Ids = "given",
        unique: bool = True,
    ) -> pl.DataFrame:
        """The rows in the table's dtypes, or an error when any is bad.

        Raises:
            RowError: when a row is rejected; it carries the `rejected` rows.
            SchemaError: when columns are not there or can never be read.
        """
        once = Once(self._admission(rows, columns, ids, unique=unique))
        rejected = Rejected(once)
        if rejected:
            error = RowError(
                str(rejected).replace("\n", "\n  "),
                where=f"table({self.noun.__name__})",
                fix="see error.rejected.frame, or use admit() to go on with the good rows",
            )
            error.rejected = rejected
            raise error
        return once().good

    def frame(self, entities: Sequence[_Noun], /) -> pl.DataFrame:
        """A frame of entities, checked like any other rows.

        Raises:
            RowError: when an entity does not fit the table.
            SchemaError: when something else stands among the entities.
        """
        SchemaError.check(self._strangers(entities))
        if len(entities) == 1:
            at_once = held_row(entities[0], self.columns, self.scale)
            if at_once is not None:
                return at_once
        return self.require(columns_from(entities, self.columns))

    def entities(self, rows: pl.DataFrame, /) -> list[_Noun]:
        """One entity for each row of a frame of this table.

        Columns that are not of the table stay behind.

        Raises:
            SchemaError: when the frame is none of this table: admit it first.

        >>> import custseg as cu
        >>> orders = cu.table(cu.Order)
        >>> made = cu.Order(order_id=1, customer_id=7, ordered_at="2026-05-01", total="5")
        >>> orders.entities(orders.frame([made]))[0].total
        Decimal('5.00')
        """
        SchemaError.check(self.problems(rows))
        return entities_from(rows, self.noun, self.columns)

    def _strangers(self, entities: object) -> list[Problem]:
        """What is handed over as entities, and is none."""
        noun = self.noun.__name__
        fix = f"give a list of them: [{noun}(...), {noun}(...)]"
        if isinstance(entities, self.noun) or not isinstance(entities, Iterable):
            told = f"one {noun}" if isinstance(entities, self.noun) else f"{entities!r:.60}"
            return [Problem(f"{told} is no list of entities", f"table({noun}).frame", fix)]
        listed = cast("Iterable[object]", entities)
        return [
            Problem(f"{each!r:.60} is no {noun}", f"table({noun}).frame[{place}]", fix)
            for place, each in enumerate(listed)
            if not isinstance(each, self.noun)
        ]

    def problems(self, rows: pl.DataFrame | pl.LazyFrame, /) -> tuple[Problem, ...]:
        """What is wrong with the dtypes of a frame said to be of this table."""
        have = rows.collect_schema()
        where = f"{self.noun.__name__} frame"
        found: list[Problem] = []
        for column, (name, dtype) in zip(self.columns, self.schema.items(), strict=True):
            if name not in have:
                if not column.optional:
                    found.append(Problem(f"column {name!r} is missing", where, _ADMIT))
                continue
            fine = have[name] == dtype or (column.kind == "id" and have[name] == pl.String)
            if not fine:
                found.append(
                    Problem(f"column {name!r} is {have[name]}, not {dtype}", where, _ADMIT)
                )
        return tuple(found)

    def describe(self) -> pl.DataFrame:
        """What the table holds: a row for each column.

        >>> import custseg as cu
        >>> cu.table(cu.Order).describe().row(0)
        ('order_id', 'Int64 or String', False, 'The order.')
        """
        return pl.DataFrame(
            {
                "column": [c.name for c in self.columns],
                "dtype": [
                    "Int64 or String" if c.kind == "id" else str(dtype_of(c.kind, self.scale))
                    for c in self.columns
                ],
                "optional": [c.optional for c in self.columns],
                "holds": [c.doc for c in self.columns],
            }
        )

    def _admission(
        self, rows: object, columns: Mapping[str, Of] | None, ids: Ids, *, unique: bool
    ) -> Admission:
        if ids not in {"given", "content", "row"}:
            raise SchemaError(
                f"ids={ids!r} is unknown", where="ids", fix='"given", "content" or "row"'
            )
        made = self.key[-1:] if ids != "given" else ()
        try:
            source = source_of(rows, columns, self.columns, made)
        except SchemaError as error:
            raise SchemaError.of(self._with_ids_hint(error)) from None
        admission = Admission(source, self, ids, unique)
        SchemaError.check(admission.problems())
        return admission

    def _with_ids_hint(self, error: SchemaError) -> list[Problem]:
        hint = (
            'rows without an id? ids="content" lets exact copies count once, '
            'ids="row" counts every row'
        )
        return [
            Problem(problem.what, problem.where, f"{problem.fix}; {hint}")
            if problem.what.startswith(f"{self.key[-1]!r} is not in")
            else problem
            for problem in error.problems
        ]


_ADMIT = "admit it first: cu.table(...).admit(frame)"


def table(noun: type[_Noun], /, *, currency: str = "EUR", tz: str = "UTC") -> Table[_Noun]:
    """The table of a noun.

    Args:
        noun: A record: Customer, Order, OrderLine, Event, Feedback, Ticket,
            Opportunity, or one of your own.
        currency: ISO 4217 code; it decides how many decimals money has.
        tz: The zone in which times without a zone are read.

    Raises:
        SchemaError: when the noun is no record, or the currency or the zone is unknown.

    >>> import custseg as cu
    >>> cu.table(cu.Order, currency="GBP", tz="Europe/London")
    Table(Order, currency='GBP', tz='Europe/London')
    """
    problems: list[Problem] = []
    for look in (lambda: columns_of(noun), lambda: minor_digits(currency), lambda: clock(tz)):
        try:
            look()
        except SchemaError as error:
            problems.extend(error.problems)
    SchemaError.check(problems)
    return Table(noun, currency, tz, columns_of(noun), minor_digits(currency))


def _scan(once: Once, schema: pl.Schema) -> pl.LazyFrame:
    def batches(  # pragma: no cover - polars calls it in a thread that nothing traces
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        _batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        rows = once().good
        if with_columns is not None:
            rows = rows.select(with_columns)
        if predicate is not None:
            rows = rows.filter(predicate)
        yield rows if n_rows is None else rows.head(n_rows)

    return register_io_source(batches, schema=schema, is_pure=True)
