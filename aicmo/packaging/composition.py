"""From a project's content to the outline that every renderer draws.

Everything of the project is in it, nothing is invented, and no gap is papered over: what is
missing stands under the open questions. The words are a client's: no ids, no internal markers.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING, Any, TypeVar

from aicmo.packaging import (
    chapters_calendar,
    chapters_execution,
    chapters_results,
    chapters_strategy,
)
from aicmo.packaging.chapter_parts import Material
from aicmo.packaging.outline import Outline
from aicmo.packaging.wording import Wording, client_text

if TYPE_CHECKING:
    from aicmo.packaging.content import ProjectContent

_T = TypeVar("_T")
_CHAPTERS = (
    chapters_strategy.glance,
    chapters_strategy.situation,
    chapters_strategy.strategy,
    chapters_calendar.calendar,
    chapters_calendar.pieces,
    chapters_results.measurement,
    chapters_results.budget,
    chapters_execution.execution,
    chapters_results.questions,
    chapters_results.appendix,
)


def compose(content: ProjectContent) -> Outline:
    """The outline of a project: the same content always gives the same outline.

    It is an internal draft unless there are items and every one of them is approved.
    """
    document = content.document
    material = Material(content, Wording.of(document))
    agency = document.brand.agency
    chapters = (write(material) for write in _CHAPTERS)
    outline = Outline(
        project_id=document.id,
        client=document.brand.name,
        title=document.name,
        subtitle=document.strategy.big_idea or document.brand.offer,
        period=material.say.days(document.starts_on, document.ends_on),
        version=f"Version {content.plan_version}",
        language=document.language,
        created=content.imported_at.astimezone(UTC).replace(microsecond=0).isoformat(),
        confidentiality=document.brand.footer or "",
        prepared_by=agency.name if agency and agency.show else "",
        status="final" if _all_approved(content) else "internal draft",
        chapters=tuple(chapter for chapter in chapters if chapter),
    )
    return _in_client_words(outline)


def _all_approved(content: ProjectContent) -> bool:
    items = content.document.items
    return bool(items) and all(
        item.id in content.items and content.items[item.id].approved for item in items
    )


def _in_client_words(value: _T) -> _T:
    """The outline with every text passed through `client_text`, wherever it stands."""
    changed: Any = value
    if isinstance(value, str):
        changed = client_text(value)
    elif isinstance(value, tuple):
        changed = tuple(_in_client_words(one) for one in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  (of any depth)
    elif is_dataclass(value) and not isinstance(value, type):
        changed = replace(
            value, **{one.name: _in_client_words(getattr(value, one.name)) for one in fields(value)}
        )
    return changed
