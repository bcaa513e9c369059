"""The ids of what is posted, and the names of the rules that took part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg._kernels import books, grants
from custseg.loyalty.kinds import ENTRY_KINDS
from custseg.loyalty.logs import ALSO
from custseg.schema.bridge import filled, taken

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.loyalty.boost import Boost
    from custseg.loyalty.earn import Earn
    from custseg.loyalty.sequence import Sequence
    from custseg.loyalty.settlement import Settled

    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]

__all__ = ["Names", "rule_names", "took_part"]

_SOURCES = ("order", "event", "care")
_COMBINATIONS = 4096


@frozen(eq=False, init=False)
class Names:
    """Ids of what is posted, made once for each row of the log and gathered from there."""

    made: Sequence
    text: pl.Series
    source: Ints
    lot: pl.Series
    escaped: pl.Series
    shared: Flags | None

    def __init__(self, made: Sequence) -> None:
        """Each id of the log as text, alone and after its kind; orders come first in it."""
        orders, events = made.logs.orders, made.logs.events
        texts = [orders["order_id"].cast(pl.String), made.event_names()]
        source = np.concatenate(
            [np.zeros(orders.height, np.int64), np.ones(events.height, np.int64)]
        )
        shared = None
        if ALSO in events.columns:
            care = made.logs.act == books.CARE
            source[orders.height :][care] = 2
            # What is made for others, or for everybody, bears the member's id too.
            shared = np.concatenate(
                [np.zeros(orders.height, np.bool_), care | events[ALSO].to_numpy()]
            )
        text = pl.concat(texts)
        if events.height == 0:
            lot = "order:" + text
        elif orders.height == 0 and shared is None:
            lot = "event:" + text
        else:
            heads = taken(pl.Series([f"{kind}:" for kind in _SOURCES]), source)
            lot = pl.select(pl.concat_str([heads, text])).to_series()
        written = (
            orders.schema["order_id"] == pl.String
            or texts[1].dtype != events.schema["event_id"]
            or events.schema["event_id"] == pl.String
        )
        escaped = pl.select(_escaped(pl.lit(lot))).to_series() if written else lot
        self.__attrs_init__(made, text, source, lot, escaped, shared)  # type: ignore[attr-defined]

    def sources(self, rows: Ints) -> pl.Series:
        """The id of the order, event or care behind each row."""
        return taken(self.text, self.made.places(rows))

    def kinds(self, rows: Ints) -> pl.Series:
        """Whether it is an order, an event or care."""
        return taken(pl.Series(_SOURCES), self.source[self.made.places(rows)])

    def care(self, rows: Ints) -> pl.Series:
        """What care is called, without its day."""
        return self.sources(rows).str.replace(r"\|[^|]*$", "")

    def lots(self, rows: Ints, has: Flags | None = None) -> pl.Series:
        """The id of the lot that each row makes: its kind and id; null where it has none."""
        return taken(self.lot, self.made.places(np.maximum(rows, 0)), has)

    def entries(self, program: str, posts: Ints) -> pl.Series:
        """Ids made from program, kind, source and lot: the same log gives the same.

        A lot that is its source's own is not said twice. The separator is
        escaped inside names, so that different parts never give one id.
        """
        rows, kind, lot = (np.ascontiguousarray(posts[:, each]) for each in (0, 1, 3))
        name = program.replace("%", "%25").replace("|", "%7C")
        heads = pl.Series([f"{name}|{each}|" for each in ENTRY_KINDS])
        places = self.made.places(rows)
        parts = [taken(heads, kind), taken(self.escaped, places)]
        others = (lot >= 0) & (lot != rows) & (kind != books.CLAWBACK)
        if others.any():
            about = taken(self.escaped, self.made.places(np.maximum(lot, 0)), others)
            parts.append(filled("|" + about, ""))
        if self.shared is not None:
            ids = self.made.members.ids.cast(pl.String)
            whose = taken(ids, self.made.member_of()[rows], self.shared[places])
            parts.append(filled("|" + whose, ""))
        return pl.select(pl.concat_str(parts)).to_series()


def _escaped(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all("%", "%25", literal=True).str.replace_all("|", "%7C", literal=True)


def rule_names(run: Settled, rows: Ints, earned: Flags) -> pl.Series:
    """The names of the rules that took part in each row that earned, joined by +."""
    codes = np.zeros(rows.size, np.int64)
    spelled: list[str | None] = [None]
    for name, took in took_part(run, rows):
        codes = codes * 2 + took
        spelled = [
            told
            for before in spelled
            for told in (before, name if before is None else f"{before}+{name}")
        ]
        if len(spelled) > _COMBINATIONS:
            # As many combinations as there are, not as there could be.
            found = np.flatnonzero(np.bincount(codes))
            codes = np.searchsorted(found, codes)
            spelled = [spelled[code] for code in found]
    return taken(pl.Series(spelled, dtype=pl.String), codes, earned)


def took_part(run: Settled, rows: Ints) -> list[tuple[str, Flags]]:
    """(name, bool[k]): whether each rule and boost took part in rows, in their order."""
    made, told = run.made, run.grants.told
    places = made.places(rows)
    orders = made.logs.orders.height
    held = None if told is None else told[rows, grants.HELD_BEFORE]
    ladder = run.terms[-1].program.tiers
    hits: dict[int, Flags] = {}
    rules: dict[int, Earn | Boost] = {}
    for at, side in enumerate(run.sides):
        of = (places < orders) == (at == 0)
        if not of.any():
            continue
        inside = np.where(of, places - orders * at, 0)
        given = [(each.place, each.rule, each.given.hits) for each in side.offers]
        for place, rule, hit in (*given, *side.boosts):
            if hit.size == 0:
                continue
            took = hit[inside] & of
            hits[place] = hits[place] | took if place in hits else took
            rules[place] = rule
    found: list[tuple[str, Flags]] = []
    for place in sorted(hits):
        took, rule = hits[place], rules[place]
        if rule.tiers and held is not None and ladder is not None:
            allowed = np.array([name in rule.tiers for name in ladder.names])
            took = took & allowed[held]
        if run.best(place):
            took = took & (run.winners(rows) == place)
        found.append((rule.name, took))
    return found
