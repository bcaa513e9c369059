"""Rule books as text: JSON out and in, TOML in, and everything wrong with a text."""

from __future__ import annotations

import inspect

import polars as pl
import pytest

import custseg as cu

BOOK = cu.RuleBook.best(
    cu.Rule("vip", "spend_365d > 1000 AND region = 'Nörd'", worth=3),
    cu.Rule("常客", "orders >= 5", worth=0.5),
    otherwise="rest",
)
TEXT = inspect.cleandoc(
    """
    {
      "format": 1,
      "policy": "best",
      "rules": [
        {
          "name": "vip",
          "when": "spend_365d > 1000 AND region = 'Nörd'",
          "worth": 3
        },
        {
          "name": "常客",
          "when": "orders >= 5",
          "worth": 0.5
        }
      ],
      "otherwise": "rest"
    }
    """
)


def refused(read, text):
    with pytest.raises(cu.RuleError) as caught:
        read(text)
    return caught.value


def test_the_json_of_a_book_is_stable():
    assert BOOK.to_json() == TEXT + "\n"
    assert cu.RuleBook.from_json(TEXT) == BOOK


def test_what_a_book_does_not_have_is_not_written():
    text = cu.RuleBook.every(cu.Rule("a", "x > 1")).to_json()
    assert "worth" not in text
    assert "otherwise" not in text
    assert cu.RuleBook.from_json(text).policy == "every"


def test_rules_of_expressions_do_not_serialise_and_say_so_together():
    book = cu.RuleBook.first(
        cu.Rule("a", pl.col("x") > 1),
        cu.Rule("b", "x > 1"),
        cu.Rule("c", pl.col("x") < 1),
        otherwise="d",
    )
    with pytest.raises(cu.RuleError) as caught:
        book.to_json()
    assert str(caught.value) == inspect.cleandoc(
        """
        2 things are wrong
        rule 'a' is a polars expression, which has no text form
          where: RuleBook.first[0].when
          fix:   write it as SQL text: "region = 'north'"
        rule 'c' is a polars expression, which has no text form
          where: RuleBook.first[2].when
          fix:   write it as SQL text: "region = 'north'"
        """
    )


def test_toml_is_read():
    text = """
    policy = "first"
    otherwise = "rest"
    [[rules]]
    name = "vip"
    when = '''
spend_365d > 1000
AND region = 'north' '''
    [[rules]]
    name = "often"
    when = "orders >= 5"
    worth = 2
    """
    book = cu.RuleBook.from_toml(text)
    assert (book.policy, book.otherwise) == ("first", "rest")
    assert [rule.name for rule in book.rules] == ["vip", "often"]
    assert book.rules[1].worth == 2
    assert cu.RuleBook.from_json(book.to_json()) == book
    assert cu.RuleBook.from_toml("format = 1\n" + text) == book


@pytest.mark.parametrize("text", ["", "{", "[1, 2", "policy = 'first'", None, "[" * 100_000])
def test_what_is_no_json_is_refused(text):
    error = refused(cu.RuleBook.from_json, text)
    assert str(error).startswith("a rule book is not JSON: ")
    assert error.problems[0].where == "RuleBook.from_json"
    assert '"format": 1' in error.problems[0].fix


@pytest.mark.parametrize("text", ["{", "policy = first", None, "a = 1\na = 2"])
def test_what_is_no_toml_is_refused(text):
    error = refused(cu.RuleBook.from_toml, text)
    assert str(error).startswith("a rule book is not TOML: ")
    assert "[[rules]]" in error.problems[0].fix


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[]", "a rule book is a mapping, got []"),
        ("null", "a rule book is a mapping, got None"),
        ('{"policy": "every", "rules": []}', "'format' is missing"),
        ('{"format": 1, "rules": []}', "'policy' is missing"),
        ('{"format": 1, "policy": "every"}', "'rules' is missing"),
        ('{"format": 2, "policy": "every", "rules": []}', "format 2 is not known"),
        ('{"format": true, "policy": "every", "rules": []}', "format True is not known"),
        ('{"format": null, "policy": "every", "rules": []}', "format None is not known"),
        ('{"format": 1, "policy": "all", "rules": []}', "policy 'all' is not known"),
        ('{"format": 1, "policy": ["first"], "rules": []}', "policy ['first'] is not known"),
        ('{"format": 1, "policy": "every", "rules": {}}', "rules is not a list"),
        ('{"format": 1, "policy": "every", "rules": [5]}', "a rule is a mapping, got 5"),
        ('{"format": 1, "policy": "every", "rules": []}', "a rule book needs rules"),
        (
            '{"format": 1, "policy": "every", "rules": [{}], "x": 1}',
            "'x' is no part of a rule book",
        ),
        ('{"format": 1, "policy": "every", "rules": [{"name": "a"}]}', "'when' is missing"),
        ('{"format": 1, "policy": "every", "policy": "best", "rules": []}', "the key 'policy' is"),
        (
            '{"format": 1, "policy": "first", "otherwise": 5, "rules": []}',
            "otherwise is 5, not text",
        ),
        (
            '{"format": 1, "policy": "every", "rules": [{"name": 5, "when": "x > 1"}]}',
            "name is 5, not text",
        ),
        (
            '{"format": 1, "policy": "every", "rules": [{"name": "a", "when": null}]}',
            "when is None, not text",
        ),
        (
            '{"format": 1, "policy": "every", "rules": [{"name": "a", "when": "x", "worth": "3"}]}',
            "worth is '3', not a number",
        ),
        (
            '{"format": 1, "policy": "every", "rules": [{"name": "a", "when": "x", "worth": NaN}]}',
            "rule 'a' needs a finite number as its worth, got nan",
        ),
    ],
)
def test_what_is_no_rule_book_is_refused(text, what):
    error = refused(cu.RuleBook.from_json, text)
    assert any(problem.what.startswith(what) for problem in error.problems), str(error)
    assert all(problem.where and problem.fix for problem in error.problems)


def test_everything_wrong_with_the_shape_is_told_at_once():
    text = '{"format": 9, "policy": "all", "rules": [{"nam": "a", "when": 5}, 7], "otherwise": []}'
    assert [problem.what for problem in refused(cu.RuleBook.from_json, text).problems] == [
        "format 9 is not known",
        "policy 'all' is not known",
        "otherwise is [], not text",
        "'nam' is no part of a rule",
        "'name' is missing",
        "when is 5, not text",
        "a rule is a mapping, got 7",
    ]


def test_everything_wrong_with_the_rules_is_told_at_once():
    text = """
    policy = "every"
    [[rules]]
    name = "a"
    when = "SUM(x) > 1"
    [[rules]]
    name = " "
    when = "NOW() > at"
    """
    error = refused(cu.RuleBook.from_toml, text)
    assert [(problem.what, problem.where) for problem in error.problems] == [
        ("rule 'a' aggregates over rows (Sum)", "RuleBook.from_toml: rules[0].when"),
        ("a rule needs a name in plain text, got ' '", "RuleBook.from_toml: rules[1].name"),
        ("rule ' ' reads the clock (NOW())", "RuleBook.from_toml: rules[1].when"),
    ]


def test_an_empty_toml_is_told_how_a_toml_looks():
    error = refused(cu.RuleBook.from_toml, "")
    assert {problem.fix for problem in error.problems} == {
        'write policy = "first", otherwise = "rest" and a [[rules]] table for each rule'
    }


def test_a_misspelt_key_is_told_the_nearest():
    text = '{"format": 1, "policy": "every", "rules": [{"name": "a", "wehn": "x > 1"}]}'
    assert refused(cu.RuleBook.from_json, text).problems[0].fix == "did you mean 'when'?"
