"""The text form of clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from custseg.base.measure_text import from_text
from custseg.errors import FitError, Problem
from custseg.schema import documents
from custseg.segments import scheme_text
from custseg.segments.clusters_space import Space

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["read", "write"]

_WHERE = "ClustersScheme.from_json"
_KEYS = ("measures", "transform", "means", "sds", "clusters")
_PARTS = ("name", "centre", "customers")


def write(
    *,
    measures: Sequence[str | dict[str, Any]],
    space: Space,
    clusters: Iterable[tuple[str, tuple[float, ...], int]],
    currency: str | None,
) -> str:
    """The parts of a scheme as JSON, an object for each cluster."""
    return scheme_text.written(
        "clusters",
        measures=measures,
        transform=space.transform,
        means=space.means,
        sds=space.sds,
        clusters=[dict(zip(_PARTS, cluster, strict=True)) for cluster in clusters],
        **({} if currency is None else {"currency": currency}),
    )


def read(text: str, /) -> dict[str, Any]:
    """The parts of a scheme by name, as the class takes them.

    Raises:
        FitError: listing what keeps the text from being a scheme.
    """
    document = scheme_text.opened(
        text,
        scheme="clusters",
        called="a clusters scheme",
        keys=_KEYS,
        where=_WHERE,
        optional=("currency",),
    )
    problems: list[Problem] = []
    lists = {name: _list(document[name], name, problems) for name in _KEYS if name != "transform"}
    clusters = [_cluster(each, place, problems) for place, each in enumerate(lists["clusters"])]
    measures = [
        from_text(each, where=f"{_WHERE}: measures[{place}]", problems=problems)
        for place, each in enumerate(lists["measures"])
    ]
    FitError.check(problems)
    means, sds = (tuple(cast("list[float]", lists[name])) for name in ("means", "sds"))
    return {
        "measures": measures,
        "space": Space(cast("Any", document["transform"]), means, sds),
        "names": [each["name"] for each in clusters],
        "centres": [each["centre"] for each in clusters],
        "customers": [each["customers"] for each in clusters],
        "currency": document.get("currency"),
    }


def _list(found: object, name: str, problems: list[Problem]) -> list[object]:
    every = documents.listed(found)
    if every is None:
        problems.append(Problem(f"{found!r} is no list", f"{_WHERE}: {name}", "give a list"))
    return every or []


def _cluster(found: object, place: int, problems: list[Problem]) -> dict[str, Any]:
    cluster = documents.keyed(found)
    centre = documents.listed(cluster.get("centre")) if cluster else None
    if cluster is None or set(cluster) != set(_PARTS) or centre is None:
        fix = 'write {"name": "high_spend", "centre": [1.5], "customers": 12}'
        problems.append(Problem(f"{found!r} is no cluster", f"{_WHERE}: clusters[{place}]", fix))
        return dict.fromkeys(_PARTS)
    return cluster
