"""The plan's calendar for the client's own: calendar.ics (iCalendar, RFC 5545)."""

from __future__ import annotations

import uuid
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

from aicmo.packaging.chapter_parts import Material
from aicmo.packaging.client_words import standing
from aicmo.packaging.content import ProjectContent
from aicmo.packaging.wording import CHANNEL_NAMES, Wording, client_text
from aicmo.plans.items import Item

NAME = "calendar.ics"
_SHOWN = timedelta(minutes=30)
"""A piece goes out at one moment; a calendar draws it over this time, as free."""


def write_events(content: ProjectContent, folder: Path) -> dict[str, str]:
    """Writes calendar.ics, one event per item, in UTC. Returns its title by name.

    The same item keeps its UID in every version, so that a calendar updates it.
    """
    from icalendar import Calendar  # noqa: PLC0415  (only packages need it)

    document = content.document
    material = Material(content, Wording.of(document))
    calendar: Any = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", f"-//{_line(document.brand.name)}//{_line(document.name)}//EN")
    calendar.add("x-wr-calname", f"{document.brand.name}: {document.name}")
    calendar.add("x-wr-timezone", document.timezone)
    for item in material.items():
        calendar.add_component(_event(item, material))
    (folder / NAME).write_bytes(calendar.to_ical())
    return {NAME: material.say.text("Content calendar for your own calendar")}


def _line(text: str) -> str:
    return text.replace("/", " ")


def _event(item: Item, material: Material) -> Any:
    from icalendar import Event  # noqa: PLC0415

    content, say = material.content, material.say
    starts = say.sends_at(item).astimezone(UTC)
    status = material.status(item)
    event: Any = Event()
    event.add("uid", str(uuid.uuid5(uuid.NAMESPACE_URL, f"{content.document.id}/{item.id}")))
    event.add("dtstamp", content.imported_at.astimezone(UTC).replace(microsecond=0))
    event.add("sequence", content.plan_version)
    event.add("dtstart", starts)
    event.add("dtend", starts + _SHOWN)
    event.add("summary", client_text(f"{CHANNEL_NAMES[item.channel]}: {item.title}", say))
    event.add("description", client_text(_description(item, material), say))
    event.add("categories", [CHANNEL_NAMES[item.channel], *([item.pillar] if item.pillar else [])])
    event.add("status", "CONFIRMED" if status and status.approved else "TENTATIVE")
    event.add("transp", "TRANSPARENT")
    return event


def _description(item: Item, material: Material) -> str:
    say = material.say
    parts = (
        (say.text("Channel"), CHANNEL_NAMES[item.channel]),
        (say.text("Pillar"), item.pillar),
        (say.text("Status"), standing(material.status(item), say)),
    )
    return "\n".join(f"{name}: {value}" for name, value in parts if value)
