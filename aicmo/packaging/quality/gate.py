"""The quality gate: everything that keeps a package from being called ready for the client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from aicmo.packaging.quality import arithmetic, claims, readiness, wording
from aicmo.packaging.quality.finding import Finding, Hit, Passage, Severity, printed, written

if TYPE_CHECKING:
    from aicmo.packaging.content import ProjectContent
    from aicmo.packaging.outline import Outline

SEVERITIES: tuple[Severity, ...] = ("blocker", "warning", "note")


def check_quality(content: ProjectContent, outline: Outline) -> tuple[Finding, ...]:
    """All findings, the worst first; the same content always has the same.

    Args:
        content: the project as it is packaged.
        outline: what of it is printed, as `compose` makes it; its status is not looked at.
    """
    document = content.document
    texts, pages = list(written(document)), list(printed(outline))
    found = [
        *readiness.approval(content),
        *readiness.media(content),
        *readiness.dates(document),
        *(hit.finding() for hit in _hits(content, texts, pages)),
        *wording.sample(document),
        *wording.asked_for(document, pages),
        *arithmetic.budget(document),
        *arithmetic.costs(document),
        *arithmetic.funnel(document),
        *arithmetic.retention(document),
        *claims.sources(document),
        *claims.claims(document, texts),
    ]
    return tuple(sorted(dict.fromkeys(found), key=lambda one: SEVERITIES.index(one.severity)))


def status(findings: Iterable[Finding]) -> Literal["final", "internal draft"]:
    """What a package may be called: a blocker makes it an internal draft."""
    blocked = any(one.severity == "blocker" for one in findings)
    return "internal draft" if blocked else "final"


def _hits(content: ProjectContent, texts: list[Passage], pages: list[Passage]) -> Iterator[Hit]:
    """Hits in the document, and those in print whose words the document doesn't have."""
    known = set[tuple[str, str]]()
    for hit in _of_words(content, texts):
        known.add((hit.rule, hit.words.casefold()))
        yield hit
    looked_at = {passage.text for passage in texts}
    first = {one.text: one for one in reversed(pages) if one.text not in looked_at}
    for hit in _of_words(content, list(reversed(first.values()))):
        if (hit.rule, hit.words.casefold()) not in known:
            yield hit


def _of_words(content: ProjectContent, passages: list[Passage]) -> Iterator[Hit]:
    document = content.document
    yield from wording.placeholders(document, passages)
    yield from wording.markers(document, passages)
    yield from wording.other_clients(document, content.other_clients, passages)
    yield from wording.ruled_out(document, passages)
    yield from wording.example_addresses(document, passages)
