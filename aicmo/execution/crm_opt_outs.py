"""Tells a client's CRM who has left here: whoever unsubscribed or complained, each once it is confirmed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.channels import Channel
from aicmo.crm.providers import contact_id_of, opt_out_of
from aicmo.crm.record import Record, Several
from aicmo.database import Database
from aicmo.errors import FixAccount, TryLater
from aicmo.execution import pauses
from aicmo.execution.crm_asking import find, require_crm_gateway, some_at_a_time
from aicmo.execution.crm_consent import (
    LEFT_IN_THE_CRM,
    READ,
    WRITE,
    Person,
    consent_setup,
    has_left,
    note,
    person_of,
)
from aicmo.execution.gate import issue_consent_permit
from aicmo.execution.identity import account_of, require_pinned
from aicmo.execution.leaving import UNSUBSCRIBED
from aicmo.execution.settling import let_account_wait, pause_account
from aicmo.execution.states import Mover
from aicmo.gateways.contract import OpenGateway, Outcome, OutcomeKind
from aicmo.gateways.crm_gateway import CrmGateway
from aicmo.models import Contact, CrmOptOut, Project, Suppression
from aicmo.plans.crm import CrmSetup
from aicmo.settings import ExecutionConfig

_WORDS_OF_THEIRS = (UNSUBSCRIBED, "complained", LEFT_IN_THE_CRM)
"""Reasons of a suppression that a person gave; that an address doesn't work is none."""


@dataclass(frozen=True, slots=True)
class ConsentTold:
    """What was told to the CRM.

    asked: ids of contacts who left here, and of whom it isn't known whether the CRM knows.
    told: ids of those that the CRM confirmed. known: of those whom it had as gone already.
    absent: of those whom it doesn't have. again: of those without an answer, who come again.
    refused: of the others, with the reason; a person has to look.
    waits: why nothing more is told now, or ''.
    """

    asked: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    waits: str = ""

    @property
    def left_over(self) -> int:
        """How many the next call is to tell."""
        settled = (self.told, self.known, self.absent, self.refused)
        return len(self.asked) - sum(map(len, settled))


def to_tell(session: Session, project_id: str) -> tuple[str, ...]:
    """Ids of the contacts who left here, and of whom it isn't known whether the CRM knows.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: its CRM has no property that says who left.
    """
    setup = _setup(session, project_id)
    return tuple(each.key for each in _gone(session, project_id, setup)) if setup else ()


def tell_consent(
    database: Database,
    project_id: str,
    config: ExecutionConfig,
    open_gateway: Callable[[], OpenGateway],
    *,
    by: str,
) -> ConsentTold:
    """Tells the CRM who has left here; whoever it doesn't have isn't added.

    An answer that was lost is asked for again by the next call: to say it twice has one effect.

    Args:
        database: where the ledger is.
        project_id: the project.
        config: the environment's side; it has to enable execution on the CRM.
        open_gateway: of the CRM, with a log-in that may write; asked for if there is somebody to tell of.
        by: who tells.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: its CRM has no property that says who left.
        FixConfiguration: the environment doesn't enable execution on the CRM.
        FixAccount: another account is logged in, or the CRM refuses the account.
        TryLater: the CRM doesn't answer; what was told until then counts.
    """
    with database.read() as session:
        setup = _setup(session, project_id)
        people = _gone(session, project_id, setup) if setup else []
        waits = _why_not_now(database, session, project_id)
        mover = Mover(project_id, by, database.now(session))
    if setup is None or not people:
        return ConsentTold()
    permit, asked = issue_consent_permit(config), tuple(each.key for each in people)
    if waits:
        return ConsentTold(asked, waits=waits)
    with open_gateway()(permit) as opened:
        gateway = require_crm_gateway(opened)
        require_pinned(database, mover, Channel.CRM, gateway)
        telling = _Telling(database, mover, gateway, opt_out_of(setup))
        for some in some_at_a_time(people):
            if not telling.waits:
                telling.tell(some)
    return telling.told(asked)


@dataclass
class _Telling:
    database: Database
    mover: Mover
    gateway: CrmGateway
    name: str
    confirmed: list[str] = field(default_factory=list[str])
    known: list[str] = field(default_factory=list[str])
    absent: list[str] = field(default_factory=list[str])
    again: list[str] = field(default_factory=list[str])
    refused: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    waits: str = ""

    def told(self, asked: tuple[str, ...]) -> ConsentTold:
        return ConsentTold(
            asked, tuple(self.confirmed), tuple(self.known), tuple(self.absent),
            tuple(self.again), tuple(self.refused), self.waits,
        )  # fmt: skip

    def _has_to_wait(self) -> bool:
        """Asked before each request, as a pause stops at once."""
        with self.database.read() as session:
            self.waits = _why_not_now(self.database, session, self.mover.project_id)
        return bool(self.waits)

    def tell(self, some: Sequence[Person]) -> None:
        """Looks these people up, and says it of those of whom the CRM doesn't know it."""
        matches = [each.match for each in some]
        found = find(self.gateway, self.mover.project_id, matches, {self.name})
        there: list[tuple[Person, Record]] = []
        for person, one in zip(some, found, strict=True):
            if isinstance(one, Record):
                there.append((person, one))
            elif isinstance(one, Several):
                self.refused.append((person.key, f"{len(one.ids)} contacts of the CRM fit"))
            else:
                self.absent.append(person.key)
        self._note_known([person for person, one in there if has_left(one, self.name)])
        to_say = [each for each in there if not has_left(each[1], self.name)]
        for group in some_at_a_time(to_say, self.gateway.records_per_request):
            if self._has_to_wait():
                return
            outcomes = self.gateway.opt_out([record for _, record in group], self.name)
            self._record([person for person, _ in group], outcomes)

    def _note_known(self, people: Sequence[Person]) -> None:
        with self.database.write() as session:
            note(session, self.database, [each.id for each in people], READ)
        self.known += [each.key for each in people]

    def _record(self, people: Sequence[Person], outcomes: Sequence[Outcome]) -> None:
        pairs = list(zip(people, outcomes, strict=True))
        confirmed = [person for person, one in pairs if one.kind is OutcomeKind.SENT]
        stop = next((one for one in outcomes if one.ends_batch), None)
        with audit.transaction(self.database, self.mover.project_id) as session:
            note(session, self.database, [each.id for each in confirmed], WRITE)
            if confirmed:
                audit.record(
                    session, audit.Event.CONSENT_TOLD, project_id=self.mover.project_id,
                    actor=self.mover.actor, contacts=[each.id for each in confirmed],
                )  # fmt: skip
            if stop is not None:
                _tell_account(session, self.mover, stop)
        if stop is not None:
            raise _stopped(self.mover.project_id, stop)
        self.confirmed += [each.key for each in confirmed]
        for person, one in pairs:
            if one.kind is OutcomeKind.REFUSED_FOR_GOOD:
                self.refused.append((person.key, _said(one)))
            elif one.kind is not OutcomeKind.SENT:
                self.again.append(person.key)


def _said(outcome: Outcome) -> str:
    return f"{outcome.code} {outcome.detail}".strip() or "no reason given"


def _setup(session: Session, project_id: str) -> CrmSetup | None:
    setup = consent_setup(session, project_id)
    return setup if setup and setup.consent in (WRITE, "both") else None


def _gone(session: Session, project_id: str, setup: CrmSetup) -> list[Person]:
    client = session.get_one(Project, project_id).client
    left = exists().where(
        Suppression.address_hmac == Contact.address_hmac,
        Suppression.client.in_(("", client)),
        Suppression.reason.in_(_WORDS_OF_THEIRS),
    )
    query = select(Contact).where(
        Contact.project_id == project_id,
        Contact.mailbox != "",  # of who was erased, nothing is left to tell
        or_(Contact.consent == UNSUBSCRIBED, left),
        ~exists().where(CrmOptOut.contact_id == Contact.id),
    )
    id_property = contact_id_of(setup)
    return [person_of(each, id_property) for each in session.scalars(query.order_by(Contact.id))]


def _why_not_now(database: Database, session: Session, project_id: str) -> str:
    for each in pauses.current(session, project_id):
        if each.channel in ("", Channel.CRM):
            return f"paused by {each.paused_by}"
    account = account_of(session, project_id, Channel.CRM)
    if account and account.paused_at:
        return f"the account is paused: {account.pause_reason or 'refused'}"
    if account and account.not_before and account.not_before > database.now(session):
        return f"the account waits until {account.not_before:%Y-%m-%d %H:%M} UTC"
    return ""


def _tell_account(session: Session, mover: Mover, stop: Outcome) -> None:
    account = account_of(session, mover.project_id, Channel.CRM)
    if account is None:
        return
    if stop.kind is OutcomeKind.REFUSED_ACCOUNT:
        pause_account(session, mover, account.id, _said(stop))
    elif stop.not_before:
        let_account_wait(session, mover, account.id, stop.not_before, _said(stop))


def _stopped(project_id: str, stop: Outcome) -> FixAccount | TryLater:
    if stop.kind is OutcomeKind.REFUSED_ACCOUNT:
        return FixAccount(
            f"The crm account is refused and paused: {_said(stop)}",
            next_step=f"Put its log-in right, then `aicmo unpause {project_id} --channel crm`.",
        )
    return TryLater(
        f"The CRM takes no opt-outs now: {_said(stop)}",
        next_step="Run it again later: who isn't told of yet comes again.",
    )
