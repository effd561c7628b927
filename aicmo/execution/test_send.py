"""A test message: an email of the plan to a colleague, marked as one. It is no delivery.

The ledger's rows aren't read for it, let alone written; the audit log says that it was tried.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.channels import Channel
from aicmo.database import Database
from aicmo.errors import FixConfiguration, TryLater
from aicmo.execution import gate, pauses
from aicmo.execution.project import load_plan
from aicmo.execution.sample_email import as_contact, compose_sample, find_email, stand_in
from aicmo.gateways.contract import LivePermit, OpenGateway, Outcome, OutcomeKind, Outgoing
from aicmo.gateways.email_message import ComposedEmail
from aicmo.models import AuditEvent
from aicmo.plans.addresses import ascii_address, normalise_address
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import EmailContent
from aicmo.privacy import address_hmac
from aicmo.settings import ExecutionConfig

PER_HOUR = 20
"""Test messages of a project in any hour; more would be a way around approval."""

_HEADER = {"X-AICMO-Test": "yes"}
_MARK = "Test message."
_EXPLAINED = "It went to you only, and counts as no delivery."
_INTERRUPTED = Outcome(OutcomeKind.UNKNOWN, detail="interrupted while it was being sent")
_MAY_BE_THERE = (OutcomeKind.SENT, OutcomeKind.DUPLICATE, OutcomeKind.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which email goes to whom, for a look at it.

    to: the address it goes to. contact: whose data it is filled with; '' for a made-up person.
    """

    project_id: str
    item: str
    to: str
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Keys:
    """What the environment allows at this moment; asked again before the committing byte.

    recipients: AICMO_TEST_RECIPIENTS.
    """

    config: ExecutionConfig
    recipients: str


def compose_test(database: Database, wanted: Wanted) -> ComposedEmail:
    """The marked email; writes nothing and sends nothing.

    Raises:
        NoSuchProject: there is no such project.
        FixInput: there is no such email or contact, the address can't be used, or the email can't
            be composed.
    """
    address = ascii_address(wanted.to)
    with database.read() as session:
        document = load_plan(session, wanted.project_id).document
        content = find_email(document, wanted.item)
        person = (
            as_contact(session, wanted.project_id, wanted.contact, address)
            if wanted.contact
            else stand_in(content, address)
        )
    token = f"test-{secrets.token_hex(16)}"
    marked = _marked(document, wanted.item)
    return compose_sample(marked, wanted.item, person, datetime.now(UTC), token, _HEADER)


def send_test(
    database: Database,
    wanted: Wanted,
    keys: Callable[[], Keys],
    open_gateway: OpenGateway,
    *,
    by: str,
    secret_key: bytes,
) -> Outcome:
    """Composes the marked email and hands it over once.

    Raises:
        FixConfiguration: the environment allows no test, or none to this address.
        TryLater: sending is paused, or there were too many tests in the last hour.
        NoSuchProject, FixInput: as for `compose_test`.
    """
    now = keys()
    address = ascii_address(wanted.to)
    permit = gate.issue_test_permit(now.config, Channel.EMAIL, address, now.recipients)
    _require_unpaused(database, wanted.project_id)
    composed = compose_test(database, wanted)
    with open_gateway(permit) as gateway:
        named = _Record(database, wanted, by, address_hmac(secret_key, normalise_address(address)))
        named.begin()
        outcome = _INTERRUPTED
        try:
            outgoing = _outgoing(composed, gateway.timing.send_deadline)
            last = _LastQuestion(database, wanted.project_id, permit, keys)
            ((_, outcome),) = gateway.send_batch([outgoing], last)
        finally:
            named.end(outcome)
    return outcome


def _marked(document: ProjectDocument, item_key: str) -> ProjectDocument:
    """The plan with that email marked in its subject and on its first line.

    Marked in what it is composed from, so that subject, text and HTML agree.
    """
    items = tuple(
        item.model_copy(update={"content": _with_mark(item.content)})
        if item.id == item_key and isinstance(item.content, EmailContent)
        else item
        for item in document.items
    )
    return document.model_copy(update={"items": items})


def _with_mark(content: EmailContent) -> EmailContent:
    line = (
        f"<p><strong>{_MARK}</strong> {_EXPLAINED}</p>\n"
        if content.format == "html"
        else f"**{_MARK}** {_EXPLAINED}\n\n"
    )
    changes = {"subject": f"[Test] {content.subject}", "body": line + content.body}
    return content.model_copy(update=changes)


def _outgoing(composed: ComposedEmail, seconds: float) -> Outgoing:
    token = composed.message_id[1:].partition("@")[0]
    deadline = time.monotonic() + seconds
    return Outgoing(0, token, composed.sender, composed.recipient, composed.payload, deadline)


def _require_unpaused(database: Database, project_id: str) -> None:
    if _is_paused(database, project_id):
        raise TryLater(
            "Sending is paused, tests included",
            next_step="`aicmo pause --list` shows the switches, `aicmo unpause` releases one.",
        )


def _is_paused(database: Database, project_id: str) -> bool:
    with database.read() as session:
        switches = pauses.current(session, project_id)
    return any(each.channel in ("", Channel.EMAIL) for each in switches)


@dataclass(frozen=True, slots=True)
class _LastQuestion:
    """`StillAllowed` for a test: its one address, still listed, still enabled, and no pause."""

    database: Database
    project_id: str
    permit: LivePermit
    keys: Callable[[], Keys]

    def __call__(self, group: Sequence[Outgoing]) -> list[Outgoing]:
        return [each for each in group if self._may_go(each.recipient)]

    def _may_go(self, recipient: str) -> bool:
        try:
            now = self.keys()
            gate.issue_test_permit(now.config, Channel.EMAIL, recipient, now.recipients)
            paused = _is_paused(self.database, self.project_id)
        except (FixConfiguration, DBAPIError):
            return False
        return recipient == self.permit.only_to and not paused


@dataclass(frozen=True, slots=True)
class _Record:
    """What the audit log gets: before the first byte, and after the answer."""

    database: Database
    wanted: Wanted
    by: str
    address: str

    def begin(self) -> None:
        with audit.transaction(self.database, self.wanted.project_id) as session:
            if _begun_in_the_last_hour(session, self.wanted.project_id) >= PER_HOUR:
                raise TryLater(
                    f"{PER_HOUR} test messages went out for this project in the last hour",
                    next_step="Wait; to look without sending, use --dry-run.",
                )
            self._write(session, audit.Event.EMAIL_TEST_BEGUN)

    def end(self, outcome: Outcome) -> None:
        went = outcome.kind in _MAY_BE_THERE
        event = audit.Event.EMAIL_TEST_SENT if went else audit.Event.EMAIL_TEST_NOT_SENT
        with audit.transaction(self.database, self.wanted.project_id) as session:
            self._write(session, event, outcome=outcome.kind.value, code=outcome.code)

    def _write(self, session: Session, event: audit.Event, **data: str) -> None:
        audit.record(
            session, event, project_id=self.wanted.project_id, actor=self.by,
            item=self.wanted.item, address=self.address, **data,
        )  # fmt: skip


def _begun_in_the_last_hour(session: Session, project_id: str) -> int:
    # By the clock and in the form that the log is written with.
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="microseconds")
    query = select(func.count()).where(
        AuditEvent.project_id == project_id,
        AuditEvent.event == audit.Event.EMAIL_TEST_BEGUN.value,
        AuditEvent.at > since,
    )
    return session.scalars(query).one()
