"""Links by which a client opens a package: made, found, followed, withdrawn.

A token is random, and only its hash is kept: who reads the database can't make one up, and whoever
has one needs no log-in. Of a visit only its time and kind are kept, nothing about the visitor.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import and_, bindparam, exists, select

from aicmo import audit
from aicmo.database import Database
from aicmo.errors import FixInput
from aicmo.models import Package, PackageLink, PackageVisit, Plan, Project
from aicmo.plans.document import Brand
from aicmo.storage.contract import content_key

OPENED, DOWNLOADED = "opened", "downloaded"
_TOKEN_BYTES = 20  # 160 bits
_LONGEST = timedelta(days=365)
_ONE_VISIT = timedelta(minutes=1)

_SHARED = (
    select(PackageLink, Package, Plan.document["brand"])
    .join(Package, Package.id == PackageLink.package_id)
    .join(Project, Project.id == Package.project_id)
    .join(Plan, and_(Plan.project_id == Project.id, Plan.version == Project.plan_version))
    .where(PackageLink.token_sha256 == bindparam("sha256"))
)


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link that was just made; `token` is nowhere else."""

    id: int
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SharedFile:
    """One file that a link opens; `size` in bytes, `pages` 0 where there are none."""

    name: str
    title: str
    media_type: str
    size: int
    pages: int
    sha256: str
    key: str


@dataclass(frozen=True, slots=True)
class SharedPackage:
    """What a link leads to, as it stands at the moment of asking.

    state: open, or why it isn't any more.
    plan_version: what the documents call their version; packages have numbers of their own.
    brand: of the project as it is now; language: BCP 47, of the package.
    files: the package's own, without those in its folders; archive: the ZIP of all, if there is one.
    """

    link_id: int
    project_id: str
    state: Literal["open", "expired", "revoked"]
    plan_version: int
    status: str
    title: str
    language: str
    brand: Brand
    built_at: datetime
    expires_at: datetime
    files: tuple[SharedFile, ...]
    archive: SharedFile | None

    def file(self, name: str) -> SharedFile | None:
        """The file of this name, if the link opens it."""
        offered = (*self.files, *([self.archive] if self.archive else []))
        return next((each for each in offered if each.name == name), None)


def create_link(
    database: Database, package: Package, *, expires_in: timedelta, actor: str, recipient: str = ""
) -> NewLink:
    """Makes a link to a package, for somebody who is told of it elsewhere.

    Args:
        database: where the package is.
        package: a package that is stored.
        expires_in: up to a year.
        actor: who makes it.
        recipient: whom it is for, in words; empty if an email of the ledger carries it.

    Raises:
        FixInput: the package isn't stored, or the link would live for too long or not at all.
    """
    if not package.store_url:
        raise FixInput(
            f"Package {package.number} of {package.project_id} is in no store",
            next_step=f"Build it again: `aicmo package {package.project_id}`.",
        )
    if not timedelta(0) < expires_in <= _LONGEST:
        raise FixInput("A link to a package can live from a moment to 365 days")
    # Letters and digits alone: a mail program may leave a mark at the end out of the link.
    token = base64.b32encode(secrets.token_bytes(_TOKEN_BYTES)).decode().lower()
    with audit.transaction(database, package.project_id) as session:
        now = database.now(session)
        link = PackageLink(
            package_id=package.id, token_sha256=_sha256(token), recipient=recipient[:200],
            created_by=actor[:200], created_at=now, expires_at=now + expires_in,
        )  # fmt: skip
        session.add(link)
        session.flush()
        audit.record(
            session, audit.Event.LINK_CREATED, project_id=package.project_id, actor=actor,
            link=link.id, package=package.number, expires_at=link.expires_at.isoformat(),
        )  # fmt: skip
    return NewLink(link.id, token, link.expires_at)


def revoke_link(database: Database, project_id: str, link_id: int, *, actor: str) -> bool:
    """Withdraws a link at once; False if it was withdrawn before.

    Raises:
        FixInput: the project has no such link.
    """
    with audit.transaction(database, project_id) as session:
        query = (
            select(PackageLink)
            .join(Package, Package.id == PackageLink.package_id)
            .where(Package.project_id == project_id, PackageLink.id == link_id)
        )
        link = session.scalars(query).one_or_none()
        if link is None:
            raise FixInput(
                f"{project_id} has no link {link_id}",
                next_step=f"`aicmo packages {project_id}` lists them.",
            )
        if link.revoked_at is not None:
            return False
        link.revoked_at = database.now(session)
        audit.record(
            session, audit.Event.LINK_REVOKED, project_id=project_id, actor=actor, link=link_id
        )
    return True


def find_link(database: Database, token: str) -> SharedPackage | None:
    """What the link with this token leads to; None for any text that is no token of ours.

    It is looked up by its hash, so how long that takes says nothing about tokens that exist.
    """
    with database.read() as session:
        row = session.execute(_SHARED, {"sha256": _sha256(token)}).one_or_none()
        now = database.now(session)
    return None if row is None else _shared(row[0], row[1], Brand.model_validate(row[2]), now)


def note_visit(database: Database, link_id: int, kind: str, file: str = "") -> None:
    """Counts a visit; the same one again within a minute is none, as a browser repeats itself.

    Args:
        database: where the link is.
        link_id: by which it came.
        kind: OPENED or DOWNLOADED.
        file: the name of the downloaded file.
    """
    with database.write() as session:
        # Two visits at once take their turn on the link's row.
        session.execute(select(PackageLink.id).where(PackageLink.id == link_id).with_for_update())
        now = database.now(session)
        same = exists().where(
            PackageVisit.link_id == link_id,
            PackageVisit.kind == kind,
            PackageVisit.file == file,
            PackageVisit.at > now - _ONE_VISIT,
        )
        if not session.scalar(select(same)):
            session.add(PackageVisit(link_id=link_id, at=now, kind=kind, file=file))


def offered_files(package: Package) -> tuple[tuple[SharedFile, ...], SharedFile | None]:
    """The files of a package's own folder, and the ZIP of all of them."""
    entries = [each for each in package.manifest["files"] if "/" not in each["name"]]
    files = tuple(_file(package.project_id, each) for each in entries)
    archive = package.archive
    if not archive:
        return files, None
    whole = {"name": archive["name"], "size": archive["size"], "sha256": archive["sha256"]}
    return files, _file(package.project_id, whole | {"media_type": "application/zip"})


def _shared(link: PackageLink, package: Package, brand: Brand, now: datetime) -> SharedPackage:
    files, archive = offered_files(package)
    manifest = package.manifest
    return SharedPackage(
        link_id=link.id,
        project_id=package.project_id,
        state=_state(link, now),
        plan_version=package.plan_version,
        status=package.status,
        title=manifest["title"],
        language=manifest["language"],
        brand=brand,
        built_at=package.built_at,
        expires_at=link.expires_at,
        files=files,
        archive=archive,
    )


def _state(link: PackageLink, now: datetime) -> Literal["open", "expired", "revoked"]:
    if link.revoked_at is not None:
        return "revoked"
    return "expired" if link.expires_at <= now else "open"


def _file(project_id: str, entry: Mapping[str, Any]) -> SharedFile:
    return SharedFile(
        name=entry["name"],
        title=entry.get("title", ""),
        media_type=entry["media_type"],
        size=entry["size"],
        pages=entry.get("pages", 0),
        sha256=entry["sha256"],
        key=content_key(project_id, entry["sha256"], entry["name"]),
    )


def _sha256(token: str) -> str:
    # What isn't text in UTF-8 is looked up like any other token that isn't ours.
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
