"""Lets MkDocs read the pages beside its configuration file, and draws their pictures."""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.config.config_options import Dir, DocsDir
from mkdocs.structure.files import File

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

# MkDocs refuses such a layout lest it publish the configuration; `exclude_docs` keeps it out.
DocsDir.post_validation = Dir.post_validation

_PICTURE = re.compile(r"!\[[^]]*\]\((?P<name>[a-z_]+\.svg)\)")
_BLOCK = re.compile(r"^```(?P<form>python|pycon)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pictures that pages show: each page's own code saves them."""
    for page in list(files.documentation_pages()):
        names = [found["name"] for found in _PICTURE.finditer(page.content_string)]
        if names:
            drawn = _saved(page.content_string)
            folder = page.src_uri.rpartition("/")[0]
            for name in dict.fromkeys(names):
                uri = f"{folder}/{name}".lstrip("/")
                files.append(File.generated(config, uri, content=drawn[name]))
    return files


def _saved(text: str) -> dict[str, str]:
    """The SVG files that the code of a page writes, by name."""
    seen: dict[str, Any] = {"__name__": "__main__"}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for code, may_fail in _codes(text):
            allowed = contextlib.suppress(Exception) if may_fail else contextlib.nullcontext()
            with contextlib.redirect_stdout(io.StringIO()), allowed:
                exec(code, seen)  # noqa: S102 - it is our own page, and tests run it too
        return {each.name: each.read_text("utf-8") for each in Path(folder).glob("*.svg")}


def _codes(text: str) -> Iterator[tuple[str, bool]]:
    """The code of a page in its order, and whether it shows an error."""
    for block in _BLOCK.finditer(text):
        if block["form"] == "python":
            yield block["code"], False
            continue
        for example in doctest.DocTestParser().get_examples(block["code"]):
            yield example.source, example.exc_msg is not None
