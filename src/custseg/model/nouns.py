"""The nouns: each class is an entity and declares a table."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import ClassVar

from custseg.schema.record import column, record

__all__ = ["Customer", "Entry", "Event", "Feedback", "Opportunity", "Order", "OrderLine", "Ticket"]


@record
class Customer:
    """A person or household that buys, or may buy.

    >>> import custseg as cu
    >>> cu.Customer(customer_id=7, region="north").region
    'north'
    """

    customer_id: int | str = column("id", doc="Who it is, in every log.")
    joined_at: dt.datetime | str | None = column(
        "instant", default=None, doc="When membership began."
    )
    birth_date: dt.date | str | None = column("date", default=None, doc="Day of birth.")
    name: str | None = column("text", default=None, doc="How the customer is addressed.")
    email: str | None = column("text", default=None, doc="E-mail address.")
    phone: str | None = column("text", default=None, doc="Telephone number.")
    region: str | None = column("text", default=None, doc="Where the customer lives.")
    gender: str | None = column("text", default=None, doc="Gender as the customer gave it.")
    acquired_via: str | None = column("text", default=None, doc="Channel of the first contact.")
    consent: list[str] | None = column(
        "texts", default=None, doc="Channels on which the customer may be written to."
    )
    referred_by: int | str | None = column("id", default=None, doc="The customer who referred.")


@record
class Order:
    """A purchase; a negative total is a return.

    >>> import custseg as cu
    >>> order = cu.Order(order_id=1, customer_id=7, ordered_at="2026-05-01T10:00Z", total="19.99")
    >>> cu.table(cu.Order).frame([order])["total"].item()
    Decimal('19.99')
    """

    order_id: int | str = column("id", doc="The order.")
    customer_id: int | str = column("id", doc="Who bought.")
    ordered_at: dt.datetime | str = column("instant", doc="When it was bought.")
    total: Decimal | int | float | str = column(
        "money", doc="What was paid; negative for a return, zero for a free order."
    )
    channel: str | None = column("text", default=None, doc="App, web, store, ...")
    store: str | None = column("text", default=None, doc="Which shop.")
    status: str | None = column("text", default=None, doc="Free text; no engine reads it.")
    paid_with_points: Decimal | int | float | str | None = column(
        "money",
        default=None,
        within=(0, None),
        doc="The part paid with points; it earns nothing, and is 0 or more.",
    )


@record
class OrderLine:
    """One line of an order: a product, how many, what it cost together.

    Order and line number tell a line from another. Without a line number every
    row counts, since one till slip may well name a product twice. Where rows
    may have been delivered twice, `admit(..., ids="content")` numbers the lines
    so that exact copies count once.

    >>> import custseg as cu
    >>> [name for name in cu.table(cu.OrderLine).schema][:3]
    ['order_id', 'line', 'customer_id']
    """

    __key__: ClassVar[tuple[str, ...]] = ("order_id", "line")

    order_id: int | str = column("id", doc="The order the line belongs to.")
    line: int | None = column("integer", default=None, doc="Number of the line in its order.")
    customer_id: int | str = column("id", doc="Who bought.")
    ordered_at: dt.datetime | str = column("instant", doc="When it was bought.")
    product_id: int | str | None = column("id", default=None, doc="What was bought.")
    category: str | None = column("text", default=None, doc="Its category.")
    quantity: float | None = column("number", default=None, doc="How many; negative for returns.")
    total: Decimal | int | float | str = column("money", doc="What the line cost together.")


@record
class Event:
    """Any touch that is not an order: browse, cart, review, redeem, ...

    >>> import custseg as cu
    >>> cu.Event(event_id=1, customer_id=7, at="2026-05-01", kind="redeem", points=500).points
    500
    """

    event_id: int | str = column("id", doc="The event.")
    customer_id: int | str = column("id", doc="Whose event it is.")
    at: dt.datetime | str = column("instant", doc="When it happened.")
    kind: str = column("text", doc="What happened.")
    amount: Decimal | int | float | str | None = column(
        "money", default=None, doc="Money the event is about."
    )
    points: int | None = column("integer", default=None, doc="Points the event is about.")
    refers_to: int | str | None = column("id", default=None, doc="Order or event it is about.")
    channel: str | None = column("text", default=None, doc="App, web, store, ...")
    reward: str | None = column("text", default=None, doc="The reward that is asked for.")
    session: int | str | None = column("id", default=None, doc="The visit it belongs to.")


@record
class Feedback:
    """An answer to a satisfaction question.

    >>> import custseg as cu
    >>> cu.Feedback(feedback_id=1, at="2026-05-01", kind="nps", score=9).score
    9
    """

    feedback_id: int | str = column("id", doc="The answer.")
    customer_id: int | str | None = column("id", default=None, doc="Who answered; null if unnamed.")
    at: dt.datetime | str = column("instant", doc="When it was given.")
    kind: str = column("text", doc="nps (0 to 10), csat (1 to 5) or ces (1 to 7).")
    score: int = column(
        "integer",
        within=("kind", {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}),
        doc="The score, on the scale of its kind.",
    )
    touchpoint: str | None = column("text", default=None, doc="What was asked about.")
    comment: str | None = column("text", default=None, doc="In the customer's words.")


@record
class Ticket:
    """A request or complaint.

    >>> import custseg as cu
    >>> cu.Ticket(ticket_id=1, customer_id=7, opened_at="2026-05-01").resolved_at is None
    True
    """

    ticket_id: int | str = column("id", doc="The ticket.")
    customer_id: int | str = column("id", doc="Who asked.")
    opened_at: dt.datetime | str = column("instant", doc="When it was opened.")
    first_response_at: dt.datetime | str | None = column(
        "instant", default=None, doc="When it was first answered."
    )
    resolved_at: dt.datetime | str | None = column(
        "instant", default=None, doc="When it was settled."
    )
    category: str | None = column("text", default=None, doc="What it is about.")
    priority: str | None = column("text", default=None, doc="How urgent it is.")
    channel: str | None = column("text", default=None, doc="Mail, phone, chat, ...")
    reopened: bool | None = column("boolean", default=None, doc="Whether it was reopened.")
    compensation: Decimal | int | float | str | None = column(
        "money", default=None, doc="What was paid to make good."
    )


@record
class Opportunity:
    """A sale in the making.

    >>> import custseg as cu
    >>> cu.Opportunity(opportunity_id=1, customer_id=7, opened_at="2026-05-01", stage="offer").stage
    'offer'
    """

    opportunity_id: int | str = column("id", doc="The opportunity.")
    customer_id: int | str = column("id", doc="Who may buy.")
    opened_at: dt.datetime | str = column("instant", doc="When it was opened.")
    stage: str = column("text", doc="How far it has come.")
    amount: Decimal | int | float | str | None = column(
        "money", default=None, doc="What it would bring."
    )
    closed_at: dt.datetime | str | None = column("instant", default=None, doc="When it ended.")
    won: bool | None = column("boolean", default=None, doc="Whether it ended in a sale.")
    owner: str | None = column("text", default=None, doc="Who works on it.")


@record
class Entry:
    """One posting of a points ledger.

    >>> import custseg as cu
    >>> cu.table(cu.Entry).schema["points"]
    Int64
    """

    entry_id: str = column("id", doc="The entry; made from program, kind, source and lot.")
    customer_id: int | str = column("id", doc="Whose points.")
    at: dt.datetime | str = column("instant", doc="When it counts from.")
    kind: str = column(
        "text", doc="earn, redeem, expire, clawback, restore, adjust, forgive, care or opening."
    )
    points: int = column("integer", doc="Signed points.")
    balance_after: int = column("integer", doc="Running sum of the customer's entries.")
    lot_id: str | None = column("text", default=None, doc="The lot it made or took from.")
    source: str = column("text", doc="Id of the order or event, as text.")
    source_kind: str = column("text", doc="order, event or care.")
    rule: str | None = column("text", default=None, doc="Rules that took part, joined by +.")
    version: int = column("integer", doc="Version of the program.")
    desired: int | None = column("integer", default=None, doc="Points before the program's cap.")
    cap: str | None = column("text", default=None, doc="The cap that bound, if any.")
    available_at: dt.datetime | str | None = column(
        "instant", default=None, doc="First instant the lot can be spent."
    )
    expires_at: dt.datetime | str | None = column(
        "instant", default=None, doc="First instant it can no longer be spent."
    )
