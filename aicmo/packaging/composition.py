"""From a project's content to the outline that every renderer draws.

Everything of the project is in it, nothing is invented, and no gap is papered over: what is
missing stands under the open questions. The words are a client's: no ids, no internal markers.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from aicmo.packaging.chapter_parts import Material
from aicmo.packaging.chapters_appendix import appendix, import_day
from aicmo.packaging.chapters_budget import budget
from aicmo.packaging.chapters_calendar import calendar
from aicmo.packaging.chapters_content import pieces
from aicmo.packaging.chapters_execution import execution
from aicmo.packaging.chapters_measurement import measurement
from aicmo.packaging.chapters_plan import channels, roadmap
from aicmo.packaging.chapters_questions import questions
from aicmo.packaging.chapters_situation import audience, situation
from aicmo.packaging.chapters_strategy import strategy
from aicmo.packaging.chapters_summary import glance
from aicmo.packaging.outline import Outline
from aicmo.packaging.quality.gate import check_quality, status
from aicmo.packaging.wording import Wording, client_text

if TYPE_CHECKING:
    from aicmo.packaging.content import ProjectContent

_T = TypeVar("_T")
_CHAPTERS = (
    glance,
    situation,
    audience,
    strategy,
    channels,
    roadmap,
    calendar,
    pieces,
    measurement,
    budget,
    questions,
    execution,
    appendix,
)


class _Latest:
    """The newest outline: each format of a package asks for it, and it costs a fifth of a second."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: tuple[ProjectContent, Outline] | None = None

    def of(self, content: ProjectContent) -> Outline:
        with self._lock:
            if self._made is None or self._made[0] is not content:
                self._made = (content, _composed(content))
            return self._made[1]


_LATEST = _Latest()


def compose(content: ProjectContent) -> Outline:
    """The outline of a project: the same content always gives the same outline.

    It is an internal draft as long as the quality gate finds a blocker.
    """
    return _LATEST.of(content)


def _composed(content: ProjectContent) -> Outline:
    document = content.document
    say = Wording.of(document)
    material = Material(content, say)
    agency = document.brand.agency
    chapters = (write(material) for write in _CHAPTERS)
    outline = Outline(
        project_id=document.id,
        client=document.brand.name,
        title=document.name,
        subtitle=document.strategy.big_idea or document.brand.offer,
        period=say.days(document.starts_on, document.ends_on),
        version=say.text("Version {number}", number=content.plan_version),
        language=document.language,
        created=_created(material),
        confidentiality=document.brand.footer or "",
        prepared_by=agency.name if agency and agency.show else "",
        status="internal draft",
        chapters=tuple(chapter for chapter in chapters if chapter),
    )
    outline = _in_client_words(outline, say)
    return replace(outline, status=status(check_quality(content, outline)))


def _created(material: Material) -> str:
    # The day alone: the same document, imported twice on a day, gives the same bytes.
    day = import_day(material)
    return datetime(day.year, day.month, day.day, tzinfo=UTC).isoformat()


def _in_client_words(value: _T, say: Wording) -> _T:
    """The outline with every text passed through `client_text`, wherever it stands."""
    changed: Any = value
    if isinstance(value, str):
        changed = client_text(value, say)
    elif isinstance(value, tuple):
        changed = tuple(_in_client_words(one, say) for one in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  (of any depth)
    elif is_dataclass(value) and not isinstance(value, type):
        changed = replace(
            value,
            **{one.name: _in_client_words(getattr(value, one.name), say) for one in fields(value)},
        )
    return changed
