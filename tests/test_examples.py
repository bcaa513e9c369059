"""Every example that a reader can see is run: docstrings of src, README.md, docs/**/*.md.

The docstring of a public name stands alone, as a reader copies it: nothing is defined that
it does not import. That of an inner name sees the names of its module. The blocks of one
page share their names, from top to bottom; a `pycon` block is compared with the output
shown, a `python` block must run. A page that reads public data sets names them in a comment,
`<!-- files: cdnow/CDNOW_sample.txt -->`: they lie in the folder where its code runs, and it is
skipped where they are absent.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src" / "custseg").rglob("*.py"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FILES = re.compile(r"^<!-- files: (?P<files>.*) -->$", re.MULTILINE)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
BLOCK = re.compile(r"^```py(?:thon|con)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


def face():
    """The full names of what `import custseg as cu` offers, methods aside."""
    tree = ast.parse((ROOT / "src" / "custseg" / "__init__.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("custseg"):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


PUBLIC = set(face())


def documented(tree, prefix):
    """Every docstring below a syntax tree, with its dotted name and first line."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{prefix}.{node.name}"
            if text := ast.get_docstring(node, clean=False):
                yield name, text, node.body[0].lineno - 1
            yield from documented(node, name)


def docstrings():
    for path in SOURCES:
        module = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        whole = [(module, text, 0)] if (text := ast.get_docstring(tree, clean=False)) else []
        for name, docstring, line in [*whole, *documented(tree, module)]:
            public = any(name == each or name.startswith(f"{each}.") for each in PUBLIC)
            examples = doctest.DocTestParser().get_doctest(docstring, {}, name, str(path), line)
            if examples.examples:
                seen = None if public else module
                yield pytest.param(seen, examples, id=name.removeprefix("custseg."))


def run(examples):
    told = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
    examples.globs["__name__"] = "__main__"
    runner.run(examples, out=told.write, clear_globs=False)
    return told.getvalue()


@pytest.mark.parametrize(("seen", "examples"), list(docstrings()))
def test_the_example_in_a_docstring_shows_what_happens(seen, examples, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if seen is not None:
        examples.globs.update(vars(importlib.import_module(seen)))
    if told := run(examples):
        pytest.fail(told, pytrace=False)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_code_on_a_page_runs_from_top_to_bottom(page, tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    text, names = page.read_text(encoding="utf-8"), {"__name__": "__main__"}
    for listed in FILES.finditer(text):
        for name in listed["files"].split():
            # The fixture skips the page where there are no data sets.
            (tmp_path / Path(name).name).symlink_to(request.getfixturevalue("shared") / name)
    for block in BLOCK.finditer(text):
        line, code = text.count("\n", 0, block.start("code")), block["code"]
        if block[0].startswith("```pycon"):
            examples = doctest.DocTestParser().get_doctest(code, names, page.name, str(page), line)
            if told := run(examples):
                pytest.fail(told, pytrace=False)
            names = examples.globs
        else:
            exec(compile("\n" * line + code, str(page), "exec"), names)
