"""What a cluster is called: the measures that set it apart most."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["INCOMPLETE", "PROSPECT", "distinctive", "named"]

INCOMPLETE = "incomplete"
PROSPECT = "prospect"

_WORTH_SAYING = 0.5
_MOST_SAID = 2


def distinctive(
    centre: Sequence[float], measures: Sequence[str], /
) -> tuple[tuple[str, float], ...]:
    """Measures with how far the centre lies from the mean, the farthest first.

    Args:
        centre: The place on each axis, in standard deviations.
        measures: The measure of each axis.

    >>> from custseg.segments.clusters_names import distinctive
    >>> distinctive((0.4, -1.2), ("orders", "spend"))
    (('spend', -1.2), ('orders', 0.4))
    """
    return tuple(sorted(zip(measures, centre, strict=True), key=_nearness))


def named(centres: Sequence[Sequence[float]], measures: Sequence[str], /) -> tuple[str, ...]:
    """A name for each cluster: its two most distinctive measures, high or low.

    One that lies within half a standard deviation of the mean on all axes
    is `typical`. A name that occurs again is numbered.

    >>> from custseg.segments.clusters_names import named
    >>> named([(1.5, 0.9), (0.1, -0.2), (1.1, 0.7)], ("orders", "spend"))
    ('high_orders_high_spend', 'typical', 'high_orders_high_spend_2')
    """
    found: list[str] = []
    for centre in centres:
        name = plain = _name(centre, measures)
        again = 2
        while name in found:
            name = f"{plain}_{again}"
            again += 1
        found.append(name)
    return tuple(found)


def _nearness(side: tuple[str, float]) -> float:
    # Rounded, so that noise of the search does not decide between equals.
    return -round(abs(side[1]), 6)


def _name(centre: Sequence[float], measures: Sequence[str]) -> str:
    said = [
        f"{'high' if place > 0 else 'low'}_{measure}"
        for measure, place in distinctive(centre, measures)[:_MOST_SAID]
        if abs(place) >= _WORTH_SAYING
    ]
    return "_".join(said) or "typical"
