"""Grids: total and disjoint, or refused with the cells named."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custseg.errors import FitError
from custseg.segments.grid import Grid
from naive import segments as naive

BUILT_IN = {
    "eleven": (Grid.eleven_names(), naive.eleven),
    "ten": (Grid.ten_names(), naive.ten),
    "value": (Grid.value_tiers(), naive.value_tier),
}


@pytest.mark.parametrize(("grid", "name"), BUILT_IN.values(), ids=BUILT_IN)
def test_every_cell_of_a_built_in_grid_is_named_once_and_as_drawn(grid, name):
    found = {row[:-1]: row[-1] for row in grid.frame.iter_rows()}
    assert len(found) == grid.frame.height
    assert found == {cell: name(*cell) for cell in product(range(1, 6), repeat=2)}
    assert set(found.values()) == set(grid.segments)


def test_built_in_grids_have_as_many_names_as_they_say():
    sizes = {name: len(grid.segments) for name, (grid, _) in BUILT_IN.items()}
    assert sizes == {"eleven": 11, "ten": 10, "value": 3}


@given(st.data(), st.integers(2, 4))
def test_any_partition_of_the_cells_is_a_grid_that_gives_it_back(drawn, bins):
    cells = list(product(range(1, bins + 1), repeat=2))
    owners = drawn.draw(st.lists(st.sampled_from("abc"), min_size=len(cells), max_size=len(cells)))
    names = {}
    for (r, m), owner in zip(cells, owners, strict=True):
        names.setdefault(owner, []).append(f"m{m} r{r}")
    frame = Grid(names, bins=bins).frame
    assert frame.columns == ["r", "m", "segment"]
    assert {row[:2]: row[2] for row in frame.iter_rows()} == dict(zip(cells, owners, strict=True))


@given(st.data())
def test_a_grid_with_a_cell_taken_away_names_that_cell(drawn):
    r, f = drawn.draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    rest = [f"r{a} f{b}" for a, b in product(range(1, 4), repeat=2) if (a, b) != (r, f)]
    with pytest.raises(FitError) as error:
        Grid({"all": rest}, bins=3)
    assert str(error.value) == (
        f"1 cell has no name: r{r}f{f}\n  where: Grid\n  fix:   add it to a segment"
    )


def test_holes_and_overlaps_are_told_together():
    with pytest.raises(FitError) as error:
        Grid({"up": ["r2", "r2 f2"], "down": "r1-2 f1"}, bins=2)
    assert str(error.value) == (
        "3 things are wrong\n"
        "1 cell has no name: r1f2\n"
        "  where: Grid\n"
        "  fix:   add it to a segment\n"
        "1 cell is named up and up: r2f2\n"
        "  where: Grid['up']\n"
        "  fix:   leave it to one of them\n"
        "1 cell is named up and down: r2f1\n"
        "  where: Grid['down']\n"
        "  fix:   leave it to one of them"
    )


def test_several_missing_cells_are_all_named():
    with pytest.raises(FitError, match="2 cells have no name: f1m1 f1m2\n"):
        Grid({"much": "f2 m1-2"}, bins=2)


@pytest.mark.parametrize(
    ("names", "what"),
    [
        ({"a": "r1 f1 m1"}, "999,999 cells have no name: r1f1m2 r1f1m3 "),
        (
            {"a": "r1-100 f1-100 m1-100", "b": "r1-40 f1-40 m1-40"},
            "64,000 cells are named a and b: r1f1m1 r1f1m2 ",
        ),
        (
            {"a": ["r1-100 f1-100 m1-100"] * 10_000},
            "1,000,000 cells are named a and a: r1f1m1 r1f1m2 ",
        ),
    ],
    ids=["missing", "shared", "repeated"],
)
def test_many_wrong_cells_are_counted_and_the_first_ones_named(names, what):
    with pytest.raises(FitError) as error:
        Grid(names, bins=100)
    (problem,) = error.value.problems
    assert problem.what.startswith(what)
    assert len(problem.what) < 400
    count = int(what.split()[0].replace(",", ""))
    assert problem.what.endswith(f" and {count - 20:,} more")


def test_a_text_of_overlaps_is_not_read_to_its_end():
    names = {f"s{place}": "r1-100 f1-100" for place in range(2_000)}
    with pytest.raises(FitError) as error:
        Grid(names, bins=100)
    assert [each.where for each in error.value.problems][:2] == ["Grid['s1']", "Grid['s2']"]
    assert len(error.value.problems) < 25


@pytest.mark.parametrize(
    ("names", "bins", "what"),
    [
        ({}, 5, "the grid names nothing"),
        ({"a": "r1-5"}, 1, "bins is 1"),
        ({"a": "r1-5"}, True, "bins is True"),
        ({"a": "r1-5"}, 5.0, "bins is 5.0"),
        ({"a": "r1-101"}, 101, "bins is 101"),
        (None, 5, "None maps no names to cells"),
        (["r1"], 5, "['r1'] maps no names to cells"),
        ((("a", "r1", "r2"),), 5, "(('a', 'r1', 'r2'),) maps no names to cells"),
        ({"": "r1-5"}, 5, "'' names no segment"),
        ({1: "r1-5"}, 5, "1 names no segment"),
        ({"\ud83d": "r1-5"}, 5, "'\\ud83d' names no segment"),
        ({"a": 5}, 5, "'a' has no cells, got 5"),
        ({"a": [5]}, 5, "5 is not a region"),
        ({"prospect": "r1-5"}, 5, "'prospect' is the name of customers without scores"),
        ({"inactive": "r1-5"}, 5, "'inactive' is the name of customers without scores"),
        ({"a": []}, 5, "'a' has no cells, got ()"),
        ({"a": ""}, 5, "'' is not a region"),
        ({"a": "x1-5"}, 5, "'x1-5' is not a region"),
        ({"a": "r1-5 and f3"}, 5, "'r1-5 and f3' is not a region"),
        ({"a": "r1-2 r3-5"}, 5, "'r1-2 r3-5' names an axis twice"),
        ({"a": "r1-6"}, 5, "'r1-6' is not within scores 1 to 5"),
        ({"a": "r0-5"}, 5, "'r0-5' is not within scores 1 to 5"),
        ({"a": "r5-1"}, 5, "'r5-1' is not within scores 1 to 5"),
    ],
)
def test_what_cannot_be_read_is_refused(names, bins, what):
    with pytest.raises(FitError) as error:
        Grid(names, bins=bins)
    (problem,) = error.value.problems
    assert problem.what == what
    assert problem.where.startswith("Grid")
    assert problem.fix


def test_an_axis_that_a_region_leaves_out_is_covered_whole():
    grid = Grid({"rich": "m2", "often": "m1 f2", "rest": "m1 f1"}, bins=2)
    assert grid.axes == "fm"
    assert dict(grid.frame.group_by("segment").len().iter_rows())["rich"] == 2


def test_three_axes_and_one_axis_are_grids_too():
    assert Grid({"best": "r2 f2 m2", "rest": ["r1", "r2 f1", "r2 f2 m1"]}, bins=2).axes == "rfm"
    assert Grid({"recent": "r4-5", "gone": "r1-3"}).frame.columns == ["r", "segment"]


def test_equal_declarations_are_equal_grids_with_equal_hashes():
    assert Grid({"a": "r1-5"}) == Grid({"a": ["r1-5"]})
    assert len({Grid({"a": "r1-5"}), Grid({"a": ["r1-5"]})}) == 1
    assert Grid.ten_names() != Grid.eleven_names()
