"""Playbook: a strategy for each segment, and the plan it makes of a base."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

import polars as pl
from attrs import field, frozen

from custseg.actions import playbook_text
from custseg.actions.limit import Limit
from custseg.actions.plan import LEFT_OUT, Plan
from custseg.actions.strategy import Strategy
from custseg.base.customer_base import CustomerBase
from custseg.errors import Problem, SchemaError
from custseg.segments.given import as_row, is_row
from custseg.segments.segmentation import Segmentation, no_base

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Playbook"]

_Pairs: TypeAlias = tuple[tuple[str, Strategy | None], ...]
_PAIR = 2

_ELEVEN: dict[str, Strategy | None] = {
    "champions": Strategy("reward", "early access to what is new", ("push", "email"), 2),
    "loyal": Strategy("deepen", "points for a review or a referral", ("push", "email"), 3),
    "potential_loyal": Strategy("bind", "a reason to join the program", ("email", "push"), 3),
    "new": Strategy("welcome", "how to get the most of the first order", ("email", "push"), 2),
    "promising": Strategy("second order", "a small thank-you on the next order", "email", 3),
    "need_attention": Strategy("wake", "an offer for a limited time", ("email", "sms"), 3),
    "about_to_sleep": Strategy("wake", "what others bought next", ("email", "push"), 4),
    "at_risk": Strategy("win back", "a personal offer", ("email", "sms"), 2),
    "cant_lose": Strategy("win back", "a personal letter with a gift", ("post", "sms"), 1),
    "hibernating": Strategy("win back", "a seasonal offer", "email", 5),
    "lost": None,
    "inactive": None,
    "prospect": Strategy("first order", "free delivery on the first order", ("email", "push"), 4),
}
_VALUE: dict[str, Strategy | None] = {
    "high_value": Strategy("keep", "service of their own, early access", ("push", "email"), 1),
    "potential": Strategy("raise", "what goes with what they buy", ("email", "push"), 2),
    "ordinary": Strategy("activate", "an offer for a limited time", ("email", "push"), 3),
    "inactive": None,
    "prospect": Strategy("first order", "free delivery on the first order", ("email", "push"), 4),
}


def _listed(given: Mapping[str, Strategy | None] | Iterable[tuple[str, Strategy | None]]) -> _Pairs:
    if isinstance(given, Mapping):
        return tuple(cast("Mapping[str, Strategy | None]", given).items())
    row = as_row(given)
    return tuple(map(as_row, row)) if is_row(row) else row


@frozen
class Playbook:
    """A strategy for each segment; None where nothing is to be done, on purpose.

    Attributes:
        strategies: Pairs of a segment's name and its strategy.

    Raises:
        SchemaError: with everything that is wrong: it is empty, holds what is
            no strategy, or a segment twice.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(500, 365, seed=1).base()
    >>> active = cu.RuleBook.first(cu.Rule("buyer", "orders > 0"), otherwise="prospect")
    >>> welcome = cu.Strategy("first order", "free delivery", "email")
    >>> plan = cu.Playbook({"buyer": None, "prospect": welcome}).plan(active.segment(shop), shop)
    >>> plan.frame.select("offer", "reason").row(0)
    ('free delivery', 'in prospect, consent to email given')
    """

    strategies: _Pairs = field(converter=_listed)

    def __attrs_post_init__(self) -> None:
        """Refuse a playbook with everything that is wrong."""
        SchemaError.check(self._problems())

    @classmethod
    def value_tiers(cls) -> Playbook:
        """Sensible strategies for the tiers of `Grid.value_tiers()`.

        >>> import custseg as cu
        >>> cu.Playbook.value_tiers()["high_value"].goal
        'keep'
        """
        return cls(_VALUE)

    @classmethod
    def eleven_names(cls) -> Playbook:
        """Sensible strategies for the names of `Grid.eleven_names()`.

        Those of `Grid.ten_names()` are among them. `lost` and `inactive`
        customers are left alone.

        >>> import custseg as cu
        >>> cu.Playbook.eleven_names()["cant_lose"].priority
        1
        """
        return cls(_ELEVEN)

    def __getitem__(self, segment: str) -> Strategy | None:
        """The strategy of a segment.

        Raises:
            SchemaError: when the playbook has none of this name.
        """
        for name, strategy in self.strategies:
            if name == segment:
                return strategy
        names = [name for name, _ in self.strategies]
        near = difflib.get_close_matches(str(segment), names, n=1)
        raise SchemaError(
            f"no segment {segment!r:.60} is in the playbook",
            where="Playbook[...]",
            fix=f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}",
        )

    def plan(
        self,
        segmentation: Segmentation,
        base: CustomerBase,
        /,
        *,
        limit: Limit | None = None,
        consent: Literal["required", "assumed"] = "required",
    ) -> Plan:
        """What to do for whom, and who is left out and why.

        A customer is reached on the first of the strategy's channels that is
        in their `consent`. Who says nothing (`consent` is null, or there is no
        row in `customers`) is not contacted unless consent is assumed; an
        empty list, or a list without the channel, is a no in either case.

        Args:
            segmentation: Who is in which segment, as of the base's instant.
            base: Consent and past contacts.
            limit: How often one customer may be contacted.
            consent: What to make of customers who have said nothing:
                `required` leaves them out, `assumed` takes the first channel.

        Raises:
            SchemaError: with everything that is wrong: segments without a
                strategy, another instant, no events to count contacts in.
        """
        SchemaError.check(_kind_problems(segmentation, base, limit))
        SchemaError.check(_plan_problems(self, segmentation, base, limit, consent))
        people = _people(segmentation, base, limit)
        told = people.join(self._frame(segmentation), on="segment", maintain_order="left")
        reached = told.with_columns(channel=_channel(consent, self._most))
        reason = _reason(reached, limit)
        kept = reached.filter(reason.is_null()).sort("priority", "customer_id")
        left = reached.with_columns(reason=reason).filter(reason.is_not_null())
        how = (
            pl.when(pl.col("consent").is_null()).then(pl.lit("assumed")).otherwise(pl.lit("given"))
        )
        return Plan(
            frame=kept.select(
                "customer_id",
                "segment",
                "goal",
                "offer",
                "channel",
                "priority",
                reason=pl.format("in {}, consent to {} {}", "segment", "channel", how),
            ),
            left_out=left.select("customer_id", "segment", "reason").sort("customer_id"),
            segmentation=segmentation,
        )

    def to_json(self) -> str:
        """The playbook as text; equal after the trip.

        >>> import custseg as cu
        >>> book = cu.Playbook({"new": cu.Strategy("welcome", "a guide", "email"), "lost": None})
        >>> cu.Playbook.from_json(book.to_json()) == book
        True
        """
        return playbook_text.written(self.strategies)

    @classmethod
    def from_json(cls, text: str, /) -> Playbook:
        """The playbook that a text holds.

        Raises:
            SchemaError: when the text is not JSON, or no playbook; the latter
                with everything that is wrong.
        """
        return cls(playbook_text.read_json(text))

    @classmethod
    def from_toml(cls, text: str, /) -> Playbook:
        """The playbook that a TOML text holds: a `[[strategies]]` table for each segment.

        Raises:
            SchemaError: when the text is not TOML, or no playbook; the latter
                with everything that is wrong.

        >>> import custseg as cu
        >>> text = '''
        ... [[strategies]]
        ... segment = "new"
        ... goal = "welcome"
        ... offer = "how to get the most of the first order"
        ... channel = ["email", "push"]
        ...
        ... [[strategies]]
        ... segment = "lost"
        ... nothing = true
        ... '''
        >>> cu.Playbook.from_toml(text)["new"].goal
        'welcome'
        """
        return cls(playbook_text.read_toml(text))

    def _frame(self, segmentation: Segmentation) -> pl.DataFrame:
        """A row a segment with its strategy; nulls where nothing is planned."""
        kept = [(name, self[name]) for name in segmentation.segments]
        rows = [
            (
                name,
                *((None,) * 4 if own is None else (own.goal, own.offer, own.channel, own.priority)),
            )
            for name, own in kept
        ]
        types = {
            "segment": segmentation.frame.schema["segment"],
            "goal": pl.String,
            "offer": pl.String,
            "channels": pl.List(pl.String),
            "priority": pl.Int64,
        }
        return pl.DataFrame(rows, schema=types, orient="row")

    @property
    def _most(self) -> int:
        """The most channels that a strategy has."""
        return max((len(own.channel) for _, own in self.strategies if own is not None), default=1)

    def _problems(self) -> Iterator[Problem]:
        fix = 'write Playbook({"champions": Strategy("reward", "early access", "email"), ...})'
        pairs = cast("tuple[object, ...]", self.strategies)
        if not is_row(pairs) or not pairs:
            yield Problem("a playbook needs strategies", "Playbook", fix)
            return
        seen: list[object] = []
        for pair in pairs:
            parts = cast("tuple[object, ...]", pair)
            if not is_row(pair) or len(parts) != _PAIR:
                yield Problem(f"{pair!r:.60} is no segment with its strategy", "Playbook", fix)
                continue
            name, strategy = parts
            where = f"Playbook[{name!r}]"
            if not isinstance(name, str) or not name:
                yield Problem(f"a segment's name is text, got {name!r}", where, fix)
            elif name in seen:
                yield Problem(f"segment {name!r} is there twice", where, "keep one of the two")
            seen.append(name)
            if strategy is not None and not isinstance(strategy, Strategy):
                what = f"a playbook holds strategies, got {strategy!r:.60}"
                yield Problem(what, where, 'write Strategy("reward", "early access", "email")')


def _kind_problems(segmentation: object, base: object, limit: object) -> Iterator[Problem]:
    """What is not of the kind that a plan is made of."""
    where = "Playbook.plan"
    if not isinstance(segmentation, Segmentation):
        fix = "give what assign() of a scheme with one label a customer returned"
        yield Problem(f"{segmentation!r:.60} is no segmentation", where, fix)
    if not isinstance(base, CustomerBase):
        yield from no_base(base, where).problems
    if limit is not None and not isinstance(limit, Limit):
        fix = "write limit=cu.Limit(contacts=2, days=30)"
        yield Problem(f"{limit!r:.60} is no limit", f"{where}(limit=)", fix)


def _plan_problems(
    book: Playbook,
    segmentation: Segmentation,
    base: CustomerBase,
    limit: Limit | None,
    consent: object,
) -> Iterator[Problem]:
    names = [name for name, _ in book.strategies]
    for segment in segmentation.segments:
        if segment not in names:
            spare = [name for name in names if name not in segmentation.segments]
            near = difflib.get_close_matches(segment, spare, n=1)
            hint = f"did you mean it by {near[0]!r}?" if near else "add it;"
            what = f"segment {segment!r} has no strategy"
            yield Problem(what, "Playbook.plan", f"{hint} None leaves its customers alone")
    if segmentation.instant != base.instant:
        what = f"segments are as of {segmentation.instant}, the base is as of {base.instant}"
        yield Problem(what, "Playbook.plan", "assign the scheme to this base")
    have = segmentation.frame.schema["customer_id"]
    if have != base.id_type:
        what = f"ids are {have} in the segments, {base.id_type} in the base"
        yield Problem(what, "Playbook.plan", "assign the scheme to this base")
    if limit is not None and not base.has("events"):
        what = "a limit counts events, and the base has none"
        yield Problem(what, "Playbook.plan(limit=)", "build the base with events=")
    if consent not in ("required", "assumed"):
        what = f"consent is {consent!r}"
        yield Problem(what, "Playbook.plan(consent=)", 'write "required" or "assumed"')


def _people(segmentation: Segmentation, base: CustomerBase, limit: Limit | None) -> pl.DataFrame:
    """Customers with their segment, whether the base has them, consent and past contacts."""
    people = segmentation.frame.select("customer_id", "segment")
    known = pl.DataFrame([base.customer_ids]).with_columns(known=True)
    if base.customers is not None:
        said = base.customers.select("customer_id", "consent")
        known = known.join(said, on="customer_id", how="left")
    else:
        known = known.with_columns(consent=pl.lit(None, pl.List(pl.String)))
    if limit is not None:
        known = known.join(limit.contacted(base), on="customer_id", how="left")
    else:
        known = known.with_columns(contacts=pl.lit(0, pl.Int64))
    return people.join(known, on="customer_id", how="left", maintain_order="left")


def _channel(consent: str, most: int) -> pl.Expr:
    """The first of up to so many channels that the customer consents to."""
    channels = [pl.col("channels").list.get(place, null_on_oob=True) for place in range(most)]
    agreed = [pl.when(pl.col("consent").list.contains(each)).then(each) for each in channels]
    if consent == "assumed":
        agreed.append(pl.when(pl.col("consent").is_null()).then(channels[0]))
    return pl.coalesce(agreed)


def _reason(reached: pl.DataFrame, limit: Limit | None) -> pl.Series:
    """The first reason to leave each customer out; null where there is none."""
    unsaid = pl.col("consent").is_null() & pl.col("channel").is_null()
    held = (
        pl.col("known").is_null(),
        pl.col("goal").is_null(),
        unsaid,
        pl.col("channel").is_null(),
        pl.lit(False) if limit is None else pl.col("contacts") >= limit.contacts,
    )
    first = pl.coalesce(
        pl.when(held_by).then(pl.lit(reason))
        for reason, held_by in zip(LEFT_OUT, held, strict=True)
    )
    return reached.select(reason=first).to_series()
