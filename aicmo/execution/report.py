"""What became of a plan, counted from its rows; the books must balance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from aicmo.execution import courtesy, guards
from aicmo.execution.putting_off import NOT_STAGED, PUT_OFF
from aicmo.execution.states import LAPSED, WAITING, State
from aicmo.gateways.contract import NOT_CHANGED, NOT_PUT_UP
from aicmo.gateways.registry import CHANNELS_WITH_GATEWAY
from aicmo.models import Delivery, Feedback, Item

DUE = "due"
NOT_COMPOSED = "can't be composed"
TO_BE_TRIED_AGAIN = "to be tried again: "
_TO_BE_REPEATED = "to be repeated safely"
_TOLD_BY_THE_LAST_RUN = (NOT_COMPOSED, NOT_PUT_UP, NOT_CHANGED)
"""Begin the reasons that no guard knows of: a run finds out anew."""
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
    """The deliveries of a project by state; `planned` comes from the plan, not from the count.

    came_back: deliveries that bounced, were complained about, …, by kind; they stay `sent`.
    """

    planned: int
    tallies: tuple[Tally, ...]
    came_back: Mapping[str, int] = field(default_factory=dict[str, int])

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
            "came_back": dict(self.came_back),
        }


def read_books(
    session: Session,
    project_id: str,
    *,
    now: datetime,
    channels: Sequence[str] | None = None,
    run_id: int | None = None,
) -> Books:
    """The books of a project, or of some of its channels, as they stand at `now`.

    run_id: the run that is told about: what its cap has stopped says so.

    What the guards stop is told as held, skipped or expired at once, whether or not a run has come
    by since; so is a doubt, as soon as the lease of whoever was sending has lapsed.
    """
    planned = select(func.coalesce(func.sum(Item.planned), 0)).where(Item.project_id == project_id)
    says = courtesy.of_project(session, project_id, now, run_id)
    judged = guards.verdicts(CHANNELS_WITH_GATEWAY, says).where(Item.project_id == project_id)
    if channels is not None:
        planned = planned.where(Item.channel.in_(channels))
        judged = judged.where(Item.channel.in_(channels))
    in_doubt = and_(Delivery.state == State.SENDING.value, Delivery.lease_until < now)
    rows = judged.add_columns(
        Item.key, Item.title, Item.channel, Item.send_at, Delivery.state, Delivery.reason,
        case((in_doubt, 1), else_=0), Delivery.ambiguous,
    ).subquery()  # fmt: skip
    _, *columns = rows.c
    _, key, _, _, send_at, state, reason, *_ = columns
    query = select(*columns, func.count()).group_by(*columns).order_by(send_at, key, state, reason)
    total = session.scalars(planned).one()
    tallies = tuple(_tallies(session.execute(query).all()))
    return Books(total, tallies, _came_back(session, project_id, channels))


def _came_back(session: Session, project_id: str, channels: Sequence[str] | None) -> dict[str, int]:
    query = (
        select(Feedback.kind, func.count(Feedback.delivery_id.distinct()))
        .join(Delivery, Delivery.id == Feedback.delivery_id)
        .join(Item, Item.id == Delivery.item_id)
        .where(Delivery.project_id == project_id)
        .group_by(Feedback.kind)
        .order_by(Feedback.kind)
    )
    if channels is not None:
        query = query.where(Item.channel.in_(channels))
    return dict(session.execute(query).tuples().all())


def _tallies(rows: Iterable[Any]) -> Iterable[Tally]:
    counts: Counter[tuple[str, str, str, str, str]] = Counter()
    for verdict, key, title, channel, _, state, reason, lapsed, ambiguous, count in rows:
        if lapsed:
            said, why = State.UNKNOWN.value, LAPSED
        elif ambiguous and state in WAITING:
            said = State.UNKNOWN.value
            why = f"{_TO_BE_REPEATED}: {reason}" if reason else _TO_BE_REPEATED
        else:
            said, why = _said(verdict, state, reason)
        counts[key, title, channel, said, why] += count
    return [Tally(*told, count) for told, count in counts.items()]


def _said(verdict: str, state: str, reason: str) -> tuple[str, str]:
    """State and reason as a report tells them."""
    if state in (State.CLAIMED, State.SENDING):
        return "waiting", "in progress"
    if state not in (State.PENDING, State.HELD, State.EXPIRED):
        return state, reason
    judged = guards.read_verdict(verdict)
    if judged.state:
        return judged.action, judged.reason
    if judged.action == guards.WAIT:
        return "waiting", judged.reason
    if state == State.HELD and reason.startswith(_TOLD_BY_THE_LAST_RUN):
        return state, reason
    if reason.startswith(NOT_STAGED):
        reason = reason.removeprefix(PUT_OFF)
    retried = state == State.PENDING and reason and not reason.startswith(PUT_OFF)
    return "waiting", f"{TO_BE_TRIED_AGAIN}{reason}" if retried else DUE


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
    came_back: deliveries by what came back about them (bounced, complained, unsubscribed …); they
        went out and stay counted as sent.
    published: posts that are out, each with item, channel, url and `by_hand`.
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
    came_back: dict[str, int] = field(default_factory=dict[str, int])
    published: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

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
