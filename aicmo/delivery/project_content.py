"""From the ledger's rows to what a package says: approvals, and results in a client's words."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from aicmo.database import Database
from aicmo.execution.project import load_files, load_plan
from aicmo.execution.report import Books, read_books
from aicmo.models import Approval, Item
from aicmo.packaging.content import ItemStatus, ProjectContent


def load_content(database: Database, project_id: str) -> ProjectContent:
    """Everything the renderers need of a project.

    Nothing of it depends on the time of day: a package changes when something has happened.

    Raises:
        NoSuchProject: there is no such project.
    """
    with database.read() as session:
        plan = load_plan(session, project_id)
        approved = _approved_items(session, project_id)
        books = read_books(session, project_id, now=plan.imported_at)
        files = load_files(session, project_id)
    keys = [item.id for item in plan.document.items]
    return ProjectContent(
        document=plan.document,
        plan_version=plan.version,
        imported_at=plan.imported_at,
        items={key: _status(books, key, approved=key in approved) for key in keys},
        files=files,
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


def _status(books: Books, key: str, *, approved: bool) -> ItemStatus:
    counts: dict[str, int] = defaultdict(int)
    reasons: dict[str, int] = defaultdict(int)
    for tally in books.tallies:
        if tally.item == key:
            counts[tally.state] += tally.count
            if tally.reason and tally.state != "waiting":
                reasons[tally.reason] += tally.count
    return ItemStatus(approved=approved, counts=dict(counts), reasons=dict(reasons))
