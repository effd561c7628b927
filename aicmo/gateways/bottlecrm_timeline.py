"""What is noted with a contact at BottleCRM: emails as interactions, anything else as comments.

Neither takes a key of ours, so the delivery's token stands at the end of its text, where it can be read.
Facts: django-crm 1.35.0, `interactions/serializers.py`, `interactions/views.py`, `contacts/views.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from aicmo.crm.change import Activity
from aicmo.errors import FixInput
from aicmo.gateways.bottlecrm_contacts import Ask, listed
from aicmo.gateways.json_shapes import objects

_LONGEST_SUBJECT, _LONGEST_TEXT = 200, 10_000
_PAGE, _PAGES = 25, 40


def comment_of(activity: Activity, token: str) -> str:
    """The text of a comment; BottleCRM dates it by itself, so it says when that was.

    Raises:
        FixInput: it is too long.
    """
    happened = f"{_in_utc(activity):%Y-%m-%d %H:%M} UTC"
    parts = (activity.subject, happened, activity.body, activity.link)
    return _fitting("\n\n".join((*filter(None, parts), mark_of(token))))


def interaction_of(activity: Activity, record: str, token: str) -> dict[str, Any]:
    """The members of an email that went out to the contact `record`.

    Raises:
        FixInput: it is too long.
    """
    subject = activity.subject
    if len(subject) > _LONGEST_SUBJECT:
        subject = f"{subject[: _LONGEST_SUBJECT - 1]}…"
    return {
        "contact": record,
        "kind": "email",
        "direction": "outbound",
        "occurred_at": _in_utc(activity).isoformat(),
        "subject": subject,
        "body": _fitting(f"{activity.body}\n\n{mark_of(token)}"),
    }


def mark_of(token: str) -> str:
    """What an entry of ours is known by."""
    return f"[aicmo:{token}]"


def find_entry(staged: Mapping[str, Any], token: str, ask: Ask) -> str:
    """The id of our comment or interaction with the contact; '' if it isn't there.

    Raises:
        ValueError: there are more than can be read.
    """
    if staged["activity"] == "email":
        return _find_interaction(staged["record"], token, ask)
    content = ask(f"/api/contacts/{staged['record']}/")
    return marked(listed(content, "comments"), "comment", token)


def _find_interaction(record: str, token: str, ask: Ask) -> str:
    for page in range(_PAGES):
        query = urlencode({"contact": record, "limit": _PAGE, "offset": page * _PAGE})
        content = ask(f"/api/interactions/?{query}")
        if found := marked(listed(content, "interactions"), "body", token):
            return found
        if int(content["count"]) <= (page + 1) * _PAGE:
            return ""
    raise ValueError("too many interactions")


def marked(entries: object, text: str, token: str) -> str:
    """The id of the entry whose `text` ends with our mark; '' if there is none."""
    mark = mark_of(token)
    return next(
        (str(each["id"]) for each in objects(entries) if str(each[text]).rstrip().endswith(mark)),
        "",
    )


def _in_utc(activity: Activity) -> datetime:
    """When it happened.

    Raises:
        FixInput: it hasn't yet.
    """
    if activity.at is None:
        raise FixInput("what is to be noted hasn't gone out")
    return activity.at.astimezone(UTC)


def _fitting(text: str) -> str:
    if len(text) > _LONGEST_TEXT:
        raise FixInput(f"the note has {len(text)} characters, and BottleCRM takes {_LONGEST_TEXT}")
    return text
