"""What is noted of each email and post by itself: an item of the CRM for each, made from the document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from aicmo.channels import SOCIAL, Channel, parse_channel

_TAKEN_OVER = ("send_at", "timezone", "pillar", "theme")


def log_id(item_id: str) -> str:
    """The id of the item that notes another one."""
    return f"{item_id}-log"


def logs_of(data: dict[str, Any], items: Sequence[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The items that `crm.log_emails` and `crm.log_posts_to` ask for.

    Each with the place in `items` of the one that it notes; those that are there already are left out.
    """
    crm = data.get("crm")
    if not isinstance(crm, dict):
        return
    there = {cast("dict[str, Any]", each).get("id") for each in items if isinstance(each, dict)}
    for at, item in enumerate(items):
        for log in _log(item, cast("dict[str, Any]", crm)):
            if log["id"] not in there:
                yield at, log


def _log(item: Any, crm: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if not isinstance(item, dict):
        return
    fields = cast("dict[str, Any]", item)
    channel = fields.get("channel")
    known = parse_channel(channel) if isinstance(channel, str) else None
    audience = None
    if known is Channel.EMAIL and crm.get("log_emails") is True:
        audience = fields.get("audience")
    elif known in SOCIAL:
        audience = crm.get("log_posts_to")
    if audience is None:
        return
    key = str(fields.get("id", ""))
    taken_over = {name: fields[name] for name in _TAKEN_OVER if fields.get(name) is not None}
    yield {
        **taken_over,
        "id": log_id(key),
        "channel": Channel.CRM.value,
        "title": f"Note: {fields.get('title', '')}"[:500],
        "late": "send",
        "audience": audience,
        "content": {"action": "log_activity", "of": key},
    }
