"""Small projects for tests: real documents, made by code, on reserved domains."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from aicmo.database import Database
from aicmo.execution import approvals
from aicmo.execution.importing import Imported, import_document
from aicmo.plans.document import ProjectDocument
from tests.conftest import KEY

NOW = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
YESTERDAY, TOMORROW = NOW - timedelta(hours=20), NOW + timedelta(days=1)


def contact(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"c{number}",
        "email": f"person{number}@example.com",
        "first_name": f"Person{number}",
        "consent": "opt_in",
        "consent_source": "newsletter form",
    } | changes


def email(key: str = "mail-1", send_at: datetime = YESTERDAY, **changes: Any) -> dict[str, Any]:
    return {
        "id": key,
        "channel": "email",
        "title": f"Email {key}",
        "send_at": send_at.isoformat(),
        "audience": "everyone",
        "content": {
            "subject": 'Hello {{ contact.first_name | default("there") }}',
            "body": "Come to the **studio**.",
        },
    } | changes


def post(key: str = "post-1", channel: str = "linkedin") -> dict[str, Any]:
    return {
        "id": key,
        "channel": channel,
        "title": f"Post {key}",
        "send_at": YESTERDAY.isoformat(),
        "content": {"text": "We open on Monday."},
    }


def crm(key: str = "crm-1") -> dict[str, Any]:
    return {
        "id": key,
        "channel": "crm",
        "title": f"CRM {key}",
        "send_at": YESTERDAY.isoformat(),
        "audience": "everyone",
        "content": {"action": "add_tag", "tag": "spring"},
    }


def document(
    *items: dict[str, Any], contacts: list[dict[str, Any]] | None = None, **changes: Any
) -> ProjectDocument:
    people = [contact(number) for number in range(1, 4)] if contacts is None else contacts
    return ProjectDocument.model_validate(
        {
            "schema_version": 1,
            "id": "studio",
            "name": "Studio launch",
            "timezone": "America/Chicago",
            "language": "en",
            "starts_on": "2026-03-01",
            "ends_on": "2026-05-30",
            "brand": brand(),
            "objectives": [{"statement": "Reach 200 members"}],
            "market": {"primary": "Busy professionals"},
            "strategy": {
                "summary": "Be noticed, then tried.",
                "pillars": [{"name": "Community", "idea": "Classes that meet"}],
            },
            "contacts": people,
            "audiences": [{"id": "everyone", "name": "Everyone", "everyone": True}],
            "items": list(items) or [email()],
        }
        | changes
    )


def brand(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Northside Studio",
        "industry": "Fitness",
        "offer": "Classes of 50 minutes",
        "location": "Austin",
        "postal_address": "12 Example Street, Austin",
        "sender": {"name": "Northside Studio", "email": "hello@northside.example.com"},
        "unsubscribe_url": "https://northside.example.com/leave",
        "colours": {"primary": "#12345a", "accent": "#c0392b"},
    } | changes


def imported(database: Database, *items: dict[str, Any], **changes: Any) -> Imported:
    return import_document(
        database, document(*items, **changes), source="test", actor="tester", secret_key=KEY
    )


def approved(database: Database, *keys: str, at: datetime = NOW) -> None:
    approvals.approve(database, "studio", keys or None, approved_by="Ann", now=at)
