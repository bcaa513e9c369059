"""The source files as syntax trees, for tests about the shape of the code base."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "custseg"
MODULES = sorted(PACKAGE.rglob("*.py"))
KERNEL_FILES = sorted((PACKAGE / "_kernels").glob("[!_]*.py"))
TEST_FILES = sorted((ROOT / "tests").rglob("test_*.py"))
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def named(path):
    """How a file is called in a test's id and message."""
    return str(path.relative_to(ROOT))


def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, FUNCTION)]


def classes(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


def decorators(node):
    """The names of what decorates a function or class, without arguments and modules."""
    bare = [each.func if isinstance(each, ast.Call) else each for each in node.decorator_list]
    return [each.attr if isinstance(each, ast.Attribute) else each.id for each in bare]


def imported(tree):
    """Every module that a file names in an import, wherever the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
