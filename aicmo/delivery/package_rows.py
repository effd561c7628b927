"""The packages that were built: one row each, numbered from 1 in every project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database
from aicmo.errors import FixInput, NoSuchProject
from aicmo.models import Package, Project
from aicmo.packaging.assembly import BuiltPackage


def record_package(
    database: Database, package: BuiltPackage, *, actor: str, store_url: str = ""
) -> Package:
    """The row of a package; the same content keeps the row, and the number, that it has.

    Args:
        database: where its project is.
        package: a complete folder.
        actor: who had it built.
        store_url: where its manifest is kept; fills in what an earlier build left empty.

    Raises:
        NoSuchProject: its project isn't in the database.
    """
    # The head of the chain is the project's lock: two builds would take the same number.
    with audit.transaction(database, package.project_id) as session:
        row = _known(session, package) or _added(session, database, package, actor)
        row.store_url = row.store_url or store_url
        row.findings = list(package.findings)
        return row


def load_packages(session: Session, project_id: str) -> list[Package]:
    """The packages of a project, the oldest first."""
    query = select(Package).where(Package.project_id == project_id).order_by(Package.number)
    return list(session.scalars(query))


def load_package(session: Session, project_id: str, number: int) -> Package:
    """One package of a project.

    Raises:
        FixInput: it has none with this number.
    """
    query = select(Package).where(Package.project_id == project_id, Package.number == number)
    row = session.scalars(query).one_or_none()
    if row is None:
        raise FixInput(
            f"{project_id} has no package {number}",
            next_step=f"`aicmo packages {project_id}` lists them.",
        )
    return row


def _known(session: Session, package: BuiltPackage) -> Package | None:
    query = select(Package).where(
        Package.project_id == package.project_id, Package.identity == package.identity
    )
    return session.scalars(query).one_or_none()


def _added(session: Session, database: Database, package: BuiltPackage, actor: str) -> Package:
    if session.get(Project, package.project_id) is None:
        raise NoSuchProject(package.project_id)
    newest = select(func.max(Package.number)).where(Package.project_id == package.project_id)
    manifest: Mapping[str, Any] = package.manifest
    row = Package(
        project_id=package.project_id,
        number=(session.scalars(newest).one() or 0) + 1,
        identity=package.identity,
        plan_version=manifest["plan_version"],
        status=manifest["status"],
        manifest=dict(manifest),
        archive=dict(package.archive),
        built_by=actor[:200],
        built_at=database.now(session),
    )
    session.add(row)
    return row
