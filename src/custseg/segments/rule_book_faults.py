"""What is wrong with the declaration of a rule book, all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from custseg.base.measure import Measure
from custseg.errors import Problem
from custseg.rules.rule import Rule, is_plain_name
from custseg.segments.given import is_row
from custseg.segments.rule_book_text import POLICIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from custseg.segments.rule_book import RuleBook

__all__ = ["book_problems"]

_RULE = 'write Rule("vip", "orders >= 5")'
_MEASURE = 'write Measure("app_share", "channel = \'app\'", over="orders", how="mean")'


def book_problems(book: RuleBook[Any], /) -> list[Problem]:
    """Everything that keeps rules from being a book."""
    where = f"RuleBook.{book.policy}"
    if book.policy not in POLICIES:
        what = f"policy {book.policy!r} is not known"
        return [Problem(what, "RuleBook", f"write one of {', '.join(POLICIES)}")]
    if not book.rules:
        return [Problem("a rule book needs rules", where, _RULE)]
    names: dict[str, int] = {}
    return [
        *_rule_problems(book, names, where),
        *_otherwise_problems(book, names, where),
        *_measure_problems(book, where),
    ]


def _rule_problems(book: RuleBook[Any], seen: dict[str, int], where: str) -> Iterator[Problem]:
    taken = _taken(book)
    for index, rule in enumerate(cast("Sequence[object]", book.rules)):
        place = f"{where}[{index}]"
        if not isinstance(rule, Rule):
            yield Problem(f"a rule book holds rules, got {rule!r:.60}", place, _RULE)
            continue
        if rule.name in seen:
            fix = f"rename it, or join it to {where}[{seen[rule.name]}] with OR"
            yield Problem(f"two rules are named {rule.name!r}", place, fix)
        seen.setdefault(rule.name, index)
        if book.policy == "best" and rule.worth is None:
            what = f"rule {rule.name!r} has no worth, so best cannot compare it"
            yield Problem(what, place, f"write Rule({rule.name!r}, ..., worth=3)")
        if book.policy == "every" and rule.name in taken:
            what = f"rule {rule.name!r} is named like a column of Tags.frame"
            yield Problem(what, place, "rename the rule")
        elif book.policy != "every" and "segment" in rule.reads:
            what = f"rule {rule.name!r} reads 'segment', which is the column of the labels"
            yield Problem(what, f"{place}.when", "rename the column: rfm_segment")


def _taken(book: RuleBook[Any]) -> set[str]:
    return {"customer_id", "tags"} if book.policy == "every" else set()


def _otherwise_problems(
    book: RuleBook[Any], names: dict[str, int], where: str
) -> Iterator[Problem]:
    otherwise = cast("object", book.otherwise)
    place = f"{where}.otherwise"
    if book.policy == "every":
        if otherwise is not None:
            what = f"every gives no label to rows that no rule hits, got otherwise={otherwise!r}"
            yield Problem(what, place, "leave it out, or use RuleBook.first")
    elif not is_plain_name(otherwise):
        what = f"rows that no rule hits need a label, got otherwise={otherwise!r}"
        yield Problem(what, place, 'write it in plain text: otherwise="rest"')
    elif otherwise in names:
        what = f"otherwise is {otherwise!r}, which is also the name of a rule"
        yield Problem(what, place, f"rename it or {where}[{names[otherwise]}]")


def _measure_problems(book: RuleBook[Any], where: str) -> Iterator[Problem]:
    if not is_row(book.measures):
        what = f"measures holds measures, got {book.measures!r:.60}"
        yield Problem(what, f"{where}.measures", f"write measures=(measure,); {_MEASURE}")
        return
    seen: set[str] = set()
    for index, measure in enumerate(cast("Sequence[object]", book.measures)):
        place = f"{where}.measures[{index}]"
        if not isinstance(measure, Measure):
            yield Problem(f"measures holds measures, got {measure!r:.60}", place, _MEASURE)
            continue
        if measure.name in seen:
            what = f"two measures are named {measure.name!r}"
            yield Problem(what, place, "give one of them another name")
        if measure.name == "segment":
            what = "a measure is named 'segment', which is the column of the labels"
            yield Problem(what, place, "give it another name")
        seen.add(measure.name)
