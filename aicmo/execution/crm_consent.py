"""Who wants no email any more: read from a client's CRM, and told to it; nobody is ever let back in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress as ignoring
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.channels import Channel
from aicmo.crm.providers import PROVIDERS, contact_id_of, opt_out_of
from aicmo.crm.record import Match, Record, Several
from aicmo.crm.values import is_same
from aicmo.database import Database, upsert
from aicmo.errors import FixInput
from aicmo.execution.contacts import suppress
from aicmo.execution.crm_asking import find, require_account, require_crm_gateway, some_at_a_time
from aicmo.execution.gate import issue_account_permit
from aicmo.execution.project import load_plan
from aicmo.gateways.contract import OpenGateway
from aicmo.models import Contact, CrmOptOut, Project
from aicmo.plans.addresses import normalise_address
from aicmo.plans.crm import CrmSetup
from aicmo.privacy import address_hmac

LEFT_IN_THE_CRM = "unsubscribed in the CRM"
READ, WRITE = "read", "write"
"""Directions: found there, told there."""


@dataclass(frozen=True, slots=True)
class Person:
    """A contact of the project, as far as consent needs it."""

    id: int
    key: str
    match: Match
    address_hmac: str


@dataclass(frozen=True, slots=True)
class ConsentRead:
    """What a reading of the CRM came to.

    asked: contacts that the CRM was asked about. left: ids of those who are suppressed by it now.
    several: ids of those that more than one contact of the CRM fits; a person has to look.
    """

    asked: int = 0
    left: tuple[str, ...] = ()
    several: tuple[str, ...] = ()


def consent_setup(session: Session, project_id: str) -> CrmSetup | None:
    """The project's CRM, if consent goes to it or comes from it.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: its CRM has no property that says who left.
    """
    setup = load_plan(session, project_id).document.crm
    if setup is None or setup.consent == "none":
        return None
    if not opt_out_of(setup):
        raise FixInput(
            f"{PROVIDERS[setup.provider].title} has no property of its own that says who wants no email",
            next_step="Name a yes-or-no property of contacts in crm.opt_out, and import the document "
            "again.",
        )
    return setup


def read_consent(
    database: Database,
    project_id: str,
    secret_key: bytes,
    open_gateway: Callable[[], OpenGateway],
    *,
    by: str,
) -> ConsentRead:
    """Suppresses, for all projects of the client, whom the CRM says to want no email; sends nothing.

    Repeated, it adds who left meanwhile; who is let in again there stays out here.

    Args:
        database: where the ledger is.
        project_id: the project.
        secret_key: AICMO_SECRET_KEY.
        open_gateway: of the CRM, with any log-in that may read; asked for if there is somebody to ask
            about.
        by: who reads.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: its CRM has no property that says who left.
        FixAccount: the log-in is refused, or is another account's.
        TryLater: the CRM doesn't answer; what was read until then counts.
    """
    with database.read() as session:
        setup = consent_setup(session, project_id)
        if setup is None or setup.consent == WRITE:
            return ConsentRead()
        people = _people(session, project_id, contact_id_of(setup))
    left: list[str] = []
    several: list[str] = []
    if people:
        with open_gateway()(issue_account_permit(Channel.CRM)) as opened:
            gateway, name = require_crm_gateway(opened), opt_out_of(setup)
            require_account(gateway, project_id)
            for some in some_at_a_time(people):
                found = find(gateway, project_id, [each.match for each in some], {name})
                pairs = list(zip(some, found, strict=True))
                several += [person.key for person, one in pairs if isinstance(one, Several)]
                gone = [
                    (person, one)
                    for person, one in pairs
                    if isinstance(one, Record) and has_left(one, name)
                ]
                left += _suppress(database, project_id, secret_key, gone, by)
    return ConsentRead(len(people), tuple(left), tuple(several))


def has_left(record: Record, name: str) -> bool:
    """Whether the CRM says of the contact that they want no email."""
    return is_same("boolean", record.values.get(name, ""), "true")


def note(
    session: Session, database: Database, contacts: Sequence[int], direction: str
) -> None:  # fmt: skip
    """That the CRM knows of these contacts that they left."""
    if not contacts:
        return
    at = database.now(session)
    rows = [{"contact_id": each, "direction": direction, "at": at} for each in contacts]
    session.execute(upsert(session, CrmOptOut).values(rows).on_conflict_do_nothing())


def _people(session: Session, project_id: str, id_property: str) -> list[Person]:
    query = select(Contact).where(
        Contact.project_id == project_id, Contact.removed.is_(False), Contact.mailbox != ""
    )
    return [person_of(each, id_property) for each in session.scalars(query.order_by(Contact.id))]


def person_of(contact: Contact, id_property: str) -> Person:
    match = Match(f"{contact.project_id}:{contact.key}", contact.mailbox, id_property)
    return Person(contact.id, contact.key, match, contact.address_hmac)


def _suppress(
    database: Database,
    project_id: str,
    secret_key: bytes,
    gone: Sequence[tuple[Person, Record]],
    by: str,
) -> list[str]:
    """Returns who wasn't suppressed before."""
    if not gone:
        return []
    with audit.transaction(database, project_id) as session:
        now, client = database.now(session), session.get_one(Project, project_id).client
        # The CRM may have a newer address of theirs than we.
        theirs = {hmac: who for who, there in gone for hmac in _hmacs(secret_key, who, there)}
        new = {
            who.id: who.key
            for hmac, who in theirs.items()
            if suppress(session, client, hmac, LEFT_IN_THE_CRM, now)
        }
        note(session, database, [person.id for person, _ in gone], READ)
        if new:
            audit.record(
                session, audit.Event.CONSENT_READ, project_id=project_id, actor=by,
                contacts=sorted(new),
            )  # fmt: skip
    return list(new.values())


def _hmacs(secret_key: bytes, person: Person, record: Record) -> set[str]:
    hmacs = {person.address_hmac}
    with ignoring(FixInput):  # the CRM has none, or one that nobody can write to
        hmacs.add(address_hmac(secret_key, normalise_address(record.email)))
    return hmacs
