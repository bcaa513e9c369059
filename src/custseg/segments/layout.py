"""Layout: a small table as text that lines up, and as HTML for notebooks."""

from __future__ import annotations

import html
import unicodedata

from attrs import frozen

__all__ = ["Layout", "amount", "count", "counted", "share", "visible"]

# Controls, halves of letters, line ends, and marks that turn the direction of all that follows.
_UNSEEN = ("Cc", "Cs", "Zl", "Zp")
_TURNING = ("LRE", "RLE", "LRO", "RLO", "LRI", "RLI", "FSI")

# Colours come from the page, so that light and dark themes both work.
_TITLE = "text-align:left;color:inherit;white-space:pre-line"
_LINE = "1px solid color-mix(in srgb, currentColor 20%, transparent)"
_TABLE = "border-collapse:collapse;color:inherit;background:transparent;font-size:0.9em"
_CELL = f"padding:0.2em 0.8em;border-bottom:{_LINE}"


@frozen
class Layout:
    """A titled table; its first columns are text, the others are numbers.

    Attributes:
        title: A line or two above the table.
        head: The columns' names.
        rows: A text for each cell.
        texts: How many columns are text.

    >>> from custseg.segments.layout import Layout
    >>> rows = (("gold", "7"), ("none", "12"))
    >>> print(Layout("two segments", ("segment", "customers"), rows).text())
    two segments
    segment  customers
    gold             7
    none            12
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int = 1

    def text(self) -> str:
        """The table in fixed-width letters; wide scripts take two columns."""
        lines = [tuple(map(visible, cells)) for cells in (self.head, *self.rows)]
        widths = [max(_width(cell) for cell in column) for column in zip(*lines, strict=True)]
        shown = (_line(cells, widths, self.texts) for cells in lines)
        return "\n".join([*map(visible, self.title.split("\n")), *shown])

    def html(self) -> str:
        """The table for a notebook, every value escaped."""
        head = self._cells("th", self.head)
        body = "".join(f"<tr>{self._cells('td', row)}</tr>" for row in self.rows)
        title = html.escape(self.title)
        return (
            f'<table style="{_TABLE}"><caption style="{_TITLE}">{title}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def _cells(self, tag: str, cells: tuple[str, ...]) -> str:
        sides = ("left" if place < self.texts else "right" for place in range(len(cells)))
        return "".join(
            f'<{tag} style="{_CELL};text-align:{side}">{html.escape(cell)}</{tag}>'
            for side, cell in zip(sides, cells, strict=True)
        )


def count(value: int, /) -> str:
    """A count with separators.

    >>> from custseg.segments.layout import count
    >>> count(12345)
    '12,345'
    """
    return f"{value:,}"


def counted(value: int, noun: str, /) -> str:
    """A count and what is counted.

    >>> from custseg.segments.layout import counted
    >>> counted(1, "day"), counted(1200, "day")
    ('1 day', '1,200 days')
    """
    return f"{count(value)} {noun}" if value == 1 else f"{count(value)} {noun}s"


def amount(value: float, scale: int, /) -> str:
    """Money with the decimals of its currency.

    >>> from custseg.segments.layout import amount
    >>> amount(1234.5, 2)
    '1,234.50'
    """
    return f"{value:,.{scale}f}"


def share(value: float | None, /) -> str:
    """A share as a percentage with one decimal, a dash for none.

    >>> from custseg.segments.layout import share
    >>> share(0.125), share(None)
    ('12.5 %', '–')
    """
    return "–" if value is None else f"{100 * value:.1f} %"


def visible(text: str, /) -> str:
    r"""A text that is one line and tells the terminal nothing: controls are spelt out.

    >>> from custseg.segments.layout import visible
    >>> print(visible("Ada" + chr(27) + "[2J"), visible("Zoë"))
    Ada\x1b[2J Zoë
    """
    return text if text.isprintable() else "".join(map(_spelt, text))


def _spelt(letter: str) -> str:
    unseen = unicodedata.category(letter) in _UNSEEN
    if unseen or unicodedata.bidirectional(letter) in _TURNING:
        return letter.encode("unicode_escape").decode()
    return letter


def _line(cells: tuple[str, ...], widths: list[int], texts: int) -> str:
    padded = [
        cell + _fill(cell, width) if place < texts else _fill(cell, width) + cell
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()


def _fill(cell: str, width: int) -> str:
    return " " * (width - _width(cell))


def _width(text: str) -> int:
    """Columns of a terminal that a text takes."""
    return sum(
        0
        if unicodedata.combining(letter)
        else 2
        if unicodedata.east_asian_width(letter) in "WF"
        else 1
        for letter in text
    )
