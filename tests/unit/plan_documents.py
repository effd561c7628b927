"""A small project document in its plain form, for tests to bend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aicmo.errors import FixDocument
from aicmo.plans.reading import ReadDocument, read_document


def plain_document(**changes: Any) -> dict[str, Any]:
    """A document without any problem; `changes` replace its top-level fields."""
    document: dict[str, Any] = {
        "schema_version": 1,
        "id": "corner-bakery",
        "name": "Spring",
        "timezone": "America/Chicago",
        "language": "en-US",
        "starts_on": "2026-03-01",
        "ends_on": "2026-12-31",
        "brand": {
            "name": "Corner Bakery",
            "industry": "Food",
            "offer": "Bread.",
            "location": "Austin",
            "postal_address": "1 Main Street, Austin",
            "sender": {"name": "Corner Bakery", "email": "hello@bakery.example.com"},
            "unsubscribe_url": "https://bakery.example.com/leave",
            "colours": {"primary": "#112233", "accent": "#aa5500"},
        },
        "objectives": [{"statement": "Sell more bread."}],
        "market": {"primary": "Neighbours"},
        "strategy": {"summary": "Bake well.", "pillars": [{"name": "Crust", "idea": "Crisp"}]},
        "contacts": [contact("ann"), contact("bob")],
        "audiences": [{"id": "everyone", "name": "Everyone", "everyone": True}],
        "items": [email_item("e1"), post_item("p1")],
    }
    return {**document, **changes}


def contact(name: str, **changes: Any) -> dict[str, Any]:
    plain = {
        "id": name,
        "email": f"{name}@example.com",
        "first_name": name.title(),
        "consent": "opt_in",
        "consent_source": "Shop",
    }
    return {**plain, **changes}


def email_item(name: str, **changes: Any) -> dict[str, Any]:
    plain = {
        "id": name,
        "channel": "email",
        "title": "News",
        "send_at": "2026-03-03T07:30",
        "audience": "everyone",
        "content": {"subject": "Fresh bread", "body": "Hi {{ contact.first_name }}, come by."},
    }
    return {**plain, **changes}


def post_item(name: str, **changes: Any) -> dict[str, Any]:
    plain = {
        "id": name,
        "channel": "linkedin",
        "title": "Post",
        "send_at": "2026-03-04T07:30",
        "content": {"text": "Bread!"},
    }
    return {**plain, **changes}


def read_plain(folder: Path, document: Any) -> ReadDocument:
    path = folder / "project.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return read_document(path)


def problems_of(folder: Path, document: Any) -> dict[str, str]:
    """Messages by place of what reading `document` finds, warnings included."""
    try:
        found = read_plain(folder, document).warnings
    except FixDocument as error:
        found = error.problems
    return {problem.place: problem.message for problem in found}
