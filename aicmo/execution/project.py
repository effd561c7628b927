"""A project and its current plan, read from the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from aicmo.errors import NoSuchProject
from aicmo.models import Asset, Item, Plan, PlanAsset, Project
from aicmo.plans.assets import belongs_to_brand
from aicmo.plans.document import Brand, ProjectDocument


@dataclass(frozen=True)
class ProjectPlan:
    """The current plan; `document` has no contacts, they are rows."""

    project_id: str
    name: str
    timezone: str
    version: int
    imported_at: datetime
    document: ProjectDocument
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One item of the current plan; times are aware UTC, `timezone` an IANA name.

    part_of: id of the post on several networks that it is one of, or ''.
    """

    id: int
    key: str
    channel: str
    title: str
    send_at: datetime
    send_until: datetime | None
    timezone: str
    fingerprint: str
    planned: int
    part_of: str = ""


def load_plan(session: Session, project_id: str) -> ProjectPlan:
    """The project's current plan.

    Raises:
        NoSuchProject: there is no such project.
    """
    project = session.get(Project, project_id)
    if project is None:
        raise NoSuchProject(project_id)
    query = select(Plan).where(Plan.project_id == project_id, Plan.version == project.plan_version)
    plan = session.scalars(query).one()
    return ProjectPlan(
        project_id=project.id,
        name=project.name,
        timezone=project.timezone,
        version=plan.version,
        imported_at=plan.imported_at,
        document=ProjectDocument.model_validate(plan.document),
        warnings=tuple(plan.warnings),
    )


def load_files(session: Session, project_id: str) -> dict[str, bytes]:
    """The files that the current plan's brand refers to, by their paths in its document."""
    plan = _current_plan(session, project_id)
    brand = Brand.model_validate(plan.document["brand"])
    paths = [path for path in _paths(session, plan) if belongs_to_brand(brand, path)]
    query = (
        select(PlanAsset.path, Asset.content)
        .join(Asset, Asset.sha256 == PlanAsset.sha256)
        .where(PlanAsset.plan_id == plan.id, PlanAsset.path.in_(paths))
    )
    return {row.path: row.content for row in session.execute(query)}


def load_paths(session: Session, project_id: str) -> frozenset[str]:
    """Paths and addresses of all that was imported with the current plan."""
    return frozenset(_paths(session, _current_plan(session, project_id)))


def _current_plan(session: Session, project_id: str) -> Plan:
    query = (
        select(Plan)
        .join(Project, Project.id == Plan.project_id)
        .where(Project.id == project_id, Plan.version == Project.plan_version)
    )
    return session.scalars(query).one()


def _paths(session: Session, plan: Plan) -> list[str]:
    return list(session.scalars(select(PlanAsset.path).where(PlanAsset.plan_id == plan.id)))


def load_version(session: Session, project_id: str) -> int:
    """The version of the project's current plan; read after the items, it dates them."""
    return session.scalars(select(Project.plan_version).where(Project.id == project_id)).one()


def load_items(session: Session, project_id: str) -> list[PlanItem]:
    """The items of the current plan, by time."""
    query = select(Item).where(Item.project_id == project_id, Item.withdrawn.is_(False))
    return [
        PlanItem(
            row.id, row.key, row.channel, row.title, row.send_at, row.send_until, row.timezone,
            row.fingerprint, row.planned, row.part_of,
        )
        for row in session.scalars(query.order_by(Item.send_at, Item.key))
    ]  # fmt: skip
