"""Engagement: what a customer did lately, each touch fading with age."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from math import frexp
from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl
from attrs import field, frozen

from custseg.errors import Problem, SchemaError
from custseg.model.measure_name import MeasureName
from custseg.schema.bridge import array, read_only
from custseg.schema.clock import DAY
from custseg.scoring.numbers import is_number
from custseg.scoring.places import Places
from custseg.threads import threads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase

__all__ = ["Engagement"]

# Events that are worth a thread.
_SMALL = 500_000


def _copied(weights: Mapping[str, float]) -> Mapping[str, float]:
    try:
        return dict(weights)
    except (TypeError, ValueError):
        return weights


@frozen
class Engagement:
    """A score of recent touches: the sum of weighted events, halved with each half-life.

    An event that is `age` days old (of 24 hours, parts of days count) adds
    weight × 2^(−age / half_life_days). Kinds without a weight add nothing;
    a weight below 0 takes away. The score does not depend on the order of
    rows: each event is rounded to 2^-64 of the largest weight before it is
    added.

    Attributes:
        weights: What an event of each kind is worth on the day it happens.
        half_life_days: Days after which it is worth half of that.
        name: The column of the score, and its name as a measure.

    Raises:
        SchemaError: listing everything at once: no weights, weights that are
            no numbers, a half-life that is not positive, a name of a measure.

    >>> import custseg as cu
    >>> touches = [
    ...     cu.Event(event_id=1, customer_id=7, at="2026-05-01T12:00Z", kind="browse"),
    ...     cu.Event(event_id=2, customer_id=7, at="2026-05-31T12:00Z", kind="cart"),
    ... ]
    >>> base = cu.CustomerBase(events=cu.table(cu.Event).frame(touches))
    >>> cu.Engagement({"browse": 1, "cart": 4}, half_life_days=30).score(base).rows()
    [(7, 4.5)]
    """

    weights: Mapping[str, float] = field(converter=_copied)
    half_life_days: float = field(default=30, kw_only=True)
    name: str = field(default="engagement", kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Refuse weights and half-lives that are none."""
        SchemaError.check(self._problems())

    def score(self, base: CustomerBase, /) -> pl.DataFrame:
        """The score of each customer at the base's instant; 0 for who did nothing.

        Args:
            base: A base with events.

        Returns:
            customer_id, sorted, and the score: what `base.with_measures` takes.

        Raises:
            SchemaError: when the base has no events.
        """
        if not base.has("events"):
            what = f"{self.name!r} needs events, and the base has none"
            raise SchemaError(what, where="Engagement.score", fix="build the base with events=")
        customers = base.customer_ids
        sums = self._sums(base.log("events"), customers, base.when.instant)
        whole = sums[:, 0] + (sums[:, 1] >> 32)
        rest = sums[:, 1] & 0xFFFF_FFFF
        score = (whole + rest / 2.0**32) * (self._largest / 2.0**32)
        return pl.DataFrame([customers, pl.Series(self.name, score)])

    @property
    def _largest(self) -> float:
        """A power of two that no weight exceeds: dividing by it loses nothing."""
        return 2.0 ** frexp(max(abs(weight) for weight in self.weights.values()))[1]

    def _sums(self, events: pl.DataFrame, customers: pl.Series, instant: int) -> NDArray[np.int64]:
        from custseg._kernels.engagement import fade  # numba is loaded when it is needed

        places = Places.of(events["customer_id"], customers)
        instants, weights = array(events["at"]), self._weighed(events["kind"])
        per_us = 1 / (self.half_life_days * DAY)

        def part(low: int, high: int) -> NDArray[np.int64]:
            some = slice(low, high)
            rows = places.numbers[some], instants[some], weights[some]
            sums = np.zeros((customers.len(), 2), np.int64)
            return fade(*rows, places.lowest, places.table, instant, per_us, sums)

        count = min(threads(), max(events.height // _SMALL, 1))
        cuts = [events.height * at // count for at in range(count + 1)]
        with ThreadPoolExecutor(count) as pool:
            return reduce(np.add, pool.map(part, cuts[:-1], cuts[1:]))

    def _weighed(self, kinds: pl.Series) -> NDArray[np.float64]:
        """What an event of each kind weighs, as a share of the largest power of two."""
        weight = pl.lit(0.0)
        for kind, given in self.weights.items():
            is_one = pl.col("kind") == kind
            weight = pl.when(is_one).then(float(given) / self._largest).otherwise(weight)
        found = kinds.alias("kind").to_frame().select(weight.alias("weight"))
        return read_only(found["weight"].to_numpy())

    def _problems(self) -> Iterator[Problem]:
        where = "Engagement.weights"
        given = cast("object", self.weights)
        if not isinstance(given, dict) or not given:
            yield Problem(f"weights are {given!r}", where, 'write {"browse": 1, "review": 5}')
        else:
            for kind, weight in self.weights.items():
                if not isinstance(cast("object", kind), str) or not kind:
                    yield Problem(f"{kind!r} is no kind of event", where, "write it as text")
                if not is_number(weight):
                    yield Problem(f"{kind!r} weighs {weight!r}", where, "give a finite number")
            if all(map(is_number, self.weights.values())) and not any(self.weights.values()):
                yield Problem("no kind weighs anything", where, "give a weight other than 0")
        if not is_number(self.half_life_days) or self.half_life_days <= 0:
            what = f"the half-life is {self.half_life_days!r}"
            yield Problem(what, "Engagement.half_life_days", "give days above 0")
        if not isinstance(cast("object", self.name), str) or not self.name:
            yield Problem(f"{self.name!r} is no name", "Engagement.name", "write it as text")
        elif MeasureName.parse(self.name) is not None:
            what = f"{self.name!r} is a measure already"
            yield Problem(what, "Engagement.name", "name the score otherwise")
