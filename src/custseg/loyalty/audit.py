"""The auditor: what must hold between the frames of a ledger, recomputed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["findings"]

_TEXT = pl.String
_SIGNS: dict[str, tuple[int | None, int | None]] = {
    "earn": (0, None),
    "redeem": (None, -1),
    "expire": (None, -1),
    "clawback": (None, -1),
    "restore": (1, None),
    "care": (1, None),
    "opening": (1, None),
    "adjust": (None, None),
    "forgive": (None, None),
}
_BRINGS = ("earn", "adjust", "care", "opening")
_TAKES = ("redeem", "adjust", "clawback")
_KEY = ["customer_id", "lot_id"]


def findings(
    *,
    entries: pl.DataFrame,
    allocations: pl.DataFrame,
    refusals: pl.DataFrame,
    balances: pl.DataFrame,
    instant: int,
    moved: pl.DataFrame,
    lots: pl.DataFrame,
) -> pl.DataFrame:
    """Every breach of a law: law, customer_id (as text), subject, finding."""
    books = _Books(entries, allocations, refusals, balances, instant, moved, lots)
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
    moved: pl.DataFrame
    lots_now: pl.DataFrame

    def made(self) -> pl.DataFrame:
        """Entries that made a lot."""
        brings = pl.col("kind").is_in(_BRINGS) & pl.col("lot_id").is_not_null()
        return self.entries.filter(brings & (pl.col("points") > 0))

    def takers(self) -> pl.DataFrame:
        """Entries that took points, with what was given back of each since."""
        takes = pl.col("kind").is_in(_TAKES) & (pl.col("points") < 0)
        return self.entries.filter(takes).with_columns(took=-pl.col("points"))

    def given(self) -> pl.DataFrame:
        """Allocations with who was allocated them."""
        payers = self.takers().select("entry_id", "customer_id", "kind", paid_at="at")
        return self.allocations.join(payers, on="entry_id", how="left")

    def lots(self) -> pl.DataFrame:
        """Lots with what they gave and what lapsed."""
        gave = self.given().group_by(_KEY).agg(gave=pl.col("points").sum())
        lapses = self.entries.filter(pl.col("kind") == "expire")
        lapsed = lapses.group_by(_KEY).agg(lapsed=-pl.col("points").sum())
        lots = self.made().join(gave, on=_KEY, how="left").join(lapsed, on=_KEY, how="left")
        return lots.with_columns(pl.col("gave", "lapsed").fill_null(0)).with_columns(
            left=pl.col("points") - pl.col("gave") - pl.col("lapsed"), subject="lot_id"
        )


_Finding = tuple[str, str, pl.DataFrame]


def _identity(books: _Books) -> Iterator[_Finding]:
    twice = books.entries.filter(pl.col("entry_id").is_duplicated())
    yield "identity", "the entry id stands twice", twice.with_columns(subject="entry_id")
    lots = books.made()
    twice = lots.filter(pl.struct(_KEY).is_duplicated())
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
        if least is None and most is None:
            continue
        sign = pl.col("points") < least if most is None else pl.col("points") > most
        yield "sign", f"{kind} has the wrong sign", entries.filter((pl.col("kind") == kind) & sign)
    yield "kind", "the kind is unknown", entries.filter(~pl.col("kind").is_in([*_SIGNS]))
    late = entries.filter(pl.col("at").to_physical() > books.instant)
    yield "11", "the entry lies after the as_of", late


def _allocated_in_full(books: _Books) -> Iterator[_Finding]:
    """What lots gave, what was forgiven and what is owed is what entries took."""
    given = books.given().group_by("entry_id").agg(given=pl.col("points").sum())
    spent = books.takers().join(given, on="entry_id", how="left", maintain_order="left")
    spent = spent.with_columns(pl.col("given").fill_null(0), subject="entry_id")
    over = (pl.col("given") > pl.col("took")) | (pl.col("given") < 0)
    yield "2", "its lots gave more than it took, or less than nothing", spent.filter(over)
    back = books.entries.filter(pl.col("kind").is_in(["restore", "forgive"]))
    back = back.group_by("customer_id").agg(back=pl.col("points").sum())
    owed = spent.group_by("customer_id").agg(owed=(pl.col("took") - pl.col("given")).sum())
    rows = books.balances.join(owed, on="customer_id", how="left")
    rows = rows.join(back, on="customer_id", how="left")
    rows = rows.with_columns(pl.col("owed", "back").fill_null(0), subject=pl.lit("balances"))
    wrong = rows.filter(pl.col("owed") - pl.col("back") != pl.col("debt"))
    yield "2", "what its lots did not give is not its debt", wrong


def _allocations_of_lots(books: _Books) -> Iterator[_Finding]:
    rows = books.given().with_columns(subject="entry_id")
    nobody = pl.col("customer_id").is_null()
    yield "2", "it is allocated points and does not spend", rows.filter(nobody)
    made = books.made().select(*_KEY, "available_at", "expires_at", owner="customer_id")
    rows = rows.filter(~nobody).join(made, on=_KEY, how="left")
    yield "2", "it is paid by a lot that the member has not", rows.filter(pl.col("owner").is_null())
    yield "2", "it is allocated no points", rows.filter(pl.col("points") == 0)
    dated = rows.filter(pl.col("at") < pl.col("paid_at"))
    yield "2", "the allocation precedes its entry", dated
    spends = pl.col("kind").is_in(["redeem", "adjust"]) & (pl.col("points") > 0)
    early = rows.filter(spends & (pl.col("at") < pl.col("available_at")))
    yield "4", "it is paid by a lot that is not available yet", early
    spends = spends & (pl.col("at") == pl.col("paid_at"))
    late = rows.filter(spends & (pl.col("at") >= pl.col("expires_at")))
    brought_back = books.moved.select(_KEY).unique()
    yield "4", "it is paid by a lot that has expired", late.join(brought_back, on=_KEY, how="anti")


def _lots_add_up(books: _Books) -> Iterator[_Finding]:
    lots = books.lots()
    over = lots.filter(pl.col("left") < 0)
    yield "2", "the lot gave more than it had", over
    ended = (pl.col("expires_at").to_physical() <= books.instant) & (pl.col("left") > 0)
    kept = lots.filter(ended).join(books.moved.select(_KEY).unique(), on=_KEY, how="anti")
    yield "2", "the lot is past its end and has points left", kept
    undated = lots.filter(
        pl.col("available_at").is_null() | (pl.col("available_at") < pl.col("at"))
    )
    yield "lot", "the lot is available before it is earned", undated


def _lapses(books: _Books) -> Iterator[_Finding]:
    made = books.made().select(*_KEY, owner="customer_id", ends="expires_at")
    lapsed = books.entries.filter(pl.col("kind") == "expire").with_columns(subject="entry_id")
    rows = lapsed.join(made, on=_KEY, how="left")
    strange = rows.filter(pl.col("owner").is_null())
    yield "2", "it ends a lot that the member does not have", strange
    # What a cancel or a close ends, or idleness, has a date of its own.
    dated = rows.filter(
        pl.col("owner").is_not_null()
        & (pl.col("at") != pl.col("ends"))
        & (pl.format("{}:{}", "source_kind", "source") == pl.col("lot_id"))
    )
    dated = dated.join(books.moved.select(_KEY).unique(), on=_KEY, how="anti")
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
            pl.col("available", "pending", "debt", "earned", "expired", "clawed_back") < 0
        )
    )
    yield "2", "a balance is below zero", below


def _balances_of_entries(books: _Books) -> Iterator[_Finding]:
    def total(*kinds: str) -> pl.Expr:
        return pl.col("points").filter(pl.col("kind").is_in(kinds)).sum()

    sums = books.entries.group_by("customer_id").agg(
        sum=pl.col("points").sum(),
        sum_earned=total("earn"),
        sum_redeemed=-total("redeem", "restore"),
        sum_expired=-total("expire"),
        sum_clawed_back=-total("clawback"),
        sum_adjusted=total("adjust", "care", "opening"),
        sum_forgiven=total("forgive"),
    )
    parts = ("earned", "redeemed", "expired", "clawed_back", "adjusted", "forgiven")
    names = ("sum", *(f"sum_{name}" for name in parts))
    rows = books.balances.join(sums, on="customer_id", how="full", coalesce=True)
    rows = rows.with_columns(pl.col(names).fill_null(0), subject=pl.lit("balances"))
    nobody = rows.filter(pl.col("earned").is_null())
    yield "1", "there are entries and no balance", nobody
    held = pl.col("available") + pl.col("pending") - pl.col("debt")
    yield "1", "the entries do not add up to what is held", rows.filter(pl.col("sum") != held)
    wrong = rows.filter(pl.any_horizontal(pl.col(f"sum_{name}") != pl.col(name) for name in parts))
    yield "1", "a total is not what the entries say", wrong
    open_ = pl.col("available_at").to_physical() <= books.instant
    left = books.lots().filter(pl.col("left") > 0)
    current = books.lots_now.select(*_KEY, current="expires_at")
    left = left.join(current, on=_KEY, how="left")
    due = pl.col("current").min()
    usable = left.group_by("customer_id").agg(
        open=pl.col("left").filter(open_).sum(),
        due=due,
        due_points=pl.col("left").filter(pl.col("current") == due).sum(),
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
    asks = pl.col("kind").is_in(["redeem", "clawback", "restore"])
    posted = books.entries.filter(asks & (pl.col("source_kind") == "event"))
    posted = posted.select(event_id="source")
    refused = books.refusals.with_columns(pl.col("event_id").cast(_TEXT))
    both = refused.join(posted, on="event_id", how="semi")
    yield "refusal", "it is refused and posted", both.with_columns(subject="event_id")
