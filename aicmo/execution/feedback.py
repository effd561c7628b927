"""Tying what comes back to what went out, and what follows: suppressions, and doubts that end.

Anybody can write to the mailbox. A report counts only if it shows that it comes from the recipient's
side of a message: it names the feedback token, which nobody else knows, or the Message-ID together
with the recipient's own address.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, select
from sqlalchemy.orm import Session

from aicmo import audit
from aicmo.database import Database
from aicmo.execution.contacts import suppress
from aicmo.execution.proven import settle_proven
from aicmo.gateways.mail_reports import Kind, Report, read_reports
from aicmo.gateways.mailboxes import FeedbackMailbox, Received
from aicmo.gateways.smtp_replies import NO_SUCH_RECIPIENT
from aicmo.models import Attempt, Delivery, Feedback, Item, Project
from aicmo.plans.addresses import normalise_address
from aicmo.privacy import feedback_sha256

REFUSALS_TO_SUPPRESS = 3
"""After so many emails that were refused for good for another reason."""
_CHUNK = 200
_CLOCKS_APART = timedelta(days=1)
_NO_REPORT = "it is no delivery report or complaint"
_NOT_OURS = "it names no email that this installation sent"


@dataclass(frozen=True, slots=True)
class CameBack:
    """One report about one delivery.

    suppressed: why the address is written to no more, if this report is the reason; else ''.
    """

    project_id: str
    item: str
    delivery_id: int
    recipient: str
    kind: Kind
    status: str
    detail: str
    suppressed: str


@dataclass(frozen=True, slots=True)
class LeftInPlace:
    """A message that counts for nothing; `name` is what its mailbox knows it by."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class FeedbackRead:
    """What one reading of the mailbox found.

    known: reports that an earlier reading had counted.
    settled: deliveries in doubt that a report shows to have gone out; they count as sent.
    """

    messages: int
    came_back: tuple[CameBack, ...]
    known: int
    settled: int
    left: tuple[LeftInPlace, ...]

    def count(self, kind: Kind) -> int:
        return sum(each.kind is kind for each in self.came_back)


def read_feedback(
    database: Database, mailbox: FeedbackMailbox, *, by: str, journal_address: str = ""
) -> FeedbackRead:
    """Counts what a mailbox holds, once each, and does what follows from it; sends nothing.

    Args:
        database: where the ledger is.
        mailbox: what came back; messages that count for nothing stay in it as they are.
        by: who reads.
        journal_address: gets a copy of each email; what it bounces is about no contact.

    Raises:
        AicmoError: the mailbox's server failed on the way; what was read until then is counted.
    """
    reading = _Reading(database, mailbox, by, _mailbox_of(journal_address))
    messages = mailbox.messages()
    while chunk := list(islice(messages, _CHUNK)):
        reading.take(chunk)
    settled = settle_proven(database, by=by)
    return FeedbackRead(
        reading.messages, tuple(reading.came_back), reading.known, settled, tuple(reading.left)
    )


def _mailbox_of(address: str) -> str:
    return normalise_address(address) if address else ""


@dataclass(frozen=True, slots=True)
class _Sent:
    """A delivery that was armed at least once: the only ones that anything can be said of."""

    feedback_sha256: str
    token: str
    recipient: str
    delivery_id: int
    project_id: str
    item: str
    client: str
    address_hmac: str
    armed_at: datetime


class _Reading:
    def __init__(self, database: Database, mailbox: FeedbackMailbox, by: str, journal: str) -> None:
        self._database, self._mailbox, self._by, self._journal = database, mailbox, by, journal
        self.messages = self.known = 0
        self.came_back: list[CameBack] = []
        self.left: list[LeftInPlace] = []

    def take(self, chunk: Sequence[Received]) -> None:
        read = [(each, read_reports(each.content)) for each in chunk]
        with self._database.read() as session:
            sent = _Ledger(session, [report for _, reports in read for report in reports])
        for message, reports in read:
            self._take(message, reports, sent)

    def _take(self, message: Received, reports: Sequence[Report], sent: _Ledger) -> None:
        self.messages += 1
        source = hashlib.sha256(message.content).hexdigest()
        is_ours = False
        for report in reports:
            delivery = sent.find(report)
            if delivery is None or self._is_about_a_copy(report, delivery):
                continue
            is_ours = True
            came_back = _record(self._database, delivery, report, source, self._by)
            if came_back is None:
                self.known += 1
            else:
                self.came_back.append(came_back)
        if is_ours:
            self._mailbox.mark_processed(message.name)
        else:
            reason = _NOT_OURS if reports else _NO_REPORT
            self.left.append(LeftInPlace(message.name, reason))

    def _is_about_a_copy(self, report: Report, delivery: _Sent) -> bool:
        """The journal's copy has the contact's bounce address, but another recipient.

        Whoever the journal's mail is passed on to isn't known: so a bounce must name the contact.
        """
        if not self._journal or not report.recipients:
            return False
        names_contact = delivery.recipient in report.recipients
        is_bounce = report.kind in (Kind.BOUNCED, Kind.DELAYED)
        return self._journal in report.recipients or (is_bounce and not names_contact)


class _Ledger:
    """The deliveries that some reports may be about."""

    def __init__(self, session: Session, reports: Sequence[Report]) -> None:
        hashes = {feedback_sha256(token) for report in reports for token in report.tokens}
        named = _sent(session, _names_one_of(hashes), needed=bool(hashes))
        self._by_token = {each.feedback_sha256: each for each in named}
        # Without its recipient's address, a Message-ID proves nothing.
        others = [each for each in reports if each.recipients and not self._is_named(each)]
        ids = {message_id for each in others for message_id in each.message_ids}
        found = _sent(session, Delivery.token.in_(ids), needed=bool(ids))
        self._by_id = {(each.token, each.recipient): each for each in found}

    def _is_named(self, report: Report) -> bool:
        return any(feedback_sha256(token) in self._by_token for token in report.tokens)

    def find(self, report: Report) -> _Sent | None:
        """The delivery that a report is about, if the report may say something about it."""
        for delivery in self._named_by(report):
            if report.written_at and report.written_at < delivery.armed_at - _CLOCKS_APART:
                continue
            return delivery
        return None

    def _named_by(self, report: Report) -> Iterator[_Sent]:
        hashes = (feedback_sha256(token) for token in report.tokens)
        yield from (self._by_token[each] for each in hashes if each in self._by_token)
        pairs = ((each, who) for each in report.message_ids for who in report.recipients)
        yield from (self._by_id[pair] for pair in pairs if pair in self._by_id)


def _names_one_of(hashes: Collection[str]) -> ColumnElement[bool]:
    # Written out, not bound: only then do both databases use the partial index.
    return and_(
        Attempt.feedback_sha256.in_(hashes), Attempt.feedback_sha256 != literal_column("''")
    )


def _sent(session: Session, which: ColumnElement[bool], *, needed: bool) -> Iterable[_Sent]:
    """The latest attempt first: of several of one delivery, a dictionary keeps the earliest."""
    if not needed:
        return []
    query: Select[tuple[str, str, str, int, str, str, str, str, datetime]] = (
        select(
            Attempt.feedback_sha256, Delivery.token, Delivery.recipient, Delivery.id,
            Delivery.project_id, Item.key, Project.client, Attempt.address_hmac, Attempt.armed_at,
        )
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .join(Item, Item.id == Delivery.item_id)
        .join(Project, Project.id == Delivery.project_id)
        .where(which, Item.channel == "email")
        .order_by(Attempt.id.desc())
    )  # fmt: skip
    return [_Sent(*row) for row in session.execute(query).tuples()]


def _record(
    database: Database, delivery: _Sent, report: Report, source: str, by: str
) -> CameBack | None:
    """Keeps a report and does what it demands; None if it is known."""
    with audit.transaction(database, delivery.project_id) as session:
        now = database.now(session)
        if _is_known(session, delivery.delivery_id, report.kind, source):
            return None
        session.add(
            Feedback(
                delivery_id=delivery.delivery_id, kind=report.kind.value, status=report.status,
                detail=report.detail, source_sha256=source, received_at=now,
            )
        )  # fmt: skip
        session.flush()
        audit.record(
            session, audit.Event.FEEDBACK_RECEIVED, project_id=delivery.project_id, actor=by,
            delivery=delivery.delivery_id, kind=report.kind.value, status=report.status,
        )  # fmt: skip
        reason = _reason_to_suppress(session, delivery, report)
        if reason and not suppress(session, delivery.client, delivery.address_hmac, reason, now):
            reason = ""
        if reason:
            audit.record(
                session, audit.Event.ADDRESS_SUPPRESSED, project_id=delivery.project_id, actor=by,
                delivery=delivery.delivery_id, reason=f"{reason} {report.status}".rstrip(),
            )  # fmt: skip
    return CameBack(
        delivery.project_id, delivery.item, delivery.delivery_id, delivery.recipient, report.kind,
        report.status, report.detail, reason,
    )  # fmt: skip


def _is_known(session: Session, delivery_id: int, kind: Kind, source: str) -> bool:
    there = select(Feedback.id).where(
        Feedback.delivery_id == delivery_id,
        Feedback.kind == kind.value,
        Feedback.source_sha256 == source,
    )
    return session.scalars(there).first() is not None


def _reason_to_suppress(session: Session, delivery: _Sent, report: Report) -> str:
    """Why nobody should write to the address again; '' if there is no reason."""
    if not delivery.address_hmac:
        return ""
    if report.kind is Kind.COMPLAINED:
        return "complained"
    if report.kind is not Kind.BOUNCED:
        return ""
    if report.status in NO_SUCH_RECIPIENT:
        return "hard bounced"
    if _refusals(session, delivery) >= REFUSALS_TO_SUPPRESS:
        return f"bounced {REFUSALS_TO_SUPPRESS} times"
    return ""


def _refusals(session: Session, delivery: _Sent) -> int:
    """How many of the client's emails to this address were refused for good, each counted once."""
    query = (
        select(func.count(Feedback.delivery_id.distinct()))
        .join(Attempt, Attempt.delivery_id == Feedback.delivery_id)
        .join(Delivery, Delivery.id == Feedback.delivery_id)
        .join(Project, Project.id == Delivery.project_id)
        .where(
            Attempt.address_hmac == delivery.address_hmac,
            Attempt.address_hmac != literal_column("''"),
            Project.client == delivery.client,
            Feedback.kind == Kind.BOUNCED.value,
            Feedback.status.startswith("5."),
        )
    )
    return session.scalars(query).one()
