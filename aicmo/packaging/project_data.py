"""What was packaged, as data: the plan and what became of its items, without people."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from aicmo.packaging.client_words import in_client_words
from aicmo.packaging.content import ItemStatus, ProjectContent
from aicmo.packaging.wording import Wording

_INTERNAL = {"contacts", "audiences", "crm", "language_rules", "sending"}
"""People, how they are chosen, and our own rules: the rules may name other clients."""


def project_data(content: ProjectContent) -> dict[str, Any]:
    """The content of a package in JSON's types; an agency that stays unnamed isn't in it."""
    say = Wording.of(content.document)
    document = content.document.model_dump(mode="json", exclude=_INTERNAL, exclude_none=True)
    agency = content.document.brand.agency
    if agency and not agency.show:
        del document["brand"]["agency"]
    for item in document["items"]:
        item["content"].pop("back_because", None)  # a word among colleagues
    document["audiences"] = [
        {"id": each.id, "name": each.name} for each in content.document.audiences
    ]
    return {
        "schema_version": 1,
        "plan_version": content.plan_version,
        "plan_imported_at": iso(content.imported_at),
        "document": document,
        "items": {key: _status(each, say) for key, each in sorted(content.items.items())},
        "files": {
            path: hashlib.sha256(each).hexdigest() for path, each in sorted(content.files.items())
        },
    }


def project_json(content: ProjectContent) -> str:
    """`project_data` as the text of a file; the same content gives the same text."""
    return json.dumps(project_data(content), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def iso(moment: datetime) -> str:
    """An aware moment as ISO 8601 in UTC, to the second: `2026-03-03T13:30:00Z`."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _status(status: ItemStatus, say: Wording) -> dict[str, Any]:
    # A reason may quote a mail server, which names the recipient, or a note among colleagues.
    told = asdict(status) | {"reasons": dict(in_client_words(status.reasons, say))}
    return {
        name: iso(value) if isinstance(value, datetime) else value for name, value in told.items()
    }
