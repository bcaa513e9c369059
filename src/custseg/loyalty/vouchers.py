"""Vouchers: a code for each redemption, made of a secret key and the entry's id."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

import polars as pl

from custseg.errors import LedgerError

if TYPE_CHECKING:
    from custseg.loyalty.ledger import Ledger

__all__ = ["voucher_code", "vouchers"]

# Digits and letters that are not mistaken for each other (Crockford 2019).
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BITS, _CODE = 5, 80
_GROUP = 4
_SHORTEST_KEY = 16


def voucher_code(key: bytes, entry_id: str, /) -> str:
    """The code of an entry: 80 bits of HMAC-SHA256, in four groups of four.

    The same key and entry give the same code; without the key, nobody can
    make one or tell one from a guess.

    Args:
        key: At least 16 secret bytes, kept by the caller.
        entry_id: The entry's id.

    Raises:
        LedgerError: when the key is no bytes, or too short to be a secret.

    >>> import custseg as cu
    >>> cu.voucher_code(b"sixteen bytes or more", "Blue|redeem|event:9")
    '2WCY-KRQ0-CAQR-HJCB'
    """
    _check(key)
    digest = hmac.new(key, entry_id.encode(), hashlib.sha256).digest()
    number = int.from_bytes(digest[: _CODE // 8], "big")
    letters = [
        _LETTERS[number >> shift & (1 << _BITS) - 1] for shift in range(_CODE - _BITS, -1, -_BITS)
    ]
    groups = range(0, len(letters), _GROUP)
    return "-".join("".join(letters[start : start + _GROUP]) for start in groups)


def _check(key: object) -> None:
    if isinstance(key, bytes) and len(key) >= _SHORTEST_KEY:
        return
    what = f"a key of {len(key)} bytes" if isinstance(key, bytes) else type(key).__name__
    raise LedgerError(
        f"{what} is no secret",
        where="key",
        fix=f"give {_SHORTEST_KEY} secret bytes or more: secrets.token_bytes(32), kept safely",
    )


def vouchers(ledger: Ledger, key: bytes) -> pl.DataFrame:
    """The code of each redemption that stands, by customer and order of things.

    One that was cancelled has given its points back, and has no code.

    Returns:
        entry_id, customer_id, at, source, reward, points (above 0) and code.
    """
    _check(key)
    paid = ledger.allocations.group_by("entry_id").agg(paid=pl.col("points").sum())
    redeemed = ledger.entries.filter(pl.col("kind") == "redeem")
    live = redeemed.join(paid, on="entry_id", maintain_order="left").filter(
        pl.col("paid") == -pl.col("points")
    )
    codes = [voucher_code(key, entry_id) for entry_id in live["entry_id"]]
    return live.select(
        "entry_id", "customer_id", "at", "source", reward="rule", points="paid"
    ).with_columns(code=pl.Series(codes, dtype=pl.String))
