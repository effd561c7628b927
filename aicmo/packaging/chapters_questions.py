"""What can go wrong, and what still has to be answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aicmo.packaging.chapter_parts import Material, present, section, table
from aicmo.packaging.outline import Bullets, Chapter
from aicmo.plans.items import PostContent

if TYPE_CHECKING:
    from collections.abc import Iterator


class Question(NamedTuple):
    """What has to be answered, what for, and by whom."""

    question: str
    needed_for: str | None = None
    owner: str | None = None


def questions(material: Material) -> Chapter | None:
    risks, say = material.document.risks, material.say
    asked = open_questions(material)
    if not (risks or asked):
        return None
    rows = [(say.number(n), *question) for n, question in enumerate(asked, start=1)]
    columns = (
        say.text("No."),
        say.text("Question"),
        say.text("Needed for"),
        say.text("Who answers"),
    )
    caption = say.plural(
        "{number} question still open", "{number} questions still open", len(asked)
    )
    return Chapter(
        key="questions",
        title=_title(material),
        conclusion=say.sentences(_in_short(material)),
        sections=present(
            (
                section(say.text("Risks"), Bullets(risks)) if risks else None,
                section(say.text("What we still need to know"), table(caption, columns, rows)),
            )
        ),
    )


def _title(material: Material) -> str:
    if not open_questions(material):
        return material.say.text("Risks")
    if not material.document.risks:
        return material.say.text("Open questions")
    return material.say.text("Risks and open questions")


def _in_short(material: Material) -> Iterator[str]:
    say = material.say
    if asked := len(open_questions(material)):
        yield say.plural(
            "{number} question is still open.", "{number} questions are still open.", asked
        )
    if risks := len(material.document.risks):
        yield say.plural("{number} risk to watch.", "{number} risks to watch.", risks)


def open_questions(material: Material) -> list[Question]:
    """The plan's own questions, then the gaps that are seen in it."""
    asked = material.document.open_questions
    return [Question(q.question, q.needed_for, q.owner) for q in asked] + list(_gaps(material))


def _gaps(material: Material) -> Iterator[Question]:
    document, say = material.document, material.say
    for fact in document.market.facts:
        if fact.source is None:
            yield Question(
                say.text("What is the source of “{fact}”?", fact=fact.fact),
                say.text("Market facts"),
            )
    if names := [one.name for one in document.kpis if one.baseline is None]:
        asked = say.text("Where do these stand today: {names}?", names=say.listing(names))
        yield Question(asked, say.text("Measurement"))
    if names := [one.name for one in document.kpis if one.source is None]:
        asked = say.text("Where will these be read: {names}?", names=say.listing(names))
        yield Question(asked, say.text("Measurement"))
    if document.budget is None:
        yield Question(say.text("What is the budget, and how is it split?"), say.text("Budget"))
    for topic in document.topics:
        if not (topic.text or topic.points):
            yield Question(
                say.text("What is there to say under “{topic}”?", topic=topic.title),
                say.text("Strategy"),
            )
    for item in material.items():
        if isinstance(item.content, PostContent) and any(not m.source for m in item.content.media):
            yield Question(
                say.text("When will the picture or film for “{piece}” be ready?", piece=item.title),
                say.text("The content"),
            )
