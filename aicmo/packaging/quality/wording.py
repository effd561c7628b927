"""Words that no client should read, and words that the client asked for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from aicmo.packaging.quality.finding import Finding, Hit, Passage
from aicmo.plans.items import EmailContent
from aicmo.plans.leftovers import find_leftover
from aicmo.plans.placeholders import PLACEHOLDER
from aicmo.plans.proofreading import BRACES, own_names, phrase_pattern

if TYPE_CHECKING:
    from aicmo.plans.document import ProjectDocument

_MARKER = re.compile(
    r"""
    \b(?:INTERNAL|DRAFT|CONFIDENTIAL\ NOTE)\b(?=\s*[:\])–-]) | [\[(](?i:internal|draft|entwurf|intern)[\])]
    | (?<![\w-])(?<![\w-]\ )Internal\s?: | <!--
    | (?i: \bnote\ to\ (?:the\ )?(?:copywriter|designer|editor|team)\s?: )
    | (?i: (?<!\w)draft\s?: | \binternal\ (?:use\ only|only|note|comment)\b | \bfor\ internal\ use\b
      | \b(?:do\ not|don[’']t)\ (?:send|share|forward|show)\ (?:this|it)?\s*(?:to|with)\ (?:the\ )?client\b
      | \b(?:DO\ NOT\ SEND|not\ for\ (?:the\ )?client|note\ to\ self|remove\ before\ sending)\b
      | \b(?:nur\ intern|nicht\ versenden|interne\ Notiz|usage\ interne|ne\ pas\ envoyer
        |uso\ interno|no\ enviar\ al\ cliente|não\ enviar\ ao\ cliente)\b )
    | 社内限り | 送信禁止 | केवल\ आंतरिक | للاستخدام\ الداخلي
    | (?<![\w@./])@[\w.]+[:,]?\ (?i:please|pls|can\ you|could\ you|check|review|fix|bitte|peux-tu|puedes)\b
    | (?i:\blocalhost\b|\b127\.0\.0\.1\b|\bfile://) | \b[A-Za-z]:\\\w
    | (?<![\w/.])/(?:home|Users|tmp|var|root|opt|srv|mnt)/\w
    | (?i:https?://(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)\d)
    | \b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b
    """,
    re.VERBOSE,
)
_RAW_ID = re.compile(r"(?=.*\d)(?=.*[-_]).+|.*_.*")
_LINK = re.compile(r"https?://\S+")
_RESERVED = re.compile(r"(?:^|\.)(?:example(?:\.(?:com|net|org))?|test|invalid)$")
_HOST = re.compile(r"https://([^\s/<>\"')\]]+)")
_LONG_NAME = 8
"""Characters from which a name without its spaces is nobody's other word."""
_FINISH = "Write what belongs there"


def placeholders(document: ProjectDocument, passages: Sequence[Passage]) -> Iterator[Hit]:
    """Text that is still to be written, and merge fields where nothing fills them in."""
    for passage in passages:
        if left := find_leftover(passage.text):
            at = passage.text.index(left)
            yield Hit("placeholder", passage, at, at + len(left), _FINISH)
        for brace in BRACES.finditer(passage.text):
            if not (_merges(document, passage.place) and PLACEHOLDER.fullmatch(brace[0])):
                fix = "Write it out: a merge field is filled in only in an email's content"
                yield Hit("placeholder", passage, *brace.span(), fix)


def _merges(document: ProjectDocument, place: str) -> bool:
    found = re.match(r"items\[(\d+)\]\.content\b", place)
    return bool(found) and isinstance(document.items[int(found[1])].content, EmailContent)


def markers(document: ProjectDocument, passages: Sequence[Passage]) -> Iterator[Hit]:
    """Notes among colleagues, addresses on somebody's machine, ids of the database."""
    ids = {one.id for one in (*document.items, *document.audiences)}
    raw = _any_of((one for one in sorted(ids) if _RAW_ID.fullmatch(one)), passages)
    for passage in passages:
        if found := _MARKER.search(passage.text):
            yield Hit("internal marker", passage, *found.span(), "Take it out")
        if raw and (found := raw.search(_LINK.sub(_blank, passage.text))):
            fix = "Name the piece by its title, not by its id"
            yield Hit("internal marker", passage, *found.span(), fix)


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


def other_clients(
    document: ProjectDocument, names: Iterable[str], passages: Sequence[Passage]
) -> Iterator[Hit]:
    """The name or domain of another client, unless it is the client's own or allowed."""
    own = own_names(document)
    ways = [way for one in names if not phrase_pattern(one).search(own) for way in _written(one)]
    others = _any_of((way for way in ways if not phrase_pattern(way).search(own)), passages)
    fix = "Take it out, or allow it in language_rules.may_mention if it is meant"
    yield from _hits("another client's name", others, passages, fix)


def _written(name: str) -> Iterator[str]:
    """A name as people write it: as it is, without accents, with `and`, as a hashtag."""
    letters = unicodedata.normalize("NFD", name)
    plain = "".join(one for one in letters if not unicodedata.combining(one))
    for way in dict.fromkeys((name, plain) if plain.isascii() else (name,)):
        yield way
        if "&" in way:
            yield " and ".join(part.strip() for part in way.split("&"))
        if " " in way and len(way) >= _LONG_NAME:
            yield from dict.fromkeys((way.replace(" ", ""), re.sub(r"\W", "", way)))


def ruled_out(document: ProjectDocument, passages: Sequence[Passage]) -> Iterator[Hit]:
    """Phrases that `must_not_mention` names."""
    phrases = _any_of(document.language_rules.must_not_mention, passages)
    fix = "Say it in other words, or take the phrase from language_rules.must_not_mention"
    yield from _hits("ruled-out phrase", phrases, passages, fix)


def asked_for(document: ProjectDocument, passages: Sequence[Passage]) -> Iterator[Finding]:
    """Phrases that `must_mention` names and the package says too seldom."""
    text = "\n".join(passage.text for passage in passages)
    for at, rule in enumerate(document.language_rules.must_mention):
        number = sum(1 for _ in phrase_pattern(rule.phrase).finditer(text))
        if number < rule.at_least:
            evidence = (
                f"“{rule.phrase}” is said {number} times; the client asked for {rule.at_least}"
            )
            yield Finding(
                "blocker", "not mentioned enough", f"language_rules.must_mention[{at}]", evidence,
                "Mention it in the copy, or change the rule",
            )  # fmt: skip


def example_addresses(document: ProjectDocument, passages: Sequence[Passage]) -> Iterator[Hit]:
    """Addresses on domains that RFC 2606 reserves for examples; a sample's own are meant."""
    if _is_sample(document):
        return
    for passage in passages:
        for found in _HOST.finditer(passage.text):
            if _RESERVED.search(found[1].lower()):
                yield Hit("example address", passage, *found.span(), "Write the real address")


def sample(document: ProjectDocument) -> Iterator[Finding]:
    """Says that the whole project is a sample, whose addresses lead nowhere."""
    if _is_sample(document):
        evidence = f"{document.brand.website} is nobody's address (RFC 2606)"
        fix = "Leave it for a sample; for a client, write the real address"
        yield Finding("note", "example address", "brand.website", evidence, fix)


def _is_sample(document: ProjectDocument) -> bool:
    found = _HOST.match(document.brand.website or "")
    return bool(found and _RESERVED.search(found[1].lower()))


def _hits(
    rule: str, pattern: re.Pattern[str] | None, passages: Sequence[Passage], fix: str
) -> Iterator[Hit]:
    if pattern is not None:
        for passage in passages:
            for found in pattern.finditer(passage.text):
                yield Hit(rule, passage, *found.span(), fix)


def _any_of(phrases: Iterable[str], passages: Sequence[Passage]) -> re.Pattern[str] | None:
    """Finds any of the phrases; None if none can be there."""
    # Most of many phrases aren't there, which is seen faster so.
    folded = "\n".join(passage.text for passage in passages).casefold()
    found = [each for each in phrases if all(word in folded for word in each.casefold().split())]
    patterns = "|".join(phrase_pattern(each).pattern for each in found)
    return re.compile(patterns, flags=re.IGNORECASE) if patterns else None
