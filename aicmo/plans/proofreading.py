"""The text a reader will see: placeholders, leftovers, and words the client has ruled out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, cast

from aicmo.plans.contacts import Contact
from aicmo.plans.document import ProjectDocument
from aicmo.plans.items import EmailContent, Item
from aicmo.plans.leftovers import find_leftover
from aicmo.plans.placeholders import OWN_FIELDS, PLACEHOLDER
from aicmo.problems import Problem

BRACES = re.compile(r"\{\{.*?(?:\}\}|$)|\{%.*?(?:%\}|$)|\}\}|%\}", flags=re.DOTALL)
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Thai, Lao, Burmese, Khmer, Japanese and Chinese, whose words nothing parts."""
_MARKS = "\u0300-\u036f\u064b-\u065f\u0900-\u0963\u0966-\u0dff"
"""Accents and vowel signs: parts of a word for which `\\w` doesn't stand."""
_IN_WORD = rf"(?![{_UNSPACED}])[\w{_MARKS}]"
_PREFIX = "(?:[وف]?[بكل]?ال|[وف]?لل|[وفبكل])?"
"""What Arabic writes as one word with the next: and, so, by, as, to, the."""
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
        for place, text in strings(item.content.model_dump(), f"items[{at}].content"):
            for found in BRACES.findall(text):
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
    for place, text in strings(document.model_dump(exclude={"contacts"}), ""):
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
    for inside, text in strings(copy, place):
        for phrase, pattern in rules:
            if pattern.search(text):
                message = f"mentions “{phrase}”, which the language rules exclude"
                yield Problem(inside, message, "warning")


def phrase_pattern(phrase: str) -> re.Pattern[str]:
    """Finds a phrase as whole words, in any case and with any spaces between them.

    Where a script has no spaces, the phrase is found inside of other words; in Arabic, also with
    an article or a preposition written to it.
    """
    words = r"\s+".join(re.escape(word) for word in phrase.split())
    # Unicode's full case folding, which `re` doesn't know
    words = re.sub("ß|ss", "(?:ß|ss)", words, flags=re.IGNORECASE)
    prefix = _PREFIX if re.match(r"\s*[\u0620-\u064a]", phrase) else ""
    before = "" if re.match(rf"\s*[{_UNSPACED}]", phrase) else rf"(?<!{_IN_WORD})"
    after = "" if re.search(rf"[{_UNSPACED}]\s*$", phrase) else rf"(?!{_IN_WORD})"
    return re.compile(f"{before}{prefix}{words}{after}", flags=re.IGNORECASE)


def own_names(document: ProjectDocument) -> str:
    """What names the client itself, and what `may_mention` allows; one to a line."""
    brand = document.brand
    sender = (brand.sender.name, brand.sender.email) if brand.sender else ()
    own = (brand.name, brand.website, *sender, *document.language_rules.may_mention)
    return "\n".join(each for each in own if each)


def _short(text: str) -> str:
    limit = 60
    plain = " ".join(text.split())
    return plain if len(plain) <= limit else f"{plain[:limit]}…"


def strings(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Every text in plain data with its place, `items[3].title`."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, part in cast("dict[str, Any]", value).items():
            yield from strings(part, f"{place}.{key}" if place else key)
    elif isinstance(value, list | tuple):
        for at, part in enumerate(cast("list[Any]", value)):
            yield from strings(part, f"{place}[{at}]")
