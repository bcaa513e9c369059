"""A plain points program, for the simulated shop and for a first try."""

from __future__ import annotations

from custseg.loyalty.earn import Earn
from custseg.loyalty.expiry import Expiry
from custseg.loyalty.program import Program
from custseg.loyalty.redemption import Redemption

__all__ = ["program"]


def program() -> Program:
    """A point for each unit of money, a little more for what a shop likes to see.

    Points can be spent after a fortnight, in hundreds and more, and live to
    the end of the month twelve months after they were earned.

    >>> import custseg as cu
    >>> cu.datasets.program().name
    'Plain'
    """
    return Program(
        "Plain",
        earning=(
            Earn.per("base", 1, per="1.00"),
            Earn.flat("app", 5, when="channel = 'app' AND total > 0"),
            Earn.flat("review", 20, on="review"),
            Earn.flat("referral", 250, on="referral"),
        ),
        pending_days=14,
        expiry=Expiry.after(months=12, end_of="month"),
        redemption=Redemption(point_value="0.01", minimum=100),
    )
