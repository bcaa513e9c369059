"""What a rule's text says before it is parsed: its words, outside quotes and comments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Word", "clocks", "joints", "quoted_instead", "words"]

# As polars' SQL reads it: '' inside text, "" inside names, $tag$ text, nested
# identifiers such as a$b, and no backslash escapes.
_TOKEN = re.compile(
    r"""
    (?P<text>'(?:[^']|'')*')
  | (?P<comment>--[^\n]*|/\*.*?\*/)
  | (?P<quoted>"(?:[^"]|"")*"|`[^`]*`)
  | (?P<word>[^\W\d][\w$@#]*)
  | (?P<dollar>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
  | (?P<number>\d+)
  | (?P<mark>\S)
    """,
    re.VERBOSE | re.DOTALL,
)
# Clocks without brackets; with brackets quoted names are calls too, and so is NOW.
_CLOCK_WORDS = frozenset(
    {"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP"}
)
_CLOCK_CALLS = _CLOCK_WORDS | {"NOW"}
_JOINTS = frozenset({"AND", "OR", "NOT", "XOR", "CASE", "WHEN"})
_OPERATORS = _JOINTS | {"IN", "IS", "NULL", "LIKE", "ILIKE", "BETWEEN", "THEN", "ELSE", "END", "AS"}


@frozen
class Word:
    """A piece of the text that could name something.

    Attributes:
        text: The piece as the column it would name: unquoted.
        kind: `word`, `quoted` or `mark`.
        start: Where it starts in the text.
        end: Where it ends.
    """

    text: str
    kind: str
    start: int
    end: int

    @property
    def upper(self) -> str:
        """The keyword it would be; "" for a quoted name."""
        return "" if self.kind == "quoted" else self.text.upper()


def words(text: str) -> list[Word]:
    """Names, keywords and marks in order; text values and comments are left out.

    >>> [word.text for word in words("a > 'NOW()' -- b")]
    ['a', '>']
    """
    found: list[Word] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind not in {"word", "quoted", "mark"}:
            continue
        piece = match[0]
        if kind == "quoted":
            mark = piece[0]
            piece = piece[1:-1].replace(mark * 2, mark)
        found.append(Word(piece, kind, match.start(), match.end()))
    return found


def clocks(text: str) -> list[str]:
    """The clock readings in a text, as written: polars turns them into a fixed literal.

    >>> clocks("ordered_at > now() AND `CURRENT_DATE` = 'NOW()'")
    ['now()']
    """
    listed = words(text)
    found: list[str] = []
    for place, here in enumerate(listed):
        called = [word.text for word in listed[place + 1 : place + 2]] == ["("]
        if called and here.text.upper() in _CLOCK_CALLS:
            found.append(f"{here.text}()")
        elif here.upper in _CLOCK_WORDS:
            found.append(here.text)
    return list(dict.fromkeys(found))


def joints(text: str) -> int:
    """How many operators could nest: polars overflows its stack on tens of thousands.

    >>> joints("a = 1 OR b IN (1, 2, 3)")
    2
    """
    return sum(
        word.upper in _JOINTS or (word.kind == "mark" and word.text in "=<>+*/%|&")
        for word in words(text)
    )


def quoted_instead(text: str, parses: Callable[[str], bool]) -> str | None:
    """The text with one keyword quoted so that it parses, if that is what is wrong.

    >>> quoted_instead("order > 1", lambda text: text == '"order" > 1')
    '"order" > 1'
    """
    named = [word for word in words(text) if word.kind == "word" and word.upper not in _OPERATORS]
    for name in dict.fromkeys(word.text for word in named):
        changed = text
        for word in reversed([word for word in named if word.text == name]):
            changed = f'{changed[: word.start]}"{word.text}"{changed[word.end :]}'
        if parses(changed):
            return changed
    return None
