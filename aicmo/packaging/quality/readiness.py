"""Whether the plan is ready as it stands: approved, complete, inside its dates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from aicmo.packaging.quality.finding import Finding
from aicmo.packaging.wording import Wording
from aicmo.plans.items import PostContent

if TYPE_CHECKING:
    from aicmo.packaging.content import ProjectContent
    from aicmo.plans.document import ProjectDocument

_NAMED = 5


def approval(content: ProjectContent) -> Iterator[Finding]:
    """Every item must be approved as it is now, and there must be one."""
    document = content.document
    waiting = [
        item.id
        for item in document.items
        if not (item.id in content.items and content.items[item.id].approved)
    ]
    if not document.items:
        fix = "Plan at least one piece of content"
        yield Finding("blocker", "not approved", "items", "The plan has no piece of content", fix)
    elif waiting:
        named = ", ".join(waiting[:_NAMED]) + (", …" if len(waiting) > _NAMED else "")
        evidence = f"{len(waiting)} of {len(document.items)} not approved: {named}"
        fix = f"Read them, then `aicmo approve {document.id}`"
        yield Finding("blocker", "not approved", "items", evidence, fix)


def media(content: ProjectContent) -> Iterator[Finding]:
    """Pictures and films of posts: one that is named must be there, one without a file is to come."""
    for at, item in enumerate(content.document.items):
        for number, one in enumerate(
            item.content.media if isinstance(item.content, PostContent) else ()
        ):
            place = f"items[{at}].content.media[{number}]"
            if not one.source:
                evidence = f"“{item.title}” has no picture or film yet"
                fix = "Have it made, or tell the client when it comes"
                yield Finding("warning", "media missing", place, evidence, fix)
            elif one.source not in content.imported:
                fix = "Put the file beside the document and import it again"
                yield Finding("blocker", "media missing", place, f"{one.source} is missing", fix)


def dates(document: ProjectDocument) -> Iterator[Finding]:
    """Items and phases belong between the campaign's first and last day."""
    fix = "Move it, or change starts_on or ends_on"
    campaign = f"the campaign runs {document.starts_on} to {document.ends_on}"
    say = Wording.of(document)
    for at, item in enumerate(document.items):
        day = say.sends_at(item).date()
        if not document.starts_on <= day <= document.ends_on:
            evidence = f"“{item.title}” goes out on {day}; {campaign}"
            yield Finding("blocker", "outside the campaign", f"items[{at}].send_at", evidence, fix)
    for at, phase in enumerate(document.phases):
        if phase.starts_on < document.starts_on or phase.ends_on > document.ends_on:
            evidence = f"“{phase.name}” runs {phase.starts_on} to {phase.ends_on}; {campaign}"
            yield Finding("blocker", "outside the campaign", f"phases[{at}]", evidence, fix)
