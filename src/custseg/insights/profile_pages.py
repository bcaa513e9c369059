"""How a profile is shown: in a terminal and in a notebook."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, cast

from custseg.segments.layout import Layout, amount, count, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import polars as pl

    from custseg.insights.profile import Profile

__all__ = ["as_html", "as_text"]

_MONEY = ("spend", "average_order")
_POINTS = (
    *("tier", "available", "pending", "debt", "earned", "redeemed", "expired"),
    *("clawed_back", "adjusted", "forgiven", "next_expiry_points"),
)
_PAGE = "color:inherit;background:transparent;font-size:1em;max-width:60em"
_CARD = "margin:0 1.5em 1em 0;vertical-align:top;display:inline-block;overflow-x:auto"


def as_text(profile: Profile) -> str:
    """The profile as tables that line up, one below the other."""
    return "\n\n".join([visible(_title(profile)), *(table.text() for table in _tables(profile))])


def as_html(profile: Profile) -> str:
    """The profile as tables in cards; every value is escaped, colours are the page's."""
    cards = "".join(f'<div style="{_CARD}">{table.html()}</div>' for table in _tables(profile))
    return (
        f'<div style="{_PAGE}"><div style="font-size:1.2em;margin-bottom:0.6em">'
        f"{escape(_title(profile))}</div>{cards}</div>"
    )


def _title(profile: Profile) -> str:
    name = profile.identity.get("name")
    who = f"{name} ({profile.customer_id})" if name else f"Customer {profile.customer_id}"
    return f"{who} as of {profile.day}, money in {profile.currency}"


def _tables(profile: Profile) -> Iterator[Layout]:
    yield from _pairs("Identity", _known(profile, profile.identity))
    yield from _pairs("Measures", _known(profile, profile.measures))
    if profile.segments.height:
        yield _listed("Segments", profile, profile.segments, texts=3)
    if profile.points is not None:
        shown = {name: profile.points[name] for name in _POINTS}
        ends = profile.points["next_expiry_at"]
        if ends is not None:
            shown["next_expiry_at"] = ends
        yield from _pairs("Points", _known(profile, shown))
    if profile.postings.height:
        postings = profile.postings.select(
            "at", "kind", "about", "usable_until", "points", "balance"
        )
        yield _listed("Last postings", profile, postings, texts=4)
    if profile.events.height:
        events = profile.events.select("at", "kind", "channel", "amount", "points")
        yield _listed("Last events", profile, events, texts=3)
    if profile.tickets.height:
        yield _listed("Open tickets", profile, profile.tickets, texts=6)
    if profile.feedback.height:
        answers = profile.feedback.select("at", "kind", "touchpoint", "comment", "score")
        yield _listed("Feedback", profile, answers, texts=4)


def _known(profile: Profile, values: Mapping[str, object]) -> dict[str, str]:
    """What is known, as text."""
    return {
        name: _shown(profile, name, value) for name, value in values.items() if value is not None
    }


def _pairs(title: str, values: Mapping[str, str]) -> Iterator[Layout]:
    if values:
        yield Layout(title, ("what", "value"), tuple(values.items()), texts=2)


def _listed(title: str, profile: Profile, rows: pl.DataFrame, *, texts: int) -> Layout:
    cells = tuple(
        tuple(_shown(profile, name, value) for name, value in row.items())
        for row in rows.iter_rows(named=True)
    )
    return Layout(title, tuple(rows.columns), cells, texts=texts)


def _shown(profile: Profile, name: str, value: object) -> str:
    """A value as a reader writes it; in one line."""
    match value:
        case None:
            text = "–"
        case dt.datetime():
            text = f"{value:%Y-%m-%d %H:%M}"
        case Decimal():
            text = f"{value:,}"
        case float() if name.startswith(_MONEY):
            text = amount(value, profile.scale)
        case float():
            text = f"{value:,.4g}"
        case bool():
            text = "yes" if value else "no"
        case int() if not name.endswith(("_id", "_by")):
            text = count(value)
        case list():
            text = ", ".join(map(str, cast("list[object]", value))) or "none"
        case _:
            text = " ".join(str(value).split())
    return text
