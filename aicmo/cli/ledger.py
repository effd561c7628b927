"""The database of this working folder, and what the tables of the command line are made from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from aicmo.database import Database


def now() -> datetime:
    return datetime.now(UTC)


def open_ledger(*, create: bool = False) -> Database:
    """The database that the environment names.

    create: make a SQLite file that isn't there.

    Raises:
        FixConfiguration: it can't be opened, or isn't there.
    """
    # Here and not above: `--help` needs neither SQLAlchemy nor pydantic.
    from aicmo.database import open_database
    from aicmo.settings import get_settings

    return open_database(get_settings().database_url, create=create)


@dataclass(frozen=True, slots=True)
class ProjectRow:
    project_id: str
    name: str
    plan_version: int
    timezone: str
    items: int
    deliveries: int


def list_projects(session: Session) -> list[ProjectRow]:
    """Every project with the size of its current plan, by id."""
    from sqlalchemy import func, select

    from aicmo.models import Item, Project

    query = (
        select(Project, func.count(Item.id), func.coalesce(func.sum(Item.planned), 0))
        .outerjoin(Item, (Item.project_id == Project.id) & Item.withdrawn.is_(False))
        .group_by(Project.id)
        .order_by(Project.id)
    )
    return [
        ProjectRow(row.id, row.name, row.plan_version, row.timezone, items, int(deliveries))
        for row, items, deliveries in session.execute(query)
    ]


@dataclass(frozen=True, slots=True)
class PausedAccount:
    """A client's account that a provider's refusal paused."""

    project_id: str
    channel: str
    handle: str
    reason: str

    def __str__(self) -> str:
        reason = f" ({self.reason})" if self.reason else ""
        handle = f" {self.handle}" if self.handle else ""
        return f"the {self.channel} account{handle} of {self.project_id}{reason}"


def paused_accounts(
    session: Session, project_id: str = "", channel: str = ""
) -> list[PausedAccount]:
    """The paused accounts of a project and a channel; '' means every one."""
    from sqlalchemy import select

    from aicmo.models import Account

    query = select(Account).where(Account.paused_at.is_not(None)).order_by(Account.id)
    if project_id:
        query = query.where(Account.project_id == project_id)
    if channel:
        query = query.where(Account.channel == channel)
    return [
        PausedAccount(each.project_id, each.channel, each.handle, each.pause_reason)
        for each in session.scalars(query)
    ]


@dataclass(frozen=True, slots=True)
class ApprovalState:
    """Whether an item is approved as it is now; `by` and `at` tell of the newest approval."""

    text: str = "not approved"
    by: str = ""
    at: datetime | None = None

    @property
    def given(self) -> bool:
        return self.text == "approved"


def approvals(session: Session, project_id: str) -> dict[str, ApprovalState]:
    """The state of approval of every item of the current plan, by its key."""
    from sqlalchemy import select

    from aicmo.models import Account, Approval, Item

    query = (
        select(Item.key, Item.fingerprint, Account.identity, Approval)
        .join(Account, Account.id == Item.account_id)
        .outerjoin(Approval, (Approval.item_id == Item.id) & Approval.revoked_at.is_(None))
        .where(Item.project_id == project_id, Item.withdrawn.is_(False))
        .order_by(Approval.approved_at)
    )
    states: dict[str, ApprovalState] = {}
    for key, fingerprint, identity, given in session.execute(query):
        states[key] = _newer(states.get(key), (fingerprint, identity), given)
    return states


def _newer(known: ApprovalState | None, now: tuple[str, str], given: Any) -> ApprovalState:
    if given is None:
        return ApprovalState()
    if (given.fingerprint, given.identity) == now:
        return ApprovalState("approved", given.approved_by, given.approved_at)
    if known is not None and known.given:
        return known
    return ApprovalState("changed since", given.approved_by, given.approved_at)


Outlook = dict[str, Counter[tuple[str, str]]]
"""Deliveries of each item by state and reason; `ready` means: would go out in a live run now."""


def read_outlook(session: Session, project_id: str, at: datetime) -> Outlook:
    """What became of every delivery of the plan, and what a live run at `at` would make of it."""
    from aicmo.execution.report import DUE, read_books

    found: Outlook = {}
    for tally in read_books(session, project_id, now=at).tallies:
        said = ("ready", "") if tally.reason == DUE else (tally.state, tally.reason)
        found.setdefault(tally.item, Counter())[said] += tally.count
    return found
