"""The text a reader will see: placeholders, leftovers, and words the client has ruled out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, cast

from aicmo.plans.contacts import Contact
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import EmailContent, Item
from aicmo.plans.placeholders import OWN_FIELDS, PLACEHOLDER
from aicmo.problems import Problem

_BRACES = re.compile(r"\{\{.*?(?:\}\}|$)|\{%.*?(?:%\}|$)|\}\}|%\}", flags=re.DOTALL)
_LEFTOVER = re.compile(
    r"\b(?:TODO|FIXME|XXX)\b|(?i:\b(?:TBD|TBC|lorem ipsum)\b|(?<![\w/])N/A(?![\w/])|\[insert[^\]]*\])"
)
_NOT_COPY = dict.fromkeys(
    ("id", "channel", "send_at", "send_until", "timezone", "late", "audience"), True
)


def check_placeholders(
    document: ProjectDocument, members: dict[str, list[Contact]]
) -> Iterator[Problem]:
    """Placeholders that can't be read, or name what no contact has.

    Args:
        document: the project.
        members: contacts with consent by audience id, of the audiences that items name.
    """
    known = OWN_FIELDS.union(*(contact.attributes for contact in document.contacts))
    for at, item in enumerate(document.items):
        for place, text in _strings(item.content.model_dump(), f"items[{at}].content"):
            for found in _BRACES.findall(text):
                if isinstance(item.content, EmailContent):
                    people = members.get(item.audience or "", [])
                    yield from _check_placeholder(place, found, known, people)
                elif found.startswith("{{"):
                    yield Problem(place, f"{_short(found)} is replaced in email only")


def _check_placeholder(
    place: str, text: str, known: Iterable[str], people: list[Contact]
) -> Iterator[Problem]:
    match = PLACEHOLDER.fullmatch(text)
    if match is None:
        message = (
            f'{_short(text)} is not read; write {{{{ contact.first_name | default("there") }}}}'
        )
        yield Problem(place, message)
        return
    name = match["name"]
    if name not in known:
        yield Problem(place, f"{_short(text)} names an attribute that no contact has")
    elif match["default"] is None:
        without = sum(1 for person in people if not _value(person, name))
        if without:
            message = (
                f"{_short(text)} has no default, and {without} of {len(people)} contacts "
                f"have no {name}"
            )
            yield Problem(place, message, "warning")


def _value(contact: Contact, name: str) -> str | None:
    return getattr(contact, name) if name in OWN_FIELDS else contact.attributes.get(name)


def check_wording(document: ProjectDocument) -> Iterator[Problem]:
    """Leftovers in anything a client reads, and ruled-out phrases in what goes out."""
    for place, text in _strings(document.model_dump(exclude={"contacts"}), ""):
        if found := find_leftover(text):
            yield Problem(place, f"still says {_short(found)}", "warning")
    rules = [
        (phrase, phrase_pattern(phrase)) for phrase in document.language_rules.must_not_mention
    ]
    for at, item in enumerate(document.items):
        yield from _check_phrases(f"items[{at}]", item, rules)


def _check_phrases(
    place: str, item: Item, rules: list[tuple[str, re.Pattern[str]]]
) -> Iterator[Problem]:
    copy = item.model_dump(exclude={**_NOT_COPY, "content": {"kind", "format"}})
    for inside, text in _strings(copy, place):
        for phrase, pattern in rules:
            if pattern.search(text):
                message = f"mentions “{phrase}”, which the language rules exclude"
                yield Problem(inside, message, "warning")


def find_leftover(text: str) -> str:
    """The first word of `text` that stands for something still to be written; '' without one."""
    found = _LEFTOVER.search(text)
    return found[0] if found else ""


def phrase_pattern(phrase: str) -> re.Pattern[str]:
    """Finds a phrase as whole words, in any case and with any spaces between them."""
    words = r"\s+".join(re.escape(word) for word in phrase.split())
    return re.compile(rf"(?<!\w){words}(?!\w)", flags=re.IGNORECASE)


def _short(text: str) -> str:
    limit = 60
    plain = " ".join(text.split())
    return plain if len(plain) <= limit else f"{plain[:limit]}…"


def _strings(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, part in cast("dict[str, Any]", value).items():
            yield from _strings(part, f"{place}.{key}" if place else key)
    elif isinstance(value, list | tuple):
        for at, part in enumerate(cast("list[Any]", value)):
            yield from _strings(part, f"{place}[{at}]")
