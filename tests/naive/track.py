"""Slow obvious twins of the history kernels: rows are looked at anew for each period."""

from __future__ import annotations

from itertools import pairwise

NEVER, LATEST, ABSENT = -(2**63), 2**63 - 1, 255


def count(instants, cuts):
    """How many instants lie before the first cut, between each two, from the last one on."""
    edges = [float("-inf"), *cuts, float("inf")]
    return [sum(low <= at < high for at in instants) for low, high in pairwise(edges)]


def part(rows, cuts):
    """Rows (id, instant, total) before the last cut, by the cuts that they have reached."""
    kept = [row for row in rows if row[1] < cuts[-1]]
    return sorted(kept, key=lambda row: sum(cut <= row[1] for cut in cuts))


def advance(rows, spans, customers, *, gross):
    """A row for each customer: last and first order, then each window's orders, spend, gross.

    Rows are (customer, instant, total), spans (first, last) instants; the
    first span holds all that is seen.
    """
    folded = []
    for customer in customers:
        own = [(at, total) for who, at, total in rows if who == customer and at <= spans[0][1]]
        bought = [at for at, total in own if total >= 0]
        found = [max(bought, default=NEVER), min(bought, default=LATEST)]
        for low, high in spans:
            inside = [total for at, total in own if low <= at <= high]
            sales = [total for total in inside if total >= 0]
            found += [len(sales), sum(inside)]
            found += [sum(sales)] if gross else []
        folded.append(found)
    return folded


def label(rows, spans, period, customers, entered, axes, names):
    """The name of each customer's cell at the end of a period; ABSENT before it is one.

    Args:
        rows: (customer, instant, total).
        spans: Those of the period, as `advance` takes them.
        period: Which one it is.
        customers: Who there is.
        entered: The first period in which each is a customer without orders.
        axes: Column of the fold, and a list of starts for each cell of the
            axes before, or one for all of them.
        names: The label of each cell.
    """
    labels = []
    folded = advance(rows, spans, customers, gross=False)
    for customer, first, state in zip(customers, entered, folded, strict=True):
        came = any(who == customer and at <= spans[0][1] for who, at, _ in rows)
        cell = 0
        for slot, groups in axes:
            cuts = groups[cell] if len(groups) > 1 else groups[0]
            cell = cell * (len(cuts) + 1) + sum(cut <= state[slot] for cut in cuts)
        labels.append(names[cell] if came or first <= period else ABSENT)
    return labels


def stays(codes, absent, days):
    """Customer, label, first day, first day of the next stay and days of each stay."""
    found = []
    for customer in range(len(codes[0])):
        own = [row[customer] for row in codes]
        begins = [
            p for p, code in enumerate(own) if code != absent and (p == 0 or code != own[p - 1])
        ]
        for begin, after in pairwise([*begins, None]):
            left = None if after is None else days[after]
            dwelt = (days[-1] if left is None else left) - days[begin]
            found.append((customer, own[begin], days[begin], left, dwelt))
    return found
