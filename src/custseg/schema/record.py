"""A record: one frozen class that declares an entity and its table."""

from __future__ import annotations

from typing import Any, Literal, TypeVar, dataclass_transform, get_args

import attrs

from custseg.errors import Problem, SchemaError

__all__ = ["Column", "Kind", "Within", "column", "columns_of", "key_of", "record"]

Kind = Literal["id", "text", "texts", "instant", "date", "money", "integer", "number", "boolean"]
Within = tuple[int, int | None] | tuple[str, dict[str, tuple[int, int]]]

_KINDS: tuple[Kind, ...] = get_args(Kind)
_Noun = TypeVar("_Noun")
_METADATA = "custseg"
_KEY = "__custseg_key__"


@attrs.frozen
class Column:
    """What a record says of one of its columns.

    Attributes:
        name: The name, in the entity and in the table.
        kind: What the values are; it decides the dtype and the row checks.
        optional: Whether a value may be null and the column absent.
        doc: What the column holds, with its unit.
        within: Lowest and highest value (None when there is no highest one),
            or None; or, per value of another column, those two:
            `("kind", {"nps": (0, 10)})`.
    """

    name: str
    kind: Kind
    optional: bool
    doc: str
    within: Within | None = None


def column(
    kind: Kind,
    *,
    default: Any = attrs.NOTHING,  # noqa: ANN401 - any type of attribute may stand on the left
    within: Within | None = None,
    doc: str = "",
) -> Any:  # noqa: ANN401
    """A column of a record; `default=None` makes it optional.

    Args:
        kind: What its values are: "id", "text", "texts" (a list of them),
            "instant", "date", "money", "integer", "number" or "boolean".
        default: None, or left out for a column that every row must have.
        within: The lowest and the highest value of a whole number or of money
            (in major units), None for no highest one; or, of a whole number,
            those two for each value of another column:
            `("kind", {"nps": (0, 10)})`.
        doc: What it holds, with its unit; `describe()` shows it.

    >>> import custseg as cu
    >>> @cu.record
    ... class Rating:
    ...     rating_id: int = cu.column("id")
    ...     stars: int = cu.column("integer", within=(1, 5))
    ...     remark: str | None = cu.column("text", default=None)
    >>> Rating(rating_id=1, stars=5)
    Rating(rating_id=1, stars=5, remark=None)
    """
    return attrs.field(
        default=default,
        kw_only=True,
        metadata={_METADATA: Column("", kind, default is not attrs.NOTHING, doc, within)},
    )


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(column,))
def record(cls: type[_Noun]) -> type[_Noun]:
    """Make a class of columns an entity that `cu.table` knows.

    The first column is the key; a class attribute `__key__` names another.

    Raises:
        SchemaError: when the class declares no column, or a kind, a key or
            limits that cannot be.

    >>> import custseg as cu
    >>> @cu.record
    ... class Visit:
    ...     visit_id: int = cu.column("id", doc="The visit.")
    ...     at: str = cu.column("instant", doc="When it began.")
    >>> list(cu.table(Visit).schema.items())
    [('visit_id', Int64), ('at', Datetime(time_unit='us', time_zone='UTC'))]
    """
    declared = vars(cls).get("__key__")
    noun = attrs.frozen(cls)
    columns = _declared(noun)
    key: tuple[str, ...] = tuple(declared or [column.name for column in columns[:1]])
    SchemaError.check(_problems(cls.__name__, columns, key))
    setattr(noun, _KEY, key)
    return noun


def _declared(noun: type[Any]) -> tuple[Column, ...]:
    return tuple(
        attrs.evolve(field.metadata[_METADATA], name=field.name)
        for field in attrs.fields(noun)
        if _METADATA in field.metadata
    )


def _problems(noun: str, columns: tuple[Column, ...], key: tuple[str, ...]) -> list[Problem]:
    if not columns:
        fix = 'write each column as `name: int = cu.column("id")`'
        return [Problem(f"{noun} declares no column", noun, fix)]
    names = [column.name for column in columns]
    listed = ", ".join(map(repr, names))
    found = [
        Problem(f"the key {name!r} is no column", f"{noun}.__key__", f"the columns are {listed}")
        for name in key
        if name not in names
    ]
    for column in columns:
        where = f"{noun}.{column.name}"
        if column.kind not in _KINDS:
            kinds = ", ".join(map(repr, _KINDS))
            found.append(Problem(f"kind {column.kind!r} is unknown", where, f"kinds are {kinds}"))
        elif column.within is not None:
            found.extend(_limit_problems(column, columns, where))
    return found


def _limit_problems(column: Column, columns: tuple[Column, ...], where: str) -> list[Problem]:
    found: list[Problem] = []
    of = column.within[0] if column.within is not None else 0
    if column.kind not in ({"integer"} if isinstance(of, str) else {"integer", "money"}):
        fix = 'leave within= out; it is for "integer", and two fixed limits also for "money"'
        found.append(Problem(f"within= does not limit {column.kind}", where, fix))
    fine = {other.name for other in columns if other.kind == "text" and not other.optional}
    if isinstance(of, str) and of not in fine:
        what = f"within= goes by {of!r}, which is no text that every row has"
        found.append(Problem(what, where, "name a text column that is not optional"))
    return found


def columns_of(noun: type[Any]) -> tuple[Column, ...]:
    """The columns of a record, in order.

    Raises:
        SchemaError: when `noun` is no record.
    """
    if not isinstance(noun, type) or _KEY not in vars(noun):  # pyright: ignore[reportUnnecessaryIsInstance] # not all callers are typed
        raise SchemaError(
            f"{getattr(noun, '__name__', repr(noun))} is not a record",
            where="table",
            fix="give cu.Order or another noun, or decorate the class with cu.record",
        )
    return _declared(noun)


def key_of(noun: type[Any]) -> tuple[str, ...]:
    """The columns that tell one row of a record from another."""
    return vars(noun)[_KEY]
