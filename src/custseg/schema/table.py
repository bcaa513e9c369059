"""The door: the table of a noun, and the three verbs by which rows enter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeVar, overload

import polars as pl
from attrs import field, frozen
from polars.io.plugins import register_io_source

from custseg.errors import Problem, RowError, SchemaError
from custseg.schema.admission import Admission, Once
from custseg.schema.clock import clock
from custseg.schema.currency import minor_digits
from custseg.schema.entities import columns_from, entities_from
from custseg.schema.reading import Unit, dtype_of
from custseg.schema.record import Column, columns_of, key_of
from custseg.schema.rejected import Rejected
from custseg.schema.source import source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from custseg.schema.source import MinorUnits

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


@frozen
class Table(Generic[_Noun]):
    """The table of a noun: what rows must be, and how they get in.

    Attributes:
        noun: The record whose table it is.
        currency: What its money is, an ISO 4217 code.
        tz: The zone in which times without one are read.

    >>> import custseg as cu
    >>> cu.table(cu.Order, currency="JPY", tz="Asia/Tokyo").schema["total"]
    Decimal(precision=18, scale=0)
    """

    noun: type[_Noun]
    currency: str
    tz: str
    columns: tuple[Column, ...] = field(repr=False)
    scale: int = field(repr=False)

    @property
    def schema(self) -> pl.Schema:
        """Names and dtypes of the table; ids may be String instead of Int64."""
        return pl.Schema({c.name: dtype_of(c.kind, self.scale) for c in self.columns})

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that tell one row from another."""
        return key_of(self.noun)

    @overload
    def cast(self, rows: pl.LazyFrame, /, *, columns: Mapping[str, Any] | None = None) -> pl.LazyFrame: ...
    @overload
    def cast(self, rows: object, /, *, columns: Mapping[str, Any] | None = None) -> pl.DataFrame: ...

    def cast(
        self, rows: object, /, *, columns: Mapping[str, str | pl.Expr | MinorUnits] | None = None
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
            return admission.source.rows.map_batches(
                lambda part: admission.cast(part), schema=admission.schema
            )
        return admission.cast(admission.source.rows)

    @overload
    def admit(
        self,
        rows: pl.LazyFrame,
        /,
        *,
        columns: Mapping[str, Any] | None = None,
        ids: Ids = "given",
        unique: bool = True,
    ) -> LazilyAdmitted: ...
    @overload
    def admit(
        self,
        rows: object,
        /,
        *,
        columns: Mapping[str, Any] | None = None,
        ids: Ids = "given",
        unique: bool = True,
    ) -> Admitted: ...

    def admit(
        self,
        rows: object,
        /,
        *,
        columns: Mapping[str, str | pl.Expr | MinorUnits] | None = None,
        ids: Ids = "given",
        unique: bool = True,
    ) -> Admitted | LazilyAdmitted:
        """Split rows into good ones, in the table's dtypes, and rejected ones.

        A lazy source stays lazy: its schema is looked at now, its rows are
        read once, when the good or the rejected ones are first looked at.

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
        >>> sales = pl.DataFrame({"No": [1, 2, 2], "Who": [7, 8, 8],
        ...     "When": ["2026-05-01T10:00"] * 3, "Sum": [9.99, 0.001, 5.0]})
        >>> orders, rejected = cu.table(cu.Order).admit(sales, columns={"order_id": "No",
        ...     "customer_id": "Who", "ordered_at": "When", "total": "Sum"})
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
        rows: object,
        /,
        *,
        columns: Mapping[str, str | pl.Expr | MinorUnits] | None = None,
        ids: Ids = "given",
        unique: bool = True,
    ) -> pl.DataFrame:
        """The rows in the table's dtypes, or an error when any is bad.

        Raises:
            RowError: when a row is rejected; it carries the `rejected` rows.
            SchemaError: when columns are not there or can never be read.
        """
        good, rejected = self.admit(rows, columns=columns, ids=ids, unique=unique)
        if rejected:
            error = RowError(
                str(rejected).replace("\n", "\n  "),
                where=f"table({self.noun.__name__})",
                fix="see error.rejected.frame, or use admit() to go on with the good rows",
            )
            error.rejected = rejected
            raise error
        return good.collect() if isinstance(good, pl.LazyFrame) else good

    def frame(self, entities: Sequence[_Noun], /) -> pl.DataFrame:
        """A frame of entities, checked like any other rows.

        Raises:
            RowError: when an entity does not fit the table.
        """
        return self.require(columns_from(entities, self.columns))

    def entities(self, rows: pl.DataFrame, /) -> list[_Noun]:
        """One entity for each row of a frame of this table.

        >>> import custseg as cu
        >>> orders = cu.table(cu.Order)
        >>> made = cu.Order(order_id=1, customer_id=7, ordered_at="2026-05-01", total="5")
        >>> orders.entities(orders.frame([made]))[0].total
        Decimal('5.00')
        """
        return entities_from(rows, self.noun, self.columns)

    def problems(self, rows: pl.DataFrame | pl.LazyFrame, /) -> tuple[Problem, ...]:
        """What is wrong with the dtypes of a frame said to be of this table."""
        have = rows.collect_schema()
        where = f"{self.noun.__name__} frame"
        found: list[Problem] = []
        for name, dtype in self.schema.items():
            column = next(c for c in self.columns if c.name == name)
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
        self, rows: object, columns: Mapping[str, Any] | None, ids: Ids, *, unique: bool
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
        hint = 'rows without an id? ids="content" lets exact copies count once, ids="row" counts every row'
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
        SchemaError: when the currency or the zone is unknown.

    >>> import custseg as cu
    >>> cu.table(cu.Order, currency="GBP", tz="Europe/London")
    Table(noun=<class 'custseg.Order'>, currency='GBP', tz='Europe/London')
    """
    problems: list[Problem] = []
    scale = 0
    try:
        scale = minor_digits(currency)
    except SchemaError as error:
        problems.extend(error.problems)
    try:
        clock(tz)
    except SchemaError as error:
        problems.extend(error.problems)
    SchemaError.check(problems)
    return Table(noun, currency, tz, columns_of(noun), scale)


def _scan(once: Once, schema: pl.Schema) -> pl.LazyFrame:
    def batches(
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
