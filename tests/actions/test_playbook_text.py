"""Playbooks as text: equal after the trip, and everything wrong with a file is told at once."""

from __future__ import annotations

import inspect
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import custseg as cu

words = st.text(min_size=1, max_size=12).filter(str.strip)
plans = st.builds(
    cu.Strategy,
    words,
    words,
    st.lists(words, min_size=1, max_size=3, unique=True).map(tuple),
    st.integers(1, 10**20),
)
books = st.dictionaries(words, st.none() | plans, min_size=1, max_size=5).map(cu.Playbook)


@given(books)
def test_a_playbook_is_equal_after_the_trip(book):
    text = book.to_json()
    assert cu.Playbook.from_json(text) == book
    assert cu.Playbook.from_json(text).to_json() == text


@pytest.mark.parametrize("book", [cu.Playbook.value_tiers(), cu.Playbook.eleven_names()])
def test_the_shipped_playbooks_have_a_text(book):
    assert cu.Playbook.from_json(book.to_json()) == book


def test_a_playbook_is_read_from_toml():
    text = inspect.cleandoc(
        """
        [[strategies]]
        segment = "champions"
        goal = "reward"
        offer = "early access"
        channel = ["push", "email"]
        priority = 2

        [[strategies]]
        segment = "new"
        goal = "welcome"
        offer = "a guide"
        channel = "email"

        [[strategies]]
        segment = "lost"
        nothing = true
        """
    )
    assert cu.Playbook.from_toml(text) == cu.Playbook(
        {
            "champions": cu.Strategy("reward", "early access", ("push", "email"), 2),
            "new": cu.Strategy("welcome", "a guide", "email"),
            "lost": None,
        }
    )


@pytest.mark.parametrize("text", ["", "{", "no", None, "[" * 100_000])
def test_what_is_not_json_is_refused(text):
    with pytest.raises(cu.SchemaError, match="a playbook is not JSON"):
        cu.Playbook.from_json(text)


@pytest.mark.parametrize("text", ["[", "strategies = ", None])
def test_what_is_not_toml_is_refused(text):
    with pytest.raises(cu.SchemaError, match="a playbook is not TOML"):
        cu.Playbook.from_toml(text)


@pytest.mark.parametrize("text", ["[]", "3", "null", '"champions"'])
def test_json_of_another_shape_is_refused(text):
    with pytest.raises(cu.SchemaError, match="a playbook is a mapping"):
        cu.Playbook.from_json(text)


def test_a_text_without_strategies_is_no_playbook():
    with pytest.raises(cu.SchemaError, match="a playbook needs strategies"):
        cu.Playbook.from_json('{"format": 1, "strategies": []}')


def test_everything_wrong_with_an_edited_text_is_told_at_once():
    rows = [
        {"segment": "a", "goal": "g", "offer": "o", "chanel": "email"},
        {"segment": "b", "nothing": True, "goal": "g"},
        {"segment": "c", "nothing": False},
        {"goal": "g"},
        "d",
        {"segment": "e", "goal": "", "offer": "o", "channel": "x", "priority": 0},
        {"segment": "f", "goal": "g", "offer": "o", "channel": 3},
        {"segment": "f", "goal": "g", "offer": "o", "channel": []},
    ]
    with pytest.raises(cu.SchemaError) as caught:
        cu.Playbook.from_json(json.dumps({"format": 2, "strategies": rows, "limit": 1}))
    where = "Playbook.from_json"
    assert [(each.what, each.where.removeprefix(where)) for each in caught.value.problems] == [
        ("format 2 is not known", ": format"),
        ("'limit' is no part of a playbook", ""),
        ("'chanel' is no part of a strategy", ": strategies[0]"),
        ("'channel' is missing", ": strategies[0]"),
        ("segment 'b' has a strategy, or nothing", ": strategies[1]"),
        ("segment 'c' has a strategy, or nothing", ": strategies[2]"),
        ("{'goal': 'g'} names no segment", ": strategies[3]"),
        ("'d' names no segment", ": strategies[4]"),
        ("a strategy needs its goal in words, got ''", ": strategies[5].goal"),
        ("priority is a whole number from 1, got 0", ": strategies[5].priority"),
        ("channel is 3", ": strategies[6]"),
        ("a strategy needs a channel, got ()", ": strategies[7].channel"),
        ("segment 'f' is there twice", ": strategies"),
    ]
    assert caught.value.problems[2].fix == "did you mean 'channel'?"


def test_the_parts_of_a_text_are_named_when_they_are_missing():
    with pytest.raises(cu.SchemaError) as caught:
        cu.Playbook.from_json('{"strategies": 5}')
    assert [each.what for each in caught.value.problems] == [
        "'format' is missing",
        "strategies are a list, got 5",
    ]
