"""Reads the contacts that planned changes are about from the client's CRM; changes nothing there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.channels import Channel
from aicmo.crm.providers import contact_id_of, tags_of
from aicmo.crm.record import Found, Match, Record, Several
from aicmo.database import Database
from aicmo.errors import FixInput
from aicmo.execution.crm_asking import find, require_account, require_crm_gateway, some_at_a_time
from aicmo.execution.crm_last_reading import forget_readings, keep_readings
from aicmo.execution.gate import issue_account_permit
from aicmo.execution.handing_over import OnProgress
from aicmo.execution.project import load_plan
from aicmo.execution.states import State
from aicmo.gateways.contract import OpenGateway
from aicmo.models import Contact, Delivery, Item
from aicmo.plans.crm import CrmSetup
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import CrmContent


@dataclass
class ContactsRead:
    """How many contacts were asked about, and how many of them the CRM has once, or several times."""

    asked: int
    found: int = 0
    several: int = 0

    @property
    def absent(self) -> int:
        return self.asked - self.found - self.several


def read_contacts(
    database: Database,
    project_id: str,
    open_gateway: OpenGateway,
    *,
    by: str,
    on_progress: OnProgress = lambda _: None,
) -> ContactsRead:
    """Reads every contact that a planned change is about, and keeps what is there for the preview.

    What was read before and isn't needed any more is forgotten.

    Args:
        database: where the ledger is.
        project_id: the project.
        open_gateway: of its CRM, with any log-in that may read.
        by: who wants it, for the audit log.
        on_progress: told of every contact.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: the project has no CRM.
        FixAccount: the log-in is refused, or is another account's.
        TryLater: the CRM doesn't answer; what was read until then is kept.
    """
    with database.read() as session:
        document = load_plan(session, project_id).document
        setup = require_crm(document)
        names = _names(document, setup)
    with open_gateway(issue_account_permit(Channel.CRM)) as opened:
        gateway = require_crm_gateway(opened)
        require_account(gateway, project_id)
        wanted = _begin(database, project_id, contact_id_of(setup), by)
        counted = ContactsRead(len(wanted))
        for some in some_at_a_time(wanted):
            found = find(gateway, project_id, [match for _, match in some], names)
            _keep(database, gateway.identity, [each for each, _ in some], found, names)
            counted.found += sum(isinstance(each, Record) for each in found)
            counted.several += sum(isinstance(each, Several) for each in found)
            for _ in some:
                on_progress(None)
    return counted


def contacts_to_read(session: Session, project_id: str) -> int:
    """How many contacts `read_contacts` would ask about."""
    return session.scalars(select(func.count()).select_from(_contacts(project_id).subquery())).one()


def require_crm(document: ProjectDocument) -> CrmSetup:
    """The document's CRM.

    Raises:
        FixInput: it has none.
    """
    if document.crm is None:
        raise FixInput(
            f"{document.id} has no CRM",
            next_step="Describe it in the document's crm section, and import the document again.",
        )
    return document.crm


def _names(document: ProjectDocument, setup: CrmSetup) -> set[str]:
    """The properties that are mapped, and those that the items are judged by; no other one is read."""
    names = {each.theirs for each in setup.fields}
    contents = [each.content for each in document.items if isinstance(each.content, CrmContent)]
    if setup.stages:
        names.add(setup.stages.property)
    if any(each.action == "add_tag" for each in contents):
        names.add(tags_of(setup))
    return names


_Wanted = tuple[int, Match]


def _begin(database: Database, project_id: str, id_property: str, by: str) -> list[_Wanted]:
    """The contacts to read; that they are is noted before the first of them is."""
    with audit.transaction(database, project_id) as session:
        wanted = _wanted(session, project_id, id_property)
        forget_readings(session, project_id, {each for each, _ in wanted})
        audit.record(
            session, audit.Event.CRM_READ, project_id=project_id, actor=by, contacts=len(wanted)
        )
    return wanted


def _wanted(session: Session, project_id: str, id_property: str) -> list[_Wanted]:
    rows = session.execute(_contacts(project_id).order_by(Contact.id)).tuples()
    return [
        (each, Match(f"{project_id}:{key}", mailbox, id_property)) for each, key, mailbox in rows
    ]


def _contacts(project_id: str) -> Select[tuple[int, str, str]]:
    """Those of whom something is still to be changed."""
    return (
        select(Contact.id, Contact.key, Contact.mailbox)
        .join(Delivery, Delivery.contact_id == Contact.id)
        .join(Item, Item.id == Delivery.item_id)
        .where(
            Delivery.project_id == project_id,
            Delivery.in_plan,
            Delivery.state.in_((State.PENDING.value, State.HELD.value)),
            Item.channel == Channel.CRM.value,
        )
        .distinct()
    )


def _keep(
    database: Database,
    identity: str,
    contact_ids: Sequence[int],
    found: Sequence[Found],
    names: Collection[str],
) -> None:
    by_contact = dict(zip(contact_ids, found, strict=True))
    with database.write() as session:
        keep_readings(session, identity, by_contact, names, database.now(session))
