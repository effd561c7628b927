"""What is noted on a contact's timeline in HubSpot: notes, and emails where they may keep our id, too.

Source: HubSpot's guides of notes and emails, 2026: a body has at most 65,536 characters and is HTML;
a note belongs to a contact by association type 202, the one of emails is asked for.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from aicmo.crm.change import Activity, Change
from aicmo.errors import FixInput
from aicmo.gateways.json_shapes import objects

NOTES, EMAILS = "notes", "emails"
NOTE_TO_CONTACT = 202
_LONGEST_BODY, _LONGEST_SUBJECT = 65_536, 1_000


def input_of(change: Change, token: str, staged: Mapping[str, Any]) -> dict[str, Any]:
    """One activity of a batch, with whom it belongs to: HubSpot makes both or none.

    Raises:
        FixInput: it is too long.
    """
    activity = change.activity
    assert activity is not None  # noqa: S101  (its kind is that of an activity)
    properties = _email(activity) if staged["object"] == EMAILS else _note(activity)
    kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": staged["association"]}
    return {
        "properties": {**properties, change.activity_id_property: token},
        "associations": [{"to": {"id": staged["record"]}, "types": [kind]}],
        "objectWriteTraceId": token,
    }


def require_short(activity: Activity) -> None:
    """Raises FixInput: its body is longer than HubSpot takes."""
    longest = max(len(_body(activity, with_subject=each)) for each in (True, False))
    if longest > _LONGEST_BODY:
        raise FixInput(f"the note has {longest} characters as HTML, and HubSpot takes 65,536")


def association_of(labels: Mapping[str, Any]) -> int:
    """The plain association of an answer about an object's associations with contacts.

    Raises:
        KeyError, TypeError: there is none.
    """
    for each in objects(labels["results"]):
        if each.get("category") == "HUBSPOT_DEFINED" and not each.get("label"):
            return int(each["typeId"])
    raise KeyError


def _note(activity: Activity) -> dict[str, str]:
    return {"hs_timestamp": _at(activity), "hs_note_body": _body(activity, with_subject=True)}


def _email(activity: Activity) -> dict[str, str]:
    return {
        "hs_timestamp": _at(activity),
        "hs_email_direction": "EMAIL",
        "hs_email_status": "SENT",
        "hs_email_subject": activity.subject[:_LONGEST_SUBJECT],
        "hs_email_html": _body(activity, with_subject=False),
    }


def _at(activity: Activity) -> str:
    assert activity.at is not None  # noqa: S101  (the engine lets it go once it has happened)
    return activity.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _body(activity: Activity, *, with_subject: bool) -> str:
    """As HTML, in which nothing of the text counts as markup."""
    parts = [f"<strong>{html.escape(activity.subject)}</strong>"] if with_subject else []
    parts += [_lines(activity.body)] if activity.body else []
    if activity.link:
        address = html.escape(activity.link)
        parts.append(f'<a href="{address}">{address}</a>')
    return "".join(f"<p>{each}</p>" for each in parts)


def _lines(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")
