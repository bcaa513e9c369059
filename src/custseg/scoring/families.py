"""The models of purchases by name."""

from __future__ import annotations

from custseg.scoring.bgnbd_family import BGNBD_FAMILY, MBGNBD_FAMILY

__all__ = ["FAMILIES"]

FAMILIES = {each.name: each for each in (BGNBD_FAMILY, MBGNBD_FAMILY)}
"""Each `Family` by its name."""
