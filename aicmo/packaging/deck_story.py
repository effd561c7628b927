"""What a deck tells of an outline: its story, with the full texts left to the strategy document.

Nothing is left out in silence: what a slide doesn't have is counted on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from aicmo.packaging.deck_blocks import POINT_MARK
from aicmo.packaging.deck_text import lines_of
from aicmo.packaging.outline import (
    Block,
    Callout,
    Cards,
    Chapter,
    MonthGrid,
    Outline,
    Paragraph,
    Section,
    Table,
    TargetChart,
    texts,
)
from aicmo.packaging.translation import Translation, translation

_WHOLE = 33  # rows: three slides
_BEGINNING = 11
_WHOLE_CARDS, _FIRST_CARDS = 12, 6
_PIECES = 4
_ALWAYS_WHOLE = "calendar"


def story(outline: Outline) -> Outline:
    """The outline with its chapters as the deck tells them."""
    say = translation(outline.language)
    return replace(outline, chapters=tuple(_chapter(one, say) for one in outline.chapters))


def _chapter(chapter: Chapter, say: Translation) -> Chapter:
    match chapter.key:
        case "content":
            return replace(chapter, sections=_pieces(chapter.sections, say))
        case "appendix":
            return replace(chapter, sections=_last_section(chapter.sections, say))
        case _:
            whole = chapter.key == _ALWAYS_WHOLE
            sections = (_section(one, say, whole=whole) for one in chapter.sections)
            return replace(chapter, sections=tuple(sections))


def _pieces(sections: tuple[Section, ...], say: Translation) -> tuple[Section, ...]:
    """The first pieces, each of another channel as far as there are any."""
    cards = [
        card for one in sections for block in one.blocks if isinstance(block, Cards)
        for card in block.cards
    ]  # fmt: skip
    if len(cards) <= _PIECES:
        return sections
    first = {card.label.split(" · ")[0]: card for card in reversed(cards)}
    chosen = sorted(first.values(), key=cards.index)[:_PIECES]
    chosen += [card for card in cards if card not in chosen][: _PIECES - len(chosen)]
    note = say.plural(
        "{number} piece in all: each one is whole in the strategy document.",
        "{number} pieces in all: each one is whole in the strategy document.",
        len(cards),
    )
    blocks = (Cards(tuple(sorted(chosen, key=cards.index))), Paragraph(note))
    return (Section(say.text("A selection"), blocks),)


def _last_section(sections: tuple[Section, ...], say: Translation) -> tuple[Section, ...]:
    *others, last = sections
    if not others:
        return sections
    named = " · ".join(one.heading for one in others)
    note = say.text("Also in the strategy document: {chapters}", chapters=named)
    return (replace(last, blocks=(*last.blocks, Paragraph(note))),)


def _section(section: Section, say: Translation, *, whole: bool) -> Section:
    blocks = (one for block in section.blocks for one in _block(block, say, whole=whole))
    return replace(section, blocks=tuple(blocks))


def _block(block: Block, say: Translation, *, whole: bool) -> Iterator[Block]:
    match block:
        case Table(rows=rows) if len(rows) > _WHOLE and not whole:
            yield replace(block, rows=rows[:_BEGINNING])
            yield Paragraph(_told_of(_BEGINNING, len(rows), say))
        case Cards(cards) if len(cards) > _WHOLE_CARDS:
            yield Cards(cards[:_FIRST_CARDS])
            yield Paragraph(_told_of(_FIRST_CARDS, len(cards), say))
        case _:
            yield block


def _told_of(shown: int, number: int, say: Translation) -> str:
    return say.plural(
        "The first {shown} of {number}; all of them are in the strategy document.",
        "The first {shown} of {number}; all of them are in the strategy document.",
        number,
        shown=shown,
    )


def shown_lines(outline: Outline) -> Iterator[str]:
    """Every line of text that a reader of the deck must find, list marks left out."""
    about = (outline.client, outline.title, outline.subtitle, outline.period, outline.version)
    yield from (*about, outline.confidentiality, outline.prepared_by)
    for chapter in story(outline).chapters:
        for text in (chapter.title, chapter.conclusion, *_said(chapter.sections)):
            for line in lines_of(text):
                found = POINT_MARK.match(line)
                yield found[2] if found else line


def _said(sections: tuple[Section, ...]) -> Iterator[str]:
    for section in sections:
        yield section.heading
        for block in section.blocks:
            match block:
                case MonthGrid(caption, _, weeks):
                    yield from (caption, *texts(tuple(c.entries for week in weeks for c in week)))
                case Callout(title, text):
                    yield from (title, text)
                case TargetChart(caption, goals, source):
                    yield from (caption, source)
                    for goal in goals:
                        yield from (goal.label, goal.shown_baseline, goal.shown_target)
                case _:
                    yield from texts(block)
