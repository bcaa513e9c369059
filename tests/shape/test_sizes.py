"""A long file, function or class hides a concept that wants a name."""

from __future__ import annotations

import ast

import pytest

from shape.sources import (
    FUNCTION,
    KERNEL_FILES,
    MODULES,
    classes,
    decorators,
    functions,
    named,
    parsed,
)

# About 400 lines, 40, 70 and 12 methods: a tenth more is still about that. A kernel file may be
# longer, since it calls no jitted function of another: what belongs together cannot be parted.
FILE, KERNEL_FILE, SHORT, KERNEL, METHODS = 440, 700, 44, 77, 13


def code_lines(function):
    """Lines from the signature to the end, the docstring aside."""
    whole = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is None:
        return whole
    told = function.body[0]
    return whole - (told.end_lineno - told.lineno + 1)


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_file_has_about_400_lines_at_most(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= (KERNEL_FILE if path in KERNEL_FILES else FILE)


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_function_has_about_40_lines_at_most_and_a_kernel_70(path):
    limit = KERNEL if path in KERNEL_FILES else SHORT
    long = {each.name: code_lines(each) for each in functions(parsed(path))}
    assert {name: lines for name, lines in long.items() if lines > limit} == {}


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_class_has_about_12_public_methods_at_most(path):
    for each in classes(parsed(path)):
        methods = [
            node.name
            for node in each.body
            if isinstance(node, FUNCTION)
            and not node.name.startswith("_")
            and not {"property", "cached_property", "overload", "setter"} & set(decorators(node))
        ]
        assert len(methods) <= METHODS, f"{each.name}: {methods}"
