"""An approval holds for what it was given for: what changes a message voids it, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aicmo.execution.composing import EmailComposers, Recipient
from aicmo.execution.fingerprint import Fingerprints
from aicmo.gateways.personalisation import EmailRecipient
from aicmo.plans.document import ProjectDocument
from tests.unit.plan_documents import email_item, plain_document, read_plain

AT = datetime(2026, 3, 3, 13, 30, tzinfo=UTC)
BODY = "<p>Come by: https://bakery.example.com/</p>"


def document(tmp_path: Path, **changes: Any) -> ProjectDocument:
    item = email_item("e1", content={"subject": "Fresh", "body": BODY, "format": "html"})
    return read_plain(tmp_path, plain_document(**{"items": [item], **changes})).document


def fingerprint(document: ProjectDocument) -> str:
    return Fingerprints(document).of(document.items[0], AT, None)


def message(document: ProjectDocument) -> tuple[str, bytes]:
    composers = EmailComposers(document, lambda: b"k" * 32)
    person = EmailRecipient("ann@example.com", first_name="Ann")
    email = composers.compose("e1", Recipient(1, "t-1", False, "ann", person), AT)
    return email.sender, email.payload


def in_brand(**changes: Any) -> dict[str, Any]:
    brand: dict[str, Any] = plain_document()["brand"]
    return {"brand": {**brand, **changes}}


SENDER = {"name": "Corner Bakery", "email": "hello@bakery.example.com"}


@pytest.mark.parametrize(
    "changes",
    [
        {"sending": {"utm": {}}},
        {"sending": {"utm": {"campaign": "spring"}}},
        {"items": [email_item("e1", content={"subject": "Fresh", "body": BODY})]},
        in_brand(sender={**SENDER, "bounce_address": "b@bakery.example.com"}),
        in_brand(sender={**SENDER, "reply_to": "b@bakery.example.com"}),
        in_brand(unsubscribe_url="https://bakery.example.com/u/{token}"),
        in_brand(typeface="serif"),
        in_brand(colours={"primary": "#112234", "accent": "#aa5500"}),
        in_brand(postal_address="2 Main Street, Austin"),
        in_brand(name="Corner"),
        {"language": "es"},
    ],
    ids=["utm", "utm campaign", "format", "bounces", "reply to", "one click", "typeface", "colour",
         "address", "name", "language"],
)  # fmt: skip
def test_what_changes_a_message_changes_its_fingerprint(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    before, after = document(tmp_path), document(tmp_path, **changes)

    assert message(before) != message(after)
    assert fingerprint(before) != fingerprint(after)


@pytest.mark.parametrize(
    "changes",
    [
        {"sending": {"quiet_hours": {"start": "21:00", "end": "08:00"}}},
        {"sending": {"per_day": 100, "late": "drop", "blackout": [{"first": "2026-12-24"}]}},
        in_brand(voice=["Warm"], footer="Confidential"),
    ],
    ids=["quiet hours", "caps", "what only packages show"],
)
def test_what_changes_no_message_keeps_the_approval(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    before, after = document(tmp_path), document(tmp_path, **changes)

    assert message(before) == message(after)
    assert fingerprint(before) == fingerprint(after)


def test_only_what_is_approved_as_such_goes_out_however_late(tmp_path: Path) -> None:
    before, loosened = document(tmp_path), document(tmp_path, sending={"late": "send"})
    item = email_item(
        "e1", content={"subject": "Fresh", "body": BODY, "format": "html"}, late="send"
    )

    assert fingerprint(before) != fingerprint(loosened)
    assert fingerprint(loosened) == fingerprint(document(tmp_path, items=[item]))


def test_links_are_tagged_with_the_item_s_id(tmp_path: Path) -> None:
    _, payload = message(document(tmp_path, sending={"utm": {}}))

    assert (
        b"utm_source=3Dnewsletter&amp;utm_medium=3Demail&amp;utm_campaign=3De1"
        in payload.replace(b"=\r\n", b"")
    )
