"""What all pictures share: Altair when it is needed, colours, and text that stays text."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

from custseg.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Iterable

    import altair as alt
    import polars as pl

    Picture: TypeAlias = alt.Chart | alt.LayerChart | alt.HConcatChart | alt.FacetChart

__all__ = [
    "BLUE",
    "GREY",
    "ORANGE",
    "PALE",
    "altair",
    "cell_ink",
    "harmless",
    "hung",
    "lines",
    "rows",
    "shades",
]

# Okabe and Ito (2008): told apart by all eyes.
BLUE, ORANGE = "#0072B2", "#E69F00"
# Opaque: PNG files have no half-clear colours without a background.
PALE = "#9ecae1"
# As far from white as from black: a picture has no background of its own.
GREY = "#7b7b7b"

_FAINT = "#7b7b7b40"
_TAG = re.compile(r"<(?=[/!?a-zA-Z])")
_WIDEST = 260
# From here on black letters are harder to read than white ones.
_DEEP = 0.65


def altair() -> Any:  # noqa: ANN401 - an optional package
    """Altair.

    Raises:
        MissingExtra: when it is not installed.
    """
    try:
        return import_module("altair")
    except ImportError:
        raise MissingExtra(
            "pictures are drawn by Altair, which is not installed",
            where="plot",
            fix='pip install "custseg[plot]"',
        ) from None


def harmless(text: str, /) -> str:
    """A text that no page takes for a tag; it looks the same.

    Altair writes names as they are into the script of a page, where `</script>`
    would end it. A word joiner, which has no width, stands behind such a `<`.

    >>> from custseg.plots.canvas import harmless
    >>> harmless("a < b"), harmless("</script>") == "</script>"
    ('a < b', False)
    """
    return _TAG.sub("<\N{WORD JOINER}", text)


def rows(frame: pl.DataFrame, /) -> Any:  # noqa: ANN401 - Altair's data
    """The rows of a frame as Altair's data, its texts harmless."""
    values = [
        {name: harmless(cell) if isinstance(cell, str) else cell for name, cell in row.items()}
        for row in frame.iter_rows(named=True)
    ]
    return altair().InlineData(values=values)


def shades(*, title: str) -> dict[str, Any]:
    """A colour that deepens from 0 to 1, with its legend in percent."""
    alt = altair()
    return {
        "scale": alt.Scale(scheme="blues", domain=[0, 1]),
        "legend": alt.Legend(title=title, format=".0%", gradientLength=160),
    }


def cell_ink(share: str, /) -> Any:  # noqa: ANN401 - a condition of Altair
    """Black on light cells, white on deep ones.

    Args:
        share: The field that shades the cell, from 0 to 1.
    """
    alt = altair()
    return alt.when(alt.datum[share] > _DEEP).then(alt.value("white")).otherwise(alt.value("black"))


def hung(picture: Any, /, title: str, *below: str) -> Any:  # noqa: ANN401 - a chart of Altair
    """The picture under its title, for light and dark pages.

    Args:
        picture: A chart without configuration.
        title: What it shows.
        below: Lines under the title.
    """
    alt = altair()
    ink = {"labelColor": GREY, "titleColor": GREY}
    said = alt.TitleParams(harmless(title), subtitle=lines(below), anchor="start", offset=12)
    return (
        picture.properties(title=said, background="transparent")
        .configure_title(color=GREY, subtitleColor=GREY, fontSize=14)
        .configure_view(stroke=None)
        .configure_axis(
            **ink, labelLimit=_WIDEST, gridColor=_FAINT, domainColor=_FAINT, tickColor=_FAINT
        )
        .configure_header(**ink, labelLimit=_WIDEST)
        .configure_legend(**ink)
    )


def lines(texts: Iterable[str], /) -> list[str]:
    """Lines of text, harmless."""
    return [harmless(text) for text in texts]
