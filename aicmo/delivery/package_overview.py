"""What became of a project's packages: versions, links, visits, and the emails that carry the links."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from aicmo.database import Database
from aicmo.delivery.handover import require_in_store
from aicmo.delivery.handover_document import companion_id, item_key
from aicmo.delivery.package_rows import load_package, load_packages
from aicmo.errors import FixInput, NoSuchProject
from aicmo.execution.report import DUE, read_books
from aicmo.models import Contact, Delivery, Item, Package, PackageLink, PackageVisit, Project
from aicmo.packaging.links import DOWNLOADED, OPENED, offered_files
from aicmo.storage.contract import PackageStore

_WAITING = {"not approved": "waiting for approval", DUE: "ready to be sent"}


@dataclass(frozen=True, slots=True)
class PackageVersion:
    """One package; `files` are names, `store_url` is empty if it isn't stored."""

    number: int
    status: str
    plan_version: int
    built_at: datetime
    built_by: str
    files: tuple[str, ...]
    store_url: str


@dataclass(frozen=True, slots=True)
class LinkState:
    """One link and what was done with it.

    state: open, expired or revoked.
    recipient: whom it is for: name or address, empty once that person was erased.
    email: what became of the message that carries it; empty if none does.
    opened, downloaded: how often; last_visit_at: when somebody last came by it.
    """

    id: int
    package: int
    recipient: str
    state: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    opened: int
    downloaded: int
    last_visit_at: datetime | None
    email: str


@dataclass(frozen=True, slots=True)
class PackageOverview:
    """A project's packages, the oldest first, and the links to them in the order of their making."""

    project_id: str
    timezone: str
    plan_version: int
    packages: tuple[PackageVersion, ...]
    links: tuple[LinkState, ...]


@dataclass(frozen=True, slots=True)
class PresignedLink:
    """The store's own link to one file; a bearer secret until it ends."""

    name: str
    size: int
    url: str
    expires_at: datetime


def read_overview(session: Session, project_id: str, now: datetime) -> PackageOverview:
    """What is known of a project's packages at `now`.

    Raises:
        NoSuchProject: there is no such project.
    """
    project = session.get(Project, project_id)
    if project is None:
        raise NoSuchProject(project_id)
    packages = load_packages(session, project_id)
    return PackageOverview(
        project_id=project_id,
        timezone=project.timezone,
        plan_version=project.plan_version,
        packages=tuple(_version(each) for each in packages),
        links=tuple(_links(session, project_id, packages, now)),
    )


def presigned_links(
    database: Database, project_id: str, number: int | None, store: PackageStore, *, hours: float
) -> tuple[PresignedLink, ...]:
    """Links of the store itself to a package's files, for those without `aicmo serve`.

    Args:
        database: where the package is.
        project_id: its project.
        number: of the package; None is the newest.
        store: where it is kept.
        hours: how long the links work, at most 168.

    Raises:
        FixInput: there is no such package, it isn't in this store, the store is a folder, or the
            time is too long.
    """
    with database.read() as session:
        package = _chosen(session, project_id, number)
        now = database.now(session)
    require_in_store(package, store)
    if not store.serves_links:
        raise FixInput(
            "Packages are kept in a folder, whose files nobody else can open",
            next_step="Keep them in a bucket (docs/stores.md), or use `aicmo deliver` and `aicmo serve`.",
        )
    files, archive = offered_files(package)
    seconds = round(hours * 3600)
    end = now + timedelta(seconds=seconds)
    return tuple(
        PresignedLink(each.name, each.size, store.link(each.key, expires_seconds=seconds), end)
        for each in [*([archive] if archive else []), *files]
    )


def _chosen(session: Session, project_id: str, number: int | None) -> Package:
    if number is not None:
        return load_package(session, project_id, number)
    packages = load_packages(session, project_id)
    if not packages:
        raise FixInput(
            f"{project_id} has no package yet",
            next_step=f"Build one: `aicmo package {project_id}`.",
        )
    return packages[-1]


def _version(package: Package) -> PackageVersion:
    files = [PurePosixPath(each["name"]).name for each in package.manifest["files"]]
    return PackageVersion(
        package.number, _status(package), package.plan_version, package.built_at, package.built_by,
        tuple(files), package.store_url,
    )  # fmt: skip


def _status(package: Package) -> str:
    """As the package says; `incomplete` if it lacks a file, whatever its content is called."""
    return "incomplete" if package.manifest.get("missing") else package.status


def _links(
    session: Session, project_id: str, packages: Iterable[Package], now: datetime
) -> list[LinkState]:
    numbers = {each.id: each.number for each in packages}
    query = select(PackageLink).where(PackageLink.package_id.in_(numbers)).order_by(PackageLink.id)
    rows = session.scalars(query).all()
    visits = _visits(session, [each.id for each in rows])
    emails = _emails(session, companion_id(project_id), now)
    return [_link(row, numbers[row.package_id], visits[row.id], emails, now=now) for row in rows]


_Visits = dict[str, tuple[int, datetime]]


def _visits(session: Session, link_ids: list[int]) -> dict[int, _Visits]:
    """How many of each kind, and when the last one was, by link."""
    query = (
        select(PackageVisit.link_id, PackageVisit.kind, func.count(), func.max(PackageVisit.at))
        .where(PackageVisit.link_id.in_(link_ids))
        .group_by(PackageVisit.link_id, PackageVisit.kind)
    )
    found: dict[int, _Visits] = defaultdict(dict)
    for link_id, kind, count, last in session.execute(query):
        found[link_id][kind] = count, last
    return found


@dataclass(frozen=True, slots=True)
class _Email:
    recipient: str
    state: str


def _emails(session: Session, companion: str, now: datetime) -> dict[str, _Email]:
    """The messages of the companion project, by item."""
    if session.get(Project, companion) is None:
        return {}
    people = (
        select(Item.key, Contact.email, Contact.details)
        .join(Delivery, Delivery.item_id == Item.id)
        .outerjoin(Contact, Contact.id == Delivery.contact_id)
        .where(Item.project_id == companion)
    )
    names: dict[str, str] = {}
    for key, email, details in session.execute(people):
        known: dict[str, Any] = details or {}
        names[key] = known.get("name") or email or ""
    books = read_books(session, companion, now=now)
    return {
        each.item: _Email(names.get(each.item, ""), _told(each.state, each.reason))
        for each in books.tallies
    }


def _told(state: str, reason: str) -> str:
    return _WAITING.get(reason) or (f"{state}: {reason}" if reason not in ("", state) else state)


def _link(
    row: PackageLink, number: int, visits: _Visits, emails: dict[str, _Email], *, now: datetime
) -> LinkState:
    email = emails.get(item_key(number, row.id), _Email(row.recipient, ""))
    ended = "expired" if row.expires_at <= now else "open"
    return LinkState(
        id=row.id,
        package=number,
        recipient=email.recipient,
        state="revoked" if row.revoked_at else ended,
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        opened=visits[OPENED][0] if OPENED in visits else 0,
        downloaded=visits[DOWNLOADED][0] if DOWNLOADED in visits else 0,
        last_visit_at=max((last for _, last in visits.values()), default=None),
        email=email.state,
    )
