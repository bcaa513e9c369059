"""A kernel is numbers in, numbers out, and has a slow obvious twin that knows nothing of it."""

from __future__ import annotations

import ast
import importlib
import re

import pytest

from shape.sources import KERNEL_FILES, ROOT, decorators, functions, imported, named, parsed

TWINS = sorted((ROOT / "tests" / "naive").rglob("*.py"))
ALLOWED = re.compile(r"numpy(\..*)?|__future__\..*|typing\..*|custseg\._kernels\._jit\.\w+")
TWIN = re.compile(r"naive\.(?P<module>\w+)\.(?P<name>\w+)")


def kernels():
    for path in KERNEL_FILES:
        for each in functions(parsed(path)):
            if {"bare", "kernel"} & set(decorators(each)):
                yield pytest.param(each, id=f"{path.stem}.{each.name}")


@pytest.mark.parametrize("path", KERNEL_FILES, ids=named)
def test_a_kernel_file_imports_numpy_and_the_decorator_only(path):
    assert [name for name in imported(parsed(path)) if not ALLOWED.fullmatch(name)] == []


@pytest.mark.parametrize("path", KERNEL_FILES, ids=named)
def test_nothing_is_raised_or_asserted_in_a_kernel_file(path):
    found = [
        node.lineno for node in ast.walk(parsed(path)) if isinstance(node, ast.Raise | ast.Assert)
    ]
    assert found == []


@pytest.mark.parametrize(
    "kernel", [each for each in kernels() if not each.id.split(".")[1].startswith("_")]
)
def test_a_kernel_names_its_slow_twin_and_the_twin_exists(kernel):
    found = TWIN.search(ast.get_docstring(kernel) or "")
    assert found, "the docstring ends with its twin: `Twin: naive.lots.replay`"
    twin = importlib.import_module(f"naive.{found['module']}")
    assert callable(getattr(twin, found["name"]))


@pytest.mark.parametrize("path", TWINS, ids=named)
def test_a_twin_imports_nothing_of_custseg(path):
    assert [name for name in imported(parsed(path)) if name.split(".")[0] == "custseg"] == []
