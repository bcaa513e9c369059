"""Profile: one customer at a glance."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import polars as pl
from attrs import field, frozen

from custseg.base.customer_base import CustomerBase
from custseg.base.logs import LOGS
from custseg.errors import Problem, SchemaError
from custseg.insights import profile_pages
from custseg.insights.profile_logs import answers, points_of, touches, waiting
from custseg.schema.clock import local_times
from custseg.segments.given import as_row, is_row
from custseg.segments.lookup import same_kind
from custseg.segments.segmentation import Segmentation, no_base
from custseg.segments.tags import Tags

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from custseg.loyalty.ledger import Ledger

__all__ = ["Profile", "profile"]

_WHERE = "profile"
_ALWAYS = (
    *("orders", "spend", "spend_365d", "average_order"),
    *("recency_days", "tenure_days", "gap_days"),
)
_OF_LOGS = {
    "lines": ("top_category",),
    "tickets": ("open_tickets",),
    "feedback": ("nps_last", "csat_mean"),
}
# An id is compared with at most so many others when the nearest are looked for.
_COMPARED = 5_000


@frozen(eq=False, repr=False, kw_only=True)
class Profile:
    """Everything that is known of one customer at an instant; made by `profile`.

    All times but `instant` are local.

    Attributes:
        customer_id: Who it is.
        identity: What `customers` says, by column.
        measures: Measures and scores, by name.
        segments: A row a segmentation: its `name`, the customer's `segment`
            (or tags), and `why`.
        points: The row of the ledger's balances, by column; None without a
            ledger, or for who is no member.
        postings: The last postings of the ledger, the latest first.
        events: The last orders, returns and events, the latest first.
        tickets: The open tickets, the oldest first.
        feedback: The last answers, the latest first.
        instant: The instant as of which all of this holds.
        day: Its local date.
        currency: The currency of money.
        scale: How many decimals the currency has.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(500, 365, seed=1).base()
    >>> known = cu.profile(shop, 2)
    >>> known.measures["orders"], known.identity["region"]
    (6, 'west')
    """

    customer_id: int | str
    identity: dict[str, Any]
    measures: dict[str, Any]
    segments: pl.DataFrame
    points: dict[str, Any] | None
    postings: pl.DataFrame
    events: pl.DataFrame
    tickets: pl.DataFrame
    feedback: pl.DataFrame
    instant: dt.datetime
    day: dt.date
    currency: str
    scale: int = field(default=2)

    @property
    def frame(self) -> pl.DataFrame:
        """The measures as a frame of one row."""
        return pl.DataFrame([{"customer_id": self.customer_id, **self.measures}])

    def __eq__(self, other: object) -> bool:
        """Whether the same is known of the same customer as of the same instant."""
        if not isinstance(other, Profile):
            return NotImplemented
        plain = ("customer_id", "identity", "measures", "points", "instant", "currency")
        frames = ("segments", "postings", "events", "tickets", "feedback")
        return all(getattr(self, name) == getattr(other, name) for name in plain) and all(
            getattr(self, name).equals(getattr(other, name)) for name in frames
        )

    def __repr__(self) -> str:
        """The profile as lines that line up."""
        return profile_pages.as_text(self)

    def _repr_html_(self) -> str:
        return profile_pages.as_html(self)


def profile(
    base: CustomerBase,
    customer_id: int | str,
    /,
    *,
    segmentations: Mapping[str, Segmentation | Tags] | Iterable[Segmentation | Tags] = (),
    ledger: Ledger | None = None,
    last: int = 10,
) -> Profile:
    """Everything that is known of one customer as of the base's instant.

    Only the rows of this customer are measured, so it takes as long as it
    takes to find them.

    Args:
        base: The logs.
        customer_id: Who; of an integer id the text will do.
        segmentations: Segmentations and tags as of the same instant; names to
            show them by may be given as keys.
        ledger: The points, run to this instant or later.
        last: How many of the last events, postings and answers are shown.

    Raises:
        SchemaError: when nobody has the id (with the nearest ids); or with
            everything else that is wrong, such as a segmentation as of
            another instant.
        LedgerError: when the ledger ends before the base's instant.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(500, 365, seed=1).base()
    >>> book = cu.RuleBook.first(cu.Rule("regular", "orders >= 5"), otherwise="other")
    >>> cu.profile(shop, 2, segmentations={"habit": book.segment(shop)}).segments.row(0)
    ('habit', 'regular', 'regular: orders = 6 (orders >= 5)')
    """
    if not isinstance(base, CustomerBase):  # pyright: ignore[reportUnnecessaryIsInstance] # not all callers are typed
        raise no_base(base, _WHERE)
    given = _named(segmentations)
    SchemaError.check(_problems(base, given, ledger, last))
    named = cast("list[tuple[str, Segmentation | Tags]]", given)
    known, own = _own(base, customer_id)
    segments = [_segment(name, each, known) for name, each in named]
    points, postings = points_of(ledger, known, own, last)
    return Profile(
        customer_id=known,
        identity=_identity(own),
        measures=_measures(own),
        segments=pl.DataFrame(
            segments, schema=dict.fromkeys(("name", "segment", "why"), pl.String), orient="row"
        ),
        points=points,
        postings=postings,
        events=touches(own, last),
        tickets=waiting(own),
        feedback=answers(own, last),
        instant=base.instant,
        day=base.day,
        currency=base.currency,
        scale=base.scale,
    )


def _named(given: object) -> list[tuple[object, object]] | None:
    """What was given with its names; None when nothing can be shown by name."""
    if isinstance(given, Mapping):
        return list(cast("Mapping[object, object]", given).items())
    row = as_row(given)
    if not is_row(row):
        return None
    # RFMScheme -> RFM; a rule book is called so.
    return [
        (type(getattr(each, "reasons", each)).__name__.removesuffix("Scheme"), each) for each in row
    ]


def _problems(
    base: CustomerBase, named: list[tuple[object, object]] | None, ledger: object, last: object
) -> Iterator[Problem]:
    where = f"{_WHERE}(segmentations=)"
    if named is None:
        what = "segmentations are listed, or named by the keys of a mapping"
        yield Problem(what, where, 'write segmentations=[now], or {"tier": now}')
    for name, each in named or ():
        if not isinstance(name, str) or not isinstance(each, Segmentation | Tags):
            what = f"{name!r:.60}: {each!r:.60} is no segmentation with a name"
            yield Problem(what, where, 'give what assign() returned: {"tier": now}')
        elif each.instant != base.instant:
            what = f"{name} is as of {each.instant}, the base is as of {base.instant}"
            yield Problem(what, where, "assign the scheme to this base")
        elif each.frame.schema["customer_id"] != base.id_type:
            have = each.frame.schema["customer_id"]
            what = f"ids are {have} in {name}, {base.id_type} in the base"
            yield Problem(what, where, "assign the scheme to this base")
    if ledger is not None and not hasattr(ledger, "balances"):
        what = f"{ledger!r:.60} is no ledger"
        yield Problem(what, f"{_WHERE}(ledger=)", "give what program.run(base) returned")
    if not isinstance(last, int) or isinstance(last, bool) or last < 0:
        what = f"last is {last!r:.60}"
        yield Problem(what, f"{_WHERE}(last=)", "give a whole number from 0 on")


def _own(base: CustomerBase, customer_id: int | str) -> tuple[int | str, CustomerBase]:
    """The id as the base has it, and the base of this customer alone."""
    wanted = same_kind(customer_id, base.id_type)
    if wanted is not None:
        mine = pl.col("customer_id") == wanted
        logs = {name: base.log(name).filter(mine) for name in LOGS if base.has(name)}
        if base.customers is not None:
            logs["customers"] = base.customers.filter(mine)
        own = CustomerBase(**logs, currency=base.currency, tz=base.tz).as_of(base.instant)
        if own.customer_ids.len():
            scored = None if base.scores is None else base.scores.filter(mine)
            return wanted, own if scored is None else own.with_measures(scored)
    near = _nearest(customer_id, base.customer_ids)
    raise SchemaError(
        f"no customer {customer_id!r} by {base.day}",
        where=f"{_WHERE}(customer_id)",
        fix=f"the nearest ids are {', '.join(near)}" if near else "the base has no customers",
    )


def _nearest(customer_id: int | str, ids: pl.Series) -> list[str]:
    """The three nearest ids: by value when they are numbers, else by their letters."""
    wanted = same_kind(customer_id, ids.dtype)
    if ids.dtype != pl.String:
        if not isinstance(wanted, int):
            return [repr(each) for each in ids.head(3)]
        place = ids.search_sorted(wanted)
        around = ids[max(place - 3, 0) : place + 3].to_list()
        return [repr(each) for each in sorted(around, key=lambda each: abs(each - wanted))[:3]]
    text = str(customer_id)
    alike = ids.filter(ids.str.starts_with(text[:2]) | ids.str.ends_with(text[-2:]))
    close = difflib.get_close_matches(text, alike.head(_COMPARED).to_list(), n=3)
    return [repr(each) for each in close or ids.head(3)]


def _identity(own: CustomerBase) -> dict[str, Any]:
    if own.customers is None or not own.customers.height:
        return {}
    return local_times(own.customers.drop("customer_id"), own.tz).row(0, named=True)


def _measures(own: CustomerBase) -> dict[str, Any]:
    names = [*_ALWAYS, *(name for log, all_ in _OF_LOGS.items() if own.has(log) for name in all_)]
    return own.measures(*names, *own.score_names).drop("customer_id").row(0, named=True)


def _segment(
    name: str, each: Segmentation | Tags, customer_id: int | str
) -> tuple[str, str | None, str]:
    found = each.frame.filter(pl.col("customer_id") == customer_id)
    if not found.height:
        return name, None, "not among the customers who were labelled"
    bears = ", ".join(found["tags"].item()) if isinstance(each, Tags) else found["segment"].item()
    return name, bears or None, each.why(customer_id)
