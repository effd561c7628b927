"""The companion project that carries a package's message: `studio-handover` beside `studio`.

Its document is made here: the client's brand and language, the people who were named, and one email
for each of them. No person is named in it but among its contacts, so that erasing one is enough.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from babel.dates import format_date

from aicmo.packaging.links import SharedFile
from aicmo.packaging.translation import Translation, translation
from aicmo.plans import times
from aicmo.plans.document import ProjectDocument

SOURCE = "aicmo deliver"
"""Where the plans of companions come from; that of a person's document is the name of a file."""

_ENDING = "-handover"
_LONGEST_ID = 64
_NEEDED = ("sender", "postal_address", "unsubscribe_url")
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~{}&])")


@dataclass(frozen=True, slots=True)
class Named:
    """A person a message goes to; `key` is their contact's id in the companion."""

    key: str
    email: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message: whose it is, and the address of the page that its button opens."""

    item: str
    contact: str
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Cover:
    """What all messages of one handover say.

    version: of the plan, as the documents call it. status, title, files: of the package. text: in place of our own words, Markdown.
    """

    version: int
    status: str
    title: str
    files: tuple[SharedFile, ...]
    text: str = ""


def companion_id(project_id: str) -> str:
    """The id of a project's companion; shortened if it would be too long for an id."""
    if len(project_id) + len(_ENDING) <= _LONGEST_ID:
        return project_id + _ENDING
    digest = hashlib.sha256(project_id.encode()).hexdigest()[:8]
    return f"{project_id[: _LONGEST_ID - len(_ENDING) - 9]}-{digest}{_ENDING}"


def item_key(number: int, link_id: int) -> str:
    """The id of the item that carries a link: `package-3-link-12`."""
    return f"package-{number}-link-{link_id}"


def missing_for_email(document: ProjectDocument) -> list[str]:
    """What the brand lacks that every email must carry."""
    return [f"brand.{name}" for name in _NEEDED if getattr(document.brand, name) is None]


def companion_fields(
    document: ProjectDocument,
    people: Sequence[Named],
    letters: Sequence[Letter],
    earlier: ProjectDocument | None,
    cover: Cover,
    now: datetime,
) -> dict[str, Any]:
    """The fields of the companion's document, to be validated like any other.

    Args:
        document: the project's own plan.
        people: everybody the companion writes to, earlier ones too.
        letters: the messages to add.
        earlier: the companion's current plan; its messages to people who are still there stay.
        cover: what the new messages say.
        now: aware; the new messages are due at once.
    """
    there = {each.key for each in people}
    kept = [
        each.model_dump(mode="json") for each in earlier.items if each.audience in there
    ] if earlier else []  # fmt: skip
    last = max([now.date(), *(each.expires_at.date() for each in letters)])
    return {
        "schema_version": 1,
        "id": companion_id(document.id),
        "client": document.client_key,
        "name": document.name,
        "timezone": document.timezone,
        "language": document.language,
        "starts_on": min(document.starts_on, now.date()).isoformat(),
        "ends_on": max(document.ends_on, last).isoformat(),
        "brand": document.brand.model_dump(
            mode="json", exclude={"logo", "cover_picture", "templates"}
        ),
        "objectives": [{"statement": "Hand the finished package over to the client."}],
        "market": {"primary": "The client"},
        "strategy": {
            "summary": "One message for each person, with a link of their own.",
            "pillars": [{"name": "Handover", "idea": "The client has every document."}],
        },
        "contacts": [_contact(each) for each in people],
        "audiences": [
            {"id": each.key, "name": each.key, "contacts": [each.key]} for each in people
        ],
        "items": [*kept, *(_item(document, each, cover, now, people) for each in letters)],
    }


def _contact(person: Named) -> dict[str, Any]:
    return {
        "id": person.key, "email": person.email, "name": person.name or None, "consent": "opt_in",
        "consent_source": "client contact",
    }  # fmt: skip


def _item(
    document: ProjectDocument, letter: Letter, cover: Cover, now: datetime, people: Sequence[Named]
) -> dict[str, Any]:
    say = translation(document.language)
    has_name = any(each.name for each in people if each.key == letter.contact)
    return {
        "id": letter.item,
        "channel": "email",
        "title": say.text("{title}: version {number}", title=cover.title, number=cover.version),
        "send_at": now.isoformat(timespec="seconds"),
        "send_until": letter.expires_at.isoformat(timespec="seconds"),
        "audience": letter.contact,
        "content": {
            "subject": say.text("{title}: the documents are ready", title=cover.title),
            "preheader": say.text(
                "Version {number}: every file in one place, to open or to download.",
                number=cover.version,
            ),
            "body": "\n\n".join(_body(say, document, letter, cover, has_name=has_name)),
            "cta": {"label": say.text("Open the documents"), "url": letter.url},
        },
    }


def _body(
    say: Translation, document: ProjectDocument, letter: Letter, cover: Cover, *, has_name: bool
) -> Iterator[str]:
    yield say.text("Hello {name},", name="{{ contact.name }}") if has_name else say.text("Hello,")
    title = escaped(cover.title)
    yield cover.text or say.text("everything for “{title}” is ready for you:", title=title)
    if cover.status != "final":
        draft = say.text("Internal draft: not released yet")
        yield f"**{draft}**"
    yield "\n".join(f"- {escaped(each.title or each.name)}" for each in cover.files)
    day = times.in_zone(letter.expires_at, document.timezone).date()
    yield say.text(
        "The link is for you and works until {day}.",
        day=format_date(day, "long", locale=say.locale),
    )


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return _MARKUP.sub(r"\\\1", text)
