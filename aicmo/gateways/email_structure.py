"""Checks of an email's build: what spam filters count against it, and what readers stumble over.

These are the structural rules that filters have in common. There is no score: it would be a guess,
since every receiver weighs them in its own way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aicmo.gateways.email_findings import Check, Finding
from aicmo.gateways.email_shown import Picture, Shown, in_one_line

LONGEST_SUBJECT = 78  # RFC 5322 §2.1.1
_SUBJECT_ON_A_PHONE = 60
_FEWEST_LETTERS, _SHOUTED_SHARE = 8, 0.7
_FAKED_REPLY = re.compile(r"\s*(?:re|fwd?|aw|wg|sv|tr|rv)\s*(?:\[\d+\])?:", flags=re.IGNORECASE)
_SHOUTING = re.compile(r"!(?:\s*!){2}")
_MOST_PICTURES = 10
_FEWEST_WORDS_WITH_PICTURES = 20
_SHORTEST_TEXT = 0.5
_DECORATION = ("", None)


def check_subject(subject: str) -> Check:
    """How long it is, and whether it shouts or pretends."""
    return Check("Subject", f"{len(subject)} characters", tuple(_subject_findings(subject)))


def _subject_findings(subject: str) -> Iterator[Finding]:
    place = "content.subject"
    if len(subject) > LONGEST_SUBJECT:
        text = f"The subject has {len(subject)} characters; most mail programs cut it short"
        yield Finding("warning", place, text, f"Say it in {_SUBJECT_ON_A_PHONE} characters")
    elif len(subject) > _SUBJECT_ON_A_PHONE:
        text = (
            f"The subject has {len(subject)} characters; a phone shows about {_SUBJECT_ON_A_PHONE}"
        )
        yield Finding("hint", place, text, "Put what matters first")
    letters = [each for each in subject if each.isalpha()]
    capitals = sum(1 for each in letters if each.isupper())
    if len(letters) >= _FEWEST_LETTERS and capitals >= _SHOUTED_SHARE * len(letters):
        text = "The subject is in capitals, which spam filters count against it"
        yield Finding("warning", place, text, "Write it as a sentence")
    if subject.count("!") > 2:  # noqa: PLR2004
        text = f"The subject has {subject.count('!')} exclamation marks"
        yield Finding("warning", place, text, "Leave one at most")
    if found := _FAKED_REPLY.match(subject):
        text = f"The subject begins with “{found[0].strip()}”, as if it answered something"
        yield Finding("warning", place, text, "Leave it out: the law forbids subjects that mislead")


def check_preheader(preheader: str, subject: str) -> Check:
    """The line that mail programs show beside the subject."""
    place, found = "content.preheader", ()
    if not preheader:
        text = "There is no preheader; mail programs show the first words of the body instead"
        found = (Finding("hint", place, text, "Write one of 40 to 90 characters"),)
    elif preheader.casefold() == subject.casefold():
        text = "The preheader says the same as the subject"
        found = (Finding("warning", place, text, "Say what the subject leaves open"),)
    return Check("Preheader", f"{len(preheader)} characters", found)


def check_pictures(shown: Shown, own_words: int) -> Check:
    """Alternative texts, and whether words stand beside the pictures.

    own_words: words of the message without its footer.
    """
    count = len(shown.pictures)
    said = f"{count} picture{'s' if count != 1 else ''}, each with its alternative text"
    findings = tuple(_picture_findings(shown.pictures, own_words))
    return Check("Pictures", said if count else "no pictures", findings)


def _picture_findings(pictures: list[Picture], own_words: int) -> Iterator[Finding]:
    place = "content.body"
    for picture in pictures:
        if picture.alt is None:
            text = f"The picture {_file(picture.source)} has no alternative text"
            yield Finding(
                "warning", place, text, 'Say what it shows, or alt="" if it is decoration'
            )
    told = [picture for picture in pictures if picture.alt not in _DECORATION]
    if pictures and own_words < _FEWEST_WORDS_WITH_PICTURES:
        text = f"The message is pictures with only {own_words} words"
        yield Finding(
            "warning", place, text,
            "Write what matters as text: many mail programs load no pictures, and filters distrust them",
        )  # fmt: skip
    if len(told) > _MOST_PICTURES or len(pictures) > 2 * _MOST_PICTURES:
        text = f"The message has {len(pictures)} pictures"
        yield Finding("warning", place, text, f"Leave the {_MOST_PICTURES} that matter")


def _file(source: str) -> str:
    return source.partition("?")[0].rpartition("/")[2][:60] or "without an address"


def check_build(text: str, shown: Shown, preheader: str) -> Check:
    """A text part that says what the HTML says, nothing hidden, nothing shouted."""
    return Check(
        "Structure",
        "text and HTML say the same, nothing is hidden or shouted",
        tuple(_build_findings(text, shown, preheader)),
    )


def _build_findings(text: str, shown: Shown, preheader: str) -> Iterator[Finding]:
    place = "content.body"
    in_text, in_html = len(text.split()), len(shown.text.split())
    if not in_text:
        yield Finding("error", place, "There is no text part", "Write the message as text as well")
    elif in_text < in_html * _SHORTEST_TEXT:
        said = f"The text part has {in_text} words, the HTML {in_html}"
        yield Finding(
            "warning", place, said, "Let both say the same; filters compare them, and some people read the text"
        )  # fmt: skip
    hidden = in_one_line(shown.concealed.replace(in_one_line(preheader), "", 1))
    if hidden:
        yield Finding(
            "warning", place, f"The HTML hides “{hidden[:60]}” from its readers",
            "Take it out: filters look for hidden text",
        )  # fmt: skip
    if found := _SHOUTING.search(shown.text):
        around = shown.text[max(found.start() - 30, 0) : found.end()]
        yield Finding("warning", place, f"Shouts: “{around}”", "Leave one exclamation mark at most")
