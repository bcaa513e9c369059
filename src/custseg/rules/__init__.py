"""The one rule language: a Rule is true or false of one row, a RuleBook says which rule wins."""

from __future__ import annotations

from custseg.rules.book import RuleBook
from custseg.rules.rule import Rule

__all__ = ["Rule", "RuleBook"]
