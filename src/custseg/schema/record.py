"""A record: one frozen class that declares an entity and its table."""

from __future__ import annotations

from typing import Any, Literal, TypeVar, dataclass_transform

import attrs

__all__ = ["Column", "Kind", "column", "columns_of", "has_money", "key_of", "record"]

Kind = Literal[
    "id", "text", "texts", "instant", "date", "money", "integer", "number", "boolean"
]

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
        within: Lowest and highest value, or None; or, per value of another
            column, those two: `("kind", {"nps": (0, 10)})`.
    """

    name: str
    kind: Kind
    optional: bool
    doc: str
    within: tuple[str, dict[str, tuple[int, int]]] | tuple[int, int] | None = None


def column(
    kind: Kind,
    *,
    default: Any = attrs.NOTHING,
    within: tuple[str, dict[str, tuple[int, int]]] | tuple[int, int] | None = None,
    doc: str = "",
) -> Any:
    """A column of a record; `default=None` makes it optional."""
    return attrs.field(
        default=default,
        kw_only=True,
        metadata={_METADATA: Column("", kind, default is not attrs.NOTHING, doc, within)},
    )


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(column,))
def record(cls: type[_Noun]) -> type[_Noun]:
    """Make a class of columns an entity that `cu.table` knows.

    The first column is the key; a class attribute `__key__` names another.

    >>> import custseg as cu
    >>> @cu.record
    ... class Visit:
    ...     visit_id: int = cu.column("id", doc="The visit.")
    ...     at: str = cu.column("instant", doc="When it began.")
    >>> cu.table(Visit).schema
    Schema({'visit_id': Int64, 'at': Datetime(time_unit='us', time_zone='UTC')})
    """
    declared = vars(cls).get("__key__")
    noun = attrs.frozen(cls)
    fields = attrs.fields(noun)  # type: ignore[arg-type]
    setattr(noun, _KEY, declared or (fields[0].name,))
    return noun


def columns_of(noun: type) -> tuple[Column, ...]:
    """The columns of a record, in order.

    Raises:
        TypeError: when `noun` is no record.
    """
    if _KEY not in vars(noun):
        message = f"{noun!r} is not a record; decorate the class with custseg.record"
        raise TypeError(message)
    return tuple(
        attrs.evolve(field.metadata[_METADATA], name=field.name)
        for field in attrs.fields(noun)
        if _METADATA in field.metadata
    )


def key_of(noun: type) -> tuple[str, ...]:
    """The columns that tell one row of a record from another."""
    return vars(noun)[_KEY]


def has_money(noun: type) -> bool:
    """Whether any column of a record is money."""
    return any(column.kind == "money" for column in columns_of(noun))
