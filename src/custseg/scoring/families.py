"""The models of purchases by name."""

from __future__ import annotations

from custseg.scoring.bgbb_family import BGBB_FAMILY
from custseg.scoring.bgnbd_family import BGNBD_FAMILY, MBGNBD_FAMILY
from custseg.scoring.paretonbd_family import NBD_FAMILY, PARETONBD_FAMILY

__all__ = ["FAMILIES"]

FAMILIES = {
    each.name: each
    for each in (BGNBD_FAMILY, MBGNBD_FAMILY, PARETONBD_FAMILY, NBD_FAMILY, BGBB_FAMILY)
}
"""Each `Family` by its name."""
