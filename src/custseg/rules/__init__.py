"""The one rule language: a Rule is true or false of one row."""

from __future__ import annotations

from custseg.rules.rule import Rule

__all__ = ["Rule"]
