"""Records: a class of columns is an entity and declares a table."""

from __future__ import annotations

import polars as pl
import pytest

import custseg as cu


def test_a_record_of_ones_own_has_a_table_and_checks():
    @cu.record
    class Rating:
        rating_id: int = cu.column("id", doc="The rating.")
        stars: int = cu.column("integer", within=(1, 5))

    rows, rejected = cu.table(Rating).admit(
        pl.DataFrame({"rating_id": range(4), "stars": [0, 1, 5, 6]})
    )
    assert rows["stars"].to_list() == [1, 5]
    assert rejected.counts() == {"range": 2}
    made = cu.table(Rating).entities(rows)
    assert made[0] == Rating(rating_id=1, stars=1)
    with pytest.raises(AttributeError):
        made[0].stars = 3


def test_everything_wrong_with_a_record_is_told_together():
    with pytest.raises(cu.SchemaError) as caught:

        @cu.record
        class Visit:
            __key__ = ("visit", "at")
            at: str = cu.column("moment")
            spent: str = cu.column("number", within=(0, 5))
            paid: str = cu.column("money", within=("kind", {"nps": (0, 10)}))
            kind: str | None = cu.column("text", default=None)
            score: int = cu.column("integer", within=("kind", {"nps": (0, 10)}))

    assert str(caught.value) == (
        "6 things are wrong\n"
        "the key 'visit' is no column\n"
        "  where: Visit.__key__\n"
        "  fix:   the columns are 'at', 'spent', 'paid', 'kind', 'score'\n"
        "kind 'moment' is unknown\n"
        "  where: Visit.at\n"
        "  fix:   kinds are 'id', 'text', 'texts', 'instant', 'date', 'money', 'integer', "
        "'number', 'boolean'\n"
        "within= does not limit number\n"
        "  where: Visit.spent\n"
        '  fix:   leave within= out; it is for "integer", and two fixed limits also for "money"\n'
        "within= does not limit money\n"
        "  where: Visit.paid\n"
        '  fix:   leave within= out; it is for "integer", and two fixed limits also for "money"\n'
        "within= goes by 'kind', which is no text that every row has\n"
        "  where: Visit.paid\n"
        "  fix:   name a text column that is not optional\n"
        "within= goes by 'kind', which is no text that every row has\n"
        "  where: Visit.score\n"
        "  fix:   name a text column that is not optional"
    )


def test_a_record_without_columns_is_refused():
    with pytest.raises(cu.SchemaError) as caught:

        @cu.record
        class Nothing:
            x = 5

    assert str(caught.value) == (
        "Nothing declares no column\n  where: Nothing\n"
        '  fix:   write each column as `name: int = cu.column("id")`'
    )
