"""What a live run would send, composed in full: nothing is claimed, and there is no transport."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from aicmo.channels import Channel
from aicmo.database import Database
from aicmo.errors import FixInput
from aicmo.execution import courtesy, guards
from aicmo.execution.composing import EmailComposers, recipients
from aicmo.execution.courtesy import Courtesy
from aicmo.execution.handing_over import OnProgress
from aicmo.execution.project import PlanItem, ProjectPlan
from aicmo.execution.report import Tally
from aicmo.execution.states import WAITING, State
from aicmo.gateways.email_message import ComposedEmail
from aicmo.gateways.registry import CHANNELS_WITH_GATEWAY
from aicmo.models import Contact, Delivery

SAMPLES = 3
"""Emails kept per item to look at; every one is composed and checked."""
_LISTED = 50
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A person who would not get an item, and why."""

    contact: str
    reason: str


@dataclass
class ItemPreview:
    """One item as its recipients would get it.

    would_send: deliveries that were composed without a finding.
    blocked_by: what still keeps it from being sent now (`not approved`, `not due yet`), by count.
    left_out: the first of those who would not get it; `left_out_count` counts all.
    findings: what can't be composed, with the contact's id.
    """

    item: PlanItem
    would_send: int = 0
    bytes_total: int = 0
    done: Counter[str] = field(default_factory=Counter[str])
    blocked_by: Counter[str] = field(default_factory=Counter[str])
    skipped: Counter[str] = field(default_factory=Counter[str])
    left_out: list[LeftOut] = field(default_factory=list[LeftOut])
    findings: list[LeftOut] = field(default_factory=list[LeftOut])
    findings_count: int = 0
    samples: list[ComposedEmail] = field(default_factory=list[ComposedEmail])
    warnings: list[str] = field(default_factory=list[str])

    @property
    def left_out_count(self) -> int:
        return self.skipped.total()


@dataclass(frozen=True)
class Preview:
    items: tuple[ItemPreview, ...]

    @property
    def tallies(self) -> tuple[Tally, ...]:
        return tuple(tally for item in self.items for tally in _tallies(item))


def preview_items(
    database: Database,
    plan: ProjectPlan,
    items: Sequence[PlanItem],
    now: datetime,
    *,
    on_progress: OnProgress = lambda _: None,
) -> Preview:
    """Composes every delivery of these items that hasn't been decided yet; writes nothing."""
    composers = EmailComposers(plan.document)
    previews: list[ItemPreview] = []
    with database.read() as session:
        says = courtesy.of_project(session, plan.project_id, now)
        for item in items:
            found = ItemPreview(item)
            for chunk in _open_deliveries(session, item, says):
                _preview_chunk(session, found, chunk, composers, now, on_progress)
            _count_done(session, found)
            previews.append(found)
    return Preview(tuple(previews))


_Row = tuple[int, guards.Verdict, str]


def _open_deliveries(session: Session, item: PlanItem, says: Courtesy) -> Iterator[list[_Row]]:
    query = (
        guards.verdicts(CHANNELS_WITH_GATEWAY, says)
        .add_columns(Contact.key)
        .where(
            Delivery.item_id == item.id,
            Delivery.state.in_((State.PENDING.value, State.HELD.value)),
        )
        .order_by(Delivery.id)
        .execution_options(yield_per=_CHUNK)
    )
    # One pass: asking for page after page would sort the whole item again for each.
    for rows in session.execute(query).partitions():
        yield [(row[0], guards.read_verdict(row[1]), row[2] or "") for row in rows]


def _preview_chunk(
    session: Session,
    found: ItemPreview,
    rows: list[_Row],
    composers: EmailComposers,
    now: datetime,
    on_progress: OnProgress,
) -> None:
    to_compose: list[int] = []
    for delivery_id, verdict, contact in rows:
        if verdict.action in (guards.SKIP, guards.EXPIRE):
            found.skipped[verdict.reason] += 1
            if len(found.left_out) < _LISTED:
                found.left_out.append(LeftOut(contact, verdict.reason))
            continue
        if not verdict.may_go:
            found.blocked_by[verdict.reason] += 1
        to_compose.append(delivery_id)
    if found.item.channel == Channel.EMAIL:
        _compose(session, found, to_compose, composers, now, on_progress)
    else:
        found.would_send += len(to_compose)


def _compose(
    session: Session,
    found: ItemPreview,
    delivery_ids: list[int],
    composers: EmailComposers,
    now: datetime,
    on_progress: OnProgress,
) -> None:
    date = max(now, found.item.send_at)
    for person in list(recipients(session, delivery_ids)):
        on_progress(None)
        try:
            email = composers.compose(found.item.key, person, date)
        except FixInput as error:
            found.findings_count += 1
            if len(found.findings) < _LISTED:
                found.findings.append(LeftOut(person.contact_key, str(error)))
            continue
        _keep(found, email)


def _keep(found: ItemPreview, email: ComposedEmail) -> None:
    found.would_send += 1
    found.bytes_total += len(email.payload)
    if len(found.samples) < SAMPLES:
        found.samples.append(email)
    for warning in email.warnings:
        if warning not in found.warnings:
            found.warnings.append(warning)


def _count_done(session: Session, found: ItemPreview) -> None:
    open_states = (State.PENDING.value, State.HELD.value)
    query = select(Delivery.state).where(
        Delivery.item_id == found.item.id, Delivery.state.not_in(open_states)
    )
    waiting = {state.value for state in WAITING}
    found.done.update("waiting" if state in waiting else state for state in session.scalars(query))


def _tallies(found: ItemPreview) -> Iterator[Tally]:
    item = found.item
    no_gateway = item.channel not in CHANNELS_WITH_GATEWAY
    ready = "held" if no_gateway else "previewed"
    reason = f"no gateway for {item.channel}" if no_gateway else ""
    counts = [
        (ready, reason, found.would_send),
        ("held", "can't be composed", found.findings_count),
        *(("skipped", reason, count) for reason, count in found.skipped.items()),
        *((state, "", count) for state, count in found.done.items()),
    ]
    for state, why, count in counts:
        if count:
            yield Tally(item.key, item.title, item.channel, state, why, count)
