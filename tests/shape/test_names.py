"""Names say what a merchandiser would say; words that say nothing are not used."""

from __future__ import annotations

import ast
import re

import pytest

from shape.sources import MODULES, TEST_FILES, classes, functions, named, parsed

EMPTY = re.compile(
    r"df|data|.*_df|.*_col|.*_cols|utils?|.*_utils?|helpers?|.*_helper|process|process_.*"
)
READING = re.compile(r"_?get_.*")
ROLE = re.compile(r".+(Manager|Engine|Handler|Utils?|Helper|Processor)$|Base.*")


def given(tree):
    """Every name that a file gives: to a variable, argument, function, class or attribute."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case _:
                pass


@pytest.mark.parametrize("path", [*MODULES, *TEST_FILES], ids=named)
def test_no_name_is_empty_of_meaning(path):
    names = {path.stem, *given(parsed(path))}
    assert sorted(name for name in names if EMPTY.fullmatch(name)) == []


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_plain_read_is_a_noun(path):
    assert [each.name for each in functions(parsed(path)) if READING.fullmatch(each.name)] == []


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_class_is_named_for_a_thing_not_for_a_role(path):
    assert [each.name for each in classes(parsed(path)) if ROLE.fullmatch(each.name)] == []


@pytest.mark.parametrize("path", TEST_FILES, ids=named)
def test_tests_are_plain_functions_with_sentence_names(path):
    tree = parsed(path)
    assert [each.name for each in classes(tree) if each.name.startswith("Test")] == []
    tests = [each.name for each in functions(tree) if each.name.startswith("test_")]
    assert tests, "a file of tests has a test"
    assert [name for name in tests if name.count("_") < 3] == []
