"""From the ledger's rows to what a package says: approvals, results, and what came back."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, time

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from aicmo.database import Database
from aicmo.delivery.ledger_rows import load_ledger
from aicmo.execution.other_clients import other_clients
from aicmo.execution.project import ProjectPlan, load_files, load_paths, load_plan
from aicmo.execution.published import published
from aicmo.execution.report import Books, read_books
from aicmo.execution.states import State
from aicmo.models import Approval, Attempt, Delivery, Feedback, Item
from aicmo.packaging.content import ItemStatus, ProjectContent
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import CrmContent
from aicmo.plans.times import zone


def _without_notes(document: ProjectDocument) -> ProjectDocument:
    """What the CRM notes of the other items is no piece of work for the client."""
    pieces = [
        item for item in document.items
        if not (isinstance(item.content, CrmContent) and item.content.of)
    ]  # fmt: skip
    return document.model_copy(update={"items": tuple(pieces)})


@dataclass(frozen=True)
class _Results:
    """What the rows tell of a project's items, each by the item's key."""

    approved: set[str]
    books: Books
    sent: dict[str, tuple[datetime, datetime]]
    links: dict[str, tuple[str, ...]]
    feedback: dict[str, dict[str, int]]

    def of(self, key: str) -> ItemStatus:
        counts: dict[str, int] = defaultdict(int)
        reasons: dict[str, int] = defaultdict(int)
        for tally in self.books.tallies:
            if tally.item == key:
                counts[tally.state] += tally.count
                if tally.reason and tally.state not in ("waiting", "sent"):
                    reasons[tally.reason] += tally.count
        first, last = self.sent.get(key, (None, None))
        return ItemStatus(
            approved=key in self.approved,
            counts=dict(counts),
            reasons=dict(reasons),
            first_sent_at=first,
            last_sent_at=last,
            links=self.links.get(key, ()),
            feedback=self.feedback.get(key, {}),
        )


def load_content(database: Database, project_id: str) -> ProjectContent:
    """Everything the renderers need of a project.

    Nothing of it depends on the time of day: a package changes when something has happened.

    Raises:
        NoSuchProject: there is no such project.
    """
    with database.read() as session:
        plan = load_plan(session, project_id)
        results = _Results(
            approved=_approved_items(session, project_id),
            books=read_books(session, project_id, now=plan.imported_at),
            sent=_sent(session, project_id),
            links=_links(session, project_id),
            feedback=_feedback(session, project_id),
        )
        return ProjectContent(
            document=_without_notes(plan.document),
            plan_version=plan.version,
            imported_at=_start_of_day(plan),
            items={item.id: results.of(item.id) for item in plan.document.items},
            files=load_files(session, project_id),
            imported=load_paths(session, project_id),
            other_clients=tuple(other_clients(session, plan.document)),
            ledger=load_ledger(session, project_id),
        )


def _start_of_day(plan: ProjectPlan) -> datetime:
    # By the client's calendar: what is imported twice on a day is the same package, to the byte.
    clock = zone(plan.timezone)
    return datetime.combine(plan.imported_at.astimezone(clock).date(), time(), clock).astimezone(
        UTC
    )


def _approved_items(session: Session, project_id: str) -> set[str]:
    query = (
        select(Item.key)
        .join(Approval, Approval.item_id == Item.id)
        .where(
            Item.project_id == project_id,
            Approval.fingerprint == Item.fingerprint,
            Approval.revoked_at.is_(None),
        )
    )
    return set(session.scalars(query))


def _sent(session: Session, project_id: str) -> dict[str, tuple[datetime, datetime]]:
    """When the first and the last delivery of an item went out: by its newest attempt's end."""
    newest = (
        select(Attempt.delivery_id, func.max(Attempt.number).label("number"))
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .where(Delivery.project_id == project_id, Delivery.state == State.SENT.value)
        .group_by(Attempt.delivery_id)
        .subquery()
    )
    # What a person posted was never transmitted: it went out when they said so, at the latest.
    at = func.coalesce(Attempt.ended_at, Attempt.armed_at, Delivery.since)
    query = (
        select(Item.key, func.min(at), func.max(at))
        .join(Delivery, Delivery.item_id == Item.id)
        .outerjoin(newest, newest.c.delivery_id == Delivery.id)
        .outerjoin(
            Attempt,
            (Attempt.delivery_id == Delivery.id) & (Attempt.number == newest.c.number),
        )
        .where(Item.project_id == project_id, Delivery.state == State.SENT.value)
        .group_by(Item.key)
    )
    return {key: (first, last) for key, first, last in session.execute(query)}


def _links(session: Session, project_id: str) -> dict[str, tuple[str, ...]]:
    """Where posts can be seen; not those that were taken back."""
    found: dict[str, tuple[str, ...]] = {}
    for post in published(session, project_id):
        if post.permalink and post.is_live:
            found[post.item] = (*found.get(post.item, ()), post.permalink)
    return found


def _feedback(session: Session, project_id: str) -> dict[str, dict[str, int]]:
    """Deliveries by what came back about them, of each item."""
    query = (
        select(Item.key, Feedback.kind, func.count(Feedback.delivery_id.distinct()))
        .join(Delivery, Delivery.id == Feedback.delivery_id)
        .join(Item, Item.id == Delivery.item_id)
        .where(Delivery.project_id == project_id)
        .group_by(Item.key, Feedback.kind)
        .order_by(Item.key, Feedback.kind)
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for key, kind, number in session.execute(query).tuples():
        found[key][kind] = number
    return dict(found)
