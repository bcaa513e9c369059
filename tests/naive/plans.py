"""Slow obvious twin of a playbook's plan: one customer after the other, in plain words."""

from __future__ import annotations

import datetime as dt


def contacts(who, events, kinds, days, today, zone):
    """How often a customer was contacted in the last local days, today included."""
    first = today - dt.timedelta(days=days - 1)
    return sum(
        1
        for each, at, kind in events
        if each == who and kind in kinds and first <= at.astimezone(zone).date() <= today
    )


def decision(segment, said, strategies, contacted, most, *, is_known, assumed):
    """The channel on which a customer is reached, or why it is left out: one of the two is None."""
    strategy = strategies[segment]
    if not is_known:
        return None, "not in the base"
    if strategy is None:
        return None, "nothing planned"
    if said is None and not assumed:
        return None, "consent unknown"
    agreed = strategy[0] if said is None else [each for each in strategy[0] if each in said]
    if not agreed:
        return None, "no consent"
    if most is not None and contacted >= most:
        return None, "contact limit"
    return agreed[0], None


def plan(segments, consents, known, strategies, events, *, limit, today, zone, assumed):
    """Who is reached (priority, id, channel), in order; and who is not (id, reason), by id.

    Args:
        segments: The segment of each customer.
        consents: What each consents to; None, or nobody, has said nothing.
        known: Who is in the base.
        strategies: For each segment its channels and priority, or None.
        events: Customer, instant and kind.
        limit: How many contacts, in how many days, of which kinds; or None.
        today: The local date of the as_of.
        zone: Where local days are.
        assumed: Whether silence is consent.
    """
    reached, left = [], []
    most, days, kinds = limit or (None, 1, ())
    for who, segment in sorted(segments.items()):
        contacted = contacts(who, events, kinds, days, today, zone)
        channel, reason = decision(
            segment,
            consents.get(who),
            strategies,
            contacted,
            most,
            is_known=who in known,
            assumed=assumed,
        )
        if reason is None:
            reached.append((strategies[segment][1], who, channel))
        else:
            left.append((who, reason))
    return sorted(reached), left
