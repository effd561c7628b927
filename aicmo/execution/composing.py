"""From ledger rows to the bytes of each message: the same for a preview and for a send."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from aicmo.errors import FixInput
from aicmo.execution import guards
from aicmo.execution.report import NOT_COMPOSED
from aicmo.gateways.contract import Attachment, Outgoing
from aicmo.gateways.email_message import ComposedEmail, EmailComposer, has_feedback_tokens
from aicmo.gateways.personalisation import EmailRecipient
from aicmo.models import Contact, Delivery
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import EmailContent
from aicmo.plans.link_tags import link_tags
from aicmo.privacy import feedback_sha256, feedback_token
from aicmo.settings import get_settings

_RECIPIENTS = (
    select(
        Delivery.id, Delivery.token, Delivery.ambiguous, Contact.key, Contact.email, Contact.details
    )
    .join(Contact, Contact.id == Delivery.contact_id)
    .where(Delivery.id.in_(bindparam("ids", expanding=True)))
    .order_by(Delivery.id)
)


@dataclass(frozen=True, slots=True)
class Composed:
    """The bytes of one delivery, and their envelope.

    is_staged: prepared at its provider before it is armed, and repeated as the same bytes only.
    is_kept: its payload is kept with the attempt, as its provider is asked by what went out.
    The rest is what `Outgoing` says of it.
    """

    token: str
    sender: str
    recipient: str
    payload: bytes
    feedback_sha256: str = ""
    is_staged: bool = False
    is_kept: bool = False
    attachments: tuple[Attachment, ...] = ()
    staged: Mapping[str, Any] = field(default_factory=dict[str, Any])
    thread: tuple[str, ...] = ()

    def outgoing(self, delivery_id: int, deadline: float) -> Outgoing:
        return Outgoing(
            delivery_id, self.token, self.sender, self.recipient, self.payload, deadline,
            self.attachments, self.staged, self.thread,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ComposedBatch:
    """Deliveries of one item as they would go out, and those that can't be composed."""

    composed: dict[int, Composed]
    stopped: dict[int, guards.Verdict]


@dataclass(frozen=True, slots=True)
class Recipient:
    """One delivery and the person it goes to; `ambiguous`: it may have gone out already."""

    delivery_id: int
    token: str
    ambiguous: bool
    contact_key: str
    email: EmailRecipient


def _key_of_the_environment() -> bytes:
    return get_settings().require_secret_key()


class EmailComposers:
    """The composers of a document's email items, each prepared once.

    secret_key: asked for only if the messages carry a token of their own.
    extra_headers: further header lines in plain ASCII, the same in each message.
    """

    def __init__(
        self,
        document: ProjectDocument,
        secret_key: Callable[[], bytes] = _key_of_the_environment,
        extra_headers: Mapping[str, str] | None = None,
    ) -> None:
        self._document, self._extra_headers = document, extra_headers
        self._by_item: dict[str, EmailComposer] = {}
        self._key = secret_key() if has_feedback_tokens(document.brand) else b""

    def compose(self, item_key: str, recipient: Recipient, date: datetime) -> ComposedEmail:
        """The email of one delivery.

        Raises:
            FixInput: it can't be composed; the text says which value is missing.
        """
        if item_key not in self._by_item:
            self._by_item[item_key] = self._prepare(item_key)
        feedback = feedback_token(self._key, recipient.token) if self._key else ""
        return self._by_item[item_key].compose(recipient.email, recipient.token, date, feedback)

    def compose_batch(
        self, session: Session, item_key: str, delivery_ids: Sequence[int], now: datetime
    ) -> ComposedBatch:
        """The emails of these deliveries; what is missing is told of each that can't be composed."""
        batch = ComposedBatch({}, {})
        for person in recipients(session, delivery_ids):
            try:
                email = self.compose(item_key, person, now)
            except FixInput as error:
                batch.stopped[person.delivery_id] = not_composed(error, ambiguous=person.ambiguous)
                continue
            batch.composed[person.delivery_id] = Composed(
                person.token, email.sender, email.recipient, email.payload,
                feedback_sha256(email.feedback_token) if email.feedback_token else "",
            )  # fmt: skip
        return batch

    def _prepare(self, item_key: str) -> EmailComposer:
        item = next(each for each in self._document.items if each.id == item_key)
        if not isinstance(item.content, EmailContent):
            raise FixInput(f"Item {item_key} carries no email")
        return EmailComposer(
            item.content,
            self._document.brand,
            language=self._document.language,
            tags=link_tags(self._document.sending.utm, item_key),
            extra_headers=self._extra_headers,
        )


def not_composed(error: FixInput, *, ambiguous: bool) -> guards.Verdict:
    """What becomes of a delivery that can't be composed; one in doubt is repeated later."""
    held = guards.Verdict(guards.HOLD, f"{NOT_COMPOSED}: {error}"[:200])
    return guards.REPEAT_LATER if ambiguous else held


def recipients(session: Session, delivery_ids: Sequence[int]) -> list[Recipient]:
    """The recipients of these deliveries."""
    rows = session.connection().execute(_RECIPIENTS, {"ids": list(delivery_ids)}).all()
    return [_recipient(row) for row in rows]


def _recipient(row: Row[tuple[int, str, bool, str, str, dict[str, Any]]]) -> Recipient:
    delivery_id, token, ambiguous, key, email, details = row
    person = EmailRecipient(
        email=email,
        name=details.get("name"),
        first_name=details.get("first_name"),
        attributes=details.get("attributes") or {},
    )
    return Recipient(delivery_id, token, ambiguous, key, person)
