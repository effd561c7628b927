"""Erasure (GDPR Art. 17): what names a person goes from the ledger, for all projects of a client.

No row of the ledger is deleted, so that the books and the audit log stay whole. What is left of a person is the
keyed hash of each address, by which nobody writes to them again and no import brings them back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Select, String, Update, cast, delete, literal, or_, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database
from aicmo.errors import FixInput, NoSuchProject
from aicmo.execution.contacts import BLANK, ERASED, suppress
from aicmo.execution.states import Mover, State, move
from aicmo.models import (
    Attempt,
    Contact,
    CrmAnswer,
    CrmReading,
    CrmRestoration,
    Delivery,
    Feedback,
    Project,
    Reading,
)
from aicmo.plans.addresses import normalise_address
from aicmo.privacy import address_hmac

_WAITING = (State.PENDING, State.HELD, State.EXPIRED)
_REPLACED = "erased:"


@dataclass(frozen=True, slots=True)
class Person:
    """Who is to be erased: the contact with this id, or whoever has the address, at one client."""

    project_id: str
    contact: str = ""
    email: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Traces:
    """What the ledger holds about a person.

    contacts: project and contact id of each of their rows. addresses: theirs, as far as they are
    still there. deliveries: how many name them; waiting: how many of those will be called off.
    projects: all of the client's, whose copies on disk may name them too.
    """

    contacts: tuple[tuple[str, str], ...]
    addresses: tuple[str, ...] = field(repr=False)
    deliveries: int
    waiting: int
    projects: tuple[str, ...]

    @property
    def are_gone(self) -> bool:
        return not (self.contacts or self.addresses or self.deliveries)


def look_up(database: Database, person: Person, secret_key: bytes) -> Traces:
    """What an erasure would take away.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: nobody is found, or the address is none.
    """
    with database.read() as session:
        return _told(_find(session, person, secret_key))


def erase(database: Database, person: Person, secret_key: bytes, *, by: str) -> Traces:
    """Erases a person in one transaction; repeated, it changes nothing.

    What may have gone out already, or is on the wire, isn't called off, but loses its address.
    What SQLite has freed in its file is gone only after `scrub`.

    Returns:
        What there was.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: nobody is found, or the address is none.
    """
    with database.read() as session:
        _, projects = _client(session, person.project_id)
    with audit.transaction(database, *projects) as session:
        found = _find(session, person, secret_key)
        now = database.now(session)
        for hmac in sorted(found.hmacs):
            suppress(session, found.client, hmac, ERASED, now)
        for project_id in found.projects:
            _call_off(session, Mover(project_id, by, now), found.delivery_ids)
        _blank(session, found)
        _record(session, found, by)
    return _told(found)


def scrub(database: Database) -> bool:
    """Rewrites a SQLite file without what was erased; False if somebody's use of it prevented that.

    PostgreSQL does it by itself, in time (autovacuum); its files are the operator's.

    Raises:
        DBAPIError: it failed, for example for want of room on the disk.
    """
    if not database.is_sqlite:
        return True
    try:
        with database.watch() as connection:
            connection.execute(text("VACUUM"))
            busy, *_ = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()
    except OperationalError as error:
        if getattr(error.orig, "sqlite_errorcode", None) != sqlite3.SQLITE_BUSY:
            raise
        return False
    return not busy


@dataclass(frozen=True, slots=True)
class _Found:
    client: str
    projects: tuple[str, ...]
    contacts: tuple[Contact, ...]
    deliveries: tuple[Delivery, ...]
    hmacs: frozenset[str]

    @property
    def delivery_ids(self) -> list[int]:
        return [each.id for each in self.deliveries]

    @property
    def named(self) -> list[Delivery]:
        """The deliveries that still hold an address."""
        return [each for each in self.deliveries if "@" in each.recipient]

    @property
    def not_blank(self) -> list[Contact]:
        return [each for each in self.contacts if _is_not_blank(each)]


def _told(found: _Found) -> Traces:
    mailboxes = {each.mailbox for each in found.not_blank} | {
        each.recipient for each in found.named
    }
    waiting = [each for each in found.deliveries if _is_waiting(each)]
    return Traces(
        tuple((each.project_id, each.key) for each in found.not_blank),
        tuple(sorted(mailboxes - {""})),
        len(found.named),
        len(waiting),
        found.projects,
    )


def _is_not_blank(contact: Contact) -> bool:
    return any(getattr(contact, name) != value for name, value in BLANK.items())


def _is_waiting(delivery: Delivery) -> bool:
    # What is ambiguous may have gone out: to call it off would hide a doubt.
    return delivery.state in _WAITING and not delivery.ambiguous


def _client(session: Session, project_id: str) -> tuple[str, tuple[str, ...]]:
    """The client of a project, and the ids of all projects of that client."""
    project = session.get(Project, project_id)
    if project is None:
        raise NoSuchProject(project_id)
    ids = select(Project.id).where(Project.client == project.client).order_by(Project.id)
    return project.client, tuple(session.scalars(ids))


def _find(session: Session, person: Person, secret_key: bytes) -> _Found:
    client, projects = _client(session, person.project_id)
    own = _named(session, person)
    mailboxes = {each.mailbox for each in own} | _written_to(session, own)
    if person.email:
        mailboxes.add(normalise_address(person.email))
    mailboxes.discard("")
    hmacs = {address_hmac(secret_key, each) for each in mailboxes}
    # Of an erasure that is repeated, the hashes alone are left.
    hmacs |= {each.address_hmac for each in own if each.address_hmac}
    same = Contact.project_id.in_(projects) & Contact.address_hmac.in_(hmacs)
    others = session.scalars(select(Contact).where(same).order_by(Contact.id)).all()
    contacts = tuple({each.id: each for each in (*own, *others)}.values())
    deliveries = _deliveries(session, projects, contacts, mailboxes)
    if not (contacts or deliveries):
        raise FixInput(
            f"Nobody of the client of {person.project_id} has this address",
            next_step="Look the person up in the project document, and name them with --contact.",
        )
    return _Found(client, projects, contacts, deliveries, frozenset(hmacs))


def _named(session: Session, person: Person) -> Sequence[Contact]:
    """The contact that was named by its id; nobody if an address was given."""
    query = select(Contact).where(
        Contact.project_id == person.project_id, Contact.key == person.contact
    )
    found = session.scalars(query).all() if person.contact else ()
    if person.contact and not found:
        raise FixInput(
            f"{person.project_id} has no contact {person.contact}",
            next_step="The ids of contacts are those of its project document.",
        )
    return found


def _written_to(session: Session, contacts: Sequence[Contact]) -> set[str]:
    """The addresses of these people's deliveries, which may not be those of today."""
    query = select(Delivery.recipient).where(
        Delivery.contact_id.in_([each.id for each in contacts])
    )
    return {each for each in session.scalars(query) if "@" in each}


def _deliveries(
    session: Session, projects: Sequence[str], contacts: Sequence[Contact], mailboxes: set[str]
) -> tuple[Delivery, ...]:
    theirs = or_(
        Delivery.contact_id.in_([each.id for each in contacts]), Delivery.recipient.in_(mailboxes)
    )
    query = select(Delivery).where(Delivery.project_id.in_(projects), theirs)
    return tuple(session.scalars(query.order_by(Delivery.id)))


def _call_off(session: Session, mover: Mover, ids: Sequence[int]) -> None:
    for state in _WAITING:
        page = list(session.scalars(_of(mover, ids, state)))
        if state is not State.PENDING:
            move(session, mover, page, state, State.PENDING)
        move(session, mover, page, State.PENDING, State.CANCELLED, reason=ERASED)


def _of(mover: Mover, ids: Sequence[int], state: State) -> Select[tuple[int]]:
    return select(Delivery.id).where(
        Delivery.project_id == mover.project_id,
        Delivery.id.in_(ids),
        Delivery.state == state.value,
        Delivery.ambiguous.is_(False),
    )


def _blank(session: Session, found: _Found) -> None:
    contacts = Contact.id.in_([each.id for each in found.contacts])
    _set(session, update(Contact).where(contacts).values(**BLANK))
    # One of a kind, so that the ledger still holds one delivery of an item to each recipient.
    replaced = literal(_REPLACED).concat(cast(Delivery.id, String))
    named = Delivery.id.in_([each.id for each in found.named])
    _set(session, update(Delivery).where(named).values(recipient=replaced))
    for table in (Attempt, Reading, Feedback):
        # What others said about a delivery, in words that may repeat its address.
        said = table.delivery_id.in_(found.delivery_ids)
        _set(session, update(table).where(said).values(detail=""))
    _blank_crm(session, found)


def _blank_crm(session: Session, found: _Found) -> None:
    """What their client's CRM had of them; what was overwritten there can't be put back any more."""
    people, about = [each.id for each in found.contacts], found.delivery_ids
    _set(session, update(Delivery).where(Delivery.id.in_(about)).values(staged={}))
    _set(session, update(CrmAnswer).where(CrmAnswer.delivery_id.in_(about)).values(theirs=""))
    wishes = update(CrmRestoration).where(CrmRestoration.delivery_id.in_(about))
    _set(session, wishes.values(restored={}))
    session.execute(delete(CrmReading).where(CrmReading.contact_id.in_(people)))


def _set(session: Session, change: Update) -> None:
    session.execute(change.execution_options(synchronize_session=False))


def _record(session: Session, found: _Found, by: str) -> None:
    for project_id in found.projects:
        contacts = [each.id for each in found.not_blank if each.project_id == project_id]
        deliveries = [each.id for each in found.named if each.project_id == project_id]
        if contacts or deliveries:
            audit.record(
                session, audit.Event.CONTACT_ERASED, project_id=project_id, actor=by,
                contacts=contacts, deliveries=deliveries,
            )  # fmt: skip
