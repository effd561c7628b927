"""Where the client stands, and who the plan is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aicmo.packaging.chapter_parts import (
    Material,
    cards,
    details,
    is_short,
    present,
    section,
    table,
)
from aicmo.packaging.outline import Bullets, Card, Chapter, Paragraph, Section

if TYPE_CHECKING:
    from aicmo.plans.strategy import Persona


def situation(material: Material) -> Chapter:
    """The brand and its market; also for whom, if there is too little of that for a chapter."""
    return Chapter(
        key="situation",
        title=material.say.text("Situation"),
        conclusion=_situation_in_short(material),
        sections=present(
            (
                _brand(material),
                _facts(material),
                None if _has_audience_chapter(material) else _reader(material),
            )
        ),
    )


def _situation_in_short(material: Material) -> str:
    facts, say = material.document.market.facts, material.say
    sourced = sum(one.source is not None for one in facts)
    if facts and not sourced:
        return say.plural(
            "{number} market fact is still to be sourced.",
            "{number} market facts are still to be sourced.",
            len(facts),
        )
    if sourced < len(facts):
        return say.plural(
            "{sourced} of {number} market fact has a source; the other is asked for.",
            "{sourced} of {number} market facts have a source; the others are asked for.",
            len(facts),
            sourced=say.number(sourced),
        )
    if facts:
        return say.plural(
            "The plan rests on {number} market fact, with its source.",
            "The plan rests on {number} market facts, each with its source.",
            len(facts),
        )
    brand = material.document.brand
    offer = f"{brand.name}: {brand.offer}"
    return say.sentence(offer if is_short(offer) else f"{brand.name}: {brand.industry}")


def _brand(material: Material) -> Section | None:
    brand, say = material.document.brand, material.say
    card = Card(
        title=brand.name,
        label=brand.industry,
        text=brand.offer,
        details=details(
            (say.text("Where"), brand.location), (say.text("Voice"), say.listing(brand.voice))
        ),
    )
    return section(
        say.text("The brand"),
        Paragraph(brand.position) if brand.position else None,
        cards([card]),
    )


def _facts(material: Material) -> Section | None:
    facts, say = material.document.market.facts, material.say
    rows = [
        (
            one.fact,
            None if one.value is None else say.measure(one.value, one.unit or ""),
            one.source or say.text("source to be confirmed"),
        )
        for one in facts
    ]
    columns = (say.text("Fact"), say.text("Figure"), say.text("Source"))
    return section(
        say.text("What we know of the market"),
        table(_facts_in_short(material), columns, rows, numeric=columns[1:2]),
    )


def _facts_in_short(material: Material) -> str:
    facts, say = material.document.market.facts, material.say
    unsourced = sum(one.source is None for one in facts)
    if not unsourced:
        return say.plural(
            "{number} market fact, with its source",
            "{number} market facts, each with its source",
            len(facts),
        )
    return say.plural(
        "{facts}; {number} still to be sourced",
        "{facts}; {number} still to be sourced",
        unsourced,
        facts=say.plural("{number} market fact", "{number} market facts", len(facts)),
    )


def _has_audience_chapter(material: Material) -> bool:
    document, market = material.document, material.document.market
    return bool(market.needs or market.barriers or document.personas or document.segments)


def audience(material: Material) -> Chapter | None:
    if not _has_audience_chapter(material):
        return None
    market, say = material.document.market, material.say
    personas = material.document.personas
    barriers = say.text("What holds them back")
    return Chapter(
        key="audience",
        title=say.text("Audience and personas") if personas else say.text("Audience"),
        conclusion=_audience_in_short(material),
        sections=present(
            (
                _reader(material),
                section(say.text("What they need"), _points(market.needs)),
                section(barriers, _points(market.barriers)),
                section(say.text("Personas"), cards(_persona(one, material) for one in personas)),
                _segments(material),
            )
        ),
    )


def _reader(material: Material) -> Section | None:
    market, say = material.document.market, material.say
    also = say.text("Also: {audience}", audience=market.secondary) if market.secondary else None
    return section(
        say.text("Who the plan is for"),
        Paragraph(market.primary, lead=True),
        Paragraph(also) if also else None,
    )


def _points(points: tuple[str, ...]) -> Bullets | None:
    return Bullets(points) if points else None


def _audience_in_short(material: Material) -> str:
    primary, say = material.document.market.primary, material.say
    if is_short(primary):
        return say.text("The primary audience: {audience}", audience=say.sentence(primary))
    if personas := len(material.document.personas):
        return say.plural(
            "The plan has one primary audience, drawn as {number} persona.",
            "The plan has one primary audience, drawn as {number} personas.",
            personas,
        )
    return say.text("The plan has one primary audience.")


def _persona(persona: Persona, material: Material) -> Card:
    say = material.say
    return Card(
        title=persona.name,
        label=persona.role,
        details=details(
            (say.text("Wants"), persona.wants),
            (say.text("Objection"), persona.objection),
            (say.text("Reached on"), say.channels(persona.channels)),
        ),
    )


def _segments(material: Material) -> Section | None:
    segments, say = material.document.segments, material.say
    rows = [(one.name, one.rule, one.aim) for one in segments]
    caption = say.plural(
        "{number} segment of contacts, addressed in its own way",
        "{number} segments of contacts, each addressed in its own way",
        len(segments),
    )
    columns = (say.text("Segment"), say.text("Who belongs to it"), say.text("Aim"))
    return section(say.text("Segments"), table(caption, columns, rows))
