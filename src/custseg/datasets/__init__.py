"""Shops to try things on: a simulated one, the same for the same seed."""

from __future__ import annotations

from custseg.datasets.programs import program
from custseg.datasets.shop import Shop
from custseg.datasets.simulate import simulate

__all__ = ["Shop", "program", "simulate"]
