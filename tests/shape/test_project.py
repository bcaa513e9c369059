"""What the project says of itself in README.md, pyproject.toml and .ci/run holds together."""

from __future__ import annotations

import ast
import re
import tomllib

import pytest

from shape.sources import MODULES, ROOT, named, parsed

README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FRAGMENTS = [path for path in (ROOT / "docs" / "changes").iterdir() if path.name != "README.md"]
KINDS = {kind["directory"] for kind in PROJECT["tool"]["towncrier"]["type"]}


def test_readme_is_short_and_has_the_two_commands_on_one_line_each():
    assert len(README.splitlines()) <= 120
    commands = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert [command.split(" && ")[-1].split()[1:3] for command in commands] == [
        ["-m", "custseg"],
        ["-m", "pytest"],
    ]


def test_readme_shows_an_example_of_about_20_lines():
    code, *_ = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert 12 <= len(code.splitlines()) <= 30


def test_five_packages_are_needed_at_run_time_and_none_is_capped():
    needed = PROJECT["project"]["dependencies"]
    assert [re.match(r"[a-z]+", each)[0] for each in needed] == [
        "attrs",
        "numba",
        "numpy",
        "polars",
        "scipy",
    ]
    assert [each for each in needed if not re.fullmatch(r"[a-z]+>=[\d.]+", each)] == []


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_every_module_says_in_one_line_what_it_is(path):
    told = ast.get_docstring(parsed(path))
    assert told
    assert len(told.splitlines()[0]) <= 100


def test_news_fragments_say_what_changed_and_of_what_kind():
    for path in FRAGMENTS:
        assert re.fullmatch(rf"\+[\w-]+\.({'|'.join(KINDS)})\.md", path.name), path.name
        assert path.read_text(encoding="utf-8").strip()
