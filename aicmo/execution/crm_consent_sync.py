"""Consent in both directions, as one step: what the CRM knows is read before it is told anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from aicmo.database import Database
from aicmo.execution.crm_consent import ConsentRead, read_consent
from aicmo.execution.crm_opt_outs import ConsentTold, tell_consent, to_tell
from aicmo.gateways.contract import OpenGateway
from aicmo.models import Plan, Project
from aicmo.settings import ExecutionConfig


@dataclass(frozen=True, slots=True)
class CrmDoors:
    """How the CRM is opened: `reader` with any log-in that may read, `writer` with one that may write."""

    reader: Callable[[], OpenGateway]
    writer: Callable[[], OpenGateway]


@dataclass(frozen=True, slots=True)
class ConsentSynced:
    """What was read; and what was told, or in a dry run, of whom it would be (`told.asked`)."""

    read: ConsentRead
    told: ConsentTold


def sync_consent(
    database: Database,
    project_id: str,
    secret_key: bytes,
    config: ExecutionConfig,
    doors: CrmDoors,
    *,
    live: bool,
    by: str,
) -> ConsentSynced:
    """Suppresses who left in the CRM; in a live run, tells it who left here.

    Raises:
        NoSuchProject, FixInput, FixConfiguration, FixAccount, TryLater: see `read_consent` and
            `tell_consent`.
    """
    read = read_consent(database, project_id, secret_key, doors.reader, by=by)
    if live:
        told = tell_consent(database, project_id, config, doors.writer, by=by)
        return ConsentSynced(read, told)
    with database.read() as session:
        return ConsentSynced(read, ConsentTold(to_tell(session, project_id)))


def projects_with_consent(session: Session) -> list[str]:
    """The projects whose current document lets consent go to their CRM, or come from it."""
    setting = Plan.document["crm"]["consent"].as_string()
    query = (
        select(Project.id)
        .join(Plan, and_(Plan.project_id == Project.id, Plan.version == Project.plan_version))
        .where(setting.in_(("read", "write", "both")))
        .order_by(Project.id)
    )
    return list(session.scalars(query))
