"""What a client's CRM says of itself: kept for every later check, and compared with the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from aicmo import audit
from aicmo.channels import Channel
from aicmo.crm.fitting import Misfit, UniqueProperty, check_mapping, property_of, unique_properties
from aicmo.crm.fitting_values import check_contact, check_item
from aicmo.crm.providers import PROVIDERS, opt_out_of
from aicmo.crm.schema import Schema
from aicmo.database import Database
from aicmo.errors import FixAccount, TryLater
from aicmo.execution.accounts import require_account
from aicmo.execution.crm_asking import not_read, require_crm_gateway
from aicmo.execution.crm_asking import require_account as require_same_account
from aicmo.execution.crm_reading import require_crm
from aicmo.execution.gate import issue_account_permit
from aicmo.execution.identity import READ_ONLY, account_of
from aicmo.execution.project import load_plan
from aicmo.gateways.account_gateway import Profile, other_account
from aicmo.gateways.contract import LivePermit, OpenGateway, Outcome, OutcomeKind
from aicmo.gateways.crm_gateway import CrmGateway
from aicmo.gateways.crm_staging import objection_to
from aicmo.gateways.logins import missing_scopes
from aicmo.models import Contact, CrmSchema
from aicmo.plans.checking import name_some
from aicmo.plans.crm import CrmSetup
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import CrmContent

_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Examined:
    """A CRM as it describes itself, and what of the plan doesn't fit it.

    live: who is logged in: the pinned account. actions: of the plan's items.
    missing: scopes that the log-in lacks. is_read_only: it is the one that may only read.
    misfits: of the mapping. refused: values of items and contacts that the CRM doesn't take.
    """

    setup: CrmSetup
    actions: frozenset[str]
    live: Profile
    is_read_only: bool
    missing: tuple[str, ...]
    schema: Schema
    misfits: tuple[Misfit, ...]
    refused: tuple[Misfit, ...]
    read_at: datetime

    @property
    def is_amiss(self) -> bool:
        """Whether a person has something to put right."""
        return bool(self.misfits or self.refused or self.missing)

    @property
    def title(self) -> str:
        """The CRM's name."""
        return PROVIDERS[self.setup.provider].title

    @property
    def opt_out(self) -> str:
        """The property that says who wants no email; '' where there is none."""
        return opt_out_of(self.setup)

    @property
    def unique(self) -> list[UniqueProperty]:
        """The properties that the plan needs for our ids."""
        return unique_properties(self.setup, self.actions)

    @property
    def to_make(self) -> list[UniqueProperty]:
        """Those of them that the CRM doesn't have."""
        return [each for each in self.unique if property_of(each, self.schema) is None]


def examine(
    database: Database, project_id: str, open_reader: Callable[[], OpenGateway], *, by: str
) -> Examined:
    """Asks the CRM who is logged in and what its properties are, and keeps these; changes nothing there.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: its plan has no CRM.
        FixAccount: no CRM is pinned, the log-in is refused, or it is another account's.
        TryLater: the CRM doesn't answer.
    """
    with database.read() as session:
        document = load_plan(session, project_id).document
        setup = require_crm(document)
        require_account(session, project_id, Channel.CRM)
        reader = account_of(session, project_id, Channel.CRM, READ_ONLY)
        is_read_only = bool(reader and reader.identity)
    with open_reader()(issue_account_permit(Channel.CRM)) as opened:
        live, schema = _ask(require_crm_gateway(opened), project_id)
    read_at = _keep(database, project_id, schema, by)
    changes = [each.content for each in document.items if isinstance(each.content, CrmContent)]
    actions = frozenset(each.action for each in changes)
    refused = [*_of_items(document, setup, schema)]
    if "upsert_contact" in actions:
        refused += _of_contacts(database, project_id, setup, schema)
    scopes = tuple(live.scopes)
    return Examined(
        setup, actions, live, is_read_only,
        tuple(missing_scopes(setup.provider, live.identity, scopes, is_read_only=is_read_only)),
        schema, tuple(check_mapping(setup, schema, actions)), tuple(refused), read_at,
    )  # fmt: skip


def _ask(gateway: CrmGateway, project_id: str) -> tuple[Profile, Schema]:
    try:
        live = gateway.profile()
        if live.identity == gateway.account.identity:
            return live, gateway.read_schema()
    except Exception as error:  # noqa: BLE001  (a reading: whatever went wrong, nothing was changed)
        raise not_read(_for_a_person(objection_to(error)), project_id) from None
    pinned = gateway.account
    detail = other_account(live, pinned.identity, pinned.handle or pinned.name)
    raise not_read(Outcome(OutcomeKind.REFUSED_ACCOUNT, detail=detail), project_id)


def _for_a_person(objection: Outcome) -> Outcome:
    """What is refused for good, such as a scope that lacks, is a matter of the log-in."""
    is_final = objection.kind is OutcomeKind.REFUSED_FOR_GOOD
    return replace(objection, kind=OutcomeKind.REFUSED_ACCOUNT) if is_final else objection


def _keep(database: Database, project_id: str, schema: Schema, by: str) -> datetime:
    """With the account that changes contacts: every later check looks there."""
    with audit.transaction(database, project_id) as session:
        account, now = require_account(session, project_id, Channel.CRM), database.now(session)
        row = session.get(CrmSchema, account.id) or CrmSchema(account_id=account.id)
        row.content, row.read_at = schema.to_json(), now
        session.add(row)
        audit.record(
            session, audit.Event.CRM_CHECKED, project_id=project_id, actor=by,
            account=account.id, properties=len(schema.contacts),
        )  # fmt: skip
        return now


def _of_items(document: ProjectDocument, setup: CrmSetup, schema: Schema) -> Iterator[Misfit]:
    for item in document.items:
        if isinstance(item.content, CrmContent):
            yield from check_item(setup, schema, item.id, item.content)


def _of_contacts(
    database: Database, project_id: str, setup: CrmSetup, schema: Schema
) -> list[Misfit]:
    """Values of contacts, those with the same trouble together."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for key, own in _contacts(database, project_id):
        for each in check_contact(setup, schema, own):
            found.setdefault((each.place, each.text, each.fix), []).append(key)
    return [
        Misfit(f"{name_some(keys)}, {place}", text, fix)
        for (place, text, fix), keys in found.items()
    ]


def _contacts(database: Database, project_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
    query = select(Contact.key, Contact.email, Contact.timezone, Contact.details).where(
        Contact.project_id == project_id, Contact.removed.is_(False), Contact.consent == "opt_in"
    )
    with database.read() as session:
        rows = session.execute(query.order_by(Contact.id).execution_options(yield_per=_AT_ONCE))
        for key, email, timezone, details in rows:
            yield key, {"email": email, "timezone": timezone, **details}


def make_unique_properties(
    database: Database,
    project_id: str,
    wanted: Sequence[UniqueProperty],
    open_gateway: OpenGateway,
    permit: LivePermit,
    *,
    by: str,
) -> None:
    """Makes the properties that keep our ids in the client's CRM; what is there already stays.

    permit: of `issue_set_up_permit`.

    Raises:
        FixAccount: the CRM refuses, or another account is logged in.
        TryLater: it doesn't answer; whether it was made, the next `examine` tells.
    """
    with open_gateway(permit) as opened:
        gateway = require_crm_gateway(opened)
        require_same_account(gateway, project_id)
        for each in wanted:
            _record(database, project_id, audit.Event.CRM_PROPERTY_BEGUN, each, by)
            try:
                gateway.create_unique(each.name, of_activities=each.of_activities)
            except Exception as error:  # noqa: BLE001  (the CRM is asked again what it has)
                raise _not_made(each, objection_to(error)) from None
            _record(database, project_id, audit.Event.CRM_PROPERTY_MADE, each, by)


def _record(
    database: Database, project_id: str, event: audit.Event, made: UniqueProperty, by: str
) -> None:
    with audit.transaction(database, project_id) as session:
        account = require_account(session, project_id, Channel.CRM)
        audit.record(
            session, event, project_id=project_id, actor=by, account=account.id,
            property=made.name, of_activities=made.of_activities,
        )  # fmt: skip


def _not_made(wanted: UniqueProperty, objection: Outcome) -> FixAccount | TryLater:
    said = " ".join(part for part in (objection.code, objection.detail) if part)
    said = f"The CRM didn't make {wanted.name}: {said or 'no reason given'}"
    if objection.kind in (OutcomeKind.REFUSED_ACCOUNT, OutcomeKind.REFUSED_FOR_GOOD):
        step = "Log in as somebody who may change its settings, or have its administrator make it."
        return FixAccount(said, next_step=step)
    return TryLater(said, next_step="Run `aicmo crm doctor` again: it tells what is there.")
