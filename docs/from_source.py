"""What the pages of names take from the source beyond plain docstrings."""

from __future__ import annotations

import ast
import re

import griffe

EXAMPLE = re.compile(r"^>>> .*\n(?:.+\n?)*", re.MULTILINE)


def fenced(example: re.Match[str]) -> str:
    """The example as a block of code, in the words it is written in."""
    return f"```pycon\n{example[0].rstrip()}\n```\n"


def described(column: griffe.Expr | str | None) -> str:
    """The text of `doc=` when a class attribute is declared as a column, else nothing."""
    if isinstance(column, griffe.ExprCall) and str(column.function) == "column":
        for option in column.arguments:
            if isinstance(option, griffe.ExprKeyword) and option.name == "doc":
                return ast.literal_eval(str(option.value))
    return ""


class FromSource(griffe.Extension):
    """Shows examples as code, and what a record says of its columns."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """Fence a run of `>>>` lines, up to the next empty one, before it is parsed."""
        if obj.docstring:
            obj.docstring.value = EXAMPLE.sub(fenced, obj.docstring.value)

    def on_attribute(self, *, attr: griffe.Attribute, **_: object) -> None:
        """Take what a column holds for the docstring of its attribute."""
        if text := described(attr.value):
            attr.docstring = griffe.Docstring(text, parent=attr)
