"""Ladder: tiers, what they take to reach, and when they are lost."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Literal, cast

from attrs import field, fields_dict, frozen

from custseg.errors import Problem
from custseg.loyalty.faults import choice_faults, is_whole, name_faults, rate_faults, whole_faults
from custseg.loyalty.rate import RateProblem, rate_of, rate_or_given, rate_text
from custseg.model.window import Window

if TYPE_CHECKING:
    from typing import TypeAlias

    from custseg.loyalty.rate import Rate

__all__ = ["NO_TIER", "Ladder"]

NO_TIER = "none"
"""The tier of who has no order or event yet."""

By = Literal["points", "spend", "orders"]
Review = Literal["year", "quarter", "month", "anniversary"]
Downgrade = Literal["qualified", "one_level", "never"]
Upgrade = Literal["at_once", "at_review"]
OnRefund = Literal["refold", "keep"]
Counted: TypeAlias = "Window | Literal['period', 'lifetime']"

_CHOICES: dict[str, tuple[str | None, ...]] = {
    "by": ("points", "spend", "orders"),
    "review": ("year", "quarter", "month", "anniversary", None),
    "downgrade": ("qualified", "one_level", "never"),
    "upgrade": ("at_once", "at_review"),
    "on_refund": ("refold", "keep"),
}
_SPANS = ("period", "lifetime")
_MOST_PERIODS, _LONGEST_GRACE = 1_200, 36_525


def _pairs(given: object) -> tuple[tuple[str, Fraction], ...]:
    """Names with numbers, from a mapping or pairs; what is neither is kept, to be refused."""
    if isinstance(given, Mapping):
        given = tuple(cast("Mapping[str, object]", given).items())
    if not isinstance(given, (list, tuple)):
        return given  # type: ignore[return-value]
    pairs = tuple(cast("list[tuple[str, Rate]]", given))
    if not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs):  # noqa: PLR2004 # pyright: ignore[reportUnnecessaryIsInstance] # callers are not all typed
        return pairs  # type: ignore[return-value]
    return tuple((name, rate_or_given(number)) for name, number in pairs)


def _is_pairs(given: object) -> bool:
    return isinstance(given, tuple) and all(
        isinstance(pair, tuple) for pair in cast("tuple[object, ...]", given)
    )


@frozen
class Ladder:
    """Tiers from the lowest to the highest, each with what it takes to reach it.

    The tier held is a function of the qualifying activity as it stands: what
    was earned, spent or ordered, never what is left of a balance.

    Attributes:
        levels: Each tier and its threshold, which counts as reached; the
            lowest is 0. A mapping, or pairs.
        by: What counts: "points" kept, "spend" net of refunds, "orders".
        window: Over which stretch: a rolling `Window`, the running review
            "period", or a "lifetime".
        review: When a tier can be lost: at the start of each local "year",
            "quarter" or "month", or at each member's "anniversary"; None for
            never.
        keep: Further review periods for which a tier is guaranteed.
        downgrade: How far a review takes it: to what is "qualified",
            "one_level" down, or "never".
        grace_days: Days after a review until the tier falls.
        upgrade: Whether a tier rises "at_once" or "at_review".
        on_refund: Whether a refund folds the tier path again ("refold"), or
            counts from then on ("keep").
        boost: Factors on what members of a tier earn.

    >>> import custseg as cu
    >>> ladder = cu.Ladder({"member": 0, "silver": 500}, review="year", boost={"silver": "1.25"})
    >>> ladder.names
    ('member', 'silver')
    >>> ladder
    Ladder({'member': 0, 'silver': 500}, review='year', boost={'silver': '1.25'})
    """

    levels: tuple[tuple[str, Fraction], ...] = field(converter=_pairs)
    by: By = field(default="points", kw_only=True)
    window: Counted = field(default="lifetime", kw_only=True)
    review: Review | None = field(default=None, kw_only=True)
    keep: int = field(default=0, kw_only=True)
    downgrade: Downgrade = field(default="qualified", kw_only=True)
    grace_days: int = field(default=0, kw_only=True)
    upgrade: Upgrade = field(default="at_once", kw_only=True)
    on_refund: OnRefund = field(default="refold", kw_only=True)
    boost: tuple[tuple[str, Fraction], ...] = field(default=(), kw_only=True, converter=_pairs)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The tiers, lowest first."""
        return tuple(name for name, _ in self.levels)

    @cached_property
    def thresholds(self) -> tuple[Fraction, ...]:
        """What each tier takes, lowest first; money in major units."""
        return tuple(threshold for _, threshold in self.levels)

    @cached_property
    def boosts(self) -> tuple[Fraction, ...]:
        """The factor of each tier, lowest first; 1 where there is none."""
        factors = dict(self.boost)
        return tuple(factors.get(name, Fraction(1)) for name in self.names)

    def problems(self, where: str) -> list[Problem]:
        """All that is wrong with it, at a place in its program."""
        found = self._level_problems(f"{where}.levels")
        for argument, known in _CHOICES.items():
            found += choice_faults(getattr(self, argument), known, f"{where}.{argument}")
        found += self._window_problems(where)
        found += whole_faults(self.keep, f"{where}.keep", most=_MOST_PERIODS)
        found += whole_faults(self.grace_days, f"{where}.grace_days", most=_LONGEST_GRACE)
        return found + self._boost_problems(f"{where}.boost")

    def _level_problems(self, where: str) -> list[Problem]:
        if not _is_pairs(self.levels) or not self.levels:
            fix = 'write {"member": 0, "silver": 500}'
            return [Problem(f"{self.levels!r} are no levels", where, fix)]
        found: list[Problem] = []
        for place, (name, threshold) in enumerate(self.levels):
            at = f"{where}[{name!r}]"
            found += name_faults(name, at, "silver")
            found += rate_faults(threshold, at, above=False)
            if name in self.names[:place]:
                found.append(Problem(f"the level {name!r} is there twice", at, "rename one"))
            if name == NO_TIER:
                what = f"{NO_TIER!r} is the tier of who is no member yet"
                found.append(Problem(what, at, "give the level another name"))
        return found or self._order_problems(where)

    def _order_problems(self, where: str) -> list[Problem]:
        found: list[Problem] = []
        (first, lowest), *_ = self.levels
        if lowest != 0:
            what = f"the lowest level, {first!r}, starts at {rate_text(lowest)}"
            found.append(Problem(what, f"{where}[{first!r}]", "let the lowest level start at 0"))
        for (below, less), (name, threshold) in zip(self.levels, self.levels[1:], strict=False):
            if threshold <= less:
                what = (
                    f"{name!r} at {rate_text(threshold)} does not lie above"
                    f" {below!r} at {rate_text(less)}"
                )
                fix = "list levels from the lowest to the highest"
                found.append(Problem(what, f"{where}[{name!r}]", fix))
            if self.by in ("points", "orders") and threshold.denominator != 1:
                what = f"{name!r} starts at {rate_text(threshold)} {self.by}"
                found.append(Problem(what, f"{where}[{name!r}]", "write a whole number"))
        return found

    def _window_problems(self, where: str) -> list[Problem]:
        found: list[Problem] = []
        if not isinstance(self.window, Window) and self.window not in _SPANS:
            fix = 'write cu.Window(months=12), "period" or "lifetime"'
            found.append(Problem(f"window is {self.window!r}", f"{where}.window", fix))
        if self.review is not None:
            return found
        fix = 'write review="year"'
        if self.window == "period":
            what = "the window is the review period, and there is no review"
            found.append(Problem(what, f"{where}.window", fix))
        if self.upgrade == "at_review":
            what = "tiers rise at a review, and there is none"
            found.append(Problem(what, f"{where}.upgrade", fix))
        return found

    def _boost_problems(self, where: str) -> list[Problem]:
        if not _is_pairs(self.boost):
            return [Problem(f"{self.boost!r} are no boosts", where, 'write {"silver": "1.25"}')]
        known = self.names if _is_pairs(self.levels) else ()
        found: list[Problem] = []
        for name, factor in self.boost:
            at = f"{where}[{name!r}]"
            if name not in known:
                fix = f"the levels are {', '.join(map(str, known))}"
                found.append(Problem(f"there is no level {name!r}", at, fix))
            found += rate_faults(factor, at)
        return found

    def __repr__(self) -> str:
        """The ladder as it is declared."""
        parts = [_shown_pairs(self.levels)]
        for option in ("by", "window", "review", "keep", "downgrade", "grace_days"):
            parts += self._option(option)
        parts += [*self._option("upgrade"), *self._option("on_refund")]
        if self.boost:
            parts.append(f"boost={_shown_pairs(self.boost)}")
        return f"Ladder({', '.join(parts)})"

    def _option(self, name: str) -> list[str]:
        value = getattr(self, name)
        return [] if value == fields_dict(Ladder)[name].default else [f"{name}={value!r}"]


def _shown_pairs(pairs: object) -> str:
    if not _is_pairs(pairs):
        return repr(pairs)
    held = cast("tuple[tuple[str, Fraction], ...]", pairs)
    return repr({name: _plain(number) for name, number in held})


def _plain(number: object) -> object:
    try:
        rate = rate_of(number)
    except RateProblem:
        return number
    return int(rate) if is_whole(rate.denominator, least=1, most=1) else rate_text(rate)
