"""Random conditions over a small table, as the naive twin writes them, and its rows."""

from __future__ import annotations

import polars as pl
from hypothesis import strategies as st

from naive.rules import columns

TYPES = {
    "orders": pl.Int64,
    "order": pl.Int64,
    "spend": pl.Float64,
    "region": pl.String,
    "app": pl.Boolean,
    "customer": pl.Struct({"region": pl.String, "age": pl.Int64}),
}

_WHOLE = st.integers(-3, 4)
_PLACES = st.sampled_from(["north", "south", "", "it's", "NOW()", '"x"', "1 OR 1 = 1"])
_SIGNS = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])


def rows():
    """Lists of rows, some of them empty, with nulls everywhere."""
    row = st.fixed_dictionaries(
        {
            "orders": st.none() | _WHOLE,
            "order": st.none() | _WHOLE,
            "spend": st.none() | st.integers(-12, 12).map(lambda quarters: quarters / 4),
            "region": st.none() | _PLACES,
            "app": st.none() | st.booleans(),
            "customer": st.none()
            | st.fixed_dictionaries({"region": st.none() | _PLACES, "age": st.none() | _WHOLE}),
        }
    )
    return st.lists(row, max_size=12)


def framed(listed):
    return pl.DataFrame(listed, schema=TYPES)


def _numbers():
    leaves = st.sampled_from(
        [("column", name) for name in ("orders", '"order"', "spend", "customer.age")]
    ) | _WHOLE.map(lambda number: ("literal", number))
    return st.recursive(
        leaves,
        lambda inner: st.tuples(st.sampled_from(["+", "-", "*", "share"]), inner, inner),
        max_leaves=3,
    )


def _texts():
    columns = st.sampled_from([("column", "region"), ("column", "customer.region")])
    return columns, _PLACES.map(lambda place: ("literal", place))


def _atoms():
    number = _numbers()
    column, literal = _texts()
    return st.one_of(
        st.tuples(_SIGNS, number, number),
        st.tuples(_SIGNS, column, literal | column),
        st.tuples(st.just("in"), column, st.lists(_PLACES, min_size=1, max_size=3).map(tuple)),
        st.tuples(st.just("in"), number, st.lists(_WHOLE, min_size=1, max_size=3).map(tuple)),
        st.tuples(st.just("between"), number, number, number),
        st.tuples(st.just("null"), column | number),
        st.just(("column", "app")),
    )


def conditions():
    """Conditions that read at least one column and never divide by zero."""
    tree = st.recursive(
        _atoms(),
        lambda inner: st.one_of(
            st.tuples(st.sampled_from(["AND", "OR"]), inner, inner),
            st.tuples(st.just("not"), inner),
            st.tuples(st.just("case"), inner, inner, inner),
        ),
        max_leaves=6,
    )
    return tree.filter(columns)
