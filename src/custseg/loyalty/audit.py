"""The auditor: what must hold between the frames of a ledger, recomputed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["findings"]

_TEXT = pl.String
_SIGNS = {"earn": (0, None), "redeem": (None, -1), "expire": (None, -1)}


def findings(
    *,
    entries: pl.DataFrame,
    allocations: pl.DataFrame,
    refusals: pl.DataFrame,
    balances: pl.DataFrame,
    instant: int,
) -> pl.DataFrame:
    """Every breach of a law: law, customer_id (as text), subject, finding."""
    books = _Books(entries, allocations, refusals, balances, instant)
    laws = (
        _identity,
        _order,
        _running_balance,
        _sign_and_date,
        _allocated_in_full,
        _allocations_of_lots,
        _lots_add_up,
        _lapses,
        _balances_add_up,
        _balances_of_entries,
        _refused_is_not_posted,
    )
    empty = pl.DataFrame(
        schema={"law": _TEXT, "customer_id": _TEXT, "subject": _TEXT, "finding": _TEXT}
    )
    found = [
        rows.select(
            pl.lit(law).alias("law"),
            pl.col("customer_id").cast(_TEXT),
            pl.col("subject").cast(_TEXT),
            pl.lit(finding).alias("finding"),
        )
        for check in laws
        for law, finding, rows in check(books)
        if rows.height
    ]
    return pl.concat([empty, *found])


@frozen(eq=False)
class _Books:
    entries: pl.DataFrame
    allocations: pl.DataFrame
    refusals: pl.DataFrame
    balances: pl.DataFrame
    instant: int

    def lots(self) -> pl.DataFrame:
        """Lots with what they gave and what lapsed."""
        made = self.entries.filter((pl.col("kind") == "earn") & (pl.col("points") > 0))
        gave = self.allocations.group_by("lot_id").agg(gave=pl.col("points").sum())
        lapses = self.entries.filter(pl.col("kind") == "expire")
        lapsed = lapses.group_by("lot_id").agg(
            lapsed=-pl.col("points").sum(), lapsed_at=pl.col("at").max()
        )
        lots = made.join(gave, on="lot_id", how="left").join(lapsed, on="lot_id", how="left")
        return lots.with_columns(pl.col("gave", "lapsed").fill_null(0)).with_columns(
            left=pl.col("points") - pl.col("gave") - pl.col("lapsed"), subject="lot_id"
        )


_Finding = tuple[str, str, pl.DataFrame]


def _identity(books: _Books) -> Iterator[_Finding]:
    twice = books.entries.filter(pl.col("entry_id").is_duplicated())
    yield "identity", "the entry id stands twice", twice.with_columns(subject="entry_id")
    lots = books.entries.filter((pl.col("kind") == "earn") & pl.col("lot_id").is_not_null())
    twice = lots.filter(pl.col("lot_id").is_duplicated())
    yield "identity", "the lot is made twice", twice.with_columns(subject="lot_id")


def _order(books: _Books) -> Iterator[_Finding]:
    previous = pl.col("customer_id").shift(1)
    moved = books.entries.with_columns(
        subject="entry_id",
        back=(pl.col("customer_id") < previous)
        | ((pl.col("customer_id") == previous) & (pl.col("at") < pl.col("at").shift(1))),
    )
    yield "order", "the entry stands after a later one", moved.filter("back")


def _running_balance(books: _Books) -> Iterator[_Finding]:
    running = pl.col("points").cum_sum().over("customer_id")
    wrong = books.entries.filter(pl.col("balance_after") != running)
    yield "1", "balance_after is not the running sum", wrong.with_columns(subject="entry_id")


def _sign_and_date(books: _Books) -> Iterator[_Finding]:
    entries = books.entries.with_columns(subject="entry_id")
    for kind, (least, most) in _SIGNS.items():
        sign = pl.col("points") < least if most is None else pl.col("points") > most
        yield "sign", f"{kind} has the wrong sign", entries.filter((pl.col("kind") == kind) & sign)
    yield "kind", "the kind is unknown", entries.filter(~pl.col("kind").is_in([*_SIGNS]))
    late = entries.filter(pl.col("at").to_physical() > books.instant)
    yield "11", "the entry lies after the as_of", late


def _allocated_in_full(books: _Books) -> Iterator[_Finding]:
    given = books.allocations.group_by("entry_id").agg(given=pl.col("points").sum())
    spent = books.entries.filter(pl.col("kind") == "redeem").join(given, on="entry_id", how="left")
    short = spent.filter(pl.col("given").fill_null(0) != -pl.col("points"))
    yield "2", "its lots gave another number of points", short.with_columns(subject="entry_id")


def _allocations_of_lots(books: _Books) -> Iterator[_Finding]:
    payers = books.entries.filter(pl.col("kind") == "redeem").select(
        "entry_id", "customer_id", paid_at="at"
    )
    made = books.entries.filter((pl.col("kind") == "earn") & (pl.col("points") > 0)).select(
        "lot_id", "available_at", "expires_at", owner="customer_id"
    )
    rows = books.allocations.join(payers, on="entry_id", how="left").join(
        made, on="lot_id", how="left"
    )
    rows = rows.with_columns(subject="entry_id")
    yield (
        "2",
        "it is allocated points and does not spend",
        rows.filter(pl.col("customer_id").is_null()),
    )
    yield "2", "it is paid by a lot that nobody made", rows.filter(pl.col("owner").is_null())
    yield "2", "it is allocated no points", rows.filter(pl.col("points") <= 0)
    strange = rows.filter(pl.col("owner") != pl.col("customer_id"))
    yield "2", "it is paid by another member's lot", strange
    dated = rows.filter(pl.col("at") != pl.col("paid_at"))
    yield "2", "the allocation has another date than its entry", dated
    early = rows.filter(pl.col("at") < pl.col("available_at"))
    yield "4", "it is paid by a lot that is not available yet", early
    late = rows.filter(pl.col("at") >= pl.col("expires_at"))
    yield "4", "it is paid by a lot that has expired", late


def _lots_add_up(books: _Books) -> Iterator[_Finding]:
    lots = books.lots()
    over = lots.filter(pl.col("left") < 0)
    yield "2", "the lot gave more than it had", over
    kept = lots.filter((pl.col("expires_at").to_physical() <= books.instant) & (pl.col("left") > 0))
    yield "2", "the lot is past its end and has points left", kept
    undated = lots.filter(
        pl.col("available_at").is_null() | (pl.col("available_at") < pl.col("at"))
    )
    yield "lot", "the lot is available before it is earned", undated


def _lapses(books: _Books) -> Iterator[_Finding]:
    made = books.entries.filter((pl.col("kind") == "earn") & (pl.col("points") > 0)).select(
        "lot_id", owner="customer_id", ends="expires_at"
    )
    lapsed = books.entries.filter(pl.col("kind") == "expire").with_columns(subject="entry_id")
    rows = lapsed.join(made, on="lot_id", how="left")
    strange = rows.filter(pl.col("owner").is_null() | (pl.col("owner") != pl.col("customer_id")))
    yield "2", "it ends a lot that the member does not have", strange
    dated = rows.filter(pl.col("owner").is_not_null() & pl.col("at").ne_missing(pl.col("ends")))
    yield "2", "it is not dated at the end of its lot", dated


def _balances_add_up(books: _Books) -> Iterator[_Finding]:
    rows = books.balances.with_columns(subject=pl.lit("balances"))
    held = pl.col("available") + pl.col("pending") - pl.col("debt")
    gone = pl.col("redeemed") + pl.col("expired") + pl.col("clawed_back") - pl.col("forgiven")
    wrong = rows.filter(pl.col("earned") + pl.col("adjusted") != held + gone)
    yield "1", "what came is not what is held and what went", wrong
    indebted = rows.filter((pl.col("available") > 0) & (pl.col("debt") != 0))
    yield "3", "there is debt beside available points", indebted
    below = rows.filter(
        pl.any_horizontal(
            pl.col("available", "pending", "debt", "earned", "redeemed", "expired") < 0
        )
    )
    yield "2", "a balance is below zero", below


def _balances_of_entries(books: _Books) -> Iterator[_Finding]:
    def total(kind: str) -> pl.Expr:
        return pl.col("points").filter(pl.col("kind") == kind).sum()

    sums = books.entries.group_by("customer_id").agg(
        sum=pl.col("points").sum(),
        sum_earned=total("earn"),
        sum_redeemed=-total("redeem"),
        sum_expired=-total("expire"),
    )
    names = ("sum", "sum_earned", "sum_redeemed", "sum_expired")
    rows = books.balances.join(sums, on="customer_id", how="full", coalesce=True)
    rows = rows.with_columns(pl.col(names).fill_null(0), subject=pl.lit("balances"))
    nobody = rows.filter(pl.col("earned").is_null())
    yield "1", "there are entries and no balance", nobody
    held = pl.col("available") + pl.col("pending") - pl.col("debt")
    yield "1", "the entries do not add up to what is held", rows.filter(pl.col("sum") != held)
    parts = [pl.col(f"sum_{name}") != pl.col(name) for name in ("earned", "redeemed", "expired")]
    wrong = rows.filter(pl.any_horizontal(parts))
    yield "1", "earned, redeemed or expired is not what the entries say", wrong
    open_ = pl.col("available_at").to_physical() <= books.instant
    left = books.lots().filter(pl.col("left") > 0)
    due = pl.col("expires_at").min()
    usable = left.group_by("customer_id").agg(
        open=pl.col("left").filter(open_).sum(),
        due=due,
        due_points=pl.col("left").filter(pl.col("expires_at") == due).sum(),
    )
    rows = books.balances.join(usable, on="customer_id", how="left").with_columns(
        pl.col("open", "due_points").fill_null(0), subject=pl.lit("balances")
    )
    wrong = rows.filter(pl.col("open") != pl.col("available"))
    yield "1", "the lots that can be spent are not what is available", wrong
    wrong = rows.filter(
        pl.col("due").ne_missing(pl.col("next_expiry_at"))
        | (pl.col("due_points") != pl.col("next_expiry_points"))
    )
    yield "2", "the next expiry is not that of the lots", wrong


def _refused_is_not_posted(books: _Books) -> Iterator[_Finding]:
    posted = books.entries.filter(pl.col("kind") == "redeem").select(event_id="source")
    refused = books.refusals.with_columns(pl.col("event_id").cast(_TEXT))
    both = refused.join(posted, on="event_id", how="semi")
    yield "refusal", "it is refused and posted", both.with_columns(subject="event_id")
