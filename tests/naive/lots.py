"""Points as lots, in lists: the twin of the lot kernel."""

from __future__ import annotations

NEVER = 2**63 - 1
ORDER, ACTION, REDEEM = 5, 6, 9


def interleave(left, right):
    """Rows of two logs as one: each log is a list (member) of lists of (at, rank)."""
    total = sum(len(rows) for rows in left)
    offsets, order = [0], []
    first_left = first_right = 0
    for ours, theirs in zip(left, right, strict=True):
        rows = [(key, 0, first_left + i) for i, key in enumerate(ours)]
        rows += [(key, 1, total + first_right + i) for i, key in enumerate(theirs)]
        order += [row for _, _, row in sorted(rows)]
        offsets.append(len(order))
        first_left += len(ours)
        first_right += len(theirs)
    return offsets, order


def fold_lots(members, opens, ends, until, *, oldest_first):
    """Each member is a list of (at, rank, points, day); rows are numbered through.

    Returns the totals (a tuple a member), the rows refused, the takings.
    """
    totals, refused, takings, row = [], [], [], 0
    for rows in members:
        lots, sums = [], {"earned": 0, "redeemed": 0, "expired": 0}
        for at, rank, points, day in [*rows, (until, None, 0, 0)]:
            for lot in sorted(lots, key=lambda lot: (lot["ends"], lot["row"])):
                if lot["ends"] <= at and lot["left"]:
                    takings.append((-1 - row, lot["row"], lot["left"]))
                    sums["expired"] += lot["left"]
                    lot["left"] = 0
            usable = [lot for lot in lots if lot["opens"] <= at]
            if rank in {ORDER, ACTION} and points:
                sums["earned"] += points
                lots.append({"row": row, "left": points, "opens": opens[day], "ends": ends[day]})
            elif rank == REDEEM and points > sum(lot["left"] for lot in usable):
                refused.append(row)
            elif rank == REDEEM:
                sums["redeemed"] += points
                keys = ("row",) if oldest_first else ("ends", "row")
                due = points
                for lot in sorted(usable, key=lambda lot: tuple(lot[key] for key in keys)):
                    part = min(due, lot["left"])
                    if part:
                        takings.append((row, lot["row"], part))
                    lot["left"] -= part
                    due -= part
            row += rank is not None
        pending = sum(lot["left"] for lot in lots if lot["opens"] > until)
        live = [lot for lot in lots if lot["left"] and lot["ends"] < NEVER]
        next_at = min((lot["ends"] for lot in live), default=NEVER)
        totals.append(
            (
                sum(lot["left"] for lot in lots) - pending,
                pending,
                sums["earned"],
                sums["redeemed"],
                sums["expired"],
                next_at,
                sum(lot["left"] for lot in live if lot["ends"] == next_at),
            )
        )
    return totals, refused, takings
