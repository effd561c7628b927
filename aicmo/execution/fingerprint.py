"""What an approval is bound to: a hash over everything of an item that goes out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property

from aicmo.channels import SOCIAL, Channel
from aicmo.crm.change import CHANGE_VERSION
from aicmo.execution.post_media import FittedMedium
from aicmo.gateways.email_message import COMPOSER_VERSION
from aicmo.plans.contacts import Audience, Contact
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import Item
from aicmo.posts.post import POST_VERSION

_Details = Callable[[Contact], list[object]]
_CRM_PARTS = {"provider", "fields", "stages", "tags", "contact_id", "delivery_id"}
_BRAND_PARTS = {"name", "sender", "postal_address", "unsubscribe_url", "colours", "typeface"}


class Fingerprints:
    """Fingerprints of a document's items; the digest of an audience is made once."""

    def __init__(self, document: ProjectDocument) -> None:
        self.document = document
        self._audiences: dict[tuple[str, bool], str] = {}

    def of(
        self,
        item: Item,
        send_at: datetime,
        send_until: datetime | None,
        media: Sequence[FittedMedium] = (),
    ) -> str:
        """Hex SHA-256 over content, sender, brand parts, link tags, audience and time window.

        Of a post, the media as they go out are part of it, with their alternative texts.

        When messages may arrive (`sending`, but for its tags) isn't part of it: that changes no
        message. But `late: send` is: it takes the end off the window that was approved.
        """
        is_email, is_post = item.channel is Channel.EMAIL, item.channel in SOCIAL
        goes_late = (item.late or self.document.sending.late) == "send"
        return _digest(
            {
                "channel": item.channel.value,
                "content": item.content.model_dump(mode="json"),
                "window": [
                    send_at.isoformat(),
                    send_until.isoformat() if send_until else None,
                    *(["late"] if goes_late else []),
                ],
                "audience": self._audience(item.audience) if item.audience else None,
                "brand": self._brand if is_email else None,
                "utm": self._utm if is_email or is_post else None,
                "language": self.document.language,
                "composer": COMPOSER_VERSION if is_email else None,
                **(self._of_a_post(item, media) if is_post else {}),
                **(self._of_a_change(item) if item.channel is Channel.CRM else {}),
            }
        )

    def _of_a_post(self, item: Item, media: Sequence[FittedMedium]) -> dict[str, object]:
        # Its links are tagged with the post's id.
        media_as_they_go = [list(each.fingerprint) for each in media]
        return {
            "composer": POST_VERSION,
            "post": item.part_of or item.id,
            "media": media_as_they_go,
        }

    def _of_a_change(self, item: Item) -> dict[str, object]:
        """What is noted of another item isn't bound to its text: that has an approval of its own."""
        crm = self.document.crm
        members = self._audience(item.audience, _of_a_record) if item.audience else None
        return {
            "composer": CHANGE_VERSION,
            "crm": crm.model_dump(mode="json", include=_CRM_PARTS) if crm else None,
            "details": members,
        }

    @cached_property
    def _brand(self) -> dict[str, object]:
        return self.document.brand.model_dump(mode="json", include=_BRAND_PARTS)

    @cached_property
    def _utm(self) -> dict[str, object] | None:
        utm = self.document.sending.utm
        return utm.model_dump(mode="json") if utm else None

    def _audience(self, audience_id: str, details: _Details | None = None) -> str:
        key = (audience_id, details is not None)
        if key not in self._audiences:
            found = next(each for each in self.document.audiences if each.id == audience_id)
            self._audiences[key] = self._digest_members(found, details or _of_email)
        return self._audiences[key]

    def _digest_members(self, audience: Audience, details: _Details) -> str:
        # Consent isn't part of it: somebody who leaves must not void the approval for the others.
        digest = hashlib.sha256()
        for contact in audience.members(self.document.contacts):
            digest.update(json.dumps(details(contact), sort_keys=True).encode())
        return digest.hexdigest()


def _of_email(contact: Contact) -> list[object]:
    seen = [contact.id, contact.email, contact.name, contact.first_name]
    return [*seen, contact.attributes]


def _of_a_record(contact: Contact) -> list[object]:
    return [contact.id, contact.language, contact.timezone, contact.segments]


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
