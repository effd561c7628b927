"""A project with a CRM: its fields, stages and what is noted there."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from aicmo.database import Database
from aicmo.execution.importing import Imported, import_document
from aicmo.models import Account
from aicmo.plans.cross_posts import spread
from aicmo.plans.document import ProjectDocument
from tests.conftest import KEY
from tests.projects import YESTERDAY, contact, document, email

FIELDS: list[dict[str, str]] = [
    {"ours": "email", "theirs": "email", "type": "email", "conflict": "ours"},
    {"ours": "first_name", "theirs": "firstname", "conflict": "ours"},
    {"ours": "goal", "theirs": "goal", "conflict": "theirs"},
]
STAGES = {"property": "lifecyclestage", "order": ["lead", "opportunity", "customer"]}
IDENTITY = "4711"


def crm(**changes: Any) -> dict[str, Any]:
    """The document's section."""
    return {"provider": "hubspot", "fields": FIELDS, "stages": STAGES, "tags": "topics"} | changes


def change(key: str = "crm-1", action: str = "upsert_contact", **content: Any) -> dict[str, Any]:
    """An item that changes contacts."""
    return {
        "id": key, "channel": "crm", "title": f"Change {key}", "send_at": YESTERDAY.isoformat(),
        "audience": "everyone", "content": {"action": action, **content},
    }  # fmt: skip


def import_crm(
    database: Database,
    *items: dict[str, Any],
    contacts: list[dict[str, Any]] | None = None,
    **setup: Any,
) -> Imported:
    """Imports a project with these items; `setup` changes its `crm` section."""
    people = contacts if contacts is not None else [contact(1), contact(2)]
    written = document(email(), contacts=people).model_dump(mode="json", exclude_none=True)
    data = written | {"items": list(items), "crm": crm(**setup)}
    return import_document(
        database, ProjectDocument.model_validate(spread(data).data), source="test",
        actor="tester", secret_key=KEY,
    )  # fmt: skip


def connect(database: Database, provider: str = "hubspot", identity: str = IDENTITY) -> None:
    """Pins the CRM's account, as a person does with `aicmo accounts add`."""
    with database.write() as session:
        values = {"identity": identity, "provider": provider, "name": "Studio"}
        session.execute(update(Account).where(Account.channel == "crm").values(**values))
