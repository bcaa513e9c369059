"""The face: every public name, found lazily, the same for Python and for the type checker."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import custseg
from shape.sources import PACKAGE, ROOT, parsed

API = sorted((ROOT / "docs" / "api").glob("*.md"))


def twin():
    """What the type checker is told: name -> module."""
    for node in parsed(PACKAGE / "__init__.py").body:
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            return {
                alias.asname or alias.name: imports.module
                for imports in node.body
                if isinstance(imports, ast.ImportFrom) and imports.module.startswith("custseg")
                for alias in imports.names
            }
    return {}


NAMES = twin()


def is_error(name):
    """An error is shown where it is raised."""
    return isinstance(getattr(custseg, name), type) and issubclass(
        getattr(custseg, name), Exception
    )


DECLARED = sorted(name for name in NAMES if not inspect.ismodule(getattr(custseg, name)))


def test_the_face_lists_what_the_type_checker_is_told():
    assert sorted(custseg.__all__) == sorted(set(custseg.__all__))
    assert {name for name in custseg.__all__ if not name.startswith("__")} == set(NAMES)
    assert set(custseg.__all__) <= set(dir(custseg))


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_name_of_the_face_is_the_one_its_module_declares(name):
    module = importlib.import_module(NAMES[name])
    declared = getattr(module, name, None) or importlib.import_module(f"{NAMES[name]}.{name}")
    assert getattr(custseg, name) is declared


def test_a_name_that_the_face_does_not_have_is_an_attribute_error():
    with pytest.raises(AttributeError, match="segmentize"):
        custseg.segmentize  # noqa: B018


def test_importing_the_face_loads_no_other_package():
    code = "import sys, custseg; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "custseg" in loaded
    assert {"polars", "numpy", "numba", "attr", "attrs"} & set(loaded) == set()


@pytest.mark.parametrize("name", DECLARED)
def test_a_public_name_says_what_it_is(name):
    assert (inspect.getdoc(getattr(custseg, name)) or "").strip()


@pytest.mark.parametrize(
    "name",
    [name for name in DECLARED if not is_error(name)],
)
def test_a_public_name_has_an_example(name):
    assert ">>> " in inspect.getdoc(getattr(custseg, name))


def test_the_pages_of_names_show_each_public_name_once():
    marked = [line for page in API for line in page.read_text(encoding="utf-8").splitlines()]
    shown = [
        pkgutil.resolve_name(line.removeprefix("::: "))
        for line in marked
        if line.startswith("::: ")
    ]
    inside = [
        getattr(getattr(custseg, name), each)
        for name in set(NAMES) - set(DECLARED)
        for each in getattr(custseg, name).__all__
    ]
    public = [*inside, *(getattr(custseg, name) for name in DECLARED)]
    assert sorted(map(repr, shown)) == sorted(map(repr, public))
