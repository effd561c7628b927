"""What is noted with a contact: a note of its own, or an email or post that went out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from aicmo.crm.change import Activity
from aicmo.execution.states import State
from aicmo.gateways.personalisation import EmailRecipient
from aicmo.models import Contact, Delivery
from aicmo.models import Item as ItemRow
from aicmo.plans import times
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import CrmContent, EmailContent, Item, PostContent
from aicmo.plans.placeholders import PLACEHOLDER

_NETWORKS = {
    "linkedin": "LinkedIn", "instagram": "Instagram", "twitter": "X", "bluesky": "Bluesky",
    "mastodon": "Mastodon",
}  # fmt: skip


class Activities:
    """The activities of a document's items that note something."""

    def __init__(self, document: ProjectDocument) -> None:
        self._document = document
        self._items = {item.id: item for item in document.items}

    def of(
        self, session: Session, item: Item, rows: Sequence[tuple[Delivery, Contact]]
    ) -> dict[int, Activity]:
        """By delivery, what it notes; without a time while what it notes hasn't gone out."""
        content = item.content
        if not isinstance(content, CrmContent) or content.action != "log_activity":
            return {}
        if content.of is None:
            at = times.resolve(item.send_at, item.timezone or self._document.timezone)
            note = Activity(kind="note", subject=item.title, body=content.note or "", at=at)
            return {delivery.id: note for delivery, _ in rows}
        noted, sent = self._items[content.of], _sent(session, self._document.id, content.of)
        return {
            delivery.id: _went_out(noted, contact, sent.get(contact.id) or sent.get(None))
            for delivery, contact in rows
        }


def _sent(session: Session, project_id: str, key: str) -> dict[int | None, Delivery]:
    """What went out of an item, by contact; a post has none."""
    query = select(Delivery).join(ItemRow, ItemRow.id == Delivery.item_id)
    query = query.where(ItemRow.project_id == project_id, ItemRow.key == key, Delivery.part == 1)
    out = session.scalars(query.where(Delivery.state == State.SENT.value))
    return {each.contact_id: each for each in out}


def _went_out(noted: Item, contact: Contact, sent: Delivery | None) -> Activity:
    at, link = (sent.since, sent.permalink) if sent else (None, "")
    match noted.content:
        case EmailContent(subject=subject):
            filled = PLACEHOLDER.sub(lambda found: _value(contact, found), subject)
            body = f"Email “{filled}” was sent."
            return Activity(kind="email", subject=filled, body=body, at=at)
        case PostContent(text=text):
            where = _NETWORKS[noted.channel.value]
            return Activity(kind="post", subject=f"Post on {where}", body=text, at=at, link=link)
        case CrmContent():
            raise AssertionError(noted.id)  # refused when the plan was checked


def _value(contact: Contact, found: re.Match[str]) -> str:
    details = contact.details
    person = EmailRecipient(
        contact.email, details.get("name"), details.get("first_name"),
        details.get("attributes") or {},
    )  # fmt: skip
    return person.value(found["name"]) or (found["default"] or "").strip()
