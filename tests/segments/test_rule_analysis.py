"""RuleAnalysis: what was found, and how it is shown."""

from __future__ import annotations

import datetime as dt
from itertools import combinations

import numpy as np
import polars as pl
import pytest

import custseg as cu
from custseg.segments import rule_analysis
from segments.test_tags import SHOP

BOOK = cu.RuleBook.first(
    cu.Rule("buyer", "orders > 0"),
    cu.Rule("big", "spend > 50"),
    cu.Rule("never", "orders > 99"),
    otherwise="rest",
)


def test_rules_that_never_fire_or_never_win_are_found():
    assert BOOK.analyse(SHOP).frame.rows() == [
        ("buyer", 3, 3, 0, 1, None, None),
        ("big", 1, 0, 1, 1, "always shadowed", "buyer"),
        ("never", 0, 0, 0, 0, "never fires", None),
    ]


def test_overlaps_are_pairs_with_counts():
    assert BOOK.analyse(SHOP).overlaps.rows() == [("buyer", "big", 1, 1.0)]


@pytest.mark.parametrize("block", [1, 2, 1_024])
@pytest.mark.parametrize("rows", [1, 7, 63, 64, 65, 200])
def test_overlaps_are_counted_over_all_rows(monkeypatch, rows, block):
    monkeypatch.setattr(rule_analysis, "_BLOCK", block)
    chance = np.random.default_rng(rows)
    hits = {
        name: chance.random(rows) < share for name, share in zip("abc", (0.2, 0.5, 1), strict=True)
    }
    found = rule_analysis.RuleAnalysis.of(pl.DataFrame(hits), None, day=dt.date(2026, 6, 30))
    assert found.frame["hits"].to_list() == [int(hit.sum()) for hit in hits.values()]
    both = {pair: int((hits[pair[0]] & hits[pair[1]]).sum()) for pair in combinations("abc", 2)}
    told = {(one, other): many for one, other, many, _ in found.overlaps.iter_rows()}
    assert told == {pair: many for pair, many in both.items() if many}
    assert found.unmatched == 0


def test_under_every_nothing_is_shadowed():
    found = cu.RuleBook.every(*BOOK.rules).analyse(SHOP)
    assert found.frame["wins"].to_list() == found.frame["hits"].to_list() == [3, 1, 0]
    assert found.frame["finding"].to_list() == [None, None, "never fires"]


def test_an_analysis_is_shown_as_tables():
    found = BOOK.analyse(SHOP)
    assert repr(found) == (
        "3 customers as of 2026-06-30, 0 hit by no rule\n"
        "rule   finding                   hits  wins  shadowed  overlaps\n"
        "buyer                               3     3         0         1\n"
        "big    always shadowed by buyer     1     0         1         1\n"
        "never  never fires                  0     0         0         0"
    )
    assert found._repr_html_().count("<table") == 2
    alone = cu.RuleBook.every(BOOK.rules[0]).analyse(SHOP)
    assert alone._repr_html_().count("<table") == 1


def test_analyses_are_values():
    assert BOOK.analyse(SHOP) == BOOK.analyse(SHOP)
    assert BOOK.analyse(SHOP) != cu.RuleBook.every(*BOOK.rules).analyse(SHOP)
    assert BOOK.analyse(SHOP) != 3
    with pytest.raises(TypeError):
        hash(BOOK.analyse(SHOP))


def test_nobody_is_hit_by_nothing():
    found = BOOK.analyse(SHOP.where("orders > 99"))
    assert (found.customers, found.unmatched) == (0, 0)
    assert found.frame["finding"].to_list() == ["never fires"] * 3
