"""What became of a plan, counted from its rows; the books must balance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, case, func, select, text
from sqlalchemy.orm import Session

from aicmo.execution.states import LAPSED, WAITING, State
from aicmo.models import Delivery, Item

BOOKS = ("sent", "failed", "unknown", "skipped", "held", "cancelled", "expired", "waiting")
"""The columns that add up to `planned`."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Deliveries of one item in one state, for one reason."""

    item: str
    title: str
    channel: str
    state: str
    reason: str
    count: int


@dataclass(frozen=True)
class Books:
    """The deliveries of a project by state; `planned` comes from the plan, not from the count."""

    planned: int
    tallies: tuple[Tally, ...]

    def count(self, state: str) -> int:
        return sum(tally.count for tally in self.tallies if tally.state == state)

    def reasons(self, state: str) -> dict[str, int]:
        """Deliveries in `state` by reason, the most frequent first."""
        counts: Counter[str] = Counter()
        for tally in self.tallies:
            if tally.state == state:
                counts[tally.reason] += tally.count
        return dict(counts.most_common())

    @property
    def balanced(self) -> bool:
        return self.planned == sum(self.count(state) for state in BOOKS)

    def as_dict(self) -> dict[str, Any]:
        return {
            "planned": self.planned,
            **{state: self.count(state) for state in BOOKS},
            "balanced": self.balanced,
            "reasons": {state: self.reasons(state) for state in BOOKS if any(self.reasons(state))},
        }


def read_books(
    session: Session, project_id: str, *, now: datetime, channels: Sequence[str] | None = None
) -> Books:
    """The books of a project, or of some of its channels; `now` tells what isn't due yet."""
    items = select(Item).where(Item.project_id == project_id)
    if channels is not None:
        items = items.where(Item.channel.in_(channels))
    chosen = items.subquery()
    planned = session.scalar(select(func.coalesce(func.sum(chosen.c.planned), 0)))
    what = (chosen.c.key, chosen.c.title, chosen.c.channel)
    state = (Delivery.state, Delivery.reason)
    # A lapsed lease means that nobody will record the answer: that is a doubt already.
    in_doubt = and_(Delivery.state == State.SENDING.value, Delivery.lease_until < datetime.now(UTC))
    lapsed = case((in_doubt, 1), else_=0).label("lapsed")
    query = (
        select(*what, *state, lapsed, chosen.c.send_at, func.count())
        .join(Delivery, Delivery.item_id == chosen.c.id)
        .group_by(*what, *state, text("lapsed"), chosen.c.send_at)
        .order_by(chosen.c.send_at, chosen.c.key, *state)
    )
    return Books(planned or 0, tuple(_tallies(session.execute(query).all(), now)))


def _tallies(rows: Iterable[Any], now: datetime) -> Iterable[Tally]:
    waiting = {state.value for state in WAITING}
    for key, title, channel, state, reason, lapsed, send_at, count in rows:
        if lapsed:
            yield Tally(key, title, channel, State.UNKNOWN.value, LAPSED, count)
            continue
        said = "waiting" if state in waiting else state
        why = _why_waiting(state, reason, early=send_at > now) if state in waiting else reason
        yield Tally(key, title, channel, said, why, count)


def _why_waiting(state: str, reason: str, *, early: bool) -> str:
    if state in (State.CLAIMED, State.SENDING):
        return "in progress"
    if early:
        return "not due yet"
    return f"to be tried again: {reason}" if reason else "due"


_OUTCOMES = {"sent": "items_sent_successfully", "failed": "items_failed"}
_FIELDS = {
    "previewed": "items_previewed",
    "unknown": "items_unknown",
    "skipped": "items_skipped",
    "held": "items_held",
    "cancelled": "items_cancelled",
    "expired": "items_expired",
    "waiting": "items_waiting",
}


@dataclass
class ExecutionReport:
    """The result of one execution. Every `items_*` counts deliveries: one item to one recipient.

    items_failed: refused for good; a doubt is never counted here but in `items_unknown`, because
        whoever re-sends what failed would send it twice.
    execution_results: one entry per item, state and reason, with its count.
    """

    project_id: str
    total_items_processed: int = 0
    items_sent_successfully: int = 0
    items_failed: int = 0
    channels_used: list[str] = field(default_factory=list[str])
    errors: list[str] = field(default_factory=list[str])
    execution_results: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    mode: str = "disabled"
    items_previewed: int = 0
    items_unknown: int = 0
    items_skipped: int = 0
    items_held: int = 0
    items_cancelled: int = 0
    items_expired: int = 0
    items_waiting: int = 0
    reasons: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    balanced: bool = True
    run_id: int | None = None

    @property
    def needs_attention(self) -> bool:
        """Something failed, is in doubt, doesn't balance, or went wrong."""
        return bool(self.items_failed or self.items_unknown or self.errors or not self.balanced)

    def add_results(
        self, results: Iterable[Mapping[str, Any]], *, with_outcomes: bool = False
    ) -> None:
        """Adds tallies, or one result per delivery where `count` is absent.

        with_outcomes: count `sent` and `failed`, too; an executor gives these as totals.
        """
        fields = _FIELDS | _OUTCOMES if with_outcomes else _FIELDS
        for result in results:
            self.execution_results.append(dict(result))
            state, count = str(result.get("state", "")), int(result.get("count", 1))
            if name := fields.get(state):
                setattr(self, name, getattr(self, name) + count)
            if reason := str(result.get("reason") or ""):
                of_state = self.reasons.setdefault(state, {})
                of_state[reason] = of_state.get(reason, 0) + count

    def add_error(self, message: str) -> None:
        """Keeps an error text, once."""
        if message not in self.errors:
            self.errors.append(message)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
