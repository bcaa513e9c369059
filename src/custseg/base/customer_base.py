"""CustomerBase: the logs seen as of an instant."""

from __future__ import annotations

from functools import cached_property
from numbers import Real
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl
from attrs import field, frozen

from custseg.base.changes import (
    appended,
    known_logs,
    merged_ids,
    of_customers,
    one_each,
    renamed,
    scored,
)
from custseg.base.folded import OrderLog
from custseg.base.instant import as_of_at, as_of_of, latest, shown
from custseg.base.logs import LOGS, seen
from custseg.base.measures import measure_frame
from custseg.base.reductions import from_fold
from custseg.base.sight import customer_rows
from custseg.base.trust import CUSTOMERS, described, table_of, trusted
from custseg.errors import SchemaError
from custseg.rules.rule import Rule

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from custseg.base.measure import Measure
    from custseg.base.span import AsOf

__all__ = ["CustomerBase"]

Rows = pl.DataFrame | pl.LazyFrame | None

# Orders whose arrays and ids are worth their memory while the base lives.
_FEW = 100_000


@frozen(eq=False, init=False, repr=False)
class CustomerBase:
    """Customers and their logs, as they were known at an instant.

    All logs are kept whole; `as_of` only says how much of them is seen, so it
    moves both ways and nothing later ever leaks in. Frames are what the door
    returns (`cu.table(...).admit(...)`); rows are not checked twice.

    Attributes:
        currency: What money is, an ISO 4217 code.
        tz: The zone of local days.
        scale: Decimals of the currency.
        when: The as_of, with its local day.
        customers: Who there is, or None; without history, shown as it is.
        scores: What `with_measures` added, or None.
        known: What was measured already, by name: a base never changes, so
            that all who ask share it. Another as_of is another base.

    >>> import custseg as cu, polars as pl
    >>> orders = cu.table(cu.Order).require(
    ...     pl.DataFrame(
    ...         {
    ...             "order_id": [1, 2, 3],
    ...             "customer_id": [7, 7, 8],
    ...             "ordered_at": ["2026-03-01", "2026-05-01", "2026-05-20"],
    ...             "total": [10, 20, 5],
    ...         }
    ...     )
    ... )
    >>> base = cu.CustomerBase(orders=orders).as_of("2026-06-01")
    >>> base.measures("orders", "spend_30d", "recency_days").rows()
    [(7, 2, 0.0, 31), (8, 1, 5.0, 12)]
    """

    currency: str
    tz: str
    scale: int
    when: AsOf
    customers: pl.DataFrame | None
    scores: pl.DataFrame | None
    _frames: dict[str, pl.DataFrame] = field(alias="frames")
    known: dict[str, pl.Series] = field(factory=dict, init=False)

    def __init__(
        self,
        *,
        orders: Rows = None,
        lines: Rows = None,
        customers: Rows = None,
        events: Rows = None,
        feedback: Rows = None,
        tickets: Rows = None,
        opportunities: Rows = None,
        currency: str = "EUR",
        tz: str = "UTC",
    ) -> None:
        """A base of at least one log, seen at the latest instant in its logs.

        Args:
            orders: Orders.
            lines: Order lines.
            customers: Who there is; everyone in a log is a customer anyway.
            events: Events.
            feedback: Answers to satisfaction questions.
            tickets: Requests and complaints.
            opportunities: Sales in the making.
            currency: What money is, an ISO 4217 code.
            tz: The zone of local days.

        Raises:
            SchemaError: when there is no log, a frame is not of its table, or
                ids are of different types; all reasons at once.
        """
        scale = table_of("orders", currency, tz).scale
        given = {
            "orders": orders,
            "lines": lines,
            "events": events,
            "feedback": feedback,
            "tickets": tickets,
            "opportunities": opportunities,
            CUSTOMERS: customers,
        }
        frames = {name: rows for name, rows in given.items() if rows is not None}
        if not frames.keys() - {CUSTOMERS}:
            fix = f"give at least one of {', '.join(f'{name}=' for name in LOGS)}"
            raise SchemaError("a base needs a log", where="CustomerBase", fix=fix)
        logs = trusted(frames, currency, tz, where="CustomerBase")
        known = logs.pop(CUSTOMERS, None)
        when = as_of_at(latest(logs, known), tz)
        self.__attrs_init__(currency, tz, scale, when, known, None, logs)  # type: ignore[attr-defined]

    def _changed(self, **changes: Any) -> CustomerBase:
        """A base that differs in some attributes."""
        made = CustomerBase.__new__(CustomerBase)
        parts: dict[str, Any] = {
            "currency": self.currency,
            "tz": self.tz,
            "scale": self.scale,
            "when": self.when,
            "customers": self.customers,
            "scores": self.scores,
            "frames": self._frames,
        }
        made.__attrs_init__(**{**parts, **changes})  # type: ignore[attr-defined]
        return made

    # What is seen

    def as_of(self, when: dt.date | dt.datetime | str, /) -> CustomerBase:
        """The same logs seen at another instant, earlier or later.

        Args:
            when: A day (or its ISO text) counts through its local end; a
                datetime counts everything at or before it.

        Raises:
            SchemaError: when `when` is neither.
        """
        moved = as_of_of(when, self.tz)
        scores = self.scores if moved.instant == self.when.instant else None
        return self._changed(when=moved, scores=scores)

    @property
    def instant(self) -> dt.datetime:
        """The as_of: everything at or before it is seen."""
        return shown(self.when.instant)

    @property
    def day(self) -> dt.date:
        """The local day of the as_of."""
        return self.when.day

    def has(self, log: str) -> bool:
        """Whether the base was given a log."""
        return log in self._frames

    def log(self, name: str) -> pl.DataFrame:
        """A log whole, later rows included; empty when there is none."""
        if name in self._frames:
            return self._frames[name]
        empty = table_of(name, self.currency, self.tz).schema.to_frame()
        return empty.with_columns(pl.col("customer_id").cast(self.id_type))

    @property
    def order_log(self) -> OrderLog:
        """The orders whole, as they are folded; of a few orders all of it is kept."""
        few = self.has("orders") and self._frames["orders"].height < _FEW
        return self._order_log if few else OrderLog(self.log("orders"))

    @cached_property
    def _order_log(self) -> OrderLog:
        return OrderLog(self.log("orders"))

    def view(self, name: str) -> pl.DataFrame:
        """A log as it is seen at the as_of; empty when there is none."""
        return seen(self.log(name), LOGS[name], self.when.instant)

    @property
    def orders(self) -> pl.DataFrame | None:
        """Orders by the as_of, in the order they came."""
        return self.view("orders") if self.has("orders") else None

    @property
    def lines(self) -> pl.DataFrame | None:
        """Order lines by the as_of."""
        return self.view("lines") if self.has("lines") else None

    @property
    def events(self) -> pl.DataFrame | None:
        """Events by the as_of."""
        return self.view("events") if self.has("events") else None

    @property
    def feedback(self) -> pl.DataFrame | None:
        """Feedback by the as_of."""
        return self.view("feedback") if self.has("feedback") else None

    @property
    def tickets(self) -> pl.DataFrame | None:
        """Tickets opened by the as_of; what came later is not in them yet."""
        return self.view("tickets") if self.has("tickets") else None

    @property
    def opportunities(self) -> pl.DataFrame | None:
        """Opportunities opened by the as_of; those that ended later are open."""
        return self.view("opportunities") if self.has("opportunities") else None

    @property
    def customer_ids(self) -> pl.Series:
        """The population, sorted: who had joined, and who had a row in any log."""
        if "customer_id" not in self.known:
            self.known["customer_id"] = self._population()
        return self.known["customer_id"]

    def _population(self) -> pl.Series:
        found: list[pl.Series] = []
        for name in self._frames:
            if name == "orders":
                found.append(from_fold(self.order_log, (), self.when, self.scale)[0])
            else:
                found.append(self.view(name)["customer_id"].unique().drop_nulls())
        if self.customers is not None:
            joined = pl.col("joined_at").to_physical() <= self.when.instant
            by_then = self.customers.filter(joined.fill_null(value=True))
            found.append(by_then["customer_id"])
        if len(found) == 1 and "orders" in self._frames:
            return found[0]
        return pl.concat(found).unique().sort().alias("customer_id")

    @property
    def id_type(self) -> pl.DataType:
        """The type of customer_id in all frames: Int64 or String."""
        return next(iter(self._frames.values()))["customer_id"].dtype

    @property
    def is_only_orders(self) -> bool:
        """Whether orders are all there is."""
        return self.customers is None and list(self._frames) == ["orders"]

    @property
    def customer_columns(self) -> tuple[str, ...]:
        """What `customers` says of each, the id aside."""
        if self.customers is None:
            return ()
        return tuple(name for name in self.customers.columns if name != "customer_id")

    @property
    def score_names(self) -> tuple[str, ...]:
        """Names that `with_measures` added for this as_of."""
        return () if self.scores is None else tuple(self.scores.columns[1:])

    # What is asked

    def measures(self, *names: str | Measure) -> pl.DataFrame:
        """Named values per customer: one row for each, sorted by customer_id.

        Each log is read once, however many measures are asked for.

        Args:
            *names: Measure names (the name is the spec), columns of
                `customers`, scores, or `cu.Measure`s.

        Raises:
            SchemaError: for names that nothing provides, all at once.
        """
        return measure_frame(self, names)

    def where(self, rule: Rule | str | pl.Expr, /) -> CustomerBase:
        """The base of the customers for whom a rule holds; null is no.

        Raises:
            RuleError: when the rule cannot be read, or reads what is not there.

        >>> import custseg as cu
        >>> shop = cu.datasets.simulate(200, 365, seed=1).base()
        >>> regulars = shop.where("orders >= 3")
        >>> regulars.measures("orders")["orders"].min() >= 3
        True
        """
        asked = rule if isinstance(rule, Rule) else Rule("where", rule)
        rows = customer_rows(self, asked)
        return self._only(rows.filter(asked.hits(rows))["customer_id"])

    def sample(self, share: float, *, seed: int = 0) -> CustomerBase:
        """The base of a random share of the customers, whatever the row order.

        Raises:
            SchemaError: when `share` is not within 0 and 1.
        """
        if not (isinstance(cast("object", share), Real) and 0 <= share <= 1):
            raise SchemaError(
                f"a share of {share!r} cannot be drawn",
                where="sample",
                fix="give a number from 0 to 1",
            )
        ids = self.customer_ids
        drawn = np.random.default_rng(seed).permutation(ids.len())[: round(share * ids.len())]
        return self._only(ids.gather(np.sort(drawn)))

    # What is changed

    def with_measures(self, rows: pl.DataFrame, /) -> CustomerBase:
        """The base with scores or warehouse columns as measures, for this as_of.

        Args:
            rows: customer_id and a column for each new measure; customers that
                it lacks have null.

        Raises:
            SchemaError: when names clash, a customer stands twice, or a row is
                of nobody in the base: no score is left out in silence.
        """
        return self._changed(scores=scored(self, rows))

    def append(self, **logs: pl.DataFrame) -> CustomerBase:
        """The base with more rows, as if all had been loaded together.

        Exact copies of known rows count once. The as_of moves to the latest
        instant when it stood there, else it stays.

        Args:
            **logs: Frames by log (`orders=`, `events=`, `customers=`, ...).

        Raises:
            SchemaError: when a key comes again with other content, or a frame
                is not of its table.
        """
        known_logs(logs)
        more = trusted(logs, self.currency, self.tz, where="append")
        known = dict(self._frames)
        if self.customers is not None:
            known[CUSTOMERS] = self.customers
        for name, rows in more.items():
            key = table_of(name, self.currency, self.tz).key
            known[name] = appended(known.get(name, rows[:0]), rows, key, f"append({name}=)")
        grown = CustomerBase(**known, currency=self.currency, tz=self.tz)
        if self.when.instant == latest(self._frames, self.customers):
            return grown
        return grown._changed(when=self.when)

    def merged(self, ids: Mapping[Any, Any], /) -> CustomerBase:
        """The base in which old ids have become new ones: `{old: new}`.

        Where both stand in `customers`, the new one's row stays.

        Raises:
            SchemaError: when ids are merged in a circle.
        """
        ends = merged_ids(ids, self.id_type)
        frames = {name: renamed(rows, ends, "customer_id") for name, rows in self._frames.items()}
        known = None if self.customers is None else one_each(self.customers, ends)
        return self._changed(frames=frames, customers=known, scores=None)

    def describe(self) -> pl.DataFrame:
        """What is in the logs, rows hidden by the as_of included: a row a log."""
        return described(self)

    def _only(self, ids: pl.Series) -> CustomerBase:
        frames = {name: of_customers(rows, ids) for name, rows in self._frames.items()}
        known = None if self.customers is None else of_customers(self.customers, ids)
        scores = None if self.scores is None else of_customers(self.scores, ids)
        return self._changed(frames=frames, customers=known, scores=scores)

    def __repr__(self) -> str:
        """The logs with their rows, and the as_of."""
        logs = ", ".join(f"{rows.height:,} {name}" for name, rows in self._frames.items())
        told = "" if self.customers is None else f"{self.customers.height:,} customers, "
        return f"CustomerBase({told}{logs}; as of {self.day}, {self.currency}, {self.tz})"
