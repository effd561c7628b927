"""Handing a package over: each person gets a link of their own, in an email that is approved first.

Nothing is sent here. The emails become items of a companion project (`studio-handover`), which is
previewed, approved, run and reported like any other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database
from aicmo.delivery.handover_document import (
    SOURCE,
    Cover,
    Letter,
    Named,
    companion_fields,
    companion_id,
    item_key,
    missing_for_email,
)
from aicmo.delivery.package_rows import load_package, load_packages
from aicmo.errors import AicmoError, FixInput
from aicmo.execution import cancelling
from aicmo.execution.importing import import_document
from aicmo.execution.project import load_plan
from aicmo.models import Contact, Item, Package, Plan, Project
from aicmo.packaging.links import NewLink, create_link, offered_files, revoke_link
from aicmo.plans.addresses import normalise_address
from aicmo.plans.document import ProjectDocument
from aicmo.plans.validation import validate
from aicmo.settings import Settings
from aicmo.storage.contract import PackageStore, content_key

DEFAULT_DAYS = 14
_FINAL = "final"
_PERSON = re.compile(r"(?P<name>[^<>@\x00-\x1f]*)<(?P<address>[^<>\s]+)>|(?P<alone>[^<>\s]+)")
_PERSON_FORM = 'Name each with a --to of their own: --to "Anna Berg <anna@client.example>".'
_KEY = re.compile(r"client-(\d+)")


@dataclass(frozen=True, slots=True)
class Handover:
    """What to hand over, to whom, and for how long.

    to: `Anna Berg <anna@client.example>` or the address alone, at least one.
    number: of the package; None is the newest.
    text: Markdown in place of our own words, between the greeting and the list of files.
    internal: lets an internal draft go.
    """

    project_id: str
    to: tuple[str, ...]
    number: int | None = None
    days: int = DEFAULT_DAYS
    text: str = ""
    internal: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """A handover that waits for its approval.

    project_id: of the companion; items: the emails, one for each person, in the order of `to`.
    is_outdated: the plan has changed since the package was built.
    """

    project_id: str
    package: int
    items: tuple[str, ...]
    links: tuple[int, ...]
    expires_at: datetime
    is_outdated: bool


def prepare_handover(
    database: Database, handover: Handover, store: PackageStore, settings: Settings, *, actor: str
) -> Prepared:
    """Makes the links and the emails that carry them; sends nothing.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: there is no such package, it is an internal draft, incomplete or not in this store,
            nobody or no address is named, or the brand lacks what an email must carry.
        FixConfiguration: AICMO_SERVE_URL or AICMO_SECRET_KEY isn't set.
    """
    serve_url, secret_key = settings.require_serve_url(), settings.require_secret_key()
    wanted = _read_people(handover.to)
    with database.read() as session:
        document = load_plan(session, handover.project_id).document
        package = _package(session, handover)
        _refuse(session, handover, package, document, store)
        earlier, people = _companion(session, handover.project_id)
        now = database.now(session)
    everybody, keys = _with(people, wanted, taken=_taken_keys(database, handover.project_id))
    links = [
        create_link(database, package, expires_in=timedelta(days=handover.days), actor=actor)
        for _ in keys
    ]
    letters = [
        Letter(
            item_key(package.number, link.id), key, f"{serve_url}/p/{link.token}", link.expires_at
        )
        for key, link in zip(keys, links, strict=True)
    ]
    fields = companion_fields(
        document, everybody, letters, earlier, _cover(package, handover.text), now
    )
    try:
        companion, _ = validate(fields, SOURCE)
        import_document(database, companion, source=SOURCE, actor=actor, secret_key=secret_key)
    except AicmoError:
        _withdraw_all(database, handover.project_id, links, actor)
        raise
    _record(database, package, letters, links, actor)
    return Prepared(
        companion.id, package.number, tuple(each.item for each in letters),
        tuple(each.id for each in links), links[0].expires_at,
        is_outdated=_plan_version(database, handover.project_id) != package.plan_version,
    )  # fmt: skip


def withdraw_link(database: Database, project_id: str, link_id: int, *, actor: str) -> bool:
    """Withdraws a link and calls off its email if that hasn't gone out; False if it was before.

    Raises:
        FixInput: the project has no such link.
    """
    is_new = revoke_link(database, project_id, link_id, actor=actor)
    companion = companion_id(project_id)
    with database.read() as session:
        carries = select(Item.key).where(
            Item.project_id == companion,
            Item.withdrawn.is_(False),
            Item.key.like(f"package-%-link-{link_id}"),
        )
        keys = session.scalars(carries).all()
    if keys:
        cancelling.cancel(database, companion, keys, by=actor, reason="its link was withdrawn")
    return is_new


def handover_projects(session: Session) -> set[str]:
    """The ids of all companions: they carry messages and have no package of their own."""
    query = (
        select(Project.id)
        .join(Plan, (Plan.project_id == Project.id) & (Plan.version == Project.plan_version))
        .where(Plan.source == SOURCE)
    )
    return set(session.scalars(query))


def projects_to_package(session: Session) -> list[str]:
    """The ids of every project that has a package of its own, in their order."""
    companions = handover_projects(session)
    ids = session.scalars(select(Project.id).order_by(Project.id))
    return [project for project in ids if project not in companions]


def _read_people(to: Sequence[str]) -> list[Named]:
    """Each person once, in order; their keys are found later."""
    people: dict[str, Named] = {}
    for written in filter(None, map(str.strip, to)):
        # One person each: a list in one text could name somebody nobody meant.
        if (found := _PERSON.fullmatch(written)) is None:
            raise FixInput(f"{written[:80]!r} is not one person", next_step=_PERSON_FORM)
        address = found["address"] or found["alone"]
        name = (found["name"] or "").strip(' "')
        people.setdefault(normalise_address(address), Named("", address, name))
    if not people:
        raise FixInput(
            "A handover needs somebody to go to",
            next_step=_PERSON_FORM,
        )
    return list(people.values())


def _package(session: Session, handover: Handover) -> Package:
    if handover.number is not None:
        return load_package(session, handover.project_id, handover.number)
    packages = load_packages(session, handover.project_id)
    if not packages:
        raise FixInput(
            f"{handover.project_id} has no package yet",
            next_step=f"Build one: `aicmo package {handover.project_id}`.",
        )
    return packages[-1]


def _refuse(
    session: Session,
    handover: Handover,
    package: Package,
    document: ProjectDocument,
    store: PackageStore,
) -> None:
    project = handover.project_id
    if project in handover_projects(session):
        raise FixInput(f"{project} only carries messages; it has no package to hand over")
    if package.status != _FINAL and not handover.internal:
        raise FixInput(
            f"Package {package.number} of {project} is an internal draft",
            next_step=f"Approve every item and run `aicmo package {project}`, or say --internal.",
        )
    if lacking := [each["name"] for each in package.manifest.get("missing", [])]:
        raise FixInput(
            f"Package {package.number} of {project} lacks {', '.join(lacking)}",
            next_step=f"Build it again: `aicmo package {project}` says why it failed.",
        )
    if missing := missing_for_email(document):
        raise FixInput(
            f"{project} can't send email: its document has no {', '.join(missing)}",
            next_step="Complete the document's brand and import it again.",
        )
    require_in_store(package, store)


def require_in_store(package: Package, store: PackageStore) -> None:
    """Makes sure that a package's files can be had from this store.

    Raises:
        FixInput: they are in no store, or in another one.
    """
    expected = store.url(content_key(package.project_id, package.identity, "manifest.json"))
    if package.store_url == expected:
        return
    if package.store_url:
        raise FixInput(
            f"Package {package.number} of {package.project_id} is kept in another store",
            next_step=f"It is at {package.store_url}: set AICMO_PACKAGES_URL to that store.",
        )
    raise FixInput(
        f"Package {package.number} of {package.project_id} is in no store",
        next_step=f"Build it again: `aicmo package {package.project_id}` stores what is missing.",
    )


def _companion(session: Session, project_id: str) -> tuple[ProjectDocument | None, list[Named]]:
    """The companion's plan and the people it has written to, without those who were erased."""
    companion = companion_id(project_id)
    if session.get(Project, companion) is None:
        return None, []
    if companion not in handover_projects(session):
        raise FixInput(
            f"There is a project {companion} that isn't the companion of {project_id}",
            next_step="Its document was imported by somebody; give it another id.",
        )
    rows = session.scalars(
        select(Contact)
        .where(Contact.project_id == companion, Contact.removed.is_(False))
        .order_by(Contact.id)
    )
    people = [Named(row.key, row.email, row.details.get("name") or "") for row in rows]
    return load_plan(session, companion).document, people


def _taken_keys(database: Database, project_id: str) -> set[str]:
    with database.read() as session:
        query = select(Contact.key).where(Contact.project_id == companion_id(project_id))
        return set(session.scalars(query))


def _with(
    people: Sequence[Named], wanted: Sequence[Named], *, taken: set[str]
) -> tuple[list[Named], list[str]]:
    """Everybody, and the keys of those who are wanted; whoever is known keeps their key."""
    known = {normalise_address(each.email): each for each in people}
    last = max([int(found[1]) for key in taken if (found := _KEY.fullmatch(key))], default=0)
    keys: list[str] = []
    for person in wanted:
        mailbox = normalise_address(person.email)
        there = known.get(mailbox)
        if there is None:
            last += 1
        key = there.key if there else f"client-{last}"
        name = person.name or (there.name if there else "")
        known[mailbox] = Named(key, person.email, name)
        keys.append(key)
    return list(known.values()), keys


def _cover(package: Package, text: str) -> Cover:
    files, _ = offered_files(package)
    return Cover(
        package.plan_version, package.status, package.manifest["title"], files, text.strip()
    )


def _withdraw_all(
    database: Database, project_id: str, links: Sequence[NewLink], actor: str
) -> None:
    for link in links:
        revoke_link(database, project_id, link.id, actor=actor)


def _record(
    database: Database,
    package: Package,
    letters: Sequence[Letter],
    links: Sequence[NewLink],
    actor: str,
) -> None:
    with audit.transaction(database, package.project_id) as session:
        audit.record(
            session, audit.Event.HANDOVER_PREPARED, project_id=package.project_id, actor=actor,
            package=package.number, links=[each.id for each in links],
            items=[each.item for each in letters],
        )  # fmt: skip


def _plan_version(database: Database, project_id: str) -> int:
    with database.read() as session:
        return session.get_one(Project, project_id).plan_version
