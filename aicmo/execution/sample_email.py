"""An email of the plan to look at or to try: to nobody of the ledger, with tokens of no delivery."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from aicmo.errors import FixInput
from aicmo.execution.composing import EmailComposers, Recipient
from aicmo.gateways.email_message import ComposedEmail
from aicmo.gateways.personalisation import EmailRecipient
from aicmo.models import Contact
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import EmailContent, Item
from aicmo.plans.placeholders import OWN_FIELDS, PLACEHOLDER


def email_items(document: ProjectDocument) -> Iterator[tuple[Item, EmailContent]]:
    """The emails of the plan, in its order."""
    for item in document.items:
        if isinstance(item.content, EmailContent):
            yield item, item.content


def find_email(document: ProjectDocument, item_key: str) -> EmailContent:
    """The content of an email of the plan.

    Raises:
        FixInput: the plan has no such item, or it is no email.
    """
    emails = {item.id: content for item, content in email_items(document)}
    if item_key not in emails:
        raise FixInput(
            f"The plan has no email {item_key[:60]!r}",
            next_step=f"Its emails: {', '.join(emails) or 'none'}.",
        )
    return emails[item_key]


def stand_in(content: EmailContent, address: str) -> EmailRecipient:
    """A made-up person: placeholders show their default, else their own name in brackets."""
    label = content.cta.label if content.cta else ""
    texts = (content.subject, content.preheader or "", content.body, label)
    needed = {
        found["name"]
        for text in texts
        for found in PLACEHOLDER.finditer(text)
        if found["default"] is None
    }
    values = {name: f"[{name}]" for name in needed}
    attributes = {name: value for name, value in values.items() if name not in OWN_FIELDS}
    return EmailRecipient(address, values.get("name"), values.get("first_name"), attributes)


def as_contact(session: Session, project_id: str, key: str, address: str) -> EmailRecipient:
    """A contact's data, with another address.

    Raises:
        FixInput: the project has no such contact.
    """
    query = select(Contact.details).where(
        Contact.project_id == project_id, Contact.key == key, Contact.removed.is_(False)
    )
    details = session.scalars(query).one_or_none()
    if details is None:
        raise FixInput(
            f"{project_id} has no contact {key[:60]!r}", next_step="Use an id of its contacts."
        )
    return EmailRecipient(
        address, details.get("name"), details.get("first_name"), details.get("attributes") or {}
    )


def compose_sample(
    document: ProjectDocument,
    item_key: str,
    person: EmailRecipient,
    date: datetime,
    token: str,
    extra_headers: Mapping[str, str] | None = None,
) -> ComposedEmail:
    """The item as `person` would get it; its unsubscribe link is nobody's.

    Raises:
        FixInput: it can't be composed.
    """
    # A key that is thrown away: what is derived from it can't name a delivery.
    composers = EmailComposers(document, lambda: secrets.token_bytes(32), extra_headers)
    recipient = Recipient(0, token, ambiguous=False, contact_key="", email=person)
    return composers.compose(item_key, recipient, date)
