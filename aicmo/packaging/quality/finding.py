"""What the quality gate found, and the texts that it looks at."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from aicmo.packaging.outline import Outline, texts
from aicmo.plans.document import ProjectDocument
from aicmo.plans.proofreading import strings

Severity = Literal["blocker", "warning", "note"]
_NOT_PRINTED = {
    "schema_version": True, "id": True, "client": True, "timezone": True, "language": True,
    "contacts": True, "audiences": {"__all__": {"id", "contacts"}}, "sending": True,
    "language_rules": True, "brand": {"sender", "unsubscribe_url", "logo", "cover_picture",
    "templates", "typeface", "theme", "deck_fonts"},
}  # fmt: skip
_NOT_COPY = {"id", "channel", "send_at", "send_until", "timezone", "late", "audience"}
_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？।؟])|\n+")
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know before a package goes to the client.

    severity: a `blocker` makes the package an internal draft; a `warning` wants a person's answer.
    place: as in the document, `items[3].content.body`, or the chapter and section that print it.
    evidence: what was found there, in its own words or figures.
    """

    severity: Severity
    rule: str
    place: str
    evidence: str
    fix: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that is printed, and where it stands."""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """Words in a passage that break a rule."""

    rule: str
    passage: Passage
    start: int
    end: int
    fix: str

    @property
    def words(self) -> str:
        return self.passage.text[self.start : self.end]

    def finding(self, severity: Severity = "blocker") -> Finding:
        """The hit as a finding, with the sentence that it stands in as evidence."""
        evidence = f"“{sentence_at(self.passage.text, self.start, self.end)}”"
        return Finding(severity, self.rule, self.passage.place, evidence, self.fix)


def written(document: ProjectDocument) -> Iterator[Passage]:
    """What people wrote into the document and a client will read."""
    data = document.model_dump(exclude=_NOT_PRINTED)
    for item in data["items"]:
        for name in _NOT_COPY:
            item.pop(name)
        item["content"].pop("kind")
    for place, text in strings(data, ""):
        yield Passage(place, _seen(text))


def printed(outline: Outline) -> Iterator[Passage]:
    """What the chapters say, ours and the client's words together."""
    for chapter in outline.chapters:
        for text in (chapter.title, chapter.conclusion):
            yield Passage(chapter.title, _seen(text))
        for section in chapter.sections:
            place = f"{chapter.title} › {section.heading}"
            for text in texts(section):
                yield Passage(place, _seen(text))


def _seen(text: str) -> str:
    # What takes no room on a page would hide a word from a rule.
    return _INVISIBLE.sub("", unicodedata.normalize("NFC", text))


def sentence_at(text: str, start: int, end: int) -> str:
    """The sentence around a hit, on one line; cut at its ends where it is long."""
    ends = [found.end() for found in _END.finditer(text)]
    first = max((at for at in ends if at <= start), default=0)
    last = min((at for at in ends if at >= end), default=len(text))
    if last - first > _LONGEST:
        room = (_LONGEST - (end - start)) // 2
        first, last = max(first, start - max(room, 0)), min(last, end + max(room, 0))
    return " ".join(text[first:last].split())
